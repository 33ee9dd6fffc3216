"""
One charger's connection to its server: connect, boot, tell what there is to tell, come back.

It tries for ever, with growing and jittered pauses. Whatever happens to the socket, the charger
goes on charging under the limits it was given.
"""

import asyncio
import ssl
from base64 import b64encode
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import structlog
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus, WebSocketException
from websockets.typing import Subprotocol

from simulator.charger import Charger
from simulator.configuration import PING_INTERVAL
from simulator.ocppj import ANSWER_S_MAX, Channel
from simulator.outbox import Message
from simulator.payloads import CallRefused, Payload
from simulator.tongues import OCPP_16, tongue_of

FIRST_CONNECT_S_MAX: Final = 2.5
"""A building's chargers get their supply at about the same time, not at the same instant."""

PAUSE_S_MIN: Final = 0.2
PAUSE_S_MAX: Final = 5.0
REFUSED_PAUSE_S_MAX: Final = 10.0
"""A charger that is turned away by its server, and not by chance, comes back less often."""
STEADY_S: Final = 2.0
"""A connection that lasted this long was none of a series of failures."""

RESTART_S: Final = 2.0
LAST_WORDS_S_MAX: Final = 5.0
"""How long a charger waits before a soft reset for its messages to be answered."""

ATTEMPTS_MAX: Final = 3
ATTEMPT_AGAIN_S: Final = 5.0
"""TransactionMessageAttempts and TransactionMessageRetryInterval (OCPP 1.6, 9.1)."""

OPEN_S_MAX: Final = 10.0
CLOSE_S_MAX: Final = 1.0

log = structlog.get_logger()


class _ConnectionOver(Exception):
    """The conversation has ended, for a reason told."""


MAY_HAPPEN: Final = (OSError, WebSocketException, _ConnectionOver)
"""What ends a connection in the world as it is; a time-out is an OSError."""


