"""A pinned address does not weaken the certificate check."""

import contextlib
import datetime as dt
import socket
import ssl

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from producers.optout.net.fetch import HttpFetcher
from producers.optout.net.resolve import Endpoint
from producers.optout.net.response import Failure


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


@pytest.fixture
def secure(tmp_path, site):
    """A fetcher that trusts the site, whose certificate names `site.test`."""
    path = _certificate(tmp_path, "site.test")
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(path)
    site.socket = server.wrap_socket(site.socket, server_side=True)
    site.handle_error = lambda *_: None  # a client that hangs up is no error
    endpoint = Endpoint(address="127.0.0.1", port=site.server_port, scheme="https")
    trusted = ssl.create_default_context(cafile=str(path))
    return HttpFetcher(resolver=lambda *_: endpoint, ssl_context=trusted)


def _unmeasured(*, is_ended):
    """A body that ends with the connection; TLS is ended before, or cut off."""

    def answer(handler):
        handler.send_response(200)
        handler.end_headers()
        handler.wfile.write(b"User-agent: *")
        if is_ended:
            with contextlib.suppress(OSError):
                handler.connection.unwrap()
        handler.connection.shutdown(socket.SHUT_WR)
        handler.close_connection = True

    return answer


def test_body_that_tls_does_not_end_is_cut(site, secure):
    """Anybody on the way can end a connection; only the server ends TLS."""
    site.routes["/x"] = _unmeasured(is_ended=False)

    assert Failure(kind="protocol") == secure("https://site.test/x", bytes_max=100)


def test_body_that_tls_ends_is_whole(site, secure):
    """A body without a length is whole where TLS was ended."""
    site.routes["/x"] = _unmeasured(is_ended=True)

    assert b"User-agent: *" == secure("https://site.test/x", bytes_max=100).body


def test_body_of_a_length_needs_no_end_of_tls(site, secure):
    """Where the length is known, many servers just hang up."""
    site.routes["/x"] = (200, b"ok")

    assert b"ok" == secure("https://site.test/x", bytes_max=100).body


@pytest.mark.parametrize(
    ("host", "is_trusted"), [("site.test", True), ("x.test", False)]
)
def test_certificate_is_checked_against_the_name(site, secure, host, is_trusted):
    """The name in the URL decides, not the address that was connected to."""
    site.routes["/x"] = (200, b"ok")
    result = secure(f"https://{host}/x", bytes_max=100)

    assert ("tls" if not is_trusted else 200) == (
        result.kind if isinstance(result, Failure) else result.status
    )
