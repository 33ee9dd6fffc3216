"""
A small certificate authority for chargers (OCPP 1.6 security, profile 3).

A charger makes a key of its own, which never leaves it, and asks for a certificate of it (PKCS #10). The
certificate says whose it is in its common name: the serial number. How long a key has to be is what the
security whitepaper of OCPP 1.6 asks for: 2048 bits of RSA, or 224 of an elliptic curve; of curves the
NIST ones are taken, from P-256 on.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from services.telemetry.charger import AssignedCharger
from shared.decider import Refused
from shared.messages.credentials import CSR_CHARACTERS_MAX

RSA_BITS_MIN: Final = 2048
CURVES: Final = ("secp256r1", "secp384r1", "secp521r1")
ROOT_YEARS: Final = 20
BEFORE: Final = timedelta(minutes=5)
"""How far back a certificate begins: a charger's clock may be behind ours."""
AuthorityKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


class RequestRefused(Refused):
    """A certificate is asked for that the authority does not give."""


def number_of(certificate: x509.Certificate) -> str:
    """Spell the number of a certificate, as people compare it."""
    return f"{certificate.serial_number:X}"


def common_name_of(certificate: x509.Certificate | x509.CertificateSigningRequest) -> str:
    """Name whose certificate it is; empty if it names none, or several."""
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(names[0].value) if len(names) == 1 else ""


def pem_of(certificate: x509.Certificate) -> str:
    """Write a certificate down."""
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


@dataclass(frozen=True, slots=True)
class Authority:
    """Who signs certificates of chargers, and what they look like."""

    certificate: x509.Certificate
    key: AuthorityKey
    days: int
    """How long a certificate is good."""
    organization: str | None = None
    """What certificate requests have to name; none: anything."""

    @classmethod
    def new_root(cls, name: str, now: datetime) -> tuple[str, str]:
        """
        Make a root: a certificate that is signed by its own key (PEM), and that key (PKCS #8, PEM).

        Args:
            name: of the authority.
            now: the present moment.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        usage = x509.KeyUsage(
            digital_signature=False,
            content_commitment=False,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            key_cert_sign=True,
            crl_sign=True,
            encipher_only=False,
            decipher_only=False,
        )
        own = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        certificate = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - BEFORE)
            .not_valid_after(now + timedelta(days=365 * ROOT_YEARS))
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(own, critical=False)
            .sign(key, hashes.SHA256())
        )
        secret = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        return pem_of(certificate), secret.decode()

    @property
    def is_root(self) -> bool:
        """It has signed itself, and everybody who trusts it has its certificate."""
        return self.certificate.issuer == self.certificate.subject

    def has_signed(self, certificate: x509.Certificate) -> bool:
        """Tell whether a certificate is one of this authority's own."""
        try:
            certificate.verify_directly_issued_by(self.certificate)
        except (ValueError, TypeError, InvalidSignature):
            return False
        return True

    def checked(self, csr: str, assigned: AssignedCharger) -> x509.CertificateSigningRequest:
        """
        Read a certificate request (PEM), and see that it may be signed.

        Raises:
            RequestRefused: it cannot be read, is another charger's, or has a weak key.
        """
        if len(csr) > CSR_CHARACTERS_MAX:
            raise RequestRefused(
                f"the request has more than {CSR_CHARACTERS_MAX} characters; send one certificate "
                "request (PKCS #10, PEM) and nothing else"
            )
        try:
            request = x509.load_pem_x509_csr(csr.encode())
            signed = request.is_signature_valid
            name = common_name_of(request)
        except (ValueError, InvalidSignature, TypeError) as fault:
            raise RequestRefused(
                f"this is no certificate request (PKCS #10, PEM): {fault}; have the charger make one"
            ) from fault
        if not signed:
            raise RequestRefused(
                "the request is not signed by the key that it is for; have the charger make another"
            )
        if name != assigned.serial:
            raise RequestRefused(
                f"the request is for {name!r}; its common name has to be the serial number "
                f"{assigned.serial}"
            )
        self._check_organization(request)
        _check_key(request)
        return request

    def _check_organization(self, request: x509.CertificateSigningRequest) -> None:
        named = [
            it.value for it in request.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
        ]
        if self.organization is not None and named != [self.organization]:
            raise RequestRefused(
                f"the request names the organization {', '.join(map(str, named)) or 'nobody'}; set "
                f"CpoName on the charger to {self.organization!r}"
            )

    def signed(
        self, request: x509.CertificateSigningRequest, serial: str, number: int, now: datetime
    ) -> x509.Certificate:
        """
        Make the certificate that was asked for.

        Args:
            request: as `checked` has returned it. Of its extensions none is taken over.
            serial: whose it is.
            number: of the certificate; random.
            now: the present moment.
        """
        names = [x509.NameAttribute(NameOID.COMMON_NAME, serial)]
        if self.organization is not None:
            names.insert(0, x509.NameAttribute(NameOID.ORGANIZATION_NAME, self.organization))
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])
        own = x509.SubjectKeyIdentifier.from_public_key(request.public_key())
        # The curve of the request's key was checked, and RSA keys are of one kind.
        theirs = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
        end = min(now + timedelta(days=self.days), self.certificate.not_valid_after_utc)
        return (
            x509.CertificateBuilder()
            .subject_name(x509.Name(names))
            .issuer_name(self.certificate.subject)
            .public_key(request.public_key())
            .serial_number(number)
            .not_valid_before(now - BEFORE)
            .not_valid_after(end)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(usage, critical=False)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(serial)]), critical=False)
            .add_extension(own, critical=False)
            .add_extension(theirs, critical=False)
            .sign(self.key, hashes.SHA256())
        )


def _check_key(request: x509.CertificateSigningRequest) -> None:
    key = request.public_key()
    strong = (isinstance(key, rsa.RSAPublicKey) and key.key_size >= RSA_BITS_MIN) or (
        isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name in CURVES
    )
    if not strong:
        raise RequestRefused(
            f"the key is weak, or of a kind nobody uses for TLS here; take RSA with {RSA_BITS_MIN} bits "
            "or more, or a key on P-256, P-384 or P-521"
        )
