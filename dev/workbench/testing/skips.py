"""A pytest plugin: a skipped test fails the run, as nobody would notice it."""

#: Reason of an accepted skip -> why it is accepted.
ACCEPTED = {
    "wkhtmltopdf with patched Qt": "nobody has it as a package for other processors"
}

_unaccepted = []


def pytest_runtest_logreport(report):
    """Collect the tests that were skipped."""
    if report.skipped and not hasattr(report, "wasxfail"):
        _path, _line, reason = report.longrepr
        if not any(accepted in reason for accepted in ACCEPTED):
            _unaccepted.append(f"{report.nodeid}: {reason}")


def pytest_sessionfinish(session):
    """Fail the run."""
    if _unaccepted and session.exitstatus == 0:
        session.exitstatus = 1


def pytest_terminal_summary(terminalreporter):
    """Name the tests that were skipped."""
    if _unaccepted:
        terminalreporter.section("Skipped tests fail the run")
        terminalreporter.write_line("\n".join(_unaccepted))
