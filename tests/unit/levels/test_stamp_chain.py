"""Which certificates lead to a root: names, signatures, length and purpose."""

from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.tamper import der
from verifier.findings import Code, Violation
from verifier.format.cosignature import COSIGNATURE_BYTES_MAX
from verifier.format.stamp_chain import (
    CERTIFICATES_MAX,
    CHAIN_MAX,
    CHECKS_MAX,
    Issuers,
    may_stamp,
)
from verifier.format.timestamp import TOKEN_BYTES_MAX, check_shape
from verifier.trust.anchors import ANCHORS_MAX


def key(text):
    """A key that follows from a text."""
    return ec.derive_private_key(int.from_bytes(text.encode()) + 1, ec.SECP256R1())


def certificate(subject, issuer, *, by=None, own=None, usage=None):
    """A certificate in these names, signed by the key of `by`."""
    names = [
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])
        for text in (subject, issuer)
    ]
    builder = x509.CertificateBuilder(
        subject_name=names[0],
        issuer_name=names[1],
        public_key=key(own or subject).public_key(),
        serial_number=1,
        not_valid_before=datetime(2020, 1, 1, tzinfo=UTC),
        not_valid_after=datetime(2040, 1, 1, tzinfo=UTC),
    )
    if usage:
        builder = builder.add_extension(x509.ExtendedKeyUsage(usage), critical=True)
    return builder.sign(key(by or issuer), SHA256())


ROOT = certificate("r", "r")
A, B, C, D, E = (certificate(*pair) for pair in ("ar", "ba", "cb", "dc", "ed"))
LEAF = certificate("l", "r")


@pytest.mark.parametrize(
    ("signer", "embedded", "expected"),
    [
        (LEAF, [], []),
        (LEAF, [A, B], []),
        (B, [A], [A]),
        (B, [B, A], [A]),
        (D, [A, B, C], [C, B, A]),
        (E, [A, B, C, D], None),
        (C, [A], None),
        (B, [], None),
    ],
    ids=["under the root", "others beside it", "one between", "itself embedded",
         "three between", "four between", "one missing", "none between"],
)  # fmt: skip
def test_chain(signer, embedded, expected):
    """At most four certificates below a root, each issued by the next (ANC-5)."""
    assert expected == Issuers().find(signer, embedded, [ROOT])


def test_a_name_is_no_signature():
    """What names the root as its issuer and was signed by another key is not its."""
    forged = certificate("l", "r", by="thief")
    between = certificate("a", "r", by="thief")

    assert Issuers().find(forged, [], [ROOT]) is None
    assert Issuers().find(B, [between], [ROOT]) is None


def test_a_signature_is_no_name():
    """A certificate that the root's key signed in another's name is not its own."""
    assert Issuers().find(certificate("l", "x", by="r"), [], [ROOT]) is None


def test_all_issuers_are_named():
    """Two certificates of one issuer are both above: a library may pick either."""
    twin = certificate("a", "s", own="a")

    assert [A, twin] == Issuers().find(B, [A, twin], [ROOT])


def test_one_of_several_roots():
    """Any of the reader's roots will do."""
    other = certificate("o", "o")

    assert [] == Issuers().find(LEAF, [], [other, ROOT])
    assert Issuers().find(LEAF, [], [other]) is None


def test_certificates_that_issued_each_other():
    """A circle of certificates ends, and leads nowhere."""
    one, two = certificate("x", "y"), certificate("y", "x")

    assert Issuers().find(one, [two, one, A], [ROOT]) is None


def test_signatures_are_counted(monkeypatch):
    """So many pairs are checked in one verification, and the next is LV105."""
    monkeypatch.setattr("verifier.format.stamp_chain.CHECKS_MAX", 2)
    issuers = Issuers()
    for _ in range(2):
        assert [A] == issuers.find(B, [A], [ROOT])
    with pytest.raises(Violation) as caught:
        issuers.find(LEAF, [], [ROOT])

    assert (Code.OVER_LIMIT, "ANC-5") == (caught.value.code, caught.value.rule)


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        (None, True),
        ([ExtendedKeyUsageOID.TIME_STAMPING], True),
        ([ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE], True),
        ([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.TIME_STAMPING], True),
        ([ExtendedKeyUsageOID.SERVER_AUTH], False),
    ],
    ids=["not said", "time stamps", "any", "web and time stamps", "web"],
)
def test_purpose(usage, expected):
    """Without the extension a certificate is for everything (RFC 5280)."""
    assert expected is may_stamp(certificate("a", "r", usage=usage))


def test_limits():
    """The limits are those of docs/spec.md, ANC-2 to ANC-5."""
    limits = ANCHORS_MAX, COSIGNATURE_BYTES_MAX, TOKEN_BYTES_MAX
    chains = CERTIFICATES_MAX, CHAIN_MAX, CHECKS_MAX

    assert (100_000, 512, 65_535) == limits
    assert (10, 4, 1_000) == chains


def test_length_of_a_token():
    """A token of the most bytes has the right shape; one more is too long (ANC-4)."""
    longest = der.sequence(der.octets(bytes(65_535 - 8)))
    check_shape(longest)
    with pytest.raises(Violation, match="at most 65535 bytes"):
        check_shape(longest + b"\0")

    assert 65_535 == len(longest)


@pytest.mark.parametrize("token", [b"", b"\x30\x01"], ids=["empty", "cut off"])
def test_no_sequence(token):
    """What is no whole DER sequence is LV606."""
    with pytest.raises(Violation, match="one DER sequence"):
        check_shape(token)
