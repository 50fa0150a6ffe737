-- What customers asked and the knowledge base could not tell (docs/flywheel.md). state: open, drafted,
-- closed (an article was published), ignored (its draft was refused; it comes back when it has doubled).
CREATE TABLE gap (
	id TEXT PRIMARY KEY,
	lang TEXT NOT NULL,
	question TEXT NOT NULL,
	category TEXT NOT NULL DEFAULT '',
	state TEXT NOT NULL DEFAULT 'open',
	size INTEGER NOT NULL,
	customers INTEGER NOT NULL,
	answers INTEGER NOT NULL,
	cost REAL NOT NULL,
	trend REAL NOT NULL,
	coverage REAL NOT NULL,
	priority REAL NOT NULL,
	first_ms INTEGER NOT NULL,
	last_ms INTEGER NOT NULL,
	decided_size INTEGER NOT NULL DEFAULT 0,
	decided_ms INTEGER NOT NULL DEFAULT 0,
	updated_ms INTEGER NOT NULL
);
CREATE INDEX gap_list ON gap (state, priority);
-- Its questions, without personal data. signals: a set of bits (learn.h).
CREATE TABLE gap_question (
	gap TEXT NOT NULL,
	conversation TEXT NOT NULL,
	seq INTEGER NOT NULL,
	text TEXT NOT NULL,
	signals INTEGER NOT NULL,
	at_ms INTEGER NOT NULL,
	PRIMARY KEY (gap, conversation, seq)
);
CREATE INDEX gap_question_of ON gap_question (conversation, seq);

-- Articles somebody may approve. state: open, blocked (a gate stands against it), approved, rejected.
-- kind: new, edit. gates and evidence: JSON. reason: why it was refused.
CREATE TABLE draft (
	id TEXT PRIMARY KEY,
	gap TEXT NOT NULL,
	lang TEXT NOT NULL,
	kind TEXT NOT NULL,
	state TEXT NOT NULL DEFAULT 'open',
	version INTEGER NOT NULL DEFAULT 1,
	article_id TEXT NOT NULL DEFAULT '',
	base_version INTEGER NOT NULL DEFAULT 0,
	title TEXT NOT NULL,
	body_md TEXT NOT NULL,
	aliases TEXT NOT NULL DEFAULT '',
	category TEXT NOT NULL DEFAULT '',
	agents INTEGER NOT NULL DEFAULT 0,
	priority REAL NOT NULL DEFAULT 0,
	gates TEXT NOT NULL DEFAULT '[]',
	evidence TEXT NOT NULL DEFAULT '[]',
	print INTEGER NOT NULL DEFAULT 0,
	made_ms INTEGER NOT NULL,
	updated_ms INTEGER NOT NULL,
	decided_ms INTEGER,
	by_login TEXT NOT NULL DEFAULT '',
	reason TEXT NOT NULL DEFAULT ''
);
CREATE INDEX draft_gap ON draft (gap);
CREATE INDEX draft_list ON draft (state, priority);

-- Published articles that say different things of one topic; made anew by each run.
CREATE TABLE kb_conflict (
	id TEXT PRIMARY KEY,
	lang TEXT NOT NULL,
	article_id TEXT NOT NULL,
	other_id TEXT NOT NULL,
	kind TEXT NOT NULL,
	value TEXT NOT NULL,
	other_value TEXT NOT NULL,
	sentence TEXT NOT NULL,
	other_sentence TEXT NOT NULL,
	likeness REAL NOT NULL,
	translation INTEGER NOT NULL DEFAULT 0,
	at_ms INTEGER NOT NULL
);
CREATE INDEX kb_conflict_article ON kb_conflict (article_id);

-- Who answers for a topic, and after how many days its articles are looked at again (0 = never).
CREATE TABLE kb_topic (
	category TEXT PRIMARY KEY,
	owner TEXT NOT NULL DEFAULT '',
	review_days INTEGER NOT NULL DEFAULT 0,
	updated_ms INTEGER NOT NULL
);

-- A version that only a share of the conversations sees at first: 1..99; 0 = all.
ALTER TABLE article ADD COLUMN canary INTEGER NOT NULL DEFAULT 0;
ALTER TABLE article_version ADD COLUMN canary INTEGER NOT NULL DEFAULT 0;
-- Who wrote the version that is there now (article_version has had it from the start).
ALTER TABLE article ADD COLUMN updated_by TEXT NOT NULL DEFAULT '';
-- Since when it had its share, and what a judgement made of it: waiting, kept, back.
CREATE TABLE kb_canary (
	id TEXT NOT NULL,
	lang TEXT NOT NULL,
	version INTEGER NOT NULL,
	share INTEGER NOT NULL,
	gap TEXT NOT NULL DEFAULT '',
	state TEXT NOT NULL DEFAULT 'waiting',
	since_ms INTEGER NOT NULL,
	judged_ms INTEGER,
	n INTEGER NOT NULL DEFAULT 0,
	bad INTEGER NOT NULL DEFAULT 0,
	n_before INTEGER NOT NULL DEFAULT 0,
	bad_before INTEGER NOT NULL DEFAULT 0,
	PRIMARY KEY (id, lang, version)
);
CREATE INDEX kb_canary_state ON kb_canary (state);
