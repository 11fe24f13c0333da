"""The fenced blocks of a page."""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(
    [
        *ROOT.glob("*.md"),
        *(ROOT / "docs").rglob("*.md"),
        *(ROOT / "tests").rglob("*.md"),
    ]
)

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """One fenced block: its language and its text."""

    language: str
    text: str


def blocks(page):
    """The blocks of a page, in order."""
    found = _FENCE.findall((ROOT / page).read_text("utf-8"))
    return [Block(language, text) for language, text in found]


def steps(page):
    """Each shell block with the output that the page shows under it, or none."""
    found = blocks(page)
    for here, after in zip(found, [*found[1:], Block("", "")], strict=True):
        if here.language == "sh":
            yield here.text, after.text if after.language == "text" else ""


def missing_lines(shown, printed):
    """Lines of `shown` that `printed` lacks in that order; `…` is any text.

    A line of a page may be a part of a printed line.
    """
    lines = iter(printed.splitlines())
    missing = []
    for line in shown.splitlines():
        if line.strip() == "…":
            continue
        parts = [re.escape(part) for part in line.split("…")]
        pattern = re.compile(".*".join(parts))
        if not any(pattern.search(candidate) for candidate in lines):
            missing.append(line)
            break
    return missing
