"""A pytest plugin: each worker has attachments of its own, as it has a database.

pytest-odoo lets the workers share one file store; a file that one of them no longer
needs, and removes, would then be missing for the other.
"""

import os
import shutil
from pathlib import Path

import pytest


@pytest.fixture(scope="session", autouse=True)
def own_filestore(load_registry):
    """Give a worker a copy of the file store, made of hard links."""
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    if not worker:
        yield
        return
    from odoo.tools import config

    # pytest-odoo has put a mock there, which answers with the shared one.
    shared = Path(config.filestore(config["db_name"]))
    own = shared.with_name(f"{shared.name}-{worker}")
    shutil.rmtree(own, ignore_errors=True)
    shutil.copytree(shared, own, copy_function=os.link)
    config.filestore.return_value = str(own)
    yield
    shutil.rmtree(own, ignore_errors=True)
