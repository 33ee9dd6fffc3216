"""
What a support command says, to people or to programs, and what it exits with.

    0   done; nothing was found wrong
    1   refused by a rule, or something was found wrong
    2   asked in a way that makes no sense, or the stack cannot be reached
"""

import asyncio
import os
import sys
from collections.abc import Coroutine
from typing import Annotated, Any, Final, NoReturn, TypeVar

import orjson
import typer
from rich.console import Console

from cli.faults import EXIT_CODE

FINDING: Final = 1
"""Exit code of a check that found something wrong, and of what a rule turned down."""
USAGE: Final = EXIT_CODE
"""Exit code of a question that makes no sense; as typer's own."""

Json = Annotated[bool, typer.Option("--json", help="Answer in JSON, for programs.")]
Actor = Annotated[
    str | None, typer.Option(help="Who does it; default: the user of this machine.")
]

T = TypeVar("T")


def console() -> Console:
    """Write to wherever standard output is at this moment."""
    return Console(highlight=False, soft_wrap=False)


def print_json(content: object) -> None:
    """Write one JSON document to standard output."""
    text = orjson.dumps(content, option=orjson.OPT_INDENT_2, default=str)
    sys.stdout.write(text.decode() + "\n")


def run(work: Coroutine[Any, Any, T]) -> T:
    """
    Run a command's work; a question that makes no sense is answered in one sentence.

    Raises:
        typer.Exit: with `USAGE`, if it raised a ValueError.
    """
    try:
        return asyncio.run(work)
    except ValueError as error:
        fail(str(error))


def fail(message: str, code: int = USAGE) -> NoReturn:
    """Say on standard error what is wrong, and end."""
    Console(stderr=True, highlight=False).print(f"[bold red]{escape(message)}")
    raise typer.Exit(code)


def escape(text: object) -> str:
    """Keep rich from reading brackets in somebody's text as its own."""
    return str(text).replace("[", r"\[")


def actor_of(given: str | None) -> str:
    """Name who acts."""
    return given or os.environ.get("USER") or "cli"
