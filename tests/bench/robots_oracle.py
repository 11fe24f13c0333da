"""Our robots.txt matcher against Google's, on generated files.

    python tests/bench/robots_oracle.py --files 100000

Each file is asked three questions. Every answer that differs must fall under a rule of
robots_differences.py; the table counts them by rule. The exit status is 1 where one
does not: the file is printed then.

The oracle is `jwm.robotstxt`, which binds google/robotstxt.
"""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from producers.optout.robots.reader import RobotsFile, parse_robots  # noqa: E402
from tests.bench.robots_differences import DIFFERENCES, explain  # noqa: E402
from tests.bench.robots_files import samples  # noqa: E402

Oracle = Callable[[bytes, str, str], bool]
"""Whether a file allows an agent a URL."""


@dataclass(slots=True)
class Tally:
    """What a campaign counted.

    Attributes:
        files: files read.
        answers: (Google's, ours), true for allowed.
        stricter: differences by rule where ours disallows.
        looser: differences by rule where ours allows.
        alone: differences that one rule alone explains.
        unexplained: (file, agent, URL) under no rule.
    """

    files: int = 0
    answers: Counter[tuple[bool, bool]] = field(default_factory=Counter)
    stricter: Counter[str] = field(default_factory=Counter)
    looser: Counter[str] = field(default_factory=Counter)
    alone: Counter[str] = field(default_factory=Counter)
    unexplained: list[tuple[bytes, str, str]] = field(default_factory=list)


def google() -> Oracle:
    """Google's matcher; ImportError where it is not installed."""
    from jwm.robotstxt.googlebot import RobotsMatcher  # noqa: PLC0415 - optional

    return lambda body, agent, url: RobotsMatcher().OneAgentAllowedByRobots(
        body, agent, url
    )


def compare(
    oracle: Oracle,
    *,
    seed: int,
    files: int,
    parse: Callable[[bytes], RobotsFile] = parse_robots,
) -> Tally:
    """Ask both matchers about `files` generated files.

    Args:
        oracle: Google's.
        seed: of the generator.
        files: how many.
        parse: our parser; a test gives a faulty one.
    """
    tally = Tally(files=files)
    for sample in samples(seed, files):
        robots = parse(sample.body)
        for agent, url in sample.questions:
            theirs = oracle(sample.body, agent, url)
            ours = robots.decide([agent], url).allowed
            tally.answers[theirs, ours] += 1
            if ours != theirs:
                _count(tally, sample.body, agent, url, ours=ours)
    return tally


def _count(tally: Tally, body: bytes, agent: str, url: str, *, ours: bool) -> None:
    rules = [rule.name for rule in explain(body, agent, url, ours=ours)]
    (tally.looser if ours else tally.stricter).update(rules)
    if not rules:
        tally.unexplained.append((body, agent, url))
    elif len(rules) == 1:
        tally.alone[rules[0]] += 1


def table(tally: Tally) -> str:
    """The counts, as a page of Markdown."""
    rows = [
        f"| {rule.name} | {tally.stricter[rule.name]} | {tally.looser[rule.name]} |"
        f" {tally.alone[rule.name]} | {rule.why} |"
        for rule in DIFFERENCES
    ]
    counts = tally.answers
    head = (
        f"{tally.files} files, {counts.total()} questions: both allow"
        f" {counts[True, True]}, both disallow {counts[False, False]}, ours alone"
        f" disallows {counts[True, False]}, ours alone allows {counts[False, True]};"
        f" {len(tally.unexplained)} unexplained."
    )
    columns = "| rule | ours stricter | ours looser | this rule alone | why |"
    return "\n".join([head, "", columns, "|---|---:|---:|---:|---|", *rows])


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--files", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    try:
        oracle = google()
    except ImportError:
        raise SystemExit("jwm.robotstxt is not installed: nothing to compare") from None
    started = time.monotonic()
    tally = compare(oracle, seed=options.seed, files=options.files)
    print(table(tally))
    print(f"seed {options.seed}, {time.monotonic() - started:.0f} s", file=sys.stderr)
    shortest = sorted(tally.unexplained, key=lambda case: len(case[0]))[:20]
    for body, agent, url in shortest:
        print(f"unexplained: {agent} {url} {body!r}", file=sys.stderr)
    sys.exit(bool(tally.unexplained))


if __name__ == "__main__":
    main()
