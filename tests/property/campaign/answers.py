"""The five answers on a ledger, from the small judge and what an auditor holds."""

import base64
from dataclasses import dataclass

from tests.property.campaign.reference import (
    ENTRY,
    LINE,
    BrokenError,
    is_signed,
    judge_rows,
    key_id,
    require,
)
from tests.simulator import leaf, tree_root


@dataclass(frozen=True)
class Trust:
    """What the campaign's auditor knows.

    Attributes:
        roots: pinned root keys.
        witnesses: name and key of each; two of them make the quorum.
        stamps: of each token: note, time, and whether it is as the authority gave it.
        kept: size and root of the kept checkpoint.
        now_ms: the auditor's clock.
        age_ms_max: how old stamps and cosignatures may be.
        skew_ms_max: how far the ledger's clock may be ahead of an anchor.
    """

    roots: frozenset[bytes]
    witnesses: tuple[tuple[str, bytes], ...]
    stamps: dict[bytes, tuple[bytes, int, bool]]
    kept: tuple[int, bytes] | None
    now_ms: int
    age_ms_max: int = 24 * 3_600_000
    skew_ms_max: int = 300_000


@dataclass(frozen=True)
class Answers:
    """The five answers, and the verdict that they make."""

    consistent: bool
    authentic: bool = False
    timed: bool = False
    witnessed: bool = False
    continuous: bool = False
    contradicted: bool = False

    @property
    def verdict(self) -> str:
        if not self.consistent or self.contradicted:
            return "BROKEN"
        above = (self.authentic, self.timed, self.witnessed, self.continuous)
        return f"L{([*above, False]).index(False)}"

    def as_levels(self) -> dict[str, str]:
        """The five answers in the reader's words."""
        names = ("consistent", "authentic", "timed", "witnessed", "continuous")
        return {name: "yes" if getattr(self, name) else "no" for name in names}


def judge_all(rows, checkpoints, anchors, trust: Trust) -> Answers:
    """The answers on a ledger for an auditor."""
    try:
        book = judge_rows(rows, checkpoints)
        require(all(size in checkpoints for size, _ in anchors.cosignatures), "ANC-2")
        require(all(size in checkpoints for size, _ in anchors.timestamps), "ANC-2")
        stamped = [stamp_time(row, checkpoints, trust) for row in anchors.timestamps]
        cosigned = [cosigner(row, checkpoints, trust) for row in anchors.cosignatures]
    except (BrokenError, ValueError, KeyError, UnicodeDecodeError):
        return Answers(consistent=False)
    leaves = [leaf(entry) for entry, _ in rows]
    clocks = [int(ENTRY.fullmatch(entry)[4]) for entry, _ in rows]
    authentic = {key for _, key in book.roots} == trust.roots
    size = len(rows)

    def runs_ahead(anchors: list[tuple[int, int | None]]) -> bool:
        """Whether an entry was recorded after something that covers it (VER-3)."""
        return any(at and clocks[s - 1] > at + trust.skew_ms_max for s, at in anchors)

    def fresh(times: list[int]) -> bool:
        return any(trust.now_ms - at <= trust.age_ms_max for at in times)

    newest: dict[str, int] = {}
    for at_size, name, at in cosigned:
        if at_size == size and at is not None:
            newest[name] = max(newest.get(name, 0), at)
    second = sorted(newest.values())[-2:-1]
    early = runs_ahead([(s, at) for s, _, at in cosigned])
    kept = trust.kept
    follows = kept is not None and tree_root(leaves[: kept[0]]) == kept[1]
    return Answers(
        consistent=True,
        authentic=authentic,
        timed=not runs_ahead(stamped)
        and fresh([at for s, at in stamped if s == size and at]),
        witnessed=not early and fresh(second),
        # A stranger's ledger under this name contradicts nothing that the log said.
        continuous=authentic and follows,
        contradicted=authentic and kept is not None and not follows,
    )


def stamp_time(row, checkpoints, trust: Trust) -> tuple[int, int | None]:
    """Size and time of a token; no time for one that the authority never gave."""
    size, token = row
    if token not in trust.stamps:
        return size, None
    note, at_ms, as_given = trust.stamps[token]
    fits = note == checkpoints[size]
    require(fits or not as_given, "ANC-4")
    return size, at_ms if fits else None


def cosigner(row, checkpoints, trust: Trust) -> tuple[int, str, int | None]:
    """Size, witness and time of a line; no time for one of somebody unknown."""
    size, line = row
    match = LINE.fullmatch(line)
    require(match, "ANC-3")
    raw = base64.b64decode(match[2])
    require(base64.b64encode(raw) == match[2] and len(raw) == 76, "ANC-3")
    name, at = match[1].decode(), int.from_bytes(raw[4:12], "big")
    for known, public in trust.witnesses:
        if (name, raw[:4]) == (known, key_id(known, public, b"\x04")):
            text = checkpoints[size].partition(b"\n\n")[0] + b"\n"
            message = f"cosignature/v1\ntime {at}\n".encode() + text
            require(is_signed(public, raw[12:], message), "ANC-3")
            return size, name, at * 1000
    return size, name, None
