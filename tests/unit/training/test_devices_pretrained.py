"""Passes through a base from elsewhere, and sizes that are refused."""

import json

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers", reason="the extra 'peft' is not installed")
pytest.importorskip("peft", reason="the extra 'peft' is not installed")

from torch.utils.flop_counter import FlopCounterMode  # noqa: E402

from ledger.errors import InputError  # noqa: E402
from producers.metering.batch import Counted, total  # noqa: E402
from producers.training.base_import import architecture, read_base  # noqa: E402
from producers.training.compute import compute_plan  # noqa: E402
from producers.training.settings import Compute, Lora, Settings  # noqa: E402
from producers.training.slices import train_slices  # noqa: E402
from producers.training.weights import decode_tensors, encode_tensors  # noqa: E402
from tests.unit.training.tiny_llama import CONFIG, write_folder  # noqa: E402

# transformers warns of names that it and peft still use.
pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning")

ALL = Compute(precision="bf16", checkpointing=True, accumulate=2)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_folder(tmp_path_factory.mktemp("base") / "tiny-llama")


def train(base, plan=None, **changes):
    """Safetensors bytes of the adapter, the steps, and the settings."""
    out, steps = [], []
    settings = settings_of(base, **changes)
    train_slices(
        base=decode_tensors(base.weights),
        parent=None,
        slice_first=0,
        slices=[[b"one fish two fish " * 6]],
        seeds=[11],
        settings=settings,
        plan=plan,
        on_step=steps.append,
        on_slice=lambda _, tensors: out.append(encode_tensors(tensors)),
        files=base.files,
    )
    return out[0], steps


def settings_of(base, **changes):
    return Settings(
        architecture=architecture(base.files, context=16),
        lora=Lora(rank=2, alpha=4, targets=("all-linear",)),
        batch=4,
        epochs=2,
        **changes,
    )


def test_metered_flop_is_what_torch_counts(folder):
    """Parts, checkpoints and bf16 at once: exact and complete."""
    base = read_base(folder)
    plan = compute_plan(settings_of(base, compute=ALL), base.files)
    with FlopCounterMode(display=False) as counter:
        _, steps = train(base, plan, compute=ALL)
    passes = [
        Counted(plan=plan, **{name: getattr(p, name) for name in p.__struct_fields__})
        for step in steps
        for p in step.passes
    ]

    assert plan.is_complete
    assert plan.closed_form
    assert plan.recompute.token > 0
    assert counter.get_total_flops() == sum(total(passes).values())


def test_metering_changes_no_bit(folder):
    """A training that is metered gives the weights of one that is not, again."""
    base = read_base(folder)
    plan = compute_plan(settings_of(base, compute=ALL), base.files)

    assert train(base, compute=ALL)[0] == train(base, plan, compute=ALL)[0]


def test_checkpointing_changes_no_bit(folder):
    """What is computed again is what was computed before."""
    base = read_base(folder)

    assert train(base)[0] == train(base, compute=Compute(checkpointing=True))[0]


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"num_hidden_layers": 10**9}, "no more layers than the"),
        ({"intermediate_size": 10**9}, "elements"),
        ({"hidden_size": 0}, "no model can be built|expected"),
    ],
    ids=["layers", "width", "none"],
)
def test_absurd_sizes_are_refused_without_memory(folder, changes, complaint):
    """A configuration that its weights do not fill is not built."""
    path = folder / "config.json"
    path.write_text(json.dumps(CONFIG | changes))
    try:
        with pytest.raises(InputError, match=complaint):
            read_base(folder)
    finally:
        path.write_text(json.dumps(CONFIG))
