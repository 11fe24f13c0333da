"""What an erasure leaves of a person, at the size of the demo: a table for people.

    python tests/bench/unlearning.py [--quick]

Two experiments on one base, which is pre-trained on the Python documentation.

Utility: the descriptions of installed packages in 4 shards of 3 slices, and the same
texts in one adapter (the monolith). Every tenth package is held out. Victims are one
package's texts in the first, the middle and the last slice, each of another shard.

Memory: one shard of 3 slices that is trained until it memorises, with one invented
person a slice, whose texts hold a number of four digits.

Every victim is erased: its shard is trained again from the slice before the victim's
(retrained), from the base on without the victim's texts in a clean room (never saw),
and from the base on with them (control), with the same seeds. Each training is in a
fresh process of one thread, one at a time. Ends with 1 where a claim does not hold.
"""

import argparse
import hashlib
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from producers.demo.corpus import base_text, distribution_records
from producers.evaluation.canaries import Canary
from producers.evaluation.exposure import exposure
from producers.evaluation.held_out import held_out_loss
from producers.evaluation.min_k import min_k
from producers.evaluation.verbatim import is_continued
from producers.serving.ensemble import Parts, open_ensemble
from producers.training.base_files import NO_FILES
from producers.training.pool import WorkerJob, train_in_workers
from producers.training.recipe import DEMO_BASE, Settings, make_recipe

SHARDS, SLICES = 4, 3
TEXT_BYTES, QUICK_BYTES = 100_000, 20_000
UTILITY = Settings(epochs=8, learning_rate_ppm=5000)
MEMORY = Settings(epochs=60, learning_rate_ppm=10_000)
QUICK = Settings(epochs=2, learning_rate_ppm=5000)
FILLER_BYTES = 1000
CANARY_REPEATS = 24
PEOPLE = ("Ottilie Farnsbarns", "Casimir Quillfeather", "Wilhelmina Osterloh")
PINS = ("7306", "1948", "5261")

GAP_MAX, GAIN_MIN, CHANGE_MAX, EXPOSURE_MIN = 0.30, 0.50, 0.05, 5.0

Unit = tuple[str, list[bytes]]
"""A person or package, and its texts."""


@dataclass
class Shard:
    """One shard and what came of it.

    Attributes:
        number: which.
        slices: the units of each slice.
        weights: safetensors bytes after each slice.
    """

    number: int
    slices: list[list[Unit]]
    weights: list[bytes] = field(default_factory=list)

    def texts(self, *, without: str = "") -> list[list[bytes]]:
        """The records of each slice, but for those of one unit."""
        return [
            [text for name, texts in part if name != without for text in texts]
            for part in self.slices
        ]


class Claims:
    """What is claimed, printed as it is checked."""

    def __init__(self):
        self.failed = 0

    def check(self, text: str, *, holds: bool) -> None:
        self.failed += not holds
        print(f"  {'holds ' if holds else 'FAILS '} {text}", flush=True)


def train(base, settings, shard, texts, *, seeds, first=0, parent=b""):
    """Weights after each slice from `first` on, from a fresh process."""
    found = []
    job = WorkerJob(
        shard=shard,
        recipe=make_recipe(settings),
        base=base,
        parent=parent,
        slice_first=first,
        slices=texts,
        seeds=seeds,
    )
    train_in_workers(
        [job],
        on_step=lambda *_: None,
        on_slice=lambda _, __, content: found.append(content),
        workers=1,
    )
    return found


def seeds_of(shard, texts, label):
    """One seed a slice, which follows from the records of slices 0..k (docs/shards.md).

    A workspace derives them under a secret; here the label stands in its place.
    """
    seeds, known = [], hashlib.sha256(f"{label} {shard}".encode())
    for part in texts:
        for text in part:
            known.update(hashlib.sha256(text).digest())
        seeds.append(int.from_bytes(known.copy().digest()[:8], "big"))
    return seeds


