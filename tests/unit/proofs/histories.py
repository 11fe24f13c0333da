"""Histories of one log by the simulator: a common prefix, then the teller's own."""

from tests.simulator import LedgerSimulator
from verifier.proofs.pair import make_pair
from verifier.proofs.same_history import check_pair, parse_pair
from verifier.store.file import open_ledger


def history(size, *, common=None, teller="a", seed="seed"):
    """A ledger of `size` entries; those from `common` on are the teller's own.

    With `common` 0 the teller's genesis is another one, signed by the same root.
    """
    ledger = LedgerSimulator(seed=seed)
    if common == 0:
        ledger.salts = sum(teller.encode())
    ledger.submit(
        "root",
        [
            ledger.created(),
            ledger.granted(ledger.log, "log", [], "log"),
            ledger.granted(
                ledger.key("governance"), "governance", ["policy"], "policy"
            ),
        ],
    )
    while len(ledger.entries) < size:
        number = len(ledger.entries)
        own = common is not None and number >= common
        extend(ledger, f"{teller} {number}" if own else f"{number}")
    return ledger


def extend(ledger, what):
    """Append one entry that says this."""
    event = ledger.event(
        "policy.adopted.v1",
        policy_sha256=what.encode().hex().rjust(64, "0"),
        jurisdictions=["eu"],
        purpose="commercial",
        basket_version="2026-01-01",
        basket_relaxed=[],
    )
    ledger.submit("policy", [event], ledger.key("governance"))


def newest(ledger):
    """The newest checkpoint note."""
    return ledger.checkpoints[max(ledger.checkpoints)]


def write(folder, ledger, name="ledger"):
    """Write a ledger."""
    return ledger.write(folder / f"{name}.ledger")


def pair_with(path, note, **options):
    """The pair of a ledger file and a note, checked."""
    with open_ledger(path) as file:
        content = make_pair(file, note, **options)
    return content, check_pair(parse_pair(content))
