"""How long it takes to learn what saw a person's records, on a ledger of many records.

    python tests/bench/bench_lookup.py [--records N] [--keep FOLDER] [--part PART]

It makes a workspace of N records of N/10 people, each record scanned (ten to a page),
decided and placed in 16 shards of 4 slices, with two trained runs. The events are
folded and kept in the views file by the project's own classes; nobody signs them, and
the vault's rows are written in bulk. Ids are spread evenly, as random ones are, but
made in ascending order, so that rows are written at the end of their tables; those of
one person lie all over them. Ten million records take ten gigabytes and half an hour.
Then processes of their own print, with their peak memory:

- lookup: open the ledger and the vault for reading and the projections, find a person
  by an identifier, and say which slices, runs, weights and models saw the records;
- what-if: the same for what `erase --what-if` says, in a workspace that stays as it is;
- follow: what `project` costs after 1,000 further events were appended, and after none.

Rates of one machine say little; what must hold is that a tenth of the records takes as
long and as much memory. Exit code 1 where the median of a lookup is past 50 ms.
"""

import argparse
import hashlib
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from ledger import Ledger
from ledger.disk.places import ledger_file
from ledger.erasing.exposure import exposure
from ledger.erasing.preview import preview
from ledger.events.ingest import RecordDecided
from ledger.events.optout import UrlScanned
from ledger.events.shards import RecordAssigned
from ledger.log.projector import project
from ledger.vault.vault import Vault
from tests.bench.lookup_workspace import (
    PER_PERSON,
    build,
    name,
    of_record,
    peak,
)

LIMIT_SECONDS = 0.05
"""Most that the median lookup may take."""

LOOKUPS = 200
FOLLOWED = 1000
STREAMS = {"scan": UrlScanned, "ingest": RecordDecided, "shards": RecordAssigned}


def look_up(path: Path, person: str) -> int:
    """Open everything, and say how many models saw a person's records."""
    with (
        Ledger.open(path) as ledger,
        closing(Vault(path.with_suffix(".vault"), is_writable=False)) as vault,
    ):
        found = vault.find_identifier(person)
        who = [] if found is None else [found.subject_id]
        seen = exposure(vault, project(ledger), who)
        if len(seen.records) != PER_PERSON or not seen.slices:
            message = f"{person}: expected {PER_PERSON} placed records"
            raise RuntimeError(message)
        return len(seen.saw.models)


def would_touch(path: Path, person: str) -> int:
    """Say how many models an erasure would touch."""
    return len(preview(path.parent, [person])["models"])


def show(what: str, ask: Callable[[Path, str], int], folder: Path, records: int) -> int:
    """Print what an answer costs; 1 where the limit is passed, else 0."""
    path = ledger_file(folder)
    people = records // PER_PERSON
    spent, most = [], 0
    for number in range(LOOKUPS):
        drawn = hashlib.sha256(b"draw %d" % number).digest()
        person = name(int.from_bytes(drawn) % people)
        began = time.perf_counter()
        most = max(most, ask(path, person))
        spent.append(time.perf_counter() - began)
    spent.sort()
    median = statistics.median(spent)
    print(
        f"{records:>9} records  {what}: median {median * 1000:6.1f} ms, 99th "
        f"percentile {spent[len(spent) * 99 // 100] * 1000:6.1f} ms, {most} models  "
        f"{peak()}"
    )
    return int(median > LIMIT_SECONDS)


def show_lookups(folder: Path, records: int) -> int:
    """Print what lookups cost; 1 where the limit is passed, else 0."""
    return show("lookup", look_up, folder, records)


def show_what_if(folder: Path, records: int) -> int:
    """Print what previews of erasures cost; 1 where the limit is passed, else 0."""
    return show("what-if", would_touch, folder, records)


def show_following(folder: Path, records: int) -> int:
    """Append further events, and print what it costs to follow them; returns 0."""
    numbers = range(records, records + FOLLOWED)
    people = records // PER_PERSON
    new = [event for n in numbers for event in of_record(n, people)][:FOLLOWED]
    with Ledger.open(folder) as ledger:
        project(ledger)
        for stream, kind in STREAMS.items():
            part = [one for one in new if isinstance(one, kind)]
            ledger.append(part, stream=stream)
        began = time.perf_counter()
        project(ledger)
        followed = time.perf_counter()
        project(ledger)
        again = time.perf_counter()
    print(
        f"{records:>9} records  follow {FOLLOWED} events: "
        f"{(followed - began) * 1000:6.1f} ms, none: {(again - followed) * 1000:6.1f} "
        f"ms  {peak()}"
    )
    return 0


PARTS = {
    "build": build,
    "lookup": show_lookups,
    "what-if": show_what_if,
    "follow": show_following,
}


def main() -> int:
    """Run what was asked for; exit code 1 where a lookup takes too long."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument(
        "--keep", type=Path, help="make the workspace here, and keep it"
    )
    parser.add_argument("--part", choices=PARTS)
    options = parser.parse_args()
    if options.part:
        part: Callable[[Path, int], int] = PARTS[options.part]
        return part(options.keep, options.records)
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.keep or Path(scratch) / "acme"
        shared = ("--records", str(options.records), "--keep", str(folder))
        for name_of_part in PARTS:
            command = [sys.executable, __file__, "--part", name_of_part, *shared]
            code = subprocess.run(command, check=False).returncode
            if code:
                return code
    return 0


if __name__ == "__main__":
    sys.exit(main())
