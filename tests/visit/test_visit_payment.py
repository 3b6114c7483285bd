from datetime import timedelta

from lxml import html

from odoo import fields
from odoo.tests import HttpCase

from ..payment_common import PortalPaymentCommon
from ..recorded_visits import CHROME


class TestVisitsPayment(PortalPaymentCommon, HttpCase):
    """Who opens the page and pays, even in the seconds after the mail, has seen it."""

    def setUp(self):
        super().setUp()
        self.link.sudo().sent_on = fields.Datetime.now() - timedelta(seconds=3)
        self.opener.headers.update({"User-Agent": CHROME, "Accept-Language": "en"})

    def _open_payment(self, script="&script=1", reads_for=4):
        """Open the invoice page, and press Pay Now on it.

        :return: The payment screen.
        """
        page = self.url_open(self.link._get_path())
        self._pass_time(reads_for)
        [href] = html.fromstring(page.content).xpath("//a[@id='pay_now']/@href")
        response = self.url_open(href + script)
        self.assertEqual(response.status_code, 200)
        return html.fromstring(response.content)

    def _start_payment(self, screen, flow="direct"):
        """Press Pay on the payment screen."""
        [route] = screen.xpath("//form/@data-transaction-route")
        self.make_jsonrpc_request(
            route,
            {
                "provider_id": self.provider.id,
                "payment_method_id": self.card.id,
                "flow": flow,
            },
        )
        return self._get_transactions()[-1:]

    def _report(self, screen, how):
        [element] = screen.xpath("//*[@data-seen-url]")
        return self.make_jsonrpc_request(
            element.get("data-seen-url"),
            {
                "visit_id": int(element.get("data-visit-id")),
                "proof": element.get("data-visit-proof"),
                "how": how,
            },
        )

    def _get_views(self):
        self.env.invalidate_all()
        return self.link.event_ids.filtered(lambda event: event.kind == "viewed")

    def _get_reasons(self, kind):
        return self.link.event_ids.filtered(lambda event: event.kind == kind).mapped(
            "reason"
        )

    def _pay(self, tx):
        """Have Stripe take the money, and tell."""
        self._confirm(tx)
        for event in self._get_events("payment_intent.succeeded"):
            self._deliver(event)

    def test_b1_who_pays_right_after_the_mail_is_counted_and_told_of_once(self):
        screen = self._open_payment()
        self.assertFalse(self._get_views(), "as a gateway does it")
        self._pass_time(3)
        tx = self._start_payment(screen)
        [view] = self._get_views()
        self.assertEqual(view.reason, "payment")
        self.assertTrue(view.is_first_view)
        self._pay(tx)
        self._report(screen, "interaction")
        self.assertEqual(self._get_views(), view)
        self._run_notifications()
        told = self._get_staff_messages(self.invoice, self.salesperson)
        self.assertEqual(len(told), 2)
        self.assertEqual(
            len(told.filtered(lambda message: "was viewed" in message.subject)), 1
        )

    def test_b1_page_without_javascript_leads_to_a_payment_that_is_a_view(self):
        screen = self._open_payment(script="")
        self.assertEqual(self._get_reasons("dismissed"), ["just_sent"])
        self._pass_time(3)
        self._start_payment(screen)
        self.assertEqual(self._get_views().mapped("reason"), ["payment"])

    def test_b1_who_stays_at_the_payment_screen_is_counted_after_a_while(self):
        screen = self._open_payment()
        self.assertTrue(screen.xpath("//script[contains(@src, 'assets_portal')]"))
        self._report(screen, "interaction")
        self.assertFalse(self._get_views())
        self._pass_time(20)
        self._report(screen, "dwell")
        self.assertFalse(self._get_views(), "programs wait as well")
        self._report(screen, "interaction")
        self.assertEqual(self._get_views().mapped("reason"), ["interaction"])

    def test_b1_who_only_follows_the_pay_link_is_not_counted(self):
        for script in ["", "&script=1"]:
            screen = self._open_payment(script)
            self._pass_time(3)
            # One more button, which a program may press.
            self._start_payment(screen, flow="redirect")
            self.assertFalse(self._get_views())

    def test_b1_program_that_tries_everything_is_not_counted(self):
        screen = self._open_payment(script="")
        [form] = screen.xpath("//form[@data-transaction-route]")
        visit = form.get("data-transaction-route").partition("?")[2]
        self.url_open(f"{self.link._get_path('terms')}?{visit}")
        for name in ["document", "pdf"]:
            self.url_open(self.link._get_path(name))
        self._start_payment(screen)
        self._pass_time(60)
        self._report(screen, "interaction")
        self.assertFalse(self._get_views())
        self.assertTrue(self._get_reasons("honeypot"))

    def test_b1_program_that_presses_all_buttons_stays_one(self):
        page = html.fromstring(self.url_open(self.link._get_path()).content)
        self._pass_time(3)
        buttons = [
            href
            for href in page.xpath("//a[contains(@href, '?visit=')]/@href")
            if "/terms?" not in href  # Which people do not see.
        ]
        self.assertEqual(len(buttons), 3)
        for href in buttons:
            response = self.url_open(href + "&script=1")
            if "/pay?" in href:
                screen = html.fromstring(response.content)
        self._pass_time(60)
        self._report(screen, "interaction")
        self._start_payment(screen)
        self.assertFalse(self._get_views())
        self.assertEqual(self._get_reasons("dismissed"), ["pressed_all"])

    def test_b1_payment_without_a_page_or_at_once_is_no_view(self):
        screen = self._open_payment(reads_for=0)
        self._start_payment(screen)
        self.assertEqual(self._get_reasons("dismissed"), ["too_quick"])
        [form] = screen.xpath("//form[@data-transaction-route]")
        route = form.get("data-transaction-route")
        self._pass_time(60)
        for made_up in ["", "?visit=", "?visit=x-y", route[route.index("?") :] + "x"]:
            form.set("data-transaction-route", route.partition("?")[0] + made_up)
            self._start_payment(screen)
        self.assertFalse(self._get_views())

    def test_b1_staff_who_pay_for_the_customer_are_not_counted(self):
        screen = self._open_payment()
        self._pass_time(3)
        self.authenticate(self.biller.login, self.biller.login)
        self._start_payment(screen)
        self.assertFalse(self._get_views())

    def test_b1_money_proves_a_visit_whatever_programs_did_meanwhile(self):
        visit = self._record_visit(self.link)
        self._record_visit(self.link, "machine", "known_agent")
        self._pay(self._create_attempt())
        self.assertEqual(self._get_views().visit_id, visit)

    def test_b1_money_that_comes_later_adds_no_view(self):
        self._pass_time(60)
        view = self._record_view(self.link)
        self._record_visit(self.link)
        self._pay(self._create_attempt())
        self.assertEqual(self._get_views(), view)
