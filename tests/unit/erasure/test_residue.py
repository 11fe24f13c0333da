"""ledger.erasing.residue: an identifier is found in whatever form its bytes take."""

import base64
import html
import json
import os
import random
import unicodedata
import zlib
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ledger.erasing import residue
from ledger.erasing.residue import find, forms

NAME = "José.Núñez+work@Straße.example"
PLAIN = "jane.doe@example.org"

FORMS = {
    "as-typed": NAME.encode(),
    "lower": NAME.lower().encode(),
    "upper": NAME.upper().encode(),
    "casefold": NAME.casefold().encode(),
    "nfd": unicodedata.normalize("NFD", NAME).encode(),
    "nfkc": unicodedata.normalize("NFKC", NAME).encode(),
    "utf-16-le": NAME.encode("utf-16-le"),
    "utf-16-be": NAME.encode("utf-16-be"),
    "url": quote(NAME).encode(),
    "url-lower-hex": quote(NAME).lower().encode(),
    "url-plus": quote_plus(NAME).encode(),
    "json": json.dumps(NAME)[1:-1].encode(),
    "html": html.escape(NAME).encode(),
    "hex": NAME.encode().hex().encode(),
    "hex-upper": NAME.encode().hex().upper().encode(),
    "base64": base64.b64encode(NAME.encode()),
    "base64-after-1": base64.b64encode(b"x" + NAME.encode() + b"yz"),
    "base64-after-2": base64.b64encode(b"xy" + NAME.encode() + b"z"),
    "base64-url": base64.urlsafe_b64encode(NAME.encode()),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_found(tmp_path, form):
    """Whatever wrote it, it stands in the file."""
    (tmp_path / "file").write_bytes(b"before " + FORMS[form] + b" after")

    assert ["file"] == find(tmp_path, [NAME])


@pytest.mark.parametrize("typed", ["Jane.Doe@Example.ORG", "  JANE.DOE@EXAMPLE.ORG "])
def test_case_of_the_file_does_not_matter(tmp_path, typed):
    """The vault knows the folded spelling only; the source had another."""
    (tmp_path / "file").write_bytes(b"To: jAnE.dOe@eXaMpLe.org")

    assert ["file"] == find(tmp_path, [typed])


def test_nobody_else_is_found(tmp_path):
    """Another address, and parts of this one."""
    (tmp_path / "file").write_bytes(b"jane.doe@example.com, jane.doe, example.org")

    assert [] == find(tmp_path, [PLAIN])


@pytest.mark.parametrize("at", [-10, -1, 0, 1, 10])
def test_over_a_seam(tmp_path, monkeypatch, at):
    """What lies in two chunks is found as well."""
    monkeypatch.setattr(residue, "_CHUNK_BYTES", 64)
    (tmp_path / "file").write_bytes(b"." * (128 + at) + PLAIN.encode() + b"." * 100)

    assert ["file"] == find(tmp_path, [PLAIN])


def test_packed_evidence_is_searched_unpacked(tmp_path):
    """Evidence is kept packed, so its bytes say nothing."""
    content = b"contact: " + PLAIN.encode() + b"\n" * 5000
    (tmp_path / "file.zz").write_bytes(zlib.compress(content))

    assert ["file.zz"] == find(tmp_path, [PLAIN])


def test_damaged_evidence_is_searched_as_far_as_it_goes(tmp_path):
    """No crash, and its own bytes are searched all the same."""
    (tmp_path / "file.zz").write_bytes(b"no zlib, but " + PLAIN.encode())

    assert ["file.zz"] == find(tmp_path, [PLAIN])


def test_a_name_of_a_file_is_not_repeated(tmp_path):
    """It is personal data itself; its folder is named."""
    (tmp_path / "artifacts").mkdir()
    (tmp_path / "artifacts" / f"{PLAIN}.json").write_bytes(b"")

    assert ["artifacts/?"] == find(tmp_path, [PLAIN])


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_links_are_followed(tmp_path, kind):
    """A folder that was moved to a larger disk is of the workspace still."""
    inside, outside = tmp_path / "in", tmp_path / "out"
    for folder in (inside, outside):
        folder.mkdir()
    (outside / "file").write_bytes(PLAIN.encode())
    (inside / "link").symlink_to(outside if kind == "folder" else outside / "file")

    expected = "link/file" if kind == "folder" else "link"
    assert [expected] == find(inside, [PLAIN])


def test_a_circle_of_links_ends(tmp_path):
    """Each folder is looked into once."""
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "up").symlink_to(tmp_path)
    (tmp_path / "below" / "gone").symlink_to(tmp_path / "nothing")
    (tmp_path / "file").write_bytes(PLAIN.encode())

    assert ["file"] == find(tmp_path, [PLAIN])


