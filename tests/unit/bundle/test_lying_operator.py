"""The operator who holds every key, and lies in the ledger itself."""

import msgspec
import pytest

from ledger.events.keys import StreamAbandoned
from ledger.events.training_saved import Adapter
from tests.unit.bundle.attacks import found, publish, read, rewrite
from tests.unit.bundle.samples import (
    Workspace,
    finished,
    metered,
    planned,
    run_submissions,
    started,
    stranger_key,
    trained,
)
from verifier.bundle.verify import verify_bundle


def lying_run(**changes):
    submissions = run_submissions()
    submissions[-1][-1] = finished(**changes)
    return submissions


def two_starts():
    submissions = run_submissions()
    submissions[1].insert(0, started())
    return submissions


def slice_with(**changes):
    submissions = run_submissions()
    submissions[1][1] = trained(0, **changes)
    return submissions


def batch_with(**changes):
    submissions = run_submissions()
    submissions[1][0] = metered(1, **changes)
    return submissions


def plan_with(**changes):
    submissions = run_submissions()
    submissions[0][1] = msgspec.structs.replace(planned(), **changes)
    return submissions


@pytest.mark.parametrize(
    ("submissions", "code", "rule"),
    [
        (lying_run(flop_forward="191"), "LV710", "XEV-10"),
        (lying_run(tokens=0), "LV710", "XEV-10"),
        (lying_run(batches=4), "LV710", "XEV-10"),
        (
            lying_run(adapters=[Adapter(shard=0, weights_sha256="00" * 32)]),
            "LV712",
            "XEV-12",
        ),
        (two_starts(), "LV708", "XEV-8"),
        (slice_with(shard=7), "LV711", "XEV-11"),
        (slice_with(generation=1), "LV711", "XEV-11"),
        (batch_with(step_first=3), "LV709", "XEV-9"),
        (batch_with(tokens=63), "LV709", "XEV-9"),
        (batch_with(shard=2), "LV709", "XEV-9"),
        (lying_run(completeness="incomplete"), "LV710", "XEV-10"),
        (batch_with(faults=["hook_failed"]), "LV710", "XEV-10"),
        (plan_with(plan_sha256="00" * 32), "LV725", "XEV-23"),
        (batch_with(flop_forward="63"), "LV726", "XEV-24"),
    ],
    ids=[
        "less FLOP",
        "no tokens",
        "one batch more",
        "other adapters",
        "two starts",
        "slice of another shard",
        "slice of another generation",
        "gap in steps",
        "tokens not of the shapes",
        "batch of another shard",
        "incomplete without faults",
        "faults that the end leaves out",
        "plan of another digest",
        "FLOP that do not follow",
    ],
)
def test_run_that_contradicts_itself(tmp_path, submissions, code, rule):
    """Totals are added up again; who signed them does not matter."""
    workspace = Workspace(tmp_path / "acme")
    workspace.append(submissions)
    folder = publish(workspace, read(workspace), tmp_path / "out")

    assert (code, rule, 1) == found(folder, [workspace.root_key])


@pytest.fixture
def workspace(tmp_path):
    """A workspace of the operator, who forges a bundle from it."""
    workspace = Workspace(tmp_path / "acme")
    workspace.append(run_submissions())
    return workspace


@pytest.fixture
def abandoned(tmp_path):
    """The same, with a second key entry before the run's last one."""
    workspace = Workspace(tmp_path / "acme")
    submissions = run_submissions()
    workspace.append(submissions[:2])
    with workspace.open() as ledger:
        closed = StreamAbandoned(stream="train/late", submissions=0)
        ledger.append([closed], stream="root")
    workspace.append(submissions[2:])
    return workspace


def forge(workspace, out, place, **changes):
    """A bundle with one rewritten entry."""
    run = rewrite(workspace, read(workspace), place, **changes)
    return publish(workspace, run, out)


SALTED = b'","salt":"000000000000000000000000",'
UNKNOWN = b'{"type":"training.watched.v9' + SALTED + b'"by":"me"}'
UNKNOWN_KEY = b'{"type":"keys.lent.v9' + SALTED + b'"to":"me"}'
ADOPTED = (
    b'{"type":"policy.adopted.v1' + SALTED + b'"policy_sha256":"' + b"0" * 64 + b'",'
    b'"jurisdictions":["eu"],"purpose":"commercial","basket_version":"1","basket_relaxed":[]}'
)


def test_a_rewritten_entry_as_such_verifies(workspace, tmp_path):
    """The forger's tool works: an entry that was only signed again is good."""
    folder = forge(workspace, tmp_path / "out", 1)

    assert (None, None, 0) == found(folder, [workspace.root_key])


