"""Verify a bundle offline: the artefact of a CI job (docs/bundle.md).

report = verify_bundle(Path("artifacts/run"), root_keys=["example.org/acme/root+..."])
print(report.as_text(), end="")
sys.exit(report.exit_code)
"""

from collections.abc import Sequence
from pathlib import Path

from verifier.bundle.chain import Chain
from verifier.bundle.files import (
    CHECKPOINT,
    LIMITS,
    RECEIPTS,
    STATEMENT,
    SUMS,
    UnreadableError,
    check_sums,
    hash_model,
    read_files,
)
from verifier.bundle.findings import (
    BundleCode,
    BundleFinding,
    BundleViolation,
    placed,
)
from verifier.bundle.receipts import parse_receipts
from verifier.bundle.report import BundleReport
from verifier.bundle.run import Run, check_run
from verifier.bundle.statement import check_signed, check_statement
from verifier.findings import Code, Violation, shown
from verifier.format.checkpoint import parse_checkpoint
from verifier.keys.authority import UnknownSignerError, check_checkpoint
from verifier.trust.pin import Pin, check_pins, parse_pins


def verify_bundle(
    folder: Path,
    *,
    root_keys: Sequence[str] = (),
    root_threshold: int | None = None,
    models: Path | None = None,
) -> BundleReport:
    """Check every rule of docs/bundle.md; what is malformed becomes a finding.

    Args:
        folder: the bundle.
        root_keys: root keys that the reader holds from outside the bundle, as vkeys or
            64 hex digits.
        root_threshold: the least root threshold of the ledger; by default the number of
            `root_keys`.
        models: a folder with `<sha256>.safetensors` for each adapter, or None to leave
            the adapters' bytes unchecked.

    Raises:
        RootKeyError: a text in `root_keys` is malformed or a weak key.
    """
    pins = parse_pins(root_keys)
    report = BundleReport(path=str(folder))
    try:
        _verify(report, folder, pins, models, root_threshold)
    except UnreadableError as error:
        report.unreadable = shown(error)
    return report


def _verify(
    report: BundleReport,
    folder: Path,
    pins: Sequence[Pin],
    models: Path | None,
    root_threshold: int | None,
) -> None:
    files, faults = read_files(folder)
    report.findings += faults
    if len(files) < len(LIMITS):
        report.not_checked.append("what the files say: one of them is missing")
        return
    try:
        check_sums(files)
        report.checked.append("4 files, 2 of them by SHA256SUMS")
        chain = _read_chain(files)
        _describe_ledger(report, chain)
        envelope = check_signed(files[STATEMENT], chain)
        run = check_run(chain.run_events)
        check_statement(envelope, files=files, chain=chain, run=run)
    except BundleViolation as broken:
        report.findings.append(broken.finding)
        report.not_checked.append("everything after the first bad place")
        return
    except UnknownSignerError:
        report.incomplete.append("a signature by a key that this reader may not know")
        return
    _describe_run(report, chain, run)
    _check_root(report, chain, pins, root_threshold)
    _check_compromised(report, chain)
    _check_models(report, run, models)
    if chain.unknown:
        report.incomplete.append(
            f"{chain.unknown} events of types unknown to this reader"
        )
    report.complete = True


def _read_chain(files: dict[str, bytes]) -> Chain:
    """Check the receipts against the checkpoint, then who signed the checkpoint."""
    with placed(CHECKPOINT):
        checkpoint = parse_checkpoint(files[CHECKPOINT])
    chain = Chain(checkpoint)
    for receipt in parse_receipts(files[RECEIPTS]):
        chain.take(receipt)
    with placed(CHECKPOINT):
        check_checkpoint(checkpoint, checkpoint.size, chain.ring)
    return chain


def _describe_ledger(report: BundleReport, chain: Chain) -> None:
    report.origin = chain.ring.origin
    report.root_keys += [f"{k.name} {k.public_key.hex()}" for k in chain.ring.roots]
    report.checked.append(
        f"checkpoint of size {chain.checkpoint.size}, signed by the log key"
    )


def _describe_run(report: BundleReport, chain: Chain, run: Run) -> None:
    report.run_id = run.started["run_id"].decode()
    events, entries = len(chain.run_events), len(chain.run_entries)
    about = f"{len(run.adapters)} adapters and {CHECKPOINT}, {RECEIPTS}, {SUMS}"
    report.checked += [
        f"{events} events of the run, signed, in {entries} entries of that checkpoint",
        f"{run.batches} batches, without gap, that add up to the run's totals",
        f"statement, signed by a ci key, about {about}",
    ]


def _check_root(
    report: BundleReport, chain: Chain, pins: Sequence[Pin], threshold: int | None
) -> None:
    """Compare the root keys with those that the reader holds (BUN-19)."""
    report.trust += check_pins(pins, chain.ring, chain.founders, threshold=threshold)


def _check_compromised(report: BundleReport, chain: Chain) -> None:
    """Say which signers of the run were declared compromised (BUN-21)."""
    for public_key, signer in chain.signers.items():
        declared = chain.ring.compromised.get(public_key)
        if declared is not None:
            report.trust.append(
                Violation(
                    Code.STATEMENTS_UNTRUSTED,
                    "BUN-21",
                    expected="signers of the run that nobody declared compromised",
                    found=f"{signer.key.name}, in entry {declared.declared_seq}",
                ).at("key")
            )


def _check_models(report: BundleReport, run: Run, models: Path | None) -> None:
    """Compare weight files with the digests of the run's adapters (BUN-20)."""
    if models is None:
        report.not_checked.append("the adapters' bytes: no folder of models was given")
        return
    digests = sorted({digest for _, digest in run.adapters})
    matching = 0
    for digest in digests:
        name = f"{digest}.safetensors"
        found = hash_model(models / name)
        if found is None:
            report.incomplete.append(f"{name} is not in the folder of models")
        elif found == digest:
            matching += 1
        else:
            report.findings.append(
                BundleFinding(BundleCode.MODEL_DIFFERS, name, "BUN-20", digest, found)
            )
    report.checked.append(f"{matching} of {len(digests)} weight files by SHA-256")
