"""Honest people outside: witnesses that remember, and a time-stamp authority.

Written from the C2SP and IETF texts; it shares no code with `ledger` or `verifier`.
Keys follow from a seed, so the same calls make the same bytes.
"""

import base64
import sqlite3
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.simulator import Key, LedgerSimulator, tree_root
from tests.tamper import der

_ABORT = "BEGIN SELECT raise(ABORT, '{0} is append-only'); END"
_COLUMNS = "number INTEGER PRIMARY KEY, size INTEGER NOT NULL, {1} BLOB NOT NULL"
_NEXT = "new.number IS NOT (SELECT coalesce(max(number), 0) + 1 FROM {0})"
_ANCHOR_TABLE = (
    f"CREATE TABLE {{0}} ({_COLUMNS}) STRICT",
    f"CREATE TRIGGER {{0}}_append BEFORE INSERT ON {{0}} WHEN {_NEXT} {_ABORT}",
    f"CREATE TRIGGER {{0}}_no_update BEFORE UPDATE ON {{0}} {_ABORT}",
    f"CREATE TRIGGER {{0}}_no_delete BEFORE DELETE ON {{0}} {_ABORT}",
)
ANCHOR_SCHEMA = tuple(
    sql.format(table, column)
    for table, column in (("cosignature", "line"), ("timestamp", "token"))
    for sql in _ANCHOR_TABLE
)
"""The objects of ANC-1 (docs/spec.md, section 8.1)."""

_SHA256 = der.sequence(der.oid("2.16.840.1.101.3.4.2.1"), b"\x05\x00")
_ECDSA_SHA256 = der.sequence(der.oid("1.2.840.10045.4.3.2"))
_SIGNED_DATA = der.oid("1.2.840.113549.1.7.2")
_TST_INFO = der.oid("1.2.840.113549.1.9.16.1.4")
_CONTENT_TYPE = der.oid("1.2.840.113549.1.9.3")
_MESSAGE_DIGEST = der.oid("1.2.840.113549.1.9.4")
_SIGNING_CERTIFICATE_V2 = der.oid("1.2.840.113549.1.9.16.2.47")
_POLICY = der.oid("1.3.6.1.4.1.13762.3")


@dataclass
class Anchors:
    """The rows of the two anchor tables: (size, line) and (size, token)."""

    cosignatures: list[tuple[int, bytes]] = field(default_factory=list)
    timestamps: list[tuple[int, bytes]] = field(default_factory=list)

    def copy(self) -> "Anchors":
        return Anchors(list(self.cosignatures), list(self.timestamps))


def note_text(note: bytes) -> bytes:
    """The text of a note, its last newline included."""
    return note.partition(b"\n\n")[0] + b"\n"


class Witness:
    """A witness: cosigns what extends what it cosigned before, and nothing else.

    Attributes:
        seen: size and root of everything that it cosigned.
    """

    def __init__(self, name: str, seed: str = "witness") -> None:
        self.key = Key(name, seed)
        self.size = 0
        self.root = tree_root([])
        self.seen: set[tuple[int, bytes]] = set()

    @property
    def key_id(self) -> bytes:
        material = self.key.name.encode() + b"\n\x04" + self.key.public
        return sha256(material).digest()[:4]

    @property
    def vkey(self) -> str:
        material = base64.b64encode(b"\x04" + self.key.public).decode()
        return f"{self.key.name}+{self.key_id.hex()}+{material}"

    def ask(self, ledger: LedgerSimulator, at_ms: int, size: int = 0) -> bytes | None:
        """Ask for a cosignature of a stored checkpoint; None where it is refused.

        The request carries a consistency proof in life; here the witness is shown the
        leaves, which says the same.
        """
        size = size or max(ledger.checkpoints)
        leaves = ledger.leaves[:size]
        if size < self.size or tree_root(leaves[: self.size]) != self.root:
            return None
        self.size, self.root = size, tree_root(leaves)
        self.seen.add((size, self.root))
        return self.line(ledger.checkpoints[size], at_ms)

    def line(self, note: bytes, at_ms: int) -> bytes:
        """A cosignature line, whatever the note says."""
        at = at_ms // 1000
        message = f"cosignature/v1\ntime {at}\n".encode() + note_text(note)
        blob = self.key_id + at.to_bytes(8, "big") + self.key.private.sign(message)
        name = self.key.name.encode()
        return "\u2014 ".encode() + name + b" " + base64.b64encode(blob) + b"\n"


