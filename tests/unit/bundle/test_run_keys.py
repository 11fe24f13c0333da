"""Bundles of a run that has its own key, and of ledgers whose keys changed."""

import pytest

from ledger.log.key_admin import open_key_admin
from ledger.training.run_keys import begin_run, run_stream
from tests.unit.bundle.attacks import (
    edit_receipts,
    found,
    publish,
    read,
    read_json,
    resign,
    rewrite,
)
from tests.unit.bundle.samples import (
    RUN_ID,
    Workspace,
    counter_bytes,
    run_submissions,
    stranger_key,
    unrelated,
)
from verifier.bundle.verify import verify_bundle

CERTIFIED = "training.run_key_certified.v1"


def keyed_workspace(folder):
    """A workspace with a good run that signed with a key of its own."""
    workspace = Workspace(folder)
    with workspace.open() as ledger:
        begin_run(ledger, RUN_ID, random_bytes=counter_bytes("run key"))
        for number, events in enumerate(run_submissions()):
            ledger.append([unrelated(number)], stream="policy")
            ledger.append(events, stream=run_stream(ledger, RUN_ID))
    return workspace


@pytest.fixture
def workspace(tmp_path):
    return keyed_workspace(tmp_path / "acme")


def verdict(workspace, out):
    """The report on a bundle that is made now, under the workspace's root."""
    workspace.bundle(out)
    return verify_bundle(out, root_keys=[workspace.root_key])


def shown_types(folder):
    """The types of the shown events outside the key entries, in order."""
    receipts = read_json(folder / "receipts.json")["receipts"]
    lines = [event["line"] for one in receipts for event in one["events"]]
    types = [line.split('"')[3] for line in lines]
    return [name for name in types if not name.startswith("keys.")]


def test_run_with_its_key(workspace, tmp_path):
    """The certification comes first, and all of the run hangs on it."""
    report = verdict(workspace, tmp_path / "out")

    assert ("L1", 0, []) == (report.verdict, report.exit_code, report.findings)
    assert CERTIFIED == shown_types(tmp_path / "out")[0]


def test_keys_changed_after_the_run(workspace, tmp_path):
    """Rotations, and a declaration about another key, leave a bundle authentic."""
    with open_key_admin(workspace.folder) as admin:
        admin.rotate("trainer")
        admin.rotate("log")
        admin.revoke("scanner", since_seq=1)
    report = verdict(workspace, tmp_path / "out")

    assert ("L1", 0, []) == (report.verdict, report.exit_code, report.findings)


@pytest.mark.parametrize("role", ["trainer", RUN_ID])
def test_signer_declared_compromised(workspace, tmp_path, role):
    """No anchor in a bundle says that a declared key signed before its theft."""
    which = role if role == "trainer" else f"{workspace.origin}/trainer/{RUN_ID}"
    with open_key_admin(workspace.folder) as admin:
        admin.revoke(which, since_seq=2)
    report = verdict(workspace, tmp_path / "out")

    assert ("L0", 7, []) == (report.verdict, report.exit_code, report.findings)
    assert [("LV803", "BUN-21")] == [(one.code, one.rule) for one in report.trust]


def test_certification_left_out(workspace, tmp_path):
    """Without it nobody knows who signed the run."""
    out = tmp_path / "out"
    workspace.bundle(out)

    def leave_out(receipts):
        receipts[:] = [r for r in receipts if CERTIFIED not in r["events"][0]["line"]]

    edit_receipts(out, leave_out)
    resign(out, workspace.ci_key)

    assert ("LV303", "SUB-6", 1) == found(out, [workspace.root_key])


@pytest.mark.parametrize("place", [1, 2, 3], ids=["start", "batch", "end"])
def test_entry_of_the_run_signed_by_the_trainer(workspace, tmp_path, place):
    """A stolen trainer key signs for no run that has its own."""
    run = rewrite(workspace, read(workspace), place, signer="trainer")
    folder = publish(workspace, run, tmp_path / "out")

    assert ("LV409", "KEY-11", 1) == found(folder, [workspace.root_key])


def test_certified_by_a_stranger(workspace, tmp_path):
    """The certification itself needs the trainer's key."""
    stranger = stranger_key(f"{workspace.origin}/trainer")
    run = rewrite(workspace, read(workspace), 0, signer=stranger)
    folder = publish(workspace, run, tmp_path / "out")

    assert ("LV303", "SUB-6", 1) == found(folder, [workspace.root_key])


def test_certification_of_another_run(workspace, tmp_path):
    """Whose key it is, is part of what is certified."""
    run = read(workspace)
    lines = [
        line.replace(RUN_ID.encode(), b"6" * 32)
        for line in run.run_entries[0].event_lines
    ]
    folder = publish(
        workspace, rewrite(workspace, run, 0, lines=lines), tmp_path / "out"
    )

    assert ("LV403", "KEY-5", 1) == found(folder, [workspace.root_key])


def test_certification_twice(workspace, tmp_path):
    """A run has one key."""
    run = read(workspace)
    lines = run.run_entries[0].event_lines * 2
    folder = publish(
        workspace, rewrite(workspace, run, 0, lines=lines), tmp_path / "out"
    )

    assert ("LV409", "KEY-11", 1) == found(folder, [workspace.root_key])


def test_certification_after_the_start(workspace, tmp_path):
    """A run that goes on without a key gets none."""
    other = Workspace(tmp_path / "other")
    other.append(run_submissions())
    lines = read(workspace).run_entries[0].event_lines
    # The first entry holds nothing but the start.
    run = read(other)
    run = rewrite(other, run, 0, lines=run.run_entries[0].event_lines[:1])
    run = rewrite(other, run, 1, lines=lines)
    folder = publish(other, run, tmp_path / "out")

    assert ("LV409", "KEY-11", 1) == found(folder, [other.root_key])
    first = verify_bundle(folder, root_keys=[other.root_key]).findings[0]
    assert f"event {run.run_entries[1].seq}.0" == first.where