def test_a_name_of_a_folder_is_not_repeated(tmp_path):
    """Neither for itself nor for what lies in it."""
    (tmp_path / "artifacts" / PLAIN).mkdir(parents=True)
    (tmp_path / "artifacts" / PLAIN / "file").write_bytes(PLAIN.encode())

    assert ["artifacts/?"] == find(tmp_path, [PLAIN])


def test_a_pipe_is_passed_over(tmp_path):
    """Nobody waits for its writer."""
    os.mkfifo(tmp_path / "pipe")

    assert [] == find(tmp_path, [PLAIN])


def test_hidden_files_and_folders_are_searched(tmp_path):
    """Journals, locks and temporary files too."""
    (tmp_path / ".deep" / "er").mkdir(parents=True)
    (tmp_path / ".deep" / "er" / ".tmp").write_bytes(PLAIN.encode())

    assert [".deep/er/.tmp"] == find(tmp_path, [PLAIN])


def test_what_is_skipped(tmp_path):
    """By suffix: before an erasure the vault rightly knows the person."""
    for name in ("a.vault", "a.views"):
        (tmp_path / name).write_bytes(PLAIN.encode())

    assert ["a.views"] == find(tmp_path, [PLAIN], skip=(".vault",))


@pytest.mark.parametrize(
    ("identifier", "expected"), [("Bob", []), ("Bobby", []), ("Bobbie", ["file"])]
)
def test_short_identifiers_are_not_looked_for(tmp_path, identifier, expected):
    """They stand in any large file by chance."""
    (tmp_path / "file").write_bytes(identifier.encode())

    assert expected == find(tmp_path, [identifier])


def test_random_bytes_hold_nobody(tmp_path):
    """No false residue in a million bytes of noise."""
    noise = random.Random(20_261_123).randbytes(1_000_000)
    (tmp_path / "weights").write_bytes(noise)

    assert [] == find(tmp_path, [PLAIN, NAME, "Bobbie", "+4917012345678"])


@example("Jose\u0301 Nu\u00f1ez")  # in no normal form
@example("\u8c48\uf900 \uf900")  # normal forms put another character for U+F900
@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=6, max_size=40))
def test_an_identifier_is_among_its_forms(identifier):
    """In lower case, as the bytes of files are when they are searched."""
    if residue.is_long_enough(identifier):
        assert identifier.strip().encode().lower() in forms(identifier)


@given(st.binary(max_size=9), st.binary(max_size=9))
def test_base64_at_any_place(before, after):
    """Whatever stands around it shares bits with its first and last characters."""
    packed = base64.b64encode(before + PLAIN.encode() + after).lower()

    assert any(form in packed for form in forms(PLAIN))


def test_a_file_that_goes_meanwhile_is_no_error(tmp_path, monkeypatch):
    """A journal may be deleted between the listing and the look."""
    path = tmp_path / "journal"
    path.write_bytes(PLAIN.encode())
    real = residue.open_regular

    def vanish(name):
        name.unlink()
        return real(name)

    monkeypatch.setattr(residue, "open_regular", vanish)

    assert [] == find(tmp_path, [PLAIN])
