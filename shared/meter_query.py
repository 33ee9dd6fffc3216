"""
How the meters of an installation are heard of: `queries.telemetry.MeterStandings`.

What they send lasts a day at most, and what is refused is in no log of events; telemetry counts both, and
remembers the latest of each. Who may see it is decided by who asks.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import NoRespondersError
from nats.errors import TimeoutError as NatsTimeoutError
from pydantic import BaseModel, ConfigDict, ValidationError

from shared import subjects
from shared.event_store import DATABASE_FAULTS
from shared.ids import InstallationId, MeterId
from shared.messages import Moment, sent
from shared.messages.telemetry import BreakerReading
from shared.messaging import REQUEST_TIMEOUT_S, ServiceUnavailable

QUERY: Final = "MeterStandings"
SERVICE: Final = "telemetry"

log = structlog.get_logger()


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class MeterStandingsQuery(_Model):
    """Which installation is asked about."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    installation_id: InstallationId


class LastTaken(_Model):
    """The latest reading that was taken."""

    reading: BreakerReading
    shape: str
    by: str
    """HTTP or MQTT."""


class LastRefused(_Model):
    """The latest reading that was not."""

    at: Moment
    refusal: str
    detail: str
    by: str


class MeterStanding(_Model):
    """How one meter is heard of."""

    meter_id: MeterId
    taken: int = 0
    refused: int = 0
    """How many readings, since it was first heard of."""
    last_taken: LastTaken | None = None
    last_refused: LastRefused | None = None


class MeterWays(_Model):
    """Where meters send to; none: nowhere that way."""

    http: str | None = None
    mqtt: str | None = None

    def url_of(self, installation_id: InstallationId, meter_id: MeterId) -> str | None:
        """Name where one of them posts its readings; none: nowhere."""
        return None if self.http is None else f"{self.http}/meters/{installation_id}/{meter_id}"


class MeterStandings(_Model):
    """All meters of an installation that were ever heard of; or why they are not known."""

    meters: tuple[MeterStanding, ...] = ()
    ways: MeterWays = MeterWays()
    fault: str | None = None

    def of(self, meter_id: MeterId) -> MeterStanding | None:
        """Find a meter; none if nothing was ever heard of it."""
        return next((it for it in self.meters if it.meter_id == meter_id), None)


StandingsOf = Callable[[InstallationId], Awaitable[Sequence[MeterStanding]]]


async def answer_standings(client: Client, standings_of: StandingsOf, ways: MeterWays) -> None:
    """Answer questions about meters, for as long as the connection is open."""

    async def on_question(message: Msg) -> None:
        try:
            query = MeterStandingsQuery.model_validate_json(message.data)
            found = await standings_of(query.installation_id)
            answer = MeterStandings(meters=tuple(found), ways=ways)
        except ValidationError as error:
            log.warning("question refused", query=QUERY, error=str(error))
            answer = MeterStandings(fault=f"this is no question for {QUERY}")
        except DATABASE_FAULTS as error:
            log.warning("question not answered", query=QUERY, error=repr(error))
            answer = MeterStandings(fault="meters cannot be looked up now; try again")
        await message.respond(answer.model_dump_json().encode())

    await client.subscribe(subjects.query(SERVICE, QUERY), queue=SERVICE, cb=on_question)


async def ask_standings(client: Client, installation_id: InstallationId) -> MeterStandings:
    """
    Ask how the meters of an installation are heard of.

    Raises:
        ServiceUnavailable: telemetry does not answer, or cannot look it up now.
    """
    query = MeterStandingsQuery(installation_id=installation_id)
    try:
        reply = await client.request(
            subjects.query(SERVICE, QUERY),
            sent(query),
            timeout=REQUEST_TIMEOUT_S,
        )
    except (NoRespondersError, NatsTimeoutError) as error:
        raise ServiceUnavailable(f"{SERVICE} does not answer questions now") from error
    answer = MeterStandings.model_validate_json(reply.data)
    if answer.fault is not None:
        raise ServiceUnavailable(f"{SERVICE}: {answer.fault}")
    return answer
