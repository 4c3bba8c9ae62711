"""Drives an emulator with the official Python SDKs, unchanged, and reports what it saw.

Usage: drive.py (groq | openai) BASE_ADDRESS KEY

BASE_ADDRESS is scheme, host and port alone. One JSON document goes to stdout; anything unexpected
ends the program with a traceback.
"""

import io
import json
import sys
import time
import urllib.request

SMALL = "openai/gpt-oss-20b"
LARGE = "openai/gpt-oss-120b"
SCHEMA = {
    "type": "object",
    "properties": {
        "is_assisted": {"type": "boolean"},
        "tools": {"type": "array", "items": {"type": "string"}},
    },
    "required": ["is_assisted", "tools"],
    "additionalProperties": False,
}


def response_format(schema):
    return {
        "type": "json_schema",
        "json_schema": {"name": "answer", "strict": True, "schema": schema},
    }


def request_line(custom_id, model, method="POST"):
    body = {
        "model": model,
        "messages": [{"role": "user", "content": f"Question {custom_id}?"}],
        "max_completion_tokens": 2000,
        "response_format": response_format(SCHEMA),
    }
    line = {"custom_id": custom_id, "method": method, "url": "/v1/chat/completions", "body": body}
    return json.dumps(line) + "\n"


def wait(client, batch_id, seconds=60):
    """Polls until the batch has ended; returns it and every status seen."""
    seen = []
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        batch = client.batches.retrieve(batch_id)
        if not seen or seen[-1] != batch.status:
            seen.append(batch.status)
        if batch.status in ("completed", "failed", "expired", "cancelled"):
            return batch, seen
        time.sleep(0.02)
    raise TimeoutError(f"{batch_id} is still {seen[-1]}")


def lines(client, file_id):
    content = client.files.content(file_id)
    text = content.text() if callable(content.text) else content.text
    return [json.loads(line) for line in text.splitlines()]


def raised(call):
    """Returns the name, status and error code of what a call raises."""
    try:
        call()
    except Exception as error:  # noqa: BLE001 - the kind is what is reported
        body = getattr(error, "body", None) or {}
        body = body.get("error", body) if isinstance(body, dict) else {}
        return [type(error).__name__, getattr(error, "status_code", None), body.get("code")]
    return ["nothing", None, None]


