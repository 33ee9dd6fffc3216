"""
A charger's own key and certificate (OCPP 1.6 security, profile 3).

The key is made in the charger and never leaves it. A new one is made for every certificate that is asked
for, and takes the place of the old one when its certificate has come.
"""

from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass(slots=True)
class Security:
    """What a charger shows who it is with. It survives a lost connection and a lost supply."""

    certificate: str | None = None
    """Its certificate and those that signed it (PEM); none: it has none yet."""
    key: ec.EllipticCurvePrivateKey | None = None
    """Of that certificate."""
    _next: ec.EllipticCurvePrivateKey | None = None

    @property
    def key_pem(self) -> str:
        """
        Write the key of the certificate down.

        Raises:
            ValueError: there is none.
        """
        if self.key is None:
            raise ValueError("this charger has no certificate yet")
        return self.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ).decode()

    def request(self, serial: str) -> str:
        """Make a key, and a request for a certificate of it (PKCS #10, PEM)."""
        self._next = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, serial)])
        builder = x509.CertificateSigningRequestBuilder().subject_name(name)
        request = builder.sign(self._next, hashes.SHA256())
        return request.public_bytes(serialization.Encoding.PEM).decode()

    def take(self, chain: str) -> bool:
        """Take a certificate; tell whether it is of the key that was made last."""
        try:
            (own, *_) = x509.load_pem_x509_certificates(chain.encode())
        except ValueError:
            return False
        if self._next is None or own.public_key() != self._next.public_key():
            return False
        self.certificate, self.key, self._next = chain, self._next, None
        return True
