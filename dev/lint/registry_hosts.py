"""Find hosts of package registries: ``python dev/lint/registry_hosts.py FILE…``.

No such name stands in this repository, so they are asked of the tools: pip, npm and apt
say what is built into them, and what this machine is configured to use instead.
"""

import os
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

LOCAL = {"localhost", "127.0.0.1", "::1", None}
PIP_DEFAULTS = (
    "from pip._internal.models.index import PyPI;"
    "print(PyPI.url, f'https://{PyPI.file_storage_domain}')"
)


def find_hosts(text):
    """Return the hosts of all addresses in a text, but not this machine itself.

    :rtype: set[str]
    """
    addresses = re.findall(r"\bhttps?://[^\s'\"<>,]+", text)
    return {urlsplit(address).hostname for address in addresses} - LOCAL


def ask(*command):
    """Return what a program prints, nothing if there is none or it fails.

    :rtype: str
    """
    try:
        return subprocess.run(command, capture_output=True, text=True).stdout
    except FileNotFoundError:
        return ""


def read_apt_sources(folder):
    """Return the lines of apt's sources that are no comments.

    :param pathlib.Path folder: Where apt's configuration is.
    :rtype: str
    """
    paths = [folder / "sources.list", *folder.glob("sources.list.d/*")]
    lines = [
        line
        for path in paths
        if path.is_file()
        for line in path.read_text(errors="ignore").splitlines()
    ]
    return "\n".join(line for line in lines if not line.lstrip().startswith("#"))


def registry_hosts():
    """Ask pip, npm and apt which hosts they use.

    :rtype: set[str]
    """
    no_files = ("--userconfig=/dev/null", "--globalconfig=/dev/null")
    answers = [
        ask(sys.executable, "-c", PIP_DEFAULTS),
        ask(sys.executable, "-m", "pip", "config", "list"),
        ask("npm", "config", "get", "registry"),
        ask("npm", "config", "get", "registry", *no_files),
        read_apt_sources(Path("/etc/apt")),
        *(os.environ[name] for name in os.environ if re.search("INDEX|REGISTRY", name)),
    ]
    return find_hosts("\n".join(answers))


def main(names):
    """Print where one was found; return 1 then.

    :rtype: int
    """
    hosts = registry_hosts()
    found = [
        f"{name}:{number}: names the host of a package registry"
        for name in names
        for number, line in enumerate(Path(name).read_text("utf-8").splitlines(), 1)
        if any(host in line for host in hosts)
    ]
    print("\n".join(found))
    return bool(found)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
