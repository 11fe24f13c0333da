"""The C2SP tlog-policy: what it admits, what it refuses, and when a quorum is met."""

import pytest

from tests.simulator import Key
from tests.tamper.anchoring import Witness
from verifier.format.tlog_policy import LINES_MAX, TlogPolicyError, parse_policy

W = [Witness(f"w{n}.example.net") for n in range(4)]
LOG = Key("example.org/acme", "log")
NAMED = "".join(f"witness w{n} {witness.vkey}\n" for n, witness in enumerate(W))


def policy(text: str):
    """Parse four witnesses and these lines."""
    return parse_policy((NAMED + text).encode())


def met(text: str) -> list[str]:
    """Which sets of one or two of the witnesses meet a quorum."""
    parsed = policy(text)
    sets = [(a, b) for a in range(4) for b in range(a, 4)]
    return [
        f"{a}{b}" if a != b else f"{a}"
        for a, b in sets
        if parsed.is_met({W[a].key.public, W[b].key.public})
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("quorum w1\n", "01 1 12 13"),
        ("group g any w0 w1\nquorum g\n", "0 01 02 03 1 12 13"),
        ("group g all w0 w1\nquorum g\n", "01"),
        ("group g 2 w0 w1 w2\nquorum g\n", "01 02 12"),
        ("group a any w0 w1\ngroup b any w2 w3\ngroup q all a b\nquorum q\n",
         "02 03 12 13"),
        ("group a all w0 w1\ngroup q any a w2\nquorum q\n", "01 02 12 2 23"),
        ("group g 1 w3\nquorum g\n", "03 13 23 3"),
    ],
    ids=["witness", "any", "all", "two of three", "one of each", "group or witness",
         "group of one"],
)  # fmt: skip
def test_quorum(text, expected):
    """A group has witnessed what enough of its members have."""
    assert expected.split() == met(text)


def test_quorum_none_is_always_met():
    """`none` asks for nobody."""
    assert policy("quorum none\n").is_met(set())


def test_unknown_key_meets_nothing():
    """A key that the policy does not name counts for nobody."""
    assert not policy("quorum w0\n").is_met({bytes(32)})


def test_layout():
    """Tabs, white space around, comments, empty lines and URLs are fine."""
    text = f"""\
# a comment \u00e9

 \twitness\tw0  {W[0].vkey}\thttps://w0.example.net/ \n
  # another
log {LOG.vkey} https://log.example.org/\x20
quorum w0
"""
    parsed = parse_policy(text.encode())

    assert ([LOG.public], [b"w0"]) == (
        [key.public_key for key in parsed.logs],
        [witness.name for witness in parsed.witnesses],
    )


def test_names_are_octets():
    """Names need not be UTF-8, and look-alikes differ."""
    kelvin = b"\xe2\x84\xaa"
    text = (
        b"witness K " + W[0].vkey.encode() + b"\n"
        b"witness " + kelvin + b" " + W[1].vkey.encode() + b"\n"
        b"witness \xff " + W[2].vkey.encode() + b"\nquorum " + kelvin + b"\n"
    )

    assert parse_policy(text).is_met({W[1].key.public})


