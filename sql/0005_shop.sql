-- The built-in business store. Orders live in order_ref and products in product (0001), with what the
-- store computes with in columns of their own. Money is in minor units (fen), times in ms.
ALTER TABLE product ADD COLUMN category TEXT NOT NULL DEFAULT '';
ALTER TABLE product ADD COLUMN price_fen INTEGER NOT NULL DEFAULT 0;
ALTER TABLE product ADD COLUMN stock INTEGER NOT NULL DEFAULT 0;
ALTER TABLE product ADD COLUMN warranty_months INTEGER NOT NULL DEFAULT 0;
-- What it is found by, folded, a name or alias a line.
ALTER TABLE product ADD COLUMN words TEXT NOT NULL DEFAULT '';
CREATE INDEX product_category ON product (category, id);

ALTER TABLE order_ref ADD COLUMN total_fen INTEGER NOT NULL DEFAULT 0;
ALTER TABLE order_ref ADD COLUMN payment TEXT NOT NULL DEFAULT '';
ALTER TABLE order_ref ADD COLUMN carrier TEXT NOT NULL DEFAULT '';
ALTER TABLE order_ref ADD COLUMN tracking TEXT NOT NULL DEFAULT '';
ALTER TABLE order_ref ADD COLUMN placed_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE order_ref ADD COLUMN shipped_ms INTEGER;
ALTER TABLE order_ref ADD COLUMN delivered_ms INTEGER;
ALTER TABLE order_ref ADD COLUMN cancelled_ms INTEGER;
-- Where it goes, once it was changed here: sealed; the town alone is readable.
ALTER TABLE order_ref ADD COLUMN address TEXT;
ALTER TABLE order_ref ADD COLUMN city TEXT NOT NULL DEFAULT '';
ALTER TABLE order_ref ADD COLUMN address_changes INTEGER NOT NULL DEFAULT 0;
-- The line of the import it came from: an equal line changes nothing.
ALTER TABLE order_ref ADD COLUMN print INTEGER NOT NULL DEFAULT 0;
ALTER TABLE product ADD COLUMN print INTEGER NOT NULL DEFAULT 0;
CREATE INDEX order_placed ON order_ref (placed_ms, id);

-- back: pieces that are in a return or an exchange, or came back.
CREATE TABLE shop_item (
	order_id TEXT NOT NULL,
	line INTEGER NOT NULL,
	sku TEXT NOT NULL,
	qty INTEGER NOT NULL,
	price_fen INTEGER NOT NULL,
	back INTEGER NOT NULL DEFAULT 0,
	exchanges INTEGER NOT NULL DEFAULT 0,
	PRIMARY KEY (order_id, line)
);
CREATE INDEX shop_item_sku ON shop_item (sku, order_id);

-- What happened to the parcel; kind is one of placed paid packed shipped transit out delivered missed
-- held returned cancelled redirected.
CREATE TABLE shop_event (
	order_id TEXT NOT NULL,
	n INTEGER NOT NULL,
	at_ms INTEGER NOT NULL,
	kind TEXT NOT NULL,
	place TEXT NOT NULL DEFAULT '',
	text TEXT NOT NULL DEFAULT '',
	PRIMARY KEY (order_id, n)
);

-- Returns and exchanges. state: requested collected checked refunded cancelled refused; of an exchange
-- requested sent done cancelled. gross = fee + deduct + refund.
CREATE TABLE shop_return (
	id TEXT PRIMARY KEY,
	order_id TEXT NOT NULL,
	customer_id TEXT NOT NULL,
	kind TEXT NOT NULL,
	state TEXT NOT NULL,
	reason TEXT NOT NULL,
	note TEXT NOT NULL DEFAULT '',
	condition TEXT NOT NULL DEFAULT '',
	way TEXT NOT NULL DEFAULT 'pickup',
	new_sku TEXT NOT NULL DEFAULT '',
	gross_fen INTEGER NOT NULL,
	fee_fen INTEGER NOT NULL DEFAULT 0,
	deduct_fen INTEGER NOT NULL DEFAULT 0,
	deduct_max_fen INTEGER NOT NULL DEFAULT 0,
	refund_fen INTEGER NOT NULL DEFAULT 0,
	differ_fen INTEGER NOT NULL DEFAULT 0,
	rule TEXT NOT NULL DEFAULT '',
	by_actor TEXT NOT NULL DEFAULT '',
	requested_ms INTEGER NOT NULL,
	collected_ms INTEGER,
	checked_ms INTEGER,
	refunded_ms INTEGER,
	ended_ms INTEGER,
	updated_ms INTEGER NOT NULL
);
CREATE INDEX shop_return_order ON shop_return (order_id, id);
CREATE INDEX shop_return_customer ON shop_return (customer_id, requested_ms);
CREATE INDEX shop_return_list ON shop_return (requested_ms, id);
CREATE TABLE shop_return_item (
	return_id TEXT NOT NULL,
	line INTEGER NOT NULL,
	sku TEXT NOT NULL,
	qty INTEGER NOT NULL,
	price_fen INTEGER NOT NULL,
	PRIMARY KEY (return_id, line)
);

-- Money that goes back. kind: return cancel price exchange. state: due released void.
CREATE TABLE shop_refund (
	id TEXT PRIMARY KEY,
	order_id TEXT NOT NULL,
	source TEXT NOT NULL DEFAULT '',
	kind TEXT NOT NULL,
	state TEXT NOT NULL,
	amount_fen INTEGER NOT NULL,
	payment TEXT NOT NULL DEFAULT '',
	made_ms INTEGER NOT NULL,
	released_ms INTEGER
);
CREATE INDEX shop_refund_order ON shop_refund (order_id, made_ms);
CREATE INDEX shop_refund_source ON shop_refund (source);

-- One claim for each article bought.
CREATE TABLE shop_claim (
	order_id TEXT NOT NULL,
	line INTEGER NOT NULL,
	paid_fen INTEGER NOT NULL,
	now_fen INTEGER NOT NULL,
	amount_fen INTEGER NOT NULL,
	at_ms INTEGER NOT NULL,
	PRIMARY KEY (order_id, line)
);

-- Visits: kind pickup, truck, delivery, assembly. ref: what it is for, a return or an order.
CREATE TABLE shop_visit (
	id TEXT PRIMARY KEY,
	kind TEXT NOT NULL,
	ref TEXT NOT NULL,
	order_id TEXT NOT NULL,
	from_ms INTEGER NOT NULL,
	to_ms INTEGER NOT NULL,
	moves INTEGER NOT NULL DEFAULT 0,
	state TEXT NOT NULL DEFAULT 'booked',
	updated_ms INTEGER NOT NULL
);
CREATE INDEX shop_visit_slot ON shop_visit (kind, from_ms, state);
CREATE INDEX shop_visit_ref ON shop_visit (ref, kind);

-- The last number given: returns, refunds, visits.
CREATE TABLE shop_count (
	k TEXT PRIMARY KEY,
	v INTEGER NOT NULL
);