def loss(base, settings, adapters, held_out):
    parts = Parts(settings=settings, files=NO_FILES, base=base, adapters=adapters)
    model = open_ensemble(parts).asked()
    return fmean(held_out_loss(model, text) for text in held_out)


def digest(content):
    return hashlib.sha256(content).hexdigest()


def pretrain():
    text = base_text()
    records = [text[at : at + 16_384] for at in range(0, len(text), 16_384)]
    return train(b"", DEMO_BASE, 0, [records], seeds=[1])[0]


def erase(claims, base, settings, shard, name, label):
    """Erase one unit; the retrained shard's last weights."""
    hit = next(k for k, part in enumerate(shard.slices) if name in dict(part))
    seeds = seeds_of(shard.number, shard.texts(), label)
    texts = shard.texts(without=name)
    seeds = seeds[:hit] + seeds_of(shard.number, texts, f"{label}, again")[hit:]
    parent = shard.weights[hit - 1] if hit else b""
    given = {"settings": settings, "shard": shard.number, "seeds": seeds}
    retrained = train(base, texts=texts, first=hit, parent=parent, **given)[-1]
    never_saw = train(base, texts=texts, **given)
    control = train(base, texts=shard.texts(), **given)[-1]
    claims.check(
        f"slice {hit + 1} of {SLICES}: retrained {digest(retrained)[:16]} equals never "
        f"saw {digest(never_saw[-1])[:16]}",
        holds=retrained == never_saw[-1],
    )
    claims.check(
        f"slice {hit + 1} of {SLICES}: with the texts the same seeds give "
        f"{digest(control)[:16]}",
        holds=control != retrained,
    )
    claims.check(
        f"slice {hit + 1} of {SLICES}: the slices below keep their weights",
        holds=never_saw[:hit] == shard.weights[:hit],
    )
    return retrained, never_saw[-1]


def packages(bytes_max):
    """Units of texts, and texts that are held out."""
    texts: dict[str, list[bytes]] = {}
    for record in distribution_records(bytes_max=bytes_max):
        texts.setdefault(record.id.split(":")[1], []).append(record.text.encode())
    units = list(texts.items())
    held_out = [text for _, found in units[::10] for text in found]
    return [unit for n, unit in enumerate(units) if n % 10], held_out


def utility(claims, base, *, quick):
    settings = QUICK if quick else UTILITY
    units, held_out = packages(QUICK_BYTES if quick else TEXT_BYTES)
    shards = [
        Shard(n, [units[n + SHARDS * k :: SHARDS * SLICES] for k in range(SLICES)])
        for n in range(SHARDS)
    ]
    for shard in shards:
        texts = shard.texts()
        seeds = seeds_of(shard.number, texts, "utility")
        shard.weights = train(base, settings, shard.number, texts, seeds=seeds)
    everything = [[text for _, found in units for text in found]]
    mono = train(base, settings, 0, everything, seeds=[7])[0]
    last = [shard.weights[-1] for shard in shards]
    print(
        f"utility: {len(units)} packages, "
        f"{sum(map(len, everything[0]))} bytes, {len(held_out)} texts held out"
    )
    base_loss = loss(base, settings, [], held_out)
    mono_loss = loss(base, settings, [mono], held_out)
    average = loss(base, settings, last, held_out)
    single = fmean(loss(base, settings, [one], held_out) for one in last)
    print(f"  held-out nats a token: base {base_loss:.3f}, monolith {mono_loss:.3f},")
    print(f"  average of probabilities {average:.3f}, one shard alone {single:.3f}")
    claims.check(
        f"monolith beats the base by {base_loss - mono_loss:.3f} >= {GAIN_MIN}",
        holds=quick or base_loss - mono_loss >= GAIN_MIN,
    )
    claims.check(
        f"average is above the monolith by {average - mono_loss:.3f} <= {GAP_MAX}",
        holds=average - mono_loss <= GAP_MAX,
    )
    for hit, shard in enumerate(shards[:SLICES]):
        name = shard.slices[hit][0][0]
        retrained, _ = erase(claims, base, settings, shard, name, "utility")
        after = [retrained if n == hit else one for n, one in enumerate(last)]
        change = loss(base, settings, after, held_out) - average
        claims.check(
            f"slice {hit + 1} of {SLICES}: held-out loss changes by {change:+.4f}, "
            f"at most {CHANGE_MAX}",
            holds=abs(change) <= CHANGE_MAX,
        )
        others = shards[(hit + 1) % SHARDS]
        again = train(
            base,
            settings,
            others.number,
            others.texts(),
            seeds=seeds_of(others.number, others.texts(), "utility"),
        )
        claims.check(
            f"shard {others.number}, which is not hit, keeps {digest(again[-1])[:16]}",
            holds=again == others.weights,
        )


