"""A pinned address does not weaken the certificate check."""

import datetime as dt
import ssl

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from producers.optout.net.fetch import HttpFetcher
from producers.optout.net.resolve import Endpoint


def _certificate(folder, name):
    """A self-signed certificate for `name`; the path of key and certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "site.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return path


@pytest.mark.parametrize(
    ("host", "is_trusted"), [("site.test", True), ("x.test", False)]
)
def test_certificate_is_checked_against_the_name(tmp_path, site, host, is_trusted):
    """The name in the URL decides, not the address that was connected to."""
    path = _certificate(tmp_path, "site.test")
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(path)
    site.socket = server.wrap_socket(site.socket, server_side=True)
    site.handle_error = lambda *_: None  # the client hangs up on a wrong name
    site.routes["/x"] = (200, b"ok")
    endpoint = Endpoint(address="127.0.0.1", port=site.server_port, scheme="https")
    trusted = ssl.create_default_context(cafile=str(path))
    fetch = HttpFetcher(resolver=lambda *_: endpoint, ssl_context=trusted)
    result = fetch(f"https://{host}/x", bytes_max=100)

    assert is_trusted == (getattr(result, "status", None) == 200)
