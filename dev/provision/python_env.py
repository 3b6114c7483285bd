"""The virtual environment ``.dev/venv`` with the pinned packages."""

import os
import re
import sys

from .commands import run
from .steps import Stamp, fingerprint


def _requirements(project):
    return project.root / "dev" / "requirements" / "environment.txt"


def _stamp(project):
    """Stamp of the environment: the pins, and the Python that it was made with."""
    made_from = fingerprint(_requirements(project), sys.version, sys.base_prefix)
    return Stamp(project.venv / "complete", made_from)


def ensure_environment(project, console):
    """Make the environment, or make it anew when pins or Python have changed.

    It is made in its final place, as its scripts name their own path; what tells a
    finished one from a half-made one is the stamp.
    """
    stamp = _stamp(project)
    if stamp.is_current():
        return
    with console.step("Python packages"):
        stamp.clear()
        log = project.logs / "python.log"
        run([sys.executable, "-m", "venv", "--clear", project.venv], log)
        _install(project, console, log)
        stamp.set()


def _install(project, console, log):
    """Install exactly the pinned packages; downloads stay in the user's cache."""
    requirements = _requirements(project)
    total = len(re.findall(r"^[^#\s]", requirements.read_text(), re.M))
    seen = []

    def show(line):
        if line.startswith("Collecting "):
            seen.append(line.split()[1])
            console.progress(f"{len(seen)} of {total} fetched ({seen[-1]})")
        elif line.startswith(("Building", "Installing")):
            console.progress(line[:60])

    pip = [project.python, "-m", "pip", "--disable-pip-version-check"]
    env = {**os.environ, "PIP_CACHE_DIR": str(project.cache / "pip")}
    run(
        [*pip, "install", "--no-deps", "--progress-bar=off", "-r", requirements],
        log,
        show,
        env=env,
    )
    run([*pip, "check"], log)
