"""Attacks on a bundle, each with the finding that it must raise.

The attacker here edits files; where `resign` is used, the attacker also holds the ci
key, and makes digests and signature fit again.
"""

import base64
import hashlib
import json
import os
import shutil

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.events.training import Adapter
from ledger.export.canonical import canonical_json
from ledger.export.dsse import sign_envelope
from ledger.export.statement import PAYLOAD_TYPE
from ledger.keys import load_key
from tests.unit.bundle.samples import (
    RUN_ID,
    Workspace,
    finished,
    metered,
    run_submissions,
    sha256_hex,
    started,
    stranger_key,
    trained,
)
from verifier.bundle import verify_bundle

NAMES = ["SHA256SUMS", "checkpoint", "receipts.json", "statement.dsse.json"]


def found(folder, root_keys):
    """Code, rule and exit code of the first finding."""
    report = verify_bundle(folder, root_keys=root_keys)
    first = report.findings[0] if report.findings else None
    return (first and first.code, first and first.rule, report.exit_code)


def read_json(path):
    return json.loads(path.read_bytes())


def read_payload(folder):
    envelope = read_json(folder / "statement.dsse.json")
    return json.loads(base64.b64decode(envelope["payload"]))


def edit_receipts(folder, edit):
    """Change receipts.json in its one spelling."""
    value = read_json(folder / "receipts.json")
    edit(value["receipts"])
    (folder / "receipts.json").write_bytes(canonical_json(value))


def resign(folder, key, edit=lambda statement: None):
    """Make the sums, the subjects and the signature fit the files again."""
    sums = "".join(
        f"{sha256_hex((folder / name).read_bytes())}  {name}\n"
        for name in ("checkpoint", "receipts.json")
    )
    (folder / "SHA256SUMS").write_text(sums)
    statement = read_payload(folder)
    for subject in statement["subject"]:
        if (folder / subject["name"]).exists():
            content = (folder / subject["name"]).read_bytes()
            subject["digest"]["sha256"] = sha256_hex(content)
    edit(statement)
    envelope = sign_envelope(PAYLOAD_TYPE, canonical_json(statement), key)
    (folder / "statement.dsse.json").write_bytes(envelope)


@pytest.fixture
def ci_key(good):
    """The stolen ci key."""
    return good.workspace.ci_key


# The folder


@pytest.mark.parametrize("name", NAMES)
@given(data=st.data())
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_one_flipped_bit(good, root_keys, tmp_path_factory, name, data):
    """Any one flipped bit in any file is found."""
    content = bytearray((good.bundle / name).read_bytes())
    bit = data.draw(st.integers(0, 8 * len(content) - 1))
    content[bit // 8] ^= 1 << bit % 8
    folder = tmp_path_factory.mktemp("flipped")
    shutil.copytree(good.bundle, folder, dirs_exist_ok=True)
    (folder / name).write_bytes(content)

    assert 1 == verify_bundle(folder, root_keys=root_keys).exit_code


@pytest.mark.parametrize("name", NAMES)
def test_missing_file(bundle, root_keys, name):
    """A file that is not there is named."""
    (bundle / name).unlink()

    report = verify_bundle(bundle, root_keys=root_keys)

    assert [(name, "BUN-1")] == [(item.where, item.rule) for item in report.findings]
    assert 1 == report.exit_code


@pytest.mark.parametrize("name", NAMES)
def test_emptied_file(bundle, root_keys, name):
    """An empty file is a finding."""
    (bundle / name).write_bytes(b"")

    assert 1 == verify_bundle(bundle, root_keys=root_keys).exit_code


def test_extra_file(bundle, root_keys):
    """A file that nothing covers is a finding, though the rest holds."""
    (bundle / "shard-0.safetensors").write_bytes(b"unsigned")

    assert ("LV901", "BUN-1", 1) == found(bundle, root_keys)


def test_extra_file_with_a_hostile_name(bundle, root_keys):
    """A name with terminal controls is shown as printable ASCII."""
    (bundle / "\x1b[2Jok\n").write_bytes(b"")

    text = verify_bundle(bundle, root_keys=root_keys).as_text()

    assert "\\x1b[2Jok\\n" in text
    assert "\x1b" not in text


@pytest.mark.parametrize("name", NAMES)
def test_symlink(bundle, root_keys, tmp_path, name):
    """A link is not followed, even to the right bytes."""
    (bundle / name).rename(tmp_path / name)
    (bundle / name).symlink_to(tmp_path / name)

    report = verify_bundle(bundle, root_keys=root_keys)

    assert [(name, "BUN-1")] == [(item.where, item.rule) for item in report.findings]


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir], ids=["pipe", "folder"])
def test_no_regular_file(bundle, root_keys, make):
    """A pipe does not block the reader, and a folder is no file."""
    (bundle / "checkpoint").unlink()
    make(bundle / "checkpoint")

    assert ("LV901", "BUN-1", 1) == found(bundle, root_keys)


