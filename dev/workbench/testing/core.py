"""Run Odoo's own tests of what the add-on extends, with the add-on installed.

The same tests run without it first, so that a test which fails either way is told apart
from one that the add-on breaks.
"""

import re
import sys

from workbench.provision.commands import SetupError, run
from workbench.stack.ports import any_free_port

from .environment import DEPENDENCIES, USUAL, run_alone

MODULES = (*DEPENDENCIES, "payment", "portal")
_FAILED = re.compile(r" (?:FAIL|ERROR): (?:Subtest )?(\S+)")
_TOTAL = re.compile(r"(\d+) failed, (\d+) error\(s\) of (\d+) tests")


def core_tests(environment, purpose, with_addon):
    """Run the tests on a fresh copy of the test database.

    :param str purpose: name of the copy and of the log
    :param bool with_addon: whether the add-on is installed in it
    :return: number of tests, names of those that failed
    :rtype: tuple[int, set[str]]
    """
    odoo, log = environment.odoo, environment.logs / f"{purpose}.log"
    log.unlink(missing_ok=True)
    with environment.copy(USUAL, purpose) as database:
        if with_addon:
            environment.install(database)
        port = any_free_port()
        config = odoo.write_config(f"{purpose}.conf", database, http_port=port)
        tags = ",".join(f"/{name}" for name in MODULES)
        options = ["-u", ",".join(MODULES), "--test-tags", tags, "--stop-after-init"]
        try:
            run(
                odoo.command(config, *options),
                log,
                lambda line: environment.console.progress(line[-90:]),
                env=odoo.env,
            )
        except SetupError:
            pass  # Odoo ends with an error when tests fail; the log has the counts.
    text = log.read_text(errors="replace")
    total = _TOTAL.search(text)
    if not total:
        raise SetupError(f"Odoo did not finish its tests, see {log}.")
    return int(total.group(3)), set(_FAILED.findall(text))


def compare(environment):
    """Run the tests without the add-on, and with it.

    :return: 1 if the add-on makes a test fail
    :rtype: int
    """
    console = environment.console
    with console.step(f"Odoo's tests of {', '.join(MODULES)} by themselves"):
        alone, failed_alone = core_tests(environment, "core_alone", False)
    with console.step("The same with the add-on"):
        total, failed = core_tests(environment, "core", True)
    console.say(f"Without the add-on: {alone} tests, {len(failed_alone)} fail")
    console.say(f"With the add-on:    {total} tests, {len(failed)} fail")
    broken = sorted(failed - failed_alone)
    for name in broken:
        console.say(f"Fails only with the add-on: {name}")
    console.say(f"{total - len(failed)} passed, {len(broken)} failed")
    return int(bool(broken) or total < alone)


if __name__ == "__main__":
    sys.exit(run_alone(compare))
