"""An erasure that is cut off anywhere is finished by asking for it again."""

import random
import shutil
import signal
from collections import Counter

import pytest

from ledger.erasing.book import ErasureBook
from ledger.events.erasure import ErasureCertified, KeysDestroyed
from ledger.events.model import ManifestPublished
from ledger.projections.erasures import outstanding
from producers import publishing
from producers.erasing.due import due_after
from tests.crash.killing import places, run_and_kill
from tests.unit.erasure.asked import LETTER, answer, erasure_of, receive
from tests.unit.ledger.workshop import NOW_MS
from tests.unit.workspace import fixtures
from tests.unit.workspace.fixtures import tiny, tiny_training
from tests.unit.workspace.office import PEOPLE, leaks, secrets_of
from tests.unit.workspace.points import Countdown, Crash, watch

CRASHES, KILLS, KILLS_SOAK = 6, 2, 60
ERASURES, ERASURES_SOAK = 4, 50
STEP_S = 0.5
"""Longest wait after a durable write: about what a retrain takes between two."""

MOMENTS = 56
"""Moments of one erasure, counted by `test_every_moment_is_known`."""

CORRESPONDENCE_MOMENTS = 116
"""Moments of `correspond`, counted by `test_every_moment_of_a_correspondence`."""

__all__ = ["tiny_training", "trained", "trained_once"]

trained = fixtures.trained


@pytest.fixture(scope="module")
def trained_once(tmp_path_factory):
    """A trained office whose model serves; read, never written."""
    pytest.importorskip("torch")
    with tiny():
        office = fixtures.filled_office(tmp_path_factory.mktemp("serving") / "acme")
    with office.open() as workspace:
        publishing.publish(workspace, gate=None, progress=office.said.append)
    return office


@pytest.fixture(scope="module")
def uninterrupted(trained_once, tmp_path_factory):
    """How the office ends without a crash."""
    office = trained_once.copy(tmp_path_factory.mktemp("reference") / "acme")
    with tiny():
        office.erase("jane")
    return ending(office)


def ending(office):
    """What must be the same in the end, whatever happened on the way."""
    with office.open() as workspace:
        states = workspace.states()
        placed = dict(states["shards"].places)
        erased = sorted(states["shards"].erased)
    shards = states["shards"].current()
    erasures = states["erasures"].erasures.values()
    return {
        "placed": placed,
        "live": {n: shard.live for n, shard in shards.by_shard.items()},
        "needs_retrain": {n: len(s.needs_retrain) for n, s in shards.by_shard.items()},
        "slices": {n: sorted(shard.slices) for n, shard in shards.by_shard.items()},
        "erased": erased,
        "phases": [sorted(one.phases) for one in erasures],
        "exactness": [one.exactness for one in erasures],
        "owed": [outstanding(one) for one in erasures],
        "certified": len(office.events(ErasureCertified)),
        "manifests": [one.reason for one in office.events(ManifestPublished)],
        "corpus": sorted(path.name for path in (office.folder / "corpus").iterdir()),
        "subjects": _aliases(office),
        "leaks": leaks(office.folder, secrets_of("jane")),
    }


def _aliases(office):
    with office.open() as workspace:
        return [(subject.alias, n) for subject, n in workspace.vault.subjects()]


def check_between(office):
    """What must hold after every crash, before the erasure is resumed."""
    # Read by a writer first: SQLite puts right what a kill within the closing left.
    events = office.events()
    office.check()
    certified = [one for one in events if isinstance(one, ErasureCertified)]
    if any(isinstance(one, KeysDestroyed) for one in events):
        with office.open():
            assert [] == leaks(office.folder, secrets_of("jane"))
    assert not certified or events[-1] == certified[0]


def check_ended(office, uninterrupted):
    """The end is the one without a crash, and every weight file is on record."""
    assert uninterrupted == ending(office)
    with office.open() as workspace:
        states = workspace.states()
    shards = states["shards"].current().by_shard
    [served] = states["serving"].manifests.values()
    assert {n: shard.served_sha256 for n, shard in shards.items()} == served.adapters
    named = {
        one.weights_sha256
        for shard in shards.values()
        for one in shard.saved
        if not one.deleted_by
    }
    files = {path.stem for path in (office.folder / "models").glob("*.sealed")}
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
    is_letters = "correspondence" in metafunc.function.__name__
    moments = CORRESPONDENCE_MOMENTS if is_letters else MOMENTS
    places(metafunc, moments=moments, crashes=CRASHES, seed=20_260_101)


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


