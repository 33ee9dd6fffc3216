"""`ampledger installation show|check`: how an installation stands, folded from its log."""

import asyncio
from collections.abc import Iterable
from typing import Annotated, NoReturn

import typer

from cli.layout.options import AsJson, DataFolder, InstallationArg
from cli.layout.places import installation_log
from cli.layout.portrait import in_use, layouts_of, left_out, tree_of
from cli.layout.rehearsal import world_of
from cli.layout.telling import complain, draw, say, tell_notes
from cli.support.output import FINDING, print_json
from services.installation.decider import installation as decider
from services.installation.state import Installation
from services.portal.documents import Layout
from shared.clock import utc_now
from shared.recorded import Recorded


def show(
    installation_id: InstallationArg,
    deactivated: Annotated[
        bool, typer.Option("--deactivated", help="Also what is deactivated, locked or removed.")
    ] = False,
    data_folder: DataFolder = None,
    as_json: AsJson = False,
) -> None:
    """Show an installation as a tree: breakers, set values, chargers."""
    layouts = layouts_of(asyncio.run(installation_log(data_folder)))
    whole = layouts.get(installation_id)
    if whole is None:
        _unknown(installation_id, layouts)
    shown = whole if deactivated else in_use(whole)
    if as_json:
        print_json(_as_json(shown))
        return
    draw(tree_of(shown, utc_now()))
    hidden = "" if deactivated else left_out(whole)
    if hidden:
        say(f"{hidden} deactivated, locked or removed: --deactivated shows them")


def _as_json(layout: Layout) -> dict[str, object]:
    circuits = [
        {**it.model_dump(mode="json"), "in_use": layout.in_use(it.circuit_id)}
        for it in layout.circuits
    ]
    return {**layout.model_dump(mode="json"), "circuits": circuits}


def check(
    installation_id: InstallationArg,
    data_folder: DataFolder = None,
    as_json: AsJson = False,
) -> None:
    """Say what an electrician would say of the set-up, and how to mend it."""
    state = state_of(installation_id, asyncio.run(installation_log(data_folder)))
    notes = decider.notes_of(state)
    if as_json:
        print_json({"notes": [it.model_dump(mode="json") for it in notes]})
    elif notes:
        tell_notes(notes)
    else:
        say("nothing to remark")


def state_of(installation_id: str, log: Iterable[Recorded]) -> Installation:
    """
    Fold an installation out of the log.

    Raises:
        Exit: there is no such installation, and that has been said.
    """
    world = world_of(log)
    state = world.state(installation_id)
    if state == decider.initial:
        _unknown(installation_id, [it.removeprefix("installation-") for it in world.states])
    return state


def _unknown(installation_id: str, known: Iterable[str]) -> NoReturn:
    names = ", ".join(sorted(known)) or "none yet"
    complain(f"there is no installation {installation_id}; there are: {names}")
    raise typer.Exit(FINDING)
