"""A rule's condition as people say it."""

from collections.abc import Collection

from odoo.fields import Domain
from odoo.orm.domains import DomainCondition, DomainNary, DomainNot
from odoo.tools import format_date, format_datetime, format_list


def _get_words(env):
    """Return the words of the operators, with the field and the value in their place.

    :param odoo.api.Environment env: For the language.
    :rtype: dict[str, str]
    """
    return {
        "=": env._("whose %(field)s is %(value)s"),
        "!=": env._("whose %(field)s is not %(value)s"),
        "in": env._("whose %(field)s is %(value)s"),
        "not in": env._("whose %(field)s is not %(value)s"),
        ">": env._("whose %(field)s is above %(value)s"),
        ">=": env._("whose %(field)s is at least %(value)s"),
        "<": env._("whose %(field)s is below %(value)s"),
        "<=": env._("whose %(field)s is at most %(value)s"),
        "ilike": env._("whose %(field)s contains “%(value)s”"),
        "not ilike": env._("whose %(field)s does not contain “%(value)s”"),
        "child_of": env._("whose %(field)s belongs to %(value)s"),
    }


def describe(records, domain):
    """Return in words which records a condition is for.

    :param odoo.models.Model records: Of the model.
    :param Domain domain: The condition, validated.
    :return: Fit to stand behind "invoices".
    :rtype: str
    """
    env = records.env
    if isinstance(domain, DomainCondition):
        return _describe_condition(records, domain)
    if isinstance(domain, DomainNary):
        parts = [describe(records, child) for child in domain.children]
        style = "standard" if domain.OPERATOR == "&" else "or"
        return format_list(env, parts, style=style)
    if isinstance(domain, DomainNot):
        return env._("not those %(which)s", which=describe(records, domain.child))
    return env._("without exception") if domain == Domain.TRUE else env._("of none")


def _describe_condition(records, condition):
    """Return one comparison in words.

    :param odoo.models.Model records: Of the model.
    :param DomainCondition condition: The comparison.
    :raise KeyError: For operators that people do not use.
    :rtype: str
    """
    env = records.env
    *path, name = condition.field_expr.split(".")
    labels = []
    for step in path:
        labels.append(records._fields[step]._description_string(env))
        records = records[step].browse()
    field = records._fields[name]
    labels.append(field._description_string(env))
    value = condition.value
    is_one = isinstance(value, str) or not isinstance(value, Collection)
    values = [value] if is_one else value
    texts = [_describe_value(records, field, one) for one in values]
    return _get_words(env)[condition.operator] % {
        "field": " › ".join(labels),
        "value": format_list(env, texts, style="or") if texts else "–",
    }


def _describe_value(records, field, value):
    """Return a value as people write it.

    :param odoo.models.Model records: Of the field's model.
    :param odoo.fields.Field field: The field.
    :param value: The value in the condition.
    :rtype: str
    """
    env = records.env
    if field.type == "boolean":
        return env._("set") if value else env._("not set")
    if value is False or value is None:
        return env._("not set")
    if field.type == "selection":
        return dict(field._description_selection(env)).get(value, str(value))
    if field.relational and isinstance(value, int):
        return env[field.comodel_name].browse(value).display_name
    if field.type == "date":
        return format_date(env, value)
    if field.type == "datetime":
        return format_datetime(env, value)
    return str(value)
