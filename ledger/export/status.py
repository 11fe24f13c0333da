"""What stands, as one document and as lines for a person."""

import contextlib
from pathlib import Path
from typing import Any

import msgspec

from ledger.disk.places import vault_beside
from ledger.errors import InputError
from ledger.export.compute_status import (
    compute_facts,
    compute_lines,
    estimated_lines,
    hosted_line,
)
from ledger.export.erasure_status import erasure_facts, erasure_line
from ledger.export.privacy_status import privacy_facts, privacy_lines
from ledger.log.ledger import Ledger
from ledger.log.moment import Moment, root_then
from ledger.projections import States
from ledger.projections.optout import OptoutState
from ledger.projections.provider_status import ProviderStatus, decide
from ledger.projections.reviewed import waiting_for_review
from ledger.projections.shards import Shard, ShardsState
from ledger.vault.identifiers import mask_identifier
from ledger.vault.vault import Vault

SCHEMA = "tuneledger.status/1"


def status_document(
    ledger: Ledger,
    states: States,
    *,
    moment: Moment,
    pages: dict[str, bytes] | None = None,
) -> dict[str, Any]:
    """The status as plain values; docs/tutorial.md shows one.

    Args:
        ledger: the ledger.
        states: its projections at that moment.
        moment: how many entries count, and the time for what is overdue or has ended.
        pages: `ledger.workspace.scanned.known_pages`.
    """
    optout: OptoutState = states["optout"]
    return {
        "schema": SCHEMA,
        "origin": ledger.origin,
        "entries": moment.size,
        "root": root_then(ledger, moment.size).hex(),
        "scans": {name: one.total for name, one in optout.scans.items()},
        "decisions": {
            name: {"decisions": one.total, "by_reason": one.by_reason}
            for name, one in optout.decisions.items()
        },
        "waiting_for_review": waiting_for_review(optout, moment.at_ms, pages),
        "quarantined": len(optout.quarantined),
        "shards": _shards(states["shards"]),
        "runs": [
            {
                "run_id": run_id,
                "model": run.model_name,
                "objective": run.objective,
                "purpose": run.purpose,
                "status": run.status,
                "tokens": run.tokens,
                "flop": str(run.flop.executed()),
                "started": run.started,
            }
            for run_id, run in states["compute"].runs.items()
        ],
        **compute_facts(states["compute"]),
        **privacy_facts(states),
        "provider_status": _provider(decide(states["compute"])),
        "erasures": [
            erasure_facts(erasure_id, erasure, moment.at_ms)
            for erasure_id, erasure in states["erasures"].erasures.items()
        ],
    }


def shards_document(
    ledger: Ledger, states: States, *, moment: Moment
) -> dict[str, Any]:
    """Every shard of the map in force, with all weights that it ever saved."""
    state: ShardsState = states["shards"]
    current = state.current()
    saved = {} if current is None else current.by_shard
    return {
        "schema": "tuneledger.shards/1",
        "origin": ledger.origin,
        "entries": moment.size,
        "root": root_then(ledger, moment.size).hex(),
        "map_id": state.current_map,
        "slices": 0 if current is None else current.slices,
        "shards": [
            {
                **shard,
                "saved": [msgspec.to_builtins(one) for one in saved[number].saved],
            }
            for number, shard in enumerate(_shards(state))
        ],
    }


def shards_text(document: dict[str, Any]) -> str:
    """The document as lines."""
    lines = [
        f"ledger     {document['origin']}   {document['entries']} entries",
        f"map        {document['map_id'] or 'none declared'}",
    ]
    for shard in document["shards"]:
        lines.append(_shard_line(shard))
        lines += [
            f"  slice {saved['slice']:<3} {saved['weights_sha256'][:16]} generation "
            f"{saved['generation']}, {_counted(saved['records'], 'record')}, event "
            f"{saved['event_id']}{_fate(saved)}"
            for saved in shard["saved"]
        ]
    return "\n".join(lines)


def _fate(saved: dict[str, Any]) -> str:
    """What became of weights, and by which event."""
    tainted, deleted = saved["tainted_by"], saved["deleted_by"]
    return (f", saw records erased by {tainted}" if tainted else "") + (
        f", deleted by {deleted}" if deleted else ""
    )


def _shards(state: ShardsState) -> list[dict[str, Any]]:
    """Each shard of the map in force."""
    current = state.current()
    if current is None:
        return []
    return [
        _shard(number, current.by_shard[number]) for number in sorted(current.by_shard)
    ]


def _shard(number: int, shard: Shard) -> dict[str, Any]:
    newest = shard.saved[-1] if shard.saved else None
    return {
        "shard": number,
        "records": sum(shard.live.values()),
        "records_by_slice": {str(k): count for k, count in sorted(shard.live.items())},
        "generation": shard.generation,
        "tokens_unique": newest.tokens_unique if newest else 0,
        "last_trained": newest.event_id if newest else "",
        "serves": shard.served_sha256,
        "needs_retrain": sorted(shard.needs_retrain.values()),
        "stale_since": shard.stale_since(),
    }


