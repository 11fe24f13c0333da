"""What an evaluation came to: XEV-28."""

from typing import NoReturn

from verifier.findings import Code
from verifier.rules.state import History, digest, refuse
from verifier.schema.lines import Event

# Below 5 bits, a text is among the likeliest 3 % of its like by chance: it says nothing
# of memory. Source: Carlini and others 2019, section 4.2, arXiv:1802.08232 (exposure).
_EXPOSURE_FLOOR_MIN = 5_000_000


def check_outcome(state: History, event: Event) -> None:
    """Check that the outcome of an evaluation follows from its values.

    Raises:
        Violation: XEV-28.
    """
    if event["items"] == b"0":
        _refuse("at least one item", 0)
    if event["erasure_id"] and digest(event, "erasure_id") not in state.erasures:
        _refuse("an erasure that was requested", event["erasure_id"])
    before, never_saw = event["before"], event["never_saw"]
    if bool(before) != bool(never_saw):
        _refuse("before and never_saw both, or neither", "one of them")
    if before and event["probe"] == b"held_out_loss":
        _refuse("no before and no never_saw for held_out_loss", before)
    floor = int(event["floor"])
    if before and event["probe"] == b"exposure" and floor < _EXPOSURE_FLOOR_MIN:
        _refuse(f"a floor of at least {_EXPOSURE_FLOOR_MIN} for exposure", floor)
    expected = _outcome(event, floor)
    if event["outcome"].decode() != expected:
        _refuse(f"outcome {expected}, which its values lead to", event["outcome"])


def _outcome(event: Event, floor: int) -> str:
    if not event["before"]:
        return "measured"
    if int(event["before"]) < floor:
        return "inconclusive"
    is_equal = int(event["value"]) == int(event["never_saw"])
    return "equal_to_never_saw" if is_equal else "differs"


def _refuse(expected: str, found: object) -> NoReturn:
    refuse(Code.EVALUATION, 28, expected=expected, found=found)
