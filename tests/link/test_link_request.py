import time
from unittest.mock import patch

from lxml import html

from odoo.tests import HttpCase
from odoo.tools import config, mute_logger

from ...models.link import (
    account_move_portal_failed_lookup as failed_lookups,
)
from ...models.link import (
    account_move_portal_link_request as link_requests,
)
from ...models.send import account_move_portal_delivery as deliveries
from ..common import BROWSER_HEADERS, PortalMailCommon
from ..send_common import MAIL_LOGGERS
from ..traces_common import TracesMixin

RETRY_MINUTES = deliveries.AccountMovePortalDelivery._queue_retry_minutes
SEND_LOGGER = (
    "odoo.addons.account_payment_portal.models.send.account_move_portal_attempt"
)


class TestPortalLinkRequest(TracesMixin, PortalMailCommon, HttpCase):
    """At a door that is closed: guessing, and asking for a new link."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.link = cls._create_link()
        cls.link.sudo().expires_on = "2020-01-01 00:00:00"

    def setUp(self):
        super().setUp()
        self.opener.headers.update(BROWSER_HEADERS)

    def _ask(self, path):
        """Ask for a new link as a person does: open the page, press the button."""
        page = self.url_open(path)
        [form] = html.fromstring(page.content).xpath("//form")
        self.assertEqual(form.get("method"), "post")
        return self.url_open(form.get("action"), data={"x": ""}, method="POST")

    def _answer(self, **behaviour):
        """Run what the scheduler would, with a mail server that behaves as told."""
        with self._no_commit(), self.mailbox(**behaviour) as mailbox:
            self.env["account.move.portal.link.request"].sudo()._run_due()
            self._send_due()
            return list(mailbox.messages)

    def test_b2_new_link_goes_to_the_address_on_file_and_works(self):
        self.customer.email = "carla@new.example"  # Not where the old link went to.
        self._ask(self.link._get_path())
        [message] = self._answer()
        self.assertEqual(message.envelope_to, ["carla@new.example"])
        fresh = self.invoice.portal_link_ids - self.link
        self.assertIn(fresh._get_path(), message.html)
        self.assertNotIn(self.link._get_path(), message.html)
        self.assertEqual(self.url_open(fresh._get_path()).status_code, 200)
        self.assertEqual(self.url_open(self.link._get_path()).status_code, 404)

    def test_b2_token_that_was_mailed_stands_in_its_own_table_only(self):
        self._ask(self.link._get_path())
        [message] = self._answer()
        fresh = self.invoice.portal_link_ids - self.link
        self.assertIn(fresh.sudo().token, message.html)
        self.assertEqual(
            set(self._find_in_tables(fresh.sudo().token)), {"account_move_portal_link"}
        )

    def test_b2_answer_is_the_same_whatever_is_true(self):
        revoked = self._create_link()
        revoked.action_revoke()
        answers = {
            (response.status_code, response.text)
            for response in [
                self._ask("/portal/invoice/unknown"),
                self._ask(self.link._get_path()),
                self._ask(self.link._get_path()),
                self._ask(revoked._get_path()),
            ]
        }
        self.assertEqual(len(answers), 1)
        self.assertEqual(next(iter(answers))[0], 200)

    def test_b2_at_most_three_mails_a_day(self):
        for _time in range(5):
            self._ask(self.link._get_path())
            self._answer()
        self.assertEqual(len(self.invoice.portal_link_ids), 4, "the old and three new")
        self._pass_time(25 * 3600)
        self._ask(self.link._get_path())
        self.assertEqual(len(self._answer()), 1)

    def test_b2_other_links_do_not_use_up_a_customers_requests(self):
        others = [self._create_link(email=f"{name}@c.example") for name in "abc"]
        others[1].action_revoke()
        others[2].sudo().expires_on = "2020-01-01 00:00:00"
        for other in others:
            for _time in range(link_requests.MAX_A_DAY):
                self.url_open(other._get_path("new-link"), data={"x": ""})
                self._answer()
        self._ask(self.link._get_path())
        [message] = self._answer()
        self.assertEqual(message.envelope_to, ["carla@customer.example"])

    @patch.object(link_requests, "MAX_A_DAY_TO_ADDRESS", 4)
    def test_b2_no_mailbox_is_filled_with_however_many_links(self):
        sent = 0
        for _number in range(6):
            link = self._create_link(self._create_portal_invoice())
            link.sudo().expires_on = "2020-01-01 00:00:00"
            self._ask(link._get_path())
            sent += len(self._answer())
        self.assertEqual(sent, 4)
        self._pass_time(25 * 3600)
        self._ask(self.link._get_path())
        self.assertEqual(len(self._answer()), 1)

    def test_b2_link_does_not_email_strangers_without_end(self):
        rows = self.env["account.move.portal.delivery"].sudo()
        for number in range(6):
            for email in (f"victim{number}@else.example", "carla@customer.example"):
                tx = self.env["payment.transaction"].create(
                    {
                        "provider_id": self.provider.id,
                        "payment_method_id": self.env.ref(
                            "payment.payment_method_card"
                        ).id,
                        "reference": f"STRANGER-{email}-{number}",
                        "amount": 100.0,
                        "currency_id": self.invoice.currency_id.id,
                        "partner_id": self.customer.id,
                        "invoice_ids": [(4, self.invoice.id)],
                        "state": "error",  # Over: the next one may be started.
                    }
                )
                tx.partner_email = email
                with mute_logger(SEND_LOGGER):
                    tx.sudo().portal_attempt_id._queue_payer_email("verification")
        emails = rows.search([("move_id", "=", self.invoice.id)]).mapped("email")
        self.assertEqual(emails.count("carla@customer.example"), 6, "on file")
        self.assertEqual(len(emails) - 6, 3)

    def test_b2_former_customer_has_nobody_written_to(self):
        second = self.env["res.partner"].create(
            {"name": "Bo Second", "email": "bo@second.example"}
        )
        self.link.sudo().expires_on = False
        self.invoice.button_draft()
        self.invoice.partner_id = second
        self.invoice.action_post()
        self._ask(self.link._get_path())
        self.assertFalse(self._answer())

    def test_b2_nothing_is_sent_where_nothing_may_be(self):
        cases = {
            "staff revoked this recipient's link": lambda link: link._revoke("staff"),
            "the address bounced": lambda link: link._revoke("bounced"),
            "the link works": lambda link: None,
            "the invoice is cancelled": self._cancel,
            "nobody has an address": self._forget_address,
            "the link is our own": lambda link: link.sudo().write(
                {"audience": "internal", "expires_on": "2020-01-01 00:00:00"}
            ),
        }
        for name, close in cases.items():
            with self.subTest(name):
                self.customer.email = "carla@customer.example"
                link = self._create_link(self._create_portal_invoice())
                close(link)
                request = self.env["account.move.portal.link.request"]
                request._record(link.sudo().token)
                self.assertFalse(self._answer())
                self.assertEqual(link.move_id.portal_link_ids, link)

    def _cancel(self, link):
        link.move_id.button_draft()
        link.move_id.button_cancel()

    def _forget_address(self, _link):
        self.customer.email = False

    def test_b2_link_of_somebody_else_leads_to_the_customer_not_to_them(self):
        other = self._create_link(email="books@tax.example", partner_id=False)
        other.sudo().expires_on = "2020-01-01 00:00:00"
        self._ask(other._get_path())
        [message] = self._answer()
        self.assertEqual(message.envelope_to, ["carla@customer.example"])

    def _get_notes(self, words):
        return self.invoice.message_ids.filtered(lambda note: words in note.body)

    @mute_logger(*MAIL_LOGGERS)
    def test_b2_new_link_that_is_refused_is_sent_at_the_retry_once(self):
        for behaviour in [
            {"refuse_recipients": {"*": (450, "Greylisted")}},
            {"drop_connection": "connect"},
        ]:
            with self.subTest(behaviour):
                links = self.invoice.portal_link_ids
                notes = self._get_notes("It was sent to")
                self._ask(self.link._get_path())
                self.assertFalse(self._answer(**behaviour))
                self.assertEqual(self.invoice.portal_link_ids, links, "none unsent")
                self.assertEqual(self._get_notes("It was sent to"), notes)
                self._ask(self.link._get_path())
                self.assertFalse(self._answer(), "not at once")
                self._pass_time(60 * RETRY_MINUTES[0] + 1)
                [message] = self._answer()
                fresh = self.invoice.portal_link_ids - links
                self.assertIn(fresh._get_path(), message.html)
                self.assertEqual(len(self._get_notes("It was sent to") - notes), 1)
                self._pass_time(60 * RETRY_MINUTES[1])
                self.assertFalse(self._answer(), "once")

    @mute_logger(*MAIL_LOGGERS)
    def test_b2_new_link_that_may_have_arrived_is_sent_again_the_same_when_asked(self):
        self._ask(self.link._get_path())
        self._answer(drop_connection="content")
        fresh = self.invoice.portal_link_ids - self.link
        self.assertEqual(fresh.state, "live")
        self.assertFalse(self._get_notes("It was sent to"))
        self.assertTrue(self._get_notes("may not have arrived"), "staff are told")
        delivery = self.env["account.move.portal.delivery"].search(
            [("move_id", "=", self.invoice.id)]
        )
        self.assertEqual(delivery.state, "uncertain")
        self._pass_time(60 * RETRY_MINUTES[0] + 1)
        self.assertFalse(self._answer(), "not by itself")
        self._ask(self.link._get_path())
        [message] = self._answer()
        self.assertIn(fresh._get_path(), message.html)
        self.assertEqual(message.header("Message-Id").strip(), delivery.message_id)
        self.assertEqual(self.invoice.portal_link_ids, self.link | fresh)

    @mute_logger(*MAIL_LOGGERS)
    def test_b2_new_link_that_is_refused_for_good_is_told_and_uses_up_nothing(self):
        refusal = {"refuse_recipients": {"*": (550, "No such user here")}}
        self._ask(self.link._get_path())
        self._answer(**refusal)
        self.assertIn("No such user here", self._get_notes("could not be sent").body)
        self._pass_time(60 * RETRY_MINUTES[-1])
        self.assertFalse(self._answer(), "given up")
        self.assertEqual(self.invoice.portal_link_ids, self.link)
        for _time in range(3):
            self._ask(self.link._get_path())
            self.assertEqual(len(self._answer()), 1)

    @mute_logger(*MAIL_LOGGERS)
    def test_b2_new_link_that_is_refused_again_and_again_is_given_up(self):
        refusal = {"refuse_recipients": {"*": (450, "Greylisted")}}
        self._ask(self.link._get_path())
        self._answer(**refusal)
        for minutes in RETRY_MINUTES:
            self.assertFalse(self._get_notes("could not be sent"))
            self._pass_time(60 * minutes + 1)
            self._answer(**refusal)
        self.assertIn("Greylisted", self._get_notes("could not be sent").body)
        self._pass_time(60 * RETRY_MINUTES[-1])
        self.assertFalse(self._answer(), "given up")

    # === GUESSING === #

    @patch.object(failed_lookups, "REFUSED_FROM", 8)
    def test_b2_guessing_is_refused_and_holds_no_worker(self):
        with patch.object(time, "sleep", side_effect=AssertionError("a worker waits")):
            statuses = [
                self.url_open(f"/portal/invoice/{number:044}").status_code
                for number in range(failed_lookups.REFUSED_FROM + 5)
            ]
        first_refused = statuses.index(429)
        self.assertEqual(first_refused + 1, failed_lookups.REFUSED_FROM)
        self.assertEqual(set(statuses[first_refused:]), {429})
        self.assertEqual(
            self.env["account.move.portal.failed.lookup"].search_count([]),
            failed_lookups.REFUSED_FROM,
            "a network that is refused fills no table",
        )
        good = self._create_link(self._create_portal_invoice())
        self.assertEqual(self.url_open(good._get_path()).status_code, 200, "still open")
        self._ask(self.link._get_path())
        self.assertEqual(len(self._answer()), 1, "whoever else guesses there")
        self._pass_time(failed_lookups.WINDOW_MINUTES * 60 + 1)
        self.assertEqual(self.url_open("/portal/invoice/x").status_code, 404)

    @patch.object(failed_lookups, "REFUSED_FROM", 3)
    def test_b2_visitors_of_unknown_networks_are_not_counted_together(self):
        with patch.dict(config.options, {"proxy_mode": True}):
            for address, expected in [
                *[("unknown", 404)] * 5,
                *[("198.51.100.7:4711", 404)] * 2,
                ("198.51.100.8:4712", 429),
                ("[2001:db8::1]:443", 404),
                ("203.0.113.9:1", 404),
            ]:
                response = self.url_open(
                    "/portal/invoice/unknown",
                    headers={
                        "X-Forwarded-Host": "portal.example",
                        "X-Forwarded-For": address,
                    },
                )
                self.assertEqual(response.status_code, expected, address)

    def test_b2_refused_visit_is_seen_by_staff(self):
        self.url_open(self.link._get_path())
        self.assertEqual(
            [(event.kind, event.reason) for event in self.link.event_ids],
            [("refused", "expired")],
        )

    def test_b2_misses_are_forgotten(self):
        self.url_open("/portal/invoice/unknown")
        self._pass_time(failed_lookups.WINDOW_MINUTES * 60 + 1)
        self.env["account.move.portal.failed.lookup"].sudo()._gc_failed_lookups()
        self.assertFalse(self.env["account.move.portal.failed.lookup"].search_count([]))
