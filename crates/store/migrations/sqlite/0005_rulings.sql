-- Decisions of users about quarantined requests; the list only grows.
--
-- A new request state: 6 dropped by a user, so that its content is never asked again.

CREATE TABLE batch_ruling (
    id         INTEGER PRIMARY KEY,
    request_id INTEGER NOT NULL REFERENCES batch_request (id) ON DELETE CASCADE,
    decision   TEXT NOT NULL, -- a word of `batch::ledger::Decision`
    note       TEXT,
    ruled_at   INTEGER NOT NULL
) STRICT;
CREATE INDEX batch_ruling_by_request ON batch_ruling (request_id, id);

DROP INDEX batch_request_quarantined;
CREATE INDEX batch_request_kept_back ON batch_request (task_id, run_id, seq) WHERE state IN (4, 6);
