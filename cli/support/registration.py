"""Which commands support has, and where they hang on `ampledger`."""

import typer

from cli.support import (
    check,
    explaining,
    history,
    logs,
    projections,
    replaying,
    serials,
    who_did,
)


def register(app: typer.Typer, log: typer.Typer) -> None:
    """Hang the commands of support on the program, and those about logs on its `log`."""
    app.command("history")(history.show_history)
    app.command("who-did")(who_did.show_deeds)
    app.command("explain")(explaining.explain)
    app.command("check")(check.check_history)
    app.command("diff")(replaying.show_diff)
    app.command("replay")(replaying.replay)
    app.add_typer(serials.serial, name="serial")
    app.add_typer(projections.projections, name="projections")
    log.command("verify")(logs.verify)
    log.command("head")(logs.head)
    log.command("export")(logs.export)
