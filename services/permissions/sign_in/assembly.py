"""Where the parts of signing in meet."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Final

import structlog
from faststream.nats import NatsRouter

from services.permissions.sign_in.accounts import Accounts
from services.permissions.sign_in.companies import companies_in
from services.permissions.sign_in.entering import Entering
from services.permissions.sign_in.facts import Facts
from services.permissions.sign_in.issuers import Issuers
from services.permissions.sign_in.keeping import Keeping
from services.permissions.sign_in.links import Links
from services.permissions.sign_in.oidc import Oidc
from services.permissions.sign_in.parts import Parts
from services.permissions.sign_in.passkeys import Passkeys
from services.permissions.sign_in.passwords import Passwords
from services.permissions.sign_in.people import People
from services.permissions.sign_in.programs import Programs
from services.permissions.sign_in.routes import sign_in_routes
from services.permissions.sign_in.sessions import Devices, Lasting, Sessions
from services.permissions.sign_in.settings import SignInSettings
from services.permissions.sign_in.showing import Showing
from services.permissions.sign_in.throttling import Throttling
from services.permissions.sign_in.tokens import Tokens
from shared.commits import DATABASE_FAULTS
from shared.event_store import EventStore
from shared.runtime import Runtime

TIDY_S: Final = 60.0

log = structlog.get_logger()


def signing_in(
    runtime: Runtime, settings: SignInSettings, store: EventStore, people: People
) -> NatsRouter:
    """Put signing in together; what has to run beside it is spawned."""
    pool = runtime.pool
    lasting = Lasting(
        timedelta(seconds=settings.session_s),
        timedelta(seconds=settings.idle_s),
        timedelta(seconds=settings.step_up_s),
    )
    parts = Parts(
        pool,
        settings,
        people,
        Facts(store),
        Accounts(pool),
        Sessions(pool, lasting),
        Devices(pool),
        Throttling(pool),
        Passwords(),
    )
    links, tokens = Links(pool), Tokens(pool)
    passkeys = Passkeys(pool, people, parts.facts, settings.public_url)
    issuers = Issuers()
    runtime.stack.push_async_callback(issuers.close)
    oidc = Oidc(pool, companies_in(settings.oidc_file), issuers, people, parts.facts)
    entering = Entering(parts, links)
    keeping = Keeping(parts, entering, tokens, passkeys)
    tidied = (parts.sessions, parts.throttling, links, tokens, passkeys, oidc)
    runtime.spawn(_tidy([it.forget_old for it in tidied]), "tidy-sign-in")
    runtime.spawn(entering.record_tried(), "record-tried")
    return sign_in_routes(
        Showing(parts, tokens),
        entering,
        keeping,
        passkeys,
        oidc,
        Programs(parts, tokens, links),
    )


async def _tidy(chores: Sequence[Callable[[], Awaitable[None]]]) -> None:
    """Keep the tables small, for ever."""
    while True:
        await asyncio.sleep(TIDY_S)
        for chore in chores:
            try:
                await chore()
            except DATABASE_FAULTS as fault:
                log.warning("tables of signing in not tidied", fault=repr(fault))
