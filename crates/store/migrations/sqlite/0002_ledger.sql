-- The ledger of the cascade: runs, shards, requests, attempts, tokens and money.
--
-- Money is in pico-dollars (1e-12 USD), so that sums are exact; times are microseconds since 1970 in
-- UTC. Request states: 0 waits for a shard, 1 in a shard, 2 answered, 3 failed, 4 quarantined,
-- 5 freed from quarantine. Attempt states: 0 out, 1 answered, 2 failed. Effort: 0 none, 1 low,
-- 2 medium, 3 high. Words (run and shard states, kinds of failure) are those of the crate `batch`.

CREATE TABLE batch_task (
    id   INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
) STRICT;

-- Counts and money of a run are kept with it: a list of runs reads nothing else.
CREATE TABLE batch_run (
    id                     INTEGER PRIMARY KEY,
    task_id                INTEGER NOT NULL REFERENCES batch_task (id),
    prompt_version         TEXT NOT NULL,
    schema_version         TEXT NOT NULL,
    spec_format            INTEGER NOT NULL, -- 1: the JSON of `batch::RunSpec`
    spec                   TEXT NOT NULL,
    state                  TEXT NOT NULL,
    note                   TEXT,
    started_at             INTEGER NOT NULL,
    ended_at               INTEGER,
    lease_owner            TEXT,
    lease_until            INTEGER,
    requests               INTEGER NOT NULL DEFAULT 0,
    answered               INTEGER NOT NULL DEFAULT 0,
    failed                 INTEGER NOT NULL DEFAULT 0,
    waiting                INTEGER NOT NULL DEFAULT 0,
    in_flight              INTEGER NOT NULL DEFAULT 0,
    cost_pico_usd          INTEGER NOT NULL DEFAULT 0,
    possible_cost_pico_usd INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE batch_request (
    id                    INTEGER PRIMARY KEY, -- within a run in the order of `seq`
    run_id                INTEGER NOT NULL REFERENCES batch_run (id) ON DELETE CASCADE,
    seq                   INTEGER NOT NULL,
    task_id               INTEGER NOT NULL REFERENCES batch_task (id),
    custom_id             TEXT NOT NULL,
    subject               TEXT NOT NULL,
    belongs_to            TEXT NOT NULL,
    content_hash          TEXT NOT NULL,
    payload_bytes         INTEGER NOT NULL,
    prompt_tokens         INTEGER NOT NULL,
    prior_attempts        INTEGER NOT NULL,
    tier_attempts         INTEGER NOT NULL DEFAULT 0,
    attempts              INTEGER NOT NULL DEFAULT 0,
    tier                  INTEGER NOT NULL,
    max_completion_tokens INTEGER NOT NULL,
    effort                INTEGER NOT NULL,
    state                 INTEGER NOT NULL DEFAULT 0,
    failure_kind          TEXT,
    failure_detail        TEXT,
    UNIQUE (run_id, seq),
    UNIQUE (run_id, custom_id)
) STRICT;
-- For claims and for earlier attempts.
CREATE INDEX batch_request_by_subject ON batch_request (task_id, subject);
CREATE INDEX batch_request_ready
    ON batch_request (run_id, tier, max_completion_tokens, effort, seq) WHERE state = 0;
CREATE INDEX batch_request_open ON batch_request (task_id, run_id, seq) WHERE state <= 1;
CREATE INDEX batch_request_quarantined ON batch_request (task_id, run_id, seq) WHERE state = 4;
CREATE INDEX batch_request_failed ON batch_request (run_id, seq) WHERE state >= 3;

-- The messages are apart, so that a change of state does not write them again, and are forgotten
-- when the answer is there.
CREATE TABLE batch_payload (
    request_id INTEGER PRIMARY KEY REFERENCES batch_request (id) ON DELETE CASCADE,
    messages   TEXT NOT NULL
) STRICT;

CREATE TABLE batch_shard (
    id                    INTEGER PRIMARY KEY,
    run_id                INTEGER NOT NULL REFERENCES batch_run (id),
    tier                  INTEGER NOT NULL,
    max_completion_tokens INTEGER NOT NULL,
    effort                INTEGER NOT NULL,
    provider              TEXT NOT NULL,
    model                 TEXT NOT NULL,
    token                 TEXT NOT NULL UNIQUE,
    state                 TEXT NOT NULL,
    requests              INTEGER NOT NULL,
    input_bytes           INTEGER NOT NULL,
    prompt_tokens         INTEGER NOT NULL,
    reserved_pico_usd     INTEGER NOT NULL,
    input_price           INTEGER NOT NULL, -- pico-dollars a token, through the Batch API
    output_price          INTEGER NOT NULL,
    sync_input_price      INTEGER NOT NULL, -- pico-dollars a token, by synchronous calls
    sync_output_price     INTEGER NOT NULL,
    file_id               TEXT,
    input_hash            TEXT,
    batch_id              TEXT,
    remote_status         TEXT,
    output_file_id        TEXT,
    error_file_id         TEXT,
    batch_errors          TEXT NOT NULL,    -- JSON array of `batch::ledger::BatchError`
    note                  TEXT,
    planned_at            INTEGER NOT NULL,
    create_started_at     INTEGER,
    created_at            INTEGER,
    ended_at              INTEGER,
    closed_at             INTEGER,
    files_deleted         INTEGER NOT NULL DEFAULT 0,
    tally                 TEXT NOT NULL     -- JSON of `batch::ledger::ShardTally`
) STRICT;
CREATE INDEX batch_shard_by_run ON batch_shard (run_id, id);
CREATE INDEX batch_shard_unfinished
    ON batch_shard (run_id, id) WHERE NOT (state IN ('collected', 'abandoned') AND files_deleted);

CREATE TABLE batch_attempt (
    request_id             INTEGER NOT NULL REFERENCES batch_request (id) ON DELETE CASCADE,
    attempt                INTEGER NOT NULL,
    shard_id               INTEGER NOT NULL REFERENCES batch_shard (id),
    tier                   INTEGER NOT NULL,
    tier_attempts          INTEGER NOT NULL,
    state                  INTEGER NOT NULL DEFAULT 0,
    failure_kind           TEXT,
    failure_detail         TEXT,
    repair                 TEXT,
    finish_reason          TEXT,
    input_tokens           INTEGER,
    output_tokens          INTEGER,
    cost_pico_usd          INTEGER NOT NULL DEFAULT 0,
    possible_cost_pico_usd INTEGER NOT NULL DEFAULT 0,
    latency_ms             INTEGER,
    recorded_at            INTEGER,
    PRIMARY KEY (request_id, attempt)
) STRICT, WITHOUT ROWID;
CREATE INDEX batch_attempt_by_shard ON batch_attempt (shard_id, request_id);
