-- Hand-overs to people, the tasks that follow from them, and agents (docs/acd.md). The river has every
-- step as a row queue.*; these are the present view, written in the same transaction.
-- kind: live (a conversation waits or is served), callback, voicemail. parent: the hand-over of which a
-- task came. state: REQUESTED QUEUED OFFERED ACCEPTED ENDED RETURNED FAILED. live = 1 in the first four.
-- needs: skill:level or skill:level? (preferred), with commas. An ENDED one without wrapped_ms is being wrapped up. since_ms: when the customer asked first, the place in the queue.
CREATE TABLE handover (
	id TEXT PRIMARY KEY,
	kind TEXT NOT NULL DEFAULT 'live',
	parent TEXT NOT NULL DEFAULT '',
	conversation TEXT NOT NULL,
	interaction TEXT NOT NULL DEFAULT '',
	customer TEXT NOT NULL DEFAULT '',
	channel TEXT NOT NULL DEFAULT '',
	language TEXT NOT NULL DEFAULT '',
	queue TEXT NOT NULL,
	media TEXT NOT NULL,
	priority INTEGER NOT NULL DEFAULT 0,
	state TEXT NOT NULL,
	live INTEGER NOT NULL DEFAULT 1,
	why TEXT NOT NULL DEFAULT '',
	reason TEXT NOT NULL DEFAULT '',
	topic TEXT NOT NULL DEFAULT '',
	agent TEXT NOT NULL DEFAULT '',
	sticky TEXT NOT NULL DEFAULT '',
	needs TEXT NOT NULL DEFAULT '',
	since_ms INTEGER NOT NULL,
	not_before_ms INTEGER,
	queued_ms INTEGER,
	offered_ms INTEGER,
	until_ms INTEGER,
	accepted_ms INTEGER,
	held_ms INTEGER,
	ended_ms INTEGER,
	wrapped_ms INTEGER,
	offers INTEGER NOT NULL DEFAULT 0,
	tries INTEGER NOT NULL DEFAULT 0,
	hold_ms INTEGER NOT NULL DEFAULT 0,
	entered_ms INTEGER NOT NULL DEFAULT 0,
	packet TEXT NOT NULL DEFAULT '{}',
	note TEXT NOT NULL DEFAULT '',
	recording TEXT NOT NULL DEFAULT '',
	number_sealed TEXT NOT NULL DEFAULT '',
	wrap TEXT NOT NULL DEFAULT '{}',
	version INTEGER NOT NULL DEFAULT 1
);
-- One live hand-over a conversation.
CREATE UNIQUE INDEX handover_one ON handover (conversation) WHERE kind='live' AND live=1;
CREATE INDEX handover_live ON handover (live, state, since_ms) WHERE live=1;
CREATE INDEX handover_conversation ON handover (conversation, id);
CREATE INDEX handover_wrap ON handover (agent) WHERE state='ENDED' AND wrapped_ms IS NULL;
CREATE INDEX handover_customer ON handover (customer, id) WHERE customer<>'';
CREATE INDEX handover_agent ON handover (agent, id) WHERE agent<>'';
CREATE INDEX handover_queue ON handover (queue, id);
CREATE INDEX handover_state ON handover (state, id);

-- What agents chose and what they are, as last written.
CREATE TABLE acd_agent_state (
	login TEXT PRIMARY KEY,
	presence TEXT NOT NULL,
	reason TEXT NOT NULL DEFAULT '',
	state TEXT NOT NULL,
	console INTEGER NOT NULL DEFAULT 0,
	since_ms INTEGER NOT NULL,
	present_ms INTEGER NOT NULL
);

-- Queues, skills and agents that people changed at the console: they beat the file, thing by thing.
CREATE TABLE acd_conf (
	kind TEXT NOT NULL,
	id TEXT NOT NULL,
	body TEXT NOT NULL,
	version INTEGER NOT NULL DEFAULT 1,
	updated_ms INTEGER NOT NULL,
	updated_by TEXT NOT NULL DEFAULT '',
	PRIMARY KEY (kind, id)
);
