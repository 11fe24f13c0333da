"""The certificates of time-stamp authorities that an auditor trusts (POL-6)."""

from collections.abc import Sequence

from cryptography import x509

# What the library raises, beside ValueError, on a certificate that breaks RFC 5280.
_ODD = (
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)


class StampRootError(ValueError):
    """A file holds no certificates, or others than those where a chain can end."""


def parse_roots(content: bytes) -> Sequence[x509.Certificate]:
    """Read a PEM file of one root certificate or several.

    Raises:
        StampRootError: malformed, or one is no self-issued certificate authority.
    """
    try:
        found = x509.load_pem_x509_certificates(content)
        are_authorities = all(map(_is_authority, found))
    except (ValueError, *_ODD) as error:
        raise StampRootError(str(error)) from None
    if not are_authorities:
        raise StampRootError("one that is no self-issued certificate of an authority")
    return found


def _is_authority(certificate: x509.Certificate) -> bool:
    """Whether a chain can end here: a certificate authority that names itself."""
    try:
        extension = certificate.extensions.get_extension_for_class(
            x509.BasicConstraints
        )
    except x509.ExtensionNotFound:
        return False
    return extension.value.ca and certificate.issuer == certificate.subject
