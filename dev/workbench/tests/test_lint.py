"""What the linters of our own find, and what the configured patterns find."""

import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[3]
CONFIG = ROOT / ".pre-commit-config.yaml"
HOOKS = {
    hook["id"]: hook for hook in yaml.safe_load(CONFIG.read_text())["repos"][0]["hooks"]
}
# Put together here, so that this file does not break the rules itself.
HOME = "/ho" + "me/"
LIVE_KEY = "sk_li" + "ve_51Habcdefgh"
TEST_KEY = "sk_te" + "st_51HabcdefghABCDEFGH"


@pytest.fixture
def run(tmp_path):
    """A function that runs a linter of ours on some files: what it prints."""

    def check(script, files, *names):
        for name, text in files.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text)
        done = subprocess.run(
            [sys.executable, ROOT / "dev" / "lint" / f"{script}.py", *names],
            cwd=tmp_path,
            capture_output=True,
            text=True,
        )
        found = done.stdout.split("\n")[:-1] if done.stdout.strip() else []
        assert (done.stderr, done.returncode) == ("", int(bool(found)))
        return found

    return check


def finds(hook, name, line):
    """Tell whether a hook that is a pattern objects to a line of a file."""
    options = HOOKS[hook]
    if not re.search(options.get("files", ""), name):
        return False
    if re.search(options.get("exclude", "^$"), name):
        return False
    return bool(re.search(options["entry"], line))


@pytest.mark.parametrize(
    "text",
    [
        f"open('{HOME}someone/file')",
        "cd " + "/wo" + "rk/main",
        'PATH="' + "/ro" + 'ot/bin"',
        "see .." + "/shared/design.md",
        "log=" + "/t" + "mp/log",
    ],
)
def test_folders_of_one_machine(text):
    assert finds("machine-paths", "dev/a.py", text)


@pytest.mark.parametrize(
    "text",
    [
        "https://example.com/home/page",
        "~/work/clone",
        "./tmp/x",
        "//root/element",
        "data/home/x",
        "/usr/bin/chromium",
        'route("/portal/invoice")',
    ],
)
def test_other_paths_are_fine(text):
    assert not finds("machine-paths", "dev/a.py", text)


@pytest.mark.parametrize("name", ["models/a.py", "dev/a.py", "tests/a.py", "README.md"])
def test_live_keys_are_found_everywhere(name):
    assert finds("live-keys", name, f"key = '{LIVE_KEY}'")


def test_test_keys_are_for_tests():
    assert finds("test-keys", "models/a.py", f"key = '{TEST_KEY}'")
    assert not finds("test-keys", "tests/test_a.py", f"key = '{TEST_KEY}'")
    assert not finds("test-keys", "models/a.py", "if key.startswith('sk_test_'):")


@pytest.mark.parametrize(
    "name, text",
    [
        ("static/src/a.css", "background: url(https://cdn.example/x.png)"),
        ("static/src/a.scss", "@import '//cdn.example/x';"),
        ("static/src/a.js", 'import x from "https://cdn.example/x.js";'),
        ("static/src/a.js", 'await loadJS("https://cdn.example/x.js");'),
        ("static/src/a.js", "fetch('http://cdn.example/x')"),
        ("views/a.xml", '<script src="https://cdn.example/x.js"/>'),
        ("views/a.xml", '<link rel="stylesheet" href="//cdn.example/x.css"/>'),
        ("static/description/index.html", '<img src="https://cdn.example/x.png">'),
    ],
)
def test_assets_of_another_server(name, text):
    assert finds("external-assets", name, text)


@pytest.mark.parametrize(
    "name, text",
    [
        ("views/a.xml", '<a href="https://www.example.com">More</a>'),
        ("views/a.xml", '<img t-att-src="url"/>'),
        ("views/a.xml", '<xpath expr="//div[@src]"/>'),
        ("static/src/a.js", "// see https://www.example.com"),
        ("static/src/a.css", "background: url(/web/image/1)"),
        ("models/a.py", 'src="https://cdn.example"'),
        ("dev/web/a.html", '<img src="http://127.0.0.1/x.png">'),
    ],
)
def test_links_and_own_assets_are_fine(name, text):
    assert not finds("external-assets", name, text)


def test_minified_assets():
    assert finds("minified", "static/src/x.js", "x" * 501)
    assert not finds("minified", "static/src/x.js", "x" * 500)
    assert not finds("minified", "static/src/x.xml", "x" * 501)


