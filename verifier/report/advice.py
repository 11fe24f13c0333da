"""What an auditor does next, for each thing that was asked for and is missing."""

from typing import TYPE_CHECKING

from verifier.findings import Code

if TYPE_CHECKING:  # the report asks for its advice
    from verifier.report.verdict import Report

# Where the reader gave nothing to judge the level by.
_GIVE = {
    Code.NOT_TIMED: "give a trust policy (--policy) with [timestamps], or waive timed",
    Code.NOT_WITNESSED: "give a trust policy (--policy) with [witnesses], or waive "
    "witnessed",
    Code.NO_EARLIER_CHECKPOINT: "give a pin store (--pin DIR), or waive continuous",
}
_NEXT = {
    Code.ROOT_NOT_PINNED: "give the root key that you know from elsewhere: "
    "--root VKEY or @FILE, or a trust policy: --policy FILE",
    Code.ROOT_DIFFERS: "the file has another root than the one you gave: "
    "do not rely on it",
    Code.ROOT_THRESHOLD: "ask the holders of the root keys how many of them sign a key "
    "event; give that number: --root-threshold K",
    Code.STATEMENTS_UNTRUSTED: "a stolen key may have made these statements: ask for "
    "evidence from elsewhere, or accept the key in the policy's accept_compromised",
    Code.ORIGIN_NOT_ALLOWED: "this is another log than those of your policy: ask its "
    "holder why it exists, before you add its name",
    Code.GENESIS_DIFFERS: "this ledger was begun anew under the same name: ask for the "
    "one that your policy pins",
    Code.ROLE_NOT_ALLOWED: "a key was granted more than your policy allows: read what "
    "it signed before you widen the role",
    Code.NOT_TIMED: "ask the operator to have the newest checkpoint stamped, and for "
    "the file with the stamp in it; to read time stamps, install "
    "tuneledger[timestamps]",
    Code.NOT_WITNESSED: "ask the witnesses of your policy what they cosigned last: if "
    "they know a larger tree, entries are withheld; else ask for the file with their "
    "lines in it",
    Code.NOT_FRESH: "ask for the ledger as it is today: what happened since the anchor "
    "may be withheld",
    Code.CLOCK_SKEW: "the ledger's clock was ahead when it wrote these entries: do not "
    "rely on its recorded times",
    Code.SUBMISSION_DELAYED: "ask why these statements came late: they may have been "
    "held back until an outcome was known",
    Code.WITNESS_NOT_INDEPENDENT: "a witness that holds a key of this ledger cannot "
    "speak for others: name another one in the policy",
    Code.NO_EARLIER_CHECKPOINT: "nothing to compare with yet: keep the pin store and "
    "verify again when the ledger has grown",
    Code.ROLLED_BACK: "entries that you saw before are gone: ask for the whole ledger, "
    "and keep your pin as evidence",
    Code.FORKED: "the file and your kept checkpoint are of two histories: if both are "
    "under the root that you know, keep both files and the proof, and show them to the "
    "witnesses and to other readers",
}


def next_steps(report: "Report") -> list[str]:
    """Return one line for each kind of thing that is missing."""
    lines = [
        _GIVE.get(finding.code)
        if finding.where == "policy"
        else _NEXT.get(finding.code)
        for finding in [*report.findings, *report.trust]
    ]
    return list(dict.fromkeys(line for line in lines if line))
