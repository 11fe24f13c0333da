"""What an erasure costs in a placement, and how fast near duplicates are found.

    python tests/bench/bench_placement.py [--seeds N] [--records N]

First the mean trained tokens of one erasure over (2R+1)/(3RS) of a sharded retrain, for
400 subjects of 10 records, Pareto(1.16) hazards, a fiftieth and a tenth of the records
naming a second subject, for what placement knows of the hazards: nothing, whether a
subject is in the upper tenth, or all of it. Then records and megabytes a second of
signatures and of the SQLite index, for a tenth of the records and for all, with peak
memory. Rates of one machine say little; ratios say more.
"""

import argparse
import random
import resource
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from ledger.vault.near_tables import SCHEMA, SqliteBands
from producers.placement.cost import closed_form
from producers.placement.minhash import signature
from producers.placement.near import NearDuplicates
from tests.bench.placement_sample import KNOWLEDGE, erase_each, make_corpus

LIMIT = 1.10
"""Most that the mean may be over (2R+1)/(3RS)."""

RECORD_WORDS = 160
"""About 1 kB of text a record."""


def show_costs(seeds: int) -> bool:
    """Print the cost of one erasure, and say whether the limit is kept."""
    print("  S  R  several  knows     mean/form  worst  tokens  erasures  held  over")
    kept = True
    for shards, slices in ((4, 3), (8, 4)):
        for several in (0.02, 0.1):
            for knows in KNOWLEDGE:
                outcomes = [
                    erase_each(
                        make_corpus(seed, several=several),
                        shards=shards,
                        slices=slices,
                        knows=knows,
                    )
                    for seed in range(seeds)
                ]
                ratio = statistics.mean(one.ratio for one in outcomes)
                kept &= ratio <= LIMIT
                print(
                    f"{shards:>3} {slices:>2}  {several:>7.2f}  {knows:<8}  "
                    f"{ratio:>9.3f}  {max(one.ratio for one in outcomes):>5.3f}  "
                    f"{max(one.tokens for one in outcomes):>6.2f}  "
                    f"{max(one.erasures for one in outcomes):>8.2f}  "
                    f"{statistics.mean(one.held for one in outcomes):>4.0f}  "
                    f"{max(one.over for one in outcomes):>4}"
                )
        form = float(closed_form(shards, slices))
        print(f"     (2R+1)/(3RS) = {form:.4f} of a full sharded retrain")
    return kept


def fill_index(path: Path, records: int) -> None:
    """Keep records in an index, every tenth near an earlier one; print the rates."""
    draw = random.Random(1)
    words = [f"{number:x}" for number in range(30_000)]
    earlier = [words[0]] * RECORD_WORDS
    found = planted = size = 0
    signing = 0.0
    with closing(sqlite3.connect(path)) as connection:
        for statement in SCHEMA:
            connection.execute(statement)
        near = NearDuplicates(SqliteBands(connection), key=bytes(32))
        began = time.perf_counter()
        for number in range(records):
            text = draw.choices(words, k=RECORD_WORDS)
            if number % 10 == 9:
                text = list(earlier)
                text[draw.randrange(RECORD_WORDS)] = "changed"
                planted += 1
            earlier = text
            joined = " ".join(text)
            size += len(joined)
            at = time.perf_counter()
            signature(joined, key=bytes(32))
            signing += time.perf_counter() - at
            sighting = near.look(joined)
            found += bool(sighting.near)
            near.add(f"{number:032x}", sighting)
        connection.commit()
        spent = time.perf_counter() - began - signing
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{records:>8} records  signature {records / signing:>6.0f} records/s "
        f"{size / signing / 1e6:.2f} MB/s  look and add {records / spent:>6.0f} "
        f"records/s  planted {planted}, found {found}  peak {peak:.0f} MiB  "
        f"{path.stat().st_size / records:.0f} bytes of index a record"
    )


def main() -> int:
    """Run what was asked for; exit code 1 where the cost is past its limit."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--records", type=int, default=20_000)
    parser.add_argument("--index-only", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.index_only:
        with tempfile.TemporaryDirectory() as folder:
            fill_index(Path(folder) / "index", options.index_only)
        return 0
    kept = show_costs(options.seeds)
    for records in (options.records // 10, options.records):
        sys.stdout.flush()
        again = [sys.executable, __file__, "--index-only", str(records)]
        subprocess.run(again, check=True)
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
