"""The policy of ingest and scans that a workspace's settings make."""

from collections.abc import Sequence

from ledger.events.policy import Jurisdiction
from ledger.workspace.settings import Settings
from producers.ingest import IngestPolicy
from producers.optout.vocabulary.basket import load_basket
from producers.optout.vocabulary.policy import ScanPolicy
from producers.screen import looked_for


def policy_of(
    settings: Settings, jurisdictions: Sequence[Jurisdiction] = ()
) -> IngestPolicy:
    """The policy that settings make, for these jurisdictions if any are given."""
    return IngestPolicy(
        basket_version=load_basket().version,
        jurisdictions=frozenset(jurisdictions or settings.jurisdictions),
        purpose=settings.purpose,
        basket_relaxed=frozenset(settings.basket_relaxed),
        sensitive=looked_for(),
        sensitive_countries=tuple(settings.sensitive_countries),
    )


def scan_policy_of(policy: IngestPolicy) -> ScanPolicy:
    """What a scan needs of a policy."""
    return ScanPolicy(
        policy_sha256=policy.sha256(),
        basket_version=policy.basket_version,
        basket_relaxed=tuple(sorted(policy.basket_relaxed)),
    )
