"""`ampledger log`: commands about the event logs themselves. Each is written in a module of its own."""

import typer

from cli import epochs

log = typer.Typer(no_args_is_help=True, help="The event logs: their integrity and epochs.")
log.command("new-epoch")(epochs.new_epoch)