def _provider(status: ProviderStatus) -> dict[str, Any]:
    """The provider status with its rules and the events that it rests on."""
    plain: dict[str, Any] = msgspec.to_builtins(status)
    return plain


def status_text(document: dict[str, Any]) -> str:
    """The document as lines."""
    lines = [
        f"ledger     {document['origin']}   {document['entries']} entries",
        f"scans      {_counts(document['scans'])}",
    ]
    for name, decision in sorted(document["decisions"].items()):
        lines.append(_decision_line(name, decision["decisions"], decision["by_reason"]))
    if document["waiting_for_review"]:
        waiting = len(document["waiting_for_review"])
        wait = "1 scan waits" if waiting == 1 else f"{waiting} scans wait"
        lines.append(f"review     {wait} for a person")
    if document["quarantined"]:
        lines.append(f"quarantine {_counted(document['quarantined'], 'record')}")
    lines += [_shard_line(shard) for shard in document["shards"]]
    lines += [
        f"run        {run['run_id']} {run['objective']}, {run['purpose']}, "
        f"{run['status']}, {run['tokens']} tokens, {float(run['flop']):.3g} FLOP"
        for run in document["runs"]
    ]
    lines += compute_lines(document)
    lines += privacy_lines(document)
    lines += _provider_lines(document["provider_status"])
    lines += [erasure_line(erasure) for erasure in document["erasures"]]
    lines += [
        f"{one['alias']:<10} {one['identifier']}   {_counted(one['records'], 'record')}"
        for one in document.get("subjects", [])
    ]
    return "\n".join(lines)


def _decision_line(name: str, decisions: int, by_reason: dict[str, int]) -> str:
    """A decision; of a record with several reasons the first is counted."""
    count = _counted(decisions, "decision")
    return f"{name:<10} {count} by first reason: {_counts(by_reason)}"


def _counted(count: int, noun: str) -> str:
    """`1 record`, `2 records`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _shard_line(shard: dict[str, Any]) -> str:
    needs, stale = ", ".join(shard["needs_retrain"]), shard["stale_since"]
    return (
        f"shard {shard['shard']:<4} {_counted(shard['records'], 'record')}, "
        f"{_generation(shard['generation'])}, serves "
        f"{shard['serves'][:16] or 'the base alone'}"
        + (f", NEEDS RETRAIN since {needs}" if needs else "")
        + (f", saw a quarantined record since {stale}" if stale else "")
    )


def _generation(number: int | None) -> str:
    return "untrained" if number is None else f"generation {number}"


def _counts(counts: dict[str, int]) -> str:
    """`3 allowed, 2 reserved`, or `none`."""
    return ", ".join(f"{n} {name}" for name, n in sorted(counts.items())) or "none"


def _provider_lines(status: dict[str, Any]) -> list[str]:
    """The one-third rule and the roles, model by model."""
    lines = []
    for model in status["models"]:
        rule = model["lineage"]
        events = ", ".join(one["started"] for one in rule["evidence"])
        lines += [
            (
                f"model      {model['model_name']}: one-third rule {rule['outcome']} "
                f"(limit {rule['limit'] or 'none'}, {rule['limit_basis']}; "
                f"runs started at {events})"
            ),
            (
                f"           GPAI model {model['gpai_model']['outcome']} of 10^23 "
                f"FLOP; provider of a GPAI model: {model['gpai_provider']}"
            ),
        ]
        lines += [
            f"           {role['role']}: {role['indication']}"
            for role in model["roles"]
        ]
        lines += estimated_lines(model)
    lines += [hosted_line(one) for one in status["hosted"]]
    if status["models"] or status["hosted"]:
        version, digest = status["rules_version"], status["rules_sha256"][:16]
        lines.append(
            f"           rules {version} ({digest}); indicative, from non-binding "
            "guidelines; not legal advice"
        )
    return lines


def masked_subjects(path: Path) -> list[dict[str, Any]]:
    """Every subject of a workspace by its local alias, the identifier masked.

    Raises:
        InputError: there is no vault: subjects are known where they were ingested.
        NotALedgerError: `path` is neither a workspace nor a ledger file.
    """
    vault_path = vault_beside(path)
    if not vault_path.exists():
        message = f"subjects: expected the vault {vault_path.name}, found none"
        raise InputError(message)
    with contextlib.closing(Vault(vault_path, is_writable=False)) as vault:
        return [
            {
                "alias": subject.alias,
                "identifier": mask_identifier(subject.name),
                "records": records,
            }
            for subject, records in vault.subjects()
        ]
