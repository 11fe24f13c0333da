"""Invariants of the format: events have one spelling, trees are those of RFC 6962."""

import base64
import functools
import random
from typing import get_args

import msgspec.inspect as mi
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.errors import InputError, IntegrityError
from ledger.events import AnyEvent, decode_event, encode_event
from ledger.format import tree
from ledger.format.note import decode_base64, parse_note
from tests.unit.ledger.tree_reference import (
    LEAVES,
    SIZES,
    reference_path,
    reference_proof,
    reference_root,
)
from tests.unit.ledger.workshop import SALT, key
from verifier.format import tree as other_tree
from verifier.schema import lines as schema

TYPES = get_args(AnyEvent)


def values(kind):
    """Every value that a field may have, from its annotation."""
    match kind:
        case mi.StrType(pattern=pattern):
            return st.from_regex(pattern, fullmatch=True)
        case mi.IntType(ge=low, le=high):
            return st.sampled_from([low, high]) | st.integers(low, high)
        case mi.BoolType():
            return st.booleans()
        case mi.LiteralType(values=allowed):
            return st.sampled_from(allowed)
        case mi.ListType(item_type=item, min_length=low, max_length=high):
            return st.lists(values(item), min_size=low or 0, max_size=min(high, 4))
        case mi.StructType(cls=cls, fields=fields):
            return st.builds(cls, **{f.name: values(f.type) for f in fields})
    raise TypeError(kind)


@functools.cache
def events(cls):
    """Every event of a type; made once, as making it takes longer than drawing."""
    return values(mi.type_info(cls))


@pytest.mark.parametrize("cls", TYPES, ids=lambda cls: cls.__name__)
@settings(max_examples=15)
@given(data=st.data())
def test_an_event_has_one_line(cls, data):
    """Encode, decode, encode: the same event and the same line, for every type.

    The verifier's own reading of docs/events.md takes the line as a whole, too.
    """
    event = data.draw(events(cls))
    line = encode_event(event, salt=SALT)

    assert event == decode_event(line)
    assert line == encode_event(decode_event(line), salt="")
    kind = schema.event_type(line[: line.index(b'"', len(schema.TYPE_PREFIX))])
    assert kind is not None
    assert kind.pattern.fullmatch(line)


def _accepts(line):
    """Whether the writer, and whether the verifier, take this line."""
    try:
        decode_event(line)
        is_ours = True
    except IntegrityError:
        is_ours = False
    end = line.find(b'"', len(schema.TYPE_PREFIX))
    kind = schema.event_type(line[:end]) if end > 0 else None
    return is_ours, bool(kind and kind.pattern.fullmatch(line))


@given(
    data=st.data(),
    cls=st.sampled_from(TYPES),
    place=st.floats(0, 1, exclude_max=True),
    byte=st.sampled_from(b'0919aAfFzZ _-+.,:{}[]"\\/\x00\n\t\x7f\xc3\xa9\xff'),
    how=st.sampled_from(["replace", "insert", "delete"]),
)
@settings(max_examples=400)
def test_writer_and_verifier_agree_on_changed_lines(data, cls, place, byte, how):
    """One changed byte: both take the line, or neither does."""
    line = encode_event(data.draw(events(cls)), salt=SALT)
    at = int(place * len(line))
    end = at if how == "insert" else at + 1
    middle = b"" if how == "delete" else bytes([byte])
    ours, theirs = _accepts(line[:at] + middle + line[end:])

    assert ours == theirs


@given(st.sampled_from(TYPES), st.data())
def test_a_field_of_another_type_is_refused(cls, data):
    """Constructors check nothing; encoding refuses what does not belong."""
    event = data.draw(events(cls))
    name = data.draw(st.sampled_from(event.__struct_fields__[1:]))
    wrong = data.draw(st.sampled_from([None, 1.5, -1, "\n", b"\xff", {}, float("nan")]))
    fields = {one: getattr(event, one) for one in event.__struct_fields__}

    with pytest.raises(InputError):
        encode_event(type(event)(**(fields | {name: wrong})), salt=SALT)


@given(st.binary(max_size=200))
def test_any_bytes_are_an_event_or_refused(line):
    """No crash on any bytes."""
    with pytest.raises(IntegrityError):
        decode_event(line)


@given(st.binary(min_size=1, max_size=64), st.integers(0, 63))
def test_base64_has_one_spelling(content, letter):
    """Of all texts that decode to some bytes, one is taken."""
    text = base64.b64encode(content).decode()
    assert content == decode_base64(text)
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    end = len(text.rstrip("="))
    other = text[: end - 1] + alphabet[letter] + text[end:]
    try:
        assert (content == decode_base64(other)) == (text == other)
    except IntegrityError:
        assert text != other


