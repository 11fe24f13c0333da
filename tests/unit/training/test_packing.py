"""Packing: every byte once as a target, in the caller's order."""

import pytest

torch = pytest.importorskip("torch")

from hypothesis import given  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

from producers.training.packing import IGNORED, batches, pack  # noqa: E402
from producers.training.recipe import SEPARATOR  # noqa: E402

RECORDS = st.lists(st.binary(max_size=20), min_size=1, max_size=8)


@given(records=RECORDS, sequence=st.integers(1, 16))
def test_each_byte_is_a_target_once(records, sequence):
    """The targets are the records in order, a separator after each."""
    rows = pack(records, sequence=sequence)
    targets = [t for t in rows.target_NS.flatten().tolist() if t != IGNORED]

    assert [t for r in records for t in (*r, SEPARATOR)] == targets


@given(records=RECORDS, sequence=st.integers(1, 16))
def test_input_is_the_target_one_position_earlier(records, sequence):
    """Each position reads the token that the one before it should have said."""
    rows = pack(records, sequence=sequence)
    inputs, targets = rows.input_NS.flatten(), rows.target_NS.flatten()
    known = targets[:-1] != IGNORED

    assert SEPARATOR == inputs[0]
    assert targets[:-1][known].tolist() == inputs[1:][known].tolist()


def test_only_the_last_row_is_padded():
    """Padding costs at most one row."""
    rows = pack([b"abcd", b"efg"], sequence=4)

    assert [0, 0, 3] == (rows.target_NS == IGNORED).sum(1).tolist()


def test_epoch_visits_each_row_once():
    """An epoch's batches are the rows, the last batch smaller."""
    rows = pack([bytes(range(19))], sequence=4)
    generator = torch.Generator().manual_seed(1)
    drawn = list(batches(rows, batch=2, steps=3, generator=generator))

    assert [(2, 4), (2, 4), (1, 4)] == [tuple(x.shape) for x, _ in drawn]
    assert sorted(rows.input_NS.tolist()) == sorted(
        row for x, _ in drawn for row in x.tolist()
    )


def test_epochs_differ():
    """A second epoch has an order of its own."""
    rows = pack([bytes(range(100))], sequence=4)
    generator = torch.Generator().manual_seed(1)
    drawn = [
        x.tolist() for x, _ in batches(rows, batch=26, steps=2, generator=generator)
    ]

    assert drawn[0] != drawn[1]
    assert sorted(drawn[0]) == sorted(drawn[1])
