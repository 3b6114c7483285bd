"""Everything the sandbox knows, in memory and optionally in a file.

Objects are plain dictionaries in the shape of the newest API version. A key that
starts with an underscore is the sandbox's own and never leaves it.
"""

import json
import os
import secrets
import string
from collections import defaultdict
from pathlib import Path

from .errors import no_such

_ALPHABET = string.ascii_letters + string.digits

# Object type -> (id prefix, name in "No such …", parameter blamed in the path).
KINDS = {
    "balance_transaction": ("txn_3", "balance transaction", "id"),
    "charge": ("ch_3", "charge", "id"),
    "customer": ("cus_", "customer", "id"),
    "dispute": ("du_1", "dispute", "dispute"),
    "event": ("evt_3", "event", "id"),
    "mandate": ("mandate_1", "mandate", "mandate"),
    "payment_intent": ("pi_3", "payment_intent", "intent"),
    "payment_method": ("pm_1", "PaymentMethod", "payment_method"),
    "refund": ("re_3", "refund", "refund"),
    "setup_intent": ("seti_1", "setupintent", "intent"),
    "webhook_endpoint": ("we_1", "webhook endpoint", "webhook_endpoint"),
}


def random_text(length=24):
    """Return random letters and digits, as in Stripe's ids."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


class Store:
    """Objects by type and id, due jobs, and replayable answers.

    Callers hold the backend's lock.
    """

    def __init__(self):
        self.objects = defaultdict(dict)
        self.jobs = []
        self.idempotency = {}
        self.account = None
        self.secrets = {}

    def new_id(self, kind):
        """Return a fresh id for an object type."""
        return KINDS[kind][0] + random_text(14 if kind == "customer" else 23)

    def add(self, obj):
        """Keep an object and return it."""
        self.objects[obj["object"]][obj["id"]] = obj
        return obj

    def find(self, kind, object_id):
        """Return an object or None."""
        return self.objects[kind].get(object_id)

    def get(self, kind, object_id, param=None):
        """Return an object or raise Stripe's refusal.

        :param str param: the parameter that holds the id; without it the id comes
            from the path, which is a 404 instead of a 400.
        """
        obj = self.find(kind, object_id)
        if obj is None:
            _prefix, label, path_param = KINDS[kind]
            status = 400 if param else 404
            raise no_such(label, object_id, param or path_param, status)
        return obj

    def newest_first(self, kind):
        """Return all objects of a type, the latest created first."""
        return list(reversed(self.objects[kind].values()))

    def save(self, path, offset):
        """Write everything to a file, whole or not at all.

        The file holds client secrets and keys, so only its owner may read it.

        :param int offset: the clock's offset in seconds.
        """
        part = Path(f"{path}.part")
        content = {**vars(self), "offset": offset}
        with open(
            os.open(part, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w"
        ) as f:
            json.dump(content, f)
        os.replace(part, path)

    def load(self, path):
        """Read what :meth:`save` wrote and return the clock's offset."""
        content = json.loads(Path(path).read_text())
        offset = content.pop("offset")
        objects = content.pop("objects")
        vars(self).update(content)
        for kind, by_id in objects.items():
            self.objects[kind].update(by_id)
        return offset
