"""The hosts of package registries."""

from lint.hosts import _apt_sources, find_hosts


def test_find_hosts():
    text = """
        global.index-url='https://user:secret@mirror.example:8443/simple/'
        http://localhost:4873/ http://127.0.0.1/x file:///srv/simple
        deb [arch=amd64] http://packages.example/debian stable main
    """
    assert find_hosts(text) == {"mirror.example", "packages.example"}


def test_apt_sources(tmp_path):
    folder = tmp_path / "sources.list.d"
    folder.mkdir()
    (tmp_path / "sources.list").write_text(
        "deb http://one.example/debian stable main\n"
    )
    (folder / "two.sources").write_text(
        "Types: deb\n# http://comment.example\nURIs: http://two.example/debian\n"
    )
    found = find_hosts("\n".join(_apt_sources(tmp_path)))
    assert found == {"one.example", "two.example"}


def test_without_apt_there_are_no_sources(tmp_path):
    assert list(_apt_sources(tmp_path)) == []
