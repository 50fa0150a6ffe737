-- A wrap-up is of an ENDED or RETURNED hand-over without wrapped_ms; what a person marked in a review is
-- in qa_mark alone.
DROP INDEX handover_wrap;
CREATE INDEX handover_wrap ON handover (agent)
	WHERE state IN ('ENDED','RETURNED') AND wrapped_ms IS NULL;
ALTER TABLE qa_review DROP COLUMN first_by;