class Link:
    """Keeps one charger connected."""

    def __init__(
        self,
        charger: Charger,
        gateway: str,
        clock_s: Callable[[], float],
        answer_s_max: float = ANSWER_S_MAX,
        first_connect_s_max: float = FIRST_CONNECT_S_MAX,
        trusted: Path | None = None,
        protocol: str = OCPP_16,
    ) -> None:
        """
        Make a link; `run` connects it.

        Args:
            charger: whose link it is.
            gateway: the server, such as `ws://127.0.0.1:9000`.
            clock_s: reads the present, in seconds since 1970.
            answer_s_max: how long the server may take to answer.
            first_connect_s_max: how long the charger takes at most until it first connects.
            trusted: certificates of those whom it trusts (PEM), for a server at `wss://`; by default
                whom this machine does.
            protocol: which version of OCPP it speaks, as WebSockets call it.
        """
        self._charger = charger
        self._url = f"{gateway.rstrip('/')}/ocpp/{charger.serial}"
        self._clock_s = clock_s
        self._answer_s_max = answer_s_max
        self._first_connect_s_max = first_connect_s_max
        self._trusted = trusted
        self._tongue = tongue_of(charger, protocol)
        self._wake = asyncio.Event()
        self._supply = asyncio.Event()
        self._no_supply = asyncio.Event()
        self._told: str | None = None
        charger.notify = self._on_change
        self._on_change()

    def _on_change(self) -> None:
        self._wake.set()
        on, off = (self._supply, self._no_supply)
        if not self._charger.powered:
            on, off = off, on
        on.set()
        off.clear()

    async def run(self) -> None:
        """Stay connected, until cancelled."""
        charger, loop = self._charger, asyncio.get_running_loop()
        await asyncio.sleep(charger.rng.uniform(0.0, self._first_connect_s_max))
        failures = 0
        while True:
            await self._supply.wait()
            began_s = loop.time()
            try:
                await self._once()
            except MAY_HAPPEN as reason:
                self._on_lost(reason)
            charger.on_disconnected()
            if charger.resetting is not None:
                await self._restart()
                continue
            failures = 0 if loop.time() - began_s > STEADY_S else failures + 1
            pause_s_max = REFUSED_PAUSE_S_MAX if charger.registration.refused else PAUSE_S_MAX
            pause_s = min(pause_s_max, PAUSE_S_MIN * 2.0 ** min(failures + 1, 10))
            await asyncio.sleep(charger.rng.uniform(PAUSE_S_MIN, pause_s))

    def _on_lost(self, reason: Exception) -> None:
        if isinstance(reason, InvalidStatus) and 400 <= reason.response.status_code < 500:
            self._charger.registration.refused = True
        told = str(reason) or type(reason).__name__
        if told != self._told and self._charger.powered:
            self._told = told
            # That a server is away for a while is daily life; that it turns us away is not.
            tell = log.warning if isinstance(reason, InvalidStatus) else log.debug
            tell("charger not connected", serial=self._charger.serial, reason=told)

    async def _restart(self) -> None:
        self._charger.restart_begins()
        await asyncio.sleep(RESTART_S)
        self._charger.restart_ends(self._clock_s())

    async def _once(self) -> None:
        """Connect, and talk until the connection is over."""
        host = self._charger.host
        async with connect(
            self._url,
            subprotocols=[Subprotocol(self._tongue.subprotocol)],
            compression=None,
            ping_interval=None,
            open_timeout=OPEN_S_MAX,
            close_timeout=CLOSE_S_MAX,
            proxy=None,
            local_addr=None if host is None else (host, 0),
            additional_headers=_shown_by(self._charger),
            ssl=self._tls(),
        ) as socket:
            if socket.subprotocol != self._tongue.subprotocol:
                raise _ConnectionOver(f"the server does not speak {self._tongue.subprotocol}")
            self._charger.registration.refused = False
            self._charger.connected = True
            self._told = None
            log.debug("charger connected", serial=self._charger.serial)
            try:
                await self._converse(socket)
            finally:
                # A goodbye in form; left to itself, the socket would call any reason an error.
                await socket.close()

    def _tls(self) -> ssl.SSLContext | None:
        """Make what it speaks TLS with; it shows its certificate, if it has one."""
        if not self._url.startswith("wss://"):
            return None
        context = ssl.create_default_context(cafile=self._trusted)
        security = self._charger.security
        if security.certificate is not None:
            # OpenSSL reads keys from files only, as far as Python knows.
            with TemporaryDirectory() as folder:
                certificate, key = Path(folder) / "certificate.pem", Path(folder) / "key.pem"
                certificate.write_text(security.certificate)
                key.write_text(security.key_pem)
                context.load_cert_chain(certificate, key)
        return context

    async def _converse(self, socket: ClientConnection) -> None:
        channel = Channel(socket, self._handle, self._answer_s_max)
        parts = (
            self._listen(channel),
            self._talk(channel),
            self._ping(socket),
            self._lose_supply(socket),
        )
        tasks = [asyncio.create_task(part) for part in parts]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            results = await asyncio.gather(*tasks, return_exceptions=True)
        raise _worst(results)

    def _handle(self, action: str, payload: Payload) -> Payload:
        return self._tongue.answer(action, payload, self._clock_s())

    async def _listen(self, channel: Channel) -> None:
        await channel.listen()
        raise _ConnectionOver("the server closed the connection")

    async def _lose_supply(self, socket: ClientConnection) -> None:
        await self._no_supply.wait()
        # A charger without supply says no goodbye.
        socket.transport.abort()
        raise _ConnectionOver("no supply")

    async def _ping(self, socket: ClientConnection) -> None:
        while True:
            every_s = self._charger.configuration.seconds(PING_INTERVAL)
            await asyncio.sleep(every_s or 1.0)
            if every_s:
                async with asyncio.timeout(self._answer_s_max):
                    await (await socket.ping())

    # --- What the charger has to say ---

    async def _talk(self, channel: Channel) -> None:
        charger = self._charger
        while True:
            self._wake.clear()
            registration, now_s = charger.registration, self._clock_s()
            if not registration.booted and now_s >= registration.boot_after_s:
                await self._boot(channel)
                continue
            message = charger.outbox.next(accepted=registration.booted)
            if charger.resetting == "Hard" or (charger.resetting and message is None):
                raise _ConnectionOver(f"{charger.resetting} reset")
            if message is not None:
                await self._tell(channel, message)
                continue
            wait_s = None if registration.booted else registration.boot_after_s - now_s
            await self._until_woken(wait_s)

    async def _until_woken(self, wait_s: float | None) -> None:
        try:
            async with asyncio.timeout(wait_s):
                await self._wake.wait()
        except TimeoutError:
            return

    async def _boot(self, channel: Channel) -> None:
        charger = self._charger
        try:
            answer = await channel.call("BootNotification", self._tongue.boot())
            charger.on_booted(answer, self._clock_s())
        except CallRefused as refusal:
            log.warning("boot refused", serial=charger.serial, reason=str(refusal))
            charger.registration.boot_again(self._clock_s() + ATTEMPT_AGAIN_S)

    async def _tell(self, channel: Channel, message: Message) -> None:
        charger = self._charger
        last_words = LAST_WORDS_S_MAX if charger.resetting else None
        try:
            async with asyncio.timeout(last_words):
                answers = [
                    await channel.call(action, payload)
                    for action, payload in self._tongue.frames(message)
                ]
            answer = self._tongue.understood(message, tuple(answers))
            message.answered(answer, self._clock_s())
        except CallRefused as refusal:
            await self._on_refused(message, refusal)
        else:
            charger.outbox.done(message)

    async def _on_refused(self, message: Message, refusal: CallRefused) -> None:
        """Try a transaction's beginning and end again; let everything else go."""
        charger = self._charger
        message.attempts += 1
        told = partial(log.warning, serial=charger.serial, reason=str(refusal))
        again = message.action in {"StartTransaction", "StopTransaction"}
        if again and message.attempts < ATTEMPTS_MAX:
            told("message refused, will be repeated", action=message.action)
            await asyncio.sleep(ATTEMPT_AGAIN_S * message.attempts)
            return
        told("message refused", action=message.action)
        charger.outbox.done(message)
        charger.transactions.on_refused(message, self._clock_s())


def _shown_by(charger: Charger) -> Mapping[str, str]:
    """Show who it is, if it has a password: HTTP Basic authentication (RFC 7617)."""
    key = charger.configuration.authorization_key
    if key is None:
        return {}
    shown = b64encode(f"{charger.serial}:{key}".encode()).decode()
    return {"Authorization": f"Basic {shown}"}


def _worst(results: list[BaseException | None]) -> Exception:
    """Why a conversation ended: by a mistake of ours before anything that may happen, and by what
    we know before what the socket made of it."""
    reasons = [it for it in results if isinstance(it, Exception)]
    ours = [it for it in reasons if not isinstance(it, MAY_HAPPEN)]
    known = [it for it in reasons if isinstance(it, _ConnectionOver)]
    return (ours or known or reasons)[0]
