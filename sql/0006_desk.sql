-- Tickets and complaints with their clocks (docs/desk.md). seq is given by the scribe, from 1; what
-- people say is the number, T2026-000123 or C26000123.
CREATE TABLE ticket (
	seq INTEGER PRIMARY KEY,
	number TEXT NOT NULL,
	type TEXT NOT NULL,
	category TEXT NOT NULL DEFAULT '',
	severity TEXT NOT NULL,
	priority INTEGER NOT NULL DEFAULT 3,
	state TEXT NOT NULL,
	live INTEGER NOT NULL DEFAULT 1,
	title TEXT NOT NULL DEFAULT '',
	body TEXT NOT NULL DEFAULT '{}',
	customer TEXT NOT NULL DEFAULT '',
	owner TEXT NOT NULL DEFAULT '',
	language TEXT NOT NULL DEFAULT '',
	channel TEXT NOT NULL DEFAULT '',
	promised_ms INTEGER,
	due_ms INTEGER,
	late INTEGER NOT NULL DEFAULT 0,
	rung INTEGER NOT NULL DEFAULT 0,
	look_ms INTEGER,
	follow_ms INTEGER,
	tries INTEGER NOT NULL DEFAULT 0,
	opened_ms INTEGER NOT NULL,
	changed_ms INTEGER NOT NULL,
	solved_ms INTEGER,
	closed_ms INTEGER,
	closed_by TEXT NOT NULL DEFAULT '',
	idem TEXT,
	version INTEGER NOT NULL DEFAULT 1
);
CREATE UNIQUE INDEX ticket_number ON ticket (number);
CREATE UNIQUE INDEX ticket_idem ON ticket (idem) WHERE idem IS NOT NULL;
-- Lists are found in these alone; the rows of a page are read afterwards.
CREATE INDEX ticket_list ON ticket (seq, live, state, type, severity, owner, customer, category);
CREATE INDEX ticket_live ON ticket (live, seq, state, type, severity, owner, customer, category);
CREATE INDEX ticket_state ON ticket (state, seq, live, type, severity, owner, customer, category);
CREATE INDEX ticket_owner ON ticket (owner, seq, live, state, type, severity, customer, category);
CREATE INDEX ticket_board ON ticket (state, type, owner, severity, late, due_ms, priority);
CREATE INDEX ticket_customer ON ticket (customer, seq);
CREATE INDEX ticket_due ON ticket (due_ms, seq) WHERE due_ms IS NOT NULL;
CREATE INDEX ticket_look ON ticket (look_ms) WHERE look_ms IS NOT NULL;

-- One row a clock and round. running_ms: since when it runs, NULL while it stands; spent_ms is the
-- working time of the runs before.
CREATE TABLE ticket_clock (
	ticket INTEGER NOT NULL,
	kind TEXT NOT NULL,
	round INTEGER NOT NULL,
	calendar TEXT NOT NULL,
	target_ms INTEGER NOT NULL,
	started_ms INTEGER NOT NULL,
	spent_ms INTEGER NOT NULL DEFAULT 0,
	running_ms INTEGER,
	due_ms INTEGER,
	warned_ms INTEGER,
	breached_ms INTEGER,
	ended_ms INTEGER,
	PRIMARY KEY (ticket, kind, round)
);

-- Everything that happened to a ticket, notes too. shown: the customer may read it.
CREATE TABLE ticket_event (
	ticket INTEGER NOT NULL,
	n INTEGER NOT NULL,
	at_ms INTEGER NOT NULL,
	kind TEXT NOT NULL,
	by_whom TEXT NOT NULL,
	shown INTEGER NOT NULL DEFAULT 0,
	text TEXT NOT NULL DEFAULT '',
	body TEXT NOT NULL DEFAULT '{}',
	PRIMARY KEY (ticket, n)
);
CREATE TABLE ticket_link (
	ticket INTEGER NOT NULL,
	kind TEXT NOT NULL,
	ref TEXT NOT NULL,
	at_ms INTEGER NOT NULL,
	by_whom TEXT NOT NULL,
	PRIMARY KEY (ticket, kind, ref)
);
CREATE INDEX ticket_link_ref ON ticket_link (kind, ref);
-- Full text: one row a word of a ticket (docs/desk.md tells what a word is).
CREATE TABLE ticket_word (
	word TEXT NOT NULL,
	ticket INTEGER NOT NULL,
	PRIMARY KEY (word, ticket)
);
CREATE INDEX ticket_word_of ON ticket_word (ticket);
-- The last number given, by kind and year.
CREATE TABLE ticket_count (
	k TEXT PRIMARY KEY,
	n INTEGER NOT NULL
);
