"""What a decision rests on may end while the decision waits to be signed."""

import pytest

from ledger.errors import InputError
from tests.unit.ledger.workshop import NOW_MS, Clock
from tests.unit.workspace.rights import DAY_MS, decide, grant, review, scan

END_MS = NOW_MS + DAY_MS


class Waiting(Clock):
    """A clock that is beyond the end once it was read so many times."""

    readings: int = 1_000_000

    def __call__(self) -> int:
        self.readings -= 1
        return self.now_ms if self.readings >= 0 else END_MS + DAY_MS


def under_licence(workspace) -> dict[str, str]:
    """A decision takes this from a licence."""
    licence_id = grant(workspace, sites=[], expires_at_ms=END_MS)
    found = scan(workspace, "page", verdict="reserved")
    basis = {"eu_basis": "licence", "uk_basis": "licence"}
    return {"licence": "", "licence_id": licence_id, "scan_id": found, **basis}


def on_a_review(workspace) -> dict[str, str]:
    """A decision takes this from a review."""
    found = scan(workspace, "page", verdict="unknown")
    review(workspace, found, until=END_MS)
    return {"scan_id": found, "eu_basis": "tdm_article_4", "uk_basis": "licence"}


@pytest.mark.parametrize("rest", [under_licence, on_a_review])
def test_end_between_check_and_signature(office, rest):
    """The submission claims the time that it was checked at, and stands."""
    office.clock = Waiting()
    with office.open() as workspace:
        facts = rest(workspace)
        office.clock.readings = 1
        decide(workspace, "record", **facts)
        assert office.clock() == END_MS + DAY_MS

    office.check()


@pytest.mark.parametrize("rest", [under_licence, on_a_review])
def test_end_before_the_check(office, rest):
    """It is refused, and nothing is written."""
    office.clock = Waiting()
    with office.open() as workspace:
        facts = rest(workspace)
        office.clock.readings = 0
        size = workspace.ledger.size
        with pytest.raises(InputError):
            decide(workspace, "record", **facts)

        assert size == workspace.ledger.size
