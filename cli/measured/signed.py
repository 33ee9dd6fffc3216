"""`ampledger session signed`: what a meter has signed of a session, for people and for other software."""

import sys
from pathlib import Path
from typing import Annotated, Final
from xml.sax.saxutils import escape, quoteattr

import typer
from rich.table import Table

from cli.layout.options import DataFolder
from cli.layout.places import nats_url
from cli.layout.telling import complain, draw, say
from cli.measured.asking import ask_telemetry
from cli.setting_up import connected
from cli.support.output import FINDING, Json, fail, print_json, run
from services.telemetry.signed.ocmf import Verdict, plain
from shared.messages.signed import SignedValue, SignedValues, SignedValuesAnswer

AGREES: Final = {
    True: "what the meter signed is what the charger told",
    False: "WHAT THE METER SIGNED IS NOT WHAT THE CHARGER TOLD",
    None: "nothing can be compared with what the charger told",
}

app = typer.Typer(no_args_is_help=True, help="What meters have signed of sessions.")


@app.callback()
def session() -> None:
    """What meters have signed of sessions."""


@app.command("signed")
def show_signed(
    session_id: Annotated[str, typer.Argument(metavar="SESSION", help="Its id.")],
    public_key: Annotated[
        str | None,
        typer.Option(
            help="Of the meter, DER in hexadecimal digits or Base64, or a file with that; "
            "default: the one that came with the values.",
            metavar="KEY|FILE",
        ),
    ] = None,
    as_xml: Annotated[
        bool,
        typer.Option(
            "--xml", help="The values unchanged, as transparency software opens them."
        ),
    ] = False,
    raw: Annotated[
        bool, typer.Option("--raw", help="The values unchanged, one after the other.")
    ] = False,
    as_json: Json = False,
    data_folder: DataFolder = None,
) -> None:
    """
    Show what a meter has signed of a session, and whether it is what the charger told.

    Exit code 0 if nothing speaks against it; 1 if there is nothing, a signature is not valid, or the
    charger has told something else; 2 if it cannot be asked.
    """
    if as_xml + raw + as_json > 1:
        fail("say one of --xml, --raw and --json")
    asked = SignedValues(session_id=session_id, public_key=_key(public_key))

    async def work() -> SignedValuesAnswer:
        async with connected(nats_url(data_folder)) as client:
            return await ask_telemetry(client, asked, SignedValuesAnswer)

    told = run(work())
    if not told.values:
        complain(f"nothing is kept that a meter has signed of session {session_id}")
        raise typer.Exit(FINDING)
    if as_json:
        print_json(told.model_dump(mode="json", exclude_none=True))
    elif as_xml:
        sys.stdout.write(_xml(session_id, told, asked.public_key))
    elif raw:
        sys.stdout.writelines(f"{it.text}\n" for it in told.values)
    else:
        _show(session_id, told)
    if told.agrees is False or any(it.verdict == Verdict.INVALID for it in told.values):
        raise typer.Exit(FINDING)


def _key(text: str | None) -> str | None:
    if text is None or not Path(text).is_file():
        return text
    return Path(text).read_text(encoding="utf-8").strip()


def _show(session_id: str, told: SignedValuesAnswer) -> None:
    say(f"session {session_id} at {told.charger_id} of {told.installation_id}")
    for it in told.values:
        say("", f"{it.context}: {_verdict(it)}; {it.meter or 'meter unknown'}", it.text)
        table = Table("time", "clock", "why", "register", "Wh", "meter", box=None)
        for line in it.readings:
            table.add_row(
                line.at.isoformat(),
                line.clock,
                line.reason or "",
                line.register_name or "",
                "" if line.value_wh is None else f"{line.value_wh:f}",
                line.status or "",
            )
        if it.readings:
            draw(table)
    say("", f"{AGREES[told.agrees]}{_by(told)}")


def _verdict(value: SignedValue) -> str:
    return f"{value.verdict} ({value.why})" if value.why else value.verdict


def _by(told: SignedValuesAnswer) -> str:
    named = {
        "at its beginning": told.begin_differs_wh,
        "at its end": told.end_differs_wh,
        "of its energy": told.energy_differs_wh,
    }
    known = [f"{it:+f} Wh {what}" for what, it in named.items() if it is not None]
    return f": {', '.join(known)}" if known else ""


def _xml(session_id: str, told: SignedValuesAnswer, public_key: str | None) -> str:
    """Spell values as the transparency software of S.A.F.E. opens them, each as it was received."""
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', "<values>"]
    for it in told.values:
        key = public_key or it.public_key
        about = f"transactionId={quoteattr(session_id)} context={quoteattr(it.context)}"
        kind = quoteattr(it.format or "OCMF")
        encoding = "plain" if plain(it.text) == it.text else "base64"
        lines += [
            f"  <value {about}>",
            f'    <signedData format={kind} encoding="{encoding}">{escape(it.text)}</signedData>',
            *([f'    <publicKey encoding="plain">{escape(key)}</publicKey>'] if key else []),
            "  </value>",
        ]
    return "\n".join([*lines, "</values>", ""])