@pytest.mark.parametrize(
    ("name", "limit"),
    [("checkpoint", 1024), ("SHA256SUMS", 1024), ("statement.dsse.json", 1 << 20)],
)
def test_one_past_the_limit(bundle, root_keys, name, limit):
    """A file is read up to its limit and no further."""
    (bundle / name).write_bytes(b"x" * (limit + 1))

    assert ("LV901", "BUN-2", 1) == found(bundle, root_keys)


def test_sum_of_another_file(bundle, root_keys):
    """A wrong line in SHA256SUMS is a finding of its own."""
    sums = (bundle / "SHA256SUMS").read_text().replace("  checkpoint", "  receipts")
    (bundle / "SHA256SUMS").write_text(sums)

    assert ("LV902", "BUN-13", 1) == found(bundle, root_keys)


# The statement


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


def test_subject_added(bundle, root_keys, ci_key):
    """A file that the run did not make cannot be attested with it."""
    extra = {"digest": {"sha256": "00" * 32}, "name": "shard-2.safetensors"}
    resign(bundle, ci_key, lambda s: s["subject"].append(extra))

    assert ("LV909", "BUN-16", 1) == found(bundle, root_keys)


def test_payload_changed_under_the_same_signature(bundle, root_keys):
    """The signature covers the payload."""
    statement = read_payload(bundle)
    statement["predicate"]["tokens"] = 1
    envelope = read_json(bundle / "statement.dsse.json")
    envelope["payload"] = base64.b64encode(canonical_json(statement)).decode()
    (bundle / "statement.dsse.json").write_bytes(canonical_json(envelope))

    assert ("LV908", "BUN-15", 1) == found(bundle, root_keys)


def test_payload_type_changed(bundle, root_keys):
    """The signature covers the type, and only one type is read."""
    envelope = read_json(bundle / "statement.dsse.json")
    envelope["payloadType"] = "application/json"
    (bundle / "statement.dsse.json").write_bytes(canonical_json(envelope))

    assert ("LV907", "BUN-14", 1) == found(bundle, root_keys)


@pytest.mark.parametrize("count", [0, 2])
def test_signature_stripped_or_doubled(bundle, root_keys, count):
    """An envelope has one signature: none, or one key twice, does not count."""
    envelope = read_json(bundle / "statement.dsse.json")
    envelope["signatures"] *= count
    (bundle / "statement.dsse.json").write_bytes(canonical_json(envelope))

    assert ("LV907", "BUN-14", 1) == found(bundle, root_keys)


def test_key_id_is_no_key(bundle, root_keys):
    """A key id chooses no key: a lie in it is only another spelling."""
    envelope = read_json(bundle / "statement.dsse.json")
    envelope["signatures"][0]["keyid"] = "example.org/acme/root+00000000"
    (bundle / "statement.dsse.json").write_bytes(canonical_json(envelope))

    assert ("LV907", "BUN-14", 1) == found(bundle, root_keys)


def test_base64_with_another_spelling(bundle, root_keys):
    """A signature has one spelling, though others decode to the same bytes."""
    path = bundle / "statement.dsse.json"
    envelope = read_json(path)
    sig = envelope["signatures"][0]["sig"]
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    other = sig[:-3] + letters[letters.index(sig[-3]) ^ 1] + sig[-2:]
    envelope["signatures"][0]["sig"] = other
    path.write_bytes(canonical_json(envelope))

    assert base64.b64decode(sig) == base64.b64decode(other)
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
    folder = workspace.forge(tmp_path / "out")

    assert ("LV908", "BUN-15", 1) == found(folder, [workspace.root_key])


# The checkpoint and the receipts


def test_checkpoint_rolled_back(tmp_path):
    """An older checkpoint of the same ledger does not fit the receipts."""
    workspace = Workspace(tmp_path / "acme")
    with workspace.open() as ledger:
        older = ledger.newest_checkpoint()
    workspace.append(run_submissions())
    workspace.bundle(tmp_path / "out")
    (tmp_path / "out" / "checkpoint").write_bytes(older)
    resign(tmp_path / "out", workspace.ci_key)

    assert ("LV905", "BUN-7", 1) == found(tmp_path / "out", [workspace.root_key])


