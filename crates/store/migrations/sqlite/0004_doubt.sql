-- Doubted answers of the cascade.
--
-- A request whose answer is doubted has `standing_tier`, the tier of that answer, and counts as
-- answered; while it is still asked about (states 0 and 1) it counts in `in_doubt`, not in `waiting`
-- or `in_flight`. A request that ends with a doubted answer keeps `standing_tier` (state 2); an answer
-- that replaces it sets it back to NULL.

ALTER TABLE batch_run ADD COLUMN in_doubt INTEGER NOT NULL DEFAULT 0;
ALTER TABLE batch_request ADD COLUMN standing_tier INTEGER;
-- Why the answer of an attempt is doubted, and how sure it is (0 to 1); NULL where it is not doubted.
ALTER TABLE batch_attempt ADD COLUMN doubt_reason TEXT;
ALTER TABLE batch_attempt ADD COLUMN doubt_score REAL;
-- 1 where the attempt asked about a request with a doubted answer.
ALTER TABLE batch_attempt ADD COLUMN second_opinion INTEGER NOT NULL DEFAULT 0;

-- Requests without an answer (NULL) wait before those with a doubted one.
DROP INDEX batch_request_ready;
CREATE INDEX batch_request_ready
    ON batch_request (run_id, tier, max_completion_tokens, effort, standing_tier, seq)
    WHERE state = 0;
