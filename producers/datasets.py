"""Datasets: what their keeper says of them, and what became of their records.

A module of the composition, as `producers.wiring` is.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from ledger.errors import InputError
from ledger.events.ingest import (
    Classification,
    ConsentReview,
    DatasetClassified,
    DatasetRead,
    PersonalData,
    RecordDecided,
)
from ledger.log.ledger import Ledger
from ledger.vault.datasets import Datasets
from ledger.vault.vault import Vault
from ledger.workspace.workspace import Workspace
from producers.ingest.sources import Mapping, SourceFormat


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """What the keeper of a dataset says of it.

    Attributes:
        classification: who may see it.
        personal_data: what it holds of persons.
        consent_review: whether somebody checked that its use is allowed.
        review_document: the review's own text; empty where there is none.
    """

    classification: Classification
    personal_data: PersonalData
    consent_review: ConsentReview
    review_document: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A dataset as it stands.

    Attributes:
        name: its name, from the vault.
        classified: the newest classification.
        read: its newest reading to the end; None where there was none.
    """

    name: str
    classified: DatasetClassified
    read: DatasetRead | None


def classify(
    workspace: Workspace,
    name: str,
    stated: Stated,
    *,
    kind: SourceFormat,
    mapping: Mapping | None = None,
) -> DatasetClassified:
    """Register a dataset, or classify it anew.

    Raises:
        InputError: the name or the document is refused, or a review is called done
            that nothing is said about.
    """
    if stated.personal_data == "special_category":
        _check_reviewed(stated)
    datasets = _datasets(workspace)
    dataset_id = datasets.register(name)
    event = DatasetClassified(
        dataset_id=dataset_id,
        format=kind,
        mapping_sha256=_keep(workspace, mapping),
        classification=stated.classification,
        personal_data=stated.personal_data,
        consent_review=stated.consent_review,
        review_commitment=datasets.keep_review(dataset_id, stated.review_document),
    )
    _append(workspace, event)
    return event


def for_reading(
    workspace: Workspace, name: str, *, kind: SourceFormat, mapping: Mapping | None
) -> DatasetClassified:
    """The newest classification of a dataset, with the format that is read now.

    Raises:
        InputError: it was never classified.
    """
    newest = classified(workspace.ledger, workspace.vault, name)
    digest = _keep(workspace, mapping)
    if (newest.format, newest.mapping_sha256) == (kind, digest):
        return newest
    event = DatasetClassified(
        dataset_id=newest.dataset_id,
        format=kind,
        mapping_sha256=digest,
        classification=newest.classification,
        personal_data=newest.personal_data,
        consent_review=newest.consent_review,
        review_commitment=newest.review_commitment,
    )
    _append(workspace, event)
    return event


def classified(ledger: Ledger, vault: Vault, name: str) -> DatasetClassified:
    """The newest classification of a dataset.

    Raises:
        InputError: it was never classified.
    """
    newest = _newest(ledger).get(Datasets(vault).find(name))
    if newest is None:
        message = (
            "dataset: expected one that was classified, found another name; run "
            "dataset classify first"
        )
        raise InputError(message)
    return newest


def note_read(workspace: Workspace, dataset_id: str, *, unreadable: int) -> None:
    """Record that a dataset was read to its end."""
    found: Counter[str] = Counter(
        event.decision
        for event in _events(workspace.ledger)
        if isinstance(event, RecordDecided) and event.dataset_id == dataset_id
    )
    _append(
        workspace,
        DatasetRead(
            dataset_id=dataset_id,
            accepted=found["accepted"],
            pending=found["pending"],
            blocked=found["blocked"],
            unreadable=unreadable,
        ),
    )


def listed(workspace: Workspace) -> list[Listed]:
    """Every dataset, oldest first."""
    newest, read = _newest(workspace.ledger), {}
    for event in _events(workspace.ledger):
        if isinstance(event, DatasetRead):
            read[event.dataset_id] = event
    return [
        Listed(name=name, classified=newest[one], read=read.get(one))
        for one, name in _datasets(workspace).names().items()
    ]


def shown(workspace: Workspace, name: str) -> Listed:
    """One dataset.

    Raises:
        InputError: it was never classified.
    """
    wanted = classified(workspace.ledger, workspace.vault, name).dataset_id
    return next(one for one in listed(workspace) if one.classified.dataset_id == wanted)


def _newest(ledger: Ledger) -> dict[str, DatasetClassified]:
    return {
        event.dataset_id: event
        for event in _events(ledger)
        if isinstance(event, DatasetClassified)
    }


def _events(ledger: Ledger) -> Iterator[object]:
    return (one.event for one in ledger.events(stream="ingest"))


def _append(workspace: Workspace, event: DatasetClassified | DatasetRead) -> None:
    workspace.ledger.append([event], stream="ingest")
    workspace.follow()


def _keep(workspace: Workspace, mapping: Mapping | None) -> str:
    """Keep the exact bytes of a mapping; its digest, empty where there is none."""
    return workspace.evidence.put(mapping.content) if mapping else ""


def _datasets(workspace: Workspace) -> Datasets:
    return Datasets(workspace.vault, random_bytes=workspace.random_bytes)


def _check_reviewed(stated: Stated) -> None:
    """Special categories need a ground of Article 9(2), so somebody's review.

    Source: Regulation (EU) 2016/679, Article 9(2).
    """
    if stated.consent_review == "not_needed":
        message = (
            "dataset: expected consent_review pending or done for special_category, "
            "found not_needed"
        )
        raise InputError(message)
