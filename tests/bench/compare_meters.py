"""What meters say of the same steps, as ratios to the exact count; and what ours costs.

    python tests/bench/compare_meters.py [--repeats N]

The exact count is every matrix product of the live forward and backward pass by its
operands, what is computed again to save memory left out by the closed form; it must be
equal to ours. `counter mode` is torch's own, around the same step. `total_flos` is the
formula of the Hugging Face Trainer, 6 x tokens x weights outside of embeddings; 6ND
takes all weights. `aws` is (4 N_total + 2 N_trainable) x tokens, with the weights that
are trained, and `aws as run` with the count taken before adapters are added, when all
are. Packed 4-bit weights have half as many elements, which `aws packed` counts.

Where transformers, accelerate and peft are installed, the Trainer runs ragged batches
with our callback in it, and `total_flos` is the figure that it keeps itself; tokens are
those of the padded batches, which is what both other formulas see in practice.

The models are small, so embeddings weigh more here than in a large one; the last table
has the same ratios for a large one, from closed forms.
"""

import argparse
import importlib.util
import logging
import statistics
import sys
import tempfile
import time
import warnings
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from producers.flops.config import read_config
from producers.flops.count import Lora, Training, count
from producers.flops.estimate import trained
from producers.metering.meter import Meter
from tests.unit.flops.published import document
from tests.unit.metering.live import LiveCounter
from tests.unit.metering.tiny import CONFIG, ROUTED, Tiny, adapt, ids, loss_of

