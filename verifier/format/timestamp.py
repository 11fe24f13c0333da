"""Time stamps: a trusted authority's word that a checkpoint existed at a time.

They need the package `rfc3161-client`, which is loaded only where a policy names roots
of time-stamp authorities. A chain inside a token is never trusted: it must lead to a
root that the reader holds, and is judged at the token's own time.

Source: RFC 3161, section 2.4.2.
"""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from importlib.util import find_spec
from typing import NoReturn, TypeVar

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from verifier.findings import Code, Violation
from verifier.format.der import DerError, sort_certificates, whole_length
from verifier.format.stamp_chain import CERTIFICATES_MAX, Issuers, may_stamp

TOKEN_BYTES_MAX = 65_535

INSTALL = "pip install 'tuneledger[timestamps]'"

_SHA256 = x509.ObjectIdentifier("2.16.840.1.101.3.4.2.1")
_GRANTED = 0
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Stamp:
    """A time stamp that holds.

    Attributes:
        at_ms: its genTime, Unix milliseconds.
        signer: subject of the signing certificate.
        public_key: of that certificate, DER SubjectPublicKeyInfo.
    """

    at_ms: int
    signer: str
    public_key: bytes


def is_available() -> bool:
    """Whether the package that reads time stamps is installed."""
    return find_spec("rfc3161_client") is not None


def check_shape(token: bytes) -> None:
    """Check, without that package, that a token is one DER SEQUENCE within its limit.

    Raises:
        Violation: ANC-4.

    Source: X.690, sections 8.1.3 and 10.1.
    """
    if len(token) > TOKEN_BYTES_MAX:
        _malformed(f"at most {TOKEN_BYTES_MAX} bytes", f"{len(token)} bytes")
    try:
        is_one = token[:1] == b"\x30" and whole_length(token) == len(token)
    except DerError:
        is_one = False
    if not is_one:
        _malformed("one DER sequence", token[:8].hex())


def check_token(
    token: bytes,
    note: bytes,
    roots: Sequence[x509.Certificate],
    issuers: Issuers | None = None,
) -> Stamp | None:
    """Check a `TimeStampResp` over a stored checkpoint note.

    Args:
        token: DER, status included.
        note: the checkpoint's exact bytes, signature line included.
        roots: the certificates that the reader trusts; at least one.
        issuers: what is known of certificates from other tokens.

    Returns:
        The stamp; None where no chain leads from its signer to one of the roots.

    Raises:
        Violation: ANC-4: malformed (LV606), or of a known root and not valid (LV608);
            ANC-5: too many signatures to check (LV105).
        ModuleNotFoundError: the package is not installed.
    """
    check_shape(token)
    parts = _guarded(lambda: _Token(token), _unreadable)
    if parts.status != _GRANTED:
        _malformed("status granted", f"status {parts.status}")
    signer = _guarded(lambda: _signer(parts), _unreadable)
    if signer is None:
        return None
    known = issuers or Issuers()
    above = _guarded(lambda: known.find(signer, parts.certificates, roots), _unreadable)
    if above is None:
        return None
    if parts.hash_algorithm != _SHA256 or parts.imprint != sha256(note).digest():
        _invalid("the SHA-256 of the checkpoint note as imprint", parts.imprint.hex())
    if not _guarded(lambda: all(map(may_stamp, above)), _refused):
        _invalid("authorities that may issue for time stamps", "one for other purposes")
    _guarded(lambda: _verify(parts, note, roots), _refused)
    at_ms = (parts.at - _EPOCH) // timedelta(milliseconds=1)
    return _guarded(
        lambda: Stamp(at_ms, signer.subject.rfc4514_string(), _spki(signer)),
        _unreadable,
    )


class _Token:
    """What is read from a token before anything in it is believed."""

    def __init__(self, token: bytes) -> None:
        from rfc3161_client import decode_timestamp_response  # noqa: PLC0415 (optional)

        self.response = decode_timestamp_response(sort_certificates(token))
        self.status = self.response.status
        self.certificates: list[x509.Certificate] = []
        if self.status != _GRANTED:
            return
        info = self.response.tst_info
        self.at = info.gen_time
        self.hash_algorithm = info.message_imprint.hash_algorithm
        self.imprint = info.message_imprint.message
        signed = self.response.signed_data
        embedded = sorted(signed.certificates)
        if len(embedded) > CERTIFICATES_MAX:
            _malformed(f"at most {CERTIFICATES_MAX} certificates", len(embedded))
        self.certificates = [x509.load_der_x509_certificate(item) for item in embedded]
        self.signers = [
            (item.issuer, item.serial_number) for item in signed.signer_infos
        ]


def _signer(parts: _Token) -> x509.Certificate | None:
    """Return the embedded certificate that the signer info names, if there is one.

    Raises:
        Violation: LV606: several signers, or several certificates that fit. Which of
            these a library picks must not decide.
    """
    if len(parts.signers) != 1:
        _malformed("one signer", f"{len(parts.signers)} signers")
    issuer, serial = parts.signers[0]
    fitting = [
        item
        for item in parts.certificates
        if item.issuer == issuer and item.serial_number == serial
    ]
    if len(fitting) > 1:
        _malformed("one certificate of the signer", f"{len(fitting)} certificates")
    return fitting[0] if fitting else None


def _verify(parts: _Token, note: bytes, roots: Sequence[x509.Certificate]) -> None:
    """Check signature, chain at genTime, key usage and imprint."""
    from rfc3161_client import VerifierBuilder  # noqa: PLC0415 (optional)

    verifier = VerifierBuilder(roots=list(roots)).build()
    verifier.verify_message(parts.response, note)


def _guarded(
    call: Callable[[], Result], refuse: Callable[[object], NoReturn]
) -> Result:
    """Call the package, whose faults on hostile bytes are findings, not crashes.

    Its Rust half panics on some of them, with an exception beside `Exception`. Warnings
    about odd certificates are not for the reader: OpenSSL decides.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return call()
    except (Violation, ModuleNotFoundError, MemoryError):
        raise
    except Exception as error:  # noqa: BLE001 (see above)
        refuse(error)
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        refuse(error)


def _unreadable(error: object) -> NoReturn:
    _malformed("a TimeStampResp", error)


def _refused(error: object) -> NoReturn:
    _invalid("a token that holds at its own time", error)


def _spki(certificate: x509.Certificate) -> bytes:
    key = certificate.public_key()
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _malformed(expected: str, found: object) -> NoReturn:
    raise Violation(Code.ANCHOR_MALFORMED, "ANC-4", expected=expected, found=found)


def _invalid(expected: str, found: object) -> NoReturn:
    raise Violation(Code.TIMESTAMP_INVALID, "ANC-4", expected=expected, found=found)
