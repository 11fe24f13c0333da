"""Who is refused after an erasure, and who is not, with the speed of the question.

    python tests/bench/bench_fences.py [--fenced N] [--others N]

People with plain and with accented identifiers are ingested and erased. Then records
that name them in other case and form go through the same ingest: each must be refused.
As many others as asked for, most of them a letter away from an erased one, are asked of
the fences: none may be refused. The other fences are spread over eleven years, each
with a pepper of its own. Exit code 1 where a variant passes or another is refused.
"""

import argparse
import io
import itertools
import json
import sys
import tempfile
import time
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from ledger.vault.fences import Fences
from ledger.vault.rows import Subject
from ledger.workspace.settings import Settings
from ledger.workspace.workspace import Workspace
from producers import ingesting, wiring
from producers.ingest.sources import JsonLines
from producers.scanning import ScanOptions

ERASED = (
    "jane.doe@example.org",
    "josé.núñez@straße.example",
    "Дмитрий@пример.example",
    "ΟΔΥΣΣΕΥΣ@example.org",
    "@jane_doe",
    "Jane  Q. Doe",
    "+49 30 90000012",
)
"""Identifiers as they were ingested first."""

YEARS = range(2026, 2037)
TELEPHONE = ("+493090000012", "+49 (0)30 9000-0012", "+49/30.90000012")
"""Forms of the telephone number among them."""

UNSEEN = ("\N{ZERO WIDTH SPACE}", "\N{SOFT HYPHEN}", "\N{WORD JOINER}")
BLANKS = (" ", "\t", "\n", "\N{NO-BREAK SPACE}", "\N{IDEOGRAPHIC SPACE}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """What was refused.

    Attributes:
        variants: spellings of erased identifiers that were ingested.
        variants_refused: how many of them were blocked as fenced.
        others: other identifiers that were asked for.
        others_refused: how many of them are fenced.
        seconds: how long the others took.
        peppers: how many peppers each was asked under.
    """

    variants: int
    variants_refused: int
    others: int
    others_refused: int
    seconds: float
    peppers: int


def variants(identifier: str) -> list[str]:
    """The identifier in other case, width, composition, blanks and unseen letters."""
    forms = [
        identifier,
        identifier.upper(),
        identifier.lower(),
        identifier.title(),
        identifier.swapcase(),
        identifier.casefold(),
        "".join(c.upper() if n % 2 else c for n, c in enumerate(identifier)),
        _wide(identifier),
        _wide(identifier.upper()),
        _bold(identifier),
        *(unicodedata.normalize(form, identifier) for form in ("NFD", "NFKC", "NFKD")),
        unicodedata.normalize("NFD", identifier.upper()),
        *(f"{blank}{identifier}{blank}" for blank in BLANKS),
        *(f"{identifier[:3]}{unseen}{identifier[3:]}" for unseen in UNSEEN),
        identifier.replace(" ", "  "),
        *(TELEPHONE if identifier.startswith("+") else ()),
    ]
    return list(dict.fromkeys(forms))


def _wide(text: str) -> str:
    """ASCII as fullwidth letters, which East Asian input makes."""
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)


def _bold(text: str) -> str:
    """Small ASCII letters as mathematical ones, which people decorate names with."""
    return "".join(
        chr(ord(c) - ord("a") + 0x1D41A) if "a" <= c <= "z" else c for c in text
    )


def others(count: int) -> Iterator[str]:
    """Identifiers of other people, most of them a letter away from an erased one."""
    letters = "abcdefghijklmnopqrstuvwxyz0123456789"
    near = (
        f"{erased[:at]}{letter}{erased[at + cut :]}"
        for cut in (0, 1)
        for letter in letters
        for erased in ERASED
        for at in range(len(erased))
        if erased[at : at + cut] != letter
    )
    far = (f"somebody-{number}@example.org" for number in itertools.count())
    kept = (one for one in itertools.chain(near, far) if not _is_erased(one))
    return itertools.islice(dict.fromkeys(itertools.islice(kept, 2 * count)), count)


def _is_erased(text: str) -> bool:
    folded = "".join(unicodedata.normalize("NFKC", text).casefold().split())
    return any(folded == "".join(one.casefold().split()) for one in ERASED)


def measure(folder: Path, *, fenced: int, count: int) -> Refused:
    """Erase, ingest again, and ask.

    Args:
        folder: where the workspace is made.
        fenced: fences around other people.
        count: how many others are asked for.
    """
    Workspace.create(folder, Settings(origin="bench.invalid"))
    with Workspace(folder) as workspace:
        _ingest(workspace, ERASED)
        wiring.erase(
            workspace,
            ERASED,
            ground="objection",
            retrain=False,
            progress=lambda _: None,
        )
        _fence_others(workspace.fences, fenced)
        spelled = [one for erased in ERASED for one in variants(erased)]
        refused = _ingest(workspace, spelled)
        asked = list(others(count))
        began = time.perf_counter()
        wrong = sum(map(workspace.fences.is_fenced, asked))
        seconds = time.perf_counter() - began
        query = "SELECT count(*) FROM pepper"
        [peppers] = workspace.fences.connection.execute(query).fetchone()
    return Refused(
        variants=len(spelled),
        variants_refused=refused,
        others=len(asked),
        others_refused=wrong,
        seconds=seconds,
        peppers=peppers,
    )


def _ingest(workspace: Workspace, identifiers: Sequence[str]) -> int:
    """Ingest a text of each; return how many were blocked as fenced."""
    [[size]] = workspace.vault.connection.execute("SELECT count(*) FROM record")
    lines = "".join(
        json.dumps(
            {
                "id": f"{size}-{number}",
                "text": f"A text, number {number}.",
                "url": "",
                "licence": "MIT",
                "subjects": [identifier],
            }
        )
        + "\n"
        for number, identifier in enumerate(identifiers)
    )
    report = ingesting.ingest_source(
        workspace,
        JsonLines(io.BytesIO(lines.encode())),
        options=ScanOptions(resolver=_nowhere, spacing_s=0),
        progress=lambda _: None,
    )
    return report.reasons.get("subject_fenced", 0)


def _nowhere(host: str, port: int, scheme: str) -> list[str]:
    message = f"no record here needs a scan of {scheme}://{host}:{port}"
    raise AssertionError(message)


def _fence_others(fences: Fences, count: int) -> None:
    """Fence people of eleven years; in one transaction, since each write is durable."""
    with fences.transaction():
        for number in range(count):
            year = YEARS[number % len(YEARS)]
            fences.add(
                Subject(
                    subject_id=f"f{number:031x}",
                    alias=f"s-1{number:09d}",
                    name=f"fenced-{number}@example.org",
                ),
                ground="objection",
                now_ms=int(datetime(year, 7, 1, tzinfo=UTC).timestamp()) * 1000,
            )


def main() -> int:
    """Print the figures; exit code 1 where one is not as it must be."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--fenced", type=int, default=10_000)
    parser.add_argument("--others", type=int, default=10_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        found = measure(
            Path(scratch) / "acme", fenced=options.fenced, count=options.others
        )
    print(
        f"variants refused {found.variants_refused} of {found.variants}, others "
        f"refused {found.others_refused} of {found.others}; {options.fenced} fences, "
        f"{found.peppers} peppers: {found.others / found.seconds:.0f} lookups/s"
    )
    return int(found.variants_refused < found.variants or found.others_refused > 0)


if __name__ == "__main__":
    sys.exit(main())
