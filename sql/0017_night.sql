-- The night school (docs/night.md). One row a version of a model. state: candidate (trained, not in use), live (one a name
-- at most; none: the one in the program), retired. back: a person took it back; it is not gone back to. days: local
-- days since 1970 of the rows it was trained on. file: below the data folder; '' where there is none (forecasts).
CREATE TABLE learn_model (
	name TEXT NOT NULL,
	version INTEGER NOT NULL,
	state TEXT NOT NULL,
	kind TEXT NOT NULL DEFAULT '',
	file TEXT NOT NULL DEFAULT '',
	hash TEXT NOT NULL DEFAULT '',
	rows INTEGER NOT NULL DEFAULT 0,
	from_day INTEGER NOT NULL DEFAULT 0,
	to_day INTEGER NOT NULL DEFAULT 0,
	scores TEXT NOT NULL DEFAULT '{}',
	night TEXT NOT NULL DEFAULT '',
	promoted_by TEXT NOT NULL DEFAULT '',
	back INTEGER NOT NULL DEFAULT 0,
	made_ms INTEGER NOT NULL,
	live_ms INTEGER NOT NULL DEFAULT 0,
	retired_ms INTEGER NOT NULL DEFAULT 0,
	PRIMARY KEY (name, version)
);
CREATE UNIQUE INDEX learn_model_live ON learn_model (name) WHERE state='live';

-- One row a night. state: running, done, failed, broken (it never came to its end). result: what was tried, JSON.
CREATE TABLE learn_night (
	id TEXT PRIMARY KEY,
	state TEXT NOT NULL,
	began_ms INTEGER NOT NULL,
	ended_ms INTEGER NOT NULL DEFAULT 0,
	result TEXT NOT NULL DEFAULT '{}'
);
