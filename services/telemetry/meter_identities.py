"""Whether a meter at a breaker is the one that it says it is: by a token, as RFC 6750 has it."""

from http import HTTPStatus

import structlog
from starlette.requests import Request

from services.telemetry import meter_tokens
from services.telemetry.breaker_meters import BreakerMeter, ReadingRefused
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
        try:
            await self._judge(meter, request)
        except (StoreFault, *DATABASE_FAULTS) as fault:
            log.warning("meter turned away, no log", meter_id=meter.meter_id, fault=repr(fault))
            raise ReadingRefused(
                HTTPStatus.SERVICE_UNAVAILABLE,
                "LogUnavailable",
                "tokens cannot be looked up now; send the next reading when it is due",
            ) from fault

    async def _judge(self, meter: BreakerMeter, request: Request) -> None:
        parts, holder = self._parts, holder_of(meter.installation_id, meter.meter_id)
        state = await parts.tokens.of(holder)
        required = parts.settings.meter_tokens == "required"
        if not required and not state.demanded(meter.entered):
            return
        remote = "" if request.client is None else request.client.host
        if parts.tries.exhausted(remote, holder, known=True):
            raise ReadingRefused(
                HTTPStatus.TOO_MANY_REQUESTS,
                "TooManyWrongTokens",
                f"too many wrong tokens came from there lately; wait for a minute, and {_way(meter)}",
            )
        token = _token(request)
        if token is None:
            raise ReadingRefused(
                HTTPStatus.UNAUTHORIZED,
                "TokenMissing",
                "send the header Authorization: Bearer TOKEN with the token that was shown when it was "
                f"issued, or {_way(meter)}",
            )
        good = state.good(meter.entered)
        credential_id = await parts.passes.keyring.which(holder, good, token)
        if credential_id is None:
            await parts.tries.wrong(remote, holder)
            raise ReadingRefused(
                HTTPStatus.UNAUTHORIZED,
                "TokenWrong",
                f"the token is an old one, or that of another meter; {_way(meter)}",
            )
        if len(state.live) > 1:
            await self._on_shown(meter, holder, credential_id)

    async def _on_shown(self, meter: BreakerMeter, holder: str, credential_id: str) -> None:
        with acting(f"meter/{holder}"):
            await self._parts.tokens.record(
                holder, lambda state: meter_tokens.shown(state, meter, credential_id)
            )


def _token(request: Request) -> bytes | None:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip().encode() if scheme.lower() == BEARER and token.strip() else None


def _way(meter: BreakerMeter) -> str:
    return f"issue another one: ampledger meter token issue {meter.installation_id} {meter.meter_id}"
