"""A line of a log is one line, whatever somebody has put into what is logged."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
HOSTILE = 'x"}\n{"event": "service started", "level": "info"}\r\x1b[2J\u2028\x00'
PROGRAM = """
import structlog
from shared.log_lines import configure_logging
configure_logging("portal", {form!r})
log = structlog.get_logger()
hostile = {hostile!r}
log.warning("person refused", actor=hostile, nested={{"detail": hostile}})
try:
    raise ValueError(hostile)
except ValueError:
    log.exception("request failed", path=hostile)
"""


def lines(form: str) -> list[str]:
    """Log in a process of its own, because logging is set up once; its lines as a reader sees them."""
    program = PROGRAM.format(form=form, hostile=HOSTILE)
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, check=True, timeout=60
    )
    assert done.stderr == b""
    return done.stdout.decode().removesuffix("\n").split("\n")


def test_a_newline_in_what_somebody_wrote_begins_no_line() -> None:
    refused, failed = [json.loads(it) for it in lines("json")]

    assert (refused["event"], refused["actor"]) == ("person refused", HOSTILE)
    assert refused["nested"]["detail"] == HOSTILE
    assert (failed["event"], failed["path"]) == ("request failed", HOSTILE)
    assert "ValueError" in failed["exception"]


@pytest.mark.parametrize("character", ["\x1b", "\r", "\x00"])
def test_nothing_in_a_line_talks_to_a_terminal(character: str) -> None:
    assert not any(character in it for it in lines("json"))
