import time
from unittest.mock import patch

from lxml import html

from odoo.tests import HttpCase
from odoo.tools import mute_logger

from ...models.link import (
    account_move_portal_failed_lookup as failed_lookups,
)
from ...models.link import (
    account_move_portal_link_request as link_requests,
)
from ..common import BROWSER_HEADERS, PortalMailCommon
from ..send_common import MAIL_LOGGERS

RETRY_MINUTES = link_requests.AccountMovePortalLinkRequest._queue_retry_minutes


class TestPortalLinkRequest(PortalMailCommon, HttpCase):
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
                notes = self._get_notes("it was sent to")
                self._ask(self.link._get_path())
                self.assertFalse(self._answer(**behaviour))
                self.assertEqual(self.invoice.portal_link_ids, links, "none unsent")
                self.assertEqual(self._get_notes("it was sent to"), notes)
                self._ask(self.link._get_path())
                self.assertFalse(self._answer(), "not at once")
                self._pass_time(60 * RETRY_MINUTES[0] + 1)
                [message] = self._answer()
                fresh = self.invoice.portal_link_ids - links
                self.assertIn(fresh._get_path(), message.html)
                self.assertEqual(len(self._get_notes("it was sent to") - notes), 1)
                self._pass_time(60 * RETRY_MINUTES[1])
                self.assertFalse(self._answer(), "once")

    @mute_logger(*MAIL_LOGGERS)
    def test_b2_new_link_that_may_have_arrived_is_sent_again_the_same(self):
        self._ask(self.link._get_path())
        self._answer(drop_connection="content")
        fresh = self.invoice.portal_link_ids - self.link
        self.assertEqual(fresh.state, "live")
        self.assertFalse(self._get_notes("it was sent to"))
        self._pass_time(60 * RETRY_MINUTES[0] + 1)
        [message] = self._answer()
        self.assertIn(fresh._get_path(), message.html)
        self.assertEqual(self.invoice.portal_link_ids, self.link | fresh)

    @mute_logger(*MAIL_LOGGERS)
    def test_b2_new_link_that_is_refused_for_good_is_told_and_uses_up_nothing(self):
        refusal = {"refuse_recipients": {"*": (550, "No such user here")}}
        self._ask(self.link._get_path())
        self._answer(**refusal)
        for minutes in RETRY_MINUTES:
            self.assertFalse(self._get_notes("could not be sent"))
            self._pass_time(60 * minutes + 1)
            self._answer(**refusal)
        self.assertIn("No such user here", self._get_notes("could not be sent").body)
        self._pass_time(60 * RETRY_MINUTES[-1])
        self.assertFalse(self._answer(), "given up")
        self.assertEqual(self.invoice.portal_link_ids, self.link)
        for _time in range(3):
            self._ask(self.link._get_path())
            self.assertEqual(len(self._answer()), 1)

    # === GUESSING === #

    @patch.multiple(failed_lookups, SLOW_FROM=4, REFUSED_FROM=8, SLOWEST_SECONDS=0.3)
    def test_b2_guessing_is_answered_slowly_then_refused(self):
        statuses, seconds = [], []
        for number in range(failed_lookups.REFUSED_FROM + 5):
            start = time.monotonic()
            response = self.url_open(f"/portal/invoice/{number:044}")
            seconds.append(time.monotonic() - start)
            statuses.append(response.status_code)
        first_refused = statuses.index(429)
        self.assertEqual(first_refused + 1, failed_lookups.REFUSED_FROM)
        self.assertEqual(set(statuses[first_refused:]), {429})
        self.assertGreater(
            seconds[first_refused - 1],
            0.9 * failed_lookups.SLOWEST_SECONDS,
            "slowly before",
        )
        self.assertEqual(
            self.env["account.move.portal.failed.lookup"].search_count([]),
            failed_lookups.REFUSED_FROM,
            "a network that is refused fills no table",
        )
        good = self._create_link(self._create_portal_invoice())
        self.assertEqual(self.url_open(good._get_path()).status_code, 200, "still open")
        self._pass_time(failed_lookups.WINDOW_MINUTES * 60 + 1)
        self.assertEqual(self.url_open("/portal/invoice/x").status_code, 404)

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
