"""Form-encoded parameters with brackets, as Stripe's API reads them."""

import re
from urllib.parse import parse_qsl

from .errors import invalid

_KEY = re.compile(r"^([^\[\]]+)((?:\[[^\[\]]*\])*)$")
_PART = re.compile(r"\[([^\[\]]*)\]")


def parse(*encoded):
    """Return the nested parameters of query strings and form bodies.

    ``a[b]=1`` gives ``{"a": {"b": "1"}}``; ``a[]=1&a[]=2`` gives a list; numbered
    items (``a[0][b]``) give a list too. Values stay strings; the schema converts.

    :param str encoded: each ``application/x-www-form-urlencoded`` text.
    :raise StripeError: for a malformed key.
    """
    tree = {}
    for text in encoded:
        for key, value in parse_qsl(text, keep_blank_values=True):
            _insert(tree, _path(key), value)
    return _lists(tree)


def _path(key):
    match = _KEY.match(key)
    if not match:
        raise invalid(f"Invalid parameter name: {key}", key)
    return [match.group(1), *_PART.findall(match.group(2))]


def _insert(node, path, value):
    *parents, last = path
    for part in parents:
        part = _next_index(node) if part == "" else part
        node = node.setdefault(part, {})
        if not isinstance(node, dict):
            raise invalid(f"Invalid hash: {path[0]}", path[0])
    node[_next_index(node) if last == "" else last] = value


def _next_index(node):
    return str(len(node))


def _lists(node):
    """Turn hashes whose keys are 0, 1, 2… into lists."""
    if not isinstance(node, dict):
        return node
    node = {key: _lists(value) for key, value in node.items()}
    if node and all(key.isdigit() for key in node):
        return [node[key] for key in sorted(node, key=int)]
    return node


def name(path):
    """Return a path in form notation: ``["a", "b", 0]`` is ``a[b][0]``."""
    head, *rest = path
    return str(head) + "".join(f"[{part}]" for part in rest)
