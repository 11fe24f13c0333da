"""The command line with tiny recipes, in a process of its own that tests may kill.

    python -m tests.unit.workspace.child ARGUMENT...

Prints each moment of `points` as it comes, on stdout, flushed; the commands' own output
goes to stderr.
"""

import contextlib
import sys

import cli
from producers.ingest import run as ingest_run
from tests.limits import end_by
from tests.unit.workspace.points import watch
from tests.unit.workspace.tiny import make_recipes_tiny, make_workers_calls

BATCH_EVENTS = 3


def main(arguments):
    """Run one command and return its exit code."""
    end_by()
    make_recipes_tiny()
    make_workers_calls()
    ingest_run.BATCH_EVENTS = BATCH_EVENTS
    out = sys.stdout

    def tell(moment):
        print(moment, file=out, flush=True)

    watch(setattr, tell)
    with contextlib.redirect_stdout(sys.stderr):
        return cli.invoke(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
