"""
How a process signs in to NATS, and over what: told by its environment, the same for every connection of it.

    NATS_NKEY_SEED_FILE   the key of this service (`ampledger nats keys` makes them)
    NATS_CA_FILE          who signed the certificate of the server; from then on everything is encrypted
    NATS_CERT_FILE, NATS_KEY_FILE
                          our own certificate, where the server asks for one

The name and the password of an address win over the key.
"""

import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self
from urllib.parse import urlsplit

from faststream.nats.security import NatsNKey, NatsSecurity
from pydantic import Field, model_validator

from shared.lines import LineSettings, PlaintextRefused, is_here

ENCRYPTED: Final = ("tls", "wss")


class NatsSettings(LineSettings):
    """`NATS_*`, without the address."""

    seed_file: Path | None = Field(default=None, alias="NATS_NKEY_SEED_FILE")
    ca_file: Path | None = Field(default=None, alias="NATS_CA_FILE")
    cert_file: Path | None = Field(default=None, alias="NATS_CERT_FILE")
    key_file: Path | None = Field(default=None, alias="NATS_KEY_FILE")

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.cert_file is None) != (self.key_file is None):
            raise ValueError(
                "NATS_CERT_FILE and NATS_KEY_FILE belong together: set both or none"
            )
        if self.cert_file is not None and self.ca_file is None:
            raise ValueError("NATS_CERT_FILE is of no use without NATS_CA_FILE: set both")
        return self


@dataclass(frozen=True, slots=True)
class SignIn:
    """
    How one connection signs in.

    Args:
        seed_file: the key; none where the address has a name and a password.
        tls: what the server's certificate is checked with; none to talk unencrypted.
    """

    seed_file: Path | None
    tls: ssl.SSLContext | None

    def of_client(self) -> dict[str, Any]:
        """Say it to a client of nats-py. TLS comes first: a client that waited for the server to ask for
        it could be talked out of it."""
        options: dict[str, Any] = {}
        if self.seed_file is not None:
            options["nkeys_seed"] = str(self.seed_file)
        if self.tls is not None:
            options |= {"tls": self.tls, "tls_handshake_first": True}
        return options

    def of_broker(self) -> NatsSecurity | None:
        """Say it to a broker of FastStream."""
        first = self.tls is not None
        if self.seed_file is not None:
            return NatsNKey.from_file(
                self.seed_file, ssl_context=self.tls, tls_handshake_first=first
            )
        return NatsSecurity(ssl_context=self.tls, tls_handshake_first=first) if first else None


def sign_in(nats_url: str, settings: NatsSettings | None = None) -> SignIn:
    """
    Find out how to sign in at an address.

    Args:
        nats_url: one address, or several of one cluster with commas between them.
        settings: what else is known; by default what the environment says.

    Raises:
        PlaintextRefused: it is on another machine, and would be talked to unencrypted.
        OSError: a file of a setting cannot be read.
    """
    known = settings or NatsSettings()
    places = [urlsplit(it.strip()) for it in nats_url.split(",")]
    tls = _tls(known) if known.ca_file is not None else None
    if tls is None and any(it.scheme in ENCRYPTED for it in places):
        tls = ssl.create_default_context()
    exposed = [it for it in places if not is_here(it.hostname)]
    if exposed and tls is None and known.plaintext == "refused":
        raise PlaintextRefused(
            f"NATS on {exposed[0].hostname} would be talked to unencrypted; set NATS_CA_FILE to the "
            "certificate of who signed the server's, or AMPLEDGER_PLAINTEXT=allowed where nobody "
            "else is on the line"
        )
    named = any(it.username for it in places)
    return SignIn(None if named else known.seed_file, tls)


def _tls(settings: NatsSettings) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=settings.ca_file)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if settings.cert_file is not None and settings.key_file is not None:
        context.load_cert_chain(settings.cert_file, settings.key_file)
    return context
