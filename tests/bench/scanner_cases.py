"""The cases of compare_scanners.py: the project's own table, and folders of others."""

import base64
import json
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

OWN_TABLE = Path(__file__).with_name("scanner_cases.toml")
URL = "https://site.test/a/page"
AGENT = "ExampleBot"

Expected = Literal["reserved", "unclear", "silent"]
"""What a source says: see the head of scanner_cases.toml."""

_EXPECTED: dict[str, Expected] = {
    "reserved": "reserved",
    "disallow": "reserved",
    "disallow_review": "reserved",
    "licence_required": "reserved",
    "error": "unclear",
    "not_an_optout_file": "unclear",
    "not_reserved": "silent",
    "allow": "silent",
    "unknown": "silent",
    "unset": "silent",
}
_CHANNELS = {
    "tdmrep.json": "tdmrep_file",
    "tdmrep.header": "tdm_header",
    "tdmrep.html": "tdm_meta",
    "tdmrep.epub2": "epub_opf",
    "tdmrep.epub3": "epub_opf",
    "tdmrep.pdf": "tdm_xmp",
    "aipref.header": "content_usage",
    "aipref.robots": "robots_content_usage",
    "content-signal": "robots_content_signal",
    "rsl.xml": "rsl_file",
    "x-robots-tag": "x_robots_tag",
    "meta-robots": "meta_robots",
    "ai.txt": "ai_txt",
    "trust.txt": "trust_txt",
    "c2pa-cawg": "cawg_training_mining",
    "plus-datamining": "plus_data_mining",
}
_OF_TRAINING = (
    "tdm_reservation",
    "train-ai",
    "ai-train",
    "ai-train(text)",
    "train",
    "generative-training",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One source, and what it says.

    Attributes:
        channel: where a scanner finds it.
        name: what is special about it.
        expect: what it says.
        body: bytes of a file or page; empty where there are headers.
        headers: (name, value) in order.
        url: the page asked for.
        agents: who asks; the first is we.
        by_name: whether agents after the first count only where a group names them.
        label: name of an assertion.
        beyond: whether the standard, read to the letter, does not see this "no".
    """

    channel: str
    name: str
    expect: Expected
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    url: str = URL
    agents: tuple[str, ...] = (AGENT,)
    by_name: bool = True
    label: str = ""
    beyond: bool = False

    @property
    def text(self) -> str:
        """The body as text; octets that are no UTF-8 are replaced."""
        return self.body.decode("utf-8", "replace")


@dataclass(slots=True)
class Folder:
    """The cases of a folder.

    Attributes:
        cases: those with one answer for one source.
        left_out: how many others there are (rules of fetching, of combining, ...).
    """

    cases: list[Case] = field(default_factory=list)
    left_out: int = 0


def own_cases() -> list[Case]:
    """The project's own table."""
    table = tomllib.loads(OWN_TABLE.read_text("utf-8"))
    return [
        _own(suite["channel"], entry)
        for suite in table["suite"]
        for entry in suite["cases"]
    ]


def cases_of(folder: Path) -> Folder:
    """The cases of a folder with robots*.json and optout-signals.json."""
    found = Folder()
    for path in sorted(folder.glob("robots*.json")):
        entries = json.loads(path.read_text("utf-8"))
        found.cases += [_robots(path.stem, entry) for entry in entries]
    signals = folder / "optout-signals.json"
    for entry in json.loads(signals.read_text("utf-8")) if signals.exists() else []:
        case = _signal(entry)
        if case is None:
            found.left_out += 1
        else:
            found.cases.append(case)
    return found


def _own(channel: str, entry: dict[str, Any]) -> Case:
    written = entry["input"]
    body = b""
    headers: tuple[tuple[str, str], ...] = ()
    if isinstance(written, str):
        body = written.encode(entry.get("coding", "utf-8"))
        body += b"# filler\n" * (entry.get("pad", 0) // 9)
    else:
        headers = tuple((name, value) for name, value in written)
    return Case(
        channel=channel,
        name=entry["name"],
        expect=entry["expect"],
        body=body,
        headers=headers,
        url=entry.get("url", URL),
        agents=(entry.get("agent", AGENT), *entry.get("also", ())),
        label=entry.get("label", ""),
        beyond=entry.get("beyond", False),
    )


def _robots(file: str, entry: dict[str, Any]) -> Case:
    body = base64.b64decode(entry.get("robots_txt_b64", ""))
    return Case(
        channel="robots_txt",
        name=f"{file}: {entry['id']}",
        expect=_EXPECTED[entry["expected"]],
        body=body or entry.get("robots_txt", "").encode(),
        url=entry["url"],
        agents=tuple(entry.get("agents") or [entry["user_agent"]]),
        by_name=False,
    )


def _signal(entry: dict[str, Any]) -> Case | None:
    channel = _CHANNELS.get(entry["signal"])
    answers = [entry["expected"].get(key) for key in _OF_TRAINING]
    found = [_EXPECTED[answer] for answer in answers if answer in _EXPECTED]
    if channel is None or not found:
        return None
    body, headers = _input(channel, entry["input"])
    return Case(
        channel=channel,
        name=entry["id"],
        expect=found[0],
        body=body,
        headers=tuple(headers),
        url=entry.get("url", URL),
        agents=(entry.get("user_agent", AGENT),),
        label=entry["input"]["label"] if channel == "cawg_training_mining" else "",
    )


def _input(channel: str, written: Any) -> tuple[bytes, Iterator[tuple[str, str]]]:
    if isinstance(written, str):
        return written.encode(), iter(())
    if channel == "cawg_training_mining":
        return json.dumps(written["data"]).encode(), iter(())
    pairs = written.items() if isinstance(written, dict) else written
    return b"", ((name, value) for name, value in pairs)
