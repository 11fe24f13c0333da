"""What serves: publish a manifest, follow an erasure with one, open what one names.

A module of the composition, as `producers.wiring` is.
"""

# ruff: noqa: PLC0415 (the tensor library takes a second to load)
import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from ledger.erasing.served import Offer, ServingBook
from ledger.errors import ErasedError, GateError, InputError, KeyTrustError
from ledger.events.model import ManifestPublished
from ledger.projections.serving import Served
from ledger.vault.probe_texts import ProbeTexts
from ledger.workspace.workspace import Workspace
from producers.erasing.ports import Republish
from producers.evaluation.texts import check_held_out
from producers.exporting import needs_train_extra, settings_of, weight_store
from producers.ports import Progress
from producers.serving.manifest import PPM_PER_NAT, Merged, Reason, make_manifest
from producers.training.base_files import base_files

if TYPE_CHECKING:
    from producers.serving.ensemble import Ensemble, Parts


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """What a merged adapter must pass.

    Attributes:
        held_out: a text that nothing was trained on.
        worst: most by which its loss may be above the average's, 10^-6 nat a token.
    """

    held_out: bytes
    worst: int


def publish(
    workspace: Workspace, run_id: str = "", *, gate: Gate | None, progress: Progress
) -> ManifestPublished:
    """Let the weights of a finished run serve.

    Args:
        workspace: whose run.
        run_id: the run; what every shard serves by now, where it is empty.
        gate: merge the adapters, if they pass it; None averages their probabilities.
        progress: told what was measured.

    Raises:
        ErasedError: an erasure, a deletion or a restriction stands against the weights.
        GateError: the merged adapter is worse than its gate allows; nothing was
            written.
        InputError: there is no such run, nothing to merge, or no text to measure it on.
        LockedError: a training is running.
    """
    if gate is not None:
        check_held_out(gate.held_out)
    with workspace.exclusive("train"):
        book = ServingBook(workspace)
        offer = book.offer(run_id)
        if not offer.adapters:
            message = "expected weights that may serve, found none: run retrain"
            raise InputError(message)
        book.check_may_serve(offer.map_id, offer.base_sha256, offer.adapters)
        if gate is None:
            return _append(workspace, book, offer, "requested")
        content, merged = _merged(workspace, book, offer, gate, progress)
        weights = weight_store(workspace)
        is_known = merged.sha256 in weights.list()
        weights.put(content)
        try:
            return _append(workspace, book, offer, "requested", merged)
        except BaseException:
            # Weights that no event names would escape every later erasure.
            if not is_known:
                weights.delete(merged.sha256)
            raise


def republisher(workspace: Workspace, progress: Progress) -> Republish:
    """What lets manifests follow an erasure; again, it does nothing."""

    def republish(erasure_id: str, reason: Literal["erased", "retrained"]) -> None:
        book = ServingBook(workspace)
        for offer in list(book.followed(erasure_id, reason)):
            try:
                _append(workspace, book, offer, reason)
            except (ErasedError, KeyTrustError) as error:
                # An erasure waits for nobody, nor for another that is not planned yet
                # and publishes after it; what served is fenced in any case.
                progress(f"model {offer.model_name}: no new manifest: {error}")
            else:
                progress(f"model {offer.model_name}: manifest published ({reason})")

    return republish


def open_served(
    workspace: Workspace, model_name: str = ""
) -> "tuple[Served, Ensemble]":
    """What the newest manifest names, in memory, ready to answer.

    Args:
        workspace: whose models.
        model_name: the model; the one published last, where it is empty.

    Raises:
        ErasedError: the manifest is fenced; the message says what to run.
        InputError: there is no manifest, or its weights are not here or of a trainer
            outside.
    """
    with needs_train_extra():
        from producers.serving.ensemble import open_ensemble

    book = ServingBook(workspace)
    name, served = book.newest(model_name)
    book.check(served)
    named = [served.merged_sha256] if served.merged_sha256 else None
    offer = Offer(
        model_name=name,
        map_id=served.map_id,
        base_sha256=served.base_sha256,
        adapters=served.adapters,
    )
    model = open_ensemble(parts_of(workspace, book, offer, named))
    # An erasure may have come while they were read, and waits for no reader.
    book.check(served)
    return served, model


