"""Anchors in the ledger's file: their tables, and what is stored."""

import sqlite3

import pytest

from ledger.disk.schema import ANCHOR_SCHEMA, SCHEMA
from ledger.disk.sqlite import SqliteStore
from ledger.errors import InputError, IntegrityError, KeyTrustError, NotALedgerError
from ledger.format.cosignature import cosign, cosigner_of
from ledger.format.note import parse_note
from ledger.format.tree import roots_from_consistency
from ledger.log import anchors
from tests.unit.anchors.toylog import NOW_S
from tests.unit.ledger.workshop import adopted, key, open_ledger

W1, W2 = key("example.com/w1"), key("example.com/w2")


@pytest.fixture
def ledger(workspace):
    """A ledger with three checkpoints."""
    with open_ledger(workspace) as opened:
        for tokens in range(2):
            opened.append([adopted(tokens)], stream="policy")
        yield opened


def line_over(ledger, size, signer=W1, at_s=NOW_S):
    """A witness's line over a stored checkpoint."""
    note = ledger.checkpoint_note(size, cosigned=False)
    return cosign(signer, parse_note(note).text, at_s)


def schema_of(path):
    """The SQL of every object in a file."""
    connection = sqlite3.connect(path)
    try:
        return {row[0] for row in connection.execute("SELECT sql FROM sqlite_schema")}
    finally:
        connection.close()


def test_the_first_anchor_brings_its_tables(workspace, ledger):
    """Without anchors the file has the core tables; with one, all of ANC-1."""
    path = workspace / "acme.ledger"
    before = schema_of(path)
    ledger.add_cosignature(line_over(ledger, 3), 3, cosigner_of(W1))

    assert set(SCHEMA) == before
    assert set(SCHEMA + ANCHOR_SCHEMA) == schema_of(path)


def test_the_schema_is_the_specifications(request):
    """Each statement stands in docs/spec.md, byte for byte."""
    spec = (request.config.rootpath / "docs" / "spec.md").read_text("utf-8")

    assert [] == [one for one in ANCHOR_SCHEMA if f"\n{one}\n" not in spec]


def test_what_is_added_is_read(workspace, ledger):
    """Lines come back by size, oldest first, also after opening again."""
    lines = [line_over(ledger, 2), line_over(ledger, 3), line_over(ledger, 3, W2)]
    for line, size, signer in zip(lines, (2, 3, 3), (W1, W1, W2), strict=True):
        assert NOW_S == ledger.add_cosignature(line, size, cosigner_of(signer))
    ledger.close()

    with open_ledger(workspace) as again:
        assert [lines[:1], lines[1:], []] == [
            again.cosignatures(size) for size in (2, 3, 1)
        ]
        assert [] == again.timestamps(3)
        assert [(2, lines[0]), (3, lines[1]), (3, lines[2])] == list(
            again.anchors("cosignature")
        )


def test_once(ledger):
    """The same line again is not stored twice."""
    for _ in range(2):
        ledger.add_cosignature(line_over(ledger, 3), 3, cosigner_of(W1))

    assert 1 == len(ledger.cosignatures(3))


def test_entries_after_anchors(ledger):
    """A ledger with anchors takes entries, and anchors again."""
    ledger.add_cosignature(line_over(ledger, 3), 3, cosigner_of(W1))
    ledger.append([adopted(5)], stream="policy")
    ledger.add_cosignature(line_over(ledger, 4), 4, cosigner_of(W1))

    assert [3, 4] == [size for size, _ in ledger.anchors("cosignature")]


def test_a_cosigned_note(ledger):
    """The checkpoint with the newest line of each witness, or by itself."""
    old, new = line_over(ledger, 3), line_over(ledger, 3, at_s=NOW_S + 60)
    other = line_over(ledger, 3, W2)
    for line, signer in ((old, W1), (other, W2), (new, W1)):
        ledger.add_cosignature(line, 3, cosigner_of(signer))
    bare = ledger.newest_checkpoint()

    assert bare == ledger.checkpoint_note(cosigned=False)
    assert bare + new + other == ledger.checkpoint_note()
    assert ledger.checkpoint_note(2) == ledger.checkpoint_note(2, cosigned=False)


