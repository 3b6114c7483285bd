"""``make bench``: a database of its own, a server, and the measurements.

It is a benchmark, no test: no figure fails it. Arguments choose what is measured:
``pages``, ``accounts``, ``documents``, ``reports``, ``bulk``; of the last one
``bulk-send``, ``bulk-lanes``, ``bulk-memory`` or ``bulk-summary``.
"""

import subprocess
import sys
from contextlib import contextmanager
from urllib.parse import urlsplit

from workbench.provision.commands import SetupError
from workbench.provision.console import Console
from workbench.provision.paths import Project
from workbench.stack.component import Component, ComponentFailed
from workbench.stack.ports import HOST, any_free_port
from workbench.stack.probes import http_answers
from workbench.testing.environment import USUAL, TestEnvironment


def python(environment, *arguments, **kwargs):
    """Run a module of this package with Odoo at hand.

    :raise SetupError: if it fails
    """
    argv = [environment.project.python, "-m", *arguments]
    try:
        return subprocess.run(
            [str(part) for part in argv],
            cwd=environment.project.root,
            env=environment.odoo.env,
            check=True,
            text=True,
            **kwargs,
        )
    except subprocess.CalledProcessError as error:
        raise SetupError(f"{arguments[0]} failed.") from error


@contextmanager
def fresh_database(environment, name):
    """A database with the add-on in it, and where to measure it.

    :param str name: of the database, of its configuration and of the result
    :return: Odoo's configuration, the address that its server has, the result's file
    """
    port = any_free_port()
    result = environment.folder / f"{name}.json"
    with environment.copy(USUAL, name) as database:
        environment.install(database)
        # Without a filter Odoo does not ask PostgreSQL for its databases whenever a
        # visitor comes without a cookie, as who opens a mail does.
        config = environment.odoo.write_config(
            f"{name}.conf", database, http_port=port, dbfilter=""
        )
        yield config, f"http://{HOST}:{port}", result
    environment.console.say(f"The same as JSON: {result}")


@contextmanager
def serving(environment, config, url):
    """Have a server run, which is measured.

    :return: its log
    """
    odoo = Component(
        "Odoo",
        environment.odoo.command(config, "--max-cron-threads=0"),
        environment.logs / "bench.log",
        http_answers(urlsplit(url).port, "/web/health"),
        env=environment.odoo.env,
    )
    odoo.start()
    try:
        odoo.wait_ready()
        yield odoo.log
    finally:
        odoo.stop()


def run(environment, parts):
    """Measure pages, documents and reports.

    :param list[str] parts: what is measured, see ``workbench.bench.measure``
    """
    name = "workbench.bench.measure"
    with fresh_database(environment, "bench") as (config, url, result):
        with environment.console.step("Invoices to measure with"):
            fixtures = ("workbench.bench.fixtures", config, url)
            made = python(environment, *fixtures, stdout=subprocess.PIPE)
            facts = made.stdout.strip().splitlines()[-1]
        with serving(environment, config, url) as log:
            python(environment, name, config, url, log, facts, result, *parts)


def run_bulk(environment, parts):
    """Measure mass sending.

    :param list[str] parts: what is measured, see ``workbench.bench.bulk``; none is all
    """
    with fresh_database(environment, "bench_bulk") as (config, url, result):
        # Core's documents ask the server for their style sheets.
        with serving(environment, config, url):
            python(environment, "workbench.bench.bulk", config, url, result, *parts)


def run_reminders(environment):
    """Measure the day's reminders."""
    with fresh_database(environment, "bench_reminders") as (config, url, result):
        python(environment, "workbench.bench.reminders", config, url, result)


def main():
    """Run from the command line; arguments choose what is measured.

    :return: exit code
    :rtype: int
    """
    console = Console()
    environment = TestEnvironment(Project(), console)
    try:
        with environment.running():
            wanted = sys.argv[1:]
            bulk = [part for part in wanted if part.startswith("bulk")]
            parts = [part for part in wanted if part not in (*bulk, "reminders")]
            if parts or not wanted:
                run(environment, parts)
            if "reminders" in wanted or not wanted:
                run_reminders(environment)
            if bulk or not wanted:
                whole = not bulk or "bulk" in bulk
                run_bulk(
                    environment,
                    [] if whole else [part.removeprefix("bulk-") for part in bulk],
                )
    except (SetupError, ComponentFailed) as error:
        console.say(f"\n{error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
