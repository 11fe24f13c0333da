"""RFC 3161 tokens: a real authority's by `openssl ts`, and made-up ones."""

import shutil
import subprocess
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from tests.tamper import der
from tests.tamper.anchoring import TimeAuthority
from verifier import load_policy
from verifier.findings import Code, Violation
from verifier.format import timestamp
from verifier.format.stamp_chain import CERTIFICATES_MAX, CHAIN_MAX, CHECKS_MAX, Issuers
from verifier.format.timestamp import check_shape, check_token
from verifier.trust import anchors
from verifier.trust.anchors import Judge

pytest.importorskip("rfc3161_client", reason="time stamps need rfc3161-client")

NOTE = b"example.org/acme\n8\nq3Ww\n\n\xe2\x80\x94 example.org/acme Zf01\n"
AUTHORITY = TimeAuthority()
ROOTS = x509.load_pem_x509_certificates(AUTHORITY.root_pem)
TOKEN = AUTHORITY.stamp(NOTE, 1_790_000_000_000)

_CONFIG = """\
[req]
distinguished_name = dn
prompt = no
[dn]
CN = unused
[ca]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
[tsa]
basicConstraints = critical, CA:FALSE
extendedKeyUsage = critical, timeStamping
[plain]
basicConstraints = critical, CA:FALSE
extendedKeyUsage = clientAuth
[web]
basicConstraints = critical, CA:TRUE
extendedKeyUsage = serverAuth
[stamps]
basicConstraints = critical, CA:TRUE
extendedKeyUsage = timeStamping
[any]
basicConstraints = critical, CA:TRUE
extendedKeyUsage = anyExtendedKeyUsage
[tsa_config]
serial = {folder}/serial
crypto_device = builtin
signer_digest = sha256
default_policy = 1.2.3.4
digests = sha256, sha512
accuracy = secs:1
ordering = no
tsa_name = no
ess_cert_id_chain = no
ess_cert_id_alg = sha256
"""


@dataclass
class OpensslAuthority:
    """A certificate authority, an intermediate and signers, by openssl alone."""

    folder: Path

    def run(self, *arguments: str) -> None:
        subprocess.run(
            ["openssl", *arguments], cwd=self.folder, check=True, capture_output=True
        )

    def certificate(self, name: str, issuer: str, kind: str, *more: str) -> None:
        """Make a key and a certificate `name`, issued by `issuer`."""
        self.run("ecparam", "-name", "prime256v1", "-genkey", "-noout",
                 "-out", f"{name}.key")  # fmt: skip
        self.run("req", "-new", "-key", f"{name}.key", "-subj", f"/CN={name}",
                 "-config", "openssl.cnf", "-out", f"{name}.csr")  # fmt: skip
        signer = (
            ["-signkey", f"{name}.key"]
            if issuer == name
            else ["-CA", f"{issuer}.pem", "-CAkey", f"{issuer}.key", "-CAcreateserial"]
        )
        self.run("x509", "-req", "-in", f"{name}.csr", *signer, "-sha256",
                 "-days", "3650", "-extfile", "openssl.cnf", "-extensions", kind,
                 "-out", f"{name}.pem", *more)  # fmt: skip

    def token(self, note: bytes, signer: str, *, chain=(), digest="sha256") -> bytes:
        """A `TimeStampResp` over a note, with these certificates embedded."""
        (self.folder / "note").write_bytes(note)
        self.run("ts", "-query", "-data", "note", f"-{digest}", "-cert",
                 "-config", "openssl.cnf", "-out", "query")  # fmt: skip
        pem = b"".join((self.folder / f"{name}.pem").read_bytes() for name in chain)
        (self.folder / "chain.pem").write_bytes(pem)
        self.run("ts", "-reply", "-queryfile", "query", "-signer", f"{signer}.pem",
                 "-inkey", f"{signer}.key", *(["-chain", "chain.pem"] if chain else []),
                 "-config", "openssl.cnf", "-section", "tsa_config",
                 "-out", "reply")  # fmt: skip
        return (self.folder / "reply").read_bytes()

    def roots(self, *names: str) -> list[x509.Certificate]:
        return [
            x509.load_pem_x509_certificate((self.folder / f"{name}.pem").read_bytes())
            for name in names
        ]


@pytest.fixture(scope="module")
def openssl(tmp_path_factory):
    """Two roots; under the first an intermediate and four signers."""
    if shutil.which("openssl") is None:
        pytest.skip("no openssl command")
    folder = tmp_path_factory.mktemp("openssl")
    (folder / "openssl.cnf").write_text(_CONFIG.format(folder=folder))
    (folder / "serial").write_text("01\n")
    authority = OpensslAuthority(folder)
    authority.certificate("root", "root", "ca")
    authority.certificate("other", "other", "ca")
    authority.certificate("middle", "root", "ca")
    authority.certificate("tsa", "root", "tsa")
    authority.certificate("tsa2", "middle", "tsa")
    authority.certificate("plain", "root", "plain")
    return authority


