"""What a worker and its parent say to each other, over the worker's stdin and stdout.

Both directions are frames: four bytes of length, big endian, then that many bytes. The
parent sends one `Job`, the base weights, the parent adapter, for a base from elsewhere
its configuration and its tokenizer, and every record as frames of their own, and then
keeps the pipe open. The worker answers with messages; a
`SliceDone` is followed by one frame, the weights. So neither text nor weights touch a
file, the environment or the command line.
"""

from typing import Annotated, BinaryIO, Final, Literal

import msgspec
from msgspec import Meta

from ledger.events.training_plan import FAULTS_MAX, SHAPES_MAX, Phase
from producers.training.errors import TrainingError

FRAME_BYTES_MAX: Final = 2**31 - 1
"""Longest frame.

Weights of a base are one frame, and are encrypted as one message. No message of AES-GCM
is longer in the `cryptography` library: some 500 million weights of 32 bits, or 1000
million of 16.
"""

MESSAGE_BYTES_MAX: Final = 2**20
"""Longest message; longer is taken for garbage, as any text is: four letters of it read
as a length of 2^29 and more."""

_COUNT = Annotated[int, Meta(ge=0, le=2**53 - 1)]
_SLICE = Annotated[int, Meta(ge=0, le=255)]


class SliceHeader(msgspec.Struct, frozen=True, kw_only=True):
    """How many of the records that follow belong to a slice, and its seed."""

    records: _COUNT
    seed: Annotated[str, Meta(pattern=r"\A[0-9a-f]{64}\Z")]


class Job(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to train.

    Attributes:
        kind: a base from scratch, or one shard's adapter.
        recipe: canonical JSON.
        plan: what a pass costs, canonical JSON; empty where no pass is counted.
        slice_first: the slice to begin with; those before it only lend records.
        slices: every slice, in order.
    """

    kind: Literal["base", "shard"]
    recipe: str
    plan: str
    slice_first: _SLICE
    slices: Annotated[list[SliceHeader], Meta(min_length=1, max_length=256)]


class Passes(msgspec.Struct, frozen=True, kw_only=True):
    """Passes of one shape in a step, as the meter counted them."""

    phase: Phase
    batch: _COUNT
    sequence: _COUNT
    has_gradient: bool
    forwards: _COUNT
    backwards: _COUNT


class StepDone(msgspec.Struct, frozen=True, kw_only=True, tag="step"):
    """One optimizer step.

    Attributes:
        slice: the slice.
        batch: sequences that the step was on.
        sequence: positions in each.
        loss: in nats a token, before the step.
        sample_rate_ppb: the chance with which each row was drawn, 10^-9; 0 where rows
            come in turn.
        passes: what went through the model; nothing where no pass is counted.
        faults: what was not counted or is in doubt.
    """

    slice: _SLICE
    batch: Annotated[int, Meta(ge=1, le=65_536)]
    sequence: Annotated[int, Meta(ge=1, le=65_536)]
    loss: float
    sample_rate_ppb: Annotated[int, Meta(ge=0, le=10**9)] = 0
    passes: Annotated[list[Passes], Meta(max_length=SHAPES_MAX)] = []
    faults: Annotated[list[str], Meta(max_length=FAULTS_MAX)] = []


class SliceDone(msgspec.Struct, frozen=True, kw_only=True, tag="slice"):
    """A slice is trained; its weights are the next frame."""

    slice: _SLICE


class Refused(msgspec.Struct, frozen=True, kw_only=True, tag="refused"):
    """The worker cannot do the job; `reason` has no personal data."""

    reason: str


Message = StepDone | SliceDone | Refused

_messages: Final = msgspec.json.Decoder(Message)


def write_frame(stream: BinaryIO, content: bytes) -> None:
    """Write one frame.

    Raises:
        TrainingError: it is too long.
    """
    if len(content) > FRAME_BYTES_MAX:
        message = (
            f"worker frame: expected at most {FRAME_BYTES_MAX} bytes, "
            f"found {len(content)}"
        )
        raise TrainingError(message)
    stream.write(len(content).to_bytes(4, "big"))
    stream.write(content)


def read_frame(stream: BinaryIO, *, bytes_max: int = FRAME_BYTES_MAX) -> bytes | None:
    """Read one frame; None where the stream ended before one began.

    Args:
        stream: where from.
        bytes_max: how long it may be.

    Raises:
        TrainingError: the stream ended inside a frame, or the length is absurd.
    """
    head = stream.read(4)
    if not head:
        return None
    length = int.from_bytes(head, "big")
    if len(head) < 4 or length > bytes_max:
        message = "worker frame: expected a length, found garbage"
        raise TrainingError(message)
    content = stream.read(length)
    if len(content) < length:
        message = f"worker frame: expected {length} bytes, found {len(content)}"
        raise TrainingError(message)
    return content


def need_frame(stream: BinaryIO) -> bytes:
    """Read one frame that must be there.

    Raises:
        TrainingError: it is not.
    """
    content = read_frame(stream)
    if content is None:
        message = "worker frame: expected one more, found the end"
        raise TrainingError(message)
    return content


def decode_message(content: bytes) -> Message:
    """Read a worker's message.

    Raises:
        TrainingError: it is not one.
    """
    try:
        message: Message = _messages.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        text = f"worker message cannot be read: {error}"
        raise TrainingError(text) from None
    return message
