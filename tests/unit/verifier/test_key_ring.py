"""Names of keys in the ring: the log's is the origin, and nobody else has it."""

import pytest

from verifier.findings import Code, Violation
from verifier.format.note import VerifierKey
from verifier.keys.ring import Grant, KeyRing

ORIGIN = "acme.example"


def granted(name, number, role="ingest"):
    key = VerifierKey(name, bytes([number]) * 32)
    return Grant(
        key=key,
        role=role,
        families=frozenset(),
        stream_prefix=role,
        seq=0,
        line=key.public_key,
    )


@pytest.fixture
def ring():
    ring = KeyRing(origin=ORIGIN)
    ring.add(granted("acme.example/ingest", 1))
    return ring


def refusal(ring, grant):
    with pytest.raises(Violation) as caught:
        ring.add(grant)
    return caught.value.code, caught.value.rule


def test_log_key_bears_the_origin(ring):
    """A checkpoint's first signature is looked for under that name (KEY-7)."""
    ring.add(granted(ORIGIN, 2, role="log"))

    assert (Code.LOG_KEY, "KEY-7") == refusal(
        ring, granted("acme.example/log", 3, "log")
    )


@pytest.mark.parametrize("name", [ORIGIN, "acme.example/ingest"])
def test_name_is_taken(ring, name):
    """The origin is the log's, and an active key's name is its own (KEY-7)."""
    assert (Code.KEY_NOT_UNIQUE, "KEY-7") == refusal(ring, granted(name, 4))


def test_another_log_key_bears_the_same_name(ring):
    """While one log key replaces another both are active under the origin."""
    ring.add(granted(ORIGIN, 2, role="log"))
    ring.add(granted(ORIGIN, 3, role="log"))

    assert 3 == len(ring.granted)