def test_openssl_token(openssl):
    """A real token under a pinned root says when and by whom."""
    stamp = check_token(openssl.token(NOTE, "tsa"), NOTE, openssl.roots("root"))
    age_s = datetime.now(UTC).timestamp() - stamp.at_ms / 1000

    assert ("CN=tsa", True) == (stamp.signer, -60 < age_s < 600)


def test_embedded_chain_without_root(openssl):
    """Intermediate certificates come from the token, the root from the reader."""
    token = openssl.token(NOTE, "tsa2", chain=("middle",))
    stamp = check_token(token, NOTE, openssl.roots("other", "root"))

    assert "CN=tsa2" == stamp.signer


def test_several_certificates_embedded(openssl):
    """The signer is the one that the signer info names, whatever else is embedded."""
    chain = ("middle", "root", "tsa", "other")
    token = openssl.token(NOTE, "tsa2", chain=chain)

    assert "CN=tsa2" == check_token(token, NOTE, openssl.roots("root")).signer


def test_rotated_leaf(openssl):
    """A new certificate under the same root counts without a new policy."""
    keys = {
        check_token(token, NOTE, openssl.roots("root")).public_key
        for token in (
            openssl.token(NOTE, "tsa"),
            openssl.token(NOTE, "tsa2", chain=("middle",)),
        )
    }

    assert 2 == len(keys)


def test_embedded_root_is_not_trusted(openssl):
    """A chain that brings its own root leads nowhere."""
    token = openssl.token(NOTE, "tsa2", chain=("middle", "root"))

    assert check_token(token, NOTE, openssl.roots("other")) is None


@pytest.mark.parametrize("purpose", ["stamps", "any"])
def test_authority_for_time_stamps(openssl, purpose):
    """An authority below the root may issue for time stamps only, or for all."""
    openssl.certificate(purpose, "root", purpose)
    openssl.certificate(f"under-{purpose}", purpose, "tsa")
    token = openssl.token(NOTE, f"under-{purpose}", chain=(purpose,))

    assert check_token(token, NOTE, openssl.roots("root")) is not None


def test_authority_for_another_purpose(openssl):
    """Whoever may only issue for web sites dates nothing: LV608."""
    openssl.certificate("web", "root", "web")
    openssl.certificate("under-web", "web", "tsa")
    token = openssl.token(NOTE, "under-web", chain=("web",))

    assert Code.TIMESTAMP_INVALID is code_of(token, roots=openssl.roots("root"))


def chain_of(openssl, length):
    """A token whose signer is below so many certificates under the root."""
    names = ["root", *(f"c{number}" for number in range(1, length))]
    for issuer, name in pairwise(names):
        if not (openssl.folder / f"{name}.pem").exists():
            openssl.certificate(name, issuer, "ca")
    openssl.certificate("leaf", names[-1], "tsa")
    return openssl.token(NOTE, "leaf", chain=names[1:])


@pytest.mark.parametrize("length", [CHAIN_MAX, CHAIN_MAX + 1])
def test_length_of_a_chain(openssl, length):
    """A chain has at most four certificates below the root (ANC-5)."""
    stamp = check_token(chain_of(openssl, length), NOTE, openssl.roots("root"))

    assert (length <= CHAIN_MAX) == (stamp is not None)


def crowd(count: int) -> list[x509.Certificate]:
    """Certificates of the root's name with another key: none issued the signer's."""
    key = TimeAuthority("crowd")._key
    name = AUTHORITY._certificate.issuer
    return [
        x509.CertificateBuilder(
            subject_name=name,
            issuer_name=name,
            public_key=key.public_key(),
            serial_number=serial,
            not_valid_before=datetime(2020, 1, 1, tzinfo=UTC),
            not_valid_after=datetime(2040, 1, 1, tzinfo=UTC),
        ).sign(key, SHA256())
        for serial in range(1, count + 1)
    ]


@pytest.mark.parametrize("count", [CERTIFICATES_MAX, CERTIFICATES_MAX + 1])
def test_number_of_certificates(count):
    """A token with more than ten certificates is LV606 (ANC-5)."""
    others = crowd(count - 1)
    parts = [
        item.public_bytes(Encoding.DER) for item in (AUTHORITY._certificate, *others)
    ]
    token = _with_certificates(b"".join(sorted(parts)))
    if count > CERTIFICATES_MAX:
        assert Code.ANCHOR_MALFORMED is code_of(token)
    else:
        assert check_token(token, NOTE, ROOTS) is not None


