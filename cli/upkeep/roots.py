"""`ampledger charger certificate install|installed|delete`: whom a charger trusts."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from cli.layout.credential import SerialArg
from cli.layout.options import Actor, AsJson, DataFolder, Manner
from cli.layout.telling import draw, say
from cli.support.output import fail, print_json
from cli.upkeep.asking import tell, wish
from shared.messages.upkeep import (
    CertificateUse,
    DeleteCertificate,
    InstallCertificate,
    ReadCertificates,
)

app = typer.Typer()


class Use(StrEnum):
    """What a root certificate is for."""

    CENTRAL_SYSTEM = "central-system"
    MANUFACTURER = "manufacturer"


@app.command("install")
def install(
    serial: SerialArg,
    file: Annotated[Path, typer.Argument(help="A root certificate (PEM).")],
    use: Annotated[
        Use, typer.Option("--for", help="To know us by, or the charger's firmware.")
    ] = Use.CENTRAL_SYSTEM,
    actor: Actor = None,
    data_folder: DataFolder = None,
    as_json: AsJson = False,
) -> None:
    """Give a connected charger a root certificate, to know us or its firmware by."""
    manner = Manner(data_folder, actor, as_json=as_json)
    try:
        certificate = file.read_text()
    except (OSError, UnicodeDecodeError) as error:
        fail(f"{file} cannot be read: {error}; name the file of a certificate in PEM")
    fields = {"use": CertificateUse[use.name], "certificate": certificate}
    tell(wish(InstallCertificate, serial, manner, fields), "the charger trusts it", manner)


@app.command("installed")
def installed(
    serial: SerialArg,
    actor: Actor = None,
    data_folder: DataFolder = None,
    as_json: AsJson = False,
) -> None:
    """Show which root certificates a connected charger has."""
    manner = Manner(data_folder, actor, as_json=as_json)
    told = wish(ReadCertificates, serial, manner).told or ()
    if as_json:
        print_json({"certificates": [it.model_dump(exclude_defaults=True) for it in told]})
        return
    if not told:
        say("the charger has no root certificates")
        return
    table = Table("number", "for", "issuer", box=None, pad_edge=False)
    for it in told:
        table.add_row(it.name, it.value or "", it.note)
    draw(table)


@app.command("delete")
def delete(
    serial: SerialArg,
    number: Annotated[str, typer.Argument(metavar="NUMBER", help="As in the list.")],
    actor: Actor = None,
    data_folder: DataFolder = None,
    as_json: AsJson = False,
) -> None:
    """Have a connected charger forget a root certificate."""
    manner = Manner(data_folder, actor, as_json=as_json)
    answer = wish(DeleteCertificate, serial, manner, {"number": number.strip().upper()})
    tell(answer, "the charger trusts it no more", manner)
