"""Checks of every text file."""

import pytest

from lint import hygiene


@pytest.mark.parametrize(
    "name, content, lines",
    [
        ("a.py", b"x = 1\n", []),
        ("a.py", b"", []),
        ("a.py", b"x = 1 \ny\t\n", [1, 2]),
        ("a.md", b"two blanks  \nmean a line end\n", []),
        ("a.py", b"x\r\ny\n", [1]),
        ("a.py", b"x", [1]),
        ("a.py", b"x\n\n\n", [3]),
        ("a.py", b"ok\n\xff\n", [2]),
        ("a.py", b"<" * 7 + b" HEAD\nx\n" + b">" * 7 + b" other\n", [1, 3]),
        ("a.rst", b"Title\n=======\n", []),
        ("a.xml", b"<odoo>\n  <a>\n</odoo>\n", [3]),
        ("a.xml", b"<odoo/>\n", []),
    ],
)
def test_check_text(name, content, lines):
    assert [finding.line for finding in hygiene.check_text(name, content)] == lines


@pytest.mark.parametrize(
    "name, content, fixed",
    [
        ("a.py", b"x \r\ny\t\n\n\n", b"x\ny\n"),
        ("a.py", b"x", b"x\n"),
        ("a.py", b"\n \n", b""),
        ("a.md", b"x  \ny", b"x  \ny\n"),
    ],
)
def test_fix_text(name, content, fixed):
    assert hygiene.fix_text(name, content) == fixed
    assert hygiene.check_text(name, fixed) == []


def test_names_that_differ_in_case_only(clone):
    root = clone({"Readme.md": "x\n", "README.md": "x\n"})
    [finding] = hygiene.check(root, ["Readme.md", "README.md"])
    assert finding.path == "README.md"


def test_leftovers_do_not_belong_into_the_repository(clone):
    names = ["a.py.rej", "i18n/de.po", "i18n/en.po"]
    found = hygiene.check(clone(dict.fromkeys(names, "")), names)
    assert [finding.path for finding in found] == ["a.py.rej", "i18n/en.po"]


def test_an_executable_file_says_by_what_it_is_run(clone):
    root = clone({"run": "#!/bin/sh\n", "bad": "echo\n", "data": "x\n"})
    for name in ("run", "bad"):
        (root / name).chmod(0o755)
    assert [str(f) for f in hygiene.check(root, ["run", "bad", "data"])] == [
        "bad:1: is executable but has no #! line"
    ]


def test_fix_changes_only_what_has_to_be(clone):
    root = clone({"good.py": "x\n", "bad.py": "x  ", "picture.png": "x  "})
    before = (root / "good.py").stat().st_mtime_ns
    hygiene.fix(root, ["good.py", "bad.py", "picture.png"])
    assert (root / "bad.py").read_text() == "x\n"
    assert (root / "picture.png").read_text() == "x  "
    assert (root / "good.py").stat().st_mtime_ns == before
