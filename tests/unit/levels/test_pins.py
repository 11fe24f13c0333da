"""Level L4: the checkpoint kept from last time, its store, and forks."""

import json
import threading
from hashlib import sha256

import pytest

from tests.simulator import LedgerSimulator
from tests.unit.levels.office import Office, broken, grow, small_ledger, trusted
from verifier import PinStoreError, verify
from verifier.format.checkpoint import parse_checkpoint
from verifier.proofs.same_history import check_pair, parse_pair
from verifier.trust.pin_store import Kept, PinStore

ORIGIN = "example.org/acme"
NAME = sha256(ORIGIN.encode()).hexdigest()


@pytest.fixture
def pins(office):
    """A folder that is no pin store yet."""
    return office.folder / "pins"


def kept(pins) -> Kept:
    """What the store keeps."""
    return PinStore(pins).load(ORIGIN)


def test_first_use(office, pins):
    """The first verification remembers the checkpoint, and answers not asked."""
    report = office.verify(pin=pins)

    assert ("L1", 0, "not asked") == (
        report.verdict,
        report.exit_code,
        report.levels["continuous"],
    )
    assert ["checkpoint 3 is remembered now, the first"] == report.pin
    assert office.ledger.checkpoints[3] == kept(pins).note


@pytest.mark.parametrize("more", [0, 1, 4])
def test_continuous(office, pins, more):
    """A ledger that is the same or has grown extends the kept checkpoint."""
    office.verify(pin=pins)
    grow(office.ledger, more)
    report = office.verify(pin=pins)

    assert ("yes", 0) == (report.levels["continuous"], report.exit_code)
    assert (3 + more) == kept(pins).size


def test_what_is_remembered(office, pins):
    """The report says what is kept now, and what was kept before."""
    first, again = office.verify(pin=pins), office.verify(pin=pins)
    grow(office.ledger)

    assert ["checkpoint 3 is remembered now, the first"] == first.pin
    assert ["checkpoint 3 is the kept one"] == again.pin
    assert ["checkpoint 4 is remembered now, before 3"] == office.verify(pin=pins).pin


def test_store_that_keeps_changing(office, pins, monkeypatch):
    """A store that others change each time is given up, and nothing is kept."""
    monkeypatch.setattr(PinStore, "replace", lambda *_: False)
    with pytest.raises(PinStoreError, match="the kept checkpoint keeps changing"):
        office.verify(pin=pins)

    assert kept(pins) is None


def test_level_4(office, pins):
    """With what lies between waived, continuity makes L4."""
    office.ask("verdict", 'waive = ["timed", "witnessed"]').ask("pin", 'store = "pins"')
    first, second = office.verify(), office.verify()

    assert ("L1", 7, ["NO_EARLIER_CHECKPOINT"], "no") == (
        first.verdict,
        first.exit_code,
        trusted(first),
        first.levels["continuous"],
    )
    assert ("L4", 0) == (second.verdict, second.exit_code)


def test_first_use_of_level_4_is_not_kept_where_something_else_is_missing(office, pins):
    """LV813 alone does not keep the checkpoint out; another gap does."""
    office.ask_witnesses().ask("verdict", 'waive = ["timed"]')
    office.ask("pin", 'store = "pins"')
    report = office.verify()

    assert ["NOT_WITNESSED", "NO_EARLIER_CHECKPOINT"] == trusted(report)
    assert kept(pins) is None


def test_level_4_without_a_store(office):
    """Asked for without a store, continuity is no."""
    report = office.ask("verdict", 'waive = ["timed", "witnessed"]').verify(level=4)

    assert (["NO_EARLIER_CHECKPOINT"], 7) == (trusted(report), report.exit_code)


def test_not_kept_where_something_is_missing(office, pins):
    """A ledger that is not what was asked for does not move the kept checkpoint."""
    office.verify(pin=pins)
    grow(office.ledger)
    report = office.verify(pin=pins, level=3)

    assert (3, 7, "yes") == (
        kept(pins).size,
        report.exit_code,
        report.levels["continuous"],
    )


def test_rolled_back(office, pins):
    """A shorter ledger than the one seen before is BROKEN (T1, T3)."""
    grow(office.ledger, 2)
    office.verify(pin=pins)
    before = kept(pins)
    report = Office(office.folder, small_ledger(3)).verify(pin=pins)

    assert ("BROKEN", 1, [("ROLLED_BACK", "checkpoint 5")]) == (
        report.verdict,
        report.exit_code,
        broken(report),
    )
    assert (before, "yes", "no") == (
        kept(pins),
        report.levels["consistent"],
        report.levels["continuous"],
    )


