"""Deliberate faults of the verifier: each takes one check away and nothing else.

A campaign that does not notice a missing check proves nothing about the others.
"""

from collections.abc import Callable
from contextlib import suppress

from verifier import verdict
from verifier.findings import Code, Violation
from verifier.format.cosignature import parse_line
from verifier.history import chain, content, heads, reading, redacted, walk
from verifier.keys import authority
from verifier.keys import ring as keys
from verifier.proofs import continuity
from verifier.rules import streams
from verifier.store import file as ledger_file
from verifier.store import snapshot, storage
from verifier.trust import anchors, levels

Plant = Callable[[object], None]
IN_HISTORY: dict[str, Plant] = {}
IN_THE_FILE: dict[str, Plant] = {}


def in_history(plant: Plant) -> Plant:
    """Enter a fault that forged histories must show."""
    IN_HISTORY[plant.__name__] = plant
    return plant


def in_the_file(plant: Plant) -> Plant:
    """Enter a fault that hostile files must show."""
    IN_THE_FILE[plant.__name__] = plant
    return plant


@in_history
def link_to_the_previous_entry_not_compared(patch):
    def claim(entry, follower):
        return entry.leaf if follower else None

    patch.setattr(chain, "_claim", claim)


@in_history
def tree_root_not_compared(patch):
    patch.setattr(chain.Chain, "check_root", lambda self, checkpoint, *, damaged: None)


@in_history
def base_not_compared(patch):
    patch.setattr(chain.Chain, "check_base", lambda self, entry, *, intact: None)


@in_history
def recorded_time_may_run_backwards(patch):
    check = walk.Walk._check_order

    def forgetful(self, entry):
        self.recorded_at_ms = 0
        check(self, entry)

    patch.setattr(walk.Walk, "_check_order", forgetful)


@in_history
def newest_checkpoint_need_not_cover_all(patch):
    patch.setattr(heads.Heads, "end", lambda self, entries: None)


@in_history
def checkpoint_signer_not_checked(patch):
    patch.setattr(heads, "check_checkpoint", lambda checkpoint, size, ring: None)


@in_history
def signatures_not_verified(patch):
    patch.setattr(authority, "signed_by_exactly", lambda note, expected: "")


@in_history
def root_signatures_not_looked_at(patch):
    patch.setattr(authority, "_check_root_signers", lambda submission, ring: None)


@in_history
def any_key_signs_in_any_stream(patch):
    patch.setattr(keys.Grant, "covers", lambda self, stream: True)


@in_history
def any_key_signs_any_family(patch):
    patch.setattr(content, "_refuse_family", lambda family, found: None)


@in_history
def ended_keys_go_on_signing(patch):
    end = keys.KeyRing.end

    def undone(self, grant, **options):
        end(self, grant, **options)
        self.grants[grant.place] = grant

    patch.setattr(keys.KeyRing, "end", undone)


@in_history
def place_in_the_stream_not_compared(patch):
    append = streams.Streams.append

    def lenient(self, submission):
        with suppress(Violation):
            append(self, submission)

    patch.setattr(streams.Streams, "append", lenient)


@in_history
def other_ledgers_submissions_accepted(patch):
    patch.setattr(walk, "check_home", lambda seq, submission, origin, genesis: None)


@in_history
def event_lines_not_bound(patch):
    def split(submission, stored):
        return stored.split(b"\n")[:-1]

    patch.setattr(redacted, "check_lines", split)
    patch.setattr(reading, "check_lines", split)


@in_history
def pinned_root_not_compared(patch):
    patch.setattr(verdict, "check_pins", lambda *known, **options: [])


@in_history
def cosignatures_not_verified(patch):
    def time_of(line, text, key):
        return parse_line(line).time_s

    patch.setattr(anchors, "check_line", time_of)


@in_history
def cosignatures_counted_by_line(patch):
    def second(ordered, policy):
        return next((a.at_ms for n, a in enumerate(ordered) if n == 1), None)

    patch.setattr(anchors, "_quorum_at", second)


@in_history
def anchors_cover_what_comes_after(patch):
    patch.setattr(levels, "_check_cover", _without(levels._check_cover, "VER-2"))


@in_history
def anchors_of_any_age_count(patch):
    patch.setattr(levels, "_check_cover", _without(levels._check_cover, "POL-7"))


@in_history
def anchor_older_than_its_entries(patch):
    patch.setattr(levels, "_check_clock", lambda found, policy, subject: [])


@in_history
def kept_checkpoint_compared_by_size_only(patch):
    compare = continuity.Continuity._contradiction

    def by_size(self, kept):
        finding = compare(self, kept)
        return finding if finding and finding.code is Code.ROLLED_BACK else None

    patch.setattr(continuity.Continuity, "_contradiction", by_size)


@in_history
def kept_checkpoint_need_not_be_reached(patch):
    compare = continuity.Continuity._contradiction

    def by_root(self, kept):
        finding = compare(self, kept)
        return finding if finding and finding.code is Code.FORKED else None

    patch.setattr(continuity.Continuity, "_contradiction", by_root)


@in_history
@in_the_file
def objects_of_the_schema_not_compared(patch):
    patch.setattr(storage.LedgerFile, "_check_objects", lambda self, found: None)


@in_the_file
def types_of_columns_not_compared(patch):
    fault = storage._column_fault

    def lenient(name, kind, length, limit):
        return fault(name, "blob", length, limit)

    patch.setattr(storage, "_column_fault", lenient)
    patch.setattr(storage.LedgerFile, "_check_integrity", lambda self, found: None)


@in_the_file
def sqlite_structure_not_checked(patch):
    patch.setattr(storage.LedgerFile, "_check_integrity", lambda self, found: None)


@in_the_file
def journal_beside_the_file_not_noticed(patch):
    def nothing(path):
        return None if path.name.endswith("-journal") else snapshot.find_file(path)

    patch.setattr(ledger_file, "find_file", nothing)


@in_the_file
def wal_beside_the_file_not_read(patch):
    taken = ledger_file.take_fingerprint
    patch.setattr(ledger_file, "take_fingerprint", lambda path: (taken(path)[0], None))


def _without(check, rule):
    def checked(*arguments):
        return [finding for finding in check(*arguments) if finding.rule != rule]

    return checked
