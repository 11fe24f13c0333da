"""ledger.workspace.corpus: encrypted records, and evidence by digest."""

import hashlib
import os
import stat
import zlib

import pytest

from ledger.errors import IntegrityError, StorageError
from ledger.workspace import corpus as corpus_module
from ledger.workspace.corpus import Corpus, EvidenceFolder

R1, R2 = "a1" * 16, "b2" * 16


@pytest.fixture
def corpus(tmp_path):
    """An empty corpus."""
    return Corpus(tmp_path)


@pytest.fixture
def evidence(tmp_path):
    """An empty evidence folder."""
    return EvidenceFolder(tmp_path)


def test_what_was_put_is_there(corpus, tmp_path):
    """The bytes come back, in a file that only its owner reads."""
    corpus.put({R1: b"sealed"})

    assert b"sealed" == corpus.get(R1)
    assert corpus.has(R1)
    assert 0o600 == stat.S_IMODE((tmp_path / f"{R1}.bin").stat().st_mode)


def test_a_missing_record_is_named(corpus):
    """By its random id."""
    with pytest.raises(IntegrityError, match=f"record {R1}: its file is missing"):
        corpus.get(R1)


@pytest.mark.parametrize(
    "record_id", ["", "../../etc/passwd", "a" * 31, "a/" * 16, "." * 32, "a" * 33]
)
def test_an_id_is_never_a_path(corpus, record_id):
    """What is not 32 letters and digits leads nowhere."""
    with pytest.raises(IntegrityError, match="record id: expected 32"):
        corpus.put({record_id: b""})


def test_deleting_counts_and_repeats(corpus):
    """Gone is gone; a second time deletes nothing and is no error."""
    corpus.put({R1: b"1"})

    assert [1, 0] == [corpus.delete([R1, R2]), corpus.delete([R1, R2])]
    assert not corpus.has(R1)


def test_sweep_takes_what_nobody_knows(corpus, tmp_path):
    """Unknown records and half written files; nothing else in the folder."""
    corpus.put({R1: b"1"})
    corpus.put({R2: b"2"})
    (tmp_path / f".{R2}.bin.0a0b0c0d.tmp").write_bytes(b"half")
    (tmp_path / "notes.txt").write_bytes(b"not ours")

    assert 1 == corpus.sweep({R1}.intersection)
    assert {f"{R1}.bin", "notes.txt"} == {path.name for path in tmp_path.iterdir()}


def test_a_sweep_asks_for_some_at_a_time(corpus, monkeypatch):
    """Memory does not grow with the records; every file is asked for once."""
    monkeypatch.setattr("ledger.workspace.corpus._PART", 2)
    ids = [f"{number:032x}" for number in range(5)]
    corpus.put(dict.fromkeys(ids, b"1"))
    asked = []

    def known(names):
        asked.append(len(names))
        return set(names) - {ids[0], ids[4]}

    assert 2 == corpus.sweep(known)
    assert [1, 2, 2] == sorted(asked)
    assert [False, True, True, True, False] == [corpus.has(one) for one in ids]


def test_a_refused_write_is_one_line(tmp_path):
    """And names no content."""
    with pytest.raises(StorageError, match="the disk refused the write"):
        Corpus(tmp_path / "missing").put({R1: b"sealed"})


def test_evidence_is_kept_once(evidence, tmp_path):
    """Named by its digest; the same bytes again write nothing."""
    first = evidence.put(b"User-agent: *")
    before = (tmp_path / f"{first}.zz").stat()

    assert hashlib.sha256(b"User-agent: *").hexdigest() == first
    assert first == evidence.put(b"User-agent: *")
    assert before.st_ino == (tmp_path / f"{first}.zz").stat().st_ino
    assert b"User-agent: *" == evidence.get(first)


def test_empty_evidence(evidence):
    """An empty robots.txt is evidence too."""
    assert b"" == evidence.get(evidence.put(b""))


@pytest.mark.parametrize(
    ("expected", "content"),
    [
        ("missing or damaged", None),
        ("missing or damaged", b"no zlib"),
        ("is not what its digest says", zlib.compress(b"another file")),
        ("is not what its digest says", zlib.compress(b"")),
        ("is not what its digest says", b""),
    ],
    ids=["missing", "not-zlib", "swapped", "emptied", "truncated"],
)
def test_altered_evidence(evidence, tmp_path, expected, content):
    """What is not the bytes of its digest is refused."""
    digest = evidence.put(b"User-agent: *")
    path = tmp_path / f"{digest}.zz"
    path.unlink() if content is None else path.write_bytes(content)

    with pytest.raises(IntegrityError, match=expected):
        evidence.get(digest)


def test_a_bomb_is_not_unpacked(evidence, tmp_path, monkeypatch):
    """No more is unpacked than the limit, however small the file is."""
    monkeypatch.setattr(corpus_module, "EVIDENCE_BYTES_MAX", 1000)
    fits, bomb = bytes(1000), bytes(1_000_000)

    assert fits == evidence.get(evidence.put(fits))
    digest = evidence.put(bomb)
    assert (tmp_path / f"{digest}.zz").stat().st_size < 2000
    with pytest.raises(IntegrityError, match="is not what its digest says"):
        evidence.get(digest)


@pytest.mark.parametrize("suffix", ["bin", "zz"])
@pytest.mark.parametrize("kind", ["pipe", "device", "long"])
def test_something_else_in_a_files_place(corpus, evidence, tmp_path, kind, suffix):
    """It is refused at once: nothing is waited for, and nothing without end is read."""
    name = R1 if suffix == "bin" else hashlib.sha256(b"").hexdigest()
    path = tmp_path / f"{name}.{suffix}"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "device":
        path.symlink_to("/dev/zero")
    else:
        path.touch()
        os.truncate(path, 2**33)

    with pytest.raises(IntegrityError):
        (corpus if suffix == "bin" else evidence).get(name)
