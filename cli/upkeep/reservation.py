"""For whom a charger is kept."""

import asyncio
from typing import Annotated

import typer

from cli.layout.credential import SerialArg
from cli.layout.options import Actor, AsJson, DataFolder, Manner
from cli.layout.places import nats_url, store_of
from cli.layout.telling import say
from cli.layout.values import moment_of
from cli.people.asking import person_named
from cli.services import TELEMETRY
from cli.setting_up import connected
from cli.support.output import print_json, run
from cli.upkeep.asking import ids_of, tell, wish
from shared.clock import utc_now
from shared.ids import PersonId
from shared.messages.upkeep import (
    CancelReservation,
    ChargerReserved,
    ReservationEnded,
    ReserveCharger,
)

app = typer.Typer()


@app.command("reserve")
def reserve(
    serial: SerialArg,
    until: Annotated[
        str, typer.Option(help="Until when: 2026-11-22T18:00+01:00, or 30m, 2h from now.")
    ],
    person: Annotated[
        str | None, typer.Option(help="For whom: an id, or an e-mail address.")
    ] = None,
    card: Annotated[
        str | None, typer.Option(help="For whoever has the card with this number.")
    ] = None,
    actor: Actor = None,
    data_folder: DataFolder = None,
    as_json: AsJson = False,
) -> None:
    """Keep a charger for a person or a card; nobody else charges there until then."""
    if (person is None) == (card is None):
        raise typer.BadParameter("give either --person or --card")
    manner = Manner(data_folder, actor, as_json=as_json)
    fields = {
        "until": moment_of(until, utc_now()),
        "person_id": None if person is None else run(_person(person, manner)),
        "card": card,
    }
    tell(wish(ReserveCharger, serial, manner, fields), "the charger is kept for them", manner)


async def _person(name: str, manner: Manner) -> PersonId:
    if "@" not in name:
        return name
    async with connected(nats_url(manner.data_folder)) as client:
        return await person_named(client, name)


@app.command("cancel-reservation")
def cancel_reservation(
    serial: SerialArg,
    actor: Actor = None,
    data_folder: DataFolder = None,
    as_json: AsJson = False,
) -> None:
    """Keep a charger for nobody any more."""
    manner = Manner(data_folder, actor, as_json=as_json)
    tell(wish(CancelReservation, serial, manner), "the charger is free for everybody", manner)


@app.command("reservation")
def reservation(
    serial: SerialArg, data_folder: DataFolder = None, as_json: AsJson = False
) -> None:
    """Show for whom a charger is kept, and until when."""
    held = asyncio.run(_held(serial, Manner(data_folder)))
    if as_json:
        print_json({"reservation": None if held is None else held.model_dump(mode="json")})
    elif held is None:
        say("the charger is kept for nobody")
    else:
        who = held.person_id or f"whoever has the card {held.card_mark[:8]}"
        say(f"the charger is kept for {who} until {held.until.isoformat()}")


async def _held(serial: str, manner: Manner) -> ChargerReserved | None:
    ids = await asyncio.to_thread(ids_of, serial, manner)
    held: ChargerReserved | None = None
    async with store_of(manner.data_folder, TELEMETRY) as store:
        for recorded in await store.load(f"charger-{ids['charger_id']}"):
            event = recorded.event
            if isinstance(event, ChargerReserved) and (
                event.installation_id == ids["installation_id"]
            ):
                held = event
            elif isinstance(event, ReservationEnded):
                held = None
    return None if held is None or held.until <= utc_now() else held