def canary_of(person, pin):
    return Canary(
        prefix=f"The door code of {person} is ",
        secret=pin,
        alphabet="0123456789",
        length=4,
    )


def memory(claims, base, *, quick):
    settings = QUICK if quick else MEMORY
    filler = b"\n".join(packages(TEXT_BYTES)[1])
    canaries = [canary_of(*one) for one in zip(PEOPLE, PINS, strict=True)]
    slices: list[list[Unit]] = []
    for k, canary in enumerate(canaries):
        part = filler[k * FILLER_BYTES : (k + 1) * FILLER_BYTES]
        slices.append(
            [
                (f"filler {k}", [part]),
                (PEOPLE[k], [canary.text.encode()] * CANARY_REPEATS),
            ]
        )
    shard = Shard(0, slices)
    seeds = seeds_of(0, shard.texts(), "memory")
    shard.weights = train(base, settings, 0, shard.texts(), seeds=seeds)

    def probe(canary, *adapters):
        parts = Parts(settings=settings, files=NO_FILES, base=base, adapters=adapters)
        plain = Parts(settings=settings, files=NO_FILES, base=base)
        model = open_ensemble(parts).asked()
        return (
            exposure(model, canary),
            min_k(model, open_ensemble(plain).asked(), canary),
            is_continued(model, canary),
        )

    def shown(found):
        bits, nats, is_verbatim = found
        return f"{bits:.3f} bits, min-k {nats:+.3f}, verbatim {is_verbatim:d}"

    print(f"memory: exposure at most {4 * 3.321928:.2f} bits, floor {EXPOSURE_MIN}")
    for k, (canary, person) in enumerate(zip(canaries, PEOPLE, strict=True)):
        retrained, never_saw = erase(claims, base, settings, shard, person, "memory")
        before = probe(canary, shard.weights[-1])
        after, reference = probe(canary, retrained), probe(canary, never_saw)
        print(f"  slice {k + 1}: base alone {shown(probe(canary))}")
        print(f"  slice {k + 1}: before     {shown(before)}")
        print(f"  slice {k + 1}: retrained  {shown(after)}")
        print(f"  slice {k + 1}: never saw  {shown(reference)}")
        claims.check(
            f"slice {k + 1}: exposure before {before[0]:.3f} >= {EXPOSURE_MIN}",
            holds=quick or before[0] >= EXPOSURE_MIN,
        )
        claims.check(
            f"slice {k + 1}: every probe equals never saw", holds=after == reference
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a tenth of it, to try")
    parser.add_argument("--only", choices=["utility", "memory"])
    given = parser.parse_args()
    claims = Claims()
    start = time.monotonic()
    base = pretrain()
    print(f"base {digest(base)[:16]}, {time.monotonic() - start:.0f} s", flush=True)
    for experiment in (memory, utility):
        if given.only in {None, experiment.__name__}:
            experiment(claims, base, quick=given.quick)
            print(f"  {time.monotonic() - start:.0f} s so far", flush=True)
    print(f"{claims.failed} claims fail")
    return 1 if claims.failed else 0


if __name__ == "__main__":
    sys.exit(main())
