"""Our scanner against others, on the same cases: who lets a reservation through.

    python tests/bench/compare_scanners.py > docs/optout-comparison.md
    python tests/bench/compare_scanners.py --cases DIR --details

The first prints the page on the project's own table (scanner_cases.toml). `--cases`
adds the files robots*.json and optout-signals.json of a folder; `--details` lists every
case that some tool gets wrong. The exit status is 1 where ours lets something through.

The peers, `datadiligence==0.1.7` and `protego==0.7.0`, are asked where they can be
imported. "regexp" is `User-agent: (GPTBot|...)[\\s\\S]*?Disallow:\\s*/` on robots.txt
and `'no' in text` on ai.txt, as scripts do it.
"""

import argparse
import shlex
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from tests.bench.scanner_cases import Case, cases_of, own_cases  # noqa: E402
from tests.bench.scanner_ours import ours  # noqa: E402
from tests.bench.scanner_peers import Answer, Tool, peers  # noqa: E402

HEAD = """\
# Opt-out scanners compared

Output of `{command}`. Each case is one source and what it says:

- *unsafe*: the tool passes a text that is reserved.
- *beyond the letter*: it passes a plain "no" that RFC 9309, read as google/robotstxt
  does, does not see: `User-agent: OneBot, TwoBot`, a quoted path, a name with a digit.
- *unclear passed*: it passes where the source breaks its format, so that nobody knows.
- *blocked in vain*: it blocks a text that nobody reserves against us; *asked in vain*:
  it wants a person to look at one.
- *not read*: cases of channels that the tool does not know, and how many of them are
  reservations: these it passes unseen.

The peers are asked as their documentation shows. *regexp* is what scripts do:
`User-agent: (GPTBot|...)[\\s\\S]*?Disallow:\\s*/` on robots.txt, and `'no' in text` on
ai.txt. The cases were written for this project, from the documents that the table
names; others can be given with `--cases`.
"""
COLUMNS = (
    "read",
    "right",
    "unsafe",
    "beyond the letter",
    "unclear passed",
    "blocked in vain",
    "asked in vain",
    "not read",
    "of these reserved",
)
PASSED = ("unsafe", "beyond the letter", "unclear passed")


@dataclass(slots=True)
class Score:
    """What a tool made of the cases.

    Attributes:
        counts: by column.
        wrong: (case, answer) of every case that it got wrong.
    """

    counts: Counter[str] = field(default_factory=Counter)
    wrong: list[tuple[Case, Answer]] = field(default_factory=list)


def score(tool: Tool, cases: Sequence[Case]) -> Score:
    """Ask a tool about every case."""
    found = Score()
    for case in cases:
        read = tool.readers.get(case.channel)
        if read is None:
            found.counts["not read"] += 1
            found.counts["of these reserved"] += case.expect == "reserved"
            continue
        answer = read(case)
        fault = fault_of(case, answer)
        found.counts["read"] += 1
        found.counts[fault or "right"] += 1
        if fault:
            found.wrong.append((case, answer))
    return found


def fault_of(case: Case, answer: Answer) -> str:
    """The column of a wrong answer; empty where it is right."""
    if case.expect == "silent":
        return {"pass": "", "ask": "asked in vain", "block": "blocked in vain"}[answer]
    if answer != "pass":
        return ""
    if case.expect == "unclear":
        return "unclear passed"
    return "beyond the letter" if case.beyond else "unsafe"


def table(tools: Sequence[Tool], cases: Sequence[Case]) -> str:
    """The scores, as a table of Markdown."""
    rows = [f"| tool | {' | '.join(COLUMNS)} |", "|---" + "|---:" * len(COLUMNS) + "|"]
    for tool in tools:
        counts = score(tool, cases).counts
        cells = " | ".join(str(counts[column]) for column in COLUMNS)
        rows.append(f"| {tool.name} | {cells} |")
    return "\n".join(rows)


def by_channel(tools: Sequence[Tool], cases: Sequence[Case]) -> str:
    """Right answers by channel, as a table of Markdown."""
    names = " | ".join(tool.name for tool in tools)
    rows = [f"| channel | cases | {names} |", "|---" + "|---:" * (1 + len(tools)) + "|"]
    for channel in dict.fromkeys(case.channel for case in cases):
        some = [case for case in cases if case.channel == channel]
        cells = [
            str(score(tool, some).counts["right"]) if channel in tool.readers else "-"
            for tool in tools
        ]
        rows.append(f"| {channel} | {len(some)} | {' | '.join(cells)} |")
    return "\n".join(rows)


def details(tools: Sequence[Tool], cases: Sequence[Case]) -> str:
    """Every wrong answer, a line each."""
    return "\n".join(
        f"- {tool.name}: {fault_of(case, answer)}: {case.channel}: {case.name}"
        for tool in tools
        for case, answer in score(tool, cases).wrong
    )


def main() -> None:
    """Print the page."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--cases", type=Path, metavar="DIR")
    parser.add_argument("--details", action="store_true")
    options = parser.parse_args()
    others, missing = peers()
    tools = [ours(), *others]
    words = shlex.join(["python", "tests/bench/compare_scanners.py", *sys.argv[1:]])
    print(HEAD.format(command=words))
    for name in missing:
        print(f"`{name}` is not installed, and left out.\n")
    tables = [("The project's own cases", own_cases())]
    if options.cases is not None:
        folder = cases_of(options.cases)
        tables.append((f"A folder; {folder.left_out} cases left out", folder.cases))
    passed = 0
    for title, cases in tables:
        print(f"## {title}\n\n{len(cases)} cases.\n\n{table(tools, cases)}\n")
        print(f"Right answers by channel:\n\n{by_channel(tools, cases)}\n")
        if options.details:
            print(f"{details(tools, cases)}\n")
        counts = score(tools[0], cases).counts
        passed += sum(counts[column] for column in PASSED)
    sys.exit(bool(passed))


if __name__ == "__main__":
    main()
