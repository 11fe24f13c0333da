"""What is asked of a probe's file before any model is loaded for it."""

from collections.abc import Callable, Sequence

from ledger.errors import InputError
from ledger.events.model import Probe
from producers.evaluation.canaries import numbered_canaries

Encode = Callable[[bytes], Sequence[int]]
"""A text as tokens."""


def check_texts(probe: Probe, content: bytes) -> None:
    """Refuse a file that is not of its probe.

    Raises:
        InputError: a held-out text that is no text, or a line that is no canary.
    """
    if probe == "held_out_loss":
        check_held_out(content)
    else:
        numbered_canaries(content, probe)


def check_held_out(content: bytes) -> None:
    """Refuse what is no text: a loss on it says nothing of any text.

    Raises:
        InputError: there is nothing, or it is not UTF-8, or holds a NUL.
    """
    if not content.strip():
        message = "held-out text: expected some text, found none"
        raise InputError(message)
    try:
        nul = content.decode().find("\0")
    except UnicodeDecodeError as error:
        message = (
            "held-out text: expected a text in UTF-8, found other bytes at offset "
            f"{error.start}; convert it, or give another file"
        )
        raise InputError(message) from None
    if nul >= 0:
        message = f"held-out text: expected a text, found a NUL at character {nul}"
        raise InputError(message)


def check_lengths(probe: Probe, content: bytes, encode: Encode, context: int) -> None:
    """Refuse a text that a model cannot see whole, by its line.

    Args:
        probe: what they are for; only exposure and verbatim need a text at once.
        content: the file.
        encode: the model's tokenizer.
        context: most tokens that it sees.

    Raises:
        InputError: prefix and secret are longer.
    """
    if probe not in {"exposure", "verbatim"}:
        return
    for line, canary in numbered_canaries(content, probe):
        found = len(encode(canary.text.encode()))
        if found > context:
            message = (
                f"texts, line {line}: expected prefix and secret of at most {context} "
                f"tokens, which the model can see, found {found}; shorten the prefix"
            )
            raise InputError(message)
