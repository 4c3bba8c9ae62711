-- Corrections of verdicts by users, and the log of who changed what.
--
-- Times are microseconds since 1970 in UTC. Both lists only grow.

-- The latest row of a pull request decides: a correction stands until another one or a withdrawal
-- follows. NULL in a column leaves that part of the verdict as it is.
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

-- The corrections that stand, each with the verdict that would hold without it: what signatures and
-- models said last.
CREATE TABLE corrected (
    repo_id       INTEGER NOT NULL,
    number        INTEGER NOT NULL,
    correction_id INTEGER NOT NULL REFERENCES correction (id),
    automatic     TEXT NOT NULL,      -- JSON of `model::Verdict`
    PRIMARY KEY (repo_id, number),
    FOREIGN KEY (repo_id, number) REFERENCES pr (repo_id, number) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- 1 while a correction stands.
ALTER TABLE pr ADD COLUMN corrected INTEGER NOT NULL DEFAULT 0;

CREATE TABLE audit (
    id       INTEGER PRIMARY KEY,
    at       INTEGER NOT NULL,
    who      TEXT NOT NULL,
    action   TEXT NOT NULL,
    subject  TEXT NOT NULL,
    old      TEXT,                    -- JSON
    new      TEXT                     -- JSON
) STRICT;
