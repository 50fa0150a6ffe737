-- Test sets: the number of the next question is kept, so that none is given twice, whatever runs are forgotten.
-- kb_set_run.state may be gone, too: its answers go bit by bit, then the row.
ALTER TABLE kb_set ADD COLUMN next_n INTEGER NOT NULL DEFAULT 1;
UPDATE kb_set SET next_n = 1 + max(
	coalesce((SELECT max(q.n) FROM kb_set_question q WHERE q.kb_set = kb_set.id), 0),
	coalesce((SELECT max(a.n) FROM kb_set_answer a JOIN kb_set_run r ON r.id = a.run WHERE r.kb_set = kb_set.id), 0));