def test_unknown_event_type(workspace, tmp_path):
    """An event type that this reader does not know leaves the result incomplete."""
    lines = [*read(workspace).run_entries[1].event_lines, UNKNOWN]
    folder = forge(workspace, tmp_path / "out", 1, lines=lines)

    report = verify_bundle(folder, root_keys=[workspace.root_key])

    assert ("INCOMPLETE", 5) == (report.verdict, report.exit_code)
    assert ["1 events of types unknown to this reader"] == report.incomplete


def test_unknown_key_event(abandoned, tmp_path):
    """A key event of an unknown type may change any key, so the result is open."""
    folder = forge(abandoned, tmp_path / "out", 1, signer="root", lines=[UNKNOWN_KEY])

    assert (None, None, 5) == found(folder, [abandoned.root_key])


def test_signer_that_an_unknown_key_event_may_have_granted(abandoned, tmp_path):
    """A signer is not blamed when this reader could not read every key event."""
    run = rewrite(abandoned, read(abandoned), 1, signer="root", lines=[UNKNOWN_KEY])
    run = rewrite(abandoned, run, 2, signer=stranger_key("example.org/acme/lent"))
    folder = publish(abandoned, run, tmp_path / "out")

    report = verify_bundle(folder, root_keys=[abandoned.root_key])

    assert ("INCOMPLETE", 5) == (report.verdict, report.exit_code)
    assert ["a signature by a key that this reader may not know"] == report.incomplete


def other_run(lines):
    return [lines[0], lines[1].replace(b"5b5b", b"0e0e", 1)]


def other_family(lines):
    return [*lines, ADOPTED]


def malformed(lines):
    return [lines[0].replace(b'"tokens":64', b'"tokens":064'), lines[1]]


def no_event(lines):
    return [*lines, b"{}"]


def too_long(lines):
    return [*lines, UNKNOWN[:-2] + b"e" * 16_384 + b'"}']


@pytest.mark.parametrize(
    ("edit", "code", "rule"),
    [
        (other_run, "LV906", "BUN-11"),
        (other_family, "LV310", "SUB-6"),
        (malformed, "LV502", "EVT-4"),
        (no_event, "LV501", "EVT-2"),
        (too_long, "LV105", "EVT-1"),
    ],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_lines_that_a_run_does_not_have(workspace, tmp_path, edit, code, rule):
    """Event lines that the trainer signed must still be a run's, and well formed."""
    lines = edit(read(workspace).run_entries[1].event_lines)
    folder = forge(workspace, tmp_path / "out", 1, lines=lines)

    assert (code, rule, 1) == found(folder, [workspace.root_key])


@pytest.mark.parametrize(
    ("changes", "code", "rule"),
    [
        ({"signer": "scanner"}, "LV303", "SUB-6"),
        ({"signer": "ci"}, "LV303", "SUB-6"),
        ({"signer": stranger_key("example.org/acme/trainer")}, "LV303", "SUB-6"),
        ({"stream": "policy"}, "LV303", "SUB-6"),
        ({"genesis": "00" * 32}, "LV302", "SUB-2"),
        ({"origin": "example.org/other"}, "LV302", "SUB-2"),
        ({"seq": 3}, "LV203", "ENT-2"),
        ({"stream": "root", "counter": 1}, "LV306", "SUB-5"),
    ],
    ids=str,
)
def test_submission_that_may_not_be_there(workspace, tmp_path, changes, code, rule):
    """A submission is by a key for its stream, of this ledger and at its seq."""
    folder = forge(workspace, tmp_path / "out", 1, **changes)

    assert (code, rule, 1) == found(folder, [workspace.root_key])


def test_stream_that_was_abandoned(abandoned, tmp_path):
    """Nothing follows in a stream after root closed it."""
    folder = forge(abandoned, tmp_path / "out", 2, stream="train/late", counter=0)

    assert ("LV307", "SUB-9", 1) == found(folder, [abandoned.root_key])


def test_genesis_without_its_first_event(workspace, tmp_path):
    """A ledger begins with the event that created it."""
    lines = read(workspace).key_entries[0].event_lines
    folder = forge(workspace, tmp_path / "out", 0, signer="root", lines=lines[1:])

    assert ("LV209", "ENT-6", 1) == found(folder, [workspace.root_key])


def created_again(genesis):
    return genesis[:1]


def granted_again(genesis):
    return genesis[1:2]


def other_family_in_root(genesis):
    return [ADOPTED]


@pytest.mark.parametrize(
    ("edit", "code", "rule"),
    [
        (created_again, "LV209", "ENT-6"),
        (granted_again, "LV404", "KEY-7"),
        (other_family_in_root, "LV310", "SUB-7"),
    ],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_key_events_that_may_not_be_there(abandoned, tmp_path, edit, code, rule):
    """Root's signature does not make every line a key event that holds."""
    lines = edit(read(abandoned).key_entries[0].event_lines)
    folder = forge(abandoned, tmp_path / "out", 1, signer="root", lines=lines)

    assert (code, rule, 1) == found(folder, [abandoned.root_key])
