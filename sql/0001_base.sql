-- The first tables. One text for SQLite and PostgreSQL: INTEGER is 64 bit (the PostgreSQL driver reads
-- it as BIGINT), BLOB as BYTEA, times are milliseconds since 1970 UTC, JSON is TEXT.

-- The river: every fact is one appended row; nothing is updated here. pos is given by the scribe.
CREATE TABLE event (
	pos INTEGER PRIMARY KEY,
	id TEXT NOT NULL,
	ts_ms INTEGER NOT NULL,
	conversation TEXT,
	customer TEXT,
	seq INTEGER NOT NULL DEFAULT 0,
	turn INTEGER NOT NULL DEFAULT 0,
	kind TEXT NOT NULL,
	actor TEXT NOT NULL DEFAULT '',
	body TEXT NOT NULL DEFAULT '{}',
	chain BLOB
);
CREATE UNIQUE INDEX event_conversation ON event (conversation, seq);
CREATE INDEX event_ts ON event (ts_ms);
CREATE INDEX event_customer ON event (customer, ts_ms) WHERE customer IS NOT NULL;

-- The present view of a conversation, one row each, kept beside the river for lists.
CREATE TABLE conversation (
	id TEXT PRIMARY KEY,
	interaction_id TEXT NOT NULL,
	channel TEXT NOT NULL,
	state TEXT NOT NULL DEFAULT 'open',
	language TEXT NOT NULL DEFAULT '',
	customer_id TEXT,
	address_masked TEXT,
	started_ms INTEGER NOT NULL,
	last_ms INTEGER NOT NULL,
	ended_ms INTEGER,
	end_by TEXT,
	turns INTEGER NOT NULL DEFAULT 0,
	last_seq INTEGER NOT NULL DEFAULT 0,
	last_text TEXT NOT NULL DEFAULT '',
	last_actor TEXT NOT NULL DEFAULT '',
	last_action TEXT NOT NULL DEFAULT '',
	emotion TEXT,
	customer_name TEXT,
	recording TEXT,
	token_hash TEXT
);
CREATE INDEX conversation_state ON conversation (state, last_ms);
CREATE INDEX conversation_last ON conversation (last_ms);
CREATE INDEX conversation_customer ON conversation (customer_id, started_ms) WHERE customer_id IS NOT NULL;
CREATE INDEX conversation_interaction ON conversation (interaction_id);

CREATE TABLE users (
	login TEXT PRIMARY KEY,
	name TEXT NOT NULL DEFAULT '',
	role TEXT NOT NULL,
	password_hash TEXT NOT NULL,
	disabled INTEGER NOT NULL DEFAULT 0,
	created_ms INTEGER NOT NULL,
	updated_ms INTEGER NOT NULL
);

CREATE TABLE customer (
	id TEXT PRIMARY KEY,
	name TEXT NOT NULL DEFAULT '',
	language TEXT NOT NULL DEFAULT '',
	tier TEXT NOT NULL DEFAULT '',
	phone_hash TEXT,
	email_hash TEXT,
	body TEXT NOT NULL DEFAULT '{}',
	erased_ms INTEGER,
	updated_ms INTEGER NOT NULL
);
CREATE INDEX customer_phone ON customer (phone_hash) WHERE phone_hash IS NOT NULL;
CREATE INDEX customer_email ON customer (email_hash) WHERE email_hash IS NOT NULL;

-- Knowledge: the article as it is now, and every version it ever had. group_id joins translations.
CREATE TABLE article (
	id TEXT NOT NULL,
	lang TEXT NOT NULL,
	group_id TEXT NOT NULL,
	title TEXT NOT NULL,
	body_md TEXT NOT NULL,
	aliases TEXT NOT NULL DEFAULT '',
	category TEXT NOT NULL DEFAULT '',
	status TEXT NOT NULL DEFAULT 'published',
	version INTEGER NOT NULL DEFAULT 1,
	valid_from_ms INTEGER,
	valid_to_ms INTEGER,
	source TEXT NOT NULL DEFAULT '',
	checksum TEXT NOT NULL DEFAULT '',
	updated_ms INTEGER NOT NULL,
	PRIMARY KEY (id, lang)
);
CREATE INDEX article_group ON article (group_id, lang);
CREATE INDEX article_list ON article (lang, category);

CREATE TABLE article_version (
	id TEXT NOT NULL,
	lang TEXT NOT NULL,
	version INTEGER NOT NULL,
	group_id TEXT NOT NULL,
	title TEXT NOT NULL,
	body_md TEXT NOT NULL,
	aliases TEXT NOT NULL DEFAULT '',
	category TEXT NOT NULL DEFAULT '',
	status TEXT NOT NULL DEFAULT 'published',
	valid_from_ms INTEGER,
	valid_to_ms INTEGER,
	source TEXT NOT NULL DEFAULT '',
	checksum TEXT NOT NULL DEFAULT '',
	updated_ms INTEGER NOT NULL,
	updated_by TEXT NOT NULL DEFAULT '',
	PRIMARY KEY (id, lang, version)
);

-- Mirrors of business systems; the connector owns the shape of body (JSON).
CREATE TABLE product (
	id TEXT PRIMARY KEY,
	name TEXT NOT NULL DEFAULT '',
	body TEXT NOT NULL DEFAULT '{}',
	updated_ms INTEGER NOT NULL
);
CREATE TABLE order_ref (
	id TEXT PRIMARY KEY,
	customer_id TEXT,
	state TEXT NOT NULL DEFAULT '',
	body TEXT NOT NULL DEFAULT '{}',
	updated_ms INTEGER NOT NULL
);
CREATE INDEX order_customer ON order_ref (customer_id, updated_ms) WHERE customer_id IS NOT NULL;

-- Small settings and marks of the server itself.
CREATE TABLE kv (
	k TEXT PRIMARY KEY,
	v TEXT NOT NULL,
	updated_ms INTEGER NOT NULL
);
