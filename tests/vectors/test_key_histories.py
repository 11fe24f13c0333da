"""Random histories of keys: writer and verifier take and refuse the same steps."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.keys.files import RoleGrant
from tests.vectors import by_verifier, by_writer
from tests.vectors.book import ORIGIN, Book, begun, granted, key, retired
from tests.vectors.change_cases import certified, compromised, failed, rotated, started

ROLES = ("trainer", "governance")
NAMES = [f"{ORIGIN}/{role}" for role in ROLES]
KEYS = [key(name, f"{name} {n}") for name in NAMES for n in range(3)]
RUNS = ["1" * 32, "2" * 32]

# The first trainer's key is drawn most, so that runs get a key and go on with it.
keys, runs = st.sampled_from([KEYS[0]] * 4 + KEYS), st.sampled_from(RUNS)
roles = st.sampled_from(ROLES)
root_steps = st.one_of(
    st.tuples(st.just("grant"), keys, roles),
    st.tuples(st.just("retire"), st.sampled_from(KEYS)),
    st.tuples(st.just("rotate"), keys, st.integers(0, 2), roles),
    st.tuples(st.just("declare"), keys | st.none(), st.integers(0, 9)),
)
run_steps = st.one_of(
    st.tuples(st.just("certify"), runs, keys),
    st.tuples(st.just("start"), runs, keys | st.none()),
    st.tuples(st.just("fail"), runs, keys | st.none()),
)


def run_key(run: str, certifier) -> object:
    """The key of a run, by whom it was certified."""
    return key(f"{certifier.name}/{run}")


def take(book: Book, step: tuple) -> Book:
    """The book with one more entry; the run keys are those of the trainer's name."""
    kind, *rest = step
    match kind, rest:
        case "grant", (signer, role):
            grant = RoleGrant(role=role, stream="train", families=("training",))
            return book.root(granted(grant, signer))
        case "retire", (signer,):
            return book.root(retired(signer))
        case "rotate", (old, number, role):
            new = key(old.name, f"{old.name} {number}")
            return book.root(rotated(old, new, role))
        case "declare", (signer, since_seq):
            signer = signer or run_key(RUNS[0], KEYS[0])
            return book.root(compromised(signer, since_seq))
        case "certify", (run, signer):
            return book.put("train", [certified(run, signer)], [signer])
    run, signer = rest
    line = started(run) if kind == "start" else failed(run)
    if signer is None:
        return book.put(f"train/{run}", [line], [run_key(run, KEYS[0])])
    return book.put("train", [line], [signer])


def copied(book: Book) -> Book:
    """A book of its own."""
    return replace(
        book,
        entries=list(book.entries),
        checkpoints=list(book.checkpoints),
        heads=dict(book.heads),
    )


@pytest.mark.timeout(300)
@settings(max_examples=30, deadline=None)
@given(st.lists(root_steps | run_steps, min_size=3, max_size=14))
def test_both_take_the_same_steps(steps):
    """Whatever stands, the next step is taken by both or by neither."""
    book = take(begun(), ("grant", KEYS[0], "trainer"))
    for step in steps:
        longer = take(copied(book), step)
        case = longer.case()
        rule = by_verifier.first_rule(case)
        if rule is not None and rule.startswith("XEV-"):
            continue  # rules across events are the projections' to keep, not the log's
        answer = by_writer.ANSWERS["ledger"](case)

        assert answer == ("accept" if rule is None else "refuse"), (step, rule)
        if rule is None:
            book = longer
