"""The auditor's half of tuneledger: proves that no event of a ledger was altered.

It is written from docs/spec.md, docs/events.md and docs/policy.md, needs `cryptography`
and, for time stamps, `rfc3161-client`, and shares no code with the writer.

    report = verify("acme.ledger", policy=load_policy("trust.toml"))
    print(report.as_text())
    raise SystemExit(report.exit_code)
"""

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from verifier.findings import Code, Finding, Violation
from verifier.history.engine import read_ledger
from verifier.history.resume import StateFile
from verifier.history.walk import Walk
from verifier.report.verdict import EXIT_OK, LEVELS, Report
from verifier.store.file import open_ledger
from verifier.store.lookup import claimed_origin
from verifier.store.storage import DAMAGED, LedgerFile, UnreadableLedgerError
from verifier.summary import summarise
from verifier.trust.demand import Demand, make_demand
from verifier.trust.pin import Pin, RootKeyError, parse_pins
from verifier.trust.pin_store import Kept, PinStore, PinStoreError
from verifier.trust.policy import PolicyError, TrustPolicy, load_policy
from verifier.verdict import Covers, Reader, reach_verdict

__all__ = [
    "Code",
    "Finding",
    "PinStoreError",
    "PolicyError",
    "Report",
    "RootKeyError",
    "TrustPolicy",
    "UnreadableLedgerError",
    "load_policy",
    "verify",
]


def verify(
    path: str | os.PathLike[str],
    *,
    root_keys: Sequence[str] = (),
    root_threshold: int | None = None,
    policy: TrustPolicy | None = None,
    pin: str | os.PathLike[str] | None = None,
    level: int | None = None,
    now_ms: int | None = None,
    full: bool = False,
    jobs: int = 1,
    fork_out: str | os.PathLike[str] | None = None,
    progress: Callable[[int], None] | None = None,
) -> Report:
    """Verify a ledger file, which is not changed.

    Args:
        path: the file.
        root_keys: the root keys that the reader knows from outside the file, as
            vkeys (KEY-3) or as 64 hex digits each.
        root_threshold: the least root threshold of the ledger, 1 to 16; by default the
            policy's, or the number of `root_keys`.
        policy: the reader's trust policy, as `load_policy` gives it.
        pin: folder of the checkpoints kept from earlier verifications; by default the
            policy's. Nothing else is written, but for `fork_out`.
        level: what is asked for, 0 to 4; by default the policy's own, or 1.
        now_ms: the reader's clock, Unix milliseconds; by default the machine's.
        full: whether to judge every entry again, though an earlier verification with
            the same pin store found nothing in it and its bytes did not change.
        jobs: worker processes; a script that asks for more than one needs
            `if __name__ == "__main__":`, since they are spawned.
        fork_out: where the proof of a fork is written; by default beside the pin.
        progress: called after each entry with the number of entries so far.

    Returns:
        The report; `exit_code` is that of docs/spec.md, section 10.

    Raises:
        UnreadableLedgerError: the file cannot be judged (exit code 6).
        RootKeyError: a root key is malformed (exit code 2).
        PinStoreError: the pin store cannot be read or written (exit code 2).
        BrokenProcessPool: a worker process was killed (exit code 70).
        OSError: there is no space for the temporary index (exit code 70).
        ValueError: `level` is not 0 to 4, or `jobs` is less than 1.
    """
    reader = Reader(
        policy=policy,
        pins=_all_pins(root_keys, policy),
        root_threshold=root_threshold or (policy.threshold if policy else None),
        store=Path(pin) if pin is not None else policy.store if policy else None,
        fork_out=None if fork_out is None else Path(fork_out),
        now_ms=time.time_ns() // 1_000_000 if now_ms is None else now_ms,
    )
    demand = make_demand(level, policy, reader.pins)
    report = _begin_report(path, policy, demand)
    with StateFile() as state:
        with open_ledger(path) as file:
            way = _Way(jobs=jobs, state=state, full=full, progress=progress)
            walk, covers = _judge(file, report, demand, reader, way)
            summarise(report, walk, covers, copied=file.copied)
        # Only now is it known that the file stayed the same while it was read.
        if report.exit_code == EXIT_OK:
            state.keep()
    return report


@dataclass(frozen=True, slots=True)
class _Way:
    """How the file is read; it changes no verdict."""

    jobs: int
    state: StateFile
    full: bool
    progress: Callable[[int], None] | None


def _begin_report(
    path: str | os.PathLike[str], policy: TrustPolicy | None, demand: Demand
) -> Report:
    """Return a report in which nothing is answered yet."""
    report = Report(path=os.fspath(path), level_asked=demand.level)
    report.levels |= dict.fromkeys(demand.asked, "no")  # until each is answered
    report.waived = tuple(name for name in LEVELS if name in demand.waived)
    if policy is not None:
        report.policy = {"path": policy.path, "sha256": policy.sha256}
    return report


def _judge(
    file: LedgerFile, report: Report, demand: Demand, reader: Reader, way: _Way
) -> tuple[Walk | None, Covers]:
    """Make the pass and answer the levels; a damaged file is a finding.

    Raises:
        PinStoreError: the pin store cannot be read or written.
    """
    for finding in file.findings(structure=False):
        report.findings.add(finding)
    if len(report.findings):
        return None, Covers()
    try:
        return _read_and_judge(file, report, demand, reader, way)
    except DAMAGED as error:
        violation = Violation(
            Code.FILE_INTEGRITY, "STO-2", expected="readable rows", found=error
        )
        report.findings.add(violation.at("file"))
        return None, Covers()


def _read_and_judge(
    file: LedgerFile, report: Report, demand: Demand, reader: Reader, way: _Way
) -> tuple[Walk | None, Covers]:
    """Make the pass and answer the levels.

    Raises:
        PinStoreError: the pin store cannot be read or written.
        DAMAGED: the file is damaged.
    """
    way.state.path, kept = _kept_before(reader.store, file)
    walk = read_ledger(
        file,
        report,
        jobs=way.jobs,
        state=way.state,
        full=way.full,
        now_ms=reader.now_ms,
        watch=() if kept is None else (kept.size,),
        progress=way.progress,
    )
    if walk is None:
        return None, Covers()
    return walk, reach_verdict(report, demand, reader, file, walk, kept)


def _all_pins(root_keys: Sequence[str], policy: TrustPolicy | None) -> tuple[Pin, ...]:
    """Return the root keys of both, each once."""
    return tuple(
        dict.fromkeys([*parse_pins(root_keys), *(policy.pins if policy else ())])
    )


def _kept_before(
    folder: Path | None, file: LedgerFile
) -> tuple[Path | None, Kept | None]:
    """Return where an earlier pass left its state, and the kept checkpoint.

    Raises:
        PinStoreError: the pin store cannot be used: better known before a long pass.
        DAMAGED: the file is damaged.
    """
    if folder is None:
        return None, None
    store, origin = PinStore(folder), claimed_origin(file)
    store.prepare()
    return store.path(origin, "state"), store.load(origin)
