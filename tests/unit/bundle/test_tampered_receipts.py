"""Attacks on checkpoint and receipts; digests and statement are made to fit again."""

import base64
import shutil

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.bundle.attacks import edit_receipts, found, resign
from tests.unit.bundle.samples import RUN_ID, Workspace, run_submissions, stranger_key
from verifier.bundle.verify import verify_bundle


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
    receipts[1]["events"][2]["index"] = 3


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


def test_receipts_of_another_format(bundle, root_keys, ci_key):
    """Receipts that are in order but for their format are not read."""
    path = bundle / "receipts.json"
    path.write_bytes(path.read_bytes().replace(b"receipts/v1", b"receipts/v2", 1))
    resign(bundle, ci_key)

    assert ("LV903", "BUN-5", 1) == found(bundle, root_keys)


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


def test_first_bad_place(bundle, root_keys, ci_key):
    """The report names the first bad place, and what was not checked after it."""
    edit_receipts(bundle, change_line)
    resign(bundle, ci_key)

    text = verify_bundle(bundle, root_keys=root_keys).as_text()

    assert "FIRST BAD       event 4.0   LV905 BUN-8" in text
    assert "NOT CHECKED     everything after the first bad place" in text
    assert RUN_ID not in text


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 2**53 - 1) | st.text(max_size=40),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["index", "path", "line"]), inner, max_size=3)
    ),
    max_leaves=5,
)


@given(data=st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_value_in_any_place(good, root_keys, tmp_path_factory, data):
    """Whatever JSON stands somewhere in the receipts is a finding, never a crash."""
    folder = tmp_path_factory.mktemp("edited")
    shutil.copytree(good.bundle, folder, dirs_exist_ok=True)

    def edit(receipts):
        place = receipts
        while isinstance(place, dict | list) and place:
            keys = sorted(place) if isinstance(place, dict) else range(len(place))
            parent, key = place, data.draw(st.sampled_from(keys))
            place = parent[key]
            if data.draw(st.integers(0, 3)) == 0:
                break
        value = data.draw(JSON_VALUES.filter(lambda drawn: drawn != place))
        parent[key] = value

    edit_receipts(folder, edit)
    resign(folder, good.workspace.ci_key)

    assert 1 == verify_bundle(folder, root_keys=root_keys).exit_code
