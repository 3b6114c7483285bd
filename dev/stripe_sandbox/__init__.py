"""A stand-in for Stripe on this machine, for tests and the demo.

See ``README.md`` in this folder.
"""

from .server import StripeSandbox

__all__ = ["StripeSandbox"]
