-- Teams, and pull requests of which only the existence is known.
--
-- A pull request has exactly one team, which is written beside it. Who has it is decided by the team
-- mapping (crate `teams`), kept as JSON in `meta` under `team_mapping`; while `team_mapping_at` is
-- there, pull requests after that place still have their team by an earlier mapping.

CREATE TABLE team (
    id   INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
) STRICT;
INSERT INTO team (name) SELECT DISTINCT team FROM repo ORDER BY team;

-- The team to which the repository itself belongs: its owner, or by a rule without an end.
ALTER TABLE repo ADD COLUMN team_id INTEGER REFERENCES team (id);
UPDATE repo SET team_id = (SELECT id FROM team WHERE name = repo.team);
DROP INDEX repo_by_team;
ALTER TABLE repo DROP COLUMN team;

-- `team_rule` is the place of the rule that decided, from 0; NULL where the repository's team has it.
ALTER TABLE pr ADD COLUMN team_id INTEGER REFERENCES team (id);
ALTER TABLE pr ADD COLUMN team_rule INTEGER;
UPDATE pr SET team_id = (SELECT team_id FROM repo WHERE repo.id = pr.repo_id);
-- For the pull requests of a team, newest first.
CREATE INDEX pr_by_team ON pr (team_id, created_at, repo_id, number);

-- In which repositories a team may have pull requests: all in which it has some, perhaps more.
CREATE TABLE team_repo (
    team_id INTEGER NOT NULL,
    repo_id INTEGER NOT NULL,
    PRIMARY KEY (team_id, repo_id)
) STRICT, WITHOUT ROWID;
INSERT INTO team_repo SELECT DISTINCT team_id, repo_id FROM pr;

-- Pull requests that were seen in a public archive but not read: they count nowhere, and are
-- forgotten when they are read. Times are of the events in which they were seen.
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
