"""The bootstrap's own rules: sources, fingerprints, finished and unfinished work."""

import io
import os
import sys
from types import SimpleNamespace

import pytest

from workbench.provision import (
    apt_sources,
    commands,
    debian,
    odoo_source,
    python_env,
    steps,
    system,
)
from workbench.provision.apt_sources import Source
from workbench.provision.console import Console

DEB822 = """\
# A comment
Types: deb deb-src
URIs: http://mirror.example/debian
# a comment between fields
Suites: bookworm bookworm-updates
Components: main
 contrib
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb-src
URIs: http://sources.example/debian
Suites: bookworm
Components: main

Types: deb
Enabled: no
URIs: http://off.example/debian
Suites: bookworm
Components: main
"""

ONE_LINE = """\
# deb http://commented.example/debian bookworm main
deb [arch=amd64 signed-by=/k.gpg] http://mirror.example/debian bookworm main contrib # x
deb-src http://mirror.example/debian bookworm main
deb http://other.example/apt nodistro main
"""


def test_deb822_sources():
    found = apt_sources.parse_deb822(DEB822)
    uri, components = "http://mirror.example/debian", ("main", "contrib")
    assert found == [
        Source(uri, "bookworm", components),
        Source(uri, "bookworm-updates", components),
    ]


def test_one_line_sources():
    assert apt_sources.parse_one_line(ONE_LINE) == [
        Source("http://mirror.example/debian", "bookworm", ("main", "contrib")),
        Source("http://other.example/apt", "nodistro", ("main",)),
    ]


def test_all_files_of_the_machine_are_read(tmp_path):
    parts = tmp_path / "sources.list.d"
    parts.mkdir()
    (tmp_path / "sources.list").write_text("deb http://a.example/debian sid main\n")
    (parts / "b.list").write_text("deb http://b.example/debian sid main\n")
    (parts / "c.sources").write_text(DEB822)
    (parts / "d.save").write_text("deb http://d.example/debian sid main\n")
    hosts = {source.uri for source in apt_sources.machine_sources(tmp_path)}
    assert hosts == {
        "http://a.example/debian",
        "http://b.example/debian",
        "http://mirror.example/debian",
    }


@pytest.mark.parametrize(
    ("suites", "expected"),
    [
        (["nodistro", "bookworm"], "bookworm"),
        (["stable", "bookworm"], "bookworm"),
        (["bookworm-security", "stable"], "stable"),
        (["bookworm-security"], None),
    ],
)
def test_source_of_the_running_release(suites, expected):
    sources = [Source("http://m.example", suite, ("main",)) for suite in suites]
    found = apt_sources.debian_source(sources, "bookworm")
    assert (found.suite if found else None) == expected


def test_source_without_main_is_passed_over():
    source = Source("http://m.example", "bookworm", ("contrib",))
    assert apt_sources.debian_source([source], "bookworm") is None


def test_codename(tmp_path):
    path = tmp_path / "os-release"
    path.write_text('NAME="Debian"\nVERSION_CODENAME=bookworm\n')
    assert debian.codename(path) == "bookworm"
    assert debian.codename(tmp_path / "missing") == ""


def test_print_uris():
    text = (
        "Get:1 http://mirror.example/debian sid InRelease\n"
        "'http://mirror.example/o%2b1.deb' odoo-19_1%3a2_all.deb 1234 SHA256:00\n"
    )
    assert debian.parse_print_uris(text) == [
        debian.Download("odoo-19_1%3a2_all.deb", 1234)
    ]


def test_fingerprint_depends_on_content_and_boundaries(tmp_path):
    path = tmp_path / "file"
    path.write_text("one")
    first = steps.fingerprint("a", path)
    assert first == steps.fingerprint("a", path)
    assert steps.fingerprint("ab", "c") != steps.fingerprint("a", "bc")
    path.write_text("two")
    assert first != steps.fingerprint("a", path)


def test_stamp(tmp_path):
    stamp = steps.Stamp(tmp_path / "stamp", "made from this")
    assert not stamp.is_current()
    stamp.set()
    assert stamp.is_current()
    assert not steps.Stamp(tmp_path / "stamp", "made from that").is_current()
    stamp.clear()
    assert not stamp.is_current()


def test_replaced_folder_is_whole_or_untouched(tmp_path):
    target = tmp_path / "folder"
    with steps.replaced_folder(target) as part:
        (part / "old").touch()
    with pytest.raises(KeyboardInterrupt), steps.replaced_folder(target) as part:
        (part / "half").touch()
        raise KeyboardInterrupt
    assert os.listdir(target) == ["old"]
    with steps.replaced_folder(target) as part:
        assert os.listdir(part) == []
        (part / "new").touch()
    assert os.listdir(target) == ["new"]
    assert os.listdir(tmp_path) == ["folder"]


