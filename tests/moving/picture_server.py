"""A server of pictures that is slow, lies about types, redirects to private addresses and
dies, over TLS on loopback.
"""

import io
import ssl
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from PIL import Image

HOST = "127.0.0.1"


def make_picture(number: int) -> bytes:
    """Return a JPEG that differs from those of other numbers."""
    color = (number % 256, number // 256 % 256, 90)
    out = io.BytesIO()
    Image.new("RGB", (60, 80), color).save(out, "JPEG", quality=90)
    return out.getvalue()


class _Handler(BaseHTTPRequestHandler):
    server: "PictureServer"
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        kind, _, name = self.path.strip("/").partition("/")
        self.server.count(self.path)
        number = int("".join(filter(str.isdigit, name)) or 0)
        answers = {
            "ok": lambda: self._answer(make_picture(number)),
            "same": lambda: self._answer(make_picture(7)),
            "lies": lambda: self._answer(b"<html>Not a picture</html>"),
            "slow": self._drip,
            "private": lambda: self._redirect(f"https://10.0.0.1/{number}.jpg"),
            "moved": lambda: self._redirect(f"/ok/{number}.jpg"),
            "loops": lambda: self._redirect(self.path),
            "dies": self._die,
            "busy": lambda: self._busy(number),
        }
        answers.get(kind, lambda: self._answer(b"gone", status=404))()

    def _answer(self, body: bytes, *, status: int = 200) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "image/jpeg")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _redirect(self, to: str) -> None:
        self.send_response(302)
        self.send_header("Location", to)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _drip(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "1000000")
        self.end_headers()
        while not self.server.closing.wait(0.1):
            self.wfile.write(b"x")

    def _die(self) -> None:
        body = make_picture(1)
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) // 2])
        self.close_connection = True

    def _busy(self, number: int) -> None:
        """Refuse at the first time of asking, and answer at the second."""
        if self.server.counts[self.path] == 1:
            self._answer(b"later", status=503)
        else:
            self._answer(make_picture(number))

    def log_message(self, *args: object) -> None:
        """Keep quiet."""


class PictureServer(ThreadingHTTPServer):
    """The server, and how often each path was asked for."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, folder: Path) -> None:
        super().__init__((HOST, 0), _Handler)
        self.closing = threading.Event()
        self.counts: Counter[str] = Counter()
        self._lock = threading.Lock()
        self.ca_file = folder / "ca.pem"
        key_file = _write_certificate(folder, self.ca_file)
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(self.ca_file, key_file)
        self.socket = tls.wrap_socket(
            self.socket, server_side=True, do_handshake_on_connect=False
        )

    def count(self, path: str) -> None:
        with self._lock:
            self.counts[path] += 1

    def url(self, path: str) -> str:
        """Return the address of a path here."""
        return f"https://{HOST}:{self.server_address[1]}/{path}"

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is none of the server's business."""


@contextmanager
def serve_pictures(folder: Path) -> Iterator[PictureServer]:
    """Give a running server, whose certificate is in `ca_file`."""
    server = PictureServer(folder)
    thread = threading.Thread(
        target=server.serve_forever, args=(0.05,), daemon=True
    )
    thread.start()
    try:
        yield server
    finally:
        server.closing.set()
        server.shutdown()
        thread.join()
        server.server_close()


def _write_certificate(folder: Path, ca_file: Path) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=2))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address(HOST))]), False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    ca_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_file = folder / "key.pem"
    key_file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return key_file
