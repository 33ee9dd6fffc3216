"""Invitations by e-mail, to a real mail server: each once, whatever fails meanwhile."""

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from email.policy import default

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from cli.ports import free_ports
from shared.ids import new_id
from shared.messages.signing_in import SignedInReply, SignInWithLink
from tests.integration.permissions.desk import Desk, desk_at
from tests.support.servers import EmbeddedServers
from tests.support.waiting import until

LINK = re.compile(r"https://charge\.example/sign-in/once\?token=(\S+)")


@dataclass(slots=True)
class Postbox:
    """What a mail server was given; it turns down the first few, if told so."""

    turned_down: int = 0
    letters: list[Message] = field(default_factory=list)

    async def handle_DATA(self, _: SMTP, __: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.turned_down > 0:
            self.turned_down -= 1
            return "451 try again later"
        assert isinstance(envelope.content, bytes)
        self.letters.append(message_from_bytes(envelope.content, policy=default))
        return "250 taken"


@contextmanager
def mail_server(postbox: Postbox, port: int) -> Iterator[None]:
    controller = Controller(postbox, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield
    finally:
        controller.stop()


@asynccontextmanager
async def mailing_desk(
    servers: EmbeddedServers, port: int, database_url: str | None = None
) -> AsyncIterator[Desk]:
    environment = {
        "PERMISSIONS_SMTP_URL": f"smtp://127.0.0.1:{port}",
        "PERMISSIONS_MAIL_FROM": "no-reply@charge.example",
        "AMPLEDGER_PUBLIC_URL": "https://charge.example",
    }
    async with desk_at(servers, environment, database_url) as desk:
        yield desk


async def unsent(desk: Desk) -> int:
    found: int = await desk.log.pool.fetchval(
        "select count(*) from invitation where sent_at is null"
    )
    return found


async def test_an_invitation_is_sent_once_although_the_server_was_away_and_said_no(
    servers: EmbeddedServers,
) -> None:
    (port,) = free_ports(1)
    postbox = Postbox(turned_down=1)
    address = f"{new_id()}@example.com"
    async with mailing_desk(servers, port) as desk:
        await desk.invite(address, name="Ada Lien")
        faults = "select count(*) from invitation where fault <> ''"
        await until(lambda: desk.log.pool.fetchval(faults), lambda it: it == 1)
        with mail_server(postbox, port):

            async def letters() -> int:
                return len(postbox.letters)

            await until(letters, lambda it: it == 1, 40.0)
            await until(lambda: unsent(desk), lambda it: it == 0)
            database_url = desk.process.database_url
            [letter] = postbox.letters
            token = LINK.search(letter.get_content())  # type: ignore[attr-defined]  # of the newer policy
            assert token is not None
            question = SignInWithLink(token=token[1])
            entered = await desk.query(question, SignedInReply)
            again = await desk.query(question, SignedInReply)

    with mail_server(postbox, port):
        async with mailing_desk(servers, port, database_url) as desk:
            other = f"{new_id()}@example.com"
            await desk.invite(other)
            await until(letters, lambda it: it == 2, 20.0)

    assert letter["To"] == address
    assert letter["From"] == "no-reply@charge.example"
    assert "Ada Lien" in letter.get_content()  # type: ignore[attr-defined]
    assert entered.accepted
    assert not again.accepted
    assert [it["To"] for it in postbox.letters] == [address, other]


async def test_what_was_cut_off_in_the_middle_is_not_sent_twice(
    servers: EmbeddedServers,
) -> None:
    (port,) = free_ports(1)
    postbox = Postbox()
    async with desk_at(servers) as desk:  # nobody sends
        cut_off = await desk.invite(f"{new_id()}@example.com")
        await desk.log.pool.execute(
            "insert into invitation (event_id, person_id, begun_at, next_at)"
            " select event_id, $1, now(), now() from event_log where stream = $2",
            cut_off,
            f"person-{cut_off}",
        )
        database_url = desk.process.database_url
    with mail_server(postbox, port):
        async with mailing_desk(servers, port, database_url) as desk:
            fresh = f"{new_id()}@example.com"
            await desk.invite(fresh)

            async def letters() -> int:
                return len(postbox.letters)

            await until(letters, bool, 20.0)

    assert [it["To"] for it in postbox.letters] == [fresh]


@pytest.mark.parametrize("url", ["http://mail", "smtp://", "mail.example"])
async def test_an_address_that_nobody_can_send_to_keeps_the_service_from_starting(
    servers: EmbeddedServers, url: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(AssertionError, match="has ended"):
        async with desk_at(servers, {"PERMISSIONS_SMTP_URL": url}):
            pass

    assert "smtp://host:port" in capfd.readouterr().err
