"""The command line with a metered batch for each step; see tests.unit.workspace.child.

python -m tests.crash.training_child ARGUMENT...
"""

import sys

from producers.metering import record
from tests.unit.workspace import child, tiny

STEPS = 6
"""Most steps of a slice."""


def every_step_counts(setattr_=setattr):
    """Let each step be a durable write, so that a kill may fall on each."""
    adapter = tiny.Settings(
        architecture=tiny.ARCHITECTURE,
        lora=tiny.Lora(rank=2, alpha=4),
        batch=1,
        steps_max=STEPS,
    )
    setattr_(record, "STEPS_MAX", 1)
    setattr_(tiny, "TINY_ADAPTER", adapter)


if __name__ == "__main__":
    every_step_counts()
    sys.exit(child.main(sys.argv[1:]))
