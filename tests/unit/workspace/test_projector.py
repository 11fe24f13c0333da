"""ledger.projector: kept states are a cache, and never change an answer."""

import shutil

import pytest

from ledger import Ledger
from ledger.projections import PROJECTIONS, advance, initial
from ledger.projector import project
from tests.unit.workspace.office import RECORDS, filled_office


def plain(states):
    """Every projection as plain values."""
    return {one.name: one.dump(states[one.name]) for one in PROJECTIONS}


def rebuilt(ledger):
    """The projections folded from the first event on."""
    return plain(advance(initial(), ledger.events()))


def test_incremental_equals_rebuild(trained):
    """Folded on after each session, the states are those of one fold."""
    trained.erase("jane")
    trained.ingest([{**RECORDS[-1], "id": "one more"}])
    with Ledger.open(trained.folder) as ledger:
        assert rebuilt(ledger) == plain(project(ledger))
        assert rebuilt(ledger) == plain(project(ledger))


def test_deleted_views_come_back(trained):
    """The views file holds nothing that the ledger does not."""
    before = plain(trained.states())
    (trained.folder / "acme.views").unlink()

    assert before == plain(trained.states())
    assert (trained.folder / "acme.views").exists()


def test_a_foreign_cache_is_ignored(trained, tmp_path):
    """Views of another ledger give the states of this one."""
    other = filled_office(tmp_path / "other", RECORDS[:2], label="other")
    shutil.copyfile(other.folder / "other.views", trained.folder / "acme.views")
    with Ledger.open(trained.folder) as ledger:
        assert rebuilt(ledger) == plain(project(ledger))


def test_a_stale_cache_is_folded_on(trained):
    """Views of yesterday give the states of today."""
    stale = (trained.folder / "acme.views").read_bytes()
    trained.erase("jane", retrain=False)
    (trained.folder / "acme.views").write_bytes(stale)
    with Ledger.open(trained.folder) as ledger:
        assert rebuilt(ledger) == plain(project(ledger))


@pytest.mark.parametrize(
    "content",
    [
        [],
        {},
        {"root": "ab"},
        {"versions": {}},
        {"states": None},
        {"states": {"shards": []}},
        {"states": {}},
    ],
    ids=repr,
)
def test_a_damaged_cache_is_ignored(trained, content):
    """Whatever shape it has: the ledger is the truth."""
    with Ledger.open(trained.folder) as ledger:
        size, kept = ledger.views.load("projections")
        changed = {**kept, **content} if content else content
        ledger.views.save("projections", size, changed)
        assert rebuilt(ledger) == plain(project(ledger))


def test_another_process_appends_while_we_look(trained):
    """What is kept ends where its root does, so nothing is folded twice."""
    with Ledger.open(trained.folder) as slow:
        trained.erase("jane", retrain=False)
        first = plain(project(slow))
        (trained.folder / "acme.views").unlink()
        project(slow)
    with Ledger.open(trained.folder) as ledger:
        assert rebuilt(ledger) == first
        assert rebuilt(ledger) == plain(project(ledger))
