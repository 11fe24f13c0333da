"""A time-stamping authority: `openssl ts` with a root and a leaf certificate."""

import shutil
import subprocess
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socketserver import TCPServer

CONFIG = """
[req]
distinguished_name = dn
prompt = no
[dn]
CN = {name}
[root]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign
[leaf]
basicConstraints = CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, timeStamping
[tsa]
default_tsa = here
[here]
serial = {folder}/serial
signer_cert = {folder}/leaf.pem
signer_key = {folder}/leaf.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha512
ess_cert_id_chain = no
"""


class Authority:
    """One authority; its folder holds keys, certificates and a serial number.

    Attributes:
        root: the PEM file of its root certificate.
    """

    def __init__(self, folder: Path, name="Test"):
        """Make keys and certificates."""
        folder.mkdir()
        self.folder = folder
        self.root = folder / "root.pem"
        (folder / "serial").write_text("01")
        for part in ("root", "leaf"):
            (folder / f"{part}.cnf").write_text(
                CONFIG.format(name=f"{name} {part}", folder=folder)
            )
        new_key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
        self.run(
            *("req", "-x509", "-config", "root.cnf", "-extensions", "root", *new_key),
            *("-keyout", "root.key", "-out", "root.pem", "-days", "3650"),
        )
        self.run(
            *("req", "-config", "leaf.cnf", *new_key),
            *("-keyout", "leaf.key", "-out", "leaf.csr"),
        )
        self.run(
            *("x509", "-req", "-in", "leaf.csr", "-CA", "root.pem"),
            *("-CAkey", "root.key", "-set_serial", "2", "-days", "3650"),
            *("-extfile", "leaf.cnf", "-extensions", "leaf", "-out", "leaf.pem"),
        )

    def run(self, *arguments):
        """Run openssl in the folder."""
        subprocess.run(
            [shutil.which("openssl"), *arguments],
            cwd=self.folder,
            check=True,
            capture_output=True,
        )

    def reply(self, query: bytes) -> bytes:
        """The DER TimeStampResp to a DER TimeStampReq."""
        (self.folder / "q.tsq").write_bytes(query)
        self.run(
            *("ts", "-reply", "-config", "leaf.cnf", "-section", "here"),
            *("-queryfile", "q.tsq", "-out", "r.tsr"),
        )
        return (self.folder / "r.tsr").read_bytes()

    def query(self, content: bytes, *options) -> bytes:
        """The DER TimeStampReq that openssl makes over `content`."""
        (self.folder / "data").write_bytes(content)
        self.run("ts", "-query", "-data", "data", "-cert", *options, "-out", "o.tsq")
        return (self.folder / "o.tsq").read_bytes()


class AnsweringServer(ThreadingHTTPServer):
    """Answers a POST with what `answer` makes of its body: (status, type, body).

    Attributes:
        types: the content types of what was asked.
        url: where it is.
    """

    def __init__(self, answer):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answer = answer
        self.types = []
        self.url = f"http://127.0.0.1:{self.server_address[1]}/tsa"

    def server_bind(self):
        """Bind without asking a name service what we are called."""
        TCPServer.server_bind(self)


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        query = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.types.append(self.headers["Content-Type"])
        status, kind, body = self.server.answer(query)
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Location", "/elsewhere")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass
