"""
Whether a charger is the one that it says it is.

    nothing issued    it is let in, unless TELEMETRY_CHARGER_CREDENTIALS=required
    a password        HTTP Basic authentication (OCPP 1.6 security, profiles 1 and 2): its serial number
                      and one of the passwords that are good at present
    a certificate     TLS with a client certificate (profile 3) that names it, is good at this time, and
                      was not revoked; then no password is asked for

What is asked for is read at every knock: what was withdrawn or revoked a moment ago opens no door.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cryptography import x509
from websockets.asyncio.server import ServerConnection
from websockets.http11 import Request

from services.telemetry import turned
from services.telemetry.authority import common_name_of, number_of, pem_of
from services.telemetry.charger import AssignedCharger
from services.telemetry.credentials import Credentials
from services.telemetry.parts import Parts
from services.telemetry.secret_marks import Basic, basic_of
from services.telemetry.tls import shown_certificate
from services.telemetry.turned import Turned
from shared.clock import utc_now
from shared.ids import normal_serial


@dataclass(frozen=True, slots=True)
class Proof:
    """What somebody who was let in has shown."""

    proven: bool
    """It is the charger that it says it is."""
    certificate_until: datetime | None = None
    """When the certificate ends that it has shown; none: it has shown none."""


NOTHING_ASKED: Final = Proof(proven=False)
PASSWORD: Final = Proof(proven=True)


class Identities:
    """Judges what chargers show."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def judge(
        self, assigned: AssignedCharger, request: Request, socket: ServerConnection, remote: str
    ) -> Turned | Proof:
        """
        Say what a charger has proven, or why it is turned away.

        Raises:
            OSError, asyncpg.PostgresError, asyncpg.InterfaceError: nothing can be looked up now.
        """
        certificate = shown_certificate(socket)
        if certificate is not None:
            return await self._judge_certificate(assigned, certificate)
        settings, serial = self._parts.settings, assigned.serial
        state = await self._parts.passes.of(serial)
        certified = await self._parts.certificates.of(serial)
        required = settings.charger_credentials == "required"
        has_certificate = certified.demanded(assigned.tenure, utc_now())
        if not required and not state.demanded(assigned.tenure) and not has_certificate:
            return NOTHING_ASKED
        if not settings.passwords_are_safe:
            return turned.in_the_open(assigned)
        known = (
            await self._parts.whereabouts.last_host(self._parts.store.pool, serial) == remote
        )
        if self._parts.tries.exhausted(remote, serial, known=known):
            return turned.too_often(assigned)
        if has_certificate and not state.good(assigned.tenure):
            return turned.no_certificate(assigned)
        return await self._judge_basic(assigned, state, request, remote)

    async def _judge_certificate(
        self, assigned: AssignedCharger, certificate: x509.Certificate
    ) -> Turned | Proof:
        """Judge a certificate; that it was signed by somebody trusted, the handshake has seen to."""
        name, now, number = common_name_of(certificate), utc_now(), number_of(certificate)
        if not _is_named(name, assigned):
            return turned.others_certificate(assigned, name)
        if now > certificate.not_valid_after_utc:
            return turned.untimely(
                assigned, f"ended on {certificate.not_valid_after_utc:%Y-%m-%d}"
            )
        if now < certificate.not_valid_before_utc:
            return turned.untimely(
                assigned, f"begins on {certificate.not_valid_before_utc:%Y-%m-%d}"
            )
        state = await self._parts.certificates.of(assigned.serial)
        authority = self._parts.authority
        ours = authority is not None and authority.has_signed(certificate)
        on_record = state.good(pem_of(certificate), assigned.tenure)
        good = on_record if ours else number not in state.revoked
        if not good:
            return turned.revoked(assigned, number)
        return Proof(proven=True, certificate_until=certificate.not_valid_after_utc)

    async def _judge_basic(
        self, assigned: AssignedCharger, state: Credentials, request: Request, remote: str
    ) -> Turned | Proof:
        good = state.good(assigned.tenure)
        if not good:
            return turned.none_issued(assigned, again=state.demanded(assigned.tenure))
        headers = request.headers.get_all("Authorization")
        shown = basic_of(headers[0]) if len(headers) == 1 else None
        if shown is None:
            return turned.nothing_shown(assigned)
        credential_id = None
        if _is_named(shown.user, assigned):
            credential_id = await self._which(assigned, good, shown)
        if credential_id is None:
            await self._parts.tries.wrong(remote, assigned.serial)
            return turned.wrong(assigned, named=_is_named(shown.user, assigned))
        if len(state.live) > 1:
            await self._parts.passes.on_shown(assigned, credential_id)
        return PASSWORD

    async def _which(
        self, assigned: AssignedCharger, good: tuple[str, ...], shown: Basic
    ) -> str | None:
        keyring = self._parts.passes.keyring
        return await keyring.which(assigned.serial, good, shown.password)


def _is_named(name: str, assigned: AssignedCharger) -> bool:
    try:
        return normal_serial(name) == assigned.serial
    except ValueError:
        return False
