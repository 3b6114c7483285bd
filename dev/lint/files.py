"""Which files are checked."""

import os
import shutil
import subprocess

from provision.paths import ADDON

# What is not looked into where git cannot say which files are ours.
_GENERATED = frozenset((".dev", ".git", "__pycache__", "build", "dist", "node_modules"))


def list_files(root):
    """List the files that git knows, and those that it would add.

    :param pathlib.Path root: the repository's root
    :return: sorted paths, relative to the root, with slashes
    :rtype: list[str]
    """
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(
            command, cwd=root, check=True, capture_output=True, text=True
        ).stdout.split("\0")
    except (subprocess.CalledProcessError, FileNotFoundError):
        listed = _walk(root)
    return sorted({name for name in listed if name and (root / name).is_file()})


def _walk(root):
    """Yield the files below the root that are not generated."""
    for folder, subfolders, names in os.walk(root):
        subfolders[:] = [name for name in subfolders if name not in _GENERATED]
        for name in names:
            yield os.path.relpath(os.path.join(folder, name), root)


def of_type(files, *suffixes):
    """Choose files by the end of their names.

    :param list[str] files: relative paths
    :param suffixes: ends of names, such as ``.py``
    :rtype: list[str]
    """
    return [name for name in files if name.endswith(suffixes)]


def is_development(name):
    """Tell whether a file is for development only: tools, tests, configuration.

    :param str name: relative path
    :rtype: bool
    """
    return name.startswith(("dev/", "tests/", "static/tests/", "."))


def stage_addon(project, files):
    """Copy the add-on's files into a folder that bears the add-on's name.

    The clone's own folder may be called anything, and holds more than the add-on;
    tools that look at a whole add-on want neither.

    :param provision.paths.Project project: the clone
    :param list[str] files: relative paths of all checked files
    :return: the folder that holds the add-on's
    :rtype: pathlib.Path
    """
    stage = project.state / "lint" / "stage"
    shutil.rmtree(stage, ignore_errors=True)
    for name in files:
        if not name.startswith(("dev/", ".")):
            target = stage / ADDON / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(project.root / name, target)
    return stage