@pytest.mark.parametrize("entries", [3, 6], ids=["same size", "larger"])
def test_forked(office, pins, entries):
    """Another history with the same keys is BROKEN, with a proof (T2, T4)."""
    office.verify(pin=pins)
    before = kept(pins)
    other = Office(office.folder, grow(small_ledger(2), entries - 2, seed="x"))
    report = other.verify(pin=pins)
    proof = pins / f"{NAME}.fork.json"

    assert ("BROKEN", 1, [("FORKED", "checkpoint 3")]) == (
        report.verdict,
        report.exit_code,
        broken(report),
    )
    assert check_pair(parse_pair(proof.read_bytes())).is_fork
    assert before == kept(pins)
    assert "the proof of the fork is in" in report.as_text()


def test_fork_proof_where_asked(office, pins):
    """`fork_out` says where the proof goes."""
    office.verify(pin=pins)
    other = Office(office.folder, grow(small_ledger(2), 2, seed="x"))
    other.verify(pin=pins, fork_out=office.folder / "fork.json")

    assert json.loads((office.folder / "fork.json").read_bytes())
    assert not (pins / f"{NAME}.fork.json").exists()


def test_earlier_proof_is_kept(office, pins):
    """Another fork does not write over the proof of the first; the same one may."""
    office.verify(pin=pins)
    proof, seen = pins / f"{NAME}.fork.json", set()
    for seed in ("x", "x", "y"):
        ledger = grow(small_ledger(2), 2, seed=seed)
        Office(office.folder, ledger).verify(pin=pins)
        seen.add(proof.read_bytes())

    assert 1 == len(seen)
    assert [f"{NAME}.fork-2.json", f"{NAME}.fork.json"] == sorted(
        path.name for path in pins.glob("*.json")
    )


def test_other_genesis(office, pins):
    """A ledger that was begun anew under the same name and keys is a fork."""
    office.verify(pin=pins)
    ledger = small_ledger(1)
    for part in (ledger.entries, ledger.leaves, ledger.checkpoints, ledger.streams):
        part.clear()
    ledger.genesis = "0" * 64
    ledger.submit(
        "root", [ledger.created(), ledger.granted(ledger.log, "log", [], "log")]
    )
    report = Office(office.folder, grow(ledger, 3)).verify(pin=pins)

    assert [("FORKED", "checkpoint 3")] == broken(report)


def test_ledger_of_a_stranger(office, pins):
    """Somebody's own ledger under this name is no fork of the log."""
    office.verify(pin=pins)
    stranger = LedgerSimulator(seed="stranger")
    stranger.submit(
        "root", [stranger.created(), stranger.granted(stranger.log, "log", [], "log")]
    )
    known = [key.vkey for key in office.ledger.roots]
    path = grow(stranger, 3).write(office.folder / "stranger.ledger")
    report = verify(path, root_keys=known, pin=pins)

    assert ([], ["ROOT_DIFFERS"], 7) == (
        broken(report),
        trusted(report),
        report.exit_code,
    )
    assert "no" == report.levels["continuous"]
    assert [] == list(pins.glob("*.fork*"))


def test_deleted_checkpoint_row_is_no_way_out(office, pins):
    """The root at the kept size comes from the entries, not from a stored row."""
    office.verify(pin=pins)
    other = grow(small_ledger(2), 0)
    for _ in range(3):
        name = f"y{len(other.entries)}"
        other.submit(
            "root",
            [other.granted(other.key(name), "ingest", ["ingest"], name)],
            checkpoint=False,
        )
    other.checkpoint()
    report = Office(office.folder, other).verify(pin=pins)

    assert [("FORKED", "checkpoint 3")] == broken(report)


CORRUPT = {
    "empty": lambda _: b"",
    "cut off": lambda content: content[:-10],
    "other format": lambda content: content.replace(b"/v1", b"/v2", 1),
    "genesis short": lambda content: content.replace(b"genesis ", b"genesis a", 1),
    "other origin": lambda content: content.replace(b"example.org", b"example.net"),
    "longer": lambda content: content + b"\n",
    "binary": lambda _: b"\xff" * 4096,
}


