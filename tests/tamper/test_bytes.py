"""One changed byte anywhere in what is stored is found, and named exactly."""

import random
from dataclasses import replace

import pytest

from tests.tamper.harness import found, places, told_ledger, verify_simulated
from verifier.findings import Violation
from verifier.format.checkpoint import parse_checkpoint
from verifier.format.note import VerifierKey, signed_by_exactly

SAMPLE = 120


def flips(request, data: dict, seed: int, count: int = SAMPLE):
    """(key, index, mask): one flip a byte under --soak, a seeded sample without."""
    rng = random.Random(seed)
    every = [(key, index) for key, value in data.items() for index in range(len(value))]
    if not request.config.getoption("--soak"):
        every = rng.sample(every, count)
    print(f"{len(every)} flips, each to be found and named")
    return [(key, index, rng.randrange(1, 256)) for key, index in every]


def flipped(value: bytes, index: int, mask: int) -> bytes:
    return value[:index] + bytes([value[index] ^ mask]) + value[index + 1 :]


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("column", [0, 1], ids=["entry", "events"])
def test_flip_in_a_row_names_its_entry(request, tmp_path, column):
    """A flip in the bytes of entry k, or of its event lines, names entry k alone."""
    data = dict(enumerate(row[column] for row in told_ledger().entries))

    for key, index, mask in flips(request, data, seed=column):
        ledger = told_ledger()
        row = list(ledger.entries[key])
        row[column] = flipped(row[column], index, mask)
        ledger.entries[key] = tuple(row)
        report = verify_simulated(ledger, tmp_path)
        assert [f"entry {key}"] == places(report), (key, index, mask)
        assert report.exit_code == 1


@pytest.mark.timeout(3600)
def test_flip_in_a_checkpoint_names_it(request, tmp_path):
    """A flip in a checkpoint's note names that checkpoint alone."""
    for key, index, mask in flips(request, told_ledger().checkpoints, seed=2):
        ledger = told_ledger()
        ledger.checkpoints[key] = flipped(ledger.checkpoints[key], index, mask)
        report = verify_simulated(ledger, tmp_path)
        assert [f"checkpoint {key}"] == places(report), (key, index, mask)


@pytest.mark.timeout(3600)
def test_every_value_of_a_checkpoint_byte(request, tmp_path):
    """No other value of any byte of the newest checkpoint is accepted."""
    ledger = told_ledger()
    size = max(ledger.checkpoints)
    note = ledger.checkpoints[size]
    cases = [(index, mask) for index in range(len(note)) for mask in range(1, 256)]
    if not request.config.getoption("--soak"):
        cases = random.Random(3).sample(cases, SAMPLE)
    print(f"{len(cases)} values, each to be found and named")

    for index, mask in cases:
        ledger.checkpoints[size] = flipped(note, index, mask)
        report = verify_simulated(ledger, tmp_path)
        assert [f"checkpoint {size}"] == places(report), (index, mask)


@pytest.mark.timeout(3600)
def test_every_value_of_every_checkpoint_byte_is_refused(request):
    """No other value of any byte of any checkpoint is well formed and signed."""
    ledger = told_ledger()
    # The story replaces its log key once.
    logs = [
        VerifierKey(ledger.origin, replace(ledger, log_seed=seed).log.public)
        for seed in ("log-0", "log-1")
    ]
    notes = list(ledger.checkpoints.values())
    cases = [
        (note, index, mask)
        for note in notes
        for index in range(len(note))
        for mask in range(1, 256)
    ]
    if not request.config.getoption("--soak"):
        cases = random.Random(5).sample(cases, 20 * SAMPLE)
    print(f"{len(cases)} values, each to be refused")

    assert not any(_is_refused(note, logs) for note in notes)
    for note, index, mask in cases:
        assert _is_refused(flipped(note, index, mask), logs), (note, index, mask)


def _is_refused(note: bytes, logs: list[VerifierKey]) -> bool:
    """Whether a stored note is malformed, or signed by none of the log keys alone."""
    try:
        parsed = parse_checkpoint(note).note
    except Violation:
        return True
    return all(signed_by_exactly(parsed, [log]) for log in logs)


HEADER_FIELDS = ("seq", "previous", "base", "recorded_at_ms")


@pytest.mark.parametrize("name", HEADER_FIELDS)
def test_flip_in_each_header_line_of_each_entry(tmp_path, name):
    """A digit of any header line names its own entry, not the one beside it."""
    rng = random.Random(4)
    for seq, (entry, events) in enumerate(told_ledger().entries):
        start = entry.index(f"\n{name} ".encode()) + len(name) + 2
        stop = entry.index(b"\n", start)
        index = rng.randrange(start, stop)
        digit = rng.choice([d for d in b"0123456789" if d != entry[index]])
        ledger = told_ledger()
        ledger.entries[seq] = (flipped(entry, index, digit ^ entry[index]), events)
        assert [f"entry {seq}"] == places(verify_simulated(ledger, tmp_path))


def test_two_changed_entries_are_both_named(tmp_path):
    """Damage after the first bad entry is listed too."""
    ledger = told_ledger()
    for seq in (3, 9):
        entry, events = ledger.entries[seq]
        ledger.entries[seq] = (flipped(entry, entry.index(b"recorded") + 20, 1), events)

    assert [
        ("ENTRY_CHANGED", "entry 3"),
        ("ENTRY_CHANGED", "entry 9"),
    ] == found(verify_simulated(ledger, tmp_path))
