-- Ends of conversations by their time: read in order by what learns from them.

CREATE INDEX event_closed ON event (ts_ms) WHERE kind='conversation.closed';
