-- How far the sync with a GitHub came, and what it knows of completeness.
--
-- A repository is known by the host's id, which survives renames and transfers; its name stands in
-- `repo`. Times are seconds since 1970 in UTC. NULL means not known.

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
) STRICT;

-- What the host counts of a pull request beside what was read of it.
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
