-- What a company edits as text (strategy, decision tables, flows, tools): every version is kept.
CREATE TABLE document (
	kind TEXT NOT NULL,
	id TEXT NOT NULL,
	version INTEGER NOT NULL,
	state TEXT NOT NULL,
	text TEXT NOT NULL,
	note TEXT NOT NULL DEFAULT '',
	by_login TEXT NOT NULL DEFAULT '',
	at_ms INTEGER NOT NULL,
	PRIMARY KEY (kind, id, version)
);
