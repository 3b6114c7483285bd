"""Run the tests: those of ``dev/``, then the add-on's own under pytest-odoo.

Arguments are passed on to pytest. A path below ``dev/`` or ``tests/`` limits the run to
it.
"""

import os
import signal
import subprocess
import sys
from contextlib import suppress

from provision.commands import SetupError
from provision.console import Console
from provision.paths import ADDON, Project
from provision.steps import exclusive
from stack.component import ComponentFailed, kill_group
from stack.postgres import program

from .environment import APPLICATIONS, TEMPLATES, USUAL, TestEnvironment

#: Tests of a class stay together, as they share what is costly to set up.
WORKERS = ("-n2", "--dist=loadscope")
#: Tests that need optional applications; all others run without them.
NEEDING_APPLICATIONS = (
    "test_account_move_send_portal_origin.py",
    "test_payment_other_providers.py",
)
#: pytest's exit code for "no test was found", which a filter may well cause.
NO_TESTS = 5
#: Seconds that interrupted tests may take to clean up.
PATIENCE = 15


def split(arguments):
    """Tell paths of the two runs, and options for both, apart.

    :param list arguments: of the command line
    :return: paths below ``dev/``, paths below ``tests/``, the rest
    :rtype: tuple[list, list, list]
    """
    dev = [text for text in arguments if text.startswith("dev/")]
    addon = [text for text in arguments if text.startswith("tests/")]
    return dev, addon, [text for text in arguments if text not in (*dev, *addon)]


def pytest(environment, env, *arguments):
    """Run pytest in a process of its own, with two workers.

    :param dict env: its environment
    :return: its exit code
    :rtype: int
    """
    argv = [environment.project.python, "-m", "pytest", *WORKERS, *arguments]
    process = subprocess.Popen(
        [str(part) for part in argv],
        cwd=environment.project.root,
        env=env,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        return process.wait()
    except KeyboardInterrupt:
        process.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            process.wait(PATIENCE)
        raise
    finally:
        kill_group(process.pid)
        process.wait()


def run_dev(environment, paths, options):
    """Tests of the development tools, and of the add-on's life in real processes."""
    for template in TEMPLATES:
        environment.ensure(template)  # Here, where its progress is seen.
    dev = environment.project.root / "dev"
    config = ["-c", dev / "pytest.ini", f"--rootdir={dev}"]
    env = environment.odoo.python_env
    return pytest(environment, env, *config, *(paths or [dev]), *options)


def run_addon(environment, paths, options):
    """The add-on's tests, without the optional applications and with them."""
    if not paths:
        folder = environment.project.root / "tests"
        paths = sorted(f"tests/{path.name}" for path in folder.glob("test_*.py"))
    with_applications = [path for path in paths if path.endswith(NEEDING_APPLICATIONS)]
    codes = []
    for template, chosen in [
        (APPLICATIONS, with_applications),
        (USUAL, [path for path in paths if path not in with_applications]),
    ]:
        if chosen:
            codes.append(run_on(environment, template, chosen, options))
    failed = [code for code in codes if code not in (0, NO_TESTS)]
    return max(failed or [min(codes)])


def run_on(environment, template, paths, options):
    """Some of the add-on's tests, on a database that has it freshly installed.

    :param Template template: what else is installed
    :return: exit code
    :rtype: int
    """
    project, env = environment.project, environment.odoo.env
    addon = project.addons / ADDON
    # Each worker of pytest-odoo copies the database with PostgreSQL's own programs.
    env["PATH"] = os.pathsep.join((env["PATH"], str(program("createdb").parent)))
    with environment.copy(template, "test") as database:
        problems = environment.install(database)
        config = environment.odoo.write_config("test.conf", database)
        code = pytest(
            environment,
            env,
            *("-c", project.root / "dev" / "testing" / "odoo.ini"),
            *("--rootdir", addon, "--odoo-http", f"--odoo-config={config}"),
            *(addon / path for path in paths),
            *options,
        )
    if problems:
        environment.console.say("Odoo's log has warnings after the installation:")
        environment.console.say("\n".join(problems))
    return code or int(bool(problems))


def run(environment, arguments):
    """Run what the arguments ask for.

    :return: exit code of the whole
    :rtype: int
    """
    dev, addon, options = split(arguments)
    codes = []
    if dev or not addon:
        codes.append(run_dev(environment, dev, options))
    if addon or not dev:
        codes.append(run_addon(environment, addon, options))
    if options and any(code != NO_TESTS for code in codes):
        codes = [code for code in codes if code != NO_TESTS]
    return max(codes)


def main(arguments):
    """Run from the command line.

    :return: exit code
    :rtype: int
    """
    console = Console()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    environment = TestEnvironment(Project(), console)
    lock = environment.project.state / "test.lock"
    try:
        with exclusive(lock, console), environment.running():
            return run(environment, arguments)
    except (SetupError, ComponentFailed) as error:
        console.say(f"\n{error}")
        return 1
    except KeyboardInterrupt:
        console.say("\nInterrupted.")
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
