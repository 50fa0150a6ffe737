-- Quality and satisfaction (docs/qa.md). A form's text as it was saved; the highest version is in use,
-- before the company's own files.
CREATE TABLE qa_form (
	id TEXT NOT NULL,
	version INTEGER NOT NULL,
	text TEXT NOT NULL,
	by_whom TEXT NOT NULL,
	at_ms INTEGER NOT NULL,
	PRIMARY KEY (id, version)
);
-- One row a conversation, party (the bot or a login) and form. marks: what rules and models found;
-- final: the marks that count now (a person's, else the same). version goes up with each change.
CREATE TABLE qa_review (
	id TEXT PRIMARY KEY,
	conversation TEXT NOT NULL,
	agent TEXT NOT NULL,
	form TEXT NOT NULL,
	form_version INTEGER NOT NULL,
	state TEXT NOT NULL,
	channel TEXT NOT NULL DEFAULT '',
	language TEXT NOT NULL DEFAULT '',
	auto_score REAL,
	score REAL,
	taboo INTEGER NOT NULL DEFAULT 0,
	passed INTEGER NOT NULL DEFAULT 0,
	marks TEXT NOT NULL DEFAULT '[]',
	risk REAL NOT NULL DEFAULT 0,
	risks TEXT NOT NULL DEFAULT '[]',
	why TEXT NOT NULL DEFAULT '[]',
	reviewer TEXT NOT NULL DEFAULT '',
	first_by TEXT NOT NULL DEFAULT '',
	before_appeal TEXT NOT NULL DEFAULT '',
	ended_ms INTEGER NOT NULL,
	due_ms INTEGER,
	created_ms INTEGER NOT NULL,
	changed_ms INTEGER NOT NULL,
	version INTEGER NOT NULL DEFAULT 1
);
CREATE UNIQUE INDEX qa_review_one ON qa_review (conversation, agent, form);
CREATE INDEX qa_review_state ON qa_review (state, ended_ms, id);
CREATE INDEX qa_review_agent ON qa_review (agent, ended_ms, id);
CREATE INDEX qa_review_ended ON qa_review (ended_ms, id);
CREATE INDEX qa_review_due ON qa_review (due_ms) WHERE due_ms IS NOT NULL;

-- What a person said of a review. round: review, recheck, arbitrate, calibration.
CREATE TABLE qa_mark (
	review TEXT NOT NULL,
	by_whom TEXT NOT NULL,
	round TEXT NOT NULL,
	score REAL,
	items TEXT NOT NULL,
	comment TEXT NOT NULL DEFAULT '',
	at_ms INTEGER NOT NULL,
	PRIMARY KEY (review, by_whom, round)
);
CREATE TABLE qa_event (
	review TEXT NOT NULL,
	n INTEGER NOT NULL,
	at_ms INTEGER NOT NULL,
	by_whom TEXT NOT NULL,
	from_state TEXT NOT NULL DEFAULT '',
	to_state TEXT NOT NULL,
	text TEXT NOT NULL DEFAULT '',
	PRIMARY KEY (review, n)
);

-- A question for the customer's opinion and its answer, one row a conversation and kind.
CREATE TABLE survey (
	conversation TEXT NOT NULL,
	kind TEXT NOT NULL,
	agent TEXT NOT NULL DEFAULT 'bot',
	channel TEXT NOT NULL DEFAULT '',
	language TEXT NOT NULL DEFAULT '',
	asked_ms INTEGER NOT NULL,
	answered_ms INTEGER,
	value INTEGER,
	text TEXT NOT NULL DEFAULT '',
	via TEXT NOT NULL DEFAULT '',
	PRIMARY KEY (conversation, kind)
);
CREATE INDEX survey_asked ON survey (asked_ms, kind);
