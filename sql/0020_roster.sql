-- Who works when (docs/forecast.md). day: days since 1970-01-01 of the date on the company's wall; minutes of its clock. version counts the
-- changes of the plan; published: the version that agents see, 0 = none yet.
CREATE TABLE roster_day (
	day INTEGER PRIMARY KEY,
	version INTEGER NOT NULL,
	published INTEGER NOT NULL DEFAULT 0,
	updated_ms INTEGER NOT NULL,
	updated_by TEXT NOT NULL DEFAULT '',
	published_ms INTEGER,
	published_by TEXT NOT NULL DEFAULT ''
);
-- state: planned, what planners see and change; published, the copy that agents see and are measured by. pauses: [[from,to],..].
CREATE TABLE roster (
	day INTEGER NOT NULL,
	state TEXT NOT NULL,
	agent TEXT NOT NULL,
	from_min INTEGER NOT NULL,
	to_min INTEGER NOT NULL,
	work_min INTEGER NOT NULL,
	pauses TEXT NOT NULL DEFAULT '[]',
	PRIMARY KEY (day, state, agent, from_min)
);
CREATE INDEX roster_agent ON roster (agent, state, day);
-- Agents' states of a day, for who kept to the plan.
CREATE INDEX event_agent_state ON event (ts_ms) WHERE kind='agent.state';
