"""The key of one training run: made in memory, certified, let go at the run's end.

It is in no file and in no message. A key that no longer exists cannot be stolen, so
nobody extends a run that is over, the trainer's key included (docs/spec.md, KEY-11).
"""

from collections.abc import Callable
from typing import Final

from ledger.events.training import RunKeyCertified
from ledger.keys.files import SigningKey, possession_text
from ledger.keys.grants import RUN, Grant
from ledger.keys.run_rules import run_key_name
from ledger.log.ledger import Ledger

TRAIN: Final = "train"
"""The trainer's stream; each run has its own below it."""


def begin_run(
    ledger: Ledger, run_id: str, *, random_bytes: Callable[[int], bytes]
) -> None:
    """Make a key for a run that has not started, and let the trainer certify it.

    Python cannot promise that no copy of the seed stays in memory; OpenSSL clears its
    own when the key is let go.

    Raises:
        InputError: the run has a key already.
        KeyTrustError: the trainer's key is missing.
        LockedError: another writer kept the lock for 10 s.
        StorageError: the disk refused the write.
    """
    certifier = ledger.stream_signer(TRAIN, {"training"}).verifier.name
    seed = bytearray(random_bytes(32))
    key = SigningKey.from_seed(run_key_name(certifier, run_id), seed)
    seed[:] = bytes(len(seed))
    public_key = key.verifier.public_key
    text = possession_text(ledger.origin, key.name, RUN, public_key)
    certified = RunKeyCertified(
        run_id=run_id,
        public_key=public_key.hex(),
        stream=f"{TRAIN}/{run_id}",
        possession=key.sign(text).hex(),
    )
    ledger.append([certified], stream=TRAIN)
    ledger.keys.hold(key)


def end_run(ledger: Ledger, run_id: str) -> None:
    """Let go of a run's key; not an error if it has none."""
    grant = _key_of(ledger, run_id)
    if grant is not None:
        ledger.keys.let_go(grant.verifier)


def run_stream(ledger: Ledger, run_id: str) -> str:
    """The stream that a run's events go to: its own while it has a key."""
    grant = _key_of(ledger, run_id)
    if grant is None or grant.retired_seq is not None:
        return TRAIN
    return grant.stream_prefix


def _key_of(ledger: Ledger, run_id: str) -> Grant | None:
    newest_first = reversed(ledger.grants)
    return next((grant for grant in newest_first if grant.run_id == run_id), None)
