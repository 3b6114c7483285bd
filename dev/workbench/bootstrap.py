"""Set up everything that development needs, below ``.dev/`` in this clone.

    python3 -m workbench.bootstrap           everything
    python3 -m workbench.bootstrap python    the virtual environment only

What is there and up to date is left alone; an interrupted run is taken up again.
Environment: ODOO_HOME (an existing Odoo 19), XDG_CACHE_HOME (where downloads are kept).
"""

import sys

if sys.version_info < (3, 10):  # noqa: UP036 - an older one runs this file too
    sys.exit("Python 3.10 or newer is needed, this is " + sys.version.split()[0])

from workbench.provision.commands import SetupError
from workbench.provision.console import Console
from workbench.provision.odoo_source import ensure_odoo
from workbench.provision.paths import Project
from workbench.provision.python_env import ensure_environment
from workbench.provision.steps import exclusive
from workbench.provision.system import ensure_packages


def bootstrap(project, console, parts):
    """Make what is missing.

    :param set parts: of ``python`` (virtual environment) and ``odoo``
    """
    with exclusive(project.state / "bootstrap.lock", console):
        ensure_packages(project, console)
        ensure_environment(project, console)
        if "odoo" in parts:
            ensure_odoo(project, console)


def main(argv):
    """Run from the command line.

    :return: exit code
    :rtype: int
    """
    parts = set(argv) or {"python", "odoo"}
    console = Console()
    if not parts <= {"python", "odoo"}:
        console.say(__doc__)
        return 2
    try:
        bootstrap(Project(), console, parts)
    except SetupError as error:
        console.say(f"\n{error}")
        return 1
    except KeyboardInterrupt:
        console.say("\nInterrupted; the same command takes up from here.")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
