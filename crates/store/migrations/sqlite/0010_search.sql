-- Search over pull requests by any combination of filters, in any of the orders.
--
-- What is filtered and sorted by stands in columns of 32-bit numbers, in chunks of 4,096 pull requests
-- in the order in which they came (`pr.document_id`): a search reads some 8 bytes of each pull request
-- and gives exact counts. They are derived from `pr`. What changed since a chunk was written is in
-- `search_pending` and is looked up in `pr` until the chunk is written again, so that a search is never
-- out of date; triggers see to that, whoever changes `pr`.

-- Which kinds of signals the evidence has: bit 1 << signal code; NULL before detection.
ALTER TABLE pr ADD COLUMN signals INTEGER;
UPDATE pr SET signals = (
    SELECT coalesce(sum(DISTINCT 1 << evidence.signal), 0) FROM evidence
    WHERE evidence.repo_id = pr.repo_id AND evidence.number = pr.number
) WHERE origin IS NOT NULL;

-- Titles apart from their documents, cut to 500 characters.
CREATE TABLE title (
    id      INTEGER PRIMARY KEY,  -- pr.document_id
    repo_id INTEGER NOT NULL,
    number  INTEGER NOT NULL,
    text    TEXT NOT NULL
) STRICT;
INSERT INTO title (id, repo_id, number, text)
    SELECT id, repo_id, number, document_title(format, data) FROM document ORDER BY id;

-- Their words; the text itself is not kept twice.
CREATE VIRTUAL TABLE title_word USING fts5 (
    text, content = '', contentless_delete = 1, tokenize = 'unicode61 remove_diacritics 2'
);
INSERT INTO title_word (rowid, text) SELECT id, text FROM title ORDER BY id;

-- The words that stand for several tools together, `claude_code,cursor`, or for one.
CREATE TABLE tool_set (
    word_id INTEGER PRIMARY KEY REFERENCES word (id)
) STRICT;
INSERT INTO tool_set (word_id)
    SELECT author_tools_id FROM pr WHERE author_tools_id IS NOT NULL
    UNION SELECT review_tools_id FROM pr WHERE review_tools_id IS NOT NULL;

-- `low` and `high` are the least and the largest known value of the chunk.
CREATE TABLE search_column (
    id   INTEGER PRIMARY KEY,     -- column << 32 | chunk
    low  INTEGER,
    high INTEGER,
    data BLOB NOT NULL            -- 32-bit numbers, little-endian; 0xffffffff: not known
) STRICT;

CREATE TABLE search_pending (
    id INTEGER PRIMARY KEY        -- pr.document_id
) STRICT;
INSERT INTO search_pending (id) SELECT document_id FROM pr ORDER BY document_id;

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
