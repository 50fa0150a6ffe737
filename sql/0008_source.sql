-- Where articles come from (docs/ingest.md). kind: file, folder, url, sitemap, table. ask_ms: somebody wants it synced now.
CREATE TABLE source (
	id TEXT PRIMARY KEY,
	kind TEXT NOT NULL,
	place TEXT NOT NULL,
	name TEXT NOT NULL DEFAULT '',
	lang TEXT NOT NULL DEFAULT '',
	category TEXT NOT NULL DEFAULT '',
	owner TEXT NOT NULL DEFAULT '',
	every_s INTEGER NOT NULL DEFAULT 0,
	depth INTEGER NOT NULL DEFAULT 0,
	docs_max INTEGER NOT NULL DEFAULT 0,
	state TEXT NOT NULL DEFAULT 'new',
	error TEXT NOT NULL DEFAULT '',
	ask_ms INTEGER,
	synced_ms INTEGER,
	changed_ms INTEGER,
	created_ms INTEGER NOT NULL,
	created_by TEXT NOT NULL DEFAULT '',
	version INTEGER NOT NULL DEFAULT 1
);
CREATE UNIQUE INDEX source_place ON source (kind, place);

-- One row a document. state: ok, partly (something was left out), refused, error (the articles made before stay), skipped,
-- gone. stamp: change time and size of a file; etag, modified: of a page. notes: [{code, detail}].
CREATE TABLE source_doc (
	source TEXT NOT NULL,
	uri TEXT NOT NULL,
	state TEXT NOT NULL,
	kind TEXT NOT NULL DEFAULT '',
	stamp TEXT NOT NULL DEFAULT '',
	hash TEXT NOT NULL DEFAULT '',
	etag TEXT NOT NULL DEFAULT '',
	modified TEXT NOT NULL DEFAULT '',
	bytes INTEGER NOT NULL DEFAULT 0,
	pages INTEGER NOT NULL DEFAULT 0,
	articles INTEGER NOT NULL DEFAULT 0,
	notes TEXT NOT NULL DEFAULT '[]',
	read_ms INTEGER NOT NULL,
	changed_ms INTEGER NOT NULL,
	PRIMARY KEY (source, uri)
);

-- Which article was made of which document, and of which stretch of it. hash is the document's version.
CREATE TABLE source_article (
	article TEXT NOT NULL,
	lang TEXT NOT NULL,
	source TEXT NOT NULL,
	uri TEXT NOT NULL,
	inner_name TEXT NOT NULL DEFAULT '',
	heading TEXT NOT NULL DEFAULT '',
	span_from INTEGER NOT NULL DEFAULT 0,
	span_to INTEGER NOT NULL DEFAULT 0,
	page INTEGER NOT NULL DEFAULT 0,
	hash TEXT NOT NULL DEFAULT '',
	live INTEGER NOT NULL DEFAULT 1,
	PRIMARY KEY (article, lang)
);
CREATE INDEX source_article_doc ON source_article (source, uri);
