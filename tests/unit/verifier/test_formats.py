"""Points, trees, notes, patterns and the command line, one at a time."""

import re
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.simulator import Key, leaf, tree_root
from tests.tamper.harness import told_ledger
from tests.tamper.story import Story, encode_all
from verifier import RootKeyError, verify
from verifier.__main__ import main
from verifier.findings import Violation
from verifier.format import ed25519, tree
from verifier.format.note import NoteError, open_note, parse_note, parse_vkey
from verifier.format.wire import INT_MAX, decode_base64
from verifier.schema import lines as schema
from verifier.schema.patterns import (
    FLAG,
    SALT,
    Kind,
    integer,
    list_of,
    one_of,
    or_empty,
    record,
    text,
)
from verifier.schema.tables import EVENT_TYPES

LEAVES = st.lists(st.binary(max_size=4), max_size=40)


def edwards_add(one, two):
    """Affine addition on the curve. Source: RFC 8032, section 5.1.4."""
    (x1, y1), (x2, y2) = one, two
    k = ed25519.D * x1 * x2 * y1 * y2 % ed25519.P
    x = (x1 * y2 + x2 * y1) * pow(1 + k, -1, ed25519.P)
    y = (y1 * y2 + x1 * x2) * pow(1 - k, -1, ed25519.P)
    return x % ed25519.P, y % ed25519.P


