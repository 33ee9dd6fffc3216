"""`ampledger charger certificate`: certificates that chargers show who they are with."""

import asyncio
import sys
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.table import Table

from cli.layout.credential import SerialArg, number_of, places_of, sent, tell
from cli.layout.options import Actor, AsJson, DataFolder, Manner
from cli.layout.places import store_of
from cli.layout.telling import draw, say
from cli.services import TELEMETRY
from cli.support.output import fail, print_json
from services.telemetry.authority import Authority
from services.telemetry.certificates import Certificates, folded, stream_of
from shared.clock import utc_now
from shared.ids import Serial, new_id
from shared.messages.credentials import (
    ChargerCertificateIssued,
    ChargerCertificateRevoked,
    IssueChargerCertificate,
    RequestChargerCertificate,
    RevokeChargerCertificate,
)

app = typer.Typer(no_args_is_help=True, help="Certificates of chargers, and who signs them.")

STANDARD_INPUT: Final = Path("-")
CERTIFICATE_FILE: Final = "charger-ca.pem"
KEY_FILE: Final = "charger-ca.key"
SECRET: Final = 0o600

CertificateFact = ChargerCertificateIssued | ChargerCertificateRevoked


@app.command("authority")
def authority(
    folder: Annotated[Path, typer.Argument(help="Where its certificate and its key go.")],
    name: Annotated[
        str, typer.Option(help="What it is called in certificates.")
    ] = "Ampledger chargers",
) -> None:
    """Make an authority that signs certificates of chargers: two files, which telemetry is told."""
    certificate, key = folder / CERTIFICATE_FILE, folder / KEY_FILE
    existing = [it for it in (certificate, key) if it.exists()]
    if existing:
        fail(
            f"{existing[0]} is there already; name another folder, or go on with that authority"
        )
    pem, secret = Authority.new_root(name, utc_now())
    try:
        folder.mkdir(parents=True, exist_ok=True)
        key.touch(mode=SECRET, exist_ok=False)
        key.write_text(secret)
        certificate.write_text(pem)
    except OSError as error:
        fail(f"{folder} cannot be written: {error.strerror}; name another folder")
    say(
        f"TELEMETRY_CA_CERT={certificate}",
        f"TELEMETRY_CA_KEY={key}",
        "keep the key to yourself: it signs for chargers",
    )


@app.command("list")
def list_certificates(
    serial: SerialArg, data_folder: DataFolder = None, as_json: AsJson = False
) -> None:
    """List the certificates that a charger was issued, and what has become of them."""
    number = number_of(serial)
    history = asyncio.run(_history(number, data_folder))
    issued = [it for it in history if isinstance(it, ChargerCertificateIssued)]
    state = folded(history)
    standing = {it.number: _standing(it, state) for it in issued}
    if as_json:
        shown = [
            {**it.model_dump(mode="json"), "standing": standing[it.number]} for it in issued
        ]
        print_json({"serial": number, "certificates": shown})
        return
    if not issued:
        say(f"charger {number} was never issued a certificate")
        return
    table = Table("number", "from", "until", "is", box=None, pad_edge=False)
    for it in issued:
        days = (f"{at:%Y-%m-%d}" for at in (it.valid_from, it.valid_until))
        table.add_row(it.number, *days, standing[it.number])
    draw(table)


async def _history(serial: Serial, data_folder: Path | None) -> list[CertificateFact]:
    async with store_of(data_folder, TELEMETRY) as store:
        return [it.event for it in await store.load(stream_of(serial))]  # type: ignore[misc]  # the stream holds no others


def _standing(issued: ChargerCertificateIssued, state: Certificates) -> str:
    if issued.number in state.revoked:
        return "revoked"
    return "over" if issued.valid_until < utc_now() else "good"


@app.command("issue")
def issue(
    serial: SerialArg,
    csr: Annotated[
        Path,
        typer.Option(help="Its certificate request (PKCS #10, PEM); - reads it from a paste."),
    ],
    actor: Actor = None,
    data_folder: DataFolder = None,
    as_json: AsJson = False,
) -> None:
    """Sign a certificate request of a charger, and write the certificate out."""
    manner = Manner(data_folder, actor, as_json=as_json)
    number = number_of(serial)
    try:
        request = sys.stdin.read() if csr == STANDARD_INPUT else csr.read_text()
    except (OSError, UnicodeDecodeError) as error:
        fail(f"{csr} cannot be read: {error}; name the file of a certificate request in PEM")
    command = IssueChargerCertificate(
        command_id=new_id(),
        installation_id=places_of([number], manner)[number],
        serial=number,
        csr=request,
    )
    answer = sent(command, manner)
    history = asyncio.run(_history(number, data_folder))
    issued = [it for it in history if isinstance(it, ChargerCertificateIssued)]
    tell(answer, issued[-1].certificate.rstrip(), manner)


@app.command("request")
def request_certificate(
    serial: SerialArg,
    actor: Actor = None,
    data_folder: DataFolder = None,
    as_json: AsJson = False,
) -> None:
    """Have a connected charger make a key and ask for a certificate of it, which it is given."""
    manner = Manner(data_folder, actor, as_json=as_json)
    number = number_of(serial)
    command = RequestChargerCertificate(
        command_id=new_id(), installation_id=places_of([number], manner)[number], serial=number
    )
    done = (
        f"the charger asks for a certificate; see: ampledger charger certificate list {number}"
    )
    tell(sent(command, manner), done, manner)


@app.command("revoke")
def revoke(
    serial: SerialArg,
    certificate: Annotated[str, typer.Argument(metavar="NUMBER", help="As in the list.")],
    reason: Annotated[str, typer.Option(help="Why, in your own words; it is kept in the log.")],
    actor: Actor = None,
    data_folder: DataFolder = None,
    as_json: AsJson = False,
) -> None:
    """Let a charger in with a certificate no more, and end its connection."""
    manner = Manner(data_folder, actor, as_json=as_json)
    number = number_of(serial)
    command = RevokeChargerCertificate(
        command_id=new_id(),
        installation_id=places_of([number], manner)[number],
        serial=number,
        number=certificate.strip().upper(),
        reason=reason,
    )
    answer = sent(command, manner)
    tell(answer, "it is revoked" if answer.position else "it was revoked before", manner)
