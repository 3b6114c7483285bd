"""The command line of the linters."""

import argparse
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from provision.commands import SetupError
from provision.console import Console
from provision.paths import Project
from provision.steps import exclusive

from . import hygiene, rules
from .environment import Environment
from .files import list_files
from .findings import Finding
from .hosts import registry_hosts
from .tools import Tools


def check_hygiene(tools):
    """Line ends, encodings, names and modes of all files."""
    return hygiene.check(tools.project.root, tools.files)


def check_rules(tools):
    """Rules of this project that no other tool knows."""
    hosts = registry_hosts(tools.environment)
    return rules.check(tools.project.root, tools.files, hosts)


#: Functions of :class:`Tools` that return findings, by name; the slowest first.
CHECKS = {
    "pylint": Tools.pylint,
    "eslint": Tools.eslint,
    "prettier": Tools.prettier,
    "oca-module": Tools.oca_module,
    "oca-po": Tools.oca_po,
    "rules": check_rules,
    "ruff": Tools.ruff,
    "ruff-format": Tools.ruff_format,
    "hygiene": check_hygiene,
    "wheel": Tools.wheel,
}


def fix(tools):
    """Repair and format what can be; the later tools have the last word."""
    hygiene.fix(tools.project.root, tools.files)
    tools.ruff(fix=True)
    tools.ruff_format(fix=True)
    tools.oca_module(fix=True)
    tools.eslint(fix=True)
    tools.prettier(fix=True)


def run_checks(tools, names, console):
    """Run checks side by side; print what each has found, in order.

    :param Tools tools: the linters
    :param names: names of checks
    :param Console console: where to print
    :return: number of findings
    :rtype: int
    """
    total = 0
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        results = pool.map(lambda name: _timed(CHECKS[name], tools), names)
        for name, (findings, seconds) in zip(names, results, strict=True):
            verdict = f"{len(findings)} findings" if findings else "ok"
            console.say(f"{name:12} {verdict} ({seconds:.1f} s)")
            for finding in sorted(findings):
                console.say(f"  {finding}")
            total += len(findings)
    return total


def _timed(check, tools):
    """Run a check; return its findings and the seconds that it took.

    A linter that cannot do its work is a finding too, so that the others are heard.
    """
    started = time.monotonic()
    try:
        findings = check(tools)
    except SetupError as error:
        findings = [Finding("dev/lint/run", 1, str(error))]
    return findings, time.monotonic() - started


def main(arguments):
    """Run from the command line.

    :param list[str] arguments: the command line without the program's name
    :return: exit code: 0 without findings, 1 with, 2 if a linter cannot be run
    :rtype: int
    """
    project = Project()
    _use_project_python(project)
    options = _parse(arguments)
    console = Console()
    try:
        with exclusive(project.state / "lint.lock", console):
            environment = Environment(project)
            environment.ensure(console)
            if options.fix:
                fix(Tools(environment, list_files(project.root)))
            tools = Tools(environment, list_files(project.root))
            total = run_checks(tools, options.only or CHECKS, console)
    except SetupError as error:
        console.say(str(error))
        return 2
    console.say(f"{total} findings in {len(tools.files)} files")
    return 1 if total else 0


def _use_project_python(project):
    """Start anew with the project's own Python, which has pip, if it is there."""
    is_there = project.python.exists()
    if is_there and Path(sys.prefix).resolve() != project.venv.resolve():
        os.execv(project.python, [project.python, *sys.argv])


def _parse(arguments):
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="dev/lint/run")
    parser.add_argument("--fix", action="store_true", help="format and repair first")
    parser.add_argument("--only", action="append", choices=CHECKS, help="one check")
    return parser.parse_args(arguments)
