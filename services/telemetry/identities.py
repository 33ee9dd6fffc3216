"""
Whether a charger is the one that it says it is.

    nothing issued    it is let in, unless TELEMETRY_CHARGER_CREDENTIALS=required
    a password        HTTP Basic authentication (OCPP 1.6 security, profiles 1 and 2): its serial number
                      and one of the passwords that are good at present

What is asked for is read at every knock: a password that was withdrawn a moment ago opens no door.
"""

import time
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

import structlog
from websockets.http11 import Request

from services.telemetry.charger import AssignedCharger
from services.telemetry.credentials import Credentials
from services.telemetry.parts import Parts
from services.telemetry.secret_marks import Basic, basic_of
from shared.ids import normal_serial

CHALLENGE: Final = {"WWW-Authenticate": 'Basic realm="ampledger", charset="UTF-8"'}
WAIT: Final = {"Retry-After": "60"}

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Turned:
    """Why a charger is turned away."""

    status: HTTPStatus
    kind: str
    """The same for all reasons of the kind, however they are worded."""
    reason: str
    """For the record and for support."""
    way_on: str
    headers: dict[str, str]


class Identities:
    """Judges what chargers show."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def judge(
        self, assigned: AssignedCharger, request: Request, remote: str
    ) -> Turned | None:
        """
        Say why a charger is turned away; none: it is the one it says it is, as far as anybody asks.

        Raises:
            StoreFault, OSError, asyncpg.PostgresError, asyncpg.InterfaceError: nothing can be
                looked up now.
        """
        settings, serial = self._parts.settings, assigned.serial
        state = await self._parts.passes.of(serial)
        required = settings.charger_credentials == "required"
        if not required and not state.demanded(assigned.tenure):
            return None
        if not settings.passwords_are_safe:
            return _in_the_open(assigned)
        known = self._parts.whereabouts.host(serial) == remote
        if self._parts.attempts.exhausted(remote, serial, time.monotonic(), known=known):
            return _too_often(assigned)
        return await self._judge_basic(assigned, state, request, remote)

    async def _judge_basic(
        self, assigned: AssignedCharger, state: Credentials, request: Request, remote: str
    ) -> Turned | None:
        good = state.good(assigned.tenure)
        if not good:
            return _none_issued(assigned, again=state.demanded(assigned.tenure))
        headers = request.headers.get_all("Authorization")
        shown = basic_of(headers[0]) if len(headers) == 1 else None
        if shown is None:
            return _nothing_shown(assigned)
        credential_id = None
        if _is_named(shown, assigned):
            credential_id = await self._parts.passes.keyring.which(
                assigned.serial, good, shown.password
            )
        if credential_id is None:
            self._parts.attempts.wrong(remote, assigned.serial, time.monotonic())
            return _wrong(assigned, named=_is_named(shown, assigned))
        if len(state.live) > 1:
            await self._parts.passes.on_shown(assigned, credential_id)
        return None


def _is_named(shown: Basic, assigned: AssignedCharger) -> bool:
    try:
        return normal_serial(shown.user) == assigned.serial
    except ValueError:
        return False


def _nothing_shown(assigned: AssignedCharger) -> Turned:
    return Turned(
        HTTPStatus.UNAUTHORIZED,
        "nothing-shown",
        "it shows no password, and one was issued for it",
        "set AuthorizationKey on the charger to the password that was shown when it was issued, or "
        f"issue another one: ampledger charger credential issue {assigned.serial}",
        CHALLENGE,
    )


def _wrong(assigned: AssignedCharger, *, named: bool) -> Turned:
    way_on = f"issue another one: ampledger charger credential issue {assigned.serial}"
    if not named:
        return Turned(
            HTTPStatus.UNAUTHORIZED,
            "other-name",
            "it signs in under another name than its serial number",
            f"the user is the serial number in the path, {assigned.serial}; set it on the charger, or "
            f"assign the charger that this is, if it was mistaken for this one; or {way_on}",
            CHALLENGE,
        )
    return Turned(
        HTTPStatus.UNAUTHORIZED,
        "wrong-password",
        "it shows a wrong password: an old one, or that of another charger",
        f"enter the one that was issued last, or {way_on}",
        CHALLENGE,
    )


def _none_issued(assigned: AssignedCharger, *, again: bool) -> Turned:
    return Turned(
        HTTPStatus.UNAUTHORIZED,
        "none-issued",
        "its passwords were withdrawn" if again else "no password was issued for it",
        f"issue one, and enter it on the charger: ampledger charger credential issue {assigned.serial}",
        CHALLENGE,
    )


def _too_often(assigned: AssignedCharger) -> Turned:
    return Turned(
        HTTPStatus.TOO_MANY_REQUESTS,
        "too-often",
        "too many wrong passwords came from there lately",
        "wait for a minute; see that the charger has the password that was issued last, or issue "
        f"another one: ampledger charger credential issue {assigned.serial}",
        WAIT,
    )


def _in_the_open(assigned: AssignedCharger) -> Turned:
    return Turned(
        HTTPStatus.FORBIDDEN,
        "in-the-open",
        "it would have to show its password over a connection that anybody can read",
        "have the gateway speak TLS (TELEMETRY_TLS_CERT, TELEMETRY_TLS_KEY) and the charger connect to "
        "wss://; behind a proxy that does so, or in a network of your own, set "
        "TELEMETRY_PLAIN_PASSWORDS=allowed; or let it in without: ampledger charger credential "
        f"withdraw {assigned.serial} --let-in-without",
        {},
    )
