"""A child that cannot end is ended, and tells where it stood."""

import subprocess
import sys

from tests.crash.killing import ROOT

STUCK = """
import threading
from tests.limits import end_by

def never():
    end_by(0.2)
    threading.Event().wait()

never()
"""


def test_a_stuck_child_ends_with_its_stack():
    """Its exit status is no success, and stderr names the function it was in."""
    ran = subprocess.run(
        [sys.executable, "-c", STUCK],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert 1 == ran.returncode
    assert "Timeout" in ran.stderr
    assert "in never" in ran.stderr
