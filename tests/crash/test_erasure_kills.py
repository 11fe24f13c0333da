"""An erasure that is cut off anywhere is finished by asking for it again."""

import random
import signal

import pytest

from ledger.events.erasure import ErasureCertified, KeysDestroyed
from ledger.projections.erasures import outstanding
from tests.crash.killing import places, run_and_kill
from tests.unit.workspace.fixtures import tiny, tiny_training, trained, trained_once
from tests.unit.workspace.office import leaks, secrets_of
from tests.unit.workspace.points import Countdown, Crash, watch

CRASHES, KILLS, KILLS_SOAK = 6, 2, 60
MOMENTS = 48
"""Moments of one erasure, counted by `test_every_moment_is_known`."""

__all__ = ["tiny_training", "trained", "trained_once"]


@pytest.fixture(scope="module")
def uninterrupted(trained_once, tmp_path_factory):
    """How the office ends without a crash."""
    office = trained_once.copy(tmp_path_factory.mktemp("reference") / "acme")
    with tiny():
        office.erase("jane")
    return ending(office)


def ending(office):
    """What must be the same in the end, whatever happened on the way."""
    states = office.states()
    shards = states["shards"].current()
    erasures = states["erasures"].erasures.values()
    return {
        "placed": shards.records,
        "live": {n: shard.live for n, shard in shards.by_shard.items()},
        "needs_retrain": {n: len(s.needs_retrain) for n, s in shards.by_shard.items()},
        "slices": {n: sorted(shard.slices) for n, shard in shards.by_shard.items()},
        "erased": sorted(states["shards"].erased),
        "phases": [sorted(one.phases) for one in erasures],
        "exactness": [one.exactness for one in erasures],
        "owed": [outstanding(one) for one in erasures],
        "certified": len(office.events(ErasureCertified)),
        "corpus": sorted(path.name for path in (office.folder / "corpus").iterdir()),
        "subjects": _aliases(office),
        "leaks": leaks(office.folder, secrets_of("jane")),
    }


def _aliases(office):
    with office.open() as workspace:
        return [(subject.alias, n) for subject, n in workspace.vault.subjects()]


def check_between(office):
    """What must hold after every crash, before anybody opens the workspace."""
    office.check()
    events = office.events()
    certified = [one for one in events if isinstance(one, ErasureCertified)]
    if any(isinstance(one, KeysDestroyed) for one in events):
        with office.open():
            assert [] == leaks(office.folder, secrets_of("jane"))
    assert not certified or events[-1] == certified[0]


def check_ended(office, uninterrupted):
    """The end is the one without a crash, and every weight file is on record."""
    assert uninterrupted == ending(office)
    with office.open() as workspace:
        shards = workspace.states()["shards"].current().by_shard.values()
    named = {
        one.weights_sha256
        for shard in shards
        for one in shard.saved
        if not one.deleted_by
    }
    files = {path.stem for path in (office.folder / "models").glob("*.safetensors")}
    assert 1 == len(files - named)  # the base
    assert named <= files
    office.check()


def moments_of(office):
    """Names of the moments of one erasure."""
    countdown = Countdown()
    with pytest.MonkeyPatch.context() as patch:
        watch(patch.setattr, countdown)
        office.erase("jane")
    return countdown.passed


def test_every_moment_is_known(trained):
    """The crashes below fall on all of them."""
    assert MOMENTS == len(moments_of(trained))


def pytest_generate_tests(metafunc):
    """Crash at some moments, or at all of them."""
    places(metafunc, moments=MOMENTS, crashes=CRASHES, seed=20_260_101)


@pytest.mark.parametrize("once", [False, True], ids=["kill", "error"])
def test_a_crash_at_a_write(trained, uninterrupted, place, once):
    """Resumed by the same command, it ends as if nothing had happened."""
    with pytest.MonkeyPatch.context() as patch:
        watch(patch.setattr, Countdown(place, once=once))
        with pytest.raises(Crash):
            trained.erase("s-1")
    check_between(trained)
    trained.erase("s-1")

    check_ended(trained, uninterrupted)


def test_kill_at_any_moment(trained, uninterrupted, request):
    """kill -9 of the process, again and again, then once to the end."""
    chance = random.Random(20_260_102)
    kills = KILLS_SOAK if request.config.getoption("--soak") else KILLS
    for _ in range(kills):
        code, said = run_and_kill(
            ["erase", "s-1", "-w", str(trained.folder)], chance, moments_max=MOMENTS
        )
        assert code in {-signal.SIGKILL, 0}, said
        check_between(trained)
    trained.erase("s-1")

    check_ended(trained, uninterrupted)
