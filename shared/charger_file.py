"""
A file of chargers, as installers keep them: CSV with a header.

    serial;name;circuit_id;wiring
    ZAP000012;Bay 12;level-1;L1 L2 L3
    ZAP000013;Bay 13;level-1;L2 L3 L1

Only `serial` is needed, and an installation and a circuit, for each line or for the whole file. Columns
are separated by commas or semicolons; with semicolons a comma may stand in a number.
"""

import csv
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from shared.ids import CircuitId, InstallationId
from shared.messages.installation_commands import NewCharger
from shared.phases import Phase

COLUMNS: Final = (
    "serial", "name", "installation_id", "circuit_id", "wiring", "max_a", "min_a", "breaker_a",
    "phase_switching", "charger_id",
)  # fmt: skip
PER_COMMAND_MAX: Final = 500
"""How many chargers one command can assign, and so how many a file may have for one circuit."""

_PLACES: Final[dict[str, TypeAdapter[str]]] = {
    "installation_id": TypeAdapter(InstallationId),
    "circuit_id": TypeAdapter(CircuitId),
}
"""Where a charger stands; each is an option of the whole file, too."""
_AMPERES: Final = {"max_a", "min_a", "breaker_a"}


@dataclass(frozen=True, slots=True)
class Line:
    """One charger of the file, where it is to stand, and in which line it was found."""

    number: int
    installation_id: InstallationId
    circuit_id: CircuitId
    charger: NewCharger


@dataclass(frozen=True, slots=True)
class BadLine:
    """What is wrong with a line of the file."""

    number: int
    text: str

    def __str__(self) -> str:
        return f"line {self.number}: {self.text}"


def read_chargers(
    text: str,
    circuit_id: CircuitId | None = None,
    installation_id: InstallationId | None = None,
) -> tuple[list[Line], list[BadLine]]:
    """
    Read a file of chargers, all of it, whatever is wrong with parts of it.

    Args:
        text: the file's content.
        circuit_id: where chargers stand whose line names no circuit.
        installation_id: where chargers stand whose line names no installation.

    Returns:
        The lines that can be read, and what is wrong with the others.
    """
    rows = _rows(text)
    try:
        number, header = next(rows)
        delimiter_is_semicolon, columns = header
    except StopIteration:
        return [], [BadLine(1, "the file is empty; begin it with a header such as serial,name")]
    bad = _bad_header(number, columns)
    if bad:
        return [], bad
    lines: list[Line] = []
    elsewhere = {"installation_id": installation_id, "circuit_id": circuit_id}
    for number, (_, cells) in rows:
        if not any(cells):
            continue
        found = _line(number, columns, cells, elsewhere, decimal_comma=delimiter_is_semicolon)
        if isinstance(found, Line):
            lines.append(found)
        else:
            bad += found
    return lines, sorted([*bad, *_doubled(lines), *_too_many(lines)], key=lambda it: it.number)


def _rows(text: str) -> Iterator[tuple[int, tuple[bool, list[str]]]]:
    first = text.partition("\n")[0]
    semicolon = first.count(";") > first.count(",")
    reader = csv.reader(io.StringIO(text), delimiter=";" if semicolon else ",")
    begins = 1
    for cells in reader:
        yield begins, (semicolon, [it.strip() for it in cells])
        begins = reader.line_num + 1


def _bad_header(number: int, columns: list[str]) -> list[BadLine]:
    columns[:] = [re.sub(r"[\s-]+", "_", it.lower()) for it in columns]
    unknown = [it for it in columns if it not in COLUMNS]
    bad = [
        BadLine(number, f"unknown column {it!r}; known are {', '.join(COLUMNS)}")
        for it in unknown
    ]
    bad += [
        BadLine(number, f"column {it!r} stands there more than once")
        for it in dict.fromkeys(columns)
        if columns.count(it) > 1 and it in COLUMNS
    ]
    if "serial" not in columns and not unknown:
        bad.append(BadLine(number, "there is no column serial"))
    return bad


