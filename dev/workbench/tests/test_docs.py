"""The documents say what the code does."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
OWN = "account.move.portal"


def overrides():
    """Find the methods of core's classes that the add-on overrides.

    :return: the file and the name of each
    :rtype: set[tuple[str, str]]
    """
    return {
        (str(path.relative_to(ROOT)), method.name)
        for folder in ("models", "controllers", "wizard")
        for path in (ROOT / folder).rglob("*.py")
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.ClassDef) and extends_core(node)
        for method in node.body
        if isinstance(method, ast.FunctionDef)
        and f"super().{method.name}(" in ast.unparse(method)
        and "Override of `" in (ast.get_docstring(method) or "")
    }


def extends_core(node):
    """Tell whether a class extends one that is not the add-on's own."""
    values = {
        ast.unparse(line.targets[0]): line.value
        for line in node.body
        if isinstance(line, ast.Assign)
    }
    if "_name" in values:
        return False
    if "_inherit" in values:
        return not ast.literal_eval(values["_inherit"]).startswith(OWN)
    return True  # A controller.


def test_every_override_of_core_is_listed():
    listed = set(re.findall(r"`(\w+)`", (ROOT / "docs" / "developer.md").read_text()))
    missing = sorted((path, name) for path, name in overrides() if name not in listed)
    assert not missing


def test_links_between_documents_lead_somewhere():
    documents = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]
    assert len(documents) > 7
    for document in documents:
        for target in re.findall(r"\]\(([^)#:]+)\)", document.read_text()):
            assert (document.parent / target).exists(), (document.name, target)


def test_readme_is_short():
    assert len((ROOT / "README.md").read_text().splitlines()) <= 200
