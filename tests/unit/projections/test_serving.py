"""What serves, and why something may serve no more."""

from msgspec.structs import replace

from ledger.events.erasure_request import ErasureRestricted, RestrictionLifted
from ledger.events.model import ManifestPublished
from ledger.events.training_saved import Adapter
from ledger.projections import rebuild
from ledger.projections.serving import fenced

from .builders import (
    assigned,
    declared,
    digest,
    erased,
    ident,
    planned,
    record,
    requested,
    rolled_back,
    saved,
    started,
    weights_deleted,
)


def published(name="manifest", *, weights="top", merged="", model="acme"):
    """A manifest of one shard."""
    amount = "1" if merged else ""
    return ManifestPublished(
        manifest_id=ident(name),
        replaces="",
        reason="requested",
        model_name=model,
        map_id=ident("map"),
        base_sha256=digest("base"),
        rule="merged" if merged else "probability_average",
        adapters=[Adapter(shard=0, weights_sha256=digest(weights))],
        merged_sha256=digest(merged) if merged else "",
        data_commitment=digest("text") if merged else "",
        loss_average=amount,
        loss_merged=amount,
        gate=amount,
    )


TRAINED = [
    declared(),
    assigned("old", slice_=0),
    assigned("new", slice_=1),
    started(map_id=ident("map"), shards=[0], slices=2),
    saved(slice_=0, weights="clean"),
    saved(slice_=1, weights="top"),
]
RESTRICTED = [
    requested(),
    ErasureRestricted(erasure_id=ident("erasure"), cause="legal_claims"),
    rolled_back(weights="clean"),
]


def why(*events, model="acme"):
    """Why the newest manifest of a name may not be obeyed."""
    states = rebuild(record([*TRAINED, *events]))
    served = states["serving"].manifests[model]
    found = fenced(states["serving"], states["shards"], states["erasures"], served)
    return [(one.shard, one.reason) for one in found]


def test_the_newest_manifest_of_a_name_counts():
    """Each name has its own."""
    state = rebuild(record([published("a"), published("b"), published(model="other")]))

    names = {name: one.manifest_id for name, one in state["serving"].manifests.items()}
    assert {"acme": ident("b"), "other": ident("manifest")} == names


def test_weights_that_nothing_stands_against_serve():
    """That is the plain case."""
    assert [] == why(published())


def test_an_erasure_fences_what_saw_the_record():
    """The slice of the record and those above; not the ones below."""
    erasure = [requested(), planned(), erased("new")]

    assert [(0, "erased")] == why(published(), *erasure)
    assert [] == why(published(weights="clean"), *erasure)


def test_deleted_weights_serve_no_more():
    """Whatever they were deleted for."""
    gone = [requested(), planned(), weights_deleted("top")]

    assert [(0, "deleted")] == why(published(), *gone)


def test_a_deleted_base_fences_the_whole():
    """It has no shard."""
    gone = [requested(), planned(), weights_deleted("base")]

    assert [(None, "deleted")] == why(published(), *gone)


def test_a_deleted_merged_adapter_fences_the_whole():
    """Its parts alone do not make it serve."""
    gone = [requested(), planned(), weights_deleted("sum")]

    assert [(None, "deleted")] == why(published(merged="sum"), *gone)


def test_a_restriction_fences_what_is_above_its_slice():
    """What the shard was rolled back to may serve."""
    assert [(0, "restricted")] == why(published(), *RESTRICTED)
    assert [] == why(published(weights="clean"), *RESTRICTED)


def test_a_restriction_without_anything_clean_fences_all():
    """Then no slice of the shard may serve."""
    nothing = replace(rolled_back(), weights_sha256="")
    restricted = [*RESTRICTED[:2], nothing]

    assert [(0, "restricted")] == why(published(weights="clean"), *restricted)


def test_the_lower_of_two_restrictions_counts():
    """A second one that rolls back less does not free what the first keeps back."""
    second = [
        requested("second"),
        ErasureRestricted(erasure_id=ident("second"), cause="legal_claims"),
        rolled_back(weights="top", erasure="second"),
    ]

    assert [(0, "restricted")] == why(published(), *RESTRICTED, *second)


def test_a_lifted_restriction_fences_nothing():
    """The records may be used again."""
    lifted = RestrictionLifted(
        erasure_id=ident("erasure"), notice_commitment=digest("letter")
    )

    assert [] == why(published(), *RESTRICTED, lifted)


def test_merged_weights_are_known_until_they_are_deleted():
    """So that an erasure of a part can delete them, whatever serves by then."""
    events = [published(merged="sum"), published("later"), requested(), planned()]
    kept = rebuild(record(events))["serving"].merged
    gone = rebuild(record([*events, weights_deleted("sum")]))["serving"].merged

    assert {digest("sum"): [digest("top")]} == kept
    assert {} == gone
