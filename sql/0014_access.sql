-- Users that are changed and put out of use. version: for If-Match. valid_from_ms: tokens made before
-- it are refused (the password or the role was changed, or the user was disabled).
ALTER TABLE users ADD COLUMN version INTEGER NOT NULL DEFAULT 1;
ALTER TABLE users ADD COLUMN valid_from_ms INTEGER NOT NULL DEFAULT 0;
