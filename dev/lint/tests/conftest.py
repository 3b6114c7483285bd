"""What the linters' tests share."""

import subprocess

import pytest


@pytest.fixture
def clone(tmp_path):
    """A function that makes a git repository with some files, none of them committed.

    Where the files are ignored, tracked or new is up to the test.
    """

    def make(files):
        subprocess.run(["git", "init", "-q", tmp_path], check=True)
        for name, content in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
        return tmp_path

    return make
