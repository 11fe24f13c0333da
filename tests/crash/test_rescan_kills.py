"""A rescan that is cut off anywhere leaves no reserved record in training."""

import pytest

from ledger.errors import BasisError
from ledger.events.optout import UrlScanned
from ledger.log.ledger import Ledger
from ledger.records.dataset import Dataset
from ledger.records.placer import Placer
from ledger.records.quarantine import Quarantine
from producers.assign import assign
from tests.unit.projections.builders import ident
from tests.unit.workspace import points
from tests.unit.workspace.fixtures import office
from tests.unit.workspace.points import Countdown, Crash, watch
from tests.unit.workspace.rights import decide, grant, scan

__all__ = ["office"]


def begin(office):
    """Three placed records: two of one page, one under a licence without a site."""
    with office.open() as workspace:
        licence_id = grant(workspace)
        earlier = scan(workspace, "scan")
        for name in "ab":
            decide(workspace, name, scan_id=earlier, eu_basis="tdm_article_4")
        decide(workspace, "c", licence_id=licence_id)
        assign(Placer(workspace), progress=[].append)
    return licence_id


def rescan(workspace):
    """The page is reserved now; the commit of its scan."""
    append = Quarantine(workspace).append_scans
    scan(workspace, "later", verdict="reserved", append=append)


def trained_on(office):
    """Records that a run would train on now; None where it refuses."""
    with office.open() as workspace:
        map_id = workspace.states()["shards"].current_map
        dataset = Dataset(workspace, map_id, workspace.settings.slices)
        try:
            dataset.check_bases()
        except BasisError:
            return None
        shards = range(workspace.settings.shards)
        parts = [part for shard in shards for part in dataset.shard(shard)]
        return {name for part in parts for name in part.record_ids}


def crash(office, place, do):
    """Do something, and crash at one of its durable moments."""
    with pytest.MonkeyPatch.context() as patch, office.open() as workspace:
        patch.setattr(points, "POINTS", ((Ledger, "append"),))
        countdown = Countdown(crash_at=place)
        watch(patch.setattr, countdown)
        with pytest.raises(Crash):
            do(workspace)


def pytest_generate_tests(metafunc):
    """Crash at every moment."""
    if "place" in metafunc.fixturenames:
        metafunc.parametrize("place", range(metafunc.function.moments))


def moments(number):
    """Say how many moments a test crashes at."""

    def mark(function):
        function.moments = number
        return function

    return mark


@moments(2)
def test_a_scan_and_its_quarantine(office, place):
    """Both are there or neither is; nobody trains on what is reserved."""
    begin(office)
    crash(office, place, rescan)
    was_scanned = ident("later") in {one.scan_id for one in office.events(UrlScanned)}

    assert (place == 1) == was_scanned
    expected = {ident("c")} if was_scanned else set(map(ident, "abc"))
    assert expected == trained_on(office)
    office.check()


@moments(4)
def test_a_revocation_and_its_quarantine(office, place):
    """Between them nobody trains; a later rescan takes out what was left."""
    licence_id = begin(office)
    crash(
        office,
        place,
        lambda workspace: Quarantine(workspace).revoke(licence_id, "breach"),
    )
    found = trained_on(office)

    both, without = set(map(ident, "abc")), set(map(ident, "ab"))
    assert [both, None, None, without][place] == found
    with office.open() as workspace:
        if place in {1, 2}:
            Quarantine(workspace).take_unlicensed()
    assert (both if place == 0 else without) == trained_on(office)
    office.check()