def test_every_killed_erasure_ends_like_the_one_that_was_not(
    trained_once, uninterrupted, tmp_path, request
):
    """One kill -9 each in a whole erasure, then the same command: same projections.

    With `-s` it prints how many, and what was on record last when they were killed.
    """
    chance = random.Random(20_260_105)
    erasures = ERASURES_SOAK if request.config.getoption("--soak") else ERASURES
    before = len(trained_once.events())
    last = Counter()
    for _ in range(erasures):
        office = trained_once.copy(tmp_path / "acme")
        code, said = run_and_kill(
            ["erase", "s-1", "-w", str(office.folder)],
            chance,
            moments_max=MOMENTS,
            wait_s=STEP_S,
        )
        assert code in {-signal.SIGKILL, 0}, said
        check_between(office)
        recorded = office.events()[before:]
        last[type(recorded[-1]).__name__ if recorded else "nothing"] += 1
        office.erase("s-1")
        check_ended(office, uninterrupted)
        shutil.rmtree(office.folder)

    print(
        f"{erasures} of {erasures} killed erasures ended like the one that was not; "
        f"on record last: {', '.join(f'{n} {what}' for what, n in last.most_common())}"
    )


def correspond(office):
    """Receive, extend, restrict, lift, keep keys for nobody; what is done stays so."""
    erasure_id = receive(office, "jane", reference="DSR-7")
    due_at_ms = due_after(NOW_MS, 3)
    reason = {"reason": "complexity", "due_at_ms": due_at_ms}
    refused = receive(office, "dan")
    for name, args in (
        ("extend", {**reason, "notice": LETTER}),
        ("restrict", {"cause": "legal_claims"}),
        ("lift", {"notice": LETTER}),
    ):
        answer_once(office, name, erasure_id, **args)
    answer_once(office, "refuse", refused, ground="expression", notice=LETTER)
    office.erase("jane", retrain=False)


def answer_once(office, name, erasure_id, **args):
    """Answer unless it was answered before a crash."""
    phase = {"extend": "extended", "restrict": "restricted"}
    phase |= {"lift": "restriction_lifted", "refuse": "refused"}
    if phase[name] not in erasure_of(office, erasure_id).phases:
        answer(office, name, erasure_id, **args)


def answered(office):
    """What must be the same in the end of a correspondence."""
    erasures = office.states()["erasures"].erasures.values()
    with office.open() as workspace:
        fenced = [workspace.fences.is_fenced(PEOPLE[one]) for one in ("jane", "dan")]
        kept = sorted(workspace.vault.record_ids())
    return {
        "phases": [
            {name: len(ids) for name, ids in e.phases.items()} for e in erasures
        ],
        "due": [one.due_at_ms for one in erasures],
        "fenced": fenced,
        "kept": kept,
        "leaks": leaks(office.folder, [*secrets_of("jane")]),
    }


def test_every_moment_of_a_correspondence(trained):
    """The crashes below fall on all of them."""
    countdown = Countdown()
    with pytest.MonkeyPatch.context() as patch:
        watch(patch.setattr, countdown)
        correspond(trained)

    assert CORRESPONDENCE_MOMENTS == len(countdown.passed)


def test_a_crash_in_a_correspondence(trained, tmp_path, place):
    """Answered again, every letter is on record once, and nobody is fenced in vain."""
    whole = trained.copy(tmp_path / "whole")
    correspond(whole)
    with pytest.MonkeyPatch.context() as patch:
        watch(patch.setattr, Countdown(place))
        with pytest.raises(Crash):
            correspond(trained)
    trained.check()
    if "refused" in {
        phase
        for one in trained.states()["erasures"].erasures.values()
        for phase in one.phases
    }:
        answer_again(trained)
    else:
        correspond(trained)

    assert answered(whole) == answered(trained)
    trained.check()


def answer_again(office):
    """What is left once the refusal is on record: its fence, and the erasure."""
    with office.open() as workspace:
        ErasureBook(workspace).lift_refused()
    office.erase("jane", retrain=False)
