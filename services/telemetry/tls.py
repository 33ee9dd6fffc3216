"""What the gateway shows chargers that connect by TLS (OCPP 1.6 security, profile 2)."""

import ssl

from services.telemetry.settings import Settings


def server_tls(settings: Settings) -> ssl.SSLContext | None:
    """
    Make what the gateway speaks TLS with; none: it speaks none.

    TLS 1.2 is the oldest version that the security whitepaper allows, and many chargers know no newer one.

    Raises:
        OSError: certificate or key cannot be read, or do not fit together.
    """
    if settings.tls_cert is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(settings.tls_cert, settings.tls_key)
    return context
