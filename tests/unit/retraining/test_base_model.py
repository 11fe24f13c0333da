"""A workspace that trains on a base from elsewhere: the same story, to the bit."""

import hashlib

import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers", reason="the extra 'peft' is not installed")
pytest.importorskip("peft", reason="the extra 'peft' is not installed")

from click.testing import CliRunner

from ledger.errors import InputError
from ledger.events.erasure import ErasureVerified
from ledger.events.training import RunFinished, RunStarted
from producers import wiring
from producers.commands.flops import flops_group
from producers.exporting import weight_store
from producers.training.base_import import architecture, read_base
from producers.training.choose import BaseChoice, Choices
from producers.training.pool import WorkerJob, train_in_workers
from producers.training.recipe import make_recipe
from producers.training.settings import Lora, Settings
from tests.unit.training.tiny_llama import write_folder
from tests.unit.workspace.office import BASE_TEXT, RECORDS, new_office
from tests.unit.workspace.tiny import train_here

# transformers warns of names that it and peft still use.
pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning")

SMALL = {"lora": Lora(rank=2, alpha=4, targets=("all-linear",)), "epochs": 1}


@pytest.fixture(scope="module")
def model_folder(tmp_path_factory):
    return write_folder(tmp_path_factory.mktemp("base") / "tiny-llama")


def train(office, choices):
    with office.open() as workspace:
        return wiring.train(
            workspace,
            base_text=lambda: BASE_TEXT,
            choices=choices,
            progress=office.said.append,
        )


@pytest.fixture
def choices(model_folder):
    base = BaseChoice(folder=model_folder, flop="1000", systemic_risk=True)
    return Choices(base=base, objective="sft", **SMALL)


@pytest.fixture
def adapted(tmp_path, choices):
    """An office that trained on the tiny Llama."""
    office = new_office(tmp_path / "llama")
    office.ingest(RECORDS)
    train(office, choices)
    return office


def test_run_says_what_it_is_on(adapted, model_folder):
    """Name, licence, compute and risk of the base, and what is learnt."""
    [started] = adapted.events(RunStarted)
    weights = read_base(model_folder).weights

    assert ("tiny-llama", "Apache-2.0", "1000", "declared", True) == (
        started.base_name,
        started.base_licence,
        started.base_flop,
        started.base_flop_source,
        started.base_systemic_risk,
    )
    assert hashlib.sha256(weights).hexdigest() == started.base_sha256
    assert ("sft", "lora") == (started.objective, started.technique)
    assert ["complete"] == [one.completeness for one in adapted.events(RunFinished)]
    adapted.check()


def test_audit_traces_that_base_again(adapted):
    """`flops audit` takes the configuration that was kept, and no weights."""
    ran = CliRunner().invoke(flops_group, ["audit", str(adapted.folder)])

    assert 0 == ran.exit_code
    assert "  equal  plans 1," in ran.output.splitlines()[0]


def test_erasure_retrains_on_that_base_to_the_bit(adapted):
    """The retrain takes base, settings and objective from the run before it."""
    adapted.erase("jane")
    first, again = adapted.events(RunStarted)

    assert ["bitwise_equal"] == [
        one.exactness for one in adapted.events(ErasureVerified)
    ]
    assert (first.base_sha256, first.recipe_sha256, first.objective) == (
        again.base_sha256,
        again.recipe_sha256,
        again.objective,
    )
    adapted.check()


def test_next_training_is_on_the_same_base(adapted):
    """Who says nothing trains with what was trained with last."""
    train(adapted, Choices(batch=3))
    first, again = adapted.events(RunStarted)

    assert first.base_sha256 == again.base_sha256
    assert first.recipe_sha256 != again.recipe_sha256
    with adapted.open() as workspace:
        assert first.base_sha256 in weight_store(workspace).list()


def test_training_from_text_goes_back_to_our_own_base(adapted):
    """Shards that were trained on two bases are retrained on the newest."""
    train(adapted, Choices(is_from_text=True))
    adapted.erase("jane")
    *_, own, again = adapted.events(RunStarted)

    assert ("byte-gpt-base", own.base_sha256) == (own.base_name, again.base_sha256)
    adapted.check()


def test_other_context_needs_the_base_again(adapted):
    """Rows are cut for a base when it is taken in."""
    with pytest.raises(InputError, match="name the base with --base-model"):
        train(adapted, Choices(context=16))


def test_context_beyond_the_base_is_refused(adapted, model_folder):
    """No position has a meaning that the base did not learn."""
    with pytest.raises(InputError, match="at most the base's 32"):
        train(adapted, Choices(base=BaseChoice(folder=model_folder), context=33))


@pytest.mark.parametrize(
    ("field", "complaint"),
    [({"licence": "my own"}, "SPDX"), ({"name": "a b"}, "name of the base")],
    ids=["licence", "name"],
)
def test_what_is_said_of_a_base_is_checked(office, model_folder, field, complaint):
    """A licence is an expression of SPDX, a name has no spaces."""
    with pytest.raises(InputError, match=complaint):
        train(office, Choices(base=BaseChoice(folder=model_folder, **field)))


def test_fresh_process_gives_the_same_bits(model_folder):
    """A worker that has never seen anything else trains the same adapter."""
    base = read_base(model_folder)
    job = WorkerJob(
        shard=0,
        recipe=make_recipe(
            Settings(architecture=architecture(base.files, context=16), **SMALL)
        ),
        base=base.weights,
        files=base.files,
        slices=[[b"one fish two fish"], [b"red fish"]],
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
