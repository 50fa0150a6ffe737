-- Who looked at what and who changed what (docs/access.md): the filters of GET /api/v1/audit. The rows
-- themselves are rows audit.* of the river, under its hash chain; `callm audit verify` compares. pos: of
-- the row audit.look or audit.asked; outcome: the HTTP status, 0 = was never answered; done_pos: of the
-- row audit.done, 0 = none.
CREATE TABLE audit (
	pos INTEGER PRIMARY KEY,
	request TEXT NOT NULL,
	ts_ms INTEGER NOT NULL,
	who TEXT NOT NULL,
	what TEXT NOT NULL,
	subject TEXT NOT NULL DEFAULT '',
	outcome INTEGER NOT NULL DEFAULT 0,
	done_pos INTEGER NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX audit_request ON audit (request);
CREATE INDEX audit_ts ON audit (ts_ms);
CREATE INDEX audit_who ON audit (who, pos);
CREATE INDEX audit_what ON audit (what, pos);
CREATE INDEX audit_subject ON audit (subject, pos) WHERE subject<>'';

-- Where events go (docs/hook.md). events: kinds with * as an ending, divided by blanks. secret: sealed
-- with the folder's key. unmasked: 1 = personal data goes out as it is. pos: the river is handled up to
-- there. failing_ms: since when nothing has arrived; off_why: why the server put it out of use.
CREATE TABLE webhook (
	id TEXT PRIMARY KEY,
	url TEXT NOT NULL,
	events TEXT NOT NULL,
	secret TEXT NOT NULL,
	unmasked INTEGER NOT NULL DEFAULT 0,
	active INTEGER NOT NULL DEFAULT 1,
	note TEXT NOT NULL DEFAULT '',
	version INTEGER NOT NULL DEFAULT 1,
	pos INTEGER NOT NULL,
	failing_ms INTEGER,
	ok_ms INTEGER,
	off_why TEXT NOT NULL DEFAULT '',
	made_by TEXT NOT NULL,
	made_ms INTEGER NOT NULL,
	updated_ms INTEGER NOT NULL
);
-- One row an event and webhook. id: what the receiver sees as webhook-id, the event's own. state:
-- waiting, sent, dead. body: only of those that are no row of the river (tests).
CREATE TABLE webhook_delivery (
	webhook TEXT NOT NULL,
	id TEXT NOT NULL,
	pos INTEGER NOT NULL,
	kind TEXT NOT NULL,
	conversation TEXT NOT NULL DEFAULT '',
	state TEXT NOT NULL DEFAULT 'waiting',
	tries INTEGER NOT NULL DEFAULT 0,
	next_ms INTEGER NOT NULL,
	made_ms INTEGER NOT NULL,
	tried_ms INTEGER,
	took_ms INTEGER NOT NULL DEFAULT 0,
	status INTEGER NOT NULL DEFAULT 0,
	why TEXT NOT NULL DEFAULT '',
	body TEXT NOT NULL DEFAULT '',
	PRIMARY KEY (webhook, id)
);
CREATE INDEX webhook_delivery_list ON webhook_delivery (webhook, pos);
CREATE INDEX webhook_delivery_due ON webhook_delivery (webhook, next_ms, pos) WHERE state='waiting';
CREATE INDEX webhook_delivery_lane ON webhook_delivery (webhook, conversation, pos) WHERE state='waiting';

-- What an ended interaction was, one row each: the body of its row interaction.ended of the river.
CREATE TABLE cdr (
	conversation TEXT PRIMARY KEY,
	ended_ms INTEGER NOT NULL,
	body TEXT NOT NULL
);
CREATE INDEX cdr_ended ON cdr (ended_ms, conversation);
