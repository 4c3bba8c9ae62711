"""Drives an emulator with Mistral's official Python SDK, unchanged, and reports what it saw.

Usage: drive_mistral.py BASE_ADDRESS KEY

BASE_ADDRESS is scheme, host and port alone. One JSON document goes to stdout; anything unexpected
ends the program with a traceback.
"""

import importlib.metadata
import json
import sys
import time

try:
    from mistralai import Mistral
except ImportError:
    from mistralai.client import Mistral

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
FORMAT = {
    "type": "json_schema",
    "json_schema": {"name": "answer", "strict": True, "schema": SCHEMA},
}
RUNNING = ("QUEUED", "RUNNING", "CANCELLATION_REQUESTED")


def request_line(custom_id, **changes):
    body = {
        "messages": [{"role": "user", "content": f"Question {custom_id}?"}],
        "max_tokens": 2000,
        "response_format": FORMAT,
        **changes,
    }
    return json.dumps({"custom_id": custom_id, "body": body}) + "\n"


def wait(client, job_id, seconds=60):
    """Polls until the job has ended; returns it and every status seen."""
    seen = []
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        job = client.batch.jobs.get(job_id=job_id)
        if not seen or seen[-1] != job.status:
            seen.append(job.status)
        if job.status not in RUNNING:
            return job, seen
        time.sleep(0.02)
    raise TimeoutError(f"{job_id} is still {seen[-1]}")


def lines(client, file_id):
    content = client.files.download(file_id=file_id).read()
    return [json.loads(line) for line in content.decode().splitlines()]


def raised(call):
    """Returns the name and status of what a call raises."""
    try:
        call()
    except Exception as error:  # noqa: BLE001 - the kind is what is reported
        return [type(error).__name__, getattr(error, "status_code", None)]
    return ["nothing", None]


def main():
    address, key = sys.argv[1:3]

    def connect(with_key):
        return Mistral(api_key=with_key, server_url=f"{address}/mistral", timeout_ms=30_000)

    client = connect(key)
    jobs = client.batch.jobs
    seen = {"sdk": f"mistralai {importlib.metadata.version('mistralai')}"}

    content = "".join(request_line(f"pr-{number}") for number in range(25))
    content += request_line("bad", temperature=9)
    uploaded = client.files.upload(
        file={"file_name": "questions.jsonl", "content": content.encode()}, purpose="batch"
    )
    seen["uploaded"] = [
        uploaded.object, uploaded.purpose, uploaded.sample_type, uploaded.num_lines,
        uploaded.size_bytes == len(content),
    ]
    created = jobs.create(
        input_files=[uploaded.id],
        model=LARGE,
        endpoint="/v1/chat/completions",
        metadata={"token": "t1"},
    )
    seen["created"] = [created.object, created.status, created.model, dict(created.metadata)]
    job, statuses = wait(client, created.id)
    seen["statuses"] = statuses
    seen["counts"] = [
        job.total_requests, job.completed_requests, job.succeeded_requests, job.failed_requests,
    ]
    answers = lines(client, job.output_file)
    documents = [
        json.loads(line["response"]["body"]["choices"][0]["message"]["content"]) for line in answers
    ]
    seen["answers_valid"] = len(documents) == 25 and all(
        set(document) == {"is_assisted", "tools"} for document in documents
    )
    seen["errors"] = [
        [line["custom_id"], line["response"]["status_code"]]
        for line in lines(client, job.error_file)
    ]
    seen["file"] = client.files.retrieve(file_id=job.output_file).sample_type

    second = jobs.create(
        input_files=[uploaded.id], model=SMALL, endpoint="/v1/chat/completions", timeout_hours=48
    )
    seen["cancelling"] = jobs.cancel(job_id=second.id).status
    seen["cancelled"] = wait(client, second.id)[0].status
    listed = jobs.list(page=0, page_size=1)
    seen["listed"] = [listed.total, [item.id for item in listed.data] == [second.id]]
    seen["by_status"] = [item.id for item in jobs.list(status=["SUCCESS"]).data] == [job.id]
    seen["files"] = len(client.files.list().data) >= 3
    seen["models"] = len(client.models.list().data)

    answer = client.chat.complete(
        model=LARGE, messages=[{"role": "user", "content": "Is it?"}], response_format=FORMAT
    )
    document = json.loads(answer.choices[0].message.content)
    seen["chat"] = [answer.object, answer.choices[0].finish_reason, sorted(document)]
    seen["usage"] = answer.usage.total_tokens == (
        answer.usage.prompt_tokens + answer.usage.completion_tokens
    )
    seen["raised"] = {
        "wrong_key": raised(lambda: connect("wrong").models.list()),
        "no_job": raised(lambda: jobs.get(job_id="none")),
        "no_file": raised(
            lambda: jobs.create(
                input_files=["none"], model=LARGE, endpoint="/v1/chat/completions"
            )
        ),
        "bad_model": raised(
            lambda: jobs.create(
                input_files=[uploaded.id], model="none", endpoint="/v1/chat/completions"
            )
        ),
        "bad_hours": raised(
            lambda: jobs.create(
                input_files=[uploaded.id],
                model=LARGE,
                endpoint="/v1/chat/completions",
                timeout_hours=500,
            )
        ),
        "cancel_ended": raised(lambda: jobs.cancel(job_id=job.id)),
    }
    removed = client.files.delete(file_id=uploaded.id)
    seen["deleted"] = [removed.id == uploaded.id, removed.deleted]
    json.dump(seen, sys.stdout)


if __name__ == "__main__":
    main()
