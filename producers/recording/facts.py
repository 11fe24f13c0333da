"""What is said of a training before it begins, and the event that says so."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from ledger.events.training import Objective, RunStarted, Technique
from producers.metering.peaks import event_name
from producers.recording.environment import captured, threads_here, torch_version
from producers.recording.secret_names import check_no_secrets

Document = Mapping[str, Any] | bytes
"""A document that is kept or hashed: bytes as they are, or values as JSON."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFacts:
    """What the person who trains states; nothing of it is checked against the training.

    Attributes:
        model_name: name of the model that results.
        objective: what is learnt.
        technique: which weights change.
        base_name: the model that it starts from; its own name where from scratch.
        base_sha256: digest of the starting weights (`weights_manifest`, or of a single
            file); empty where from scratch.
        base_licence: SPDX expression of the base; empty for none.
        base_flop: training compute of the base; None where not known.
        base_flop_source: where `base_flop` comes from, if it is known.
        base_flop_estimable: whether it could be estimated if it is not known.
        base_systemic_risk: whether the base is a GPAI model with systemic risk.
        config: everything that the trainer was given; kept as evidence.
        code_commit: git's name of the training code's commit; empty where not stated.
        environment: versions and the machine; kept as evidence.
        seeds: the seeds, by what they are for; kept as evidence. None where not stated.
        dataset: manifest of what is read, in order. It may name persons, so only its
            digest goes on record: keep the manifest. None where not stated.
        device: the processor or accelerator, by the name that its driver gives.
        data_parallel: replicas of the model.
        tensor_parallel: ways in which matrices are split.
        pipeline_parallel: ways in which layers are split.
    """

    model_name: str
    objective: Objective
    technique: Technique
    base_name: str
    config: Document
    base_sha256: str = ""
    base_licence: str = ""
    base_flop: int | None = None
    base_flop_source: Literal["measured", "declared", "estimated"] = "declared"
    base_flop_estimable: bool = True
    base_systemic_risk: bool = False
    code_commit: str = ""
    environment: Document = field(default_factory=captured)
    seeds: Mapping[str, int] | None = None
    dataset: Document | None = None
    device: str = "cpu"
    data_parallel: int = 1
    tensor_parallel: int = 1
    pipeline_parallel: int = 1

    def evidence(self) -> Sequence[bytes]:
        """The documents to keep.

        Raises:
            InputError: one holds a secret by its name.
        """
        for what in ("config", "environment"):
            check_no_secrets(what, getattr(self, what))
        kept = [as_bytes(self.config), as_bytes(self.environment)]
        return kept if self.seeds is None else [*kept, as_bytes(self.seeds)]


def started(
    facts: RunFacts, run_id: str, *, resumes: str, resumed_from: str
) -> RunStarted:
    """The event that starts a run.

    Args:
        facts: what is stated.
        run_id: the run.
        resumes: the run that it goes on from; empty for none.
        resumed_from: the snapshot that it starts from; empty for none.
    """
    flop = "" if facts.base_flop is None else str(facts.base_flop)
    return RunStarted(
        run_id=run_id,
        objective=facts.objective,
        technique=facts.technique,
        purpose="train",
        erasure_id="",
        model_name=facts.model_name,
        base_name=facts.base_name,
        base_sha256=facts.base_sha256,
        base_licence=facts.base_licence,
        base_flop=flop,
        base_flop_source=facts.base_flop_source if flop else "unknown",
        base_flop_estimable=facts.base_flop_estimable,
        base_systemic_risk=facts.base_systemic_risk,
        map_id="",
        shards=[],
        slices=0,
        generation=0,
        recipe_sha256=_digest(facts.config),
        torch_version=torch_version(),
        threads=threads_here(),
        reexecutable=False,
        code_commit=facts.code_commit,
        environment_sha256=_digest(facts.environment),
        seeds_sha256=_digest(facts.seeds),
        dataset_sha256=_digest(facts.dataset),
        device=event_name(facts.device),
        data_parallel=facts.data_parallel,
        tensor_parallel=facts.tensor_parallel,
        pipeline_parallel=facts.pipeline_parallel,
        resumes_run_id=resumes,
        resumes_sha256=resumed_from,
    )


def as_bytes(document: Document) -> bytes:
    """A document's bytes; values become JSON with sorted keys, without spaces.

    Raises:
        TypeError: a value is none that JSON has.
        ValueError: a number is not finite.
    """
    if isinstance(document, bytes):
        return document
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return text.encode()


def _digest(document: Document | None) -> str:
    """SHA-256 of a document, lowercase hex; empty for none."""
    return "" if document is None else hashlib.sha256(as_bytes(document)).hexdigest()
