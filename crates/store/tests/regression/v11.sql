PRAGMA foreign_keys = OFF;
PRAGMA application_id = 1413566020;
PRAGMA user_version = 11;
CREATE TABLE repo (
    id   INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    team_id INTEGER REFERENCES team (id)) STRICT;
CREATE TABLE word (
    id   INTEGER PRIMARY KEY,
    text TEXT NOT NULL UNIQUE
) STRICT;
CREATE TABLE document (
    id      INTEGER PRIMARY KEY,
    repo_id INTEGER NOT NULL,
    number  INTEGER NOT NULL,
    format  INTEGER NOT NULL,     -- 1: zstd-compressed JSON in the import shape
    data    BLOB NOT NULL
) STRICT;
CREATE TABLE pr (
    repo_id        INTEGER NOT NULL REFERENCES repo (id),
    number         INTEGER NOT NULL,
    document_id    INTEGER NOT NULL REFERENCES document (id),
    author_id      INTEGER REFERENCES word (id),
    language_id    INTEGER REFERENCES word (id),
    outcome        INTEGER NOT NULL,
    draft          INTEGER,
    created_at     INTEGER,
    updated_at     INTEGER,
    closed_at      INTEGER,
    merged_at      INTEGER,
    additions      INTEGER,
    deletions      INTEGER,
    changed_files  INTEGER,
    commit_count   INTEGER,
    review_count   INTEGER,
    comment_count  INTEGER,
    empty_body     INTEGER NOT NULL,
    content_hash   BLOB NOT NULL, -- 32 bytes: what verdicts and analyses depend on
    document_hash  BLOB NOT NULL, -- 16 bytes: the whole document
    -- The verdict; all NULL before detection.
    origin         INTEGER,
    ai_authored    INTEGER,
    ai_reviewed    INTEGER,
    plain_bot      INTEGER,
    confidence     REAL,
    catalogue_id   INTEGER REFERENCES word (id),
    detected_hash  BLOB, measures_version INTEGER, measure_flags INTEGER, person_id INTEGER REFERENCES word (id), author_tools_id INTEGER REFERENCES word (id), review_tools_id INTEGER REFERENCES word (id), ready_at INTEGER, first_commit_at INTEGER, human_review_at INTEGER, human_review_from_open_at INTEGER, anyone_review_at INTEGER, bot_review_at INTEGER, approved_at INTEGER, draft_seconds INTEGER, size_lines INTEGER, measured_files INTEGER, human_reviews INTEGER, human_reviewers INTEGER, review_rounds INTEGER, change_type INTEGER, title_code INTEGER, reverts_number INTEGER, reverts_title INTEGER, reviewers_id INTEGER REFERENCES word (id), team_id INTEGER REFERENCES team (id), team_rule INTEGER, signals INTEGER, corrected INTEGER NOT NULL DEFAULT 0,          -- content_hash of the document the verdict was drawn from
    PRIMARY KEY (repo_id, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX pr_by_created ON pr (created_at, repo_id, number);
CREATE TABLE evidence (
    repo_id      INTEGER NOT NULL,
    number       INTEGER NOT NULL,
    ordinal      INTEGER NOT NULL,
    tool         TEXT NOT NULL,
    role         INTEGER NOT NULL,
    signal       INTEGER NOT NULL,
    field        TEXT NOT NULL,
    quote        TEXT NOT NULL,
    rule         TEXT NOT NULL,
    confidence   INTEGER NOT NULL,
    offset_bytes INTEGER NOT NULL,
    PRIMARY KEY (repo_id, number, ordinal),
    FOREIGN KEY (repo_id, number) REFERENCES pr (repo_id, number) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE TABLE verdict_tool (
    repo_id INTEGER NOT NULL,
    number  INTEGER NOT NULL,
    place   INTEGER NOT NULL,
    tool    TEXT NOT NULL,
    PRIMARY KEY (repo_id, number, place, tool),
    FOREIGN KEY (repo_id, number) REFERENCES pr (repo_id, number) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE TABLE verdict_note (
    repo_id INTEGER NOT NULL,
    number  INTEGER NOT NULL,
    ordinal INTEGER NOT NULL,
    note    TEXT NOT NULL,
    PRIMARY KEY (repo_id, number, ordinal),
    FOREIGN KEY (repo_id, number) REFERENCES pr (repo_id, number) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE TABLE analysis_source (
    id             INTEGER PRIMARY KEY,
    origin         INTEGER NOT NULL,
    run_id         TEXT NOT NULL,
    tier           INTEGER NOT NULL,
    provider       TEXT NOT NULL,
    model          TEXT NOT NULL,
    prompt_version TEXT NOT NULL,
    schema_version TEXT NOT NULL,
    UNIQUE (origin, run_id, tier, provider, model, prompt_version, schema_version)
) STRICT;
CREATE TABLE analysis (
    repo_id                  INTEGER NOT NULL,
    number                   INTEGER NOT NULL,
    source_id                INTEGER NOT NULL REFERENCES analysis_source (id),
    attempt                  INTEGER NOT NULL,
    content_hash             BLOB NOT NULL, -- of submit time
    answered_at_microseconds INTEGER NOT NULL,
    input_tokens             INTEGER NOT NULL,
    output_tokens            INTEGER NOT NULL,
    cost_pico_usd            INTEGER NOT NULL,
    finish_reason            TEXT,
    repaired                 TEXT,
    quote_supported          INTEGER,
    PRIMARY KEY (repo_id, number),
    FOREIGN KEY (repo_id, number) REFERENCES pr (repo_id, number) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE TABLE analysis_answer (
    repo_id INTEGER NOT NULL,
    number  INTEGER NOT NULL,
    format  INTEGER NOT NULL,               -- 1: zstd-compressed JSON
    data    BLOB NOT NULL,
    UNIQUE (repo_id, number),
    FOREIGN KEY (repo_id, number) REFERENCES analysis (repo_id, number) ON DELETE CASCADE
) STRICT;
CREATE TABLE meta (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE batch_task (
    id   INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
) STRICT;
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
, in_doubt INTEGER NOT NULL DEFAULT 0) STRICT;
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
    failure_detail        TEXT, standing_tier INTEGER,
    UNIQUE (run_id, seq),
    UNIQUE (run_id, custom_id)
) STRICT;
CREATE INDEX batch_request_by_subject ON batch_request (task_id, subject);
CREATE INDEX batch_request_open ON batch_request (task_id, run_id, seq) WHERE state <= 1;
CREATE INDEX batch_request_failed ON batch_request (run_id, seq) WHERE state >= 3;
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
    recorded_at            INTEGER, doubt_reason TEXT, doubt_score REAL, second_opinion INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (request_id, attempt)
) STRICT, WITHOUT ROWID;
CREATE INDEX batch_attempt_by_shard ON batch_attempt (shard_id, request_id);
CREATE INDEX batch_request_ready
    ON batch_request (run_id, tier, max_completion_tokens, effort, standing_tier, seq)
    WHERE state = 0;
CREATE TABLE batch_ruling (
    id         INTEGER PRIMARY KEY,
    request_id INTEGER NOT NULL REFERENCES batch_request (id) ON DELETE CASCADE,
    decision   TEXT NOT NULL, -- a word of `batch::ledger::Decision`
    note       TEXT,
    ruled_at   INTEGER NOT NULL
) STRICT;
CREATE INDEX batch_ruling_by_request ON batch_ruling (request_id, id);
CREATE INDEX batch_request_kept_back ON batch_request (task_id, run_id, seq) WHERE state IN (4, 6);
CREATE TABLE sync_repo (
    repo_id     INTEGER PRIMARY KEY REFERENCES repo (id),
    node_id     TEXT NOT NULL UNIQUE,
    archived    INTEGER NOT NULL,
    fork        INTEGER NOT NULL,
    private     INTEGER NOT NULL,
    expected    INTEGER NOT NULL,   -- pull requests that the host counts
    last_change INTEGER,            -- of any of its pull requests
    trouble     TEXT,               -- why it cannot be read any more
    watermark   INTEGER,            -- everything that changed up to here is stored
    since       INTEGER,            -- the oldest change asked for
    walk_newest INTEGER,            -- a walk that did not end: where it began ...
    walk_cursor TEXT,               -- ... and goes on
    finished_at INTEGER
, database_id INTEGER) STRICT;
CREATE TABLE sync_pr (
    repo_id           INTEGER NOT NULL,
    number            INTEGER NOT NULL,
    read_at           INTEGER NOT NULL,
    gap               TEXT,         -- what could not be had; NULL when the record is complete
    gone_at           INTEGER,      -- since when the host no longer has it
    expected_commits  INTEGER,
    stored_commits    INTEGER,
    expected_reviews  INTEGER,
    stored_reviews    INTEGER,
    expected_comments INTEGER,
    stored_comments   INTEGER,
    expected_files    INTEGER,
    stored_files      INTEGER,
    PRIMARY KEY (repo_id, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX sync_pr_gap ON sync_pr (repo_id, number) WHERE gap IS NOT NULL OR gone_at IS NOT NULL;
CREATE TABLE team (
    id   INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
) STRICT;
CREATE INDEX pr_by_team ON pr (team_id, created_at, repo_id, number);
CREATE TABLE team_repo (
    team_id INTEGER NOT NULL,
    repo_id INTEGER NOT NULL,
    PRIMARY KEY (team_id, repo_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE discovered (
    repo          TEXT NOT NULL,
    number        INTEGER NOT NULL,
    author        TEXT,
    first_seen_at INTEGER NOT NULL,
    last_seen_at  INTEGER NOT NULL,
    PRIMARY KEY (repo, number)
) STRICT, WITHOUT ROWID;
CREATE TABLE discovered_actor (
    repo   TEXT NOT NULL,
    number INTEGER NOT NULL,
    login  TEXT NOT NULL,
    PRIMARY KEY (repo, number, login)
) STRICT, WITHOUT ROWID;
CREATE INDEX sync_repo_by_database_id ON sync_repo (database_id) WHERE database_id IS NOT NULL;
CREATE TABLE sync_mark (
    repo_id  INTEGER NOT NULL REFERENCES sync_repo (repo_id),
    number   INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    PRIMARY KEY (repo_id, number)
) STRICT, WITHOUT ROWID;
CREATE TABLE webhook_delivery (
    id          INTEGER PRIMARY KEY,
    delivery    TEXT NOT NULL UNIQUE,
    digest      BLOB NOT NULL UNIQUE, -- SHA-256 of the body
    received_at INTEGER NOT NULL
) STRICT;
CREATE INDEX webhook_delivery_by_time ON webhook_delivery (received_at);
CREATE TABLE title (
    id      INTEGER PRIMARY KEY,  -- pr.document_id
    repo_id INTEGER NOT NULL,
    number  INTEGER NOT NULL,
    text    TEXT NOT NULL
) STRICT;
CREATE VIRTUAL TABLE title_word USING fts5 (
    text, content = '', contentless_delete = 1, tokenize = 'unicode61 remove_diacritics 2'
);
CREATE TABLE tool_set (
    word_id INTEGER PRIMARY KEY REFERENCES word (id)
) STRICT;
CREATE TABLE search_column (
    id   INTEGER PRIMARY KEY,     -- column << 32 | chunk
    low  INTEGER,
    high INTEGER,
    data BLOB NOT NULL            -- 32-bit numbers, little-endian; 0xffffffff: not known
) STRICT;
CREATE TABLE search_pending (
    id INTEGER PRIMARY KEY        -- pr.document_id
) STRICT;
CREATE TABLE correction (
    id            INTEGER PRIMARY KEY,
    repo_id       INTEGER NOT NULL,
    number        INTEGER NOT NULL,
    made_at       INTEGER NOT NULL,
    made_by       TEXT NOT NULL,
    note          TEXT NOT NULL,
    is_withdrawal INTEGER NOT NULL,
    correction    TEXT NOT NULL       -- JSON of `model::Correction`
) STRICT;
CREATE INDEX correction_by_pr ON correction (repo_id, number, id);
CREATE TABLE corrected (
    repo_id       INTEGER NOT NULL,
    number        INTEGER NOT NULL,
    correction_id INTEGER NOT NULL REFERENCES correction (id),
    automatic     TEXT NOT NULL,      -- JSON of `model::Verdict`
    PRIMARY KEY (repo_id, number),
    FOREIGN KEY (repo_id, number) REFERENCES pr (repo_id, number) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE TABLE audit (
    id       INTEGER PRIMARY KEY,
    at       INTEGER NOT NULL,
    who      TEXT NOT NULL,
    action   TEXT NOT NULL,
    subject  TEXT NOT NULL,
    old      TEXT,                    -- JSON
    new      TEXT                     -- JSON
) STRICT;
INSERT INTO repo VALUES (1, 'acme/stairs', 1);
INSERT INTO repo VALUES (2, 'zoo/cage', 3);
INSERT INTO word VALUES (1, 'ada');
INSERT INTO word VALUES (2, 'Rust');
INSERT INTO word VALUES (3, 'c1');
INSERT INTO word VALUES (4, 'claude_code');
INSERT INTO word VALUES (5, 'bugbot,coderabbit');
INSERT INTO word VALUES (6, 'grace');
INSERT INTO document VALUES (1, 1, 1, 1, x'28b52ffd64e4038d1100a6dc5526108d5807a63a66828a72617c0b5944a0cdbb3036f6dbe0df00526d61c0b5041005000000870346004b004a00ed74525dedd919f02d5dbba87e95c51653bd66af5ae126b428dc75390781fdfaec5d2bc9db79da6a920bcf9a76ca50ace4d92b7ddb158063b46f9f14a6676f1e49e4edeedd128df62ae7ebe7dc4e94a3a305388ed6309387a3546777609cd6685ac399389a45d32c1a0ee3bcbdf771dccb343a9396bab33bae1346bd5dcf2e5ce14aed3da1a7beb3a6615f27df34e12d0174321852e25270c124b0385aaab05a05b470bc9806124242ec720e522b47e6ed4bd55bfac538a3b38887f60a19ba7c1bb92e74f6fa7689e9e396a933a7bd327c925c2a3a73306477c6049788cb1f1d6dfb045b1e08faadfa16bb575995b9c000a07a29676f77f2493c1ac34c1e2d99d1734a949dac56a42f81694cd32f42553dfb0142038324128138aff09b88b838f06de48d2b1fee67600a55a881a132ce0ccdc40993140a8d0150022164cccc03124073991a644e609061269a8826cc16d7ac19c7c3f70ec8dd9c95f5091290834ceeccc4ed788bcb3ce10d41ef008c7a319c61aad9013983405806f051943c8bd44938486802d5a541f22273ed84584d6d4c3c6632791931c58f330d404aa5604719c3dee8ec2477795755ea3607d568b2d96642150fb10fe0b6c834a431fe4f1e480d081441dd6d6e79db0884f011abaadc1c3264849d0166aa9888012a30fda9b731568a2211ba42e6d8a9e14ff2ce0f74c3407c4c5994706828749e1040a802b114a16d');
INSERT INTO document VALUES (2, 2, 2, 1, x'28b52ffd646d008d0500e2491d1b90256d0300a18a4fd61e93c6a1596bb9246577a5b52cccd77f29010585ab071c15ae8b52ca8337863fcc0c57c2d98b231a9415e7f83b54a2457746e8d39178ce5846b8af5dcf0ea667627523d7f6d02c7699c0a531b18b8f8b7611cad004a0586fd252263e61679039e0e234ae26884b151f324117003e1bb2f804a11683b2019422b394a80a0d389949785245ae0a0838041087e6418c3a08e8a366393f292115480c290e4c0aaa5c4e6bea015742188e');
INSERT INTO pr VALUES (1, 1, 1, 1, 2, 2, 0, 1700003600, 1700012600, 1700011600, 1700011600, 30, 4, 2, 1, 1, 1, 0, x'2fd6818f7d0e416786aa5c8eb05757298f1de930f9d61b2e33a101388821e76a', x'd2152d2388e3aba0b9add80afb56edaa', 1, 1, 1, 0, 0.99, 3, x'2fd6818f7d0e416786aa5c8eb05757298f1de930f9d61b2e33a101388821e76a', 2, 0, 1, 4, 5, 1700003600, 1700003540, 1700009600, 1700009600, 1700010600, NULL, 1700010600, 0, 34, 2, 1, 1, 1, NULL, 1833833985, NULL, NULL, 6, 1, NULL, 256, 0);
INSERT INTO pr VALUES (2, 2, 2, NULL, NULL, 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 1, x'43a6e719c2a8045226a721ce69cef19c98a0f3cc717e97760ff678f8336ff804', x'43a6e719c2a8045226a721ce69cef19c', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 3, 0, NULL, 0);
INSERT INTO evidence VALUES (1, 1, 0, 'coderabbit', 2, 8, 'reviews[0].author', 'coderabbitai[bot]', 'coderabbit-reviewer', 2, 3);
INSERT INTO verdict_tool VALUES (1, 1, 0, 'claude_code');
INSERT INTO verdict_tool VALUES (1, 1, 1, 'bugbot');
INSERT INTO verdict_tool VALUES (1, 1, 1, 'coderabbit');
INSERT INTO verdict_note VALUES (1, 1, 0, 'the model names another tool');
INSERT INTO analysis_source VALUES (1, 1, '7', 1, 'groq', 'openai/gpt-oss-20b', 'p1', 's1');
INSERT INTO analysis VALUES (1, 1, 1, 1, x'2fd6818f7d0e416786aa5c8eb05757298f1de930f9d61b2e33a101388821e76a', 1750000000123456, 2560, 840, 222000000, 'stop', NULL, 1);
INSERT INTO analysis_answer VALUES (1, 1, 1, x'28b52ffd6482002d08003692341e70376d030885618bacfe6e7bdaf6b6dda57912a1210268575fbcd9ff1f4a2a002d002a0000c611314c8930453f85635274606ab7d00b8cf352ed9f1bc7a5fb836ddb78c2e664be83f30be3795f0497248d7f96c213c3033a835c3560df6155c1e416696e8b866b06764b21ec9fe52b6fcd19d5a9b4b6839f00014287ea67396eeb43e4c611a1e89f1378f39a0daa36da673825a6d9885cc4987e8eab894160b319e86cc506cb523881b7a932aab461a93a159390a0952199e5c204aee3c0b93f5feb1256c43f5774a15ce4503013b8bd0212004a88f0996b185501eb954ee484ca344d14be7e0ca7bedd262c9b14370b1672ec246804c2e663dc00005e5baa4d326e8520dd');
INSERT INTO meta VALUES ('changes', '5');
INSERT INTO meta VALUES ('greeting', 'good day');
INSERT INTO meta VALUES ('team_mapping', '{"version":1,"rules":[{"team":"keepers","by":"repository","pattern":"zoo/cage"}]}');
INSERT INTO batch_task VALUES (1, 'analysis');
INSERT INTO batch_task VALUES (2, 'doubts');
INSERT INTO batch_run VALUES (1, 1, 'p1', 's1', 1, '{"task":{"name":"analysis","system":"Say what it is.","schema":{"name":"answer","schema":{"type":"object"}},"prompt_version":"p1","schema_version":"s1","expected_output_tokens":800},"tiers":[{"provider":"groq","model":"openai/gpt-oss-20b","max_completion_tokens":4096,"max_output_tokens":65536,"reasoning_effort":"low","response":"strict_schema","completion_window":"24h","price":{"batch":{"input":2,"output":3},"sync":{"input":4,"output":6}}}],"budget":7000000}', 'stopped', NULL, 100000000, NULL, NULL, NULL, 3, 1, 1, 1, 0, 70, 0, 0);
INSERT INTO batch_run VALUES (2, 2, 'p1', 's1', 1, '{"task":{"name":"doubts","system":"Say what it is.","schema":{"name":"answer","schema":{"type":"object"}},"prompt_version":"p1","schema_version":"s1","expected_output_tokens":800},"tiers":[{"provider":"groq","model":"openai/gpt-oss-20b","max_completion_tokens":4096,"max_output_tokens":65536,"reasoning_effort":"low","response":"strict_schema","completion_window":"24h","price":{"batch":{"input":2,"output":3},"sync":{"input":4,"output":6}}},{"provider":"groq","model":"openai/gpt-oss-20b","max_completion_tokens":4096,"max_output_tokens":65536,"reasoning_effort":"low","response":"strict_schema","completion_window":"24h","price":{"batch":{"input":2,"output":3},"sync":{"input":4,"output":6}}}],"budget":7000000,"doubt":{"expected_share":0.25,"rules":{"above":0.5}}}', 'stopped', NULL, 200000000, NULL, NULL, NULL, 1, 1, 0, 0, 0, 35, 0, 1);
INSERT INTO batch_request VALUES (1, 1, 1, 1, 'id-1', 'acme/stairs#1', 'acme', 'cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd', 40, 10, 0, 0, 1, 1, 4096, 1, 2, NULL, NULL, NULL);
INSERT INTO batch_request VALUES (2, 1, 2, 1, 'id-2', 'acme/stairs#2', 'acme', 'cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd', 40, 10, 0, 0, 1, 1, 4096, 1, 6, 'refusal', 'no', NULL);
INSERT INTO batch_request VALUES (3, 1, 3, 1, 'id-3', 'acme/stairs#3', 'acme', 'cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd', 40, 10, 0, 0, 0, 1, 4096, 1, 0, NULL, NULL, NULL);
INSERT INTO batch_request VALUES (4, 2, 1, 2, 'id-9', 'acme/stairs#9', 'acme', 'cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd', 40, 10, 0, 0, 1, 2, 4096, 1, 0, NULL, NULL, 1);
INSERT INTO batch_payload VALUES (2, '[{"role":"user","content":"question 2"}]');
INSERT INTO batch_payload VALUES (3, '[{"role":"user","content":"question 3"}]');
INSERT INTO batch_payload VALUES (4, '[{"role":"user","content":"question 9"}]');
INSERT INTO batch_shard VALUES (1, 1, 1, 4096, 1, 'groq', 'openai/gpt-oss-20b', 'token', 'collected', 2, 500, 20, 5000, 2, 3, 4, 6, 'file', 'abababababababababababababababababababababababababababababababab', 'batch', 'completed', 'out', NULL, '[{"code":"bad","message":null,"line":2}]', NULL, 101000000, 102000000, 103000000, 104000000, 106000000, 0, '{"missing":0,"duplicates":0,"foreign":1,"unreadable":0,"named":["foreign:x"],"extra_usage":{"input_tokens":0,"output_tokens":0},"extra_cost":0}');
INSERT INTO batch_shard VALUES (2, 2, 1, 4096, 1, 'groq', 'openai/gpt-oss-20b', 'doubted', 'planned', 1, 250, 10, 2500, 2, 3, 4, 6, NULL, NULL, NULL, NULL, NULL, NULL, '[]', NULL, 201000000, NULL, NULL, NULL, NULL, 0, '{"missing":0,"duplicates":0,"foreign":0,"unreadable":0,"named":[],"extra_usage":{"input_tokens":0,"output_tokens":0},"extra_cost":0}');
INSERT INTO batch_attempt VALUES (1, 1, 1, 1, 0, 1, NULL, NULL, 'stripped fences', 'stop', 10, 5, 35, 0, 700, 105000000, NULL, NULL, 0);
INSERT INTO batch_attempt VALUES (2, 1, 1, 1, 0, 2, 'refusal', 'no', NULL, 'stop', 10, 5, 35, 0, 700, 105000000, NULL, NULL, 0);
INSERT INTO batch_attempt VALUES (4, 1, 2, 1, 0, 1, NULL, NULL, NULL, 'stop', NULL, NULL, 35, 0, NULL, 202000000, 'confidence', 0.5, 0);
INSERT INTO batch_ruling VALUES (1, 2, 'drop', 'generated', 110000000);
INSERT INTO sync_repo VALUES (1, 'R_stairs', 0, 1, 1, 3, 300, NULL, 250, 200, 300, 'next', 260, 4711);
INSERT INTO sync_pr VALUES (1, 1, 1795675505, 'fewer files than GitHub counts', 1795675505, NULL, 1, NULL, 1, NULL, 1, NULL, 1);
INSERT INTO sync_pr VALUES (1, 3, 1795675505, 'status 502', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO team VALUES (1, 'acme');
INSERT INTO team VALUES (3, 'keepers');
INSERT INTO team_repo VALUES (1, 1);
INSERT INTO team_repo VALUES (3, 2);
INSERT INTO sync_mark VALUES (1, 0, 2);
INSERT INTO sync_mark VALUES (1, 3, 1);
INSERT INTO webhook_delivery VALUES (1, 'd-1', x'0707070707070707070707070707070707070707070707070707070707070707', 1795675505);
INSERT INTO title VALUES (1, 1, 1, 'Add step 1');
INSERT INTO title VALUES (2, 2, 2, '');
INSERT INTO tool_set VALUES (4);
INSERT INTO tool_set VALUES (5);
INSERT INTO search_pending VALUES (1);
INSERT INTO search_pending VALUES (2);
INSERT INTO title_word (rowid, text) SELECT id, text FROM title;
CREATE TRIGGER pr_search_insert AFTER INSERT ON pr BEGIN
    INSERT OR IGNORE INTO search_pending (id) VALUES (new.document_id);
END;
CREATE TRIGGER pr_search_update AFTER UPDATE OF
    outcome, created_at, merged_at, closed_at, author_id, origin, ai_reviewed, plain_bot, confidence,
    signals, ready_at, human_review_at, human_reviews, size_lines, author_tools_id, review_tools_id,
    team_id
ON pr BEGIN
    INSERT OR IGNORE INTO search_pending (id) VALUES (new.document_id);
END;