@pytest.mark.parametrize("hook", ["external-assets", "live-keys", "leftovers"])
def test_the_hooks_run(tmp_path, hook):
    """As pre-commit reads the patterns, not as we do."""
    shutil.copy(CONFIG, tmp_path)
    (tmp_path / "a.css").write_text("p {\n  background: url(//cdn.example/x.png);\n}\n")
    (tmp_path / "a.py").write_text(f"KEY = '{LIVE_KEY}'\n")
    (tmp_path / "a.py.rej").touch()
    for command in (["init", "-q"], ["add", "."]):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)
    command = [sys.executable, "-m", "pre_commit", "run", hook, "--all-files"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 1
    assert "Failed" in done.stdout


@pytest.mark.parametrize(
    "number", ["4242 4242 4242 4242", "378282246310005", "4000-0027-6000-3184"]
)
def test_card_numbers(run, number):
    text = f"\nx = '{number}'\n"
    assert run("card_numbers", {"a.py": text}, "a.py") == [
        "a.py:2: holds a card number"
    ]


@pytest.mark.parametrize(
    "text",
    [
        "4242 4242 4242 4241",  # wrong check digit
        "19.0.1.0.0",
        "d=1234567890123456",  # no card begins with 1
        "0.4242424242424242",
        "a4242424242424242",
        "42424242424242424242424242424242",
    ],
)
def test_other_numbers_are_no_card_numbers(run, text):
    assert run("card_numbers", {"a.py": text}, "a.py") == []


def test_registry_hosts(run, monkeypatch):
    monkeypatch.setenv(
        "PIP_INDEX_URL", "https://user:secret@mirror.example:8443/simple"
    )
    monkeypatch.setenv("SOME_REGISTRY", "http://localhost:4873/")
    files = {"a.txt": "ok\nurl = //mirror.example/x\n", "b.txt": "http://localhost\n"}
    assert run("registry_hosts", files, *files) == [
        "a.txt:2: names the host of a package registry"
    ]


LINK = "class Link(models.Model):\n    _name = 'portal.link'\n"
MOVE = "class AccountMove(models.Model):\n    _inherit = 'account.move'\n"


def test_one_class_per_model_and_room(run):
    files = {
        "models/link/account_move.py": MOVE,
        "models/link/portal_link.py": LINK,
        "models/visit/account_move.py": MOVE,
        "tests/__init__.py": "",
    }
    assert run("layout", files) == []
    more = {"models/visit/other.py": MOVE, "models/visit/unlike.py": LINK}
    assert run("layout", more) == [
        "models/visit/other.py:1: models/visit has a class of account.move already, "
        "at models/visit/account_move.py:1"
    ]


def test_each_file_of_tests_is_imported_under_a_name_of_its_own(run):
    files = {
        "tests/__init__.py": "from .link import test_a, test_gone\n",
        "tests/link/test_a.py": "",
        "tests/link/common.py": "",
        "tests/visit/test_a.py": "",
        "tests/visit/test_b.py": "",
    }
    assert run("layout", files) == [
        "tests/link/test_a.py:1: another file of tests has the same name",
        "tests/visit/test_a.py:1: another file of tests has the same name",
        "tests/visit/test_b.py:1: tests/__init__.py does not import it",
        "tests/__init__.py:1: there is no test_gone.py",
    ]


def test_the_wheel_holds_the_addon_and_nothing_else(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "dev" / "packaging")
    monkeypatch.chdir(ROOT)
    import whool_addon

    name = whool_addon.build_wheel(str(tmp_path))
    with zipfile.ZipFile(tmp_path / name) as archive:
        packed = {path for path in archive.namelist() if ".dist-info/" not in path}
    folder = "odoo/addons/account_payment_portal/"
    assert {path.startswith(folder) for path in packed} == {True}
    inside = {path.removeprefix(folder) for path in packed}
    assert {"__manifest__.py", "README.md", "i18n/account_payment_portal.pot"} <= inside
    strange = r"(?!controllers|data|demo|docs|i18n|models|pdf|report|security|static"
    strange += r"|migrations|tools|views|wizard)[^.]*/|\.|Makefile|.*\.(toml|cjs)$"
    assert not [path for path in inside if re.match(strange, path)]
