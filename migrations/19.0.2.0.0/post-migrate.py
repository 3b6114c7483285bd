"""What was sent is said by the email's row; the event only refers to it."""

from odoo.tools.sql import column_exists


def migrate(cr, version):
    """Move Message-Ids and fingerprints from the events *sent* to the emails.

    :param odoo.sql_db.Cursor cr: The cursor.
    :param str version: The version that was installed.
    """
    if not column_exists(cr, "account_move_portal_event", "message_id"):
        return
    _refer_to_emails(cr)
    _restore_emails(cr)
    cr.execute(
        """
        INSERT INTO account_move_portal_delivery_document
                    (delivery_id, move_id, sha256,
                     create_uid, create_date, write_uid, write_date)
             SELECT delivery_id, move_id, document_sha256,
                    create_uid, create_date, create_uid, create_date
               FROM account_move_portal_event
              WHERE kind = 'sent' AND document_sha256 IS NOT NULL
                AND delivery_id IS NOT NULL
        """
    )


def _refer_to_emails(cr):
    """Have each event refer to its email, as far as that is still there."""
    cr.execute(
        """
        WITH found AS (
            -- Once, several emails had one Message-Id.
            SELECT DISTINCT ON (event.id) event.id AS event_id,
                   delivery.id AS delivery_id
              FROM account_move_portal_event event
              JOIN account_move_portal_delivery delivery
                ON delivery.message_id = event.message_id
               AND delivery.move_id = event.move_id
               AND delivery.state = 'sent'
             WHERE event.kind = 'sent' AND event.delivery_id IS NULL
          ORDER BY event.id, delivery.link_id = event.link_id DESC NULLS LAST,
                   delivery.id
        )
        UPDATE account_move_portal_event event
           SET delivery_id = found.delivery_id
          FROM found
         WHERE event.id = found.event_id
        """
    )


def _restore_emails(cr):
    """Make the emails anew that were removed when their time was over.

    They are as emails are now when their time is over: without contents.
    """
    cr.execute(
        """
        WITH lost AS (
            SELECT event.id AS event_id,
                   nextval('account_move_portal_delivery_id_seq') AS delivery_id
              FROM account_move_portal_event event
             WHERE event.kind = 'sent' AND event.delivery_id IS NULL
               AND event.move_id IS NOT NULL
        ), made AS (
            INSERT INTO account_move_portal_delivery
                        (id, move_id, company_id, kind, role, sequence, email,
                         formatted, link_id, message_id, state, sent_on, is_queued,
                         is_noted, is_redacted, attempts,
                         create_uid, create_date, write_uid, write_date)
                 SELECT lost.delivery_id, event.move_id, move.company_id, 'invoice',
                        CASE WHEN link.email_role IN ('cc', 'bcc')
                             THEN link.email_role ELSE 'to' END,
                        0, COALESCE(link.email, ''), COALESCE(link.email, ''), link.id,
                        COALESCE(event.message_id, ''), 'sent', event.create_date,
                        FALSE, TRUE, TRUE, 1,
                        event.create_uid, event.create_date,
                        event.create_uid, event.create_date
                   FROM lost
                   JOIN account_move_portal_event event ON event.id = lost.event_id
                   JOIN account_move_portal_link link ON link.id = event.link_id
                   JOIN account_move move ON move.id = event.move_id
        )
        UPDATE account_move_portal_event event
           SET delivery_id = lost.delivery_id
          FROM lost
         WHERE event.id = lost.event_id
        """
    )
