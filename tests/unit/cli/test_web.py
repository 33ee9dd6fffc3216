"""A page is read whole, or it counts as no answer."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from cli import web
from cli.web import Reply, fetch

HEAD = b"HTTP/1.0 200 OK\r\n\r\n"


class Page:
    """A server that says the same to everybody."""

    def __init__(self) -> None:
        self.said = b""
        self.url = ""

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(self.said)
        await writer.drain()
        writer.close()


@pytest.fixture
async def page() -> AsyncIterator[Page]:
    it = Page()
    async with await asyncio.start_server(it.answer, "127.0.0.1", 0) as server:
        it.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/metrics"
        yield it


async def test_a_page_of_many_pieces_is_read_to_its_end(page: Page) -> None:
    body = b"ampledger_ready 1\n" * 50_000
    page.said = HEAD + body
    assert await fetch(page.url) == Reply(200, body)


async def test_a_page_that_is_longer_than_any_of_ours_is_no_answer(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web, "ANSWER_BYTES_MAX", 1000)
    page.said = HEAD + b"x" * 1001
    assert await fetch(page.url) == Reply(0)


@pytest.mark.parametrize("said", [b"", b"nonsense", b"HTTP/1.0 fine\r\n\r\n"])
async def test_what_is_not_http_is_no_answer(page: Page, said: bytes) -> None:
    page.said = said
    assert await fetch(page.url) == Reply(0)
