"""T11: what a stolen key signed, and what anchors older than the theft save of it."""

from contextlib import closing

import pytest

from tests.simulator import LedgerSimulator
from tests.tamper.chapters import ident, record_decided, run_started
from tests.tamper.harness import told_ledger
from verifier.format.note import VerifierKey
from verifier.history.walk import Walk
from verifier.keys.ring import Compromise, KeyRing
from verifier.report.verdict import Report
from verifier.rules.index import Index
from verifier.rules.state import History
from verifier.store.file import open_ledger
from verifier.trust.untrusted import find_untrusted

RUN = ident("open run")
STREAM = f"trainer/{RUN}"
NO_MAP = {"map_id": "", "shards": [], "slices": 0}


def decided(ledger: LedgerSimulator, number: int, **changes) -> int:
    """The ingest key decides a record; the entry's seq."""
    event = record_decided(ledger, number, "pending") | {"scan_id": ""}
    return ledger.submit("ingest", [event], **changes)


def counted(ledger, folder, *anchors, twin=None) -> dict[str, tuple]:
    """Count, first and last of every declared key, by the end of its name."""
    path = folder / "acme.ledger"
    path.unlink(missing_ok=True)
    ledger.write(path)
    with open_ledger(path) as file, closing(Index()) as index:
        walk = Walk(file, Report(path=str(path), level_asked=1), History(index))
        walk.run(None)
        if twin is not None:
            walk.ring.compromised = {twin.public_key: Compromise(twin, 0, 1)}
        found = find_untrusted(file, walk.ring, anchors)
    return {
        item.key.name.removeprefix(f"{ledger.origin}/"): (
            item.count,
            item.first,
            item.last,
        )
        for item in found
        if not item.key.name.endswith("/spare")
    }


@pytest.fixture
def ledger() -> LedgerSimulator:
    """The story, of which every entry is old."""
    return told_ledger()


def before(ledger: LedgerSimulator) -> tuple[int, int]:
    """An anchor over all entries so far, made before the next one."""
    return len(ledger.entries), ledger.now_ms


def all_by_ingest(ledger: LedgerSimulator) -> list[int]:
    """The entries that the ingest key signed."""
    name = f"\u2014 {ledger.origin}/ingest ".encode()
    return [n for n, (entry, _) in enumerate(ledger.entries) if name in entry]


def test_nothing_declared(tmp_path):
    """No declaration, no second look at the file."""
    assert [] == find_untrusted(None, KeyRing(), [])


def test_entries_since_the_theft(ledger, tmp_path):
    """What the key signed since is untrusted, however well it is anchored."""
    stolen = decided(ledger, 60)
    last = decided(ledger, 61)
    anchor = before(ledger)
    ledger.submit("root", [ledger.compromised(ledger.key("ingest"), stolen)])

    assert {"ingest": (2, stolen, last)} == counted(ledger, tmp_path, anchor)


def test_submission_that_claims_to_be_older(ledger, tmp_path):
    """A claimed time before the theft does not save an entry after it."""
    anchor = before(ledger)
    since = len(ledger.entries)
    seq = decided(ledger, 60, lines_changed={"claimed_at_ms": 1_600_000_000_000})
    ledger.submit("root", [ledger.compromised(ledger.key("ingest"), since)])

    assert {"ingest": (1, seq, seq)} == counted(ledger, tmp_path, anchor)


def test_entries_before_the_theft_without_an_anchor(ledger, tmp_path):
    """Thief and operator together can write the past anew, so none of it is trusted."""
    signed = all_by_ingest(ledger)
    since = len(ledger.entries)
    ledger.submit("root", [ledger.compromised(ledger.key("ingest"), since)])

    assert {"ingest": (len(signed), signed[0], signed[-1])} == counted(ledger, tmp_path)


@pytest.mark.parametrize(
    ("early_ms", "trusted"), [(1, True), (0, False), (-1, False)], ids=str
)
def test_anchor_and_declaration(ledger, tmp_path, early_ms, trusted):
    """An anchor counts when it is older than the entry that declares."""
    size, signed = len(ledger.entries), all_by_ingest(ledger)
    ledger.submit("root", [ledger.compromised(ledger.key("ingest"), size)])
    anchor = size, ledger.now_ms - early_ms

    count = counted(ledger, tmp_path, anchor)["ingest"][0]
    assert (0 if trusted else len(signed)) == count


