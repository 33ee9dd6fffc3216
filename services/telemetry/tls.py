"""
What the gateway speaks TLS with (OCPP 1.6 security, profiles 2 and 3), and whom it trusts.

A certificate that a charger shows has to be signed by an authority that is trusted: that OpenSSL sees to,
in the handshake. Whether its time has come, whose it is, and whether it was revoked is judged at the door,
where the charger can be told and support can read why it was turned away.
"""

import ssl
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from websockets.asyncio.server import ServerConnection

from services.telemetry.authority import Authority
from services.telemetry.metrics import CERTIFICATE_ENDS
from services.telemetry.settings import Settings

NO_CHECK_TIME: Final = 0x200000
"""X509_V_FLAG_NO_CHECK_TIME of OpenSSL, for which Python has no name."""


def server_tls(settings: Settings) -> ssl.SSLContext | None:
    """
    Make what the gateway speaks TLS with; none: it speaks none.

    TLS 1.2 is the oldest version that the security whitepaper allows, and many chargers know no newer one.

    Raises:
        OSError: a certificate or a key cannot be read, or they do not fit together.
    """
    if settings.tls_cert is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(settings.tls_cert, settings.tls_key)
    note_end("gateway", settings.tls_cert)
    if settings.ca_cert is not None:
        note_end("authority", settings.ca_cert)
    trusted = [it for it in (settings.ca_cert, settings.client_ca) if it is not None]
    for file in trusted:
        context.load_verify_locations(file)
    if trusted:
        context.verify_mode = ssl.CERT_OPTIONAL
        context.verify_flags |= NO_CHECK_TIME
    return context


def note_end(name: str, file: Path) -> None:
    """
    Let the figures tell when a certificate ends: the first one of a file, which is the one that is shown.

    Raises:
        OSError, ValueError: it cannot be read.
    """
    certificate = x509.load_pem_x509_certificate(file.read_bytes())
    CERTIFICATE_ENDS.labels(name).set(certificate.not_valid_after_utc.timestamp())


def authority_of(settings: Settings) -> Authority | None:
    """
    Read the authority that signs certificates of chargers; none: none are signed.

    Raises:
        OSError: a file cannot be read.
        ValueError, TypeError: what is in it is no certificate or key, or one of another kind.
    """
    if settings.ca_cert is None or settings.ca_key is None:
        return None
    certificate = x509.load_pem_x509_certificate(settings.ca_cert.read_bytes())
    key = _key(settings.ca_key)
    if certificate.public_key() != key.public_key():
        raise ValueError(
            f"TELEMETRY_CA_KEY ({settings.ca_key}) is not the key of TELEMETRY_CA_CERT "
            f"({settings.ca_cert}); name the two files that belong together"
        )
    return Authority(certificate, key, settings.certificate_days, settings.cpo_name)


def _key(file: Path) -> ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey:
    key = serialization.load_pem_private_key(file.read_bytes(), None)
    if not isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
        raise TypeError(f"TELEMETRY_CA_KEY ({file}) is neither an RSA key nor one of a curve")
    return key


def shown_certificate(socket: ServerConnection) -> x509.Certificate | None:
    """Read the certificate that whoever is at the other end has shown, and has the key of."""
    tls = socket.transport.get_extra_info("ssl_object")
    shown = None if tls is None else tls.getpeercert(binary_form=True)
    return None if shown is None else x509.load_der_x509_certificate(shown)
