"""Which certificates in a time stamp lead to a root that the reader trusts.

Whoever can write a token chooses its certificates, so the work on them is bounded: in
one token by their number, and in one verification by the signatures that are checked.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.x509.oid import ExtendedKeyUsageOID

from verifier.findings import Code, Violation

CERTIFICATES_MAX = 10
CHAIN_MAX = 4
"""Most certificates in a token, and in a chain below its root (ANC-5)."""

CHECKS_MAX = 1_000
"""Most signatures of certificates that one verification checks (ANC-5)."""

_PURPOSES = (
    ExtendedKeyUsageOID.TIME_STAMPING,
    ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,
)


@dataclass(slots=True)
class Issuers:
    """Finds the issuers of certificates; remembers each pair that it checked."""

    _checked: dict[tuple[x509.Certificate, x509.Certificate], bool] = field(
        default_factory=dict
    )

    def find(
        self,
        signer: x509.Certificate,
        embedded: Sequence[x509.Certificate],
        roots: Sequence[x509.Certificate],
    ) -> list[x509.Certificate] | None:
        """Return the embedded certificates above a signer, whatever their dates.

        Returns:
            All issuers, so that they hold those of whatever chain a library picks; None
            where no chain of `CHAIN_MAX` certificates ends under a root.

        Raises:
            Violation: LV105: too many signatures to check.
        """
        names = {root.subject for root in roots}
        if not any(item.issuer in names for item in (signer, *embedded)):
            return None
        levels, seen = [[signer]], {signer}
        while levels[-1]:
            above = [
                issuer
                for issuer in embedded
                if issuer not in seen
                and any(self._is_issued_by(item, issuer) for item in levels[-1])
            ]
            levels.append(above)
            seen.update(above)
        is_known = any(
            self._is_issued_by(item, root)
            for item in chain.from_iterable(levels[:CHAIN_MAX])
            for root in roots
        )
        return list(chain.from_iterable(levels[1:])) if is_known else None

    def _is_issued_by(
        self, certificate: x509.Certificate, issuer: x509.Certificate
    ) -> bool:
        if certificate.issuer != issuer.subject:
            return False
        pair = certificate, issuer
        if pair not in self._checked:
            if len(self._checked) == CHECKS_MAX:
                expected = f"at most {CHECKS_MAX} signatures of certificates to check"
                raise Violation(
                    Code.OVER_LIMIT, "ANC-5", expected=expected, found="more"
                )
            self._checked[pair] = _is_signed_by(certificate, issuer)
        return self._checked[pair]


def may_stamp(issuer: x509.Certificate) -> bool:
    """Whether what an authority's certificate is for includes time stamps.

    Without the extension it is for everything. OpenSSL asks this of the signer only.

    Source: RFC 5280, section 4.2.1.12.
    """
    try:
        usage = issuer.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    except x509.ExtensionNotFound:
        return True
    return any(purpose in usage.value for purpose in _PURPOSES)


def _is_signed_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True
