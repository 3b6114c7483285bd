"""Stop what runs from this clone and remove everything that was generated in it.

``--downloads`` removes the downloads in the user's cache as well.
"""

import os
import shutil
import sys

from workbench.provision.console import Console
from workbench.provision.paths import Project
from workbench.stack.leftovers import (
    shared_prefix,
    socket_folder,
    stop_postgres,
    stop_stack,
)


def stop_everything(project):
    """Stop a demo or a test run of this clone, by the process numbers it noted."""
    stop_stack(project.stack_file)
    for data in project.state.glob("*/postgres"):
        stop_postgres(data)
        shutil.rmtree(socket_folder(data), ignore_errors=True)


def remove(project, downloads):
    """Remove what was generated.

    :param bool downloads: whether the downloads go as well
    """
    shutil.rmtree(project.state, ignore_errors=True)
    for folder in project.root.rglob("__pycache__"):
        shutil.rmtree(folder, ignore_errors=True)
    if downloads:
        shutil.rmtree(project.cache, ignore_errors=True)


def main(argv):
    """Run from the command line."""
    project = Project()
    stop_everything(project)
    remove(project, downloads="--downloads" in argv)
    console = Console()
    console.say("Removed what was generated here.")
    if os.environ.get("PGHOST"):
        console.say(
            f"The databases on PGHOST={os.environ['PGHOST']} stay; those of this clone "
            f"begin with {shared_prefix(project.root)}."
        )


if __name__ == "__main__":
    main(sys.argv[1:])
