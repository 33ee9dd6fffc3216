"""`ampledger explain`: why a charger gets what it gets, now or at any moment."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Annotated, Final

import typer
from nats.errors import TimeoutError as NatsTimeoutError
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy
from nats.js.errors import NotFoundError
from pydantic import ValidationError

from cli.support.announced import nats_client
from cli.support.asking import MomentText
from cli.support.chargers import Stood, events_of, find_charger, whole_state
from cli.support.finding import zone_at
from cli.support.output import Json, console, print_json, run
from cli.support.places import DataFolder, Place, place_of
from cli.support.reading import Logs, open_logs
from cli.support.showing import show_lines
from shared import subjects
from shared.clock import utc_now
from shared.history import explaining
from shared.history.explained import Explained
from shared.history.limits import course_of, in_force
from shared.history.merging import merge
from shared.messages.telemetry import MeterReading
from shared.messaging import ServiceUnavailable

FRESH_S: Final = 60.0
"""A reading older than this tells nothing of the moment."""
NEXT_S_MAX: Final = 2.0
"""For how long a jetstream may keep a reader waiting that has asked for a reading."""


def explain(
    charger: Annotated[
        str, typer.Argument(metavar="CHARGER", help="Its id, its serial, or its name.")
    ],
    at: MomentText = None,
    installation: Annotated[
        str | None, typer.Option(help="Where it stands, if several have that name.")
    ] = None,
    as_json: Json = False,
    data_folder: DataFolder = None,
) -> None:
    """
    Say why a charger gets what it gets: which breaker, which phase, which rule, and what would be next.

    Everything is told from the logs, for any moment (--at), whether or not services run; what the car
    draws is told from the readings, which are kept for a day. Exit code 2: there is no such charger, it
    stood nowhere then, several have that name, or the moment is in the future.
    """

    async def work() -> tuple[Explained, str | None]:
        place = place_of(data_folder)
        async with open_logs(place) as logs:
            found = await find_charger(logs, charger, at, utc_now(), installation)
            explained = await _explained(logs, found)
        try:
            return await _with_reading(place, explained), None
        except ServiceUnavailable as error:
            return explained, str(error)

    explained, without_readings = run(work())
    if as_json:
        print_json(explaining.as_json(explained) | {"without_readings": without_readings})
        return
    show_lines(console(), [" ".join(explaining.sentences(explained))])
    if without_readings is not None:
        show_lines(
            console(), [f"What its car draws cannot be read: {without_readings}."], "dim"
        )


async def _explained(logs: Logs, stood: Stood) -> Explained:
    events = await events_of(logs, stood)
    installation_id = stood.installation.installation_id
    course = course_of(installation_id, stood.charger_id, merge(events))
    return Explained(
        whole_state(stood, events),
        stood.charger_id,
        stood.at,
        zone_at(stood.layout, installation_id),
        in_force(course, stood.at),
    )


# --- What the car draws ---


async def _with_reading(place: Place, explained: Explained) -> Explained:
    """
    Add the latest reading before the moment.

    Raises:
        ServiceUnavailable: NATS cannot be reached.
    """
    installation_id = explained.installation.installation_id
    subject = subjects.telemetry(MeterReading, installation_id, explained.charger_id)
    reading = await _latest(place.nats(), subject, explained.at)
    return replace(explained, reading=reading)


async def _latest(nats_url: str, subject: str, at: datetime) -> MeterReading | None:
    config = ConsumerConfig(
        deliver_policy=DeliverPolicy.BY_START_TIME,
        opt_start_time=at - timedelta(seconds=FRESH_S),
        ack_policy=AckPolicy.NONE,
    )
    latest: MeterReading | None = None
    async with nats_client(nats_url) as client:
        js = client.jetstream()
        try:
            subscription = await js.subscribe(
                subject,
                stream=subjects.TELEMETRY_JETSTREAM,
                ordered_consumer=True,
                config=config,
            )
        except NotFoundError:
            return None  # nothing was ever read
        try:
            while True:
                message = await subscription.next_msg(timeout=NEXT_S_MAX)
                reading = _read(message.data)
                if reading is not None and reading.received_at > at:
                    break
                latest = reading or latest
                if message.metadata.num_pending == 0:
                    break
        except NatsTimeoutError:
            return latest  # there is none that young
        finally:
            await subscription.unsubscribe()
    return latest


def _read(data: bytes) -> MeterReading | None:
    try:
        return MeterReading.model_validate_json(data)
    except ValidationError:
        return None  # of another version: it cannot be told