def test_checkpoint_signed_by_another_log(good, bundle, root_keys, ci_key, tmp_path):
    """The root is right, but the log key is not the one that root granted."""
    text, _, _ = (bundle / "checkpoint").read_bytes().partition(b"\n\n")
    key = stranger_key("example.org/acme")
    (bundle / "checkpoint").write_bytes(key.sign_note(text + b"\n"))
    resign(bundle, ci_key)

    assert ("LV602", "CHK-1", 1) == found(bundle, root_keys)


def test_receipts_of_another_ledger(bundle, root_keys, ci_key, tmp_path):
    """Receipts of a ledger with the same name and run do not fit the checkpoint."""
    other = Workspace(tmp_path / "other", seed="two")
    other.append(run_submissions())
    other.bundle(tmp_path / "out")
    shutil.copy(tmp_path / "out" / "receipts.json", bundle / "receipts.json")
    resign(bundle, ci_key)

    assert ("LV905", "BUN-7", 1) == found(bundle, root_keys)


def test_whole_bundle_of_another_ledger(root_keys, tmp_path):
    """A bundle that an outsider made is consistent, but not under the pinned root."""
    other = Workspace(tmp_path / "other", seed="two")
    other.append(run_submissions())
    other.bundle(tmp_path / "out")

    assert (None, None, 7) == found(tmp_path / "out", root_keys)


def change_line(receipts):
    event = receipts[2]["events"][0]
    event["line"] = event["line"].replace('"tokens":64', '"tokens":65')


def change_event_index(receipts):
    receipts[1]["events"][1]["index"] = 2


def drop_batch(receipts):
    del receipts[2]["events"][0]


def drop_entry(receipts):
    del receipts[2]


def drop_genesis(receipts):
    del receipts[0]


def drop_last_slice(receipts):
    del receipts[3]["events"][1]


def drop_end(receipts):
    del receipts[3]["events"][2]


def drop_start(receipts):
    del receipts[1]["events"][0]


def hide_grant(receipts):
    del receipts[0]["events"][-1]


def strip_signature(receipts):
    text, _, _ = receipts[1]["entry"].rpartition("\u2014")
    receipts[1]["entry"] = text


def move_entry(receipts):
    receipts[1]["index"] = 3


def swap_entries(receipts):
    receipts[1], receipts[2] = receipts[2], receipts[1]


def repeat_entry(receipts):
    receipts.insert(2, receipts[1])


def longer_path(receipts):
    receipts[1]["path"].append(receipts[1]["path"][0])


def shorter_path(receipts):
    receipts[1]["path"].pop()


def short_hash(receipts):
    receipts[1]["path"][0] = base64.b64encode(b"\x00" * 31).decode()


def no_events(receipts):
    receipts[1]["events"] = []


def unknown_field(receipts):
    receipts[1]["note"] = "trust me"


def text_index(receipts):
    receipts[1]["index"] = "2"


@pytest.mark.parametrize(
    ("attack", "code", "rule"),
    [
        (change_line, "LV905", "BUN-8"),
        (change_event_index, "LV905", "BUN-8"),
        (drop_batch, "LV709", "XEV-9"),
        (drop_entry, "LV709", "XEV-9"),
        (drop_genesis, "LV904", "BUN-6"),
        (drop_last_slice, "LV712", "XEV-12"),
        (drop_end, "LV906", "BUN-11"),
        (drop_start, "LV906", "BUN-11"),
        (hide_grant, "LV906", "BUN-10"),
        (strip_signature, "LV905", "BUN-7"),
        (move_entry, "LV905", "BUN-7"),
        (swap_entries, "LV904", "BUN-6"),
        (repeat_entry, "LV904", "BUN-6"),
        (longer_path, "LV905", "BUN-7"),
        (shorter_path, "LV905", "BUN-7"),
        (short_hash, "LV903", "BUN-5"),
        (no_events, "LV903", "BUN-5"),
        (unknown_field, "LV903", "BUN-5"),
        (text_index, "LV903", "BUN-5"),
    ],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_edited_receipts(bundle, root_keys, ci_key, attack, code, rule):
    """An edit of the receipts is found, though digests and signature fit again."""
    edit_receipts(bundle, attack)
    resign(bundle, ci_key)

    assert (code, rule, 1) == found(bundle, root_keys)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"null",
        b'{"format":"tuneledger/receipts/v1","receipts":[]}',
        b'{"format":"tuneledger/receipts/v2","receipts":[{}]}',
        b'{"format":"x","format":"tuneledger/receipts/v1","receipts":[{}]}',
        b'{"format":"tuneledger/receipts/v1","receipts":[NaN]}',
        b'{"format":"tuneledger/receipts/v1","receipts":[1.0]}',
        b'{"format":"tuneledger/receipts/v1","receipts":["\\ud800"]}',
        b'{"format":"tuneledger/receipts/v1","receipts":[9007199254740992]}',
        b'{"format":"tuneledger/receipts/v1", "receipts":[{}]}',
        b"\xff\xfe",
        b"[" * 200_000,
        b"9" * 10_000,
    ],
    ids=[
        "empty",
        "list",
        "null",
        "no receipts",
        "other format",
        "name twice",
        "NaN",
        "fraction",
        "lone surrogate",
        "2^53",
        "white space",
        "not UTF-8",
        "too deep",
        "too long a number",
    ],
)
def test_malformed_receipts(bundle, root_keys, ci_key, content):
    """Whatever is no receipts.json is a finding, never a traceback."""
    (bundle / "receipts.json").write_bytes(content)
    resign(bundle, ci_key)

    assert ("LV903", "BUN-5", 1) == found(bundle, root_keys)


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


