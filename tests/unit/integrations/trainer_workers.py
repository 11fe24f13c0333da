"""What each of two processes of one Trainer does."""

import json
import os
import warnings
from datetime import timedelta

import torch
import transformers
from torch import distributed

from producers.metering.integrations.budget import Budget, BudgetGuard
from producers.metering.integrations.hugging_face import MeterCallback
from producers.metering.integrations.loop import MeteredLoop
from producers.metering.integrations.ranks import this_rank
from tests.limits import end_by
from tests.unit.integrations.hub import Live, make_model, padded, rows
from tests.unit.integrations.workers import leave

WORLD = 2


def work(rank, folder, limit):
    """Train on one rank until the budget of both is used."""
    end_by()
    warnings.simplefilter("ignore")  # of what the libraries advise
    torch.set_num_threads(1)
    # The libraries ask for an address and a port, and then find the group made here.
    os.environ.update(
        RANK=str(rank),
        LOCAL_RANK=str(rank),
        WORLD_SIZE=str(WORLD),
        LOCAL_WORLD_SIZE=str(WORLD),
        MASTER_ADDR="127.0.0.1",
        MASTER_PORT="0",
    )
    distributed.init_process_group(
        "gloo",
        init_method=f"file://{folder}/store",
        rank=rank,
        world_size=WORLD,
        timeout=timedelta(minutes=4),
    )
    guard = BudgetGuard(Budget(limit=limit, stop=True), on_alarm=[].append)
    callback = MeterCallback(MeteredLoop(every=1, guard=guard, rank=this_rank()))
    live = Live()
    trainer = transformers.Trainer(
        model=make_model(),
        args=transformers.TrainingArguments(
            output_dir=str(folder / "out"),
            per_device_train_batch_size=1,
            max_steps=50,
            report_to=[],
            save_strategy="no",
            use_cpu=True,
            disable_tqdm=True,
            dataloader_pin_memory=False,
            ddp_backend="gloo",
        ),
        data_collator=padded,
        train_dataset=rows(),
        callbacks=[callback, live],
    )
    trainer.train()
    account = callback.account
    found = {
        "wrapper": type(trainer.model_wrapped).__name__,
        "live_forward": live.counter.forward,
        "live_backward": live.counter.backward,
        "flop": account.flop,
        "faults": account.faults,
        "steps": account.steps,
    }
    (folder / f"{rank}.json").write_text(json.dumps(found))
    leave()
