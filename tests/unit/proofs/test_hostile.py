"""Hostile bytes: findings or UNREADABLE, never a crash and never a verdict."""

import os

import pytest

from tests.unit.proofs.material import check, encoded
from verifier.bundle.findings import BundleViolation
from verifier.proofs.check import check_proof
from verifier.proofs.file import (
    PROOF_BYTES_MAX,
    TOKEN_BYTES_MAX,
    TOKENS_MAX,
    reader,
    take_tokens,
)

DEEP = b'{"format":' + b"[" * 100_000 + b"]" * 100_000 + b"}"


@pytest.mark.parametrize(
    "content",
    [
        DEEP,
        b'{"format":"tuneledger/receipt/v1","format":"tuneledger/receipt/v1"}',
        b'{"format":"tuneledger/receipt/v1","event":NaN}',
        b'{"format":"tuneledger/receipt/v1","event":1.0}',
        b'{"format":"tuneledger/receipt/v1","event":1e400}',
        b'{"format":"tuneledger/receipt/v1","event":' + b"9" * 5000 + b"}",
        b'{"format":"tuneledger/receipt/v1","event":-1}',
        b'{"format":"tuneledger/receipt/v1"} ',
        b'{ "format":"tuneledger/receipt/v1"}',
        b'{"format":"tuneledger/receipt/v1"}\n',
        b'{"format":"tuneledger/receipt/v1","a":"\\ud800"}',
        b'{"format":"tuneledger/receipt/v1","a":"\\u0041"}',
        b'{"format":"tuneledger/receipt/v1","a":"\xff"}',
        b'{"format":"tuneledger/receipt/v1"}',
        b'{"format":"tuneledger/disclosure/v1"}',
        b'{"format":"tuneledger/checkpoint-pair/v1"}',
        b'{"format":"tuneledger/receipt/v1","a":[' + b"[]," * 5_000_000 + b"[]]}",
        b"c2sp.org/tlog-proof@v1\nindex 0\n\nno checkpoint\n",
        b"c2sp.org/tlog-proof@v1\n" + b"A" * 200_000,
    ],
    ids=[
        "depth",
        "duplicate name",
        "NaN",
        "fraction",
        "infinity",
        "long number",
        "negative",
        "trailing space",
        "inner space",
        "newline",
        "lone surrogate",
        "needless escape",
        "not UTF-8",
        "no receipt",
        "no disclosure",
        "no pair",
        "many values",
        "tlog-proof without checkpoint",
        "long tlog-proof",
    ],
)
def test_broken(content, tmp_path):
    """Malformed bytes of a known kind are one finding, exit code 1."""
    report = check(tmp_path, content, level=0)

    assert (1, 1) == (report.exit_code, len(report.findings)), report.as_text()
    assert report.findings[0].code in ("LV921", "LV922", "LV601")
    assert len(report.as_text()) < 10_000


@pytest.mark.parametrize(
    "content",
    [b"", b"\0" * 100, b"[]", b"SQLite format 3\0", b'{"format":"other/v1"}', b"{}"],
    ids=["empty", "zeros", "list", "ledger", "other format", "no format"],
)
def test_unreadable(content, tmp_path):
    """What is no proof file at all is exit code 6."""
    assert 6 == check(tmp_path, content, level=0).exit_code


def test_too_long(tmp_path):
    """A file past the limit is not read to its end."""
    path = tmp_path / "long"
    with path.open("wb") as file:
        file.truncate(PROOF_BYTES_MAX + 1)
    content = path.read_bytes()

    assert 6 == check(tmp_path, content, level=0).exit_code


@pytest.mark.parametrize("kind", ["missing", "folder", "pipe"])
def test_no_regular_file(kind, tmp_path):
    """A missing file, a folder or a pipe that nobody writes is exit code 6."""
    path = tmp_path / kind
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)

    assert 6 == check_proof(path).exit_code


@pytest.mark.parametrize("length", [1, TOKEN_BYTES_MAX])
def test_length_of_a_token(length):
    """A time stamp may have one byte, or as many as a row of the ledger."""
    assert (bytes(length),) == take_tokens(reader("receipt"), [encoded(bytes(length))])


@pytest.mark.parametrize(
    "tokens",
    [
        [encoded(b"")],
        [encoded(bytes(TOKEN_BYTES_MAX + 1))],
        [encoded(b"a"), encoded(b"a")],
        [encoded(b"%d" % number) for number in range(TOKENS_MAX + 1)],
        "token",
    ],
    ids=["empty", "long", "twice", "many", "no list"],
)
def test_tokens_that_are_refused(tokens):
    """Time stamps have a length, a number, and are there once."""
    with pytest.raises(BundleViolation, match="PRF-"):
        take_tokens(reader("receipt"), tokens)
