"""Where the project keeps what it generates."""

import os
from pathlib import Path

#: Technical name of the add-on; the clone's own folder may be called anything.
ADDON = "account_payment_portal"


class Project:
    """The folders of one clone.

    :param root: the repository's root; the clone that this file belongs to if omitted
    """

    def __init__(self, root=None):
        self.root = Path(root or Path(__file__).resolve().parents[3])
        self.state = self.root / ".dev"
        self.venv = self.state / "venv"
        self.python = self.venv / "bin" / "python"
        self.addons = self.state / "addons"
        #: Holds a link to Odoo's package, to be put on ``PYTHONPATH``: a folder with
        #: that package alone, so that nothing beside it hides the pinned packages.
        self.library = self.state / "lib"
        #: Add-ons of others, as packages put them there; not there unless asked for.
        self.foreign = self.state / "foreign"
        self.odoo_facts = self.state / "odoo.json"
        self.stack_file = self.state / "run" / "stack.json"
        self.logs = self.state / "logs"

    @property
    def cache(self):
        """Downloads, shared by all clones of this user."""
        base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
        return Path(base) / "account-payment-portal"
