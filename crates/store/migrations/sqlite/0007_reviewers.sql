-- Who reviewed: the logins of the other people who submitted a review, joined by commas in order, for
-- counting the load on reviewers. NULL where there are none or they are not known. Detection fills it,
-- also for databases of before, since the version of the measures rises with it.

ALTER TABLE pr ADD COLUMN reviewers_id INTEGER REFERENCES word (id);
