"""What an entry shows by itself, whoever reads it and in whatever order.

Here is the work that needs nothing of the entries before: it can be done ahead, and
by other processes. What is not in order here is left to the walk, which finds it.
"""

from dataclasses import replace

from verifier.findings import Violation
from verifier.format.entry import Entry
from verifier.format.submission import parse_submission
from verifier.history.content import check_lines
from verifier.rules.bulk import read_bulk


def look_at(entry: Entry) -> Entry:
    """Return the entry with its submission read, and its lines where they are bulk.

    The lines are then known to be those that `events_root` binds. An entry in which
    anything is not in order is returned as it was, and so is entry 0.
    """
    if entry.header is None or entry.row.seq == 0:
        return entry
    try:
        submission = parse_submission(entry.note)
        lines = check_lines(submission, entry.row.events)
    except Violation:
        return entry
    bulk = read_bulk(lines, entry.row.events)
    return replace(entry, submission=submission, lines=lines, bulk=bulk)
