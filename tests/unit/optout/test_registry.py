"""Lists of sites: registries and the piracy list."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import InputError
from producers.optout.lists import site_list
from producers.optout.lists.piracy import load_piracy_list
from producers.optout.lists.registry import SnapshotRegistry
from producers.optout.vocabulary.signals import SILENCE

LIST = b"""\xef\xbb\xbf# version: 2026-10-01
# version: later ones do not count
example.org   # all of it\r
*.Books.test
https://e.test/books/
http://e.test/one?x=1
https://e.test:8443/
b\xc3\xbccher.test.
192.0.2.7
"""


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "list.txt"
    path.write_bytes(LIST)
    return path


@pytest.mark.parametrize(
    ("url", "line"),
    [
        ("https://example.org/", 3),
        ("http://EXAMPLE.org./a?b", 3),
        ("https://www.example.org/", 3),
        ("https://a.b.example.org:8443/", 3),
        ("https://notexample.org/", 0),
        ("https://example.org.test/", 0),
        ("https://org/", 0),
        ("https://books.test/", 4),
        ("https://www.books.test/", 4),
        ("https://e.test/books/", 5),
        ("http://e.test/books/a/b?c", 5),
        ("https://e.test/books", 0),
        ("https://e.test/booksale", 0),
        ("https://e.test/", 0),
        ("https://www.e.test/books/", 0),
        ("https://e.test/one?x=1", 6),
        ("https://e.test/one?x=2", 0),
        ("https://e.test/one", 0),
        ("https://e.test:8443/a", 7),
        ("https://bücher.test/", 8),
        ("https://xn--bcher-kva.test/", 8),
        ("http://192.0.2.7/", 9),
        ("http://0.2.7.test/", 0),
    ],
)
def test_lookup(path, url, line):
    """A name covers what is below it, a URL what is below its path; others do not."""
    said = SnapshotRegistry(path).lookup(url)

    assert (line, "reserved" if line else "unset") == (said.line, said.reservation)


def test_path_without_a_slash_covers_what_is_below(tmp_path):
    """A listed page covers its own URL and the folder of that name."""
    path = tmp_path / "list.txt"
    path.write_text("https://e.test/a")
    registry = SnapshotRegistry(path)

    assert "reserved" == registry.lookup("https://e.test/a?x").reservation
    assert "reserved" == registry.lookup("https://e.test/a/b").reservation
    assert SILENCE == registry.lookup("https://e.test/ab")


def test_registry_names_its_snapshot(path):
    """The digest of the exact bytes is evidence."""
    assert sha256(LIST).hexdigest() == SnapshotRegistry(path).snapshot_sha256


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("example.org", True),
        ("WWW.Example.ORG.", True),
        ("notexample.org", False),
        ("bücher.test", True),
        ("192.0.2.7", True),
        ("org", False),
        ("", False),
    ],
)
def test_piracy_list(tmp_path, host, expected):
    """A site is on the list with every name below it."""
    path = tmp_path / "list.txt"
    path.write_bytes(b"# Version: 7\nexample.org\nb\xc3\xbccher.test\n192.0.2.7\n")
    sites = load_piracy_list(path)

    assert expected == sites.lists(host)
    assert sha256(path.read_bytes()).hexdigest() == sites.sha256


def test_piracy_list_names_sites_only(path):
    """A URL on a list of sites would not be read as its author meant."""
    with pytest.raises(InputError, match="line 5"):
        load_piracy_list(path)


def test_empty_list_names_nobody(tmp_path):
    """A list may be empty."""
    path = tmp_path / "list.txt"
    path.write_bytes(b"")

    assert not load_piracy_list(path).lists("e.test")


@pytest.mark.parametrize(
    "line",
    [
        b"example.org example.com",
        b"org",
        b"com.",
        b"*",
        b"example.org/path",
        b"example.org:80",
        b"user@example.org",
        b"ftp://example.org/",
        b"https://",
        b"exa mple.org",
        b"a,b",
        b"\xff.org",
    ],
)
def test_other_lines_are_refused(tmp_path, line):
    """A list that cannot be read whole is no list, and no name is in the message."""
    path = tmp_path / "list.txt"
    path.write_bytes(b"ok.test\n" + line)
    with pytest.raises(InputError) as caught:
        SnapshotRegistry(path)

    assert "exa" not in str(caught.value)


def test_missing_and_large_files_are_refused(tmp_path, monkeypatch):
    """A list that is not there, or has no end, is an error."""
    with pytest.raises(InputError, match="cannot be read"):
        SnapshotRegistry(tmp_path / "none")
    path = tmp_path / "list.txt"
    path.write_text("a.test\nb.test\n")
    with monkeypatch.context() as patch:
        patch.setattr(site_list, "LINES_MAX", 2)
        with pytest.raises(InputError, match="lines"):
            SnapshotRegistry(path)
    monkeypatch.setattr(site_list, "BYTES_MAX", 13)
    with pytest.raises(InputError, match="bytes"):
        SnapshotRegistry(path)


@given(labels=st.lists(st.from_regex(r"[a-z0-9]{1,5}", fullmatch=True), max_size=4))
def test_everything_below_a_listed_name_is_listed(tmp_path_factory, labels):
    """No label in front of a listed name takes it off the list."""
    path = tmp_path_factory.mktemp("list") / "list.txt"
    path.write_text("example.org")

    assert load_piracy_list(path).lists(".".join([*labels, "example.org"]))
