"""Content-Usage and Content-Signal: not read, and never taken for consent.

    Content-Usage: train-ai=n                   header; in robots.txt within a group
    Content-Signal: /a/ search=yes, ai-train=no  perhaps with a path in front

Neither is a standard yet, and who is spoken to, for which path, is not worked out here.
So a value that names training and does not plainly say yes leaves the question open.

Source: draft-ietf-aipref-vocab and draft-ietf-aipref-attach (Content-Usage);
contentsignals.org (Content-Signal).
"""

import re

_KEY = re.compile(r"content[-_ ]?(?:usage|signal)s?", re.IGNORECASE)
_PATH = re.compile(r"(?:^|(?<=[\s,;]))[/*][^\s,;]*")
_PAIR = re.compile(r"([a-z0-9-]+)(?:\s*[=:]\s*([^\s,;]*))?")
_YES = frozenset({"y", "yes"})
_TRAINING = frozenset({"ai", "all", "bots", "genai", "ml", "tdm", "train", "training"})
"""Parts of the labels that speak of training, in these and in earlier drafts."""

_NOT_TRAINING = frozenset({"ai-index", "ai-input"})


def is_usage_key(key: str) -> bool:
    """Whether a header or a robots.txt key carries usage preferences."""
    return _KEY.fullmatch(key) is not None


def leaves_training_open(value: str) -> bool:
    """Whether `value` names training with anything but an explicit yes."""
    text = _PATH.sub(" ", value.lower().replace("_", "-"))
    return any(
        (_is_training(label) and said not in _YES) or _is_training(said)
        for label, said in _PAIR.findall(text)
    )


def _is_training(label: str) -> bool:
    parts = label.split("-")
    return label not in _NOT_TRAINING and not _TRAINING.isdisjoint(parts)
