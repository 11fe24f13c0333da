"""CAWG training and data mining assertions, and those of C2PA 1 that they replaced.

    cawg.training-mining
      entries: {"cawg.ai_generative_training": {"use": "notAllowed"}}

Fine-tuning of a language model is generative training. `constrained` counts as
`notAllowed`; an entry that is not there says nothing.

Source: CAWG, Training and Data Mining Assertion 1.1, "Assertion definition"; C2PA
Technical Specification 1.4, "Training and data mining" (labels with `c2pa.` in front).
"""

import re
from collections.abc import Sequence

from ledger.events.optout import Preference, Usage
from producers.optout.embedded.jumbf import Assertion
from producers.optout.embedded.tags import Tag, one_line
from producers.optout.vocabulary.merge import merged
from producers.optout.vocabulary.signals import SILENCE, Statement, malformed

ENTRIES_MAX = 64
"""Most entries of an assertion."""

_LABEL = re.compile(
    r"(?:c2pa|cawg)\.training-mining(?:\.v[0-9]{1,4})?(?:__[0-9]{1,9})?"
)
_KEY = re.compile(r"\S{1,256}")
_USAGES: dict[str, Usage | None] = {
    "ai_generative_training": "train",
    "data_mining": "tdm",
    "ai_inference": "ai_input",
    "ai_training": None,  # of models that generate nothing
}
_PREFERENCES: dict[str, Preference] = {
    "allowed": "allow",
    "notAllowed": "disallow",
    "constrained": "disallow",
}


def parse_training_mining(label: str, data: object) -> Statement:
    """What an assertion says.

    Args:
        label: `cawg.training-mining` or `c2pa.training-mining`, perhaps with a version
            and an instance.
        data: its decoded data.

    Raises:
        SignalError: another label, or data without entries.
    """
    return training_mining_of(training_mining_tags(Assertion(label, data)))


def training_mining_tags(assertion: Assertion) -> list[Tag]:
    """The entries of an assertion: (`training-mining`, "key use constraint").

    Raises:
        SignalError: as `parse_training_mining`.
    """
    if not _LABEL.fullmatch(assertion.label):
        raise malformed("training-mining: expected the label of such an assertion")
    entries = _entries(assertion.data)
    if not 0 < len(entries) <= ENTRIES_MAX:
        raise malformed(
            f"training-mining: expected 1 to {ENTRIES_MAX} entries, "
            f"found {len(entries)}"
        )
    return [
        ("training-mining", f"{_word(key)} {_use(entry)}".rstrip())
        for key, entry in entries.items()
    ]


def training_mining_of(tags: Sequence[Tag]) -> Statement:
    """What the `training-mining` tags say together; the line is the tag's number."""
    return merged(
        _entry_statement(number, value)
        for number, (name, value) in enumerate(tags, 1)
        if name == "training-mining"
    )


def _entry_statement(number: int, value: str) -> Statement:
    """What one entry says: "key use constraint"."""
    key, use, info = [*value.split(" ", 2), "", ""][:3]
    preference = _PREFERENCES.get(use)
    if preference is None:
        return Statement(reservation="unset", line=number, is_malformed=True)
    family, _, short = key.partition(".")
    usage = _USAGES.get(short) if family in {"c2pa", "cawg"} else None
    if usage is None:
        # A "no" to something else may have been meant for us as well.
        is_open = preference == "disallow"
        review = Statement(
            reservation="unset", line=number, review="unknown_preference"
        )
        return review if is_open else SILENCE
    said: Statement = Statement(
        reservation="unset",
        stated=((usage, preference),),
        line=number,
        policy=info if info.startswith(("https://", "http://")) else "",
    )
    if usage == "ai_input" or (usage == "tdm" and preference == "allow"):
        return said
    return Statement(
        reservation="reserved" if preference == "disallow" else "not_reserved",
        stated=said.stated,
        line=number,
        policy=said.policy,
    )


def _entries(data: object) -> dict[object, object]:
    """The map of entries; versions before 1.1 left out the key that holds it."""
    if not isinstance(data, dict):
        raise malformed("training-mining: expected an object")
    entries = data.get("entries")
    if "entries" not in data:
        entries = {
            key: value
            for key, value in data.items()
            if isinstance(key, str) and key.startswith(("c2pa.", "cawg."))
        }
    if not isinstance(entries, dict):
        raise malformed("training-mining: expected entries in an object")
    return entries


def _word(key: object) -> str:
    """A key as one word; one that is none breaks the format, and is written `?`."""
    is_word = isinstance(key, str) and _KEY.fullmatch(key) is not None
    return one_line(str(key)) if is_word else "? ?"


def _use(entry: object) -> str:
    """The use of an entry and its constraint; `?` where it has no known use."""
    if not isinstance(entry, dict) or not isinstance(entry.get("use"), str):
        return "?"
    use = entry["use"]
    info = entry.get("constraint_info", entry.get("constraints_info", ""))
    said = one_line(info) if isinstance(info, str) else ""
    return f"{use if use in _PREFERENCES else '?'} {said}"
