import asyncio
from pathlib import Path

import pytest

from cli.logs import cut, follow, last_lines, rotate


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "nats.log"


def test_the_last_ten_lines_of_the_present_run_are_read(log: Path) -> None:
    log.write_text("of an earlier run\n")
    since = log.stat().st_size
    with log.open("a") as file:
        file.writelines(f"line {number}\n" for number in range(3))

    assert last_lines(log, since) == ["line 0", "line 1", "line 2"]
    assert len(last_lines(log)) == 4


def test_of_a_long_log_only_the_end_is_read(log: Path) -> None:
    log.write_text("".join(f"line {number}\n" for number in range(100_000)))

    assert last_lines(log) == [f"line {number}" for number in range(99_990, 100_000)]


def test_bytes_that_are_no_text_do_not_hide_the_lines(log: Path) -> None:
    log.write_bytes(b"\xff\xfe broken\nfine\n")

    assert last_lines(log)[-1] == "fine"


def test_a_log_that_is_not_there_has_no_lines(log: Path) -> None:
    assert last_lines(log) == []


def test_a_log_over_its_size_is_put_aside_and_one_such_is_kept(log: Path) -> None:
    aside = log.with_name("nats.log.1")
    for content in ("first " * 10, "second " * 10):
        log.write_text(content)
        rotate(log, bytes_max=20)

    assert aside.read_text() == "second " * 10
    assert not log.exists()


def test_a_small_log_stays(log: Path) -> None:
    log.write_text("small")
    rotate(log, bytes_max=20)

    assert log.read_text() == "small"


def test_a_log_is_cut_under_its_writer_who_goes_on_at_the_new_end(log: Path) -> None:
    with log.open("a") as writer:
        writer.write("old " * 10)
        writer.flush()
        cut(log, bytes_max=20)
        writer.write("new")

    assert log.read_text() == "new"
    assert log.with_name("nats.log.1").read_text() == "old " * 10


def append(log: Path, text: str) -> None:
    with log.open("a") as file:
        file.write(text)


async def test_new_lines_are_told_whole_and_once_even_after_a_cut(log: Path) -> None:
    told: asyncio.Queue[tuple[str, str]] = asyncio.Queue()
    append(log, "before\n")
    following = asyncio.create_task(follow({"nats": log}, lambda *it: told.put_nowait(it)))
    async with asyncio.timeout(10):
        await asyncio.sleep(0)  # it has seen where the log ends
        append(log, "half ")
        append(log, "and half\n")
        assert await told.get() == ("nats", "half and half")
        cut(log, bytes_max=0)
        append(log, "after\n")
        assert await told.get() == ("nats", "after")
    following.cancel()
    assert told.empty()
