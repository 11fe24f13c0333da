"""A seeded corpus of subjects whose erasures are as uneven as Pareto's law.

Source: Pareto(1.16) is the law under which a fifth of the people make four fifths of
    the requests (1.16 = log 5 / log 4).
"""

import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Final

from ledger.ports import UnitRecord
from producers.placement.cap import held_back
from producers.placement.cost import Cost, Erasable, closed_form
from producers.placement.place import place
from producers.placement.units import units_of

PARETO: Final = 1.16
SCALE: Final = 1000
"""Hazards are whole numbers: Pareto's, times this."""

KNOWLEDGE: Final = ("nothing", "class", "hazard")
"""What placement knows of a subject's hazard: nothing, whether it is in the upper tenth
(as consent is), or all of it."""


@dataclass(frozen=True)
class Corpus:
    """Records and how likely each subject's erasure is.

    Attributes:
        records: new records; those of several subjects included.
        hazards: by subject.
    """

    records: Sequence[UnitRecord]
    hazards: Mapping[str, int]


@dataclass(frozen=True)
class Outcome:
    """What erasures cost in one placement.

    Attributes:
        share: mean trained tokens of one erasure over a full sharded retrain.
        ratio: that over (2R+1)/(3RS).
        held: records held back by the cap.
        several: records of several subjects that were placed.
        over: placements that passed a bound.
        tokens: largest bytes of a shard over the mean.
        erasures: largest expected erasures of a shard over the mean, as known.
    """

    share: float
    ratio: float
    held: int
    several: int
    over: int
    tokens: float
    erasures: float


def make_corpus(
    seed: int, *, subjects: int = 400, records: int = 10, several: float = 0.02
) -> Corpus:
    """Draw a corpus.

    Args:
        seed: the same seed is the same corpus.
        subjects: how many.
        records: of each.
        several: share of records that name one more subject.
    """
    draw = random.Random(seed)
    names = [f"s{number}" for number in range(subjects)]
    hazards = {name: int(SCALE * draw.paretovariate(PARETO)) for name in names}
    highest = sorted(hazards, key=hazards.__getitem__)[-max(subjects // 10, 1) :]
    found = []
    for number in range(subjects * records):
        whose = [names[number % subjects]]
        if draw.random() < several:
            whose.append(draw.choice(names))
        found.append(
            UnitRecord(
                record_id=blake2b(
                    b"%d %d" % (seed, number), digest_size=16
                ).hexdigest(),
                subjects=tuple(dict.fromkeys(whose)),
                size=draw.randint(200, 4000),
                hazard="consent" if set(whose) & set(highest) else "personal",
            )
        )
    return Corpus(found, hazards)


def erase_each(
    corpus: Corpus, *, shards: int, slices: int, knows: str = "class"
) -> Outcome:
    """Place a corpus and count the tokens of every subject's erasure."""
    total = sum(record.size for record in corpus.records)
    held = set(held_back(corpus.records, cap_bytes=total // shards // 4))
    kept = [record for record in corpus.records if record.record_id not in held]
    if knows == "nothing":
        kept = [replace(record, hazard="personal") for record in kept]
    units = units_of(kept)
    subjects_of = {record.record_id: record.subjects for record in kept}
    if knows == "hazard":
        units = [
            replace(
                unit,
                hazard="personal",
                erasures=sum(
                    corpus.hazards[subject]
                    for subject in {s for r in unit.record_ids for s in subjects_of[r]}
                ),
            )
            for unit in units
        ]
    placements = place(
        units, loads=[0] * shards, slices=slices, load_per_mille=1250, key=bytes(32)
    )
    tokens = [[0] * slices for _ in range(shards)]
    erasures = [0] * shards
    place_of = {}
    for unit, placed in zip(units, placements, strict=True):
        tokens[placed.shard][placed.slice] += unit.size
        erasures[placed.shard] += unit.erasures
        for record_id in unit.record_ids:
            place_of[record_id] = placed
    sizes = defaultdict(int)
    where = {}
    for record in kept:
        for subject in record.subjects:
            sizes[subject] += record.size
            where[subject] = place_of[record.record_id]
    cost = Cost(
        tokens,
        [
            Erasable(
                weight=corpus.hazards[subject],
                shard=where[subject].shard,
                slice=where[subject].slice,
                size=size,
            )
            for subject, size in sizes.items()
        ],
    )
    share = cost.single_share()
    loads = [sum(shard) for shard in tokens]
    return Outcome(
        share=float(share),
        ratio=float(share / closed_form(shards, slices)),
        held=len(held),
        several=sum(len(record.subjects) > 1 for record in kept),
        over=sum(bool(placed.over) for placed in placements),
        tokens=max(loads) * shards / sum(loads),
        erasures=max(erasures) * shards / sum(erasures),
    )
