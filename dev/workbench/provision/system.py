"""Programs that have to come from the system's own packages."""

import importlib.util
import os
import shutil
import sys

from .commands import SetupError, run
from .steps import Stamp, exclusive

#: Without windows of its own: a page costs it a third of what it costs the others.
LIGHT_BROWSER = "chromium-headless-shell"
BROWSERS = (LIGHT_BROWSER, "chromium", "chromium-browser", "google-chrome")


def find_browser(which=shutil.which):
    """The program to open pages with.

    :param which: finds a program by its name
    :return: its path; None if there is none
    :rtype: str | None
    """
    return next((path for name in BROWSERS if (path := which(name))), None)


def missing_packages(which=shutil.which):
    """Debian packages that this machine lacks.

    :param which: finds a program by its name
    :rtype: list[str]
    """
    missing = []
    # What ``python -m venv`` needs is in a package of its own at Debian.
    if not all(importlib.util.find_spec(name) for name in ("ensurepip", "venv")):
        missing.append(f"python{sys.version_info[0]}.{sys.version_info[1]}-venv")
    if not which("wkhtmltopdf"):
        missing.append("wkhtmltopdf")
    if not find_browser(which):
        missing.append(LIGHT_BROWSER)
    return missing


def may_install():
    """Whether this user may install Debian packages.

    :rtype: bool
    """
    return os.geteuid() == 0 and bool(shutil.which("apt-get"))


def install_packages(missing, project, console):
    """Install Debian packages, or say how to.

    :param list missing: their names
    :raise SetupError: if this user may not install packages
    """
    argv = ["apt-get", "install", "-y", "--no-install-recommends", *missing]
    lock = ["-oDPkg::Lock::Timeout=600"]
    if not may_install():
        raise SetupError(
            "These programs are missing and only the administrator can install them:\n"
            f"    sudo {' '.join(argv)}\nThen run the same command again."
        )
    log = project.logs / "system.log"
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    console.progress("reading the package lists")
    # One clone at a time: apt gives up at once if another one reads the lists.
    with exclusive(project.cache / "system.lock", console):
        run(["apt-get", "update"], log, console.progress, env=env)
        console.say(f"    installing {' '.join(missing)}")
        # What an interrupted installation has left half done.
        run(["dpkg", "--configure", "-a"], log, console.progress, env=env)
        run([*argv, *lock], log, console.progress, env=env)


def ensure_packages(project, console):
    """Make sure that the system's own programs are there."""
    missing = missing_packages()
    if missing:
        with console.step(f"System packages: {', '.join(missing)}"):
            install_packages(missing, project, console)
    elif not shutil.which(LIGHT_BROWSER) and may_install():
        add_light_browser(project, console)


def add_light_browser(project, console):
    """Try, once in this clone, to get it for tests that take half the time."""
    tried = Stamp(project.state / "light-browser.stamp", LIGHT_BROWSER)
    if tried.is_current():
        return
    tried.set()
    with console.step(f"System package: {LIGHT_BROWSER}"):
        try:
            install_packages([LIGHT_BROWSER], project, console)
        except SetupError:
            console.say("    not to be had; the other browser will do, but slower")
