"""``make demo`` from several clones at once, interrupted, and started again."""

import json
import os
import random
import signal
import subprocess
import sys
from pathlib import Path
from urllib.request import urlopen

import pytest

from workbench.stack.leftovers import is_running

ROOT = Path(__file__).parents[3]
CLONES = 3


class Demo:
    """The demo of one clone.

    :param pathlib.Path clone: the clone
    """

    def __init__(self, clone):
        self.clone = clone
        self.process = None

    def start(self):
        """Start it as a terminal does, in a process group of its own."""
        self.process = subprocess.Popen(
            ["make", "demo", f"PYTHON={sys.executable}"],
            cwd=self.clone,
            # Not the environment of the run that this is a part of.
            env={key: value for key, value in os.environ.items() if key[:2] != "PY"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def read_until(self, text):
        """Read what it prints, up to a line.

        :return: the lines
        :rtype: str
        """
        lines = []
        for line in self.process.stdout:
            lines.append(line)
            if text in line:
                return "".join(lines)
        raise AssertionError(f"{text!r} never came:\n{''.join(lines[-40:])}")

    def interrupt(self):
        """Press Ctrl-C, and wait for the end."""
        os.killpg(self.process.pid, signal.SIGINT)
        self.process.communicate()

    def facts(self):
        """What it has noted while it runs, see ``Supervisor.note``."""
        return json.loads((self.clone / ".dev/run/stack.json").read_text())


@pytest.fixture
def demos(tmp_path):
    """Demos of fresh clones; those that run are stopped."""
    made = []
    for number in range(CLONES):
        clone = tmp_path / f"clone-{number}"
        subprocess.run(["git", "clone", "-q", ROOT, clone], check=True)
        made.append(Demo(clone))
    yield made
    for demo in made:
        if demo.process and demo.process.poll() is None:
            demo.interrupt()
        subprocess.run(["make", "clean"], cwd=demo.clone, check=True)


def check(demos):
    """Each demo answers with its own invoice, mail and ports."""
    facts = [demo.facts() for demo in demos]
    for name in ("odoo_url", "mailbox_url", "smtp_port", "stripe_url"):
        assert len({each[name] for each in facts}) == len(demos)
    for each in facts:
        assert each["customer_link"].startswith(each["odoo_url"] + "/portal/invoice/")
        with urlopen(each["customer_link"]) as response:
            assert each["invoice"] in response.read().decode()
        with urlopen(each["mailbox_url"]) as response:
            assert each["recipient"] in response.read().decode()


def test_clones_at_once_interrupted_and_started_again(demos):
    seed = random.randrange(10**6)
    print(f"\nseed {seed}")
    chance = random.Random(seed)
    for demo in demos:
        demo.start()
    for demo in demos:
        demo.read_until("Ctrl-C stops everything")
    check(demos)
    records = [record for demo in demos for record in demo.facts()["components"]]
    for demo in demos:
        demo.interrupt()
    assert not [record for record in records if is_running(record)]
    # At any moment of a start, one that makes everything anew among them.
    for demo in demos:
        subprocess.run(["rm", "-rf", demo.clone / ".dev/demo"], check=True)
        for _time in range(2):
            demo.start()
            try:
                demo.process.wait(chance.uniform(0, 40))
            except subprocess.TimeoutExpired:
                pass
            demo.interrupt()
            assert not (demo.clone / ".dev/run/stack.json").exists()
    for demo in demos:
        demo.start()
    for demo in demos:
        demo.read_until("Ctrl-C stops everything")
    check(demos)
