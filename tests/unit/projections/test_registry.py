"""The registry: one pass over the events, states owned by the fold."""

from ledger.projections import PROJECTIONS, TABLES, advance, initial, rebuild

from .builders import record, whole_run


def test_tables_are_apart():
    """Each mapping that grows with the records has a table of its own."""
    names = [one.table(field) for one in PROJECTIONS for field in one.tables]

    assert sorted(TABLES) == sorted(names)


def test_names_are_unique():
    """Each projection has its own key in the views file."""
    names = [projection.name for projection in PROJECTIONS]

    assert len(set(names)) == len(names)


def test_folding_happens_in_place():
    """No state is copied for each event, so a fold is linear in its events."""
    states = initial()
    before = dict(states)
    after = advance(states, record(whole_run()))

    for name, state in before.items():
        assert state is after[name]


def test_empty_states_share_nothing():
    """Folding into one empty state leaves another empty."""
    rebuild(record(whole_run()))

    assert initial() == rebuild([])


def test_event_ids_are_seq_dot_index():
    """An event is cited by its entry and its place in it."""
    assert ["7.0", "8.0", "9.0"] == [
        item.event_id for item in record(whole_run(), first=7)
    ]
