"""Words for a person: counts with their nouns, and text that a terminal cannot obey."""


def counted(count: int, noun: str) -> str:
    """A count and its noun, as in `1 record` and `2 records`.

    Args:
        count: how many. Requires count >= 0.
        noun: what, in the singular; its plural ends in s.
    """
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def plain(text: str) -> str:
    """The text with a dot for whatever a terminal might obey."""
    return "".join(c if c.isprintable() else "." for c in text)