def main():
    sdk_name, address, key = sys.argv[1:4]
    # Only the named SDK is imported, so that neither hides a fault of the other.
    if sdk_name == "groq":
        import groq as sdk

        def connect(with_key):
            return sdk.Groq(api_key=with_key, base_url=address, max_retries=0, timeout=30)
    else:
        import openai as sdk

        def connect(with_key):
            return sdk.OpenAI(
                api_key=with_key, base_url=f"{address}/openai/v1", max_retries=0, timeout=30
            )

    client = connect(key)
    seen = {"sdk": f"{sdk_name} {sdk.__version__}"}

    # Upload, create, poll.
    content = "".join(request_line(f"pr-{number}", SMALL) for number in range(25))
    content += request_line("bad", SMALL, method="GET")
    uploaded = client.files.create(
        file=("questions.jsonl", io.BytesIO(content.encode())), purpose="batch"
    )
    seen["uploaded"] = [uploaded.object, uploaded.purpose, uploaded.bytes == len(content)]
    created = client.batches.create(
        input_file_id=uploaded.id,
        endpoint="/v1/chat/completions",
        completion_window="24h",
        metadata={"token": "t1"},
    )
    seen["created"] = [created.object, created.status, dict(created.metadata)]
    batch, statuses = wait(client, created.id)
    seen["statuses"] = statuses
    seen["counts"] = [
        batch.request_counts.total, batch.request_counts.completed, batch.request_counts.failed,
    ]
    errors = batch.errors
    first = errors[0] if isinstance(errors, list) else errors.data[0]
    first = first if isinstance(first, dict) else first.model_dump()
    seen["line_error"] = [first["code"], first["line"]]

    # Both result files.
    answers = lines(client, batch.output_file_id)
    documents = [
        json.loads(line["response"]["body"]["choices"][0]["message"]["content"]) for line in answers
    ]
    seen["answers"] = len(answers)
    seen["answers_valid"] = all(
        set(document) == {"is_assisted", "tools"} and isinstance(document["is_assisted"], bool)
        for document in documents
    )
    failures = lines(client, batch.error_file_id)
    seen["failures"] = [
        [line["response"]["status_code"], line["response"]["body"]["error"]["code"]]
        for line in failures
    ]
    ids = {line["custom_id"] for line in answers + failures}
    seen["all_ids"] = ids == {f"pr-{number}" for number in range(25)}

    # Cancel in time.
    second = client.batches.create(
        input_file_id=uploaded.id, endpoint="/v1/chat/completions", completion_window="24h"
    )
    seen["cancelling"] = client.batches.cancel(second.id).status
    seen["cancelled"] = wait(client, second.id)[0].status

    # Lists; many batches at once have no method in the SDKs.
    seen["listed"] = [item.id for item in client.batches.list().data] == [second.id, batch.id]
    query = f"{address}/openai/v1/batches?id={second.id}&id={batch.id}"
    request = urllib.request.Request(query, headers={"Authorization": f"Bearer {key}"})
    with urllib.request.urlopen(request, timeout=30) as response:
        many = json.load(response)["data"]
        seen["many"] = [item["id"] for item in many] == [second.id, batch.id]
        seen["marked"] = response.headers.get("x-tandem-emulator") is not None
    file_ids = [item.id for item in client.files.list().data]
    seen["files"] = {uploaded.id, batch.output_file_id, batch.error_file_id} <= set(file_ids)
    info = client.files.info if sdk_name == "groq" else client.files.retrieve
    seen["file"] = info(batch.output_file_id).purpose

    # Models and chat.
    seen["models"] = [model.id for model in client.models.list().data]
    seen["model_owner"] = client.models.retrieve(SMALL).owned_by

    def chat(**changes):
        arguments = {
            "model": LARGE,
            "messages": [{"role": "user", "content": "Is it?"}],
            "response_format": response_format(SCHEMA),
            "reasoning_effort": "low",
            **changes,
        }
        return client.chat.completions.create(**arguments)

    answer = chat()
    document = json.loads(answer.choices[0].message.content)
    seen["chat"] = [answer.object, answer.choices[0].finish_reason, sorted(document)]
    seen["chat_usage"] = answer.usage.total_tokens == (
        answer.usage.prompt_tokens + answer.usage.completion_tokens
    )
    seen["fingerprint"] = answer.system_fingerprint

    # Errors are the SDK's own.
    open_schema = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}
    seen["raised"] = {
        "wrong_key": raised(lambda: connect("wrong").models.list()),
        "bad_schema": raised(lambda: chat(response_format=response_format(open_schema))),
        "retired_model": raised(lambda: chat(model="llama-3.3-70b-versatile")),
        "no_file": raised(lambda: client.files.content("file_none")),
        "no_batch": raised(lambda: client.batches.retrieve("batch_none")),
        "bad_window": raised(
            lambda: client.batches.create(
                input_file_id=uploaded.id, endpoint="/v1/chat/completions", completion_window="1h"
            )
        ),
        "budget": raised(lambda: chat(max_completion_tokens=1)),
        "cancel_ended": raised(lambda: client.batches.cancel(batch.id)),
    }
    # The emulator's scenario spoils the next calls for files in this order.
    seen["spoiled"] = [raised(lambda: info(uploaded.id)) for _ in range(3)]
    remove = client.files.delete(uploaded.id)
    seen["deleted"] = [remove.id == uploaded.id, remove.deleted]
    # With retries, the SDK waits as told and goes on.
    patient = client.with_options(max_retries=2)
    seen["after_retry"] = len(patient.models.list().data) > 0
    json.dump(seen, sys.stdout)


if __name__ == "__main__":
    main()
