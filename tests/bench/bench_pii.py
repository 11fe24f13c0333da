"""How much sensitive data is found, how much is found in error, and how fast.

    python tests/bench/bench_pii.py [--seed N] [--records N]

Scans a generated set in nine locales (tests/bench/pii_set.py) with the country of each
record as a hint, and Python's own documentation, docstrings and licence as clean text.
Prints recall by class and kind, precision by class, false hits in a MB of clean text
without hints and with the hints of all nine countries, and MB of text a second of CPU
time. A value counts as found where a finding of its class covers it or at least half
of it; a finding is false where no labelled value of its class is under it. The fixed
seed was not used while the detectors were written; seed 1 was.
"""

import argparse
import inspect
import sys
import sysconfig
import time
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from pydoc_data.topics import topics

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from producers.pii import (
    SENSITIVE_CLASSES,
    Findings,
    Hints,
    Span,
    default_detectors,
    scan,
)
from tests.bench.pii_set import LOCALES, Record, Value, records

SEED = 20_261_123
RECORDS = 150
"""Records of each locale."""

MODULES = (
    "argparse",
    "ast",
    "asyncio",
    "codecs",
    "collections",
    "csv",
    "datetime",
    "decimal",
    "difflib",
    "doctest",
    "email",
    "enum",
    "fractions",
    "functools",
    "heapq",
    "html",
    "inspect",
    "itertools",
    "json",
    "logging",
    "mailbox",
    "math",
    "os",
    "pathlib",
    "pickle",
    "random",
    "re",
    "sched",
    "shutil",
    "sqlite3",
    "ssl",
    "statistics",
    "string",
    "subprocess",
    "tarfile",
    "tempfile",
    "textwrap",
    "threading",
    "trace",
    "typing",
    "unittest",
    "urllib",
    "uuid",
    "warnings",
    "weakref",
    "zipfile",
)
"""Standard modules whose docstrings are read. `ipaddress` and `socket` are left out:
their addresses are addresses."""


@dataclass
class Figures:
    """Counts over a set."""

    made: Counter[tuple[str, str]] = field(default_factory=Counter)
    found: Counter[tuple[str, str]] = field(default_factory=Counter)
    right: Counter[str] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)
    chars: int = 0
    seconds: float = 0.0


def measure(texts: Iterable[Record]) -> Figures:
    """Scan each record and compare with its labels."""
    figures = Figures()
    for record in texts:
        start = time.process_time()
        findings = scan(record.text, hints=record.hints)
        figures.seconds += time.process_time() - start
        figures.chars += len(record.text)
        count(figures, record, findings)
    return figures


def count(figures: Figures, record: Record, findings: Findings) -> None:
    """Add one record's hits and misses."""
    for value in record.values:
        key = (value.sensitive_class, value.kind)
        figures.made[key] += 1
        figures.found[key] += any(_covers(span, value) for span in findings.spans)
    for span in findings.spans:
        name = span.sensitive_class
        is_right = any(_touches(span, value) for value in record.values)
        (figures.right if is_right else figures.wrong)[name] += 1


def _covers(span: Span, value: Value) -> bool:
    """Whether a finding holds at least half of a value of its class."""
    shared = min(span.end, value.end) - max(span.start, value.start)
    same = span.sensitive_class == value.sensitive_class
    return same and 2 * shared >= value.end - value.start


def _touches(span: Span, value: Value) -> bool:
    same = span.sensitive_class == value.sensitive_class
    return same and span.start < value.end and value.start < span.end


def clean_texts() -> Iterator[str]:
    """Python's documentation by topic, docstrings of modules, and its licence."""
    yield from topics.values()
    for name in MODULES:
        module = __import__(name)
        yield inspect.getdoc(module) or ""
        for _, member in inspect.getmembers(module):
            if inspect.isclass(member) or inspect.isroutine(member):
                yield inspect.getdoc(member) or ""
                if inspect.isclass(member):
                    for _, part in inspect.getmembers(member, inspect.isroutine):
                        yield inspect.getdoc(part) or ""
    licence = Path(sysconfig.get_path("stdlib"), "LICENSE.txt")
    if licence.is_file():
        yield licence.read_text("utf-8")


def clean_corpus() -> list[str]:
    """Each clean text once, those of more than 200 characters."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # some members are deprecated, their texts not
        return sorted({text for text in clean_texts() if len(text) > 200})


def measure_clean(texts: list[str], hints: Hints) -> tuple[Counter[str], float, float]:
    """Hits by class, MB read, and seconds of CPU time."""
    hits: Counter[str] = Counter()
    start = time.process_time()
    for text in texts:
        hits.update(scan(text, hints=hints).counts)
    seconds = time.process_time() - start
    return hits, sum(len(text.encode()) for text in texts) / 1e6, seconds


def report(figures: Figures) -> Iterator[str]:
    """Lines for a person."""
    for name in SENSITIVE_CLASSES:
        kinds = sorted(kind for of, kind in figures.made if of == name)
        right, wrong = figures.right[name], figures.wrong[name]
        if not kinds:
            if wrong:
                yield f"{name:16} not in the set; found in error {wrong}"
            continue
        made = sum(figures.made[name, kind] for kind in kinds)
        found = sum(figures.found[name, kind] for kind in kinds)
        share = right / (right + wrong) if right + wrong else float("nan")
        yield f"{name:16} recall {found / made:.4f} of {made}, precision {share:.4f}"
        for kind in kinds if len(kinds) > 1 else ():
            made, found = figures.made[name, kind], figures.found[name, kind]
            yield f"  {kind:18} {found / made:.4f} of {made}"


def main() -> None:
    """Print all figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--records", type=int, default=RECORDS)
    given = parser.parse_args()
    default_detectors()
    figures = measure(records(given.seed, given.records))
    print(f"seed {given.seed}, {len(LOCALES)} locales, {given.records} records each")
    print("\n".join(report(figures)))
    print(
        f"generated set: {figures.chars / 1e6 / figures.seconds:.2f} MB/s of CPU time"
    )
    texts = clean_corpus()
    everywhere = Hints(countries=tuple(row[0] for row in LOCALES.values()))
    for label, hints in (("no hints", Hints()), ("nine countries", everywhere)):
        hits, size, seconds = measure_clean(texts, hints)
        print(
            f"clean text, {label}: {sum(hits.values()) / size:.1f} hits a MB "
            f"({dict(hits)} in {size:.2f} MB), {size / seconds:.2f} MB/s of CPU time"
        )
    print("names of persons are not found without the extra `names` and a model")


if __name__ == "__main__":
    main()
