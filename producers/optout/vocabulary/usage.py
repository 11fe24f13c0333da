"""Preferences by usage: what they come to, and where they are left open.

Content-Usage and Content-Signal are read by modules of their own. What merely looks
like one of them (`Content-Usages`, a meta element of that name) is not read, and never
taken for consent: where it names training and does not plainly say yes, the question
stays open.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from ledger.events.optout import Preference, ScanReason, Usage
from producers.optout.vocabulary.merge import merged
from producers.optout.vocabulary.signals import Reservation, Statement

_KEY = re.compile(r"content[-_ ]?(?:usage|signal)s?=?", re.IGNORECASE)
_PATH = re.compile(r"(?:^|(?<=[\s,;]))[/*][^\s,;]*")
_PAIR = re.compile(r"([a-z0-9-]+)(?:\s*[=:]\s*([^\s,;]*))?")
_YES = frozenset({"y", "yes"})
_TRAINING = frozenset({"ai", "all", "bots", "genai", "ml", "tdm", "train", "training"})
"""Parts of the labels that speak of training, in these and in earlier drafts."""

_RUN_TOGETHER = re.compile(
    r"(?:no|disallow|deny|forbid|block|optout)(?:ai|ml|llm|train|tdm)"
    r"|(?:ai|ml|llm|model)train|trainai|datamining|machinelearning|trainingdata"
)
"""Names without a gap: `DisallowAITraining`, `NoAI`."""

_NOT_TRAINING = frozenset({"ai-index", "ai-input", "ai-use"})


def is_usage_key(key: str) -> bool:
    """Whether a name looks like that of a source of usage preferences."""
    return _KEY.fullmatch(key) is not None


def leaves_training_open(value: str) -> bool:
    """Whether `value` names training with anything but an explicit yes."""
    text = _PATH.sub(" ", value.lower().replace("_", "-"))
    return any(
        (_is_training(label) and said not in _YES) or _is_training(said)
        for label, said in _PAIR.findall(text)
    )


def names_training(label: str) -> bool:
    """Whether a label of some vocabulary speaks of training."""
    return _is_training(label.strip().lower().replace("_", "-").replace(" ", "-"))


def statement_of(
    stated: Mapping[Usage, Preference],
    *,
    line: int,
    is_malformed: bool = False,
    review: ScanReason | None = None,
) -> Statement:
    """What a source says that speaks by usage; a no to mining is a no to training.

    Args:
        stated: what it says.
        line: where.
        is_malformed: whether a part of it broke the format.
        review: why a person must read it.
    """
    reservation: Reservation = "unset"
    if "disallow" in (stated.get("train"), stated.get("tdm")):
        reservation = "reserved"
    elif stated.get("train") == "allow":
        reservation = "not_reserved"
    return Statement(
        reservation=reservation,
        stated=tuple(stated.items()),
        line=line,
        is_malformed=is_malformed,
        review=review or "",
    )


def most_specific(matches: Sequence[tuple[int, Statement]]) -> Statement:
    """What the longest matching rules say, as their specification has it.

    Two doubts remain that a specification does not have: a rule that broke the format
    may have been meant to say anything; and where the longest rule is silent on
    training but a shorter one disallows it, a person must say which was meant.

    Args:
        matches: (length of the pattern, statement) of every rule that matches.
    """
    longest = max((length for length, _ in matches), default=0)
    best = merged(said for length, said in matches if length == longest)
    if any(said.is_malformed for _, said in matches):
        best = replace(best, is_malformed=True)
    if best.reservation != "unset":
        return best
    wider = merged(said for _, said in matches)
    review: ScanReason | None = wider.review or None
    if wider.reservation == "reserved":
        review = review or "unknown_preference"
    return replace(best, line=best.line or wider.line, review=review or "")


def _is_training(label: str) -> bool:
    if label in _NOT_TRAINING:
        return False
    is_part = not _TRAINING.isdisjoint(label.split("-"))
    return is_part or _RUN_TOGETHER.search(label.replace("-", "")) is not None
