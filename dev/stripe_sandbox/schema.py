"""Checks request parameters against the ``stripe`` SDK's typed dictionaries.

``stripe.params`` is generated from Stripe's OpenAPI description, so a parameter
that is not in it is one that the API refuses.
"""

import functools
import importlib
import re
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass

import typing_extensions
from stripe._request_options import RequestOptions

from . import forms
from .errors import empty, invalid, missing, unknown

_INTEGER = re.compile(r"^[+-]?\d+$")
# Python's words come from callers that let `requests` encode a bool, as Odoo does.
_TRUTH = {"true": True, "True": True, "false": False, "False": False}
# Stripe.js says "card" here; the description of the API leaves cards out because
# servers must not send them.
_UNDESCRIBED = {"payment_method_data[type]": ("card",)}
# What the SDK imports for type checkers only, in options that are no parameters.
_TYPE_CHECKED = {"Mapping": Mapping, "StripeContext": object}


@dataclass(frozen=True)
class Choice:
    """The alternatives that a parameter's type allows."""

    literals: tuple = ()
    plain: frozenset = frozenset()
    hash_type: type = None
    map_type: bool = False
    item: "Choice" = None


def params_class(operation):
    """Return the SDK's typed dictionary of an operation.

    :param str operation: in the SDK's words, such as ``payment_intent_create``.
    """
    module = importlib.import_module(f"stripe.params._{operation}_params")
    camel = "".join(word.capitalize() for word in operation.split("_"))
    return getattr(module, f"{camel}Params")


@functools.cache
def fields(cls):
    """Return ``{name: (required, Choice)}`` of a typed dictionary."""
    hints = typing_extensions.get_type_hints(cls, localns=_TYPE_CHECKED)
    return {
        name: (name in cls.__required_keys__, _choice(hint))
        for name, hint in hints.items()
        if name not in RequestOptions.__annotations__
    }


def _leaves(annotation):
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        for part in typing.get_args(annotation):
            yield from _leaves(part)
    else:
        yield annotation


def _choice(annotation):
    literals, plain, hash_type, map_type, item = [], set(), None, False, None
    for leaf in _leaves(annotation):
        origin = typing.get_origin(leaf)
        if origin is typing.Literal:
            literals.extend(typing.get_args(leaf))
        elif origin is list:
            item = _choice(typing.get_args(leaf)[0])
        elif hasattr(leaf, "__total__"):
            hash_type = leaf
        elif leaf in (str, int, float, bool):
            plain.add(leaf)
        else:
            map_type = True
    return Choice(tuple(literals), frozenset(plain), hash_type, map_type, item)


def check(cls, params, extra=None, path=()):
    """Return the parameters with their types, or refuse them.

    :param type cls: the typed dictionary.
    :param dict params: as :func:`forms.parse` gives them.
    :param dict extra: further fields in the form of :func:`fields`.
    :raise StripeError: unknown, missing or wrong parameters.
    """
    known = {**fields(cls), **(extra or {})}
    strangers = [forms.name((*path, key)) for key in params if key not in known]
    if strangers:
        raise unknown(strangers)
    for field, (required, _choice_of) in known.items():
        if required and field not in params:
            raise missing(forms.name((*path, field)))
    return {
        key: _convert(known[key][1], value, (*path, key))
        for key, value in params.items()
    }


def _convert(choice, value, path):
    if isinstance(value, dict):
        return _convert_hash(choice, value, path)
    if isinstance(value, list):
        return _convert_list(choice, value, path)
    if value == "":
        return _convert_empty(choice, path)
    return _convert_scalar(choice, value, path)


def _convert_hash(choice, value, path):
    if choice.hash_type:
        return check(choice.hash_type, value, path=path)
    if choice.map_type:
        return _convert_map(value, path)
    where = forms.name(path)
    raise invalid(f"Invalid string: {where} must not be a hash", where)


def _convert_map(value, path):
    for key, item in value.items():
        if not isinstance(item, str):
            where = forms.name((*path, key))
            raise invalid("Invalid string: must be a string", where)
    return value


def _convert_list(choice, value, path):
    if choice.item:
        return [_convert(choice.item, v, (*path, i)) for i, v in enumerate(value)]
    if choice.map_type:  # metadata whose keys are digits
        return _convert_map({str(i): v for i, v in enumerate(value)}, path)
    where = forms.name(path)
    raise invalid(f"Invalid array: {where} is not a list", where)


def _convert_empty(choice, path):
    if "" in choice.literals:
        return ""
    # Addresses come from forms with optional lines; Stripe reads "" as absent there,
    # but for what has been seen to be refused.
    is_needed = path[-1] == "country" or path[-3:] == ("shipping", "address", "line1")
    is_text = str in choice.plain and not choice.literals
    if is_text and "address" in path[:-1] and not is_needed:
        return None
    raise empty(forms.name(path))


def _convert_scalar(choice, value, path):
    where = forms.name(path)
    values = tuple(literal for literal in choice.literals if literal != "")
    values += _UNDESCRIBED.get(where, ())
    if bool in choice.plain and value in _TRUTH:
        return _TRUTH[value]
    if value in values:
        return value
    if int in choice.plain and _INTEGER.match(value):
        return int(value)
    if float in choice.plain:
        return _decimal(value, where)
    if str in choice.plain and not values:
        return value
    raise _mismatch(choice, values, value, where)


def _decimal(value, where):
    try:
        return float(value)
    except ValueError:
        raise invalid(f"Invalid decimal: {value}", where) from None


def _mismatch(choice, values, value, where):
    if values:
        *others, last = values
        listed = f"{', '.join(others)}, or {last}" if others else last
        return invalid(f"Invalid {where}: must be one of {listed}", where)
    if int in choice.plain:
        return invalid(f"Invalid integer: {value}", where, "parameter_invalid_integer")
    if bool in choice.plain:
        return invalid(f"Invalid boolean: {value}", where)
    kind = "array" if choice.item else "object"
    return invalid(f"Invalid {kind}", where)