def _line(
    number: int,
    columns: list[str],
    cells: list[str],
    elsewhere: Mapping[str, str | None],
    *,
    decimal_comma: bool,
) -> Line | list[BadLine]:
    if len(cells) > len(columns):
        return [BadLine(number, f"{len(cells)} values for {len(columns)} columns")]
    given = {name: it for name, it in zip(columns, cells, strict=False) if it}
    bad: list[str] = []
    places = {name: given.pop(name, None) or of_all for name, of_all in elsewhere.items()}
    for name, place in places.items():
        bad += _faults(name, place)
    content = _content(given, decimal_comma=decimal_comma)
    try:
        if "wiring" in given:
            content["wiring"] = wiring_of(given["wiring"])
    except ValueError as error:
        bad.append(f"wiring: {error}")
        del content["wiring"]
    try:
        charger = NewCharger.model_validate(content)
    except ValidationError as error:
        return [BadLine(number, it) for it in (*bad, *_all_said(error))]
    known = [it for it in places.values() if it is not None]
    if bad:
        return [BadLine(number, it) for it in bad]
    return Line(number, known[0], known[1], charger)


def _content(given: Mapping[str, str], *, decimal_comma: bool) -> dict[str, Any]:
    serial = given.get("serial", "")
    known_as = {"serial": serial, "charger_id": serial.upper(), "name": serial.upper()}
    content: dict[str, Any] = known_as | dict(given)
    if "phase_switching" in given:
        content["phase_switching"] = re.sub(r"[\s-]+", "_", given["phase_switching"]).upper()
    for name in _AMPERES & given.keys():
        if decimal_comma:
            content[name] = given[name].replace(",", ".")
    return content


def _all_said(error: ValidationError) -> list[str]:
    """What is made of the serial is not wrong in itself."""
    faults = error.errors()
    wrong = {fault["loc"][0] for fault in faults}
    made_of_it = {"charger_id", "name"} if "serial" in wrong else set()
    return [_said(fault) for fault in faults if fault["loc"][0] not in made_of_it]


def wiring_of(text: str) -> tuple[Phase, ...]:
    """
    Read phases in the order of a charger's terminals.

    Raises:
        ValueError: something in it is no phase.

    >>> [str(it) for it in wiring_of("l2-L3 L1")]
    ['L2', 'L3', 'L1']
    """
    names = re.sub(r"(?i)(?<=\d)(?=L)", " ", text).upper()
    words = [it for it in re.split(r"[\s,;/+-]+", names) if it]
    unknown = [it for it in words if it not in set(Phase)]
    if unknown:
        raise ValueError(
            f"{unknown[0]!r} is no phase; write L1, or all three in the order of the charger's "
            "terminals, such as L2 L3 L1"
        )
    return tuple(Phase(it) for it in words)


def _faults(column: str, value: str | None) -> list[str]:
    if value is None:
        what = column.removesuffix("_id")
        return [f"no {what}; fill in {column}, or name one with --{what}"]
    try:
        _PLACES[column].validate_python(value)
    except ValidationError:
        return [f"{column}: {value!r} is no id; it has letters, digits, dashes, underscores"]
    return []


def _said(fault: Any) -> str:  # noqa: ANN401  # pydantic's error details
    text = str(fault["msg"])
    if fault["type"] == "value_error":  # our own words, which name the value where it helps
        text = text.removeprefix("Value error, ")
    else:
        text = f"{text}, and not {fault['input']!r}"
    return f"{fault['loc'][0]}: {text}"


def _doubled(lines: list[Line]) -> Iterator[BadLine]:
    for what in ("serial", "charger_id"):
        first: dict[str, int] = {}
        for line in lines:
            value = str(getattr(line.charger, what))
            if value not in first:
                first[value] = line.number
            elif what == "serial" or line.charger.charger_id != line.charger.serial:
                yield BadLine(
                    line.number, f"{what} {value} stands in line {first[value]} already"
                )


def _too_many(lines: list[Line]) -> Iterator[BadLine]:
    counts: dict[tuple[InstallationId, CircuitId], int] = {}
    for line in lines:
        where = (line.installation_id, line.circuit_id)
        counts[where] = counts.get(where, 0) + 1
        if counts[where] == PER_COMMAND_MAX + 1:
            yield BadLine(
                line.number,
                f"from here on more than {PER_COMMAND_MAX} chargers for circuit "
                f"{line.circuit_id}; split the file",
            )