def decode_point(key: bytes):
    """The point that a key spells. Source: RFC 8032, section 5.1.3."""
    number = int.from_bytes(key, "little")
    y, sign = number & (2**255 - 1), number >> 255
    p = ed25519.P
    x2 = (y * y - 1) * pow(ed25519.D * y * y + 1, -1, p) % p
    x = pow(x2, (p + 3) // 8, p)
    if x * x % p != x2:
        x = x * pow(2, (p - 1) // 4, p) % p
    return (p - x if x & 1 != sign else x) % p, y


@pytest.mark.parametrize("key", sorted(ed25519.LOW_ORDER), ids=bytes.hex)
def test_low_order_points(key):
    """Eight times each listed point is the identity, and none is accepted."""
    point = decode_point(key)
    for _ in range(3):
        point = edwards_add(point, point)

    assert (0, 1) == point
    with pytest.raises(Violation, match="KEY-2"):
        ed25519.check_public_key(key)


@pytest.mark.parametrize(
    "key",
    [
        (ed25519.P + 1).to_bytes(32, "little"),
        (ed25519.P + 3).to_bytes(32, "little"),
        (1 | 1 << 255).to_bytes(32, "little"),
        (2).to_bytes(32, "little"),
        bytes(31),
    ],
    ids=["1 + p", "3 + p", "x = 0 with sign", "not on the curve", "short"],
)
def test_key_that_is_no_canonical_point(key):
    """A key has one spelling, and is a point."""
    with pytest.raises(Violation, match="KEY-1"):
        ed25519.check_public_key(key)


@given(st.binary(min_size=32, max_size=32))
def test_honest_keys_are_accepted(secret):
    """Every key that a signer makes passes the point checks."""
    ed25519.check_public_key(Key(secret.hex()).public)


@given(LEAVES)
def test_root_is_the_definitions(items):
    """Level by level and leaf by leaf give the RFC's recursive root."""
    expected = tree_root([leaf(item) for item in items])
    frontier = tree.Frontier()
    for item in items:
        frontier.push(tree.leaf_hash(item))

    assert expected == tree.root_of(items) == frontier.root()


def prove(index: int, leaves: list[bytes]) -> list[bytes]:
    """The inclusion path. Source: RFC 6962, section 2.1.1."""
    if len(leaves) == 1:
        return []
    split = 1 << (len(leaves) - 1).bit_length() - 1
    if index < split:
        return [*prove(index, leaves[:split]), tree_root(leaves[split:])]
    return [*prove(index - split, leaves[split:]), tree_root(leaves[:split])]


def prove_old(size: int, leaves: list[bytes], *, whole: bool = True) -> list[bytes]:
    """The consistency path. Source: RFC 6962, section 2.1.2."""
    if size == len(leaves):
        return [] if whole else [tree_root(leaves)]
    split = 1 << (len(leaves) - 1).bit_length() - 1
    if size <= split:
        path = prove_old(size, leaves[:split], whole=whole)
        return [*path, tree_root(leaves[split:])]
    path = prove_old(size - split, leaves[split:], whole=False)
    return [*path, tree_root(leaves[:split])]


@given(st.data())
def test_inclusion(data):
    """A true path is accepted; with any other index or hash it is not."""
    size = data.draw(st.integers(1, 40))
    leaves = [leaf(bytes([n])) for n in range(size)]
    index, other = (data.draw(st.integers(0, size - 1)) for _ in range(2))
    path, root = prove(index, leaves), tree_root(leaves)
    common = {"size": size, "leaf": leaves[index], "root": root}
    tree.check_inclusion(index=index, proof=path, **common)

    forged = [(index, [*path, bytes(32)]), (index, [*path[:-1], bytes(32)])]
    if other != index:
        forged.append((other, path))
    for bad_index, bad_path in forged:
        with pytest.raises(tree.ProofError):
            tree.check_inclusion(index=bad_index, proof=bad_path, **common)


@given(st.data())
def test_consistency(data):
    """A true path is accepted; with another old root it is not."""
    size = data.draw(st.integers(1, 40))
    old = data.draw(st.integers(1, size))
    leaves = [leaf(bytes([n])) for n in range(size)]
    sizes = {"size_old": old, "size_new": size, "root_new": tree_root(leaves)}
    path = prove_old(old, leaves)
    tree.check_consistency(root_old=tree_root(leaves[:old]), proof=path, **sizes)

    with pytest.raises(tree.ProofError):
        tree.check_consistency(root_old=sha256(b"x").digest(), proof=path, **sizes)


BOUNDS = st.one_of(st.integers(0, 5000), st.integers(0, INT_MAX))


@given(BOUNDS, BOUNDS, st.data())
def test_integer_range(one, two, data):
    """The expression of a range matches its decimals and no others."""
    low, high = min(one, two), max(one, two)
    pattern = re.compile(integer(low, high).pattern)
    edges = [low - 1, low, low + 1, high - 1, high, high + 1, 0, 9, 10, INT_MAX]
    number = data.draw(st.sampled_from(edges) | st.integers(0, INT_MAX + 1))

    assert (low <= number <= high) == bool(pattern.fullmatch(str(number)))
    assert not pattern.fullmatch(f"0{number}")


@pytest.mark.parametrize("name", EVENT_TYPES)
def test_every_type_is_in_the_story(name):
    """The valid history holds every type, so each pattern has matched a true line."""
    assert name in {event["type"] for event in Story().events()}


@pytest.mark.parametrize("name", EVENT_TYPES)
def test_every_field_is_checked(name):
    """A line without one of its fields is refused, naming that field."""
    line = dict(encode_all(Story()))[name]
    kind = schema.event_type(b'{"type":"' + name.encode())
    for field in EVENT_TYPES[name]:
        broken = line.replace(f'"{field}":'.encode(), b'"other":', 1)
        assert kind.pattern.fullmatch(broken) is None
        assert field in str(schema.refuse(broken, name))


PAGE = (Path(__file__).parents[3] / "docs" / "events.md").read_text("utf-8")


def page_fields(title: str) -> dict[str, str]:
    """Field and values of one table of docs/events.md."""
    body = PAGE.split(f"# {title}\n", 1)[1].split("\n#", 1)[0]
    rows = re.findall(r"^\| `(\w+)` \| (.*?) \| ", body, re.MULTILINE)
    return {field: values.replace("\\|", "|") for field, values in rows}


def kind_of(values: str) -> Kind:
    """The kind that a cell of docs/events.md describes."""
    if match := re.fullmatch(r"list of (.*), (\d+)\.\.(\d+)", values):
        return list_of(kind_of(match[1]), int(match[2]), int(match[3]))
    if match := re.fullmatch(r"int (\d+)\.\.(\d+)", values):
        return integer(int(match[1]), int(match[2]))
    if values == "flag":
        return FLAG
    if re.fullmatch(r"[A-Z]\w+", values):
        fields = page_fields(values).items()
        return record(**{field: kind_of(inner) for field, inner in fields})
    texts = re.findall(r"`([^`]+)`", values)
    kind = text(texts[0]) if len(texts) == 1 else one_of(" ".join(texts))
    return or_empty(kind) if values.endswith(", or empty") else kind


def test_types_are_those_of_the_page():
    """The verifier knows exactly the types of docs/events.md."""
    assert re.findall(r"^## (\S+\.v\d+)$", PAGE, re.MULTILINE) == list(EVENT_TYPES)


@pytest.mark.parametrize("name", EVENT_TYPES)
def test_table_is_that_of_the_page(name):
    """The hand-written table of each type says what docs/events.md says."""
    expected = {field: kind_of(values) for field, values in page_fields(name).items()}

    assert {field: kind.json() for field, kind in expected.items()} == {
        field: kind.json()
        for field, kind in {"salt": SALT, **EVENT_TYPES[name]}.items()
    }


@pytest.mark.parametrize(
    "encoded", [b"AB==", b"AA=", b"A A=", b"AA==\n", b"_-==", b"A"]
)
def test_base64_has_one_spelling(encoded):
    """Unused bits, missing padding, spaces and other alphabets are refused."""
    with pytest.raises(ValueError):
        decode_base64(encoded)


@given(st.binary(max_size=200))
def test_note_parser_never_fails_otherwise(data):
    """Any bytes are a note or a NoteError."""
    try:
        note = parse_note(data)
    except NoteError:
        return
    assert note.signatures


def test_unknown_lines_of_a_note_are_ignored():
    """A note opens under one known key, whatever other lines it has."""
    known, other = Key("known"), Key("other")
    said = b"text\n"
    note = said + b"\n" + other.line(b"forged\n") + known.line(said)

    assert (said, ["known"]) == open_note(note, [parse_vkey(known.vkey)])
    with pytest.raises(NoteError):
        open_note(note, [parse_vkey(key.vkey) for key in (known, other)])


@pytest.fixture
def ledger_file(tmp_path):
    return told_ledger().write(tmp_path / "acme.ledger")


@pytest.mark.parametrize("how", ["vkey", "hex", "file"])
def test_command(ledger_file, tmp_path, capsys, how):
    """The command takes root keys as text or from a file, and exits 0."""
    root = told_ledger().roots[0]
    (tmp_path / "roots.txt").write_text(f"{root.vkey}\n\n")
    option = {
        "vkey": root.vkey,
        "hex": root.public.hex(),
        "file": f"@{tmp_path / 'roots.txt'}",
    }[how]

    assert 0 == main([str(ledger_file), "--root", option])
    assert "RESULT          L1 authentic   exit 0" in capsys.readouterr().out


@pytest.mark.parametrize(
    "root", ["x", "a+b+c", "00" * 32, "@/nowhere", "a+0+AQ==", "a,b+0+AQ=="]
)
def test_command_with_a_malformed_root_key(ledger_file, capsys, root):
    """A malformed or weak root key is a usage error, one line."""
    assert 2 == main([str(ledger_file), "--root", root])
    assert 1 == capsys.readouterr().err.count("\n")


def test_progress(ledger_file):
    """The caller is told after each entry."""
    seen = []
    verify(ledger_file, progress=seen.append)

    assert list(range(1, len(told_ledger().entries) + 1)) == seen


def test_level(ledger_file):
    """Levels that this reader does not know are refused."""
    with pytest.raises(ValueError, match="level 5"):
        verify(ledger_file, level=5)
    with pytest.raises(RootKeyError, match="root key 1"):
        verify(ledger_file, root_keys=["zz"])
