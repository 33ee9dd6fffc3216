"""What is no message, and where it goes: all that a careless or broken client of the broker could send."""

from collections.abc import Mapping, Sequence
from typing import Final

import orjson

from shared import subjects
from shared.context import CORRELATION_HEADER
from shared.messages.installation_commands import ChangeCharger, CreateInstallation
from shared.messages.people import Standing
from shared.messages.telemetry import (
    BreakerReading,
    MeterReading,
    SetCurrentLimit,
    StartCharging,
)

READINGS, COMMANDS, QUESTIONS = "readings", "commands", "questions"
PLACES: Final = (READINGS, COMMANDS, QUESTIONS)

LARGE_BYTES: Final = 1024 * 1024 - 1024
"""Nearly as much as the broker takes in one message."""
NESTED: Final = 100_000
"""So deep that whoever reads it by recursion falls over."""
NO_HEADERS: Final[Mapping[str, str]] = {}

_SOMETHING: Final = {
    "installation_id": "garage-1",
    "charger_id": "bay-1",
    "command_id": "chaos",
    "measured_at": "2026-13-45T99:99:99Z",
    "received_at": 1e300,
    "current_a": ["NaN", -1e308, {}],
    "limit_a": 1e308,
    "sequence": -1,
    "epoch": 2**70,
}
"""Names that are right, with values that are not."""

GARBAGE: Final[Sequence[tuple[bytes, Mapping[str, str]]]] = (
    (b"", NO_HEADERS),
    (b"null", NO_HEADERS),
    (b"\x00\xff\xfe\x80 no text at all", NO_HEADERS),
    (b'{"installation_id": "garage-1\xc3\x28"}', NO_HEADERS),
    (b'{"installation_id": "garage-1", "char', NO_HEADERS),
    (b"[" * NESTED, NO_HEADERS),
    (b'{"limit_a": NaN, "sequence": 1e999}', NO_HEADERS),
    (str(_SOMETHING).encode(), NO_HEADERS),
    (orjson.dumps({name: str(value) for name, value in _SOMETHING.items()}), NO_HEADERS),
    (orjson.dumps({"installation_id": "x" * LARGE_BYTES}), NO_HEADERS),
    (b"{}", {"Ampledger-Meta": "{", CORRELATION_HEADER: "\N{SNOWMAN}" * 300}),
    (b"{}", {"traceparent": "00-zz-zz-99", "Ampledger-Version": "minus one"}),
)
"""Contents and headers."""


def garbage_subjects(
    place: str, installations: Sequence[str], chargers: Sequence[str]
) -> Sequence[str]:
    """
    Name the subjects that garbage goes to.

    Args:
        place: one of `PLACES`.
        installations: that are there.
        chargers: that are there.

    Raises:
        KeyError: there is no such place.
    """
    return {
        READINGS: (
            *(
                subjects.telemetry(kind, it, source)
                for it in installations
                for kind, source in ((MeterReading, chargers[0]), (BreakerReading, "site"))
            ),
            "telemetry.none.of.these.MeterReading",
            "telemetry.9",
            subjects.telemetry(Standing, installations[0], "site"),
        ),
        COMMANDS: (
            subjects.command(CreateInstallation, "chaos"),
            subjects.command(ChangeCharger, installations[0]),
            subjects.command(StartCharging, installations[0]),
            subjects.asked(ChangeCharger, installations[0]),
            "commands.installation.garage-1.NoSuchCommand",
            *(subjects.charger_command(SetCurrentLimit, it) for it in chargers[:3]),
            subjects.let_go("nobody"),
        ),
        QUESTIONS: (
            subjects.query("permissions", Standing.__name__),
            *(subjects.query(it, "Readings") for it in ("telemetry", "portal", "balancer")),
            *(subjects.query(it, "SetUpNotes") for it in ("installation", "notifications")),
            subjects.gateways("WrongAttempt"),
        ),
    }[place]
