"""Run the tests: the add-on's own under pytest-odoo, those of ``dev/`` by themselves.

Arguments are passed on to pytest. A path below ``dev/`` or ``tests/`` limits the run to
it. ``--soak`` runs what takes too long for each run instead: files named ``soak_*.py``.
"""

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress

from workbench.provision.commands import SetupError
from workbench.provision.console import Console
from workbench.provision.paths import ADDON
from workbench.provision.steps import link
from workbench.provision.system import find_browser
from workbench.stack.component import kill_group
from workbench.stack.postgres import program

from .environment import TestEnvironment, run_alone
from .suites import choose, split

#: pytest's exit code for "no test was found", which a filter may well cause.
NO_TESTS = 5
#: Seconds that interrupted tests may take to clean up.
PATIENCE = 15
#: Seconds between two looks at what a suite beside the others has printed.
POLL = 0.5


class Runner:
    """Runs pytest in processes of its own, which end with this one.

    :param list options: for pytest
    """

    def __init__(self, options):
        self.options = options
        self.running = set()
        self.is_stopped = False

    def run(self, suite, environment):
        """Run a suite, and print what it prints.

        :param Suite suite: the tests
        :param TestEnvironment environment: with the console to print to
        :return: pytest's exit code, or 1 for warnings in Odoo's log
        :rtype: int
        """
        if self.is_stopped:
            return 1
        if not suite.template:
            root = environment.project.root
            dev = root / "dev"
            config = ("-c", dev / "pytest.ini", f"--rootdir={dev}")
            env = environment.odoo.python_env
            return self._pytest(suite, environment, root, env, config)
        purpose = f"test_{suite.name}"
        with environment.copy_installed(suite.template, purpose) as (name, problems):
            # Below the name that Odoo knows, whatever the clone's folder is called.
            root = environment.project.addons / ADDON
            env, config = odoo_options(environment, name)
            code = self._pytest(suite, environment, root, env, config)
        if problems:
            environment.console.say("Odoo's log has warnings after the installation:")
            environment.console.say("\n".join(problems))
        return code or int(bool(problems))

    def _pytest(self, suite, environment, root, env, config):
        # Tests of a class stay together, as they share what is costly to set up, and
        # start in the order of their files.
        workers = (f"-n{suite.workers}", "--dist=loadscope", "--no-loadscope-reorder")
        paths = [root / path for path in suite.paths]
        argv = [environment.project.python, "-m", "pytest", *workers, *config, *paths]
        process = subprocess.Popen(
            [str(part) for part in (*argv, *self.options)],
            cwd=environment.project.root,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=environment.console.stream,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self.running.add(process)
        try:
            return process.wait()
        finally:
            self.running.discard(process)
            kill_group(process.pid)
            process.wait()

    @contextmanager
    def stopping(self):
        """Stop all that runs when this is left by an interruption or an error."""
        try:
            yield
        except BaseException:
            self.is_stopped = True
            for process in tuple(self.running):
                process.send_signal(signal.SIGINT)
            for process in tuple(self.running):
                with suppress(subprocess.TimeoutExpired):
                    process.wait(PATIENCE)
                kill_group(process.pid)
            raise


def odoo_options(environment, database):
    """What pytest-odoo needs to know.

    :param str database: where the add-on is installed
    :return: its environment and its options
    :rtype: tuple[dict, tuple]
    """
    project, env = environment.project, environment.odoo.env
    # Each worker of pytest-odoo copies the database with PostgreSQL's own programs.
    # Odoo's own browser tests know one name of Chromium only.
    browser = project.state / "browser" / "chromium"
    link(browser, find_browser())
    others = (str(program("createdb").parent), str(browser.parent))
    # A runner of jobs is started by the tests that need one, not by the tests' server.
    env["ODOO_QUEUE_JOB_CHANNELS"] = "root:0"
    # Compiling a query takes longer than it saves where the planner overrates it: there
    # are no statistics of what a test's transaction has made.
    env["PGOPTIONS"] = "-c jit=off"
    env["PATH"] = os.pathsep.join((env["PATH"], *others))
    config = environment.odoo.write_config(f"{database}.conf", database)
    return env, (
        *("-c", project.root / "dev" / "workbench" / "testing" / "odoo.ini"),
        *("--rootdir", project.addons / ADDON, "--odoo-http"),
        f"--odoo-config={config}",
    )


def show(output, console, future):
    """Print what has been written so far, and what is still being written.

    :param pathlib.Path output: the file
    :param Future future: done when nothing more will be written
    """
    with output.open() as lines:
        while True:
            is_done = bool(wait([future], POLL).done)
            console.stream.write(lines.read())
            console.stream.flush()
            if is_done:
                return


def prepare(environment, suite):
    """Make the databases that a suite starts from, where they are not there yet."""
    if suite.template:
        environment.ensure_installed(suite.template)
    for template in suite.needs:
        environment.ensure(template)


def is_available(environment, suite):
    """Tell whether a suite has all that it needs, and say so where it has not.

    :rtype: bool
    """
    try:
        if suite.template:
            environment.fetch(suite.template)
    except SetupError as error:
        names = ", ".join(suite.paths)
        environment.console.say(f"SKIPPED {names}: what it needs cannot be fetched.")
        environment.console.say(str(error))
        return False
    return True


def run_all(runner, environment, suites):
    """Run suites one after the other.

    :return: exit codes
    :rtype: list[int]
    """
    codes = []
    for suite in suites:
        prepare(environment, suite)
        codes.append(runner.run(suite, environment))
    return codes


def start(pool, runner, environment, suite):
    """Start a suite beside others; it is shown later, so that nothing is mixed up.

    :return: the file that it prints to, and the promise of its exit codes
    :rtype: tuple[pathlib.Path, Future]
    """
    prepare(environment, suite)  # Here, where the progress is seen.
    output = environment.folder / f"{suite.name}-suite.log"
    stream = output.open("w")
    beside = TestEnvironment(environment.project, Console(stream))
    beside.odoo.packages = environment.odoo.packages
    future = pool.submit(run_all, runner, beside, [suite])
    future.add_done_callback(lambda _future: stream.close())
    return output, future


def run(environment, arguments):
    """Run what the arguments ask for, so that no processor waits for another.

    :return: exit code of the whole
    :rtype: int
    """
    kind = "soak" if "--soak" in arguments else "test"
    dev, addon, options = split([text for text in arguments if text != "--soak"])
    chosen = choose(environment.project.root, dev, addon, kind)
    suites = [suite for suite in chosen if is_available(environment, suite)]
    if not suites:
        return 0
    runner = Runner([f"-opython_files={kind}_*.py", *options])
    with ThreadPoolExecutor(len(suites)) as pool, runner.stopping():
        begun = [
            start(pool, runner, environment, suite)
            for suite in suites
            if suite.is_beside
        ]
        others = [suite for suite in suites if not suite.is_beside]
        codes = run_all(runner, environment, others)
        for output, future in begun:
            show(output, environment.console, future)
            codes += future.result()
    if options and any(code != NO_TESTS for code in codes):
        codes = [code for code in codes if code != NO_TESTS]
    return max(codes)


if __name__ == "__main__":
    sys.exit(run_alone(lambda environment: run(environment, sys.argv[1:])))
