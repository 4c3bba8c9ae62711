-- What webhooks told of, and what is to be read again whatever the watermark says.

-- The host's other id of a repository, a number, which webhooks tell too. NULL before it was told.
ALTER TABLE sync_repo ADD COLUMN database_id INTEGER;
CREATE INDEX sync_repo_by_database_id ON sync_repo (database_id) WHERE database_id IS NOT NULL;

-- Each setting of a mark has a larger sequence than those that are there, so that a sync takes away
-- only the marks it saw. Number 0 marks the repository itself; no pull request has it.
CREATE TABLE sync_mark (
    repo_id  INTEGER NOT NULL REFERENCES sync_repo (repo_id),
    number   INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    PRIMARY KEY (repo_id, number)
) STRICT, WITHOUT ROWID;

-- Deliveries that were taken, the newest some: one that comes again changes nothing. The sender signs
-- the body alone, so a delivery is known by its digest as well as by its id.
CREATE TABLE webhook_delivery (
    id          INTEGER PRIMARY KEY,
    delivery    TEXT NOT NULL UNIQUE,
    digest      BLOB NOT NULL UNIQUE, -- SHA-256 of the body
    received_at INTEGER NOT NULL
) STRICT;
CREATE INDEX webhook_delivery_by_time ON webhook_delivery (received_at);
