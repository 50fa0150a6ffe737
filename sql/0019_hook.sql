-- The row of a placed call that names its conversation, found by time (the direction of a record); what was
-- given up, counted beside each webhook.
CREATE INDEX event_human ON event (ts_ms) WHERE kind='outbound.human';
CREATE INDEX webhook_delivery_dead ON webhook_delivery (webhook) WHERE state='dead';
