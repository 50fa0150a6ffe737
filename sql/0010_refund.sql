-- Who was asked about a refund that is beyond the authority of whoever made it: tool_approval.id.
ALTER TABLE shop_refund ADD COLUMN approval TEXT NOT NULL DEFAULT '';
