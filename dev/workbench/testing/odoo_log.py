"""A pytest plugin: a warning or an error in Odoo's log fails the run.

What a test mutes (``mute_logger``) or asserts (``assertLogs``) does not get here, as
both take the logger's handlers away while they are active.
"""

import logging
import re

import pytest

#: Beginning of an accepted record, a regular expression -> why it is none of ours.
ACCEPTED = {
    r"'Could not get content for mail/static/lib/selfie_segmentation/": (
        "Debian's package leaves this file out; it blurs the background of video calls"
    ),
    r"Task was destroyed but it is pending!\ntask: <Task pending .*Page\._on_route": (
        "Playwright's own: a page was closed while it still asked for something"
    ),
}

_records = []


class Watcher(logging.Handler):
    """Keeps the records that a test run should not have made."""

    def __init__(self):
        super().__init__(logging.WARNING)
        self.test = "before the first test"

    def emit(self, record):
        """Keep a record, with the test that was running."""
        text = record.getMessage()
        if any(re.match(pattern, text) for pattern in ACCEPTED):
            return
        if record.exc_info:
            text += "\n" + logging.Formatter().formatException(record.exc_info)
        _records.append(f"{self.test}\n    {record.levelname} {record.name}: {text}")


_watcher = Watcher()


def pytest_sessionstart():
    """Listen at the root of all loggers."""
    logging.getLogger().addHandler(_watcher)


def pytest_runtest_logstart(nodeid):
    """Remember which test runs."""
    _watcher.test = nodeid


def pytest_sessionfinish(session):
    """Fail the run; a worker process hands its records over instead."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["odoo_log"] = _records
    elif _records and session.exitstatus == 0:
        session.exitstatus = 1


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node):
    """Take over the records of a worker process."""
    _records.extend(getattr(node, "workeroutput", {}).get("odoo_log", []))


def pytest_terminal_summary(terminalreporter):
    """List the records."""
    if _records:
        terminalreporter.section("Warnings and errors in Odoo's log fail the run")
        terminalreporter.write_line("\n".join(_records))
