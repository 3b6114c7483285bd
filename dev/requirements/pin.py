"""Write environment.txt: the exact versions that environment.in resolves to.

Run it with the oldest supported Python (3.10): what it pins then installs on every
later one as well.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
HEADER = (
    "# Pinned from environment.in by dev/requirements/pin.py; do not edit by hand.\n"
)


def pinned_versions():
    """Resolve environment.in in an empty environment.

    :return: one ``name==version`` a line, sorted
    :rtype: str
    :raise subprocess.CalledProcessError: if the resolver finds no answer
    """
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        pip = [f"{folder}/bin/python", "-m", "pip"]
        subprocess.run(
            [*pip, "install", "-q", "-r", str(HERE / "environment.in")], check=True
        )
        frozen = subprocess.run(
            [*pip, "freeze"], check=True, capture_output=True, text=True
        )
    return frozen.stdout


if __name__ == "__main__":
    (HERE / "environment.txt").write_text(HEADER + pinned_versions())
