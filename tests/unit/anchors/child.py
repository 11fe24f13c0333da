"""A process that cosigns one request.

    python -m tests.unit.anchors.child FOLDER REQUEST [--die]

It says `ready`, waits for a line, and then prints the status of its answer. With
`--die` it is killed after the checkpoint was saved and before it answers.
"""

import os
import signal
import sys
from pathlib import Path

from ledger.witness.refusal import RefusalError
from ledger.witness.service import Witness
from ledger.witness.state import WitnessState
from tests.unit.anchors.toylog import NOW_S


class DyingState(WitnessState):
    """A state whose process dies once a checkpoint is on the disk."""

    def save_head(self, origin, note):
        super().save_head(origin, note)
        os.kill(os.getpid(), signal.SIGKILL)


def main():
    folder, request, *rest = sys.argv[1:]
    kind = DyingState if rest == ["--die"] else WitnessState
    witness = Witness(kind(Path(folder)), clock_s=lambda: NOW_S)
    body = Path(request).read_bytes()
    print("ready", flush=True)
    sys.stdin.readline()
    try:
        witness.add_checkpoint(body)
    except RefusalError as error:
        print(error.status)
    else:
        print(200)


if __name__ == "__main__":
    main()
