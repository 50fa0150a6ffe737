-- Customers over all channels (docs/cust.md). Names, addresses and identities are sealed under the data key and found by
-- keyed hashes; what is in the clear here tells nothing of a person. The mirror of 0001 was never filled.
DROP TABLE customer;
CREATE TABLE customer (
	id TEXT PRIMARY KEY,
	language TEXT NOT NULL DEFAULT '',
	tier TEXT NOT NULL DEFAULT '',
	since_ms INTEGER NOT NULL,
	sealed TEXT NOT NULL DEFAULT '',
	name_hash TEXT NOT NULL DEFAULT '',
	preferences TEXT NOT NULL DEFAULT '{}',
	-- Of the line of the import it came from: an equal line changes nothing.
	import_hash TEXT NOT NULL DEFAULT '',
	version INTEGER NOT NULL DEFAULT 1,
	updated_ms INTEGER NOT NULL,
	erased_ms INTEGER
);
CREATE INDEX customer_updated ON customer (updated_ms, id);

-- Words of names, for finding: a keyed hash each. (name_hash above is of the whole and bound to the customer.)
CREATE TABLE cust_word (
	customer TEXT NOT NULL,
	hash TEXT NOT NULL,
	PRIMARY KEY (customer, hash)
);
CREATE INDEX cust_word_hash ON cust_word (hash, customer);

-- hash finds the value over all customers; tail is of the last four digits of a phone and bound to the customer.
CREATE TABLE cust_ident (
	id TEXT PRIMARY KEY,
	customer TEXT NOT NULL,
	kind TEXT NOT NULL,
	hash TEXT NOT NULL,
	tail TEXT NOT NULL DEFAULT '',
	sealed TEXT NOT NULL,
	verified INTEGER NOT NULL DEFAULT 0,
	is_primary INTEGER NOT NULL DEFAULT 0,
	since_ms INTEGER NOT NULL
);
CREATE UNIQUE INDEX cust_ident_own ON cust_ident (customer, kind, hash);
CREATE INDEX cust_ident_find ON cust_ident (kind, hash);

-- a and b are one person: a row each way. Taken back: undone_ms.
CREATE TABLE cust_edge (
	a TEXT NOT NULL,
	b TEXT NOT NULL,
	reason TEXT NOT NULL,
	score REAL NOT NULL,
	by_actor TEXT NOT NULL,
	at_ms INTEGER NOT NULL,
	undone_ms INTEGER,
	undone_by TEXT,
	PRIMARY KEY (a, b)
);
-- Perhaps one person; somebody decides. state: open, joined, no.
CREATE TABLE cust_proposal (
	a TEXT NOT NULL,
	b TEXT NOT NULL,
	reason TEXT NOT NULL,
	score REAL NOT NULL,
	at_ms INTEGER NOT NULL,
	state TEXT NOT NULL DEFAULT 'open',
	PRIMARY KEY (a, b)
);

CREATE TABLE cust_consent (
	customer TEXT NOT NULL,
	channel TEXT NOT NULL,
	purpose TEXT NOT NULL,
	yes INTEGER NOT NULL,
	source TEXT NOT NULL,
	by_actor TEXT NOT NULL,
	at_ms INTEGER NOT NULL,
	PRIMARY KEY (customer, channel, purpose)
);

-- Checks of identity that failed, and codes that were sent: what limits count. scope: a keyed hash.
CREATE TABLE cust_try (
	id TEXT PRIMARY KEY,
	scope TEXT NOT NULL,
	at_ms INTEGER NOT NULL
);
CREATE INDEX cust_try_scope ON cust_try (scope, at_ms);
CREATE INDEX cust_try_at ON cust_try (at_ms);
-- One code that is good for a conversation, at most; customer '' = nobody's, sent nowhere.
CREATE TABLE cust_code (
	scope TEXT PRIMARY KEY,
	customer TEXT NOT NULL,
	ident TEXT NOT NULL,
	hash TEXT NOT NULL,
	expires_ms INTEGER NOT NULL
);

-- How sure it is that a conversation is its customer's (enum tool_level).
ALTER TABLE conversation ADD COLUMN customer_level INTEGER NOT NULL DEFAULT 0;
-- An order is found by its number however the dashes are said.
CREATE INDEX order_bare ON order_ref (replace(id, '-', ''));
