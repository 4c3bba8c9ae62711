"""Drives an emulator with Anthropic's official Python SDK, unchanged, and reports what it saw.

Usage: drive_anthropic.py BASE_ADDRESS KEY

BASE_ADDRESS is scheme, host and port alone. One JSON document goes to stdout; anything unexpected
ends the program with a traceback.
"""

import json
import sys
import time

import anthropic

SMALL = "openai/gpt-oss-20b"
LARGE = "openai/gpt-oss-120b"
TOOL = {
    "name": "record",
    "description": "Records the answer.",
    "input_schema": {
        "type": "object",
        "properties": {
            "is_assisted": {"type": "boolean"},
            "tools": {"type": "array", "items": {"type": "string"}},
        },
        "required": ["is_assisted", "tools"],
        "additionalProperties": False,
    },
}


def params(question, **changes):
    return {
        "model": LARGE,
        "max_tokens": 2000,
        "messages": [{"role": "user", "content": question}],
        "tools": [TOOL],
        "tool_choice": {"type": "tool", "name": "record"},
        **changes,
    }


def wait(client, batch_id, seconds=60):
    """Polls until the batch has ended; returns it and every status seen."""
    seen = []
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        batch = client.messages.batches.retrieve(batch_id)
        if not seen or seen[-1] != batch.processing_status:
            seen.append(batch.processing_status)
        if batch.processing_status == "ended":
            return batch, seen
        time.sleep(0.02)
    raise TimeoutError(f"{batch_id} is still {seen[-1]}")


def raised(call):
    """Returns the name, status and type of error of what a call raises."""
    try:
        call()
    except Exception as error:  # noqa: BLE001 - the kind is what is reported
        body = getattr(error, "body", None) or {}
        kind = body.get("error", {}).get("type") if isinstance(body, dict) else None
        return [type(error).__name__, getattr(error, "status_code", None), kind]
    return ["nothing", None, None]


def main():
    address, key = sys.argv[1:3]

    def connect(with_key):
        return anthropic.Anthropic(
            api_key=with_key, base_url=f"{address}/anthropic", max_retries=0, timeout=30
        )

    client = connect(key)
    batches = client.messages.batches
    seen = {"sdk": f"anthropic {anthropic.__version__}"}

    requests = [
        {"custom_id": f"pr-{number}", "params": params(f"Question {number}?")}
        for number in range(25)
    ]
    requests.append({"custom_id": "bad", "params": params("x", model="claude-none")})
    created = batches.create(requests=requests)
    seen["created"] = [
        created.type, created.processing_status, created.request_counts.processing,
    ]
    seen["lifetime_seconds"] = (created.expires_at - created.created_at).total_seconds()
    batch, statuses = wait(client, created.id)
    seen["statuses"] = statuses
    counts = batch.request_counts
    seen["counts"] = [
        counts.processing, counts.succeeded, counts.errored, counts.canceled, counts.expired,
    ]
    seen["results_url"] = batch.results_url == (
        f"{address}/anthropic/v1/messages/batches/{batch.id}/results"
    )
    results = list(batches.results(batch.id))
    seen["all_ids"] = {line.custom_id for line in results} == {
        item["custom_id"] for item in requests
    }
    messages = [line.result.message for line in results if line.result.type == "succeeded"]
    blocks = [block for message in messages for block in message.content]
    seen["answers_valid"] = len(blocks) == 25 and all(
        block.type == "tool_use"
        and block.name == "record"
        and set(block.input) == {"is_assisted", "tools"}
        for block in blocks
    )
    seen["stop_reasons"] = sorted({message.stop_reason for message in messages})
    seen["usage"] = all(
        message.usage.input_tokens > 0 and message.usage.output_tokens > 0 for message in messages
    )
    errored = [line.result for line in results if line.result.type == "errored"]
    seen["errored"] = [result.error.error.type for result in errored]

    # Cancel in time.
    second = batches.create(requests=requests[:2])
    seen["canceling"] = batches.cancel(second.id).processing_status
    ended = wait(client, second.id)[0]
    seen["canceled"] = ended.request_counts.canceled
    seen["canceled_results"] = [line.result.type for line in batches.results(second.id)]

    # Lists, page by page.
    seen["listed"] = [item.id for item in batches.list(limit=1)] == [second.id, batch.id]
    seen["deleted"] = batches.delete(second.id).type
    seen["models"] = [model.id for model in client.models.list(limit=2)]
    seen["model"] = client.models.retrieve(SMALL).type

    # A message.
    message = client.messages.create(**params("Is it?"))
    seen["message"] = [message.type, message.role, message.stop_reason, message.content[0].type]
    seen["request_id"] = message._request_id.startswith("req_")
    seen["raised"] = {
        "wrong_key": raised(lambda: connect("wrong").models.list()),
        "no_batch": raised(lambda: batches.retrieve("msgbatch_none")),
        "bad_id": raised(lambda: batches.create(requests=[{"custom_id": "a b", "params": params("x")}])),
        "twice": raised(lambda: batches.create(requests=requests[:1] * 2)),
        "stream": raised(
            lambda: batches.create(
                requests=[{"custom_id": "a", "params": params("x", stream=True)}]
            )
        ),
        "bad_model": raised(lambda: client.messages.create(**params("x", model="claude-none"))),
        "bad_tool": raised(
            lambda: client.messages.create(
                **params("x", tool_choice={"type": "tool", "name": "none"})
            )
        ),
        "cancel_ended": raised(lambda: batches.cancel(batch.id)),
    }
    # The emulator's scenario spoils the next calls for models in this order.
    seen["spoiled"] = [raised(lambda: client.models.list()) for _ in range(3)]
    json.dump(seen, sys.stdout)


if __name__ == "__main__":
    main()
