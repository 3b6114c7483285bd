"""Runs the linters and reads what they say."""

import json
import re
import shutil
import subprocess
import zipfile
from subprocess import PIPE, STDOUT

from provision.commands import SetupError
from provision.paths import ADDON

from .files import of_type, stage_addon
from .findings import Finding

_PRETTIER_TYPES = (
    *(".cjs", ".css", ".html", ".js", ".json", ".md", ".mjs", ".scss"),
    *(".xml", ".yaml", ".yml"),
)
_NOT_IN_WHEEL = (
    *("dev/", "tests/", "."),
    *("Makefile", "eslint.config.cjs", "pyproject.toml"),
)
_SCRIPT_TYPES = (".cjs", ".js", ".mjs")
_LOCATED = re.compile(
    r"(?P<path>[^\s:][^:]*):(?:(?P<line>\d+)(?::\d+)?:?)? ?(?P<text>.*)$"
)
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


class Tools:
    """The linters of one clone, each as a method that returns findings.

    :param lint.environment.Environment environment: where they are installed
    :param list[str] files: relative paths of the files to check
    """

    def __init__(self, environment, files):
        self.environment = environment
        self.project = environment.project
        self.files = files
        self._stage = stage_addon(self.project, files)

    # === PYTHON === #

    def ruff(self, fix=False):
        """Common mistakes and import order; with ``fix`` repaired as far as possible.

        :rtype: list[Finding]
        """
        options = ["--fix"] if fix else []
        return self._run_ruff("check", "--output-format=concise", "--quiet", *options)

    def ruff_format(self, fix=False):
        """Formatting of Python.

        :rtype: list[Finding]
        """
        mode = [] if fix else ["--check", "--output-format=concise"]
        return self._run_ruff("format", *mode)

    def _run_ruff(self, *arguments):
        """Run ruff on all Python files."""
        files = [*of_type(self.files, ".py"), "dev/lint/run"]
        program = self.environment.program("ruff")
        return self._run([program, *arguments, *files], _read_located)

    def pylint(self):
        """The community's rules for an add-on's Python.

        :rtype: list[Finding]
        """
        rcfile = self.project.root / ".pylintrc"
        command = [self.environment.program("pylint"), f"--rcfile={rcfile}", ADDON]
        return self._run(command, _read_located, cwd=self._stage)

    # === THE ADD-ON AS A WHOLE === #

    def oca_module(self, fix=False):
        """The community's rules for manifest, XML and CSV files.

        :param bool fix: repair XML files as far as possible
        :rtype: list[Finding]
        """
        options = ["--fix"] if fix else []
        findings = self._run_oca("oca-checks-odoo-module", [*options, ADDON])
        if fix:
            self._take_back(".xml")
        return findings

    def oca_po(self):
        """The community's rules for translations.

        :rtype: list[Finding]
        """
        translations = of_type(self.files, ".po", ".pot")
        names = [f"{ADDON}/{name}" for name in translations]
        return self._run_oca("oca-checks-po", names) if names else []

    def _run_oca(self, program, arguments):
        """Run one of the community's checkers on the staged add-on."""
        config = self.project.root / ".oca_hooks.cfg"
        command = [self.environment.program(program), f"--config={config}", *arguments]
        return self._run(
            command, lambda output: _read_located(output, self.files), cwd=self._stage
        )

    def _take_back(self, suffix):
        """Copy repaired files from the stage to where they belong."""
        for name in of_type(self.files, suffix):
            staged, original = self._stage / ADDON / name, self.project.root / name
            if staged.exists() and staged.read_bytes() != original.read_bytes():
                shutil.copyfile(staged, original)

    def wheel(self):
        """That the wheel builds, and holds the add-on and nothing else.

        :rtype: list[Finding]
        """
        target = self.environment.work / "dist"
        target.mkdir(exist_ok=True)
        build = (
            "import sys; sys.path.insert(0, 'dev/packaging'); import whool_addon;"
            f"print(whool_addon.build_wheel({str(target)!r}))"
        )
        python = self.environment.program("python")
        return self._run(
            [python, "-c", build],
            lambda output: _check_wheel_file(target / output.split()[-1], self.files),
        )

    # === XML, SCRIPTS, STYLES, TEXTS === #

    def prettier(self, fix=False):
        """Formatting of all but Python.

        :rtype: list[Finding]
        """
        files = of_type(self.files, *_PRETTIER_TYPES)
        program = self.environment.script("prettier", "bin/prettier.cjs")
        options = ["--write" if fix else "--check", "--log-level=warn"]
        command = [*program, *options, *files]
        return self._run(
            command, lambda output: _read_prettier(output, set(files)), stderr=STDOUT
        )

    def eslint(self, fix=False):
        """Mistakes in scripts; with ``fix`` repaired as far as possible.

        :rtype: list[Finding]
        """
        files = of_type(self.files, *_SCRIPT_TYPES)
        program = self.environment.script("eslint", "bin/eslint.js")
        options = ["--format=json", *(["--fix"] if fix else [])]
        root = f"{self.project.root}/"
        return self._run(
            [*program, *options, *files], lambda output: _read_eslint(output, root)
        )

    # === RUNNING === #

    def _run(self, command, read, cwd=None, stderr=PIPE):
        """Run a linter.

        :param list command: program and arguments
        :param read: function that turns what it prints into findings
        :param pathlib.Path cwd: where to run it; the root if omitted
        :param stderr: ``STDOUT`` to read what it prints there as well
        :rtype: list[Finding]
        :raise SetupError: if it ends in failure and names no reason in our files
        """
        completed = subprocess.run(
            [str(part) for part in command],
            cwd=cwd or self.project.root,
            env=self.environment.variables,
            stdin=subprocess.DEVNULL,
            stdout=PIPE,
            stderr=stderr,
            text=True,
            check=False,
        )
        output = _COLOUR.sub("", completed.stdout)
        findings = list(read(output)) if output.strip() else []
        if completed.returncode and not findings:
            details = f"{output}\n{completed.stderr or ''}".strip()
            raise SetupError(f"{command[0]} failed:\n{details}")
        return findings