# The operator who holds every key, and lies in the ledger itself


def lying_run(**changes):
    submissions = run_submissions()
    submissions[-1][-1] = finished(**changes)
    return submissions


def two_starts():
    submissions = run_submissions()
    submissions[1].insert(0, started())
    return submissions


def slice_of_another_shard():
    submissions = run_submissions()
    submissions[1][1] = trained(0).__class__(
        **{
            name: getattr(trained(0), name)
            for name in trained(0).__struct_fields__
            if name not in ("shard", "salt")
        },
        shard=7,
    )
    return submissions


def batch_with(**changes):
    submissions = run_submissions()
    submissions[1][0] = metered(1, **changes)
    return submissions


@pytest.mark.parametrize(
    ("submissions", "code", "rule"),
    [
        (lying_run(flop_forward="299"), "LV710", "XEV-10"),
        (lying_run(tokens=0), "LV710", "XEV-10"),
        (lying_run(batches=4), "LV710", "XEV-10"),
        (
            lying_run(adapters=[Adapter(shard=0, weights_sha256="00" * 32)]),
            "LV712",
            "XEV-12",
        ),
        (two_starts(), "LV708", "XEV-8"),
        (slice_of_another_shard(), "LV711", "XEV-11"),
        (batch_with(step_first=3), "LV709", "XEV-9"),
        (batch_with(tokens=63), "LV709", "XEV-9"),
        (batch_with(shard=2), "LV709", "XEV-9"),
    ],
    ids=[
        "less FLOP",
        "no tokens",
        "one batch more",
        "other adapters",
        "two starts",
        "slice of another shard",
        "gap in steps",
        "tokens not of the shapes",
        "batch of another shard",
    ],
)
def test_run_that_contradicts_itself(tmp_path, submissions, code, rule):
    """Totals are added up again; who signed them does not matter."""
    workspace = Workspace(tmp_path / "acme")
    workspace.append(submissions)
    folder = workspace.forge(tmp_path / "out")

    assert (code, rule, 1) == found(folder, [workspace.root_key])


def test_event_of_another_run(good, bundle, root_keys, ci_key, tmp_path):
    """Receipts show one run: an event of another one is refused."""
    workspace = Workspace(tmp_path / "acme")
    submissions = run_submissions()
    submissions[1].append(started(run_id="0e" * 16))
    workspace.append(submissions)
    workspace.bundle(tmp_path / "out")
    lines = _lines(workspace, 4)

    def show(receipts):
        from ledger.export.paths import audit_paths
        from ledger.tree import leaf_hash

        _, paths = audit_paths([leaf_hash(line) for line in lines], range(3))
        receipts[2]["events"] = [
            {
                "index": index,
                "line": lines[index].decode(),
                "path": [base64.b64encode(node).decode() for node in paths[index]],
            }
            for index in range(3)
        ]

    edit_receipts(tmp_path / "out", show)
    resign(tmp_path / "out", workspace.ci_key)

    assert ("LV906", "BUN-11", 1) == found(tmp_path / "out", [workspace.root_key])


def _lines(workspace, seq):
    with workspace.open() as ledger:
        return ledger.row(seq).events[:-1].split(b"\n")


def test_findings_name_the_run_they_spoil(bundle, root_keys, ci_key):
    """A spoiled bundle names the first bad place and what was not checked."""
    edit_receipts(bundle, change_line)
    resign(bundle, ci_key)

    text = verify_bundle(bundle, root_keys=root_keys).as_text()

    assert "FIRST BAD       event 4.0   LV905 BUN-8" in text
    assert "NOT CHECKED     everything after the first bad place" in text
    assert RUN_ID not in text
    assert hashlib.sha256(b"").hexdigest() not in text
