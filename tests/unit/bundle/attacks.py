"""What attackers do to a bundle, and what the auditor sees."""

import base64
import dataclasses
import hashlib
import json

from ledger.export.bundle import bundle_files
from ledger.export.canonical import canonical_json
from ledger.export.dsse import sign_envelope
from ledger.export.run import read_run
from ledger.export.statement import PAYLOAD_TYPE
from ledger.format.checkpoint import Checkpoint, parse_checkpoint
from ledger.format.entry import entry_leaf, parse_entry
from ledger.format.submission import events_root, parse_submission
from ledger.format.tree import root_hash
from ledger.keys.files import SigningKey, load_key
from tests.unit.bundle.samples import RUN_ID
from verifier.bundle.verify import verify_bundle

NAMES = ["SHA256SUMS", "checkpoint", "receipts.json", "statement.dsse.json"]


def found(folder, root_keys):
    """Code and rule of the first finding, and the exit code."""
    report = verify_bundle(folder, root_keys=root_keys)
    first = report.findings[0] if report.findings else None
    return (first and first.code, first and first.rule, report.exit_code)


def read_json(path):
    return json.loads(path.read_bytes())


def read_payload(folder):
    envelope = read_json(folder / "statement.dsse.json")
    return json.loads(base64.b64decode(envelope["payload"]))


def edit_envelope(folder, edit):
    """Change the envelope in its one spelling, and sign nothing."""
    path = folder / "statement.dsse.json"
    envelope = read_json(path)
    edit(envelope)
    path.write_bytes(canonical_json(envelope))


def edit_receipts(folder, edit):
    """Change receipts.json in its one spelling."""
    value = read_json(folder / "receipts.json")
    edit(value["receipts"])
    (folder / "receipts.json").write_bytes(canonical_json(value))


def resign(folder, key, edit=lambda statement: None):
    """Make sums, subjects and signature fit again, as a holder of the ci key can."""
    sums = "".join(
        f"{_sha256(folder / name)}  {name}\n"
        for name in ("checkpoint", "receipts.json")
    )
    (folder / "SHA256SUMS").write_text(sums)
    statement = read_payload(folder)
    for subject in statement["subject"]:
        if (folder / subject["name"]).exists():
            subject["digest"]["sha256"] = _sha256(folder / subject["name"])
    edit(statement)
    envelope = sign_envelope(PAYLOAD_TYPE, canonical_json(statement), key)
    (folder / "statement.dsse.json").write_bytes(envelope)


def read(workspace):
    """The run as the writer reads it, totals unchecked."""
    with workspace.open() as ledger:
        return read_run(ledger, RUN_ID)


def rewrite(workspace, run, place, *, signer="trainer", lines=None, **changes):
    """The run with one entry replaced, as an operator who holds every key can.

    The submission is signed again, and so is the checkpoint over the new tree. `place`
    is a number among the entries of the run, or of the key entries where the signer is
    root. `changes` are fields of the submission, or `seq` of the entry.
    """
    group = "key_entries" if signer == "root" else "run_entries"
    entries = list(getattr(run, group))
    shown = entries[place]
    old = parse_entry(shown.entry)
    lines = shown.event_lines if lines is None else lines
    key = signer if isinstance(signer, SigningKey) else _key(workspace, signer)
    seq = changes.pop("seq", shown.seq)
    text = dataclasses.replace(
        parse_submission(old.submission)[0],
        **{"events": len(lines), "events_root": events_root(lines)} | changes,
    )
    note = key.sign_note(text.encode())
    entry = dataclasses.replace(old, seq=seq, submission=note).encode()
    entries[place] = dataclasses.replace(
        shown, entry=entry, event_lines=lines, shown=list(range(len(lines)))
    )
    leaves = list(run.leaves)
    leaves[shown.seq] = entry_leaf(entry)
    return _under_new_checkpoint(
        workspace, dataclasses.replace(run, **{group: entries}), leaves
    )


def publish(workspace, run, out):
    """Write the bundle of a run that was read or rewritten."""
    out.mkdir()
    for name, content in bundle_files(run, workspace.ci_key).items():
        (out / name).write_bytes(content)
    return out


def _under_new_checkpoint(workspace, run, leaves):
    """The run under a checkpoint that the log key signs over these leaves."""
    origin = run.checkpoint.origin
    text = Checkpoint(origin=origin, size=len(leaves), root=root_hash(leaves)).encode()
    note = _key(workspace, "log").sign_note(text)
    checkpoint, _ = parse_checkpoint(note)
    return dataclasses.replace(
        run, leaves=leaves, checkpoint=checkpoint, checkpoint_note=note
    )


def _key(workspace, role):
    name = workspace.origin if role == "log" else f"{workspace.origin}/{role}"
    return load_key(workspace.folder / "keys", role, name, None)


def _sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()
