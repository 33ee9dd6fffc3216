"""
What installers paste becomes a table: serial numbers a line each, several in a line, or columns.

    ZAP000012                              one
    ZAP000013, ZAP000014 ZAP000015         several: they look alike
    ZAP000016; Bay 16; L2 L3 L1; 16        serial number, name, wiring, highest current
    serial,name,wiring                     a header: columns in any order (`shared/charger_file.py`)
"""

import csv
import io
import re
from collections.abc import Iterator, Mapping
from typing import Final

COLUMNS: Final = ("serial", "name", "wiring", "max_a")
"""Of a line without a header above it, in this order."""


def as_table(text: str) -> tuple[str, dict[int, tuple[int, str]]]:
    """Write a table with a header; of each of its lines, say which line of the text it was, and show it."""
    lines = [
        (number, it.strip()) for number, it in enumerate(text.splitlines(), 1) if it.strip()
    ]
    if not lines:
        return "serial\n", {}
    if "serial" in re.split(r"[;,\t\s]+", lines[0][1].lower()):
        table = "\n".join(it.replace("\t", ";") for _, it in lines)
        return table, {at: lines[at - 1] for at in range(2, len(lines) + 1)}
    made = io.StringIO()
    writer = csv.writer(made, delimiter=";", lineterminator="\n")
    writer.writerow(COLUMNS)
    sources: dict[int, tuple[int, str]] = {}
    for number, line in lines:
        for cells in _chargers_in(line):
            writer.writerow(cells)
            sources[len(sources) + 2] = (number, cells[0])
    return made.getvalue(), sources


def with_own_lines(text: str, sources: Mapping[int, tuple[int, str]]) -> str:
    """Speak of the lines that were pasted, and not of those of the table."""

    def own(found: re.Match[str]) -> str:
        number = int(found[1])
        return f"line {sources[number][0] if number in sources else number}"

    return re.sub(r"\bline (\d+)", own, text)


def _chargers_in(line: str) -> Iterator[list[str]]:
    """
    Split a line into chargers, each into its columns.

    >>> list(_chargers_in("ZAP000013, ZAP000014")), list(_chargers_in("ZAP000013, Bay 13"))
    ([['ZAP000013'], ['ZAP000014']], [['ZAP000013', 'Bay 13']])
    """
    words = [it for it in re.split(r"[;,\t\s]+", line) if it]
    if not words:
        yield [line]
    if len({_shape(it) for it in words}) <= 1:
        yield from ([it] for it in words)
        return
    separator = next((it for it in ";\t," if it in line), None)
    cells = line.split(separator) if separator else line.split(None, 1)
    yield [it.strip() for it in cells]


def _shape(word: str) -> str:
    """
    Tell what a word looks like: serial numbers of one kind look alike.

    >>> _shape("zap000012"), _shape("Bay-7")
    ('AAA000000', 'AAA-0')
    """
    return re.sub(r"[a-zA-Z]", "A", re.sub(r"\d", "0", word))
