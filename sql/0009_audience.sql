-- Who may read an article: 'public' = customers too, 'agent' = all staff, else a role.
ALTER TABLE article ADD COLUMN audience TEXT NOT NULL DEFAULT 'public';
ALTER TABLE article_version ADD COLUMN audience TEXT NOT NULL DEFAULT 'public';
