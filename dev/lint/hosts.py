"""The hosts of package registries, as this machine's tools know them.

No such name stands in this repository, so they are asked of the tools: their built-in
defaults, and what this machine is configured to use instead.
"""

import os
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

_LOCAL = frozenset(("localhost", "127.0.0.1", "::1"))
_ADDRESS_VARIABLE = "INDEX_URL|REGISTRY"
_PIP_DEFAULTS = (
    "from pip._internal.models.index import PyPI;"
    "print(PyPI.url, f'https://{PyPI.file_storage_domain}')"
)


def registry_hosts(environment):
    """Ask pip, npm and apt which hosts they use.

    :param lint.environment.Environment environment: has the Node.js with npm
    :return: host names
    :rtype: set[str]
    """
    variables = os.environ.items()
    answers = [
        _ask([sys.executable, "-c", _PIP_DEFAULTS]),
        _ask([sys.executable, "-m", "pip", "config", "list"]),
        *_npm_registries(environment),
        *_apt_sources(Path("/etc/apt")),
        *(value for name, value in variables if re.search(_ADDRESS_VARIABLE, name)),
    ]
    return find_hosts("\n".join(answers))


def find_hosts(text):
    """Return the hosts of all addresses in a text, but not this machine itself.

    :param str text: any text
    :rtype: set[str]
    """
    addresses = re.findall(r"\bhttps?://[^\s'\"<>,]+", text)
    hosts = {urlsplit(address).hostname for address in addresses}
    return hosts - _LOCAL - {None}


def _npm_registries(environment):
    """Return npm's registry as configured, and its own default."""
    folder = environment.node.parents[1] / "lib" / "node_modules" / "npm"
    npm = [environment.node, folder / "bin" / "npm-cli.js", "config", "get", "registry"]
    plain = {"PATH": os.environ["PATH"]}
    no_files = ["--userconfig=/dev/null", "--globalconfig=/dev/null"]
    return [_ask(npm, os.environ), _ask([*npm, *no_files], plain)]


def _apt_sources(folder):
    """Return the lines of apt's sources that are no comments."""
    for path in sorted([folder / "sources.list", *folder.glob("sources.list.d/*")]):
        if path.is_file():
            lines = path.read_text(errors="ignore").splitlines()
            yield from (line for line in lines if not line.lstrip().startswith("#"))


def _ask(command, variables=None):
    """Return what a program prints, nothing if it fails."""
    completed = subprocess.run(
        command,
        env=variables,
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        check=False,
    )
    return completed.stdout
