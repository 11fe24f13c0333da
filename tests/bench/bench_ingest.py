"""Prints the speed of an ingest, and its memory at 1x and 10x the records.

Texts are of a kilobyte, about nobody, and each of its own.

    python -m tests.bench.bench_ingest [RECORDS]

Each size runs in a process of its own, so that its peak memory is its own.
"""

import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from ledger.workspace.settings import parse_settings
from ledger.workspace.workspace import Workspace
from producers.ingest.sources import open_source
from producers.ingesting import ingest_source
from producers.scanning import ScanOptions

WORDS = [f"{one}{two}" for one in "bdfgklmnprst" for two in ("a", "ero", "in", "ou")]
WORDS_A_TEXT = 220
"""About a kilobyte."""
RECORDS = 500


def nowhere(_host, _port, _scheme):
    message = "no record here needs a scan"
    raise AssertionError(message)


def write_input(path: Path, count: int) -> None:
    draw = random.Random(20_261_123)
    with path.open("w") as file:
        for number in range(count):
            text = " ".join(draw.choices(WORDS, k=WORDS_A_TEXT))
            one = {"id": f"r{number}", "text": text, "url": ""}
            file.write(json.dumps({**one, "licence": "MIT", "subjects": []}) + "\n")


def measure(count: int) -> None:
    """Ingest `count` records and print records/s, MB/s and peak MiB."""
    with tempfile.TemporaryDirectory() as folder:
        path, home = Path(folder) / "in.jsonl", Path(folder) / "bench"
        write_input(path, count)
        Workspace.create(home, parse_settings({"origin": "bench.invalid"}))
        with Workspace(home) as workspace, open_source(path) as source:
            start, start_cpu = time.perf_counter(), time.process_time()
            ingest_source(
                workspace,
                source,
                options=ScanOptions(resolver=nowhere, spacing_s=0),
                progress=lambda _: None,
            )
            seconds = time.perf_counter() - start
            cpu = time.process_time() - start_cpu
        size = path.stat().st_size
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{count:>8} records  {count / seconds:>8.0f} records/s  "
        f"{size / seconds / 1e6:>6.2f} MB/s  {1000 * cpu / count:>5.2f} ms CPU a record"
        f"  peak {peak:.0f} MiB"
    )


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else RECORDS
    if len(sys.argv) > 2:
        measure(count)
        return
    for size in (count, 10 * count):
        command = [sys.executable, "-m", "tests.bench.bench_ingest", str(size), "one"]
        subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