class TimeAuthority:
    """A time-stamp authority with its own root; stamps anything, as they all do.

    Source: RFC 3161, section 2.4; RFC 5652, section 5; RFC 5035, section 3.
    """

    def __init__(self, name: str = "Test TSA") -> None:
        self._key = _ec_key(name)
        root_key = _ec_key(f"{name} root")
        root_name = _x509_name(f"{name} root")
        root = _certificate(root_name, root_name, root_key.public_key())
        root = root.add_extension(x509.BasicConstraints(True, 0), critical=True)
        leaf = _certificate(_x509_name(name), root_name, self._key.public_key())
        leaf = leaf.add_extension(x509.BasicConstraints(False, None), critical=True)
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
        leaf = leaf.add_extension(usage, critical=True)
        self._certificate = _sign(leaf, root_key)
        self.root_pem = _sign(root, root_key).public_bytes(serialization.Encoding.PEM)
        self._serial = 0

    def stamp(self, note: bytes, at_ms: int) -> bytes:
        """A granted `TimeStampResp` over the SHA-256 of a note."""
        self._serial += 1
        info = der.sequence(
            der.integer(1),
            _POLICY,
            der.sequence(_SHA256, der.octets(sha256(note).digest())),
            der.integer(self._serial),
            der.generalized_time(at_ms),
        )
        status = der.sequence(der.integer(0))
        return der.sequence(status, self._signed_data(info))

    def _signed_data(self, info: bytes) -> bytes:
        certificate = self._certificate.public_bytes(serialization.Encoding.DER)
        signed = der.sequence(
            der.integer(3),
            der.set_of(_SHA256),
            der.sequence(_TST_INFO, der.tagged(0, der.octets(info))),
            der.tagged(0, certificate),
            der.set_of(self._signer_info(info, certificate)),
        )
        return der.sequence(_SIGNED_DATA, der.tagged(0, signed))

    def _signer_info(self, info: bytes, certificate: bytes) -> bytes:
        digest = sha256(certificate).digest()
        reference = der.sequence(der.sequence(der.sequence(der.octets(digest))))
        attributes = [
            der.sequence(_CONTENT_TYPE, der.set_of(_TST_INFO)),
            der.sequence(
                _MESSAGE_DIGEST, der.set_of(der.octets(sha256(info).digest()))
            ),
            der.sequence(_SIGNING_CERTIFICATE_V2, der.set_of(reference)),
        ]
        # Signed as a SET, sent with an implicit tag (RFC 5652, section 5.4).
        to_sign = der.set_of(*attributes)
        signature = self._key.sign(
            to_sign, ec.ECDSA(hashes.SHA256(), deterministic_signing=True)
        )
        issuer = self._certificate.issuer.public_bytes()
        return der.sequence(
            der.integer(1),
            der.sequence(issuer, der.integer(self._certificate.serial_number)),
            _SHA256,
            b"\xa0" + to_sign[1:],
            _ECDSA_SHA256,
            der.octets(signature),
        )


def write_anchored(ledger: LedgerSimulator, anchors: Anchors, path: Path) -> Path:
    """Write a ledger with its anchor tables over whatever is at `path`."""
    path.unlink(missing_ok=True)
    ledger.write(path)
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA synchronous=OFF")
        for sql in ANCHOR_SCHEMA:
            database.execute(sql)
        for table, rows in (
            ("cosignature", anchors.cosignatures),
            ("timestamp", anchors.timestamps),
        ):
            database.executemany(
                f"INSERT INTO {table} VALUES (?, ?, ?)",
                [(number, *row) for number, row in enumerate(rows, start=1)],
            )
    database.close()
    return path


def _ec_key(name: str) -> ec.EllipticCurvePrivateKey:
    seed = int.from_bytes(sha256(name.encode()).digest()[:31], "big")
    return ec.derive_private_key(seed + 1, ec.SECP256R1())


def _x509_name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _certificate(subject, issuer, public_key) -> x509.CertificateBuilder:
    serial = int.from_bytes(sha256(repr(subject).encode()).digest()[:8], "big") | 1
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(serial)
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2040, 1, 1, tzinfo=UTC))
    )


def _sign(builder, key) -> x509.Certificate:
    return builder.sign(key, hashes.SHA256(), ecdsa_deterministic=True)
