"""The moments between which a crash may fall: every durable write of a workspace."""

from ledger.erasing.certificates import Certificates
from ledger.erasing.leftovers import Leftovers
from ledger.log.ledger import Ledger
from ledger.vault.fences import Fences
from ledger.vault.papers import Papers
from ledger.vault.seeds import Seeds
from ledger.vault.vault import Vault
from ledger.workspace.corpus import Corpus
from producers.training.weights import WeightStore

POINTS = (
    (Fences, "add"),
    (Fences, "decide"),
    (Fences, "lift"),
    (Papers, "keep"),
    (Papers, "refer"),
    (Papers, "forget"),
    (Leftovers, "keep"),
    (Ledger, "append"),
    (Vault, "add_record"),
    (Vault, "settle"),
    (Vault, "place"),
    (Vault, "destroy_subject"),
    (Vault, "delete_records"),
    (Seeds, "destroy"),
    (Corpus, "put"),
    (Corpus, "delete"),
    (WeightStore, "put"),
    (WeightStore, "delete"),
    (Certificates, "keep"),
)


class Crash(BaseException):
    """Nothing catches it but the test."""


class Countdown:
    """Counts moments, one before and one after each write, and crashes at one.

    Attributes:
        passed: names of the moments so far.
    """

    def __init__(self, crash_at=None, *, once=False):
        """A kill ends everything; an error, with `once`, lets its handlers write."""
        self.passed = []
        self._crash_at = crash_at
        self._once = once

    def __call__(self, moment):
        """One moment has come."""
        self.passed.append(moment)
        if self._crash_at is None:
            return
        past = len(self.passed) - 1 - self._crash_at
        if past == 0 or (past > 0 and not self._once):
            raise Crash(moment)


def watch(patch, moment, *, more=()):
    """Tell `moment` before and after each write; `patch` is a setattr."""
    for owner, name in (*POINTS, *more):
        patch(owner, name, _told(getattr(owner, name), name, moment))


def _told(real, name, moment):
    def method(self, *args, **options):
        moment(f"before {name}")
        result = real(self, *args, **options)
        moment(f"after {name}")
        return result

    return method
