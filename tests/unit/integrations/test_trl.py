"""Trainers of TRL: what is exact, and what is at most, by the account's own words."""

import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
trl = pytest.importorskip("trl")
datasets = pytest.importorskip("datasets")
peft = pytest.importorskip("peft")

from producers.metering.integrations.hugging_face import MeterCallback  # noqa: E402
from producers.metering.integrations.loop import MeteredLoop  # noqa: E402
from tests.unit.integrations.hub import (  # noqa: E402
    SIZES,
    Live,
    make_model,
    make_tokenizer,
    rows,
)

# The libraries warn of what they will change in each other.
pytestmark = pytest.mark.filterwarnings("ignore")


def settings(folder):
    return {
        "output_dir": str(folder),
        "max_steps": 2,
        "per_device_train_batch_size": 2,
        "report_to": [],
        "save_strategy": "no",
        "use_cpu": True,
        "bf16": False,
        "disable_tqdm": True,
        "gradient_checkpointing": False,
        "dataloader_pin_memory": False,
    }


def test_supervised(tmp_path):
    """The head leaves the last position out: one too many a sequence is counted."""
    live, callback = Live(), MeterCallback()
    trl.SFTTrainer(
        model=make_model(),
        args=trl.SFTConfig(**settings(tmp_path), max_length=32),
        train_dataset=datasets.Dataset.from_list(
            [{"input_ids": row["input_ids"]} for row in rows()]
        ),
        processing_class=make_tokenizer(),
        callbacks=[callback, live],
    ).train()
    account = callback.account
    sequences = 2 * 2
    one_too_many = 2 * SIZES["hidden_size"] * SIZES["vocab_size"] * sequences

    assert {"head_in_part": 2} == account.faults
    assert 2 == account.steps
    assert live.counter.forward + one_too_many == account.flop["forward"]


def test_preferences_with_adapters(tmp_path):
    """The reference pass is one, and is not taken for evaluation."""
    callback = MeterCallback(MeteredLoop(), reference_is_base=True)
    words = [{"prompt": "w5 w6", "chosen": "w7 w8", "rejected": "w9"}] * 4
    trl.DPOTrainer(
        model=make_model(),
        args=trl.DPOConfig(**settings(tmp_path), max_length=32),
        train_dataset=datasets.Dataset.from_list(words),
        processing_class=make_tokenizer(),
        peft_config=peft.LoraConfig(
            r=4, target_modules=["q_proj", "v_proj"], task_type="CAUSAL_LM"
        ),
        callbacks=[callback],
    ).train()
    account = callback.account
    flop = account.flop
    policy, base = callback.loop.meter.plans

    assert ["head_in_part"] == list(account.faults)
    assert 0 == flop["evaluation"]
    assert 0 < flop["reference"] < flop["forward"]
    assert base.inference.token < policy.inference.token


def test_reinforcement(tmp_path):
    """Answers are drawn with a cache: what that costs is not counted, and said so."""
    live = Live()
    callback = MeterCallback(MeteredLoop(), reference_is_base=True)
    trl.GRPOTrainer(
        model=make_model(),
        reward_funcs=lambda completions, **_: [float(len(c)) for c in completions],
        args=trl.GRPOConfig(
            **settings(tmp_path), num_generations=2, max_completion_length=4, beta=0.1
        ),
        train_dataset=datasets.Dataset.from_list([{"prompt": "w5 w6"}] * 4),
        processing_class=make_tokenizer(),
        peft_config=peft.LoraConfig(
            r=4, target_modules=["q_proj", "v_proj"], task_type="CAUSAL_LM"
        ),
        callbacks=[callback, live],
    ).train()
    account = callback.account
    flop = account.flop

    assert ["cache_in_use", "head_in_part"] == list(account.faults)
    assert 0 == flop["rollout"]
    assert 0 < flop["reference"] < flop["forward"]
    assert live.counter.forward > flop["forward"] + flop["reference"]