def test_write_atomically_leaves_no_part(tmp_path):
    steps.write_atomically(tmp_path / "a" / "b", "text")
    assert (tmp_path / "a" / "b").read_text() == "text"
    assert os.listdir(tmp_path / "a") == ["b"]


def test_link_is_made_and_moved(tmp_path):
    path = tmp_path / "links" / "here"
    for target in ("one", "one", "two"):
        steps.link(path, target)
        assert os.readlink(path) == target


def test_failed_program_tells_the_end_of_its_log(tmp_path):
    log = tmp_path / "log"
    script = "print('the reason'); raise SystemExit(3)"
    with pytest.raises(commands.SetupError, match="exit code 3(.|\n)*the reason"):
        commands.run([sys.executable, "-c", script], log)
    assert "the reason" in log.read_text()


@pytest.mark.parametrize(
    "said",
    [
        "Temporary failure resolving 'mirror.example'",
        "  cause: dns error",
        "Failed to establish a new connection: [Errno 111] Connection refused",
        "Could not connect to mirror.example:80 (127.0.0.1), connection timed out",
    ],
)
def test_missing_network_is_told(tmp_path, said):
    script = f"print({said!r}); raise SystemExit(1)"
    with pytest.raises(commands.SetupError, match="There is no network"):
        commands.run([sys.executable, "-c", script], tmp_path / "log")


def test_uv_asks_the_indexes_that_pip_asks(tmp_path):
    script = tmp_path / "pip.py"
    script.write_text(
        "print(\"global.index-url='https://one.example/simple'\")\n"
        "print(\"global.extra-index-url='https://two.example'\")\n"
        "print(\":env:.index-url='https://three.example/simple'\")\n"
    )
    env = python_env.uv_env([sys.executable, script], {"UV_INDEX": "own"}, tmp_path)
    assert env["UV_DEFAULT_INDEX"] == "https://three.example/simple"
    assert env["UV_INDEX"] == "own"


def test_lines_of_a_program_are_passed_on(tmp_path):
    lines = []
    script = "print('one'); print('two')"
    commands.run([sys.executable, "-c", script], tmp_path / "log", lines.append)
    assert lines == ["one", "two"]


def test_missing_packages_are_named():
    present = {"wkhtmltopdf": "/bin/x", "chromium-browser": "/bin/y"}
    assert system.missing_packages(present.get) == []
    assert system.missing_packages({}.get) == [
        "wkhtmltopdf",
        "chromium-headless-shell",
    ]


def test_light_browser_goes_before_the_others():
    present = {"chromium": "/bin/x", "chromium-headless-shell": "/bin/y"}
    assert system.find_browser(present.get) == "/bin/y"
    assert system.find_browser({"google-chrome": "/bin/z"}.get) == "/bin/z"
    assert system.find_browser({}.get) is None


def test_light_browser_is_asked_for_once_and_not_needed(monkeypatch, tmp_path):
    asked = []

    def refuse(packages, *_args):
        asked.append(packages)
        raise commands.SetupError("no network")

    monkeypatch.setattr(system, "install_packages", refuse)
    project = SimpleNamespace(state=tmp_path)
    for _run in range(2):
        system.add_light_browser(project, Console())
    assert asked == [["chromium-headless-shell"]]


def test_user_who_may_not_install_is_told_what_to_install(monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(commands.SetupError) as error:
        system.install_packages(["wkhtmltopdf"], None, None)
    line = "sudo apt-get install -y --no-install-recommends wkhtmltopdf"
    assert line in str(error.value)


@pytest.mark.parametrize("layout", ["checkout", "installed", "package"])
def test_given_odoo_is_found(tmp_path, layout):
    package = tmp_path / "odoo"
    inside = package / "addons"
    beside = tmp_path / "addons"
    account = beside if layout == "checkout" else inside
    (account / "account").mkdir(parents=True)
    package.mkdir(exist_ok=True)
    (package / "release.py").write_text("version_info = (19, 0, 0, FINAL, 0, '')\n")
    home = package if layout == "package" else tmp_path
    assert odoo_source.find_package(home) == package
    assert odoo_source.series(package) == "19.0"
    expected = [beside, inside] if layout == "checkout" else [inside]
    assert odoo_source.find_addons(package) == expected


def test_folder_without_odoo_is_refused(tmp_path):
    with pytest.raises(commands.SetupError, match="no odoo/release.py"):
        odoo_source.find_package(tmp_path)


def test_console_names_steps():
    stream = io.StringIO()
    console = Console(stream)
    with console.step("Something"):
        console.progress("told later, if it takes long")
    lines = stream.getvalue().splitlines()
    assert lines[0] == "==> Something"
    assert lines[1].strip().startswith("done in")
    assert len(lines) == 2
