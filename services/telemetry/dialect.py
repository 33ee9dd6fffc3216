"""
A version of OCPP as the service sees it: a `Dialect` reads what chargers say and writes what they are
answered; its `Tongue` tells one connected charger what we want of it.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from services.telemetry.charger import Charger, Session
from services.telemetry.frames import Code, Payload
from services.telemetry.lists import Capacity, Update
from services.telemetry.said import Metered, Replies, Said, Standing
from services.telemetry.upkeep import Upkeep
from services.telemetry.validation import Violation
from services.telemetry.ways import Abilities, Limit, Span, Wording

Call = Callable[[str, Payload], Awaitable[Payload]]
"""Asks a charger, by the name of a request and its payload, and waits for the payload of the answer;
raises the `CallFailed`s of `calls.py`."""


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How often a charger is to be heard."""

    heartbeat_s: int
    sample_s: int
    ping_s: float


@dataclass(frozen=True, slots=True)
class NotTaken:
    """A setting that a charger did not take."""

    key: str
    status: str


class Tongue(Protocol):
    """
    Tells one connected charger what we want of it.

    Every method asks, waits, and returns the charger's word for what it will do, which is "Accepted" if it
    does, unless it says otherwise here. All raise the `CallFailed`s of `calls.py`.
    """

    # --- Limits ---

    def tellable(self, terminals: Sequence[int] | None, /) -> bool:
        """Tell whether there are words for charging from these terminals only."""

    async def put_fail_safe(self, fail_safe_a: float) -> str:
        """Fall back to so many amperes per phase when no limit is in force."""

    async def put_limit(
        self, limit_a: float, valid_until: datetime, terminals: Sequence[int] | None = None
    ) -> str:
        """Draw no more than so many amperes per phase, until the lease ends."""

    async def end_limit(self) -> str:
        """End the limit before its lease does; "Unknown" if there is none."""

    async def put_in_one(self, fail_safe_a: float, limit: Limit | None) -> str:
        """Fall back to so many amperes, by one profile that holds the limit as well until its lease ends;
        for chargers on which profiles do not lie on one another."""

    def word_by(self, wording: Wording) -> None:
        """Say limits and fail-safes in this wording from now on."""

    async def abilities(self) -> Abilities:
        """Ask in which ways it can be limited."""

    async def schedule(self, duration_s: int) -> Sequence[Span] | None:
        """Ask what it would hold in the coming while; none if it does not say."""

    # --- Manners ---

    async def configure(self, rhythm: Rhythm) -> Sequence[NotTaken]:
        """Say what is wanted after every boot; without it many chargers send no readings."""

    async def set_manners(self, *, authentication_required: bool) -> Sequence[NotTaken]:
        """Say how drivers are let in, above all while nobody is there to be asked."""

    async def ask_to_boot(self) -> str:
        """Have it introduce itself again."""

    async def ask_status(self) -> str:
        """Have it say how it is."""

    async def ask_alive(self) -> str:
        """Have it give a sign of life, which it is answered with the time."""

    # --- Sessions ---

    async def begin(self, tag: str) -> str:
        """Begin a session, for whoever the tag stands for."""

    async def end(self, session: Session) -> str:
        """End a session."""

    # --- Drivers it lets in offline ---

    async def list_capacity(self) -> Capacity | None:
        """Ask how much a list may hold; none if it keeps none."""

    async def list_version(self) -> int:
        """Ask which version of the list it has; -1 if it keeps none."""

    async def send_list(self, update: Update, entries: Mapping[str, Standing]) -> str:
        """Bring its list forward; entries by the number of the card."""

    # --- Firmware and secrets ---

    async def update_firmware(self, location: str, retrieve_at: datetime) -> str:
        """Fetch firmware from some moment on, and install it."""

    async def set_password(self, password: str) -> str:
        """Show this password from the next connection on."""

    async def ask_for_certificate(self) -> str:
        """Make a key, and ask for a certificate."""

    async def hand_certificate(self, chain: str) -> str:
        """Show this certificate (PEM, with those between it and the root) from now on."""


class Dialect(Protocol):
    """One version of OCPP."""

    @property
    def name(self) -> str:
        """As people call it, such as OCPP 1.6."""

    @property
    def subprotocol(self) -> str:
        """As WebSockets call it."""

    @property
    def sends(self) -> bool:
        """This version has messages that are not answered (SEND)."""

    def for_one(self, known: Callable[[], Charger], /) -> "Dialect":
        """
        Make the dialect of one connection, which may remember what was said on it.

        Args:
            known: says what is known of the charger at present.
        """

    def code(self, code: Code) -> str:
        """Spell the code of a CALLERROR."""

    def knows(self, action: str) -> bool:
        """Tell whether this version has such a request, in either direction."""

    def violation_of_request(self, action: str, payload: Payload) -> Violation | None:
        """Check a request that this version has against its schema."""

    def violation_of_answer(self, action: str, payload: Payload) -> Violation | None:
        """Check the answer to a request of ours."""

    def hear(self, action: str, payload: Payload) -> tuple[Said, ...] | None:
        """
        Read a request that fits its schema; none if nothing here can do anything with it.

        Raises:
            CallRefused: a field is impossible.
        """

    def plain_readings(self, data: bytes) -> tuple[str, Metered] | None:
        """
        Read a MeterValues that can be dealt with at once.

        Args:
            data: the message as it came.

        Returns:
            Its id, and what it says; none if it has to be read as all others are: it is something else, or
            wrong, or has signed values, which are put on record.
        """

    def answer(self, action: str, replies: Replies) -> Payload:
        """Write the answer to a request, from the replies to what it said."""

    def tongue(self, call: Call) -> Tongue:
        """Make what tells one charger what we want of it."""

    def upkeep(self, call: Call) -> Upkeep:
        """Make what tells one charger what people ask of its hardware."""
