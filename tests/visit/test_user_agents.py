import importlib.util
import json
from importlib import resources

from odoo.tests import BaseCase

from ...tools import bot_detection

PHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_6 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Mobile/15E148"
)
WEB_VIEW = (
    "Mozilla/5.0 (Linux; Android 14; SM-S918B; wv) AppleWebKit/537.36 (KHTML, like "
    "Gecko) Version/4.0 Chrome/126.0.0.0 Mobile Safari/537.36"
)
ELECTRON = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
)
IN_APPS = [
    f"{PHONE} [Pinterest/iOS]",
    f"{PHONE} [FBAN/FBIOS;FBAV/466.0.0.45.108;FBDV/iPhone14,5;FBLC/en_US]",
    f"{PHONE} Instagram 331.0.0.29.90 (iPhone14,5; iOS 17_5; en_US; scale=3.00)",
    f"{PHONE} Twitter for iPhone/10.46",
    f"{PHONE} Safari Line/14.9.0",
    f"{PHONE} LinkedInApp/9.30",
    f"{PHONE} GSA/320.0.641111111 Safari/604.1",
    f"{WEB_VIEW} WhatsApp/2.24.10.75",
    f"{WEB_VIEW} Viber/21.0",
    f"{WEB_VIEW} Telegram-Android/10.14 (Google Pixel 8; Android 14; SDK 34; HIGH)",
    f"{WEB_VIEW} MicroMessenger/8.0.49 WeChat/arm64 NetType/WIFI Language/en",
    f"{WEB_VIEW} Microsoft Outlook Android/4.2421.0",
    f"{WEB_VIEW} com.google.android.gm",
    f"{ELECTRON} Slack/4.39.88 Chrome/126.0.6478.36 Electron/31.0.1 Safari/537.36",
    f"{ELECTRON} discord/1.0.9150 Chrome/124.0.6367.243 Electron/30.2.0 Safari/537.36",
    f"{ELECTRON} Chrome/126.0.0.0 Safari/537.36 Edg/126.0.0.0 Teams/24152.412",
    "Mozilla/5.0 (Linux; Android 15; SM-S928B Build/AP3A.Preview) AppleWebKit/537.36 "
    "(KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (Linux; Tizen 6.5; Smart Monitor M8) AppleWebKit/537.36 (KHTML, like "
    "Gecko) SamsungBrowser/3.2 Chrome/85.0 Safari/537.36",
]
# What the list takes for a crawler, and is the build of a telephone that many have.
NO_CRAWLER = "AP3A.240617.008"


def read_data(package, *path):
    """Return a file of data of a package that only tests use; None without it."""
    if not importlib.util.find_spec(package):
        return None
    return resources.files(package).joinpath(*path).read_text(encoding="utf-8")


class TestUserAgents(BaseCase):
    """By its name alone: who says to be a program, and who may be a person."""

    def _judge(self, agent):
        headers = {"User-Agent": agent, "Accept-Language": "en"}
        return bot_detection.judge_request(headers).visitor

    def test_b1_every_known_crawler_is_a_machine(self):
        data = read_data("crawleruseragents", "crawler-user-agents.json")
        if not data:
            self.skipTest("The package crawler-user-agents is not installed.")
        agents = {
            agent
            for crawler in json.loads(data)
            for agent in crawler["instances"]
            if NO_CRAWLER not in agent
        }
        self.assertGreater(len(agents), 1000)
        people = [agent for agent in agents if self._judge(agent) != "machine"]
        self.assertFalse(people)

    def test_b1_every_real_browser_may_be_a_person(self):
        data = read_data("fake_useragent", "data", "browsers.jsonl")
        if not data:
            self.skipTest("The package fake-useragent is not installed.")
        agents = {json.loads(line)["useragent"] for line in data.splitlines()}
        self.assertGreater(len(agents), 500)
        machines = [
            # One has the quotes around it in the data.
            agent
            for agent in agents
            if self._judge(agent.strip('"')) != "unverified"
        ]
        self.assertFalse(machines)

    def test_b1_browser_inside_of_an_app_may_be_a_person(self):
        for agent in IN_APPS:
            with self.subTest(agent=agent):
                self.assertEqual(self._judge(agent), "unverified")

    def test_b1_app_that_fetches_by_itself_is_a_machine(self):
        for agent in [
            "WhatsApp/2.23.20 A",
            "Pinterest/0.2 (+https://www.pinterest.com/bot.html)",
            "TelegramBot (like TwitterBot)",
            "Viber/22.6.0.1",
            "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
            "facebookexternalhit/1.1",
        ]:
            with self.subTest(agent=agent):
                self.assertEqual(self._judge(agent), "machine")
