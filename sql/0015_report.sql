-- Facts for reports (docs/reports.md), made of the river alone. kind: 0 a conversation, 1 a stay in a queue or with an
-- agent, 2 a quarter of an hour of an agent. Everything counts at start_ms. before_ms: where the customer's last words
-- ended (calls). day: of start_ms, in UTC.
CREATE TABLE ins_fact (
	id TEXT PRIMARY KEY,
	kind INTEGER NOT NULL,
	n INTEGER NOT NULL DEFAULT 0,
	conversation TEXT NOT NULL DEFAULT '',
	handover TEXT NOT NULL DEFAULT '',
	customer TEXT NOT NULL DEFAULT '',
	day INTEGER NOT NULL,
	start_ms INTEGER NOT NULL,
	end_ms INTEGER NOT NULL DEFAULT 0,
	before_ms INTEGER NOT NULL DEFAULT 0,
	queue TEXT NOT NULL DEFAULT '',
	agent TEXT NOT NULL DEFAULT '',
	channel TEXT NOT NULL DEFAULT '',
	topic TEXT NOT NULL DEFAULT '',
	language TEXT NOT NULL DEFAULT '',
	campaign TEXT NOT NULL DEFAULT '',
	interactions INTEGER NOT NULL DEFAULT 0,
	closed INTEGER NOT NULL DEFAULT 0,
	talked INTEGER NOT NULL DEFAULT 0,
	contained INTEGER NOT NULL DEFAULT 0,
	handed INTEGER NOT NULL DEFAULT 0,
	customer_turns INTEGER NOT NULL DEFAULT 0,
	bot_turns INTEGER NOT NULL DEFAULT 0,
	agent_turns INTEGER NOT NULL DEFAULT 0,
	duration_ms INTEGER NOT NULL DEFAULT 0,
	voice_ms INTEGER NOT NULL DEFAULT 0,
	cost_micros INTEGER NOT NULL DEFAULT 0,
	tokens INTEGER NOT NULL DEFAULT 0,
	dead_ms INTEGER NOT NULL DEFAULT 0,
	dead_n INTEGER NOT NULL DEFAULT 0,
	cut_in INTEGER NOT NULL DEFAULT 0,
	csat_n INTEGER NOT NULL DEFAULT 0,
	csat_good INTEGER NOT NULL DEFAULT 0,
	csat_sum INTEGER NOT NULL DEFAULT 0,
	nps_n INTEGER NOT NULL DEFAULT 0,
	nps_sum INTEGER NOT NULL DEFAULT 0,
	mood_n INTEGER NOT NULL DEFAULT 0,
	mood_begin INTEGER NOT NULL DEFAULT 0,
	mood_shift INTEGER NOT NULL DEFAULT 0,
	known INTEGER NOT NULL DEFAULT 0,
	first INTEGER NOT NULL DEFAULT 0,
	entered INTEGER NOT NULL DEFAULT 0,
	answered INTEGER NOT NULL DEFAULT 0,
	abandoned INTEGER NOT NULL DEFAULT 0,
	short_abandoned INTEGER NOT NULL DEFAULT 0,
	callbacks INTEGER NOT NULL DEFAULT 0,
	left_other INTEGER NOT NULL DEFAULT 0,
	moved INTEGER NOT NULL DEFAULT 0,
	wait_ms INTEGER NOT NULL DEFAULT 0,
	handled INTEGER NOT NULL DEFAULT 0,
	talk_ms INTEGER NOT NULL DEFAULT 0,
	hold_ms INTEGER NOT NULL DEFAULT 0,
	wrapped INTEGER NOT NULL DEFAULT 0,
	acw_ms INTEGER NOT NULL DEFAULT 0,
	transferred INTEGER NOT NULL DEFAULT 0,
	returned INTEGER NOT NULL DEFAULT 0,
	rejected INTEGER NOT NULL DEFAULT 0,
	unanswered INTEGER NOT NULL DEFAULT 0,
	ready_ms INTEGER NOT NULL DEFAULT 0,
	busy_ms INTEGER NOT NULL DEFAULT 0,
	paused_ms INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX ins_fact_day ON ins_fact (day, id);
CREATE INDEX ins_fact_conversation ON ins_fact (conversation) WHERE conversation<>'';
CREATE INDEX ins_fact_handover ON ins_fact (handover, n) WHERE handover<>'';
CREATE INDEX ins_fact_customer ON ins_fact (customer, topic, start_ms) WHERE customer<>'';

-- A day's facts by column, once nothing changes any more: reports read these. stale: made anew before it is read.
CREATE TABLE ins_day (
	day INTEGER PRIMARY KEY,
	stale INTEGER NOT NULL DEFAULT 1,
	facts INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE ins_column (
	day INTEGER NOT NULL,
	name TEXT NOT NULL,
	data BLOB NOT NULL,
	PRIMARY KEY (day, name)
);

-- Saved reports. body: what is asked; shared: others may read it. every: '', day or week, at at_min minutes after midnight of
-- its zone (weekly: weekday 1 Monday .. 7), mailed to mail; next_ms: when it is due.
CREATE TABLE ins_report (
	id TEXT PRIMARY KEY,
	owner TEXT NOT NULL,
	name TEXT NOT NULL,
	shared INTEGER NOT NULL DEFAULT 0,
	body TEXT NOT NULL,
	every TEXT NOT NULL DEFAULT '',
	at_min INTEGER NOT NULL DEFAULT 0,
	weekday INTEGER NOT NULL DEFAULT 1,
	mail TEXT NOT NULL DEFAULT '',
	next_ms INTEGER,
	sent_ms INTEGER,
	version INTEGER NOT NULL DEFAULT 1,
	updated_ms INTEGER NOT NULL
);
CREATE INDEX ins_report_next ON ins_report (next_ms) WHERE next_ms IS NOT NULL;
