"""The tamper campaign: every attack of the threat model, with the verdicts.

    python tests/bench/campaign.py > docs/attacks.md

prints the page: each attack that tests/tamper carries out, what each stolen key is
worth, every flipped byte of a small ledger file, and the sequences of the attacker in
tests/property. It takes some minutes; `--flips 500 --sequences 50` is a short sample.
"""

import argparse
import shlex
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from hypothesis.stateful import run_state_machine_as_test  # noqa: E402

from tests.property.campaign.audience import Audience  # noqa: E402
from tests.property.campaign.machine import Campaign  # noqa: E402
from tests.property.campaign.moves import MOVES  # noqa: E402
from tests.property.test_attacker import SEQUENCES_SOAK, profile  # noqa: E402
from tests.tamper import test_s_rows, test_t_rows  # noqa: E402
from tests.tamper.attack import AUDITORS, attacks  # noqa: E402
from tests.tamper.flips import FOUND, LOWERED, MISSED, SAME, UNSIGNED, flips  # noqa: E402
from tests.tamper.stolen import ACTS, attempts  # noqa: E402
from verifier import Code  # noqa: E402
from verifier.bundle.findings import BundleCode  # noqa: E402
from verifier.proofs.findings import ProofCode  # noqa: E402

KINDS = (Code, BundleCode, ProofCode)
CODES = {code.name: code.value for kind in KINDS for code in kind}
MODULES = (*test_s_rows.MODULES, *test_t_rows.MODULES)
HEAD = """\
# Attacks

Every threat of [threat-model.md](threat-model.md) is carried out against a real file.
This page is the output of `{command}`; `tests/tamper` asserts each line of its tables.

Who looks: {auditors}.
A verdict that an attack leaves as it was, exit 0, is a limit: lines `DOES NOT PROVE` of
the report name it.
"""


def main() -> None:
    """Print the page."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--flips", type=int, help="flip so many bytes; all by default")
    parser.add_argument("--sequences", type=int, default=SEQUENCES_SOAK)
    options = parser.parse_args()
    words = shlex.join(["python", "tests/bench/campaign.py", *sys.argv[1:]])
    auditors = "; ".join(f"*{name}* has {what}" for name, what in AUDITORS.items())
    print(HEAD.format(command=words, auditors=auditors))
    with tempfile.TemporaryDirectory(prefix="campaign-") as folder:
        print_rows("Threats to history", "T", Path(folder))
        print_rows("Threats through SQLite", "S", Path(folder))
        print_stolen(Path(folder))
        print_flips(Path(folder), options.flips)
    print_sequences(options.sequences)


def print_rows(title: str, family: str, folder: Path) -> None:
    """One line for each attack of a family."""
    rows = []
    for number, attack in enumerate(attacks(family)):
        before, after = attack.carry_out(folder / f"{family}{number}")
        named = [code for code in after.codes if code == attack.code] or after.codes[:1]
        found = CODES[named[0]] if named else "refused" if after.exit_code else ""
        verdict = after.verdict if after.verdict != "UNREADABLE" else "not readable"
        rows.append(
            [
                attack.row,
                attack.title,
                attack.auditor,
                before.verdict,
                f"{verdict}, exit {after.exit_code}",
                found,
            ]
        )
    print(f"## {title}\n")
    print_table(["", "attack", "looks", "before", "after", "finding"], rows)


def print_stolen(folder: Path) -> None:
    """What each key and combination is worth to a thief."""
    print("## What stolen keys are worth\n")
    print(
        "The thief changes an event that is there, or adds one; signs what the stolen"
        " keys can sign; and takes what anchors honest witnesses and a time-stamp"
        " authority give. Each cell is what the reader above it is told. An event that"
        " is added with a role's key and the log key is a lie in that role's name: no"
        " check can tell it from the truth before the key is declared compromised.\n"
    )
    rows = []
    for number, attempt in enumerate(attempts()):
        cells = []
        for auditor in AUDITORS:
            outcome = attempt.read(folder / f"stolen{number}{auditor}", auditor)
            if outcome.verdict != attempt.promised(auditor):
                message = f"{attempt}: expected {attempt.promised(auditor)}: {outcome}"
                raise SystemExit(message)
            cells.append(f"{outcome.verdict}, exit {outcome.exit_code}")
        rows.append([attempt.act, attempt.keys, *cells])
    for act in ACTS:
        print(f"To {act}:\n")
        part = [row[1:] for row in rows if row[0] == act]
        print_table(["stolen", *AUDITORS], part)


def print_flips(folder: Path, sample: int | None) -> None:
    """What came of every flipped byte."""
    counts = Counter(what for _, what, _ in flips(folder / "flips", sample, seed=20))
    meaning = {
        FOUND: "BROKEN, or refused as not readable",
        LOWERED: "an anchor no longer counts: the verdict falls, exit 7",
        SAME: "L4 stays: header counters, free space, bytes outside all values",
        UNSIGNED: "L4 stays: CMS signs all but it; same time, signer and imprint",
        MISSED: "L4 stays over another value",
    }
    print("## Flipped bytes\n")
    print(
        f"{counts.total()} bytes of a complete ledger file of 512-byte pages, with"
        " cosignatures and a time stamp, each XORed with a seeded mask and read with a"
        " policy and an earlier checkpoint.\n"
    )
    rows = [[what, text, str(counts[what])] for what, text in meaning.items()]
    print_table(["", "means", "bytes"], rows)


def print_sequences(count: int) -> None:
    """The stateful campaign."""
    Audience.looks = 0
    run_state_machine_as_test(Campaign, settings=profile(count, derandomize=True))
    print("## Sequences\n")
    print(
        f"{count} random sequences of honest work (appending, rotating keys, anchoring,"
        f" auditing, waiting) and of thieves with {len(MOVES)} kinds of moves and up to"
        " all keys. After every move the file was read by *root*, by *pin* and by a"
        " second, small judge that is written from spec.md alone:"
        f" {Audience.looks} verdicts, all five answers equal, and no yes that rests on"
        " a signature of somebody whose key was not stolen."
    )


def print_table(head: list[str], rows: Iterable[list[str]]) -> None:
    """A Markdown table."""
    print("| " + " | ".join(head) + " |")
    print("|" + "---|" * len(head))
    for row in rows:
        print("| " + " | ".join(row) + " |")
    print()


if __name__ == "__main__":
    main()
