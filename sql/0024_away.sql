-- The customer's page of a chat: NULL = never seen, 0 = open, else since when it is closed (docs/acd.md).
ALTER TABLE handover ADD COLUMN away_ms INTEGER;
