"""`ampledger tariff`: what charging costs, from which day on, at which times of the week."""

import asyncio
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Annotated

import typer
from rich.table import Table

from cli.layout.carrying_out import carry_out
from cli.layout.looking import state_of
from cli.layout.options import Actor, AsJson, DataFolder, DryRun, InstallationArg, Manner
from cli.layout.places import installation_log
from cli.layout.telling import draw, say
from cli.layout.values import window_of
from cli.support.output import print_json
from shared.history.differences import plain
from shared.ids import new_id
from shared.messages.installation_commands import SetTariff
from shared.messages.installation_terms import PriceWindow

app = typer.Typer(no_args_is_help=True, help="What charging costs.")


def _price_of(text: str) -> Decimal:
    """
    Read a price, with a point or a comma.

    >>> _price_of("1,20")
    Decimal('1.20')
    """
    try:
        return Decimal(text.replace(",", "."))
    except InvalidOperation as error:
        raise typer.BadParameter(f"{text!r} is no price; write 1.20") from error


def _window_of(text: str) -> PriceWindow:
    """
    Read a time of the week with its price.

    >>> _window_of("MON-FRI 22:00-06:00=0.85").price_per_kwh
    Decimal('0.85')
    """
    times, equals, price = text.partition("=")
    if not equals:
        raise typer.BadParameter(f"{text!r} has no price; write 22:00-06:00=0.85")
    return PriceWindow(**window_of(times).model_dump(), price_per_kwh=_price_of(price.strip()))


@app.command("set")
def set_tariff(
    installation_id: InstallationArg,
    valid_from: Annotated[
        datetime,
        typer.Option(
            "--from", formats=["%Y-%m-%d"], help="The first day, by the installation's clock."
        ),
    ],
    currency: Annotated[str, typer.Option(help="Its code of ISO 4217, such as NOK.")],
    per_kwh: Annotated[str, typer.Option(help="Per kilowatt-hour, without VAT: 1.20.")],
    window: Annotated[
        list[str] | None,
        typer.Option(
            help="Another price at times of the week, by the installation's own clock: "
            "22:00-06:00=0.85, or SAT,SUN 06:00-22:00=0.95; once or several times."
        ),
    ] = None,
    per_session: Annotated[str, typer.Option(help="Besides, per session.")] = "0",
    vat: Annotated[str, typer.Option(help="Value added tax in per cent.")] = "0",
    actor: Actor = None,
    data_folder: DataFolder = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Say what charging costs from a day on; the same day again replaces what was said for it."""
    command = SetTariff(
        command_id=new_id(),
        installation_id=installation_id,
        valid_from=valid_from.date(),
        currency=currency.upper(),
        price_per_kwh=_price_of(per_kwh),
        windows=tuple(_window_of(it) for it in window or ()),
        price_per_session=_price_of(per_session),
        vat_percent=_price_of(vat),
    )
    carry_out([command], Manner(data_folder, actor, dry_run, as_json))


@app.command("show")
def show(
    installation_id: InstallationArg,
    data_folder: DataFolder = None,
    as_json: AsJson = False,
) -> None:
    """Show what charging costs, from which day on."""
    state = state_of(installation_id, asyncio.run(installation_log(data_folder)))
    tariffs = [state.tariffs[it] for it in sorted(state.tariffs)]
    if as_json:
        print_json([plain(it) for it in tariffs])
        return
    if not tariffs:
        say("no tariff: reports show energy without cost")
        return
    table = Table("from", "per kWh", "per session", "VAT", "at", box=None, pad_edge=False)
    for it in tariffs:
        table.add_row(
            _day(it.valid_from),
            f"{it.price_per_kwh} {it.currency}",
            f"{it.price_per_session} {it.currency}",
            f"{it.vat_percent} %",
            "other times" if it.windows else "all times",
        )
        for one in it.windows:
            when = f"{','.join(one.days)} {one.begins}-{one.ends}"
            table.add_row("", f"{one.price_per_kwh} {it.currency}", "", "", when)
    draw(table)


def _day(it: date) -> str:
    return it.isoformat()