def test_number_of_signatures():
    """One verification checks so many pairs of certificates, and no more (LV105)."""
    issuers, embedded = Issuers(), crowd(CHECKS_MAX + 1)
    with pytest.raises(Violation) as caught:
        issuers.find(AUTHORITY._certificate, embedded, ROOTS)

    assert Code.OVER_LIMIT is caught.value.code
    assert CHECKS_MAX == len(issuers._checked)


def test_pair_of_certificates_is_checked_once():
    """A thousand and one tokens of one authority are no reason to stop."""
    issuers = Issuers()
    for _ in range(CHECKS_MAX + 1):
        assert [] == issuers.find(AUTHORITY._certificate, [], ROOTS)


def test_certificates_of_strangers_cost_nothing():
    """Where no certificate names a root as its issuer, no signature is checked."""
    issuers = Issuers()
    roots = x509.load_pem_x509_certificates(TimeAuthority("another").root_pem)

    assert issuers.find(AUTHORITY._certificate, crowd(10), roots) is None
    assert {} == issuers._checked


def test_token_is_judged_once(office, monkeypatch):
    """The same token over the same note is not checked again, valid or not."""
    calls = []
    monkeypatch.setattr(
        anchors, "check_token", lambda *given: (calls.append(1), check_token(*given))[1]
    )
    office.ask_stamps()
    policy = load_policy(office.policy_file())
    judge = Judge(policy, 1_800_000_000_000, can_read_stamps=True)
    token = office.authorities[0].stamp(NOTE, 1_790_000_000_000)
    for _ in range(2):
        judge.timestamp(token, NOTE, 8)
        with pytest.raises(Violation, match="as imprint"):
            judge.timestamp(token, NOTE + b"x", 8)

    assert (2, 2) == (len(calls), len(judge.accepted))


def test_missing_intermediate_is_unknown(openssl):
    """Without the intermediate nothing leads to the root: the token is ignored."""
    token = openssl.token(NOTE, "tsa2")

    assert check_token(token, NOTE, openssl.roots("root")) is None


def code_of(token: bytes, note: bytes = NOTE, roots=ROOTS) -> Code:
    """The code with which a token is refused."""
    with pytest.raises(Violation) as caught:
        check_token(token, note, roots)
    return caught.value.code


def test_other_note(openssl):
    """A token over another note is LV608."""
    roots = openssl.roots("root")

    assert Code.TIMESTAMP_INVALID is code_of(openssl.token(b"x", "tsa"), roots=roots)


def test_other_digest(openssl):
    """The imprint is SHA-256, as the format says, even where another would hold."""
    token = openssl.token(NOTE, "tsa", digest="sha512")

    assert Code.TIMESTAMP_INVALID is code_of(token, roots=openssl.roots("root"))


def test_leaf_under_a_trusted_name(openssl):
    """A certificate of the root's name by another key is no certificate of the root."""
    folder = openssl.folder / "twin"
    folder.mkdir()
    (folder / "openssl.cnf").write_text(_CONFIG.format(folder=folder))
    (folder / "serial").write_text("01\n")
    twin = replace(openssl, folder=folder)
    twin.certificate("root", "root", "ca")
    twin.certificate("tsa", "root", "tsa")

    assert check_token(twin.token(NOTE, "tsa"), NOTE, openssl.roots("root")) is None


def test_made_up_token():
    """A token made from the RFC's text alone is accepted at its genTime."""
    stamp = check_token(TOKEN, NOTE, ROOTS)

    assert (1_790_000_000_000, "CN=Test TSA") == (stamp.at_ms, stamp.signer)


@pytest.mark.parametrize(
    "at_ms", [1_500_000_000_000, 2_300_000_000_000], ids=["before", "after"]
)
def test_judged_at_its_own_time(at_ms):
    """A genTime outside the certificates' validity (2020 to 2040) is LV608."""
    assert Code.TIMESTAMP_INVALID is code_of(AUTHORITY.stamp(NOTE, at_ms))


def test_valid_long_after_the_certificate():
    """What counts is the token's time, not the reader's: 2039 is fine in 2026."""
    stamp = check_token(AUTHORITY.stamp(NOTE, 2_190_000_000_000), NOTE, ROOTS)

    assert 2_190_000_000_000 == stamp.at_ms


def test_certificate_for_another_purpose(openssl):
    """A signer under the root that is not for time stamps is LV608."""
    authority = TimeAuthority()
    plain = openssl.roots("plain")[0]
    authority._certificate = plain
    key = (openssl.folder / "plain.key").read_bytes()
    authority._key = load_pem_private_key(key, None)
    token = authority.stamp(NOTE, int(datetime.now(UTC).timestamp()) * 1000)

    assert Code.TIMESTAMP_INVALID is code_of(token, roots=openssl.roots("root"))