BATCH, SEQUENCE = 2, 48
QV = ("q_proj", "v_proj")
ALL = (*QV, "k_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
CASES = {
    "full": {},
    "full, tied": {"tied": True},
    "full, eager attention": {"kernel": "eager"},
    "full, checkpointed": {"mode": "non-reentrant"},
    "full, checkpointed re-entrant": {"mode": "reentrant"},
    "lora q,v": {"targets": QV},
    "lora all": {"targets": ALL},
    "lora all, checkpointed": {"targets": ALL, "mode": "non-reentrant"},
    "routed, 2 of 4": {"routed": True},
}
METERS = ("ours", "counter mode", "total_flos", "6ND", "aws as run", "aws")


def step_costs(targets=(), **options):
    """What each meter says of one step, and whether ours is exact."""
    model = Tiny(**options)
    if targets:
        adapt(model, targets)
    config = ROUTED if options.get("routed") else CONFIG
    decoder = read_config(config | {"tie_word_embeddings": options.get("tied", False)})
    training = Training(
        lora=Lora(rank=4, targets=targets) if targets else None,
        checkpointing=options.get("mode", "none"),
        attention=options.get("kernel", "fused"),
        input_gradients=model.input_gradients,
    )
    closed = count(decoder, training)
    meter = Meter(strict=True)
    meter.attach(model, closed_form=closed)
    live = LiveCounter()
    with meter.step(), live:
        loss_of(model(ids(BATCH, SEQUENCE))).backward()
    (batch,) = meter.batches()
    flop = batch.flop()
    ours = flop["forward"] + flop["backward"]
    exact = live.forward + live.backward - closed.recompute.at(BATCH, SEQUENCE)
    with FlopCounterMode(display=False) as mode:
        loss_of(model(ids(BATCH, SEQUENCE))).backward()
    total = sum(each.numel() for each in model.parameters())
    trainable = sum(each.numel() for each in model.parameters() if each.requires_grad)
    said = {
        "ours": ours,
        "counter mode": mode.get_total_flops(),
        "total_flos": 6 * (total - model.token.weight.numel()) * BATCH * SEQUENCE,
        "6ND": 6 * total * BATCH * SEQUENCE,
        # Before adapters are added, every weight is trained.
        "aws as run": 6 * (total - trainable * bool(targets)) * BATCH * SEQUENCE,
        "aws": (4 * total + 2 * trainable) * BATCH * SEQUENCE,
    }
    return exact, said, exact == ours and batch.is_complete


def show_steps():
    """Print the table of live steps; return whether ours was exact on each."""
    print(f"{'step':<30}{'exact FLOP':>12}  " + "".join(f"{m:>14}" for m in METERS))
    all_exact = True
    for name, options in CASES.items():
        exact, said, is_exact = step_costs(**options)
        all_exact &= is_exact
        ratios = "".join(f"{said[meter] / exact:>14.3f}" for meter in METERS)
        print(f"{name:<30}{exact:>12}  {ratios}")
    return all_exact


def show_large():
    """Print the same ratios for published models, a token at 4096 positions."""
    names = ("6ND", "total_flos", "aws as run", "aws", "aws packed")
    print(f"{'model':<30}{'FLOP a token':>14}  " + "".join(f"{n:>12}" for n in names))
    lora = Training(lora=Lora(rank=16, targets=QV))
    for name, training in (
        ("llama-3-8b", Training()),
        ("llama-3-8b", lora),
        ("mixtral-8x7b", Training()),
        ("smollm2-135m", Training()),
    ):
        decoder = read_config(document(name)["config"])
        cost = count(decoder, training)
        exact = (cost.forward + cost.backward).at(1, 4096) / 4096
        changed = trained(decoder, training.lora)
        total = decoder.weights + changed * (training.lora is not None)
        # The head and the embeddings stay as they are, and look as if trained.
        inside = decoder.weights - decoder.embedding_weights
        packed = 4 * (inside // 2) + 6 * decoder.embedding_weights
        said = {
            "6ND": 6 * total,
            "total_flos": 6 * (total - decoder.head.weights),
            "aws as run": 6 * decoder.weights,
            "aws": 4 * total + 2 * changed,
        }
        if training.lora is not None:
            said["aws packed"] = packed
        title = name + (", lora q,v" if training.lora else ", full")
        ratios = "".join(f"{each / exact:>12.3f}" for each in said.values())
        print(f"{title:<30}{exact:>14.4g}  {ratios}")
    print()


def trainer_costs(folder, *, with_adapters, **options):
    """What meters say of a real Trainer's steps, and whether ours is exact."""
    import peft  # noqa: PLC0415 - only where it is installed
    import transformers  # noqa: PLC0415

    from producers.flops.of_model import closed_form_of  # noqa: PLC0415
    from producers.metering.integrations.hugging_face import (  # noqa: PLC0415
        MeterCallback,
    )
    from tests.unit.integrations.hub import (  # noqa: PLC0415
        Live,
        make_model,
        padded,
        rows,
    )

    model = make_model()
    base = sum(each.numel() for each in model.parameters())
    if with_adapters:
        lora = peft.LoraConfig(r=4, target_modules=[*QV], task_type="CAUSAL_LM")
        model = peft.get_peft_model(model, lora)
    callback, live = MeterCallback(closed_form=closed_form_of), Live()
    arguments = transformers.TrainingArguments(
        output_dir=folder,
        max_steps=4,
        per_device_train_batch_size=2,
        report_to=[],
        save_strategy="no",
        use_cpu=True,
        disable_tqdm=True,
        dataloader_pin_memory=False,
        **options,
    )
    trainer = transformers.Trainer(
        model=model,
        args=arguments,
        data_collator=padded,
        train_dataset=rows(),
        callbacks=[callback, live],
    )
    trainer.remove_callback(transformers.PrinterCallback)
    trainer.train()
    account = callback.account
    flop = account.flop
    exact = live.counter.forward + live.counter.backward - flop["recompute"]
    total = sum(each.numel() for each in model.parameters())
    trainable = sum(each.numel() for each in model.parameters() if each.requires_grad)
    said = {
        "ours": flop["forward"] + flop["backward"],
        "total_flos": trainer.state.total_flos,
        "6ND": 6 * total * account.tokens,
        "aws as run": 6 * base * account.tokens,
        "aws": (4 * total + 2 * trainable) * account.tokens,
    }
    return exact, said, said["ours"] == exact and account.is_complete


def show_trainers():
    """Print the table of a real Trainer; return whether ours was exact on each."""
    needed = ("transformers", "accelerate", "peft")
    if not all(importlib.util.find_spec(name) for name in needed):
        print(f"a real Trainer is left out: it takes {', '.join(needed)}\n")
        return True
    logging.disable(logging.WARNING)
    warnings.simplefilter("ignore")
    all_exact = True
    names = ("ours", "total_flos", "6ND", "aws as run", "aws")
    print(
        f"{'Trainer, ragged':<30}{'exact FLOP':>12}  "
        + "".join(f"{n:>12}" for n in names)
    )
    for name, options in {
        "full": {"with_adapters": False},
        "full, accumulation": {
            "with_adapters": False,
            "gradient_accumulation_steps": 2,
        },
        "lora q,v": {"with_adapters": True},
        "lora q,v, checkpointed": {
            "with_adapters": True,
            "gradient_checkpointing": True,
        },
    }.items():
        with tempfile.TemporaryDirectory() as folder:
            exact, said, is_exact = trainer_costs(folder, **options)
        all_exact &= is_exact
        ratios = "".join(f"{said[each] / exact:>12.3f}" for each in names)
        print(f"{name:<30}{exact:>12}  {ratios}")
    print()
    return all_exact


class Nothing(nn.Module):
    """Costs next to nothing, so that what the meter adds can be seen."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(1, 1, 1))

    def forward(self, input_ids, attention_mask=None, labels=None):
        return self.weight * 2


def show_overhead(repeats):
    """Print what a micro-batch costs more with the meter, with and without in turns."""
    plain, metered = Nothing(), Nothing()
    meter = Meter(strict=True)
    meter.attach(metered, inputs=lambda batch, sequence: {"input_ids": ids(batch, 1)})
    batch = {"input_ids": ids(4, 64), "attention_mask": ids(4, 64), "labels": None}
    added = []
    for _ in range(repeats):
        took = []
        for model in (plain, metered):
            start = time.perf_counter_ns()
            for _ in range(20):
                model(**batch).sum().backward()
            took.append(time.perf_counter_ns() - start)
        added.append((took[1] - took[0]) / 20 / 1000)
    middle = statistics.median(added)
    low, _, high = statistics.quantiles(added, n=4)
    print(
        f"hot path: {middle:.1f} us a micro-batch, forward and backward "
        f"(quartiles {low:.1f} and {high:.1f}, {repeats} rounds of 20 in turns); "
        f"{middle / 500_000:.4%} of a step of 500 ms"
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=300)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    is_exact = show_steps()
    print()
    is_exact &= show_trainers()
    print(f"ours is exact to the integer on every step: {is_exact}\n")
    show_large()
    show_overhead(arguments.repeats)
    return 0 if is_exact else 1


if __name__ == "__main__":
    sys.exit(main())
