"""A pytest plugin: what no test has changed is not worked out anew for each.

Odoo empties all caches of its registry after each test. Style sheets, templates and
routes are treated here as a server treats them after a transaction that was rolled
back: emptied if something that they depend on was changed, else kept. That is a fifth
of what tests of pages take.
"""

from collections import Counter
from unittest.mock import patch

import pytest

#: Caches whose content only Odoo's own methods can change, which empty them then.
KEPT = ("assets", "groups", "routing", "templates")


@pytest.fixture(scope="session", autouse=True)
def kept_caches(load_registry):
    """Count how often caches are emptied, and keep those that a test did not empty."""
    from odoo.orm.registry import _CACHES_BY_KEY, Registry
    from odoo.tests import TransactionCase

    emptied, clear_cache = Counter(), Registry.clear_cache
    set_up = TransactionCase.setUp

    def count(registry, *names):
        for name in names or ("default",):
            emptied.update(_CACHES_BY_KEY[name])
        clear_cache(registry, *names)

    def set_up_kept(case):
        before = emptied.copy()

        def clear(registry):
            is_as_before = {name: emptied[name] == before[name] for name in KEPT}
            names = [name for name in _CACHES_BY_KEY if not is_as_before.get(name)]
            registry.clear_cache(*names)

        # The set-up registers this method, to be called after the test.
        with patch.object(Registry, "clear_all_caches", clear):
            set_up(case)

    with (
        patch.object(Registry, "clear_cache", count),
        patch.object(TransactionCase, "setUp", set_up_kept),
    ):
        yield