@given(
    st.text(
        st.characters(exclude_categories=["Cs"], min_codepoint=32), max_size=60
    ).map(lambda text: (text + "\n").encode()),
    st.integers(1, 5),
)
def test_notes_round_trip(text, signers):
    """Any text without control characters comes back whole, with its lines."""
    keys = [key(f"signer-{number}") for number in range(signers)]
    content = text + b"\n" + b"".join(one.note_line(text) for one in keys)
    note = parse_note(content)

    assert text == note.text
    assert [one.name for one in keys] == [line.name for line in note.signatures]


@pytest.mark.parametrize("size", range(SIZES + 1))
def test_roots(size):
    """At once, leaf by leaf, and by the definition: one root."""
    frontier = tree.Frontier()
    for leaf in LEAVES[:size]:
        frontier.append(leaf)

    assert reference_root(0, size) == tree.root_hash(LEAVES[:size]) == frontier.root()


@pytest.mark.parametrize("size", range(1, SIZES + 1))
def test_every_inclusion_proof(size):
    """Each leaf has the path of the definition; both readers are led to the root."""
    root = reference_root(0, size)
    for index in range(size):
        path = tree.prove_inclusion(index, LEAVES[:size])
        assert reference_path(index, 0, size) == path
        proof = {"index": index, "size": size, "leaf": LEAVES[index]}
        assert root == tree.root_from_inclusion(**proof, path=path)
        other_tree.check_inclusion(**proof, proof=path, root=root)


@pytest.mark.parametrize("size", range(1, SIZES + 1))
def test_every_consistency_proof(size):
    """Each pair of sizes has the proof of the definition; both readers follow it."""
    new_root = reference_root(0, size)
    for old in range(1, size + 1):
        proof = tree.prove_consistency(old, LEAVES[:size])
        old_root = reference_root(0, old)
        assert reference_proof(old, 0, size, is_complete=True) == proof
        assert (old_root, new_root) == tree.roots_from_consistency(
            old_size=old, new_size=size, old_root=old_root, proof=proof
        )
        other_tree.check_consistency(
            size_old=old,
            root_old=old_root,
            size_new=size,
            root_new=new_root,
            proof=proof,
        )


def _is_included(index, size, leaf, path, root):
    """Whether the writer, and whether the verifier, take this proof."""
    ours = root == tree.root_from_inclusion(
        index=index, size=size, leaf=leaf, path=path
    )
    try:
        other_tree.check_inclusion(
            index=index, size=size, leaf=leaf, proof=path, root=root
        )
    except other_tree.ProofError:
        return ours, False
    return ours, True


def _is_consistent(old, size, old_root, proof, root):
    """The same for consistency."""
    ours = (old_root, root) == tree.roots_from_consistency(
        old_size=old, new_size=size, old_root=old_root, proof=proof
    )
    try:
        other_tree.check_consistency(
            size_old=old,
            root_old=old_root,
            size_new=size,
            root_new=root,
            proof=proof,
        )
    except other_tree.ProofError:
        return ours, False
    return ours, True


def _damage(chance, path):
    """The path with a node dropped, doubled, changed, added or swapped."""
    path = list(path)
    at = chance.randrange(len(path) + 1)
    match chance.randrange(5):
        case 0:
            del path[at : at + 1]
        case 1:
            path.insert(at, chance.choice(LEAVES))
        case 2 if path:
            path[at - 1] = bytes(32)
        case 3:
            path += path[-1:]
        case _:
            path.reverse()
    return path


@given(st.integers(1, SIZES), st.integers(0, SIZES), st.integers(0, 2**32))
@settings(max_examples=400)
def test_damaged_inclusion_proofs(size, index, seed):
    """Both readers take a changed proof only where it is the right one."""
    chance = random.Random(seed)
    index %= size
    path = tree.prove_inclusion(index, LEAVES[:size])
    damaged = _damage(chance, path)
    shifted = (index + chance.randrange(-1, 2), size + chance.randrange(-1, 2))
    root = reference_root(0, size)

    right = damaged == path
    assert (right, right) == _is_included(index, size, LEAVES[index], damaged, root)
    ours, theirs = _is_included(*shifted, LEAVES[index], path, root)
    assert ours == theirs


@given(st.integers(1, SIZES), st.integers(1, SIZES), st.integers(0, 2**32))
@settings(max_examples=400)
def test_damaged_consistency_proofs(size, old, seed):
    """Both readers take a changed proof only where it is the right one."""
    chance = random.Random(seed)
    old = 1 + old % size
    proof = tree.prove_consistency(old, LEAVES[:size])
    damaged = _damage(chance, proof)
    roots = reference_root(0, old), reference_root(0, size)

    right = damaged == proof
    assert (right, right) == _is_consistent(old, size, roots[0], damaged, roots[1])
    shifted = (max(1, old + chance.randrange(-1, 2)), size + chance.randrange(-1, 2))
    ours, theirs = _is_consistent(*shifted, roots[0], proof, roots[1])
    assert ours == theirs
