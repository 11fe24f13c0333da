"""Runs scenarios on workspaces while the preloaded tests/crash/fault.c makes one fail.

    LD_PRELOAD=fault.so python tests/crash/fault_child.py

Each line of stdin is one case: `SCENARIO WORKSPACE LOG AT KIND`. A fork runs it with
the shim armed, and says `try WHAT` before and `ack WHAT` after each step that a caller
would wait for; then this process says `ended STATUS`.
"""

import ctypes
import os
import sys
import traceback
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from ledger import Ledger
from ledger.errors import TuneledgerError
from ledger.format.cosignature import cosign, cosigner_of
from ledger.format.note import parse_note
from ledger.streams.producer import Producer
from tests.unit.ledger.workshop import assigned, key

KINDS = {
    "none": 0,
    "io-error": 1,
    "disk-full": 2,
    "short-write": 3,
    "kill-before": 4,
    "kill-after": 5,
    "torn-write": 6,
}
WITNESS = key("example.com/witness")
NOW_S = 1_790_000_000


def say(text):
    """One line, at once: what was said before a kill was durable."""
    os.write(1, f"{text}\n".encode())


def step(what, function):
    """Try something, and say that it was acknowledged or refused in our own words."""
    say(f"try {what}")
    try:
        function()
    except TuneledgerError as error:
        say(f"refused {what}: {type(error).__name__} {error}")
    else:
        say(f"ack {what}")


def append(workspace):
    """Three ordinary appends."""
    with Ledger.open(workspace) as ledger:
        for number in range(3):
            step(
                f"sequenced {number}",
                lambda number=number: ledger.append(
                    [assigned(number)] * (1 + 60 * number), stream="shards"
                ),
            )


def spool(workspace):
    """A producer that only spools."""
    with Producer.open(workspace, stream="shards/a") as producer:
        for number in range(3):
            step(
                f"spooled {number}",
                lambda number=number: producer.append([assigned(number)]),
            )


def flush(workspace):
    """A producer that waits for the ledger each time."""
    with Producer.open(workspace, stream="shards/a") as producer:
        for number in range(2):
            step(
                f"spooled {number}",
                lambda number=number: producer.append([assigned(number)]),
            )
            step(f"flushed {number}", producer.flush)


def drain(workspace):
    """What `prepared` spooled, and an append behind it."""
    with Ledger.open(workspace) as ledger:
        step("drained", ledger.drain)
        step("sequenced 9", lambda: ledger.append([assigned(9)], stream="shards"))


def anchor(workspace):
    """Two cosignatures, which bring their tables, and an append between them."""
    with Ledger.open(workspace) as ledger:
        for size in (1, 2):
            note = ledger.checkpoint_note(size, cosigned=False)
            line = cosign(WITNESS, parse_note(note).text, NOW_S + size)
            step(
                f"anchored {size}",
                lambda line=line, size=size: ledger.add_cosignature(
                    line, size, cosigner_of(WITNESS)
                ),
            )
            step(
                f"sequenced {size}",
                lambda size=size: ledger.append([assigned(size)], stream="shards"),
            )


SCENARIOS = {one.__name__: one for one in (append, spool, flush, drain, anchor)}


def run(scenario, workspace, log, at, kind):
    """One case, in a process of its own."""
    log_fd = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    shim = ctypes.CDLL(None)
    folder = os.fsencode(workspace)
    shim.fault_arm(folder, ctypes.c_long(int(at)), KINDS[kind], log_fd)
    try:
        SCENARIOS[scenario](workspace)
    except TuneledgerError as error:
        say(f"refused all: {type(error).__name__} {error}")
    except BaseException:  # noqa: BLE001 (said, and failed by the test)
        say(f"bug {traceback.format_exc()!r}")
    os._exit(0)


def main():
    """One fork a case, so that nothing is imported twice."""
    say("ready")
    for line in sys.stdin:
        child = os.fork()
        if not child:
            run(*line.split())
        _, status = os.waitpid(child, 0)
        say(f"ended {status}")


if __name__ == "__main__":
    main()
