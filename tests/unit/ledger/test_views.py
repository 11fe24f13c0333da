"""The derived file (ledger.log.views): never trusted, never missed."""

import sqlite3

import pytest

from ledger.log.state import State
from ledger.log.views import Views
from tests.unit.ledger.workshop import assigned, new_workspace, open_ledger


@pytest.fixture
def views(tmp_path):
    """An empty derived file."""
    found = Views(tmp_path / "acme.views")
    yield found
    found.close()


def test_a_state_round_trip(views):
    """What is saved is what is loaded."""
    state = State(size=3, frontier=["0" * 64, "1" * 64])
    views.save_state(state)

    assert state == views.load_state()


def test_reading_leaves_no_file(views, tmp_path):
    """Nothing is created by a load."""
    assert None is views.load_state()
    assert [] == list(tmp_path.iterdir())


def test_content_is_kept_by_name(views):
    """Two names do not meet, and the newest content counts."""
    views.save("a", 1, {"x": [1]})
    views.save("b", 2, "text")
    views.save("a", 3, {"x": [2]})

    assert (3, {"x": [2]}) == views.load("a")
    assert (2, "text") == views.load("b")
    assert None is views.load("c")


def test_a_folder_in_the_way_is_no_error(tmp_path):
    """A cache that cannot be written only costs time."""
    (tmp_path / "acme.views").mkdir()
    views = Views(tmp_path / "acme.views")
    views.save_state(State())

    assert None is views.load_state()
    views.close()


def _filled(folder):
    """A workspace with three entries and a cache as of the third."""
    with open_ledger(folder) as ledger:
        ledger.append([assigned(0)], stream="shards")
        ledger.append([assigned(1)], stream="shards")
    return folder / "acme.views"


def _edit(path, statement, *values):
    connection = sqlite3.connect(path)
    connection.execute(statement, values)
    connection.commit()
    connection.close()


def _state(path):
    views = Views(path)
    try:
        return views.load_state()
    finally:
        views.close()


def _save(path, state):
    views = Views(path)
    views.save_state(state)
    views.close()


def _delete(path):
    path.unlink()


def _garbage(path):
    path.write_bytes(b"not a database" * 1000)


def _other_json(path):
    _edit(path, 'UPDATE cache SET content = \'{"size": "3"}\'')


def _no_json(path):
    _edit(path, "UPDATE cache SET content = '{'")


def _no_text(path):
    _edit(path, "UPDATE cache SET content = NULL")


def _other_version(path):
    _edit(path, "UPDATE cache SET version = 99")


def _other_table(path):
    _edit(path, "DROP TABLE cache")
    _edit(path, "CREATE TABLE cache (x)")


def _too_long(path):
    state = _state(path)
    state.size = 2**40
    _save(path, state)


def _other_frontier(path):
    state = _state(path)
    state.frontier = ["0" * 64 for _ in state.frontier]
    _save(path, state)


def _no_hex(path):
    state = _state(path)
    state.frontier = ["no hex" for _ in state.frontier]
    _save(path, state)


def _too_many_roots(path):
    state = _state(path)
    state.frontier = ["0" * 64] * 9
    _save(path, state)


def _foreign(path):
    other = new_workspace(path.parent.parent / "other" / "acme", "another")
    path.write_bytes(_filled(other).read_bytes())


DAMAGES = [
    _delete,
    _garbage,
    _other_json,
    _no_json,
    _no_text,
    _other_version,
    _other_table,
    _too_long,
    _other_frontier,
    _no_hex,
    _too_many_roots,
    _foreign,
]


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__[1:])
def test_a_damaged_cache_is_ignored(workspace, damage):
    """The ledger opens, appends, and the cache comes back."""
    path = _filled(workspace)
    sound = _state(path)
    damage(path)

    with open_ledger(workspace) as ledger:
        assert (3, sound) == (ledger.size, ledger._state)
        assert 3 == ledger.append([assigned(2)], stream="shards").seq
    open_ledger(workspace).close()  # a table of another shape costs one more run
    assert 4 == _state(path).size


def test_a_stale_cache_is_caught_up(workspace):
    """A cache of an earlier size saves reading, and misses nothing."""
    path = _filled(workspace)
    stale = path.read_bytes()
    with open_ledger(workspace) as ledger:
        ledger.append([assigned(2)], stream="shards")
        expected = ledger._state
    path.write_bytes(stale)

    with open_ledger(workspace) as ledger:
        assert expected == ledger._state
