"""Build backend (PEP 517): whool, given only what belongs to the installed add-on.

By itself whool packs every file that git knows, under the name of the folder that the
build runs in. This repository's root is the add-on, so that would be the development
tools too, and a clone's folder may have any name. Therefore the add-on's own files are
copied into a folder of the right name, and whool is called there.
"""

import os
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path

from whool import buildapi

ADDON = "account_payment_portal"

#: What the installed add-on has no use for. The tests need the development tools.
DEVELOPMENT = frozenset(
    (
        *("CONTRIBUTING.md", "Dockerfile", "Makefile", "build", "dev", "dist"),
        *("eslint.config.cjs", "pyproject.toml", "tests"),
    )
)

#: What a source distribution needs as well, to be built from.
BUILD_FILES = ("pyproject.toml", "dev/packaging/whool_addon.py")


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    """Build the wheel (a hook of PEP 517).

    :param str wheel_directory: where the wheel goes
    :return: file name of the wheel
    :rtype: str
    """
    with _addon_folder():
        return buildapi.build_wheel(wheel_directory)


def build_sdist(sdist_directory, config_settings=None):
    """Build the source distribution (a hook of PEP 517).

    :param str sdist_directory: where the archive goes
    :return: file name of the archive
    :rtype: str
    """
    with _addon_folder(BUILD_FILES):
        return buildapi.build_sdist(Path(sdist_directory))


def prepare_metadata_for_build_wheel(metadata_directory, config_settings=None):
    """Write the wheel's metadata (a hook of PEP 517).

    :param str metadata_directory: where the ``.dist-info`` folder goes
    :return: name of that folder
    :rtype: str
    """
    with _addon_folder():
        return buildapi.prepare_metadata_for_build_wheel(metadata_directory)


def packaged_files(root):
    """Choose the files that belong to the installed add-on.

    :param pathlib.Path root: the repository's root, or that of a source distribution
    :return: their paths, relative to the root
    :rtype: list[pathlib.Path]
    """
    return [path for path in _source_files(root) if _is_packaged(path)]


def _is_packaged(path):
    top = path.parts[0]
    is_hidden = top.startswith(".") or "__pycache__" in path.parts
    return not is_hidden and top not in DEVELOPMENT


def _source_files(root):
    """List the files of a clone; all there are where git cannot say."""
    if not (root / "PKG-INFO").exists():
        command = ["git", "ls-files", "-z", "--cached", "--others"]
        try:
            listed = subprocess.run(
                [*command, "--exclude-standard"],
                cwd=root,
                check=True,
                capture_output=True,
                text=True,
            ).stdout.split("\0")
            return [Path(name) for name in listed if name and (root / name).is_file()]
        except (subprocess.CalledProcessError, FileNotFoundError):
            pass
    return [path.relative_to(root) for path in root.rglob("*") if path.is_file()]


@contextmanager
def _addon_folder(more_files=()):
    """Work in a copy of the add-on whose folder has the add-on's name."""
    root = Path.cwd()
    files = [*packaged_files(root), Path("pyproject.toml"), *map(Path, more_files)]
    with tempfile.TemporaryDirectory() as parent:
        folder = Path(parent) / ADDON
        for path in files:
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(root / path, folder / path)
        os.chdir(folder)
        try:
            yield
        finally:
            os.chdir(root)