def test_rejection():
    """A response without a granted token is LV606."""
    rejected = der.sequence(der.sequence(der.integer(2)))

    assert Code.ANCHOR_MALFORMED is code_of(rejected)


@pytest.mark.parametrize(
    "token",
    [b"", b"\x30", b"\x30\x80\x00\x00", TOKEN + b"\0", TOKEN[:-1], b"\x31" + TOKEN[1:],
     b"\x30\x83\x00" + TOKEN[2:4] + TOKEN[4:-1], b"\x30\x84\xff\xff\xff\xff",
     der.sequence(der.octets(bytes(65_536)))],
    ids=["empty", "tag", "indefinite", "longer", "shorter", "set", "another length",
         "huge length", "past the limit"],
)  # fmt: skip
def test_shape(token):
    """What is not one DER sequence within the limit is LV606 without any package."""
    with pytest.raises(Violation) as caught:
        check_shape(token)

    assert Code.ANCHOR_MALFORMED is caught.value.code


def test_any_one_bit():
    """A flipped bit is refused, ignored, or in a part that nobody signed; no crash."""
    outcomes = set()
    for place in range(len(TOKEN) * 8):
        flipped = bytearray(TOKEN)
        flipped[place // 8] ^= 1 << place % 8
        try:
            stamp = check_token(bytes(flipped), NOTE, ROOTS)
        except Violation as violation:
            outcomes.add(violation.code)
        else:
            outcomes.add(stamp and (stamp.at_ms, stamp.signer))

    assert outcomes == {
        Code.ANCHOR_MALFORMED,
        Code.TIMESTAMP_INVALID,
        None,
        (1_790_000_000_000, "CN=Test TSA"),
    }


def test_ambiguous_signer():
    """Two embedded certificates of one issuer and serial are refused (LV606)."""
    twin = TimeAuthority()
    certificate = AUTHORITY._certificate
    other = x509.CertificateBuilder(
        subject_name=certificate.subject,
        issuer_name=certificate.issuer,
        public_key=twin._key.public_key(),
        serial_number=certificate.serial_number,
        not_valid_before=certificate.not_valid_before_utc.replace(tzinfo=None),
        not_valid_after=certificate.not_valid_after_utc.replace(tzinfo=None),
    ).sign(twin._key, certificate.signature_hash_algorithm)
    one = certificate.public_bytes(Encoding.DER)
    both = one + other.public_bytes(Encoding.DER)
    token = _with_certificates(both)

    assert Code.ANCHOR_MALFORMED is code_of(token)


def _with_certificates(certificates: bytes) -> bytes:
    """A token whose set of embedded certificates is another one."""

    class Embedding(TimeAuthority):
        def _signed_data(self, info):
            whole = super()._signed_data(info)
            one = self._certificate.public_bytes(Encoding.DER)
            old = der.tagged(0, one)
            # Rebuild every enclosing length by building the parts anew.
            return _replace_der(whole, old, der.tagged(0, certificates))

    return Embedding().stamp(NOTE, 1_790_000_000_000)


def _replace_der(data: bytes, old: bytes, new: bytes) -> bytes:
    """Replace an element at any depth, with all lengths around it."""
    if data == old:
        return new
    if old not in data or not data[0] & 0x20:
        return data
    start = 2 if data[1] < 0x80 else 2 + data[1] - 0x80
    parts, place = [], start
    while place < len(data):
        length, head = data[place + 1], 2
        if length >= 0x80:
            head = 2 + length - 0x80
            length = int.from_bytes(data[place + 2 : place + head], "big")
        parts.append(data[place : place + head + length])
        place += head + length
    return der.tlv(data[0], b"".join(_replace_der(part, old, new) for part in parts))


class PanicException(BaseException):
    """What the Rust half of the package raises where it gives up."""


@pytest.mark.parametrize("fault", [PanicException("panic"), ValueError("bytes")])
def test_fault_of_the_package_is_a_finding(fault):
    """Hostile bytes break the token, not the verification."""

    def call():
        raise fault

    with pytest.raises(Violation, match="a TimeStampResp, found"):
        timestamp._guarded(call, timestamp._unreadable)


@pytest.mark.parametrize(
    "fault", [KeyboardInterrupt(), MemoryError(), ModuleNotFoundError()], ids=repr
)
def test_other_faults_are_none_of_the_token(fault):
    """Who interrupts a verification has not found anything."""

    def call():
        raise fault

    with pytest.raises(type(fault)):
        timestamp._guarded(call, timestamp._unreadable)
