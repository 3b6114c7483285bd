"""Which tests run together, and on what."""

from typing import NamedTuple

from .environment import (
    COMPANY,
    POINT_OF_SALE,
    PROVIDERS,
    QUEUE_JOB,
    REPAIR,
    SALE,
    SALE_PROJECT,
    WEBSITE,
    Template,
)

#: Tests that need more than the add-on depends on, and the templates that have it.
NEEDING_MORE = {
    "test_origin_point_of_sale.py": POINT_OF_SALE,
    "test_origin_repair.py": REPAIR,
    "test_origin_sale.py": SALE,
    "test_origin_sale_project.py": SALE_PROJECT,
    "test_link_login_website.py": WEBSITE,
    "test_reminder_hold_goods.py": REPAIR,
    "test_bulk_queue_job.py": QUEUE_JOB,
    "test_payment_other_providers.py": PROVIDERS,
    "test_payment_provider_browser.py": PROVIDERS,
    "test_payment_screen_website.py": WEBSITE,
}


class Suite(NamedTuple):
    """Tests that one pytest runs, in processes of their own."""

    name: str
    #: Paths, from the root of the project.
    paths: tuple
    #: What its database starts from; none for tests that make their own.
    template: Template | None = None
    #: Processes beside pytest's own; each costs seconds to start.
    workers: int = 0


def split(arguments):
    """Tell paths of the tools' tests, of the add-on's, and options for both, apart.

    :param list arguments: of the command line
    :return: paths below ``dev/``, paths below ``tests/``, the rest
    :rtype: tuple[list, list, list]
    """
    dev = [text for text in arguments if text.startswith("dev/")]
    addon = [text for text in arguments if text.startswith("tests/")]
    return dev, addon, [text for text in arguments if text not in (*dev, *addon)]


def template_for(path):
    """Return what a file of tests is run on.

    :param str path: below ``tests/``, possibly with the name of a test
    :rtype: Template
    """
    return NEEDING_MORE.get(path.partition("::")[0].rpartition("/")[2], COMPANY)


def choose(root, dev, addon, kind="test"):
    """Return what is to be run, the largest suite last.

    :param pathlib.Path root: of the project
    :param list dev: paths below ``dev/``
    :param list addon: paths below ``tests/``; neither is everything
    :param str kind: how the files' names begin: ``test``, or ``soak`` for what takes
        too long for each run
    :rtype: list[Suite]
    """
    if not dev and not addon:
        dev = ["dev"]
        addon = sorted(
            (str(path.relative_to(root)) for path in root.glob(f"tests/*/{kind}_*.py")),
            # Few tests of minutes in all: the last one should not run alone.
            key=lambda path: ("_browser" not in path, "_race" not in path, path),
        )
    by_template = {}
    for path in addon:
        by_template.setdefault(template_for(path), []).append(path)
    suites = [
        Suite(template.name, tuple(paths), template, 3 if template is COMPANY else 0)
        for template, paths in by_template.items()
    ]
    if dev:
        suites.append(Suite("dev", tuple(dev), workers=2))
    return sorted(suites, key=lambda suite: suite.template is COMPANY)
