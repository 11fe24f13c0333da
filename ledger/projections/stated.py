"""What others state of a training's compute. It is beside every total, and in none.

A vendor's training is estimated from its bill, or as the vendor says. A file's figure
rests on the word of whoever wrote it. Neither is a measurement.
"""

import msgspec

from ledger.events.model import ComputeAttested, HostedRunRecorded


class Hosted(msgspec.Struct, frozen=True):
    """A training in a vendor's house, as `HostedRunRecorded` states it.

    Attributes:
        event_id: that event.
        model_name: what the result is called here.
        vendor: the vendor.
        vendor_base: the vendor's name of what was tuned.
        vendor_model: the vendor's id of the result.
        base_flop: training compute of the base; empty where not known.
        base_flop_source: where that comes from.
        base_systemic_risk: whether the base is a GPAI model with systemic risk.
        objective: what was learnt.
        technique: which weights changed; empty where not stated.
        terms_sha256: digest of the terms in force.
        region: where; empty where not stated.
        tenancy: whether others' jobs shared the machines.
        tokens_billed: tokens on the bill.
        flop: estimated compute; empty where it could not be estimated.
        estimate: how.
    """

    event_id: str
    model_name: str
    vendor: str
    vendor_base: str
    vendor_model: str
    base_flop: str
    base_flop_source: str
    base_systemic_risk: bool
    objective: str
    technique: str
    terms_sha256: str
    region: str
    tenancy: str
    tokens_billed: int
    flop: str
    estimate: str


class Attested(msgspec.Struct, frozen=True):
    """A file's figure, as `ComputeAttested` states it.

    Attributes:
        event_id: that event.
        model_name: the model that resulted.
        trained_run: the run of this ledger that it is about; empty for none.
        source: what wrote the file.
        file_sha256: its digest.
        flop: as stated.
        recomputed: by the writer's own formula; empty where not.
        steps: as stated; empty where not.
        tokens: as stated; empty where not.
    """

    event_id: str
    model_name: str
    trained_run: str
    source: str
    file_sha256: str
    flop: str
    recomputed: str
    steps: str
    tokens: str


def hosted_of(event: HostedRunRecorded, event_id: str) -> Hosted:
    """What an event states of a vendor's training."""
    fields = (name for name in Hosted.__struct_fields__ if name != "event_id")
    return Hosted(event_id, *(getattr(event, name) for name in fields))


def attested_of(event: ComputeAttested, event_id: str) -> Attested:
    """What an event states of a file's figure."""
    fields = (name for name in Attested.__struct_fields__ if name != "event_id")
    return Attested(event_id, *(getattr(event, name) for name in fields))