def _append(
    workspace: Workspace,
    book: ServingBook,
    offer: Offer,
    reason: Reason,
    merged: Merged | None = None,
) -> ManifestPublished:
    before = book.all().get(offer.model_name)
    event = make_manifest(
        manifest_id=workspace.random_bytes(16).hex(),
        replaces="" if before is None else before.manifest_id,
        reason=reason,
        model_name=offer.model_name,
        map_id=offer.map_id,
        base_sha256=offer.base_sha256,
        adapters=offer.adapters,
        merged=merged,
    )
    book.publish(event)
    return event


def _merged(
    workspace: Workspace,
    book: ServingBook,
    offer: Offer,
    gate: Gate,
    progress: Progress,
) -> tuple[bytes, Merged]:
    """The merged adapter's bytes, and what was measured.

    Raises:
        GateError: it is worse than `gate` allows.
        InputError: there is nothing to merge.
    """
    with needs_train_extra():
        from producers.evaluation.held_out import held_out_loss
        from producers.serving.ensemble import open_ensemble
        from producers.serving.merge import merge
    from producers.training.weights import decode_tensors, encode_tensors

    parts = parts_of(workspace, book, offer)
    if parts.settings.lora is None or len(parts.adapters) < 2:
        message = f"merge: expected two adapters or more, found {len(parts.adapters)}"
        raise InputError(message)
    content = encode_tensors(merge([decode_tensors(one) for one in parts.adapters]))
    losses = [
        round(held_out_loss(open_ensemble(one).asked(), gate.held_out) * PPM_PER_NAT)
        for one in (parts, replace(parts, adapters=[content]))
    ]
    average, merged = losses
    progress(
        f"held-out loss, nats a token: averaged {average / PPM_PER_NAT:.6f}, merged "
        f"{merged / PPM_PER_NAT:.6f}"
    )
    if merged > average + gate.worst:
        message = (
            f"merged adapter not published: expected at most "
            f"{(average + gate.worst) / PPM_PER_NAT:.6f} nats a token, found "
            f"{merged / PPM_PER_NAT:.6f}; publish without --merged"
        )
        raise GateError(message)
    return content, Merged(
        sha256=hashlib.sha256(content).hexdigest(),
        data_commitment=ProbeTexts(workspace.vault).commit(gate.held_out),
        loss_average=average,
        loss_merged=merged,
        gate=gate.worst,
    )


def parts_of(
    workspace: Workspace,
    book: ServingBook,
    offer: Offer,
    named: list[str] | None = None,
) -> "Parts":
    """What is offered, decrypted, or other adapters of it that are `named`.

    Raises:
        InputError: weights are not here, of a trainer outside, or trained alike in no
            way that could be put together.
    """
    from producers.serving.ensemble import Parts

    made_by = book.made_by()
    # Without adapters the base alone says how it is built.
    of = list(dict.fromkeys(offer.adapters.values())) or [offer.base_sha256]
    first, *others = [settings_of(workspace, made_by[one]) for one in of]
    for other in others:
        if (other.architecture, other.lora) != (first.architecture, first.lora):
            message = "adapters: expected one architecture and one lora, found several"
            raise InputError(message)
    weights = weight_store(workspace, is_writer=False)
    adapters = list(offer.adapters.values()) if named is None else named
    # A model without a base is its only weights.
    base = offer.base_sha256 or adapters.pop()
    return Parts(
        settings=first,
        files=base_files(first, workspace.evidence.get),
        base=weights.get(base),
        adapters=[weights.get(one) for one in adapters],
    )
