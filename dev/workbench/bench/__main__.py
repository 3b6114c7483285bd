"""``make bench``: databases of their own, a server, and the measurements.

It is a benchmark, no test: no figure fails it. Arguments choose what is measured, by
the names of parts or of all that share a database; ``bulk`` is all of mass sending.
"""

import sys

from workbench.provision.commands import run
from workbench.stack.component import Component
from workbench.stack.ports import HOST, any_free_port
from workbench.stack.probes import http_answers
from workbench.testing.environment import USUAL, run_alone

#: What shares a database -> its parts, see ``workbench.bench.measure``.
BENCHMARKS = {
    "invoices": ("pages", "accounts", "documents", "reports"),
    "reminders": ("reminders",),
    "bulk": ("bulk-send", "bulk-lanes", "bulk-memory", "bulk-summary"),
}


def measure(environment, name, parts):
    """Measure in a database with the add-on in it, which a server serves.

    :param str name: of the benchmark, its database and its result
    :param list[str] parts: what is measured
    """
    odoo, logs = environment.odoo, environment.logs
    port, log = any_free_port(), logs / "bench.log"
    result = environment.folder / f"bench_{name}.json"
    with environment.copy(USUAL, f"bench_{name}") as database:
        environment.install(database)
        # Without a filter Odoo does not ask PostgreSQL for its databases whenever a
        # visitor comes without a cookie, as who opens a mail does.
        config = odoo.write_config(
            f"bench_{name}.conf", database, http_port=port, dbfilter=""
        )
        server = Component(
            "Odoo",
            odoo.command(config, "--max-cron-threads=0"),
            log,
            http_answers(port, "/web/health"),
            env=odoo.env,
        )
        server.start()
        try:
            server.wait_ready()
            python = (environment.project.python, "-m", "workbench.bench.measure")
            run(
                [*python, config, f"http://{HOST}:{port}", log, result, *parts],
                logs / "bench-output.log",
                environment.console.say,
                env=odoo.env,
            )
        finally:
            server.stop()
    environment.console.say(f"The same as JSON: {result}")


def main(environment):
    """Measure what the command line names, or everything."""
    wanted = sys.argv[1:]
    for name, parts in BENCHMARKS.items():
        chosen = [part for part in parts if not wanted or {name, part} & set(wanted)]
        if chosen:
            measure(environment, name, chosen)


if __name__ == "__main__":
    sys.exit(run_alone(main))
