"""Check how the add-on's files are laid out: ``python dev/lint/layout.py``.

- In one folder, a room, there is one class per model.
- ``tests/__init__.py`` imports each file of tests, by a name that no other has: Odoo
  runs nothing else.
"""

import ast
import sys
from collections import defaultdict
from pathlib import Path

#: Folders whose folders are the rooms.
TOPS = ("models", "wizard", "report")


def find_models(tree):
    """Yield the model of each class in a file, with the class.

    :param ast.Module tree: The file.
    :return: pairs of a model's name and an ``ast.ClassDef``
    """
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            values = {
                target.id: statement.value
                for statement in node.body
                if isinstance(statement, ast.Assign)
                for target in statement.targets
                if isinstance(target, ast.Name)
            }
            for name in ("_name", "_inherit"):
                value = values.get(name)
                if isinstance(value, ast.Constant) and isinstance(value.value, str):
                    yield value.value, node
                    break


def check_models(root):
    """Yield the classes that extend a model which another of their room extends.

    :param pathlib.Path root: The repository's root.
    """
    places = defaultdict(list)
    for top in TOPS:
        for path in sorted((root / top).rglob("*.py")):
            room = path.parent.relative_to(root)
            for model, node in find_models(ast.parse(path.read_text("utf-8"))):
                # What stands beside the rooms is in none of them.
                if len(room.parts) > 1:
                    places[room, model].append(
                        f"{path.relative_to(root)}:{node.lineno}"
                    )
    for (room, model), found in places.items():
        for place in found[1:]:
            yield f"{place}: {room} has a class of {model} already, at {found[0]}"


def imported_names(path):
    """Return the names that a file imports from its own package.

    :rtype: list[str]
    """
    return [
        alias.asname or alias.name
        for node in ast.parse(path.read_text("utf-8")).body
        if isinstance(node, ast.ImportFrom) and node.level
        for alias in node.names
    ]


def check_tests(root):
    """Yield files of tests that Odoo does not find, and imports of none.

    :param pathlib.Path root: The repository's root.
    """
    index = root / "tests" / "__init__.py"
    files = sorted((root / "tests").rglob("test_*.py"))
    names = [path.stem for path in files]
    imported = imported_names(index)
    for path in files:
        place = path.relative_to(root)
        if path.stem not in imported:
            yield f"{place}:1: tests/__init__.py does not import it"
        if names.count(path.stem) > 1:
            yield f"{place}:1: another file of tests has the same name"
    for name in imported:
        if name not in names:
            yield f"tests/__init__.py:1: there is no {name}.py"


def main(root=None):
    """Print what is wrong; return 1 then.

    :rtype: int
    """
    root = Path(root or ".")
    found = [*check_models(root), *check_tests(root)]
    print("\n".join(found))
    return bool(found)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
