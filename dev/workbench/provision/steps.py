"""Work that is either wholly done or not done: fingerprints, stamps, folders."""

import fcntl
import hashlib
import os
import shutil
from contextlib import contextmanager
from pathlib import Path


def fingerprint(*parts):
    """Digest of what something is made from.

    :param parts: texts, or paths of files whose content counts
    :return: 64 hexadecimal digits
    :rtype: str
    """
    digest = hashlib.sha256()
    for part in parts:
        data = part.read_bytes() if isinstance(part, Path) else str(part).encode()
        digest.update(b"%d:" % len(data))
        digest.update(data)
    return digest.hexdigest()


def write_atomically(path, text):
    """Write a file so that a reader sees the old or the new content, never half."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    part.write_text(text)
    os.replace(part, path)


class Stamp:
    """A file that says what a finished piece of work was made from.

    :param pathlib.Path path: the file
    :param str expected: fingerprint of what the work would be made from today
    """

    def __init__(self, path, expected):
        self.path = path
        self.expected = expected

    def is_current(self):
        """Whether the work is finished and still up to date."""
        return self.path.is_file() and self.path.read_text() == self.expected

    def clear(self):
        """Declare the work unfinished."""
        self.path.unlink(missing_ok=True)

    def set(self):
        """Declare the work finished."""
        write_atomically(self.path, self.expected)


@contextmanager
def replaced_folder(target):
    """Make a folder beside its final place and move it there when it is complete.

    :param pathlib.Path target: the folder; an older one is replaced
    :return: the folder to fill, empty at first
    """
    part = target.with_name(target.name + ".part")
    old = target.with_name(target.name + ".old")
    for leftover in (part, old):
        shutil.rmtree(leftover, ignore_errors=True)
    part.mkdir(parents=True)
    yield part
    if target.exists():
        target.rename(old)
    part.rename(target)
    shutil.rmtree(old, ignore_errors=True)


@contextmanager
def exclusive(path, console):
    """Let one process at a time do this; a second one waits and says so."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            console.say(f"    waiting for another run that holds {path.name}")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def link(path, target):
    """Make ``path`` a symbolic link to ``target``, in one step.

    :param pathlib.Path path: the link
    :param target: where it points
    """
    if path.is_symlink() and os.readlink(path) == str(target):
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    part.unlink(missing_ok=True)
    part.symlink_to(target)
    os.replace(part, path)