@pytest.mark.parametrize("change", CORRUPT.values(), ids=CORRUPT.keys())
def test_corrupt_pin(office, pins, change):
    """A kept checkpoint that cannot be read is an error, and is left as it is."""
    office.verify(pin=pins)
    path = pins / f"{NAME}.pin"
    path.write_bytes(change(path.read_bytes()))
    content = path.read_bytes()
    with pytest.raises(PinStoreError, match="the kept checkpoint: expected"):
        office.verify(pin=pins)

    assert content == path.read_bytes()


def test_store_that_is_a_file(office, pins):
    """A store that is no folder is an error."""
    pins.write_text("")
    with pytest.raises(PinStoreError):
        office.verify(pin=pins)


def a_pin(size: int) -> Kept:
    """A checkpoint of a growing ledger."""
    ledger = small_ledger(size)
    note = ledger.checkpoints[size]
    root = parse_checkpoint(note).root
    return Kept(bytes.fromhex(ledger.genesis), size, root, note)


def test_compare_and_swap(pins):
    """A checkpoint is replaced only where it is still the one that was read."""
    store, small, large = PinStore(pins), a_pin(3), a_pin(4)

    assert store.replace(ORIGIN, None, small)
    assert not store.replace(ORIGIN, None, large)
    assert store.replace(ORIGIN, small, large)
    assert large == store.load(ORIGIN)


def test_race_keeps_the_larger(office, pins, monkeypatch):
    """A verification that another one overtook does not lose the larger checkpoint."""
    office.verify(pin=pins)
    large = grow(small_ledger(3), 3)
    medium = grow(small_ledger(3), 1)
    load = PinStore.load
    calls = []

    def overtaken(self, origin):
        """The first look is answered, then the other one is faster."""
        found = load(self, origin)
        if not calls:
            calls.append(1)
            Office(office.folder / "b", large).verify(pin=pins)
        return found

    (office.folder / "b").mkdir()
    monkeypatch.setattr(PinStore, "load", overtaken)
    report = Office(office.folder, medium).verify(pin=pins)

    assert (6, 0) == (kept(pins).size, report.exit_code)
    assert "another verification kept checkpoint 6 meanwhile; it is kept" in report.pin


def test_race_with_a_smaller_one(office, pins, monkeypatch):
    """Where the other one kept a smaller checkpoint, it is compared and replaced."""
    small, large = grow(small_ledger(3), 1), grow(small_ledger(3), 3)
    office.verify(pin=pins)
    replace, calls = PinStore.replace, []

    def overtaken(self, origin, before, after):
        if not calls:
            calls.append(1)
            Office(office.folder / "b", small).verify(pin=pins)
        return replace(self, origin, before, after)

    (office.folder / "b").mkdir()
    monkeypatch.setattr(PinStore, "replace", overtaken)
    Office(office.folder, large).verify(pin=pins)

    assert 6 == kept(pins).size


def test_race_with_a_fork(office, pins, monkeypatch):
    """Where the other one kept another history meanwhile, that is a fork."""
    replace, calls = PinStore.replace, []
    other = grow(small_ledger(2), 1, seed="x")

    def overtaken(self, origin, before, after):
        if not calls:
            calls.append(1)
            Office(office.folder / "b", other).verify(pin=pins)
        return replace(self, origin, before, after)

    (office.folder / "b").mkdir()
    monkeypatch.setattr(PinStore, "replace", overtaken)
    report = office.verify(pin=pins)

    assert [("FORKED", "checkpoint 3")] == broken(report)


def test_many_at_once(pins):
    """Of many verifications at the same time the largest checkpoint is kept."""
    store, sizes = PinStore(pins), list(range(1, 9))
    ledger_pins = [a_pin(size) for size in sizes]

    def keep(after):
        while (before := store.load(ORIGIN)) is None or before.size < after.size:
            store.replace(ORIGIN, before, after)

    threads = [threading.Thread(target=keep, args=(pin,)) for pin in ledger_pins]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert 8 == store.load(ORIGIN).size


def test_nothing_is_left_beside(office, pins):
    """The store holds the pin, its lock and the pass's state, no scratch file."""
    office.verify(pin=pins)

    assert [f"{NAME}.lock", f"{NAME}.pin", f"{NAME}.state"] == sorted(
        item.name for item in pins.iterdir()
    )
