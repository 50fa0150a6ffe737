-- What tools did, what is still to be sent to other systems, and what waits for a person.

-- One row for each effect: its key again gives the same result again.
CREATE TABLE tool_call (
	k TEXT PRIMARY KEY,
	name TEXT NOT NULL,
	args_print INTEGER NOT NULL,
	conversation TEXT NOT NULL DEFAULT '',
	customer TEXT NOT NULL DEFAULT '',
	outcome TEXT NOT NULL,
	result TEXT NOT NULL,
	at_ms INTEGER NOT NULL
);
CREATE INDEX tool_call_customer ON tool_call (customer, at_ms);

-- Messages that go out after the commit, and calls of other systems (kind 'remote'). pos is given by
-- the one that writes; messages of one lane go in its order. body is emptied when it has gone out.
CREATE TABLE tool_outbox (
	pos INTEGER PRIMARY KEY,
	id TEXT NOT NULL,
	k TEXT NOT NULL,
	lane TEXT NOT NULL,
	kind TEXT NOT NULL,
	body TEXT NOT NULL,
	customer TEXT NOT NULL DEFAULT '',
	state TEXT NOT NULL DEFAULT 'waiting',
	tries INTEGER NOT NULL DEFAULT 0,
	next_ms INTEGER NOT NULL DEFAULT 0,
	made_ms INTEGER NOT NULL,
	done_ms INTEGER,
	why TEXT NOT NULL DEFAULT ''
);
CREATE UNIQUE INDEX tool_outbox_id ON tool_outbox (id);
CREATE INDEX tool_outbox_waiting ON tool_outbox (lane, pos) WHERE state = 'waiting';
CREATE INDEX tool_outbox_customer ON tool_outbox (customer);

-- What is beyond the authority of whoever asked: request is the call as it would be made.
CREATE TABLE tool_approval (
	id TEXT PRIMARY KEY,
	state TEXT NOT NULL DEFAULT 'waiting',
	name TEXT NOT NULL,
	what TEXT NOT NULL,
	amount REAL NOT NULL DEFAULT 0,
	k TEXT NOT NULL,
	request TEXT NOT NULL,
	customer TEXT NOT NULL DEFAULT '',
	conversation TEXT NOT NULL DEFAULT '',
	actor TEXT NOT NULL DEFAULT '',
	made_ms INTEGER NOT NULL,
	decided_ms INTEGER,
	by_login TEXT NOT NULL DEFAULT '',
	note TEXT NOT NULL DEFAULT ''
);
CREATE INDEX tool_approval_state ON tool_approval (state, made_ms);
CREATE INDEX tool_approval_customer ON tool_approval (customer);
