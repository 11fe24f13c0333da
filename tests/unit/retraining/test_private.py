"""A workspace that trains by DP-SGD: accounts of it, and proofs that still hold."""

import pytest

pytest.importorskip("torch")
pytest.importorskip("opacus", reason="the extra 'dp' is not installed")

import msgspec
from msgspec import UNSET

from ledger.events.erasure import ErasureVerified
from ledger.events.training import RunFinished, RunStarted
from ledger.events.training_saved import PrivacyAccounted, SliceTrained
from producers import wiring
from producers.training.choose import NOTHING_CHOSEN, Choices
from producers.training.pool import WorkerJob, train_in_workers
from producers.training.recipe import make_recipe
from producers.training.settings import Privacy
from producers.training.slices import pretrain
from producers.training.weights import encode_tensors
from tests.unit.workspace.office import BASE_TEXT, RECORDS, new_office
from tests.unit.workspace.tiny import TINY_ADAPTER, TINY_BASE, train_here

PRIVACY = Privacy(noise_multiplier_ppm=1_500_000, clip_norm_ppm=500_000)


def train(office, choices):
    with office.open() as workspace:
        return wiring.train(
            workspace,
            base_text=lambda: BASE_TEXT,
            choices=choices,
            progress=office.said.append,
        )


@pytest.fixture
def private(tmp_path):
    """An office that trained by DP-SGD."""
    office = new_office(tmp_path / "private")
    office.ingest(RECORDS)
    train(office, Choices(privacy=PRIVACY))
    return office


def test_every_slice_has_its_account_before_it(private):
    """It says the settings, and the steps that were metered; the verifier agrees."""
    told = private.events((PrivacyAccounted, SliceTrained))
    slices = [one for one in told if isinstance(one, SliceTrained) and one.steps]

    assert slices
    for trained in slices:
        account = told[told.index(trained) - 1]
        assert (trained.run_id, trained.shard, trained.slice, trained.steps) == (
            account.run_id,
            account.shard,
            account.slice,
            account.steps,
        )
        assert (1_500_000, 500_000, 10**7) == (
            account.noise_multiplier_ppm,
            account.clip_norm_ppm,
            account.delta_ppt,
        )
        assert account.epsilon_ppm > 0
    private.check()


def test_compute_is_counted_whole(private):
    """Rows that go through one by one are metered as that."""
    assert {"complete"} == {one.completeness for one in private.events(RunFinished)}


def test_epsilon_is_said(private):
    """Whoever trains sees it, slice by slice."""
    assert any("epsilon" in line for line in private.said)


def test_erasure_retrains_privately_to_the_bit(private):
    """The retrain has the same settings, an account of its own, and a proof."""
    before = len(private.events(PrivacyAccounted))
    private.erase("jane")

    assert ["bitwise_equal"] == [
        one.exactness for one in private.events(ErasureVerified)
    ]
    assert len(private.events(PrivacyAccounted)) > before
    private.check()


def test_privacy_stays_until_it_is_left_out(private):
    """Who says nothing trains as last time; noise 0 ends it."""
    with_it = len(private.events(PrivacyAccounted))
    train(private, NOTHING_CHOSEN)
    more = len(private.events(PrivacyAccounted))
    train(private, Choices(privacy=UNSET))

    assert with_it < more == len(private.events(PrivacyAccounted))
    assert 3 == len({one.recipe_sha256 for one in private.events(RunStarted)})


def test_fresh_process_gives_the_same_bits():
    """A worker that has never seen anything else draws the same rows and noise."""
    base = pretrain(
        [BASE_TEXT], seed=1, settings=TINY_BASE, plan=None, on_step=lambda _: None
    )
    job = WorkerJob(
        shard=0,
        recipe=make_recipe(msgspec.structs.replace(TINY_ADAPTER, privacy=PRIVACY)),
        base=encode_tensors(base),
        slices=[[b"one fish two fish " * 9], [b"red fish"]],
        seeds=[1, 2],
    )
    results = []
    for run in (train_here, train_in_workers):
        found = []
        run(
            [job],
            on_step=lambda *_: None,
            on_slice=lambda *slice_, found=found: found.append(slice_),
        )
        results.append(found)

    assert results[0] == results[1]
