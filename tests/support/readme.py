"""The README's shell commands, as tests run them."""

import re
import shlex
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
OURS = ".venv/bin/"
"""How the README spells the folder of our commands; tests take the one they run from."""


def shell_commands(document: Path) -> list[list[str]]:
    """Read every command in a document's ```sh blocks, without its comment."""
    text = document.read_text(encoding="utf-8")
    blocks = re.findall(r"^```sh\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE)
    lines = (line for block in blocks for line in block.splitlines() if line.strip())
    return [shlex.split(line, comments=True) for line in lines]


def runnable(command: list[str]) -> list[str]:
    """Spell a command of ours so that it runs in this environment."""
    assert command[0].startswith(OURS), command
    return [str(BIN / command[0].removeprefix(OURS)), *command[1:]]
