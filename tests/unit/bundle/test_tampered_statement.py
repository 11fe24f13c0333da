"""Attacks on the statement; where it is signed again, the ci key was stolen."""

import base64

import pytest

from ledger.export.canonical import canonical_json
from ledger.export.dsse import sign_envelope
from ledger.export.statement import PAYLOAD_TYPE
from ledger.keys.files import load_key
from tests.unit.bundle.attacks import (
    edit_envelope,
    found,
    publish,
    read,
    read_payload,
    resign,
)
from tests.unit.bundle.samples import Workspace, run_submissions, stranger_key


def test_subject_digest_swapped(bundle, root_keys, ci_key):
    """Whoever holds the ci key cannot attest other weights."""

    def swap(statement):
        first, second = statement["subject"][:2]
        first["digest"], second["digest"] = second["digest"], first["digest"]

    resign(bundle, ci_key, swap)

    assert ("LV909", "BUN-16", 1) == found(bundle, root_keys)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("tokens", 191),
        ("batches", 2),
        ("batches", True),
        ("flop_forward", "299"),
        ("base_sha256", "bb" * 32),
        ("tree_size", 9),
        ("does_not_prove", []),
        ("entries", {"count": 3, "first": 2, "last": 7}),
        ("steps", True),
    ],
)
def test_predicate_lies(bundle, root_keys, ci_key, name, value):
    """A predicate that the receipts do not make is found, whoever signed it."""
    resign(bundle, ci_key, lambda s: s["predicate"].update({name: value}))

    assert ("LV909", "BUN-17", 1) == found(bundle, root_keys)


def test_predicate_says_more(bundle, root_keys, ci_key):
    """A field that no rule derives cannot be slipped in."""
    resign(bundle, ci_key, lambda s: s["predicate"].update(approved=True))

    assert ("LV909", "BUN-17", 1) == found(bundle, root_keys)


@pytest.mark.parametrize("value", ["x", [], 1, None], ids=repr)
def test_predicate_of_another_shape(bundle, root_keys, ci_key, value):
    """A value of another type is another value, wherever it stands."""

    def edit(statement):
        statement["predicate"]["entries"] = value

    resign(bundle, ci_key, edit)

    assert ("LV909", "BUN-17", 1) == found(bundle, root_keys)


def test_subject_added(bundle, root_keys, ci_key):
    """A file that the run did not make cannot be attested with it."""
    extra = {"digest": {"sha256": "00" * 32}, "name": "shard-2.safetensors"}
    resign(bundle, ci_key, lambda s: s["subject"].append(extra))

    assert ("LV909", "BUN-16", 1) == found(bundle, root_keys)


def test_payload_changed_under_the_same_signature(bundle, root_keys):
    """The signature covers the payload."""
    statement = read_payload(bundle)
    statement["predicate"]["tokens"] = 1
    payload = base64.b64encode(canonical_json(statement)).decode()
    edit_envelope(bundle, lambda envelope: envelope.update(payload=payload))

    assert ("LV908", "BUN-15", 1) == found(bundle, root_keys)


def test_payload_type_changed(bundle, root_keys):
    """The signature covers the type, and only one type is read."""
    edit_envelope(bundle, lambda e: e.update(payloadType="application/json"))

    assert ("LV907", "BUN-14", 1) == found(bundle, root_keys)


@pytest.mark.parametrize("count", [0, 2])
def test_signature_stripped_or_doubled(bundle, root_keys, count):
    """An envelope has one signature: none, or one key twice, does not count."""
    edit_envelope(bundle, lambda e: e.update(signatures=e["signatures"] * count))

    assert ("LV907", "BUN-14", 1) == found(bundle, root_keys)


def test_signature_emptied(bundle, root_keys):
    """A signature of no bytes verifies under no key."""
    edit_envelope(bundle, lambda e: e["signatures"][0].update(sig=""))

    assert ("LV908", "BUN-15", 1) == found(bundle, root_keys)


@pytest.mark.parametrize("keyid", ["", "example.org/acme/root+00000000"])
def test_key_id_is_no_key(bundle, root_keys, keyid):
    """A key id chooses no key: a lie in it is only another spelling."""
    edit_envelope(bundle, lambda e: e["signatures"][0].update(keyid=keyid))

    assert ("LV907", "BUN-14", 1) == found(bundle, root_keys)


def test_unsigned_field_added(bundle, root_keys):
    """An envelope carries nothing that nobody signed."""
    edit_envelope(bundle, lambda e: e.update(verified=True))

    assert ("LV907", "BUN-14", 1) == found(bundle, root_keys)


def test_base64_with_another_spelling(bundle, root_keys):
    """A signature has one spelling, though others decode to the same bytes."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

    def respell(envelope):
        sig = envelope["signatures"][0]["sig"]
        other = sig[:-3] + letters[letters.index(sig[-3]) ^ 1] + sig[-2:]
        envelope["signatures"][0]["sig"] = other
        assert base64.b64decode(sig) == base64.b64decode(other)

    edit_envelope(bundle, respell)

    assert ("LV907", "BUN-14", 1) == found(bundle, root_keys)


def test_ci_key_not_granted(good, bundle, root_keys):
    """A key with the ci key's name, but without a grant, attests nothing."""
    resign(bundle, stranger_key(good.workspace.ci_key.name))

    assert ("LV908", "BUN-15", 1) == found(bundle, root_keys)


def test_key_of_another_role(good, bundle, root_keys):
    """The trainer's key is granted, but not to attest."""
    keys = good.workspace.folder / "keys"
    resign(bundle, load_key(keys, "trainer", "example.org/acme/trainer", None))

    assert ("LV908", "BUN-15", 1) == found(bundle, root_keys)


def test_ci_key_retired(tmp_path):
    """A ci key that root retired below the checkpoint attests nothing."""
    workspace = Workspace(tmp_path / "acme")
    workspace.append(run_submissions())
    workspace.retire_ci_key()
    folder = publish(workspace, read(workspace), tmp_path / "out")

    assert ("LV908", "BUN-15", 1) == found(folder, [workspace.root_key])


@pytest.mark.parametrize(
    "content",
    [
        b"{}",
        b"[1]",
        b'{"payload":1}',
        b'{"payload":"","payloadType":"","signatures":[1]}',
        b'{"payload":"","payloadType":"","signatures":[{"sig":"!"}]}',
        b'{"payload":"","payloadType":"","signatures":{}}',
        b"[" * 200_000,
    ],
)
def test_malformed_envelope(bundle, root_keys, content):
    """Whatever is no envelope is a finding, never a traceback."""
    (bundle / "statement.dsse.json").write_bytes(content)

    assert ("LV907", "BUN-14", 1) == found(bundle, root_keys)


def test_signed_payload_that_is_no_statement(bundle, root_keys, ci_key):
    """A signature makes no statement of any bytes."""
    envelope = sign_envelope(PAYLOAD_TYPE, b"{", ci_key)
    (bundle / "statement.dsse.json").write_bytes(envelope)

    assert ("LV907", "BUN-3", 1) == found(bundle, root_keys)
