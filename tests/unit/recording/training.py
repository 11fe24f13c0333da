"""A tiny training that saves, ends or is killed, and the run that records it."""

import random
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file

from producers.recordings import RunFacts, record_run, weights_sha256
from tests.limits import end_by
from tests.unit.metering.tiny import Tiny, ids, loss_of

STEPS = 12
FACTS = RunFacts(
    model_name="acme-tiny",
    objective="sft",
    technique="full",
    base_name="base-tiny",
    base_sha256="ba" * 32,
    base_licence="Apache-2.0",
    base_flop=10**9,
    config={"steps": STEPS, "rate": "0.01"},
    code_commit="c0" * 20,
    environment={"python": "any"},
    seeds={"data": 7},
    dataset=b"rows of nobody\n",
)


def shapes(number):
    """The micro-batches of a step, which follow from its number."""
    return [(1 + number % 3, 4 + number % 4)] * (1 + number % 2)


def step(loop, model, number):
    """One step."""
    with loop.step():
        for shape in shapes(number):
            loss_of(model(ids(*shape))).backward()


def save(model, folder, number):
    """What a trainer leaves behind at a step."""
    path = Path(folder) / f"step-{number}.safetensors"
    with torch.no_grad():  # an optimizer's step would change them too
        model.head.weight[0, 0] = number
    save_file(model.state_dict(), path)
    return path


def train(run, folder, *, first=0, last=STEPS, saves=(), every=100):
    """Steps `first` .. `last` - 1; before the steps in `saves` weights are saved."""
    loop, model = run.loop(every=every), Tiny()
    loop.attach(model)
    for number in range(first, last):
        if number in saves:
            run.snapshot(save(model, folder, number))
            print("saved", number, flush=True)
        step(loop, model, number)
        print("step", number, flush=True)
    return save(model, folder, last)


def main(workspace, weights, seed, resumes):
    """The child: train to the end, saving at seeded steps."""
    end_by()
    chance = random.Random(int(seed))
    saves = {1} | {number for number in range(2, STEPS) if chance.random() < 0.4}
    every = chance.randint(1, 4)
    with record_run(workspace, FACTS, resumes=resumes) as run:
        print("run", run.run_id, flush=True)
        # What was written just before the kill may not be on record.
        known = [
            path
            for path in Path(weights).glob("step-*.safetensors")
            if weights_sha256(path) == run.resumed_from
        ]
        first = _number(known[0]) if resumes else 0
        later = {number for number in saves if number > first}
        run.finish(train(run, weights, first=first, saves=later, every=every))


def _number(path):
    return int(path.stem.removeprefix("step-"))


if __name__ == "__main__":
    main(*sys.argv[1:])
