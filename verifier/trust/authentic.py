"""Level L1: is this the log that the reader means, under its root and roles?"""

from collections.abc import Iterable

from verifier.findings import Code, Finding, Violation, shown
from verifier.keys.ring import RUN_ROLE, KeyRing
from verifier.trust.policy import TrustPolicy
from verifier.trust.untrusted import Untrusted

_NO_FAMILIES = frozenset({"log", "ci"})


def check_log(policy: TrustPolicy, ring: KeyRing, genesis: bytes) -> list[Finding]:
    """Compare origin, genesis and roles with the policy's.

    Args:
        policy: the reader's.
        ring: the keys after the last entry.
        genesis: SHA-256 of submission 0's note text.
    """
    found: list[Finding] = []
    if ring.origin not in policy.origins:
        found.append(
            _differs(
                Code.ORIGIN_NOT_ALLOWED,
                "file",
                f"origin {' or '.join(policy.origins)}",
                ring.origin,
            )
        )
    if policy.genesis not in (None, genesis):
        expected = f"genesis {(policy.genesis or b'').hex()}"
        found.append(_differs(Code.GENESIS_DIFFERS, "entry 0", expected, genesis.hex()))
    return found + _check_roles(policy, ring)


def check_statements(
    policy: TrustPolicy | None, untrusted: Iterable[Untrusted]
) -> tuple[list[Finding], list[Finding]]:
    """Return findings on untrusted submissions: those that count, and accepted ones."""
    refused: list[Finding] = []
    accepted: list[Finding] = []
    for item in untrusted:
        if not item.count:
            continue
        finding = _differs(
            Code.STATEMENTS_UNTRUSTED,
            f"entry {item.first}",
            f"no submission of {item.key.name} {item.key.public_key.hex()}",
            f"{item.count} in entries {item.first} to {item.last}",
            "KEY-10",
        )
        is_accepted = policy and item.key.public_key in policy.accept_compromised
        (accepted if is_accepted else refused).append(finding)
    return refused, accepted


def _check_roles(policy: TrustPolicy, ring: KeyRing) -> list[Finding]:
    """Compare every grant, ended ones too, with what its role may have (POL-4)."""
    if policy.roles is None:
        return []
    found: list[Finding] = []
    for grant in ring.granted.values():
        if grant.role == RUN_ROLE:
            continue  # it has what its certifier has, which was compared
        listed = policy.roles.get(grant.role)
        if listed is None and grant.role in _NO_FAMILIES:
            continue
        extra = grant.families - (listed or frozenset())
        if listed is None or extra:
            families = ", ".join(sorted(listed)) if listed else "nothing"
            found.append(
                _differs(
                    Code.ROLE_NOT_ALLOWED,
                    f"entry {grant.seq}",
                    f"role {grant.role} with at most {families}",
                    f"{grant.key.name} with {', '.join(sorted(grant.families))}",
                    "POL-4",
                )
            )
    return found


def _differs(
    code: Code, where: str, expected: str, found: object, rule: str = "L1"
) -> Finding:
    return Violation(code, rule, expected=shown(expected), found=found).at(where)
