-- Summaries that somebody kept: body is the JSON of GET /conversations/{id}/summary, built the text as it was before any
-- edit, share how much of it was changed (edit distance).
CREATE TABLE summary (
	conversation TEXT NOT NULL PRIMARY KEY,
	version INTEGER NOT NULL,
	lang TEXT NOT NULL,
	body TEXT NOT NULL,
	built TEXT NOT NULL,
	share REAL NOT NULL,
	by_login TEXT NOT NULL,
	made_ms INTEGER NOT NULL,
	updated_ms INTEGER NOT NULL
);
