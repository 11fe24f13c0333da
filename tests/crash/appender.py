"""A child process that appends in a loop, to be killed by the tests.

    python tests/crash/appender.py WORKSPACE STREAM COUNT [SIZE_MAX]

Prints `ready`, then one line for each receipt, `seq leaf`, flushed before the next
append. With SIZE_MAX no file may grow past that many bytes: the first error is printed
as `error CLASS EXIT_CODE MESSAGE`, the limit is lifted, and one more append follows.
"""

import resource
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from ledger import Ledger
from ledger.errors import TuneledgerError
from ledger.events.shards import RecordAssigned


def say(*words):
    """Print one line at once: what was printed before a kill was durable."""
    print(*words, flush=True)


def events(number):
    """A few events, of another number in each submission."""
    return [
        RecordAssigned(
            map_id="5b" * 16, record_id=f"{number:032x}", shard=index, slice=0
        )
        for index in range(1 + number % 40)
    ]


def append(ledger, stream, number):
    """Append once and print the receipt."""
    receipt = ledger.append(events(number), stream=stream)
    say(receipt.seq, receipt.leaf.hex())


def limit(size_max):
    """Let no file grow past `size_max` bytes; the hard limit stays as it is."""
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(
        resource.RLIMIT_FSIZE, (hard if size_max < 0 else size_max, hard)
    )


def main(workspace, stream, count, size_max=-1):
    """Append `count` submissions."""
    limit(size_max)
    with Ledger.open(workspace) as ledger:
        say("ready")
        try:
            for number in range(count):
                append(ledger, stream, number)
        except TuneledgerError as error:
            say("error", type(error).__name__, error.exit_code, error)
            limit(-1)
            append(ledger, stream, 0)


if __name__ == "__main__":
    try:
        main(sys.argv[1], sys.argv[2], *map(int, sys.argv[3:]))
    except KeyboardInterrupt:
        sys.exit(130)
