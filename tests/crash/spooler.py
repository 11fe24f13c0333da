"""A child process that is the producer of one stream, to be killed by the tests.

    python tests/crash/spooler.py WORKSPACE STREAM FIRST COUNT [SKEW_MS]

Prints `ready`, then `spooled NUMBER` for each event and `flushed NUMBER` for each that
is in the ledger, at once. With SKEW_MS its clock goes back by so much at every reading.
A second producer of the stream says `error CLASS` and ends with its exit code.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from ledger.errors import LockedError
from ledger.log.ledger import system_clock_ms
from ledger.streams.producer import Producer
from tests.unit.ledger.workshop import assigned

FLUSH_EVERY = 3


def say(*words):
    """Print one line at once: what was printed before a kill was durable."""
    print(*words, flush=True)


def clock(skew_ms):
    """A clock that a time service sets back again and again."""
    calls = 0

    def now_ms():
        nonlocal calls
        calls += 1
        return system_clock_ms() - calls * skew_ms

    return now_ms


def main(workspace, stream, first, count, skew_ms=0):
    """Append `count` events of one submission each."""
    with Producer.open(workspace, stream=stream, clock_ms=clock(skew_ms)) as producer:
        say("ready")
        waiting = []
        for number in range(first, first + count):
            producer.append([assigned(number)])
            say("spooled", number)
            waiting.append(number)
            if len(waiting) == FLUSH_EVERY or number == first + count - 1:
                producer.flush(wait_seconds=60)
                for one in waiting:
                    say("flushed", one)
                waiting = []


if __name__ == "__main__":
    try:
        main(sys.argv[1], sys.argv[2], *map(int, sys.argv[3:]))
    except LockedError as error:
        say("error", type(error).__name__)
        sys.exit(error.exit_code)
