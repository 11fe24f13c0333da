"""Roots that end no chain, and what the package for time stamps may raise."""

from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from tests.tamper import der
from tests.tamper.anchoring import TimeAuthority
from verifier.findings import Code, Violation
from verifier.format.stamp_roots import StampRootError, parse_roots
from verifier.format.timestamp import check_token

NOTE = b"example.org/acme\n8\nq3Ww\n\n\xe2\x80\x94 example.org/acme Zf01\n"
AUTHORITY = TimeAuthority()
KEY = ec.derive_private_key(7, ec.SECP256R1())


def name(text):
    """A certificate's name."""
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def pem(subject, issuer, *, ca):
    """A certificate; `ca` None for one that does not say whether it is an authority."""
    builder = x509.CertificateBuilder(
        subject_name=name(subject),
        issuer_name=name(issuer),
        public_key=KEY.public_key(),
        serial_number=1,
        not_valid_before=datetime(2020, 1, 1, tzinfo=UTC),
        not_valid_after=datetime(2040, 1, 1, tzinfo=UTC),
    )
    if ca is not None:
        constraints = x509.BasicConstraints(ca, None)
        builder = builder.add_extension(constraints, critical=True)
    return builder.sign(KEY, SHA256()).public_bytes(Encoding.PEM)


ROOT = pem("root", "root", ca=True)


def test_roots():
    """One self-issued authority or several are roots."""
    assert [1, 2] == [len(parse_roots(ROOT * count)) for count in (1, 2)]


@pytest.mark.parametrize(
    "content",
    [
        pem("below", "root", ca=True),
        pem("root", "root", ca=False),
        pem("root", "root", ca=None),
        ROOT + pem("leaf", "root", ca=False),
        b"",
        b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    ],
    ids=["below a root", "no authority", "not said", "one of two", "empty", "no DER"],
)
def test_no_root(content):
    """A chain ends at a certificate of an authority that names itself (POL-6)."""
    with pytest.raises(StampRootError):
        parse_roots(content)


class PanicException(BaseException):
    """What the package raises where its Rust half panics."""


class Raising:
    """Knows no issuers: whatever is asked raises."""

    def __init__(self, error):
        """Raise this."""
        self.error = error

    def find(self, *_):
        """Raise it."""
        raise self.error


def check(error):
    """Check a sound token while this is raised inside."""
    pytest.importorskip("rfc3161_client", reason="time stamps need rfc3161-client")
    token = AUTHORITY.stamp(NOTE, 1_790_000_000_000)
    roots = x509.load_pem_x509_certificates(AUTHORITY.root_pem)
    return check_token(token, NOTE, roots, Raising(error))


@pytest.mark.parametrize("error", [PanicException("x"), ValueError("x"), KeyError("x")])
def test_faults_on_hostile_bytes_are_findings(error):
    """What the package raises, a panic too, is LV606 and no crash."""
    with pytest.raises(Violation) as caught:
        check(error)

    assert Code.ANCHOR_MALFORMED is caught.value.code


@pytest.mark.parametrize(
    "error",
    [KeyboardInterrupt(), SystemExit(3), MemoryError(), ModuleNotFoundError("x")],
    ids=lambda error: type(error).__name__,
)
def test_faults_of_the_reader_s_machine_are_not(error):
    """An interrupt, an exit, memory that is short or a missing package goes on."""
    with pytest.raises(type(error)):
        check(error)


def test_a_finding_inside_stays_what_it_is():
    """A limit that is reached while a chain is built is not called malformed."""
    reached = Violation(Code.OVER_LIMIT, "ANC-5", expected="few", found="more")
    with pytest.raises(Violation) as caught:
        check(reached)

    assert caught.value is reached


@pytest.mark.parametrize("status", [1, 2, 5])
def test_a_response_that_grants_nothing(status):
    """A token of another status than granted is LV606, and the finding says why."""
    pytest.importorskip("rfc3161_client", reason="time stamps need rfc3161-client")
    token = AUTHORITY.stamp(NOTE, 1_790_000_000_000)
    granted = der.sequence(der.integer(0))
    assert token.count(granted) == 1
    token = token.replace(granted, der.sequence(der.integer(status)))
    roots = x509.load_pem_x509_certificates(AUTHORITY.root_pem)
    with pytest.raises(Violation) as caught:
        check_token(token, NOTE, roots)

    assert ("status granted", f"status {status}") == (
        caught.value.expected,
        caught.value.found,
    )