def test_anchor_covers_what_is_below_its_size(ledger, tmp_path):
    """An anchor of size n says nothing about entry n."""
    *_, last = all_by_ingest(ledger)
    since = len(ledger.entries)
    ledger.submit("root", [ledger.compromised(ledger.key("ingest"), since)])
    at_ms = ledger.now_ms - 1

    assert (1, last, last) == counted(ledger, tmp_path, (last, at_ms))["ingest"]
    assert 0 == counted(ledger, tmp_path, (last + 1, at_ms))["ingest"][0]


def test_two_anchors(ledger, tmp_path):
    """The widest of the anchors that are old enough decides, in any order."""
    *_, last = all_by_ingest(ledger)
    anchors = [(last + 1, 3), (1, 1), (last, 2)]
    since = len(ledger.entries)
    ledger.submit("root", [ledger.compromised(ledger.key("ingest"), since)])

    assert 0 == counted(ledger, tmp_path, *anchors)["ingest"][0]


def test_declared_again_from_earlier(ledger, tmp_path):
    """A second declaration takes away more; anchors stay measured by the first."""
    decided(ledger, 60)
    taken = decided(ledger, 61)
    between = before(ledger)
    key = ledger.key("ingest")
    ledger.submit("root", [ledger.compromised(key, taken + 1)])
    late = before(ledger)
    ledger.submit("root", [ledger.compromised(key, taken)])

    assert {"ingest": (1, taken, taken)} == counted(ledger, tmp_path, between)
    assert len(all_by_ingest(ledger)) == counted(ledger, tmp_path, late)["ingest"][0]


def test_other_keys_are_not_blamed(ledger, tmp_path):
    """The scanner's submissions stay trusted where the ingest key was stolen."""
    ledger.submit("root", [ledger.compromised(ledger.key("ingest"), 0)])

    assert ["ingest"] == list(counted(ledger, tmp_path))


def test_key_with_the_same_name_and_id(ledger, tmp_path):
    """Name and key id do not make a key: another one with both is not blamed."""
    real = ledger.key("ingest")

    class Twin(VerifierKey):
        """A key that was searched for until its id was the other's."""

        key_id = real.key_id

    twin = Twin(real.name, ledger.key("new").public)

    assert {"ingest": (0, None, None)} == counted(ledger, tmp_path, twin=twin)


def run_of(ledger: LedgerSimulator) -> tuple[int, int]:
    """A run with a key, certified and started; the seqs of both entries."""
    certified = ledger.submit("trainer", [ledger.certified(RUN)])
    return certified, ledger.submit(STREAM, [run_started(ledger, RUN, **NO_MAP)])


def test_run_key_certified_by_a_stolen_trainer_key(ledger, tmp_path):
    """A key that the thief certified is the thief's."""
    since = len(ledger.entries)
    certified, started = run_of(ledger)
    anchor = before(ledger)
    ledger.submit("root", [ledger.compromised(ledger.key("trainer"), since)])

    found = counted(ledger, tmp_path, anchor)
    assert (1, certified, certified) == found["trainer"]
    assert (1, started, started) == found[STREAM]


def test_run_key_certified_before_the_theft(ledger, tmp_path):
    """What an older run key signed is its own, also after the trainer's theft."""
    anchor_of_certification = ledger.submit("trainer", [ledger.certified(RUN)]) + 1
    at_ms = ledger.now_ms
    ledger.submit(STREAM, [run_started(ledger, RUN, **NO_MAP)])
    since = len(ledger.entries)
    ledger.submit("root", [ledger.compromised(ledger.key("trainer"), since)])

    found = counted(ledger, tmp_path, (anchor_of_certification, at_ms))
    assert 0 == found["trainer"][0]
    assert STREAM not in found


def test_run_key_back_dated_with_the_log_key(ledger, tmp_path):
    """Certified below since_seq, but anchored by nobody: the run is untrusted too."""
    _, started = run_of(ledger)
    since = len(ledger.entries)
    ledger.submit("root", [ledger.compromised(ledger.key("trainer"), since)])

    assert (1, started, started) == counted(ledger, tmp_path)[STREAM]


def test_run_key_declared_itself(ledger, tmp_path):
    """A run key that leaked takes its run with it, and nothing of its trainer."""
    _, started = run_of(ledger)
    ledger.submit("root", [ledger.compromised(ledger.key(STREAM), started)])

    assert {STREAM: (1, started, started)} == counted(ledger, tmp_path)


def test_run_key_declared_and_its_trainer_too(ledger, tmp_path):
    """The earlier of both starts counts."""
    certified, started = run_of(ledger)
    events = [
        ledger.compromised(ledger.key(STREAM), started + 1),
        ledger.compromised(ledger.key("trainer"), certified),
    ]
    anchor = before(ledger)
    ledger.submit("root", events)

    found = counted(ledger, tmp_path, anchor)
    assert (1, started, started) == found[STREAM]
