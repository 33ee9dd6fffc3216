"""
Whether a meter at a breaker is the one that it says it is, by a token.

By HTTP it shows that with every reading (RFC 6750), by MQTT as the password it signs in with.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus

import structlog
from starlette.requests import Request

from services.telemetry import meter_tokens
from services.telemetry.breaker_meters import BreakerMeter, ReadingRefused
from services.telemetry.credentials import Credentials
from services.telemetry.meter_tokens import holder_of
from services.telemetry.parts import Parts
from shared.context import acting
from shared.event_store import DATABASE_FAULTS, StoreFault

BEARER = "bearer"

log = structlog.get_logger()


class MeterIdentities:
    """Judges what meters show. It is looked up for every reading: a withdrawn token is taken no more."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def judge(self, meter: BreakerMeter, request: Request) -> None:
        """
        See that a reading comes from its meter, as far as anybody asks.

        Raises:
            ReadingRefused: it does not show that, or nothing can be looked up now.
        """
        async with _looking_up(meter):
            state = await self._parts.tokens.of(_holder(meter))
            required = self._parts.settings.meter_tokens == "required"
            if not required and not state.demanded(meter.entered):
                return
            remote = "" if request.client is None else request.client.host
            way = f"send the header Authorization: Bearer TOKEN with {_SHOWN}, or {_way(meter)}"
            used = await self._shown(meter, state, remote, _token(request), way)
            await self._on_heard(meter, state, used)

    async def sign_in(self, meter: BreakerMeter, remote: str, password: str) -> str:
        """
        See that a meter signs in with one of its tokens; returns the id of that.

        Raises:
            ReadingRefused: it does not, or nothing can be looked up now.
        """
        async with _looking_up(meter):
            state = await self._parts.tokens.of(_holder(meter))
            way = f"use {_SHOWN} as the password, or {_way(meter)}"
            return await self._shown(meter, state, remote, password.encode() or None, way)

    async def heard(self, meter: BreakerMeter, credential_id: str) -> None:
        """
        See that the token which a reading has come with is good now; those before it end.

        Raises:
            ReadingRefused: it is good no more, or nothing can be looked up now.
        """
        async with _looking_up(meter):
            state = await self._parts.tokens.of(_holder(meter))
            if credential_id not in state.good(meter.entered):
                raise _wrong(meter)
            await self._on_heard(meter, state, credential_id)

    async def _shown(
        self,
        meter: BreakerMeter,
        state: Credentials,
        remote: str,
        token: bytes | None,
        way: str,
    ) -> str:
        parts, holder = self._parts, _holder(meter)
        if parts.tries.exhausted(remote, holder, known=True):
            raise ReadingRefused(
                HTTPStatus.TOO_MANY_REQUESTS,
                "TooManyWrongTokens",
                f"too many wrong tokens came from there lately; wait for a minute, and {_way(meter)}",
            )
        if token is None:
            raise ReadingRefused(HTTPStatus.UNAUTHORIZED, "TokenMissing", way)
        good = state.good(meter.entered)
        credential_id = await parts.passes.keyring.which(holder, good, token)
        if credential_id is None:
            await parts.tries.wrong(remote, holder)
            raise _wrong(meter)
        return credential_id

    async def _on_heard(
        self, meter: BreakerMeter, state: Credentials, credential_id: str
    ) -> None:
        """A reading has come with one of several tokens: those before it end."""
        if len(state.live) < 2:
            return
        with acting(f"meter/{_holder(meter)}"):
            await self._parts.tokens.record(
                _holder(meter), lambda state: meter_tokens.shown(state, meter, credential_id)
            )


_SHOWN = "the token that was shown when it was issued"


@asynccontextmanager
async def _looking_up(meter: BreakerMeter) -> AsyncIterator[None]:
    try:
        yield
    except (StoreFault, *DATABASE_FAULTS) as fault:
        log.warning("meter turned away, no log", meter_id=meter.meter_id, fault=repr(fault))
        raise ReadingRefused(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "LogUnavailable",
            "tokens cannot be looked up now; send the next reading when it is due",
        ) from fault


def _wrong(meter: BreakerMeter) -> ReadingRefused:
    return ReadingRefused(
        HTTPStatus.UNAUTHORIZED,
        "TokenWrong",
        f"the token is an old one, or that of another meter; {_way(meter)}",
    )


def _token(request: Request) -> bytes | None:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip().encode() if scheme.lower() == BEARER and token.strip() else None


def _holder(meter: BreakerMeter) -> str:
    return holder_of(meter.installation_id, meter.meter_id)


def _way(meter: BreakerMeter) -> str:
    return f"issue another one: ampledger meter token issue {meter.installation_id} {meter.meter_id}"
