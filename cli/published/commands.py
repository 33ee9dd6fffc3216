"""`ampledger docs`: published schemas, and catalogues of texts, for who works on Ampledger itself."""

import subprocess
from collections.abc import Sequence
from typing import Annotated, Final, NoReturn

import typer
from rich.console import Console

from cli.published.papers import PROJECT, broken_since, papers
from cli.published.translations import catalogues, faults_of

FAULT: Final = 1

docs = typer.Typer(no_args_is_help=True, help="Schemas of all messages, made from the code.")
console = Console(highlight=False, soft_wrap=True)


@docs.command("generate")
def generate() -> None:
    """Write the schemas and the AsyncAPI document; what is promised to others is not taken back."""
    made = papers()
    if made.faults:
        _fail(made.faults)
    written = made.write(PROJECT / "docs")
    console.print("\n".join(f"docs/{it}" for it in written) or "docs are as they should be")


@docs.command("check")
def check(
    since: Annotated[
        str | None, typer.Option(help="A revision of git whose promises must hold too.")
    ] = None,
) -> None:
    """Check that they are up to date, and that every change is one that others can live with."""
    made = papers()
    faults = list(made.faults)
    if since is not None:
        try:
            faults += broken_since(since)
        except subprocess.CalledProcessError as fault:
            _fail([f"git: {fault.stderr.strip()}"])
    outdated = made.outdated(PROJECT / "docs")
    if not faults and outdated:
        faults = [*(f"docs/{it} is out of date" for it in outdated), "Write it: make docs"]
    if faults:
        _fail(faults)
    console.print(f"{len(made.files)} generated files in docs are as they should be")


@docs.command("translations")
def translations(
    check: Annotated[
        bool, typer.Option("--check", help="Only say what is missing or out of date.")
    ] = False,
) -> None:
    """Find every text that people read, and write it into the catalogue of each language."""
    if check:
        faults = list(faults_of(PROJECT))
        if faults:
            _fail(faults)
        console.print(
            "every text is in every catalogue, and Norwegian has words for all of them"
        )
        return
    written = [name for name, it in catalogues(PROJECT).items() if _write(name, it)]
    console.print("\n".join(written) or "catalogues are as they should be")


def _write(name: str, content: str) -> bool:
    file = PROJECT / name
    if file.exists() and file.read_text(encoding="utf-8") == content:
        return False
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content, encoding="utf-8")
    return True


def _fail(faults: Sequence[str]) -> NoReturn:
    Console(stderr=True, highlight=False, soft_wrap=True).print("\n".join(faults), markup=False)
    raise typer.Exit(FAULT)
