"""What a charger does: restarts, lets go of a cable, goes in and out of use, says something."""

from enum import StrEnum
from typing import Annotated

import typer

from cli.layout.credential import SerialArg
from cli.layout.options import Actor, AsJson, DataFolder, Manner
from cli.upkeep.asking import tell, wish
from shared.messages.upkeep import (
    ChangeAvailability,
    ClearCache,
    Restart,
    RestartCharger,
    Trigger,
    TriggerMessage,
    UnlockConnector,
)

app = typer.Typer()

EndSession = Annotated[
    bool,
    typer.Option(
        "--end-session", help="A session that runs may end with it; default: refused."
    ),
]


class Use(StrEnum):
    """Whether cars may charge at a charger."""

    IN = "in"
    OUT = "out"


class What(StrEnum):
    """What a charger can be asked to say."""

    BOOT = "boot"
    STATUS = "status"
    READINGS = "readings"
    HEARTBEAT = "heartbeat"
    FIRMWARE = "firmware"
    DIAGNOSTICS = "diagnostics"
    SECURITY_LOG = "security-log"


@app.command("restart")
def restart(
    serial: SerialArg,
    hard: Annotated[
        bool, typer.Option("--hard", help="At once, as if its supply was cut.")
    ] = False,
    end_session: EndSession = False,
    actor: Actor = None,
    data_folder: DataFolder = None,
    as_json: AsJson = False,
) -> None:
    """Have a charger start anew. A session that runs ends with it."""
    manner = Manner(data_folder, actor, as_json=as_json)
    kind = Restart.HARD if hard else Restart.SOFT
    fields = {"restart": kind, "end_session": end_session}
    answer = wish(RestartCharger, serial, manner, fields)
    tell(answer, "the charger starts anew, and comes again by itself", manner)


@app.command("unlock")
def unlock(
    serial: SerialArg,
    end_session: EndSession = False,
    actor: Actor = None,
    data_folder: DataFolder = None,
    as_json: AsJson = False,
) -> None:
    """Have a charger let go of a cable that is stuck in it. A session that runs ends with it."""
    manner = Manner(data_folder, actor, as_json=as_json)
    answer = wish(UnlockConnector, serial, manner, {"end_session": end_session})
    tell(answer, "the charger has let go of the cable", manner)


@app.command("availability")
def availability(
    serial: SerialArg,
    use: Annotated[Use, typer.Argument(help="in: cars may charge; out: they may not.")],
    actor: Actor = None,
    data_folder: DataFolder = None,
    as_json: AsJson = False,
) -> None:
    """Take a charger out of use, or into use again; a session that runs goes on to its end first."""
    manner = Manner(data_folder, actor, as_json=as_json)
    answer = wish(ChangeAvailability, serial, manner, {"in_use": use is Use.IN})
    done = "in use: cars may charge" if use is Use.IN else "out of use: no car is charged"
    tell(answer, f"the charger is {done}", manner)


@app.command("clear-cache")
def clear_cache(
    serial: SerialArg,
    actor: Actor = None,
    data_folder: DataFolder = None,
    as_json: AsJson = False,
) -> None:
    """Have a charger forget which cards it has seen; the list it was given stays."""
    manner = Manner(data_folder, actor, as_json=as_json)
    tell(wish(ClearCache, serial, manner), "the charger has forgotten them", manner)


@app.command("trigger")
def trigger(
    serial: SerialArg,
    what: Annotated[What, typer.Argument(help="What it is to say.")],
    actor: Actor = None,
    data_folder: DataFolder = None,
    as_json: AsJson = False,
) -> None:
    """Have a charger say something at once; see what it said with `ampledger history`."""
    manner = Manner(data_folder, actor, as_json=as_json)
    answer = wish(TriggerMessage, serial, manner, {"trigger": Trigger[what.name]})
    tell(answer, "the charger says it", manner)
