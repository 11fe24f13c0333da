"""An erased person who consents anew may come back; what was erased stays erased.

The ledger is not told: an event would say when somebody came back, and the next records
of a new random subject say nothing.
"""

from ledger.errors import ConflictError, InputError
from ledger.workspace.workspace import Workspace


def readmit(workspace: Workspace, identifier: str) -> str:
    """Forget that a person is fenced, once the erasure is certified.

    Before that the fence is part of the erasure; a request that was opened by mistake
    is refused instead.

    Args:
        workspace: whose fences.
        identifier: the person, in any spelling.

    Returns:
        The erasure's id.

    Raises:
        ConflictError: the erasure is not over.
        InputError: nobody of that identifier is fenced.
    """
    fence = workspace.fences.of_identifier(identifier)
    if fence is None:
        message = "identifier: expected that of a fenced person, found no fence"
        raise InputError(message)
    state = workspace.states()["erasures"].erasures.get(fence.erasure_id)
    if state is None or not state.certified:
        message = (
            f"erasure {fence.erasure_id} is not certified: expected its end before the "
            "person comes back"
        )
        raise ConflictError(message)
    workspace.fences.readmit(identifier)
    return fence.erasure_id
