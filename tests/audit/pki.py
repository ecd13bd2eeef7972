"""A certificate authority of our own, and a syslog server that talks TLS, for tests."""

from __future__ import annotations

import datetime
import ipaddress
import socket
import ssl
import struct
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID


@dataclass(frozen=True)
class Pki:
    """A certificate authority, a server's and a client's certificate with their keys: PEM files."""

    ca: Path
    server: tuple[Path, Path]
    client: tuple[Path, Path]


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def make_pki(folder: Path) -> Pki:
    ca_key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.datetime.now(datetime.UTC)
    authority = x509.SubjectKeyIdentifier.from_public_key(ca_key.public_key())

    def issue(name: str, usage: x509.ObjectIdentifier | None) -> tuple[Path, Path]:
        key = ca_key if usage is None else ec.generate_private_key(ec.SECP256R1())
        is_ca = usage is None
        builder = (
            x509.CertificateBuilder()
            .subject_name(_name(name))
            .issuer_name(_name("authority"))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(hours=1))
            .not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
            .add_extension(
                x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False
            )
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(authority),
                critical=False,
            )
            .add_extension(
                x509.KeyUsage(
                    digital_signature=True, content_commitment=False, key_encipherment=False,
                    data_encipherment=False, key_agreement=False, key_cert_sign=is_ca,
                    crl_sign=is_ca, encipher_only=False, decipher_only=False,
                ),
                critical=True,
            )
        )  # fmt: skip
        if usage is not None:
            names = [x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
            builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        certificate = builder.sign(ca_key, hashes.SHA256())
        cert_file, key_file = folder / f"{name}.pem", folder / f"{name}.key"
        cert_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        key_file.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return cert_file, key_file

    ca, _ = issue("authority", None)
    return Pki(
        ca,
        issue("server", ExtendedKeyUsageOID.SERVER_AUTH),
        issue("client", ExtendedKeyUsageOID.CLIENT_AUTH),
    )


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


class SyslogServer:
    """Takes connections one after the other; `received` has what it was sent and understood.

    `ways` says how the next connections end: "good" answers close_notify, "mute" closes without
    it, "reset" breaks off after the first bytes, which are lost, "deaf" closes at once.
    """

    def __init__(self, pki: Pki, port: int = 0, *, ways: tuple[str, ...] = ()) -> None:
        self.received: list[bytes] = []
        self._ways = list(ways)
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(*pki.server)
        self._context.load_verify_locations(pki.ca)
        self._context.verify_mode = ssl.CERT_REQUIRED
        self._listener = socket.create_server(("127.0.0.1", port))
        self.port = int(self._listener.getsockname()[1])
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def __enter__(self) -> SyslogServer:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()

    def _serve(self) -> None:
        while True:
            try:
                plain, _ = self._listener.accept()
            except OSError:
                return
            plain.settimeout(120)
            with plain, suppress(OSError):
                self._connection(plain, self._ways.pop(0) if self._ways else "good")

    def _connection(self, plain: socket.socket, way: str) -> None:
        with self._context.wrap_socket(plain, server_side=True, suppress_ragged_eofs=False) as one:
            if way == "reset":
                one.recv(1)
                one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                return
            if way == "deaf":
                return
            data = b""
            while piece := one.recv(65536):
                data += piece
            self.received += unframed(data)
            if way == "good":
                one.unwrap().close()


def unframed(data: bytes) -> list[bytes]:
    """The messages of a stream with octet counting (RFC 5425, section 4.3.1)."""
    found = []
    while data:
        length, _, rest = data.partition(b" ")
        found.append(rest[: int(length)])
        assert len(found[-1]) == int(length)
        data = rest[int(length) :]
    return found
