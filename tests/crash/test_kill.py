"""kill -9 and Ctrl-C at any moment lose nothing that was acknowledged."""

import random
import select
import signal

from ledger import Ledger
from tests.crash.conftest import (
    appender,
    check_file_verifies,
    check_holds,
    check_verifies,
    receipts,
)
from tests.unit.ledger.workshop import assigned

KILLS, KILLS_SOAK = 8, 200
INTERRUPTS = 4


def _stop(child, chance, number):
    """Read some receipts, then send the signal at a moment that chance decides.

    The last wait is on the pipe: it ends at the next receipt, or within it.
    """
    lines = [child.stdout.readline() for _ in range(chance.randrange(1, 6))]
    select.select([child.stdout], [], [], chance.random() * 0.004)
    child.send_signal(number)
    lines += child.stdout.readlines()
    return receipts(lines), child.wait()


def test_kill_at_any_moment(workspace, request):
    """Every printed receipt is there, the file verifies, and appends continue."""
    chance = random.Random(20_250_101)
    kills = KILLS_SOAK if request.config.getoption("--soak") else KILLS
    with Ledger.open(workspace) as ledger:
        root_keys = ledger.root_keys
    printed = []
    for _ in range(kills):
        with appender(workspace) as child:
            found, code = _stop(child, chance, signal.SIGKILL)
        printed += found
        assert -signal.SIGKILL == code
        check_file_verifies(workspace, root_keys)
        check_holds(workspace, printed)
        with Ledger.open(workspace) as ledger:
            size = ledger.size
            receipt = ledger.append([assigned()], stream="shards")
            assert size == receipt.seq
            printed.append((receipt.seq, receipt.leaf.hex()))
    check_verifies(workspace)
    assert ["acme.ledger"] == [path.name for path in workspace.glob("acme.ledger*")]


def test_interrupt_at_any_moment(workspace):
    """Ctrl-C ends with exit code 130, and the ledger is whole."""
    chance = random.Random(20_250_102)
    printed = []
    for _ in range(INTERRUPTS):
        with appender(workspace) as child:
            found, code = _stop(child, chance, signal.SIGINT)
        printed += found
        assert 130 == code
        check_holds(workspace, printed)
        check_verifies(workspace)
    assert ["acme.ledger"] == [path.name for path in workspace.glob("acme.ledger*")]
