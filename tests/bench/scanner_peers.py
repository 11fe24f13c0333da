"""What other scanners make of a case: each reads its own few channels.

A peer that is not installed is left out of the table, and the table says so. Each is
called as its documentation shows. Text is decoded for it, and a byte order mark taken
off, since each takes text; headers come as those of a response of `requests`: names in
any case, the values of one name joined.
"""

import re
import sys
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Literal
from urllib.robotparser import RobotFileParser

from tests.bench.scanner_cases import Case

Answer = Literal["pass", "ask", "block"]
"""`ask` is no permission: a person must read the source."""

Reader = Callable[[Case], Answer]

_TOKENS = "GPTBot|CCBot|Google-Extended|ClaudeBot|anthropic-ai|ExampleBot"


@dataclass(frozen=True, slots=True)
class Tool:
    """A scanner.

    Attributes:
        name: its name and version.
        readers: by channel; a channel without one is not read.
    """

    name: str
    readers: Mapping[str, Reader]


def peers() -> tuple[list[Tool], list[str]]:
    """The peers that are installed, and the names of those that are not."""
    makers: dict[str, Callable[[Any], Tool]] = {
        "datadiligence": _datadiligence,
        "protego": _protego,
        "urllib.robotparser": lambda _: Tool(
            "urllib.robotparser", {"robots_txt": _urllib}
        ),
    }
    found, missing = [], []
    for name, make in makers.items():
        try:
            with redirect_stdout(sys.stderr):  # one of them speaks on import
                found.append(make(import_module(name)))
        except ImportError:
            missing.append(name)
    return [*found, _regexp()], missing


def _datadiligence(module: Any) -> Tool:
    evaluators = import_module(f"{module.__name__}.evaluators")
    structures = import_module("requests.structures")

    def read(case: Case) -> Answer:
        headers = structures.CaseInsensitiveDict()
        for name, value in case.headers:
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
        evaluator = evaluators.HttpEvaluator(user_agent=case.agents[0])
        return _answer(allowed=evaluator.is_allowed(headers=headers))

    return Tool("datadiligence 0.1.7", {"x_robots_tag": read, "tdm_header": read})


def _protego(module: Any) -> Tool:
    def read(case: Case) -> Answer:
        robots = module.Protego.parse(_text(case))
        return _answer(
            allowed=all(robots.can_fetch(case.url, agent) for agent in case.agents)
        )

    return Tool("protego 0.7.0", {"robots_txt": read})


def _urllib(case: Case) -> Answer:
    robots = RobotFileParser()
    robots.parse(_text(case).splitlines())
    return _answer(
        allowed=all(robots.can_fetch(agent, case.url) for agent in case.agents)
    )


def _regexp() -> Tool:
    robots = re.compile(rf"User-agent: ({_TOKENS})[\s\S]*?Disallow:\s*/")
    return Tool(
        "regexp",
        {
            "robots_txt": lambda case: _answer(
                allowed=robots.search(_text(case)) is None
            ),
            "ai_txt": lambda case: _answer(allowed="no" not in _text(case)),
        },
    )


def _text(case: Case) -> str:
    return case.text.removeprefix("\ufeff")


def _answer(*, allowed: bool) -> Answer:
    return "pass" if allowed else "block"
