"""
The root certificates that a charger trusts, and signed firmware (OCPP 1.6 security whitepaper).

A simulated charger fetches nothing: to it, the content of firmware is its address.
"""

import hashlib
from base64 import b64decode
from binascii import Error as NotBase64
from dataclasses import dataclass, field
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from simulator.payloads import Payload

CENTRAL_SYSTEM: Final = "CentralSystemRootCertificate"
MANUFACTURER: Final = "ManufacturerRootCertificate"
USES: Final = frozenset({CENTRAL_SYSTEM, MANUFACTURER})
ROOTS_MAX: Final = 5
"""CertificateStoreMaxLength: so many it has room for."""


@dataclass(slots=True)
class Roots:
    """What a charger trusts; it survives a lost connection and a lost supply."""

    held: list[tuple[str, x509.Certificate]] = field(default_factory=list)

    def install(self, use: str, pem: str) -> str:
        """Take a certificate; return the status that answers InstallCertificate."""
        certificate = _read(pem)
        if certificate is None:
            return "Rejected"
        if len(self.held) >= ROOTS_MAX:
            return "Failed"
        if (use, certificate) not in self.held:
            self.held.append((use, certificate))
        return "Accepted"

    def listed(self, use: str) -> list[Payload]:
        """Tell which certificates it has for a use, by their hashes."""
        return [hash_data(it) for kind, it in self.held if kind == use]

    def delete(self, wanted: Payload) -> str:
        """Forget a certificate; return the status that answers DeleteCertificate."""
        left = [it for it in self.held if hash_data(it[1]) != wanted]
        if len(left) == len(self.held):
            return "NotFound"
        self.held = left
        return "Accepted"

    def knows(self, pem: str) -> bool:
        """Tell whether a signing certificate was issued by a manufacturer that it trusts."""
        certificate = _read(pem)
        return certificate is not None and any(
            _issued(certificate, root) for use, root in self.held if use == MANUFACTURER
        )


def _read(pem: str) -> x509.Certificate | None:
    try:
        return x509.load_pem_x509_certificate(pem.encode())
    except ValueError:
        return None


def _issued(certificate: x509.Certificate, root: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(root)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def hash_data(certificate: x509.Certificate) -> Payload:
    """Tell a self-signed certificate from others (CertificateHashDataType)."""
    key = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return {
        "hashAlgorithm": "SHA256",
        "issuerNameHash": hashlib.sha256(certificate.issuer.public_bytes()).hexdigest(),
        "issuerKeyHash": hashlib.sha256(key).hexdigest(),
        "serialNumber": f"{certificate.serial_number:X}",
    }


def signed_by(pem: str, signature: str, location: str) -> bool:
    """Tell whether firmware from some address has a good signature."""
    certificate = _read(pem)
    if certificate is None:
        return False
    key = certificate.public_key()
    try:
        raw = b64decode(signature, validate=True)
        if isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(raw, location.encode(), ec.ECDSA(hashes.SHA256()))
        elif isinstance(key, rsa.RSAPublicKey):
            key.verify(raw, location.encode(), padding.PKCS1v15(), hashes.SHA256())
        else:
            return False
    except (NotBase64, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True
