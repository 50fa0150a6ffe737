-- Test sets of the knowledge base (docs/kb.md): questions that must find an article, or must not be answered.
CREATE TABLE kb_set (
	id TEXT PRIMARY KEY,
	name TEXT NOT NULL,
	created_ms INTEGER NOT NULL,
	created_by TEXT NOT NULL DEFAULT '',
	updated_ms INTEGER NOT NULL
);
CREATE UNIQUE INDEX kb_set_name ON kb_set (name);
-- article: an article's id or its group; '' = nothing answers it. n is never given twice.
CREATE TABLE kb_set_question (
	kb_set TEXT NOT NULL,
	n INTEGER NOT NULL,
	question TEXT NOT NULL,
	lang TEXT NOT NULL,
	article TEXT NOT NULL DEFAULT '',
	at_ms INTEGER NOT NULL,
	by_login TEXT NOT NULL DEFAULT '',
	PRIMARY KEY (kb_set, n)
);
CREATE UNIQUE INDEX kb_set_question_text ON kb_set_question (kb_set, lang, question);
-- state: waiting, done, failed. draft: asked with this one on top, and against: the run beside it without. print: of the index and the
-- questions. newest_ms: the last change of an article. meaning: with vectors of the questions.
CREATE TABLE kb_set_run (
	id TEXT PRIMARY KEY,
	kb_set TEXT NOT NULL,
	state TEXT NOT NULL DEFAULT 'waiting',
	error TEXT NOT NULL DEFAULT '',
	draft TEXT NOT NULL DEFAULT '',
	draft_version INTEGER NOT NULL DEFAULT 0,
	against TEXT NOT NULL DEFAULT '',
	print INTEGER NOT NULL DEFAULT 0,
	at_ms INTEGER NOT NULL,
	by_login TEXT NOT NULL DEFAULT '',
	articles INTEGER NOT NULL DEFAULT 0,
	newest_ms INTEGER NOT NULL DEFAULT 0,
	meaning INTEGER NOT NULL DEFAULT 0,
	questions INTEGER NOT NULL DEFAULT 0,
	right_n INTEGER NOT NULL DEFAULT 0,
	among_n INTEGER NOT NULL DEFAULT 0,
	declined_n INTEGER NOT NULL DEFAULT 0,
	wrong_n INTEGER NOT NULL DEFAULT 0,
	first_n INTEGER NOT NULL DEFAULT 0,
	five_n INTEGER NOT NULL DEFAULT 0,
	took_ms INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX kb_set_run_of ON kb_set_run (kb_set, id);
CREATE INDEX kb_set_run_state ON kb_set_run (state, id);
-- outcome: right, among (asked back, the right one among those offered), declined, wrong. place: of the right one among five, 0 = not there.
-- found: the first hit.
CREATE TABLE kb_set_answer (
	run TEXT NOT NULL,
	n INTEGER NOT NULL,
	question TEXT NOT NULL,
	lang TEXT NOT NULL,
	article TEXT NOT NULL,
	outcome TEXT NOT NULL,
	place INTEGER NOT NULL,
	found TEXT NOT NULL DEFAULT '',
	title TEXT NOT NULL DEFAULT '',
	version INTEGER NOT NULL DEFAULT 0,
	p REAL NOT NULL DEFAULT 0,
	score REAL NOT NULL DEFAULT 0,
	PRIMARY KEY (run, n)
);
