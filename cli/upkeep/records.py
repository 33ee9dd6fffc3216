"""What a charger has on record of itself, and other firmware for it."""

from base64 import b64encode
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from cli.layout.credential import SerialArg
from cli.layout.options import Actor, AsJson, DataFolder, Manner
from cli.layout.values import moment_of
from cli.support.output import fail
from cli.upkeep.asking import tell, wish
from shared.clock import utc_now
from shared.messages.telemetry import UpdateFirmware
from shared.messages.upkeep import FetchDiagnostics, LogKind, UpdateSignedFirmware

app = typer.Typer()


def past_of(text: str, now: datetime) -> datetime:
    """
    Read a moment that has been: one that is told by how long is that long ago.

    Raises:
        BadParameter: it is none.

    >>> str(past_of("2h", datetime.fromisoformat("2026-11-22T08:00Z")))
    '2026-11-22 06:00:00+00:00'
    """
    moment = moment_of(text, now)
    return now - (moment - now) if moment > now else moment


@app.command("diagnostics")
def diagnostics(
    serial: SerialArg,
    to: Annotated[str, typer.Option(help="Where it sends them: sftp://…, https://…, ftp://….")],
    security: Annotated[
        bool, typer.Option("--security", help="Its security log, in place of its diagnostics.")
    ] = False,
    since: Annotated[
        str | None, typer.Option(help="From when on: 2026-11-22T18:00+01:00, or 2h, 3d ago.")
    ] = None,
    until: Annotated[str | None, typer.Option(help="Up to when; default: now.")] = None,
    actor: Actor = None,
    data_folder: DataFolder = None,
    as_json: AsJson = False,
) -> None:
    """Have a charger send its records to an address, without user and password in it."""
    manner, now = Manner(data_folder, actor, as_json=as_json), utc_now()
    fields = {
        "location": to,
        "log": LogKind.SECURITY if security else LogKind.DIAGNOSTICS,
        "since": None if since is None else past_of(since, now),
        "until": None if until is None else past_of(until, now),
    }
    answer = wish(FetchDiagnostics, serial, manner, fields)
    done = f"the charger sends them; how far it is: ampledger history {serial.strip().upper()}"
    tell(answer, done, manner)


@app.command("firmware")
def firmware(
    serial: SerialArg,
    location: Annotated[str, typer.Argument(metavar="URL", help="Where it fetches it.")],
    at: Annotated[
        str | None, typer.Option(help="From when on: a time, or 2h from now; default: at once.")
    ] = None,
    signature: Annotated[
        Path | None, typer.Option(help="File with the signature of its content, as it is.")
    ] = None,
    certificate: Annotated[
        Path | None, typer.Option(help="File with the certificate of who signed it (PEM).")
    ] = None,
    actor: Actor = None,
    data_folder: DataFolder = None,
    as_json: AsJson = False,
) -> None:
    """Have a charger fetch other firmware; with a signature, it installs it only if that is good."""
    manner = Manner(data_folder, actor, as_json=as_json)
    fields: dict[str, object] = {"location": location}
    if at is not None:
        fields["retrieve_at"] = moment_of(at, utc_now())
    done = f"the charger fetches it; how far it is: ampledger history {serial.strip().upper()}"
    if signature is None and certificate is None:
        tell(wish(UpdateFirmware, serial, manner, fields), done, manner)
        return
    if signature is None or certificate is None:
        raise typer.BadParameter("a signature and its certificate go together: give both")
    try:
        fields["signature"] = b64encode(signature.read_bytes()).decode()
        fields["signing_certificate"] = certificate.read_text()
    except (OSError, UnicodeDecodeError) as error:
        fail(f"the signature or its certificate cannot be read: {error}")
    tell(wish(UpdateSignedFirmware, serial, manner, fields), done, manner)
