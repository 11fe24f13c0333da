"""States as JSON and back."""

import json
from dataclasses import dataclass

import pytest

from tests.tamper.harness import told_ledger
from tests.unit.engine.passes import read
from verifier.history.plain import Reader, to_plain
from verifier.history.resume import standing_of
from verifier.history.standing import Standing


@dataclass
class Box:
    """A value of each kind that is asked for below."""

    pair: tuple[int, bytes]
    flags: dict[str, bool]
    maybe: str | None


def standing(tmp_path) -> Standing:
    """The state after the whole story."""
    return standing_of(read(told_ledger().write(tmp_path / "acme.ledger"))[1])


def test_round_trip_of_a_state(tmp_path):
    """Every field of a state comes back as it was."""
    before = standing(tmp_path)
    after = Reader().read(Standing, json.loads(json.dumps(to_plain(before))))

    assert before == after


def test_one_grant_stays_one_object(tmp_path):
    """The ring asks whether two grants are the same, so equal ones must be one."""
    after = Reader().read(Standing, to_plain(standing(tmp_path)))

    assert all(
        after.ring.granted[grant.key.public_key] is grant
        for grant in after.ring.grants.values()
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"pair": [1]},
        {"pair": [1, "0"]},
        {"pair": [True, ""]},
        {"pair": ["1", ""]},
        {"flags": {"a": True}},
        {"flags": [["a", 1]]},
        {"flags": [["a"]]},
        {"maybe": 1},
        {"more": 1},
    ],
    ids=str,
)
def test_value_of_another_type_is_refused(changes):
    """Nothing is taken for what it is not."""
    plain = to_plain(Box((1, b"\x00"), {"a": True}, None)) | changes

    with pytest.raises(ValueError):
        Reader().read(Box, plain)
