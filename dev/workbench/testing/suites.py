"""Which tests run together, and on what."""

from typing import NamedTuple

from .environment import (
    APPLICATIONS,
    COMPANY,
    LEAN,
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
    "test_origin_point_of_sale.py": APPLICATIONS,
    "test_origin_repair.py": APPLICATIONS,
    "test_origin_sale.py": APPLICATIONS,
    "test_origin_sale_project.py": APPLICATIONS,
    "test_link_login_website.py": WEBSITE,
    "test_reminder_hold_goods.py": APPLICATIONS,
    "test_bulk_queue_job.py": QUEUE_JOB,
    "test_payment_other_providers.py": PROVIDERS,
    "test_payment_provider_browser.py": PROVIDERS,
    "test_payment_screen_website.py": WEBSITE,
}
#: What soaks as well: where no other application is installed than the one it needs.
ALONE = {
    "test_origin_point_of_sale.py": POINT_OF_SALE,
    "test_origin_repair.py": REPAIR,
    "test_origin_sale.py": SALE,
    "test_origin_sale_project.py": SALE_PROJECT,
    "test_reminder_hold_goods.py": REPAIR,
}
#: Tests of the tools that work on databases of their own; the others need none.
LIVES = ("test_lifecycle.py", "test_plain_odoo.py", "soak_plain_odoo.py")


class Suite(NamedTuple):
    """Tests that one pytest runs, in processes of their own."""

    name: str
    #: Paths, from the root of the project.
    paths: tuple
    #: What its database starts from; none for tests that make their own.
    template: Template | None = None
    #: Templates that its tests make copies of.
    needs: tuple = ()
    #: Processes beside pytest's own; each costs seconds to start.
    workers: int = 0
    #: Whether it runs beside the others, which run one after the other.
    is_beside: bool = False


def split(arguments):
    """Tell paths of the tools' tests, of the add-on's, and options for both, apart.

    :param list arguments: of the command line
    :return: paths below ``dev/``, paths below ``tests/``, the rest
    :rtype: tuple[list, list, list]
    """
    dev = [text for text in arguments if text.startswith("dev/")]
    addon = [text for text in arguments if text.startswith("tests/")]
    return dev, addon, [text for text in arguments if text not in (*dev, *addon)]


def file_name(path):
    """The name of the file that a test is in.

    :param str path: of a file, possibly with the name of a test
    :rtype: str
    """
    return path.partition("::")[0].rpartition("/")[2]


def template_for(path, kind):
    """Return what a file of tests is run on.

    :param str path: below ``tests/``, possibly with the name of a test
    :param str kind: ``test`` or ``soak``
    :rtype: Template
    """
    special = NEEDING_MORE if kind == "test" else NEEDING_MORE | ALONE
    return special.get(file_name(path), COMPANY)


def find(root, kind):
    """Find all files of tests.

    :param pathlib.Path root: of the project
    :param str kind: ``test`` or ``soak``
    :return: paths below ``dev/``, paths below ``tests/``
    :rtype: tuple[list[str], list[str]]
    """
    dev = sorted(str(each.relative_to(root)) for each in root.glob(f"dev/**/{kind}_*"))
    addon = [
        str(path.relative_to(root))
        for path in root.glob("tests/*/*_*.py")
        if path.name.startswith(f"{kind}_") or kind == "soak" and path.name in ALONE
    ]
    # Few tests of minutes in all: the last one should not run alone.
    addon.sort(key=lambda path: ("_browser" not in path, "_race" not in path, path))
    return dev, addon


def choose(root, dev, addon, kind="test"):
    """Return the suites to run, those that run beside the others first.

    :param pathlib.Path root: of the project
    :param list dev: paths below ``dev/``
    :param list addon: paths below ``tests/``; neither is everything
    :param str kind: how the files' names begin: ``test``, or ``soak`` for what takes
        too long for each run
    :rtype: list[Suite]
    """
    if not dev and not addon:
        dev, addon = find(root, kind)
    by_template = {}
    for path in addon:
        by_template.setdefault(template_for(path, kind), []).append(path)
    suites = [
        Suite(template.name, tuple(paths), template)
        for template, paths in by_template.items()
        if template is not COMPANY
    ]
    if COMPANY in by_template:
        largest = tuple(by_template[COMPANY])
        suites.insert(
            0, Suite(COMPANY.name, largest, COMPANY, workers=3, is_beside=True)
        )
    lives = tuple(path for path in dev if file_name(path) in LIVES)
    tools = tuple(path for path in dev if path not in lives)
    if lives:
        suites.append(Suite("lives", lives, needs=(LEAN, WEBSITE), workers=2))
    if tools:
        suites.insert(0, Suite("tools", tools, is_beside=True))
    return suites
