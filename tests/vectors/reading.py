"""Reading the `in` of a vector."""

import base64


def content(given, name):
    """The bytes of a field: its text, or what its base64 says."""
    if name in given:
        return given[name].encode()
    return base64.b64decode(given[f"{name}_b64"], validate=True)


def lines(given):
    """The event lines of a submission, or None where the vector has none."""
    if "line_lengths" in given:
        return [b"x" * length for length in given["line_lengths"]]
    if "lines" in given:
        return [line.encode() for line in given["lines"]]
    return None


def entry(given):
    """An entry's bytes, with its padding of `x`."""
    return content(given, "entry") + b"x" * given.get("padding", 0)


def nodes(texts):
    """Hex to bytes; hex of an odd length or another size stays wrong."""
    return [bytes.fromhex(text) for text in texts]
