"""A limit for the processes that tests start."""

import faulthandler

CHILD_S = 200
"""Seconds that a child may take: fewer than a test may, so that it tells first."""


def end_by(seconds=CHILD_S):
    """End this process after so long, with the stack of each thread on stderr.

    A thread without the interpreter's lock sees to it, so that it also ends a process
    whose other threads wait for that lock.
    """
    faulthandler.dump_traceback_later(seconds, exit=True)
