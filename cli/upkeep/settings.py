"""How a charger is set up inside: its configuration, its vendor's own data, how securely it connects."""

from typing import Annotated

import typer
from rich.table import Table

from cli.layout.credential import SerialArg
from cli.layout.options import Actor, AsJson, DataFolder, Manner
from cli.layout.telling import draw, say
from cli.support.output import print_json
from cli.upkeep.asking import tell, wish
from shared.messages import Answer
from shared.messages.upkeep import (
    ChangeConfiguration,
    RaiseSecurityProfile,
    ReadConfiguration,
    SendData,
)

app = typer.Typer()


@app.command("configuration")
def configuration(
    serial: SerialArg,
    settings: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[KEY|KEY=VALUE]...",
            help="Settings to read; with a value, one to change. None: all are read.",
        ),
    ] = None,
    actor: Actor = None,
    data_folder: DataFolder = None,
    as_json: AsJson = False,
) -> None:
    """Read settings of a charger, or change them, one after another."""
    manner = Manner(data_folder, actor, as_json=as_json)
    wanted = settings or []
    changes = [it.partition("=") for it in wanted if "=" in it]
    if changes and len(changes) < len(wanted):
        raise typer.BadParameter("read settings or change them, not both at once")
    if not changes:
        _show(wish(ReadConfiguration, serial, manner, {"keys": tuple(wanted)}), manner)
        return
    for key, _, value in changes:
        answer = wish(ChangeConfiguration, serial, manner, {"key": key, "value": value})
        tell(answer, f"{key} is {value}", manner)


def _show(answer: Answer, manner: Manner) -> None:
    told = answer.told or ()
    if manner.as_json:
        print_json({"settings": [it.model_dump(exclude_defaults=True) for it in told]})
        return
    if not told:
        say("the charger tells nothing of its settings")
        return
    table = Table("setting", "is", "", box=None, pad_edge=False)
    for it in told:
        table.add_row(it.name, "" if it.value is None else it.value, it.note)
    draw(table)


@app.command("data")
def data(
    serial: SerialArg,
    vendor: Annotated[str, typer.Argument(metavar="VENDOR", help="Whose words they are.")],
    message: Annotated[str | None, typer.Option(help="Which message of that vendor.")] = None,
    content: Annotated[str | None, typer.Option("--data", help="What it says.")] = None,
    actor: Actor = None,
    data_folder: DataFolder = None,
    as_json: AsJson = False,
) -> None:
    """Tell a charger something that only its vendor understands, and show what it says to that."""
    manner = Manner(data_folder, actor, as_json=as_json)
    fields = {"vendor": vendor, "message": message, "data": content}
    answer = wish(SendData, serial, manner, fields)
    said = next((it.value for it in answer.told or () if it.value), None)
    tell(answer, said or "the charger has taken it, and says nothing", manner)


@app.command("security-profile")
def security_profile(
    serial: SerialArg,
    profile: Annotated[
        int,
        typer.Argument(
            min=1, max=3, help="1: a password; 2: TLS as well; 3: TLS with its own certificate."
        ),
    ],
    actor: Actor = None,
    data_folder: DataFolder = None,
    as_json: AsJson = False,
) -> None:
    """Have a charger connect more securely from now on. There is no way back."""
    manner = Manner(data_folder, actor, as_json=as_json)
    answer = wish(RaiseSecurityProfile, serial, manner, {"profile": profile})
    tell(answer, f"the charger connects by profile {profile} from now on", manner)
