-- Pull requests, verdicts and analyses.
--
-- Numbers are apart from text: a scan of `pr` reads some 150 bytes a pull request, while documents
-- and answers, which are zstd-compressed, are only touched when somebody asks for one. Every table
-- that belongs to a pull request is keyed by (repo_id, number), so that an engine that shards by
-- repo_id keeps all of one repository together. Rows lie in that order too (WITHOUT ROWID): pages
-- are read in it, and verdicts written in it touch few pages. Documents are large and lie in the
-- order in which they came; `pr.document_id` finds them.
--
-- Times are seconds since 1970 in UTC, unless the name says otherwise. NULL means not known.
-- Small codes: outcome 0 open, 1 closed, 2 merged; origin 0 agent, 1 assisted, 2 none_detected,
-- 3 unknown; role 0 authored, 1 assisted, 2 reviewed; confidence 0 low, 1 medium, 2 high;
-- place 0 author, 1 review; analysis origin 0 rules, 1 model.

PRAGMA application_id = 0x54414e44; -- "TAND"

-- A team is a named set of repositories: by default the repository's owner.
CREATE TABLE repo (
    id   INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    team TEXT NOT NULL
) STRICT;
CREATE INDEX repo_by_team ON repo (team, name);

-- Words that stand in many rows: logins, languages, catalogue versions.
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
    detected_hash  BLOB,          -- content_hash of the document the verdict was drawn from
    PRIMARY KEY (repo_id, number)
) STRICT, WITHOUT ROWID;
-- For newest first.
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

-- What many analyses have in common.
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

-- At most one analysis a pull request: the one answered last.
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