def _check_wheel_file(path, files):
    """Compare a wheel with the repository."""
    with zipfile.ZipFile(path) as archive:
        return check_wheel(archive.namelist(), files)


def check_wheel(packed, files):
    """Compare a wheel's files with those of the repository.

    :param list[str] packed: the wheel's files
    :param list[str] files: relative paths of the repository's files
    :rtype: list[Finding]
    """
    folder = f"odoo/addons/{ADDON}/"
    names = {name.removeprefix(folder) for name in packed if ".dist-info/" not in name}
    wanted = {name for name in files if not name.startswith(_NOT_IN_WHEEL)}
    return [
        *(Finding(name, 1, "is missing in the wheel") for name in wanted - names),
        *(Finding(name, 1, "has no place in the wheel") for name in names - wanted),
    ]


def _read_located(output, files=()):
    """Yield the lines that begin with a place in our files.

    :param str output: what a linter prints: ``path:line:column: text`` or the like
    :param files: relative paths; for these the line may be missing
    """
    for line in output.splitlines():
        match = _LOCATED.match(line)
        path = _strip_stage(match["path"]) if match else None
        if path and (match["line"] or path in files):
            yield Finding(path, int(match["line"] or 1), match["text"])


def _strip_stage(path):
    """Return a staged file's path relative to the repository's root."""
    return path.rpartition(f"{ADDON}/")[2] if f"{ADDON}/" in path else path


def _read_prettier(output, files):
    """Yield the files that prettier would change, and those that it cannot read."""
    for line in output.splitlines():
        level, _space, text = line.partition(" ")
        path, _colon, reason = text.partition(": ")
        if level == "[warn]" and text in files:
            yield Finding(text, 1, "File would be reformatted")
        elif level == "[error]" and path in files:
            place = re.search(r"\((\d+):\d+\)$", reason)
            yield Finding(path, int(place[1]) if place else 1, reason)


def _read_eslint(output, prefix):
    """Yield what eslint reports."""
    for result in json.loads(output):
        path = result["filePath"].removeprefix(prefix)
        for entry in result["messages"]:
            message = f"{entry['message']} [{entry['ruleId'] or 'syntax'}]"
            yield Finding(path, entry.get("line") or 1, message)
