"""How the linters' answers are read."""

import json
import os
from types import SimpleNamespace

import pytest

from lint.tools import (
    Tools,
    _read_eslint,
    _read_located,
    _read_prettier,
    check_wheel,
)
from provision.commands import SetupError
from provision.paths import Project


@pytest.mark.parametrize(
    "line, finding",
    [
        ("dev/a.py:3:7: E501 Line too long", "dev/a.py:3: E501 Line too long"),
        (
            "account_payment_portal/models/a.py:3: No [x]",
            "models/a.py:3: No [x]",
        ),
        (
            ".dev/lint/stage/account_payment_portal/data/a.xml:1 bad header",
            "data/a.xml:1: bad header",
        ),
    ],
)
def test_read_located(line, finding):
    assert [str(found) for found in _read_located(line)] == [finding]


def test_what_has_no_place_is_no_finding():
    output = "************* Module a\n\n12 files checked: fine\n"
    assert list(_read_located(output, ["a.py"])) == []


def test_a_file_as_a_whole():
    output = "x/account_payment_portal/i18n/de.po: Wrong formatting\n"
    found = _read_located(output, ["i18n/de.po"])
    assert [str(finding) for finding in found] == ["i18n/de.po:1: Wrong formatting"]


def test_read_prettier():
    output = (
        "Checking formatting...\n"
        "[warn] a.xml\n"
        "[error] b.js: SyntaxError: Unexpected token (2:5)\n"
        "[error]   1 | a:\n"
        "[warn] Code style issues found in the above file.\n"
    )
    assert [str(found) for found in _read_prettier(output, {"a.xml", "b.js"})] == [
        "a.xml:1: File would be reformatted",
        "b.js:2: SyntaxError: Unexpected token (2:5)",
    ]


@pytest.fixture
def run(tmp_path):
    """A function that runs a shell command as if it were a linter."""
    environment = SimpleNamespace(
        project=Project(tmp_path), variables={"PATH": os.defpath}
    )
    tools = Tools(environment, [])

    def call(script, **options):
        return tools._run(["sh", "-c", script], _read_located, **options)

    return call


def test_a_linter_that_finds_something(run):
    assert run("echo a.py:1: bad; exit 1") == [("a.py", 1, "bad")]
    assert run("echo a.py:1: bad") == [("a.py", 1, "bad")]


def test_a_linter_that_finds_nothing(run):
    assert run("echo All is well") == []


def test_a_linter_that_does_not_work_is_no_clean_bill(run):
    with pytest.raises(SetupError, match="cannot start"):
        run("echo cannot start >&2; exit 1")
    with pytest.raises(SetupError, match="cannot start"):
        run("echo cannot start; exit 2")


def test_read_eslint():
    messages = [
        {"message": "No.", "ruleId": "no-var", "line": 4},
        {"message": "Parsing error", "ruleId": None},
    ]
    output = json.dumps([{"filePath": "/clone/a.js", "messages": messages}])
    assert [str(found) for found in _read_eslint(output, "/clone/")] == [
        "a.js:4: No. [no-var]",
        "a.js:1: Parsing error [syntax]",
    ]


def test_check_wheel():
    folder = "odoo/addons/account_payment_portal"
    packed = [f"{folder}/__init__.py", f"{folder}/dev/x.py", "x.dist-info/METADATA"]
    files = ["__init__.py", "models/a.py", "dev/x.py", "tests/t.py", ".ci/run"]
    assert [str(found) for found in check_wheel(packed, files)] == [
        "models/a.py:1: is missing in the wheel",
        "dev/x.py:1: has no place in the wheel",
    ]
