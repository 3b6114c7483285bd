"""``make bench``: a database of its own, a server, and the measurements.

It is a benchmark, no test: no figure fails it. Arguments choose what is measured:
``pages``, ``accounts``, ``documents``, ``reports``, ``bulk``; of the last one
``bulk-send``, ``bulk-lanes``, ``bulk-memory`` or ``bulk-summary``.
"""

import subprocess
import sys

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


def server(environment, config, port):
    """The Odoo server that is measured.

    :rtype: Component
    """
    return Component(
        "Odoo",
        environment.odoo.command(config, "--max-cron-threads=0"),
        environment.logs / "bench.log",
        http_answers(port, "/web/health"),
        env=environment.odoo.env,
    )


def run(environment, parts):
    """Measure on a fresh database.

    :param list[str] parts: what is measured, see ``workbench.bench.measure``
    """
    port = any_free_port()
    url = f"http://{HOST}:{port}"
    with environment.copy(USUAL, "bench") as database:
        environment.install(database)
        # Without a filter Odoo does not ask PostgreSQL for its databases whenever a
        # visitor comes without a cookie, as who opens a mail does.
        config = environment.odoo.write_config(
            "bench.conf", database, http_port=port, dbfilter=""
        )
        with environment.console.step("Invoices to measure with"):
            made = python(
                environment,
                "workbench.bench.fixtures",
                config,
                url,
                stdout=subprocess.PIPE,
            )
            facts = made.stdout.strip().splitlines()[-1]
        odoo = server(environment, config, port)
        odoo.start()
        try:
            odoo.wait_ready()
            result = environment.folder / "bench.json"
            python(
                environment,
                "workbench.bench.measure",
                config,
                url,
                odoo.log,
                facts,
                result,
                *parts,
            )
        finally:
            odoo.stop()
    environment.console.say(f"The same as JSON: {result}")


def run_bulk(environment, parts):
    """Measure mass sending, on a fresh database of its own.

    :param list[str] parts: what is measured, see ``workbench.bench.bulk``; none is all
    """
    port = any_free_port()
    with environment.copy(USUAL, "bench_bulk") as database:
        environment.install(database)
        config = environment.odoo.write_config(
            "bench_bulk.conf", database, http_port=port, dbfilter=""
        )
        result = environment.folder / "bench_bulk.json"
        # Core's documents ask the server for their style sheets.
        odoo = server(environment, config, port)
        odoo.start()
        try:
            odoo.wait_ready()
            python(
                environment,
                "workbench.bench.bulk",
                config,
                f"http://{HOST}:{port}",
                result,
                *parts,
            )
        finally:
            odoo.stop()
    environment.console.say(f"The same as JSON: {result}")


def run_reminders(environment):
    """Measure the day's reminders, on a fresh database of its own."""
    with environment.copy(USUAL, "bench_reminders") as database:
        environment.install(database)
        config = environment.odoo.write_config(
            "bench_reminders.conf", database, http_port=any_free_port(), dbfilter=""
        )
        result = environment.folder / "bench_reminders.json"
        python(
            environment,
            "workbench.bench.reminders",
            config,
            f"http://{HOST}:{any_free_port()}",
            result,
        )
    environment.console.say(f"The same as JSON: {result}")


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
