import re
from datetime import timedelta
from unittest.mock import patch

from lxml import html

from odoo import fields
from odoo.tests import HttpCase
from odoo.tools import config

from ...tools import bot_detection, network, user_agents
from ..common import BROWSER_HEADERS, PortalCommon
from ..recorded_visits import CHROME, MACHINES, PEOPLE


class TestVisits(PortalCommon, HttpCase):
    """Recorded visits, played over HTTP: who counts, who does not, and why."""

    def setUp(self):
        super().setUp()
        # As behind a reverse proxy, which tells where the visitors come from.
        self.startPatcher(patch.dict(config.options, {"proxy_mode": True}))

    def _play(self, recorded, invoice):
        """Play a visit through a link of its own.

        :return: The link, after the visit.
        :rtype: account.move.portal.link
        """
        sent_on = recorded.mailed is not None and (
            fields.Datetime.now() - timedelta(seconds=recorded.mailed)
        )
        link = self._create_link(invoice, sent_on=sent_on)
        self.opener.headers.clear()
        self.opener.headers.update(self._get_headers(recorded))
        pages = []
        for step, *values in recorded.steps:
            getattr(self, f"_play_{step}")(link, pages, *values)
        self.env.invalidate_all()
        return link

    def _get_headers(self, recorded):
        headers = {} if recorded.is_plain else dict(BROWSER_HEADERS)
        return {
            **headers,
            "User-Agent": recorded.agent or "",
            "X-Forwarded-Host": "portal.example",
            "X-Forwarded-For": "198.51.100.7",
            **recorded.headers,
        }

    def _play_wait(self, _link, _pages, seconds):
        self._pass_time(seconds)

    def _play_open(self, link, pages, address=None):
        headers = {"X-Forwarded-For": address} if address else {}
        response = self.url_open(link._get_path(), headers=headers)
        self.assertEqual(response.status_code, 200)
        pages.append(html.fromstring(response.content))

    def _play_follow(self, link, pages, screen):
        [href] = set(
            pages[-1].xpath(f"//a[contains(@href, '{link._get_path(screen)}')]/@href")
        )
        self.assertLess(self.url_open(href, allow_redirects=False).status_code, 400)

    def _play_press(self, link, pages, screen):
        [href] = pages[-1].xpath(
            f"//a[contains(@href, '{link._get_path(screen)}?')]/@href"
        )
        self.url_open(f"{href}&script=1", allow_redirects=False)

    def _play_report(self, _link, pages, report):
        report = dict(report)
        frames = pages[report.pop("tab", -1)].xpath("//*[@data-seen-url]")
        if frames:  # A page that was given no proof has nothing to report with.
            self.make_jsonrpc_request(
                frames[0].get("data-seen-url"),
                {
                    "visit_id": int(frames[0].get("data-visit-id")),
                    "proof": frames[0].get("data-visit-proof"),
                    **report,
                },
            )

    def test_b1_no_machine_is_counted_and_each_has_its_reason(self):
        self.assertGreaterEqual(len(MACHINES), 30)
        for recorded in MACHINES:
            with self.subTest(recorded.name):
                link = self._play(recorded, self.invoice)
                self.assertFalse(link.view_count)
                self.assertFalse(link.event_ids.filtered("is_first_view"))
                self.assertFalse(self._get_notifications(link))
                self.assertIn(recorded.reason, link.event_ids.mapped("reason"))

    def test_b1_every_person_is_counted_once(self):
        self.assertGreaterEqual(len(PEOPLE), 10)
        for recorded in PEOPLE:
            with self.subTest(recorded.name):
                link = self._play(recorded, self._create_portal_invoice())
                self.assertEqual(link.view_count, 1)
                views = link.event_ids.filtered(lambda event: event.kind == "viewed")
                self.assertEqual(len(views.filtered("is_first_view")), 1)
                self.assertEqual(views[-1].reason, recorded.reason)
                self.assertEqual(len(self._get_notifications(link)), 1)

    def test_b1_evidence_counts_for_the_visit_that_it_belongs_to(self):
        for name, is_trap_first in [("before", True), ("after", False)]:
            with self.subTest(name):
                link = self._create_link(self._create_portal_invoice())
                self.opener.headers.update(BROWSER_HEADERS)
                scanned, read = [], []
                self._play_open(link, scanned)
                if is_trap_first:
                    self._play_follow(link, scanned, "terms")
                self._play_open(link, read)
                self._pass_time(3)
                if not is_trap_first:
                    self._play_follow(link, scanned, "terms")
                self._play_report(link, scanned, {"how": "interaction"})
                self.env.invalidate_all()
                self.assertFalse(link.view_count)
                self._play_report(link, read, {"how": "interaction"})
                self.env.invalidate_all()
                self.assertEqual(link.view_count, 1)
                self.assertEqual(
                    sorted(link.event_ids.mapped("kind")),
                    ["dismissed", "honeypot", "opened", "opened", "viewed"],
                )

    def test_b1_passive_visit_is_not_told(self):
        link = self._create_link(sent_on=fields.Datetime.now())
        self._pass_time(180)
        visit = self._record_visit(link, network="198.51.100.0/24")
        self._pass_time(12)
        self._record_view(link, visit, "dwell")
        self._run_notifications()
        self.assertFalse(self._get_staff_messages(self.invoice, self.salesperson))
        self.assertFalse(link.view_count)

    def test_b1_each_evidence_counts_as_the_table_says(self):
        visit = bot_detection.Visit(age=1000)
        for points, report in [
            (10, {"how": "interaction", "front": 1}),
            (10, {"how": "dwell", "front": 60}),
            (4, {"how": "dwell", "front": 30}),
            (6, {"how": "dwell", "front": 30, "focused": True}),
            (2, {"how": "dwell", "front": 8}),
            (0, {"how": "dwell", "front": 3}),
            (9, {"how": "dwell", "front": 30, "touched": True}),
            (10, {"how": "dwell"}),
            (0, {"how": "dwell", "front": -(10**9)}),
            (0, {"how": "dwell", "front": True, "pressed": []} | {"front": 0}),
        ]:
            found = bot_detection._find_evidence(
                visit, bot_detection.Report.parse(report)
            )
            with self.subTest(report=report):
                self.assertEqual(
                    sum(bot_detection.EVIDENCE[name] for name in found), points
                )
        for name, value in [("front", "9" * 99), ("front", None), ("pressed", True)]:
            parsed = bot_detection.Report.parse({name: value})
            self.assertEqual((parsed.front, parsed.pressed), (None, 0))

    def _get_notifications(self, link):
        return self.env["account.move.portal.notification"].search(
            [("move_id", "=", link.move_id.id)]
        )

    def test_b1_head_request_leaves_no_event(self):
        link = self._create_link()
        for screen in ["", "pdf", "document", "terms"]:
            self.url_open(link._get_path(screen), method="HEAD")
        self.assertFalse(link.event_ids)

    def test_b1_returning_on_another_day_is_another_view(self):
        link = self._create_link()
        for _day in range(2):
            self._record_view(link, self._visit_and_wait(link))
            self._pass_time(24 * 3600)
        self.assertEqual(link.view_count, 2)
        self.assertEqual(len(link.event_ids.filtered("is_first_view")), 1)

    def _visit_and_wait(self, link):
        visit = self._record_visit(link, network="198.51.100.0/24", device="phone")
        self._pass_time(5)
        return visit

    def test_b1_downloads_and_prints_of_people_are_counted(self):
        link = self._create_link()
        self.opener.headers.update(BROWSER_HEADERS)
        pages = []
        self._play_open(link, pages)
        self._play_press(link, pages, "pdf")
        self._play_report(link, pages, {"printed": True})
        self.assertEqual((link.download_count, link.print_count), (0, 0), "whose?")
        self._pass_time(5)
        self._play_report(link, pages, {"how": "interaction"})
        self.env.invalidate_all()
        self.assertEqual((link.download_count, link.print_count), (1, 1))

    def test_b1_download_right_after_the_mail_counts_once_a_person_is_proved(self):
        link = self._create_link(sent_on=fields.Datetime.now())
        self.opener.headers.update(BROWSER_HEADERS)
        pages = []
        self._play_open(link, pages)
        self._pass_time(5)
        self._play_follow(link, pages, "pdf")
        self.env.invalidate_all()
        self.assertEqual((link.view_count, link.download_count), (0, 0))
        self._pass_time(20)
        self._play_follow(link, pages, "document")
        self.env.invalidate_all()
        self.assertEqual(
            (link.view_count, link.download_count, link.print_count), (1, 1, 1)
        )

    def test_b1_proof_is_of_one_page_of_one_link(self):
        link = self._create_link()
        other = self._create_link(email="other@customer.example")
        visit, other_visit = self._record_visit(link), self._record_visit(other)
        self._pass_time(5)
        proof = visit._get_visit_proof()
        for through, visit_id, shown in [
            (link, visit.id, "0" * len(proof)),
            (link, visit.id, ""),
            (link, other_visit.id, proof),
            (other, visit.id, proof),
            (link, 0, proof),
            (link, 2**40, proof),
            (link, visit.id, "\ud800"),
        ]:
            self.assertFalse(
                visit._record_view(
                    through.sudo(), visit_id, shown, bot_detection.Report("interaction")
                )
            )
        self.assertFalse((link + other).event_ids.filtered("is_first_of_link"))

    def test_b1_event_keeps_a_shortened_address_and_a_device_class(self):
        link = self._create_link()
        self.url_open(
            link._get_path(),
            headers={
                "User-Agent": CHROME,
                "X-Forwarded-Host": "portal.example",
                "X-Forwarded-For": "203.0.113.77",
            },
        )
        self.assertEqual(link.event_ids.network, "203.0.113.0/24")
        self.assertEqual(link.event_ids.device, "desktop")

    def test_b1_addresses_are_shortened(self):
        for address, expected in [
            ("203.0.113.77", "203.0.113.0/24"),
            ("::ffff:203.0.113.77", "203.0.113.0/24"),
            ("2001:db8:1234:5678::1", "2001:db8:1234::/48"),
            ("203.0.113.77:49152", "203.0.113.0/24"),
            ("[2001:db8:1234:5678::1]:443", "2001:db8:1234::/48"),
            ("[2001:db8:1234:5678::1]", "2001:db8:1234::/48"),
            ("fe80::1%eth0", "fe80::/48"),
            (' "203.0.113.77" ', "203.0.113.0/24"),
            ("unknown", ""),
            ("203.0.113:80", ""),
            ("", ""),
            (None, ""),
        ]:
            self.assertEqual(network.shorten(address), expected)

    def test_b1_devices_are_told_apart(self):
        for device, agent in [
            ("phone", "Mozilla/5.0 (iPhone; CPU iPhone OS 17_6 like Mac OS X) Mobile"),
            ("phone", "Mozilla/5.0 (Linux; Android 10; K) Chrome/131.0 Mobile Safari"),
            ("tablet", "Mozilla/5.0 (Linux; Android 13; SM-X700) Chrome/131.0 Safari"),
            ("tablet", "Mozilla/5.0 (iPad; CPU OS 12_2 like Mac OS X) Safari/604.1"),
            ("desktop", CHROME),
            ("other", "curl/8.5.0"),
        ]:
            with self.subTest(agent=agent):
                self.assertEqual(user_agents.get_device(agent), device)

    def test_b1_visit_costs_two_inserts_and_no_write_of_the_invoice(self):
        link = self._create_link()
        self.opener.headers.update(BROWSER_HEADERS)
        self.url_open(link._get_path())  # Caches.
        with self._capture_statements() as statements:
            self._play_open(link, [])
        changes = [
            match[2]
            for statement in statements
            if (
                match := re.match(
                    r'(INSERT INTO|UPDATE|DELETE FROM) "?(\w+)', statement
                )
            )
        ]
        self.assertEqual(changes, ["account_move_portal_event"])

    def test_b7_page_costs_ten_queries(self):
        path = self._create_link()._get_path()
        self.opener.headers.update(BROWSER_HEADERS)
        self.url_open(path)  # Caches.
        with self._capture_statements() as statements:
            self.url_open(path)
        self.assertIn("account_move_portal_link", "".join(statements))
        # Odoo looks for the databases here, and not for changed caches.
        self.assertLessEqual(len(statements), 10, "\n".join(statements))