REFUSED = {
    "no quorum": NAMED,
    "empty": "",
    "two quorums": NAMED + "quorum w0\nquorum w1\n",
    "two quorums none": NAMED + "quorum none\nquorum none\n",
    "quorum unknown": NAMED + "quorum w9\n",
    "quorum before": "quorum w0\n" + NAMED,
    "quorum with two names": NAMED + "quorum w0 w1\n",
    "trailing comment": NAMED + "quorum w0 # why\n",
    "comment after a witness": f"witness w0 {W[0].vkey} https://x/ # c\nquorum w0\n",
    "no last newline": NAMED + "quorum w0",
    "carriage return": NAMED + "quorum w0\r\n",
    "vertical tab": NAMED + "quorum\x0bw0\n",
    "NUL": NAMED + "quorum w0\x00\n",
    "DEL": NAMED + "# \x7f\nquorum w0\n",
    "no-break space": NAMED + "quorum\u00a0w0\n",
    "unknown keyword": NAMED + "witnesses w0\nquorum w0\n",
    "capital keyword": NAMED + "Quorum w0\n",
    "name twice": NAMED + f"witness w0 {W[0].vkey}\nquorum w0\n",
    "key twice": f"witness a {W[0].vkey}\nwitness b {W[0].vkey}\nquorum a\n",
    "key under another key name": (
        f"witness a {W[0].vkey}\nwitness b {{alias}}\nquorum a\n"
    ),
    "log key twice": f"log {LOG.vkey}\nlog {LOG.vkey}\n{NAMED}quorum w0\n",
    "group name taken": NAMED + "group w0 any w1\nquorum w0\n",
    "group named none": NAMED + "group none any w1\nquorum w1\n",
    "witness named none": f"witness none {W[0].vkey}\nquorum none\n",
    "member none": NAMED + "group g any none\nquorum g\n",
    "member unknown": NAMED + "group g any w9\nquorum g\n",
    "member of itself": NAMED + "group g any g\nquorum g\n",
    "member later": NAMED + "group g any h\ngroup h any w0\nquorum g\n",
    "member twice": NAMED + "group g 2 w0 w0\nquorum g\n",
    "member of two groups": NAMED
    + "group g any w0 w1\ngroup h any w0 w2\ngroup q all g h\nquorum q\n",
    "no member": NAMED + "group g any\nquorum g\n",
    "threshold 0": NAMED + "group g 0 w0\nquorum g\n",
    "threshold too high": NAMED + "group g 3 w0 w1\nquorum g\n",
    "threshold with zero": NAMED + "group g 01 w0 w1\nquorum g\n",
    "threshold with sign": NAMED + "group g +1 w0 w1\nquorum g\n",
    "threshold huge": NAMED + "group g 99999999999999999999 w0\nquorum g\n",
    "witness without key": "witness w0\nquorum w0\n",
    "log with a witness's key": f"log {W[0].vkey}\n{NAMED}quorum w0\n",
    "key id wrong": f"witness w0 {W[0].vkey.replace('+', '+0', 1)}\nquorum w0\n",
    "key of low order": "witness w0 {low}\nquorum w0\n",
    "bad base64": f"witness w0 {W[0].vkey[:-1]}\nquorum w0\n",
}


@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED.keys())
def test_refused(text):
    """What breaks a rule is refused, with the line."""
    alias = Witness("alias.example.net")
    alias.key.public = W[0].key.public
    low = Witness("low.example.net")
    low.key.public = b"\x01" + bytes(31)
    text = text.replace("{alias}", alias.vkey).replace("{low}", low.vkey)

    with pytest.raises(TlogPolicyError, match=r"line \d+: expected|exactly one quorum"):
        parse_policy(text.encode())


@pytest.mark.parametrize("kind", ["log", "witness", "group"])
def test_limits(kind):
    """One line of a kind more than the limit is refused, the limit is not."""

    def text(count):
        keys = [Witness(f"k{n}") for n in range(count)]
        logs = [Key(f"k{n}", "log") for n in range(count)]
        lines = {
            "log": [f"log {key.vkey}" for key in logs],
            "witness": [f"witness k{n} {key.vkey}" for n, key in enumerate(keys)],
            "group": [f"group g{n} any {f'g{n - 1}' if n else 'w0'}"
                      for n in range(count)],
        }[kind]  # fmt: skip
        return (NAMED if kind == "group" else "") + "\n".join(lines) + "\nquorum none\n"

    parse_policy(text(LINES_MAX).encode())
    with pytest.raises(TlogPolicyError, match="at most 256"):
        parse_policy(text(LINES_MAX + 1).encode())
