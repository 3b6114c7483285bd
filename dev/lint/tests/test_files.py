"""Which files are checked, and where."""

import subprocess

from lint.files import is_development, list_files, of_type, stage_addon
from provision.paths import Project

FILES = {
    "__manifest__.py": "{}",
    "models/new.py": "",
    "dev/tool.py": "",
    ".gitignore": "*.pyc\n/.dev/\n",
    "models/new.pyc": "",
    ".dev/venv/x.py": "",
}
CHECKED = [".gitignore", "__manifest__.py", "dev/tool.py", "models/new.py"]


def test_tracked_and_new_files_are_listed_ignored_ones_are_not(clone):
    root = clone(FILES)
    subprocess.run(["git", "add", "__manifest__.py"], cwd=root, check=True)
    assert list_files(root) == CHECKED


def test_deleted_files_are_not_listed(clone):
    root = clone(FILES)
    subprocess.run(["git", "add", "models/new.py"], cwd=root, check=True)
    (root / "models/new.py").unlink()
    assert "models/new.py" not in list_files(root)


def test_names_with_unusual_letters_are_listed_as_they_are(clone):
    assert "ä b.py" in list_files(clone({"ä b.py": ""}))


def test_without_git_generated_folders_are_left_out(tmp_path, monkeypatch):
    for name, content in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content)
    monkeypatch.setenv("PATH", "")
    assert list_files(tmp_path) == sorted([*CHECKED, "models/new.pyc"])


def test_of_type():
    assert of_type(["a.py", "b.xml", "c.pyc"], ".py", ".xml") == ["a.py", "b.xml"]


def test_is_development():
    assert is_development("dev/a.py")
    assert is_development("tests/a.py")
    assert is_development(".ci/run")
    assert not is_development("models/tests.py")


def test_the_stage_holds_the_add_on_under_its_own_name(clone):
    project = Project(clone(FILES))
    stage = stage_addon(project, CHECKED)
    staged = [str(p.relative_to(stage)) for p in stage.rglob("*") if p.is_file()]
    folder = "account_payment_portal"
    assert sorted(staged) == [f"{folder}/__manifest__.py", f"{folder}/models/new.py"]


def test_the_stage_forgets_what_is_no_longer_there(clone):
    project = Project(clone(FILES))
    stage_addon(project, CHECKED)
    stage = stage_addon(project, ["__manifest__.py"])
    assert not list(stage.rglob("new.py"))
