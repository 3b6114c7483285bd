-- A copy of the database is not the company's door: no link of it opens anything, and
-- no rule of it tells another system.
UPDATE account_move_portal_link
   SET revoked_on = now() AT TIME ZONE 'UTC',
       revocation_reason = 'copied_database'
 WHERE revoked_on IS NULL;
UPDATE account_move_portal_link_request SET state = 'declined'
 WHERE state IN ('waiting', 'sending');
UPDATE account_move_portal_delivery SET state = 'cancelled'
 WHERE state IN ('waiting', 'sending');
UPDATE account_move_portal_notification SET state = 'skipped' WHERE state = 'waiting';
UPDATE base_automation SET portal_webhook_url = NULL WHERE portal_webhook_url IS NOT NULL;