@pytest.mark.parametrize("size", [0, 4, 2**63])
def test_no_such_checkpoint(ledger, size):
    """An anchor is of a stored checkpoint's size."""
    with pytest.raises(InputError):
        ledger.add_cosignature(line_over(ledger, 3), size, cosigner_of(W1))
    with pytest.raises(InputError):
        ledger.checkpoint_note(size)


def test_nothing_unverified_is_stored(workspace, ledger):
    """A line of another checkpoint or witness, or no line, leaves no table."""
    refused = [
        (line_over(ledger, 2), KeyTrustError),
        (line_over(ledger, 3, W2), KeyTrustError),
        (b"\xe2\x80\x94 x\n", IntegrityError),
        (b"x" * 513, IntegrityError),
    ]
    for line, error in refused:
        with pytest.raises(error):
            ledger.add_cosignature(line, 3, cosigner_of(W1))

    assert set(SCHEMA) == schema_of(workspace / "acme.ledger")


def test_a_limit_on_rows(ledger, monkeypatch):
    """A table that is full takes no more."""
    monkeypatch.setattr(anchors, "ROWS_MAX", 1)
    ledger.add_cosignature(line_over(ledger, 3), 3, cosigner_of(W1))

    with pytest.raises(InputError):
        ledger.add_cosignature(line_over(ledger, 3, W2), 3, cosigner_of(W2))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE cosignature SET size = 1",
        "DELETE FROM cosignature",
        "INSERT INTO cosignature VALUES (3, 1, x'00')",
        "INSERT INTO cosignature VALUES (1, 1, x'00')",
        "INSERT OR REPLACE INTO cosignature VALUES (1, 1, x'00')",
        "INSERT INTO timestamp VALUES (2, 1, x'00')",
    ],
)
def test_append_only(workspace, ledger, statement):
    """The triggers refuse what an honest program never does."""
    ledger.add_cosignature(line_over(ledger, 3), 3, cosigner_of(W1))
    connection = sqlite3.connect(workspace / "acme.ledger")

    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        connection.execute(statement)
    connection.close()


@pytest.mark.parametrize(
    "statements",
    [
        pytest.param(ANCHOR_SCHEMA[:4], id="one table"),
        pytest.param(ANCHOR_SCHEMA[:-1], id="a trigger missing"),
        pytest.param((*ANCHOR_SCHEMA, "CREATE VIEW v AS SELECT 1"), id="a view"),
    ],
)
def test_other_schemas(workspace, statements):
    """Some of the anchor tables, or more than these, is no ledger."""
    path = workspace / "acme.ledger"
    connection = sqlite3.connect(path)
    for statement in statements:
        connection.execute(statement)
    connection.close()

    with pytest.raises(NotALedgerError):
        SqliteStore.open(path)


def test_last_cosigned_size(ledger):
    """The largest size with a line of this very witness."""
    ledger.add_cosignature(line_over(ledger, 3), 3, cosigner_of(W1))
    ledger.add_cosignature(line_over(ledger, 2), 2, cosigner_of(W1))

    assert 3 == anchors.last_cosigned_size(ledger, cosigner_of(W1))
    assert 0 == anchors.last_cosigned_size(ledger, cosigner_of(W2))


def test_a_line_finds_its_checkpoint(ledger):
    """A line names no size; the one that it verifies over is found."""
    assert [3, 2, 1] == [
        anchors.find_cosigned_size(ledger, line_over(ledger, size), cosigner_of(W1))
        for size in (3, 2, 1)
    ]
    with pytest.raises(KeyTrustError):
        anchors.find_cosigned_size(ledger, line_over(ledger, 3), cosigner_of(W2))


@pytest.mark.parametrize("old_size", [0, 1, 2, 3])
def test_consistency_proof(ledger, old_size):
    """The proof leads from the older checkpoint's root to the newer one's."""
    proof = anchors.consistency_proof(ledger, old_size, 3)

    if old_size in (0, 3):
        assert [] == proof
    else:
        old_root, new_root = ledger.root_at(old_size), ledger.root_at(3)
        assert (old_root, new_root) == roots_from_consistency(
            old_size=old_size, new_size=3, old_root=old_root, proof=proof
        )


@pytest.mark.parametrize(("old_size", "size"), [(3, 2), (-1, 2), (1, 4)])
def test_no_proof(ledger, old_size, size):
    """There is none from a larger tree, and none to a tree that is not there."""
    with pytest.raises(InputError):
        anchors.consistency_proof(ledger, old_size, size)
