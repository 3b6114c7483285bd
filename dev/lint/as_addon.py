"""Run a linter on the add-on in a folder that bears the add-on's name.

This repository's root is the add-on, but a clone's folder may be called anything and
holds more than the add-on; linters that look at a whole add-on want neither.

    python dev/lint/as_addon.py LINTER OPTION…
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ADDON = "account_payment_portal"


def stage(root, target, without=("dev/", ".")):
    """Copy the add-on's files, those that git knows.

    :param pathlib.Path root: The repository's root.
    :param pathlib.Path target: The folder to copy into.
    :param tuple without: How names begin that are left out.
    """
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=root, check=True, capture_output=True)
    for name in filter(None, listed.stdout.decode().split("\0")):
        if not name.startswith(without) and (root / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(root / name, target / name)


def main(linter):
    """Run the linter.

    :param list linter: Program and options; configuration files as the root has them.
    :rtype: int
    """
    root = Path.cwd()
    options = [
        text.replace("=.", f"={root}/.") if text.startswith("--") else text
        for text in linter
    ]
    with tempfile.TemporaryDirectory() as folder:
        stage(root, Path(folder) / ADDON)
        return subprocess.run([*options, ADDON], cwd=folder, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
