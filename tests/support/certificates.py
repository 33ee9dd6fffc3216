"""Certificates for tests: an authority, and a server on this machine that it vouches for."""

from dataclasses import dataclass
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from services.telemetry.authority import Authority, pem_of
from shared.clock import utc_now

NOW = utc_now()
Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


def name_of(common_name: str, organization: str | None = None) -> x509.Name:
    names = [x509.NameAttribute(NameOID.COMMON_NAME, common_name)]
    if organization is not None:
        names.append(x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization))
    return x509.Name(names)


def key_pem(key: Key) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


def new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def csr_of(common_name: str, key: Key, organization: str | None = None) -> str:
    builder = x509.CertificateSigningRequestBuilder()
    request = builder.subject_name(name_of(common_name, organization)).sign(
        key, hashes.SHA256()
    )
    return request.public_bytes(serialization.Encoding.PEM).decode()


def new_authority(days: int = 365, organization: str | None = None) -> Authority:
    certificate, key = Authority.new_root("Test chargers", NOW)
    loaded = serialization.load_pem_private_key(key.encode(), None)
    assert isinstance(loaded, ec.EllipticCurvePrivateKey)
    parsed = x509.load_pem_x509_certificate(certificate.encode())
    return Authority(parsed, loaded, days, organization)


@dataclass(frozen=True, slots=True)
class Files:
    """An authority, and the certificate of a server at 127.0.0.1, as files."""

    authority: Authority
    ca_cert: Path
    ca_key: Path
    tls_cert: Path
    tls_key: Path


def written(folder: Path) -> Files:
    """Make an authority for everything, and write it down."""
    authority, key = new_authority(), new_key()
    at = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    server = (
        x509.CertificateBuilder()
        .subject_name(name_of("gateway"))
        .issuer_name(authority.certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - timedelta(hours=1))
        .not_valid_after(NOW + timedelta(days=1))
        .add_extension(at, critical=False)
        .sign(authority.key, hashes.SHA256())
    )
    files = Files(
        authority, *(folder / it for it in ("ca.pem", "ca.key", "server.pem", "server.key"))
    )
    files.ca_cert.write_text(pem_of(authority.certificate))
    files.ca_key.write_text(key_pem(authority.key))
    files.tls_cert.write_text(pem_of(server))
    files.tls_key.write_text(key_pem(key))
    return files
