"""Every read model of every service, by name: what it is folded from, and how."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from cli.services import (
    BALANCER,
    INSTALLATION,
    NOTIFICATIONS,
    PERMISSIONS,
    PORTAL,
    TELEMETRY,
)
from services.balancer.knowledge import Knowledge
from services.notifications.knowledge import Knowledge as Notices
from services.permissions.layout_book import LayoutBook
from services.portal.charging_folds import Sessions
from services.portal.handlers import followers as portal_followers
from services.portal.heard import Heard
from services.portal.read_models import ReadModels
from services.telemetry.projections import Assignments
from services.telemetry.whereabouts import Whereabouts
from shared.documents import numbered
from shared.event_store import EventStore
from shared.recorded import Recorded
from shared.rights.book import GrantBook
from shared.rights.card_book import CardBook
from shared.rows import Rows
from shared.service_grants import COPIES_MAX

Database = Any
"""A pool, or something that behaves like one; asyncpg carries no types."""


@dataclass(frozen=True, slots=True)
class Folds:
    """What one follower does: with an event, and when memory must be read anew."""

    apply: Callable[[Any, Recorded], Awaitable[None]]
    reload: Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Projection:
    """
    What a service folds from one log.

    Args:
        service: whose read model it is; also who follows.
        heard: whose log it is folded from, and its name.
        kinds: the documents that are folded from this log and from nothing else.
        begin: bind the folds to a database.
        times_s: by how many seconds times in a document may differ from the log's. A service that
            follows its own log notes what it does before it knows when that was recorded.
        rows: what is folded from this log into tables of their own.
        number: of the process that folds it, where several do, each for itself.
        furthest: several fold rows together: what counts is what the one has folded that is furthest.
    """

    service: str
    heard: str
    kinds: tuple[str, ...]
    begin: Callable[[Database], Folds]
    times_s: float = 0.0
    rows: tuple[Rows[Any], ...] = ()
    number: int = 1
    furthest: bool = False

    @property
    def consumer(self) -> str:
        """The name under which it is followed."""
        return numbered(self.service, self.number)

    @property
    def name(self) -> str:
        return f"{self.service}/{self.heard}"

    @property
    def all_kinds(self) -> tuple[str, ...]:
        """Its kinds of documents, and its tables."""
        return (*self.kinds, *(it.table for it in self.rows))


class UnknownProjection(ValueError):
    """There is no read model of this name; the text says which there are."""


def _of_portal(heard: str, number: int) -> Callable[[Database], Folds]:
    def begin(database: Database) -> Folds:
        followers = portal_followers(ReadModels(number), database, Heard())
        follower = next(it for it in followers if it.service == heard)
        return Folds(follower.apply, follower.reload)

    return begin


def _grants(database: Database) -> Folds:
    follower = GrantBook().follower(INSTALLATION, database)
    return Folds(follower.apply, follower.reload)


def _sites(database: Database) -> Folds:
    """What follows from these events besides, such as roles that end, is in a log: no fold makes it."""
    book = LayoutBook()

    async def reload() -> None:
        await book.open(database)

    return Folds(book.apply, reload)


def _rights(database: Database) -> Folds:
    grants, cards = GrantBook(), CardBook()

    async def apply(connection: Any, recorded: Recorded) -> None:  # noqa: ANN401  # asyncpg carries no types
        await grants.apply(connection, recorded)
        await cards.apply(connection, recorded)

    async def reload() -> None:
        await grants.open(database)
        await cards.open(database)

    return Folds(apply, reload)


def _assignments(database: Database) -> Folds:
    follower = Assignments(Whereabouts()).follower(database, lambda: None, lambda _: None)
    return Folds(follower.apply, follower.reload)


def _noticed(heard: str) -> Callable[[Database], Folds]:
    def begin(database: Database) -> Folds:
        followers = Notices().followers(database)
        follower = next(it for it in followers if it.service == heard)
        return Folds(follower.apply, follower.reload)

    return begin


def _knowledge(database: Database) -> Knowledge:
    return Knowledge(database, EventStore(database))


def _layouts(database: Database) -> Folds:
    known = _knowledge(database)
    return Folds(known.apply_installation, known.reload_layouts)


def _reported(database: Database) -> Folds:
    known = _knowledge(database)
    return Folds(known.apply_telemetry, known.reload_reported)


def _announced(database: Database) -> Folds:
    known = _knowledge(database)
    return Folds(known.apply_announced, known.reload_announced)


_GRANTS: Final = ("grants", "platform-grants", "memberships")

_SHOWN: Final = {
    INSTALLATION: ("layout",),
    TELEMETRY: ("condition", "refusal", "open-session", "register"),
    BALANCER: ("share", "overload"),
    NOTIFICATIONS: ("warnings",),
    PERMISSIONS: _GRANTS,
}
"""The kinds of documents of the portal, by the log that they are folded from."""


def _portal(heard: str, number: int) -> Projection:
    return Projection(
        PORTAL,
        heard,
        tuple(numbered(it, number) for it in _SHOWN[heard]),
        _of_portal(heard, number),
        rows=(Sessions().rows,) if heard == TELEMETRY else (),
        number=number,
        furthest=True,
    )


PROJECTIONS: Final = (
    Projection(INSTALLATION, PERMISSIONS, _GRANTS, _grants),
    Projection(PERMISSIONS, INSTALLATION, ("site",), _sites),
    Projection(TELEMETRY, INSTALLATION, ("grid", "assigned"), _assignments),
    Projection(TELEMETRY, PERMISSIONS, (*_GRANTS, "card"), _rights),
    Projection(BALANCER, INSTALLATION, ("layout",), _layouts),
    Projection(BALANCER, TELEMETRY, ("reported",), _reported),
    Projection(BALANCER, BALANCER, ("announced",), _announced, 30.0),
    Projection(NOTIFICATIONS, INSTALLATION, ("site",), _noticed(INSTALLATION)),
    Projection(NOTIFICATIONS, TELEMETRY, ("condition",), _noticed(TELEMETRY)),
    Projection(NOTIFICATIONS, BALANCER, ("balance",), _noticed(BALANCER)),
    Projection(NOTIFICATIONS, PERMISSIONS, _GRANTS, _noticed(PERMISSIONS)),
    *(_portal(heard, 1) for heard in _SHOWN),
)

NOT_FOLDED: Final = frozenset({(TELEMETRY, "confirmed"), (TELEMETRY, "whereabouts")})
"""Documents that no fold makes: what connections have taught."""


def projection_of(service: str, heard: str) -> Projection:
    """
    Find a read model by its name.

    Raises:
        UnknownProjection: there is none.
    """
    for it in PROJECTIONS:
        if (it.service, it.heard) == (service, heard):
            return it
    known = ", ".join(f"{it.service} {it.heard}" for it in PROJECTIONS)
    raise UnknownProjection(f"{service} folds nothing called {heard!r}; there are: {known}")


async def as_kept(connection: Any, projection: Projection) -> Projection:  # noqa: ANN401  # asyncpg is untyped
    """Choose whose fold counts: where several fold rows together, that of the one that is furthest."""
    if not projection.furthest:
        return projection
    names = {numbered(projection.service, it): it for it in range(1, COPIES_MAX + 1)}
    first = await connection.fetchval(
        "select consumer from cursor where service = $1 and consumer = any($2)"
        " order by log_epoch desc, position desc, consumer limit 1",
        projection.heard,
        list(names),
    )
    return projection if first is None else _portal(projection.heard, names[first])


def projections_of(services: Sequence[str]) -> list[Projection]:
    """Name the read models of services that are there, folded from logs that are there."""
    return [it for it in PROJECTIONS if it.service in services and it.heard in services]
