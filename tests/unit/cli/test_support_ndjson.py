"""An export has every byte that a hash covers, and says so when it is read again."""

from dataclasses import replace
from pathlib import Path

import orjson
import pytest

from cli.support.ndjson import BadLine, line_of, read_lines
from cli.support.verifying import verify_file
from shared.history.chain import GENESIS, Stored
from shared.history.integrity import Anchor
from tests.unit.history.facts import chained, garage_with_a_locked_charger

LOG = garage_with_a_locked_charger().stored()


def export(file: Path, events: list[Stored], previous: bytes = GENESIS) -> Path:
    lines = []
    for event in events:
        lines.append(line_of("installation", event, previous))
        previous = event.hash
    file.write_bytes(b"".join(lines))
    return file


def test_what_is_written_is_read_back_byte_by_byte() -> None:
    strange = chained(
        [replace(LOG[0], data=b"\xff\x00 not UTF-8", meta='{"a":"blåbær"}'.encode())]
    )

    [(service, event, previous)] = read_lines([line_of("installation", strange[0], GENESIS)])

    assert (service, event, previous) == ("installation", strange[0], GENESIS)


def test_a_line_says_everything_of_its_event() -> None:
    content = orjson.loads(line_of("installation", LOG[3], LOG[2].hash))

    assert content["position"] == 4
    assert content["type"] == "ChargerAssigned"
    assert orjson.loads(content["data"])["serial"] == "ZAP000123"
    assert orjson.loads(content["meta"])["actor"] == "nina"
    assert content["hash"] == LOG[3].hash.hex()


@pytest.mark.parametrize("line", [b"{}", b"nonsense", b'{"position": "x"}', b"[]"])
def test_a_line_that_is_no_event_is_named(line: bytes) -> None:
    good = line_of("installation", LOG[0], GENESIS)

    with pytest.raises(BadLine, match="line 2"):
        list(read_lines([good, line]))


async def test_an_export_verifies_as_the_log_does(tmp_path: Path) -> None:
    [report] = await verify_file(export(tmp_path / "log", LOG), [Anchor(5, LOG[4].hash)])

    assert report.faults == []
    assert report.count == len(LOG)
    assert report.head == f"{LOG[-1].hash.hex()}@7"


async def test_a_part_of_a_log_verifies_too(tmp_path: Path) -> None:
    [report] = await verify_file(export(tmp_path / "log", LOG[3:], LOG[2].hash), [])

    assert report.faults == []


async def test_a_changed_export_names_its_first_bad_event(tmp_path: Path) -> None:
    file = export(tmp_path / "log", LOG)
    file.write_bytes(file.read_bytes().replace(b"Level 2", b"Level 9"))

    [report] = await verify_file(file, [])

    assert report.first_bad is not None
    assert (report.first_bad.position, report.first_bad.type) == (3, "CircuitAdded")
    assert "content was changed" in report.first_bad.what


async def test_an_export_with_a_line_left_out_is_noticed(tmp_path: Path) -> None:
    file = export(tmp_path / "log", LOG)
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join(lines[:3] + lines[4:]))

    [report] = await verify_file(file, [])

    assert str(report.first_bad) == "position 4: it is missing"


async def test_a_file_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="cannot be read: No such file"):
        await verify_file(tmp_path / "none", [])
