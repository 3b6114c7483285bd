"""Which tests run together, and on what."""

from typing import NamedTuple

from .environment import APPLICATIONS, TEMPLATES, USUAL, Template

#: Tests that need more than the add-on depends on, and the template that has it.
NEEDING_MORE = {
    "test_account_move_send_portal_origin.py": APPLICATIONS,
    "test_payment_other_providers.py": APPLICATIONS,
}


class Suite(NamedTuple):
    """Tests that one pytest runs, in processes of their own."""

    name: str
    #: Paths, from the root of the project.
    paths: tuple
    #: What its database starts from; none for tests that make their own.
    template: Template | None = None
    #: A process costs seconds to start: one is enough for few tests.
    workers: int = 1


def split(arguments):
    """Tell paths of the tools' tests, of the add-on's, and options for both, apart.

    :param list arguments: of the command line
    :return: paths below ``dev/``, paths below ``tests/``, the rest
    :rtype: tuple[list, list, list]
    """
    dev = [text for text in arguments if text.startswith("dev/")]
    addon = [text for text in arguments if text.startswith("tests/")]
    return dev, addon, [text for text in arguments if text not in (*dev, *addon)]


def choose(root, dev, addon):
    """Return what is to be run, the largest suite last.

    :param pathlib.Path root: of the project
    :param list dev: paths below ``dev/``
    :param list addon: paths below ``tests/``; neither is everything
    :rtype: list[Suite]
    """
    if not dev and not addon:
        dev = ["dev"]
        addon = sorted(f"tests/{path.name}" for path in root.glob("tests/test_*.py"))
    by_template = {}
    for path in addon:
        name = path.partition("::")[0].rpartition("/")[2]
        by_template.setdefault(NEEDING_MORE.get(name, USUAL), []).append(path)
    suites = [
        Suite(template.name, tuple(paths), template, 2 if template is USUAL else 1)
        for template, paths in by_template.items()
    ]
    if dev:
        suites.append(Suite("dev", tuple(dev), workers=2))
    return sorted(suites, key=lambda suite: suite.template is USUAL)


def needed(suites):
    """Return the templates that suites start from.

    :param list suites: what is to be run
    :rtype: set[Template]
    """
    templates = {suite.template for suite in suites if suite.template}
    return templates if len(templates) == len(suites) else {*templates, *TEMPLATES}
