-- Measures: the moments and counts that insights are made of, beside the verdict with which they are
-- taken. NULL means not known; all are NULL until `measures_version` says by which definitions they
-- were taken (see the crate `measures`). Detection fills them, also for databases of before.
--
-- Small codes: change_type 0 feature, 1 bugfix, 2 refactor, 3 docs, 4 test, 5 chore, 6 ci,
-- 7 performance, 8 revert; measure_flags bit 0 revert, 1 opened as a draft, 2 merged by its own
-- author, 3 merging left to the host.

ALTER TABLE pr ADD COLUMN measures_version INTEGER;
ALTER TABLE pr ADD COLUMN measure_flags INTEGER;
ALTER TABLE pr ADD COLUMN person_id INTEGER REFERENCES word (id);
ALTER TABLE pr ADD COLUMN author_tools_id INTEGER REFERENCES word (id); -- slugs joined by commas
ALTER TABLE pr ADD COLUMN review_tools_id INTEGER REFERENCES word (id);
ALTER TABLE pr ADD COLUMN ready_at INTEGER;
ALTER TABLE pr ADD COLUMN first_commit_at INTEGER;
ALTER TABLE pr ADD COLUMN human_review_at INTEGER;
ALTER TABLE pr ADD COLUMN human_review_from_open_at INTEGER;
ALTER TABLE pr ADD COLUMN anyone_review_at INTEGER;
ALTER TABLE pr ADD COLUMN bot_review_at INTEGER;
ALTER TABLE pr ADD COLUMN approved_at INTEGER;
ALTER TABLE pr ADD COLUMN draft_seconds INTEGER;
ALTER TABLE pr ADD COLUMN size_lines INTEGER;
ALTER TABLE pr ADD COLUMN measured_files INTEGER;
ALTER TABLE pr ADD COLUMN human_reviews INTEGER;
ALTER TABLE pr ADD COLUMN human_reviewers INTEGER;
ALTER TABLE pr ADD COLUMN review_rounds INTEGER;
ALTER TABLE pr ADD COLUMN change_type INTEGER;
ALTER TABLE pr ADD COLUMN title_code INTEGER;
ALTER TABLE pr ADD COLUMN reverts_number INTEGER;
ALTER TABLE pr ADD COLUMN reverts_title INTEGER;
