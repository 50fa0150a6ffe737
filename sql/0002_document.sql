-- What a company edits as text: kind rules, flow or tool; every version is kept. state: draft (one at most), published (in
-- use, one at most), retired, file (what the company's own folder held when it was first edited). docs/rules.md.
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
