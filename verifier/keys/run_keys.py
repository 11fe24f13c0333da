"""The key of one run, which ends with the run: docs/spec.md, KEY-11.

Validity is an interval of entries: from after the entry that certifies the key to the
entry that ends its run. A trainer's key that is stolen later can therefore neither
extend nor rewrite a run that is over.
"""

from binascii import unhexlify
from typing import NoReturn

from verifier.findings import Code, Violation
from verifier.format.note import VerifierKey
from verifier.keys.ring import RUN_ROLE, Grant, KeyRing
from verifier.schema.lines import Event

TRAINING_FAMILY = "training"
CERTIFIED = "training.run_key_certified.v1"

_TRAINER_ROLE = "trainer"
_FAILED = "training.run_failed.v1"
_ENDS = frozenset({"training.run_finished.v1", _FAILED})
_FAMILIES = frozenset({TRAINING_FAMILY})
_NAME_CHARS_MAX = 128  # KEY-4


def certify(
    ring: KeyRing, event: Event, seq: int, *, signer: Grant, stream: str, started: bool
) -> None:
    """Apply `training.run_key_certified.v1`.

    Args:
        ring: the keys.
        event: the event.
        seq: its entry.
        signer: the key that signed the submission, and so the event.
        stream: the submission's stream.
        started: whether the run has started.

    Raises:
        Violation: KEY-1, KEY-2, KEY-5, KEY-7 or KEY-11.
    """
    run_id, prefix = event["run_id"], event["stream"].decode()
    if signer.role != _TRAINER_ROLE:
        _refuse(f"a signer of role {_TRAINER_ROLE}", f"role {signer.role}")
    if started or run_id in ring.run_keys:
        _refuse("a run that has not started and has no key", run_id)
    if not prefix.startswith(f"{stream}/"):
        _refuse(f"a stream below {stream}", prefix)
    name = f"{signer.key.name}/{run_id.decode()}"
    if len(name) > _NAME_CHARS_MAX:
        _refuse(f"a key name of at most {_NAME_CHARS_MAX} characters", name)
    key = VerifierKey(name, unhexlify(event["public_key"]))
    ring.check_possession(key, RUN_ROLE, event["possession"])
    grant = Grant(
        key=key,
        role=RUN_ROLE,
        families=_FAMILIES,
        stream_prefix=prefix,
        seq=seq,
        line=signer.line,
        certifier=signer.key.public_key,
    )
    ring.add(grant)
    ring.run_keys[run_id] = grant


def check_event(ring: KeyRing, run_id: bytes, name: str, *, signer: Grant) -> None:
    """Check who signed an event of a run, and end the run's key with the run.

    Args:
        ring: the keys.
        run_id: the event's run, in hex.
        name: its type.
        signer: the key that signed the submission, and so the event.

    Raises:
        Violation: KEY-11: the run has a key and another one signed, or a run key
            signed an event of another run.
    """
    run_key = ring.run_keys.get(run_id)
    if signer.role == RUN_ROLE and run_key is not signer:
        _refuse(f"an event of the run of {signer.key.name}", run_id)
    if run_key is None:
        return
    # Any trainer may close a run whose key was lost or ended.
    is_closing = name == _FAILED and signer.role == _TRAINER_ROLE
    if run_key is not signer and not is_closing:
        _refuse(f"a signature by {run_key.key.name}", signer.key.name)
    if name in _ENDS and ring.grants.get(run_key.place) is run_key:
        ring.end(run_key)


def _refuse(expected: str, found: object) -> NoReturn:
    raise Violation(Code.RUN_KEY, "KEY-11", expected=expected, found=found)
