"""Questions about signing in are asked on NATS, and answered."""

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import structlog
from faststream.nats import NatsMessage, NatsRouter

from services.permissions.sign_in.entering import DONE, Entering
from services.permissions.sign_in.keeping import Keeping
from services.permissions.sign_in.oidc import Oidc
from services.permissions.sign_in.passkeys import Passkeys
from services.permissions.sign_in.programs import Programs
from services.permissions.sign_in.refusals import ProofNeeded, TooManyAttempts
from services.permissions.sign_in.showing import Showing
from shared import subjects
from shared.commits import DATABASE_FAULTS
from shared.context import acting, context_of
from shared.decider import Refused
from shared.messages.own_account import (
    Account,
    AddPasskey,
    ClientCredentials,
    IssueClientSecret,
    IssueLink,
    IssueToken,
    RemovePasskey,
    RevokeClient,
    RevokeToken,
    SetPassword,
)
from shared.messages.signing_in import (
    Companies,
    EndSession,
    OidcBegin,
    OidcComplete,
    Options,
    PasskeyOptions,
    Query,
    Reply,
    SignedInReply,
    SignInWithLink,
    SignInWithPasskey,
    SignInWithPassword,
    SignOut,
    SignOutEverywhere,
    StepUp,
    WhoIs,
)
from shared.speech import marked

QUEUE: Final = "permissions"
UNAVAILABLE: Final = Reply(
    refusal="Unavailable", detail="The database does not answer at present; try again."
)

Answerer = Callable[[Any], Awaitable[Reply]]

log = structlog.get_logger()


def sign_in_routes(
    showing: Showing,
    entering: Entering,
    keeping: Keeping,
    passkeys: Passkeys,
    oidc: Oidc,
    programs: Programs,
) -> NatsRouter:
    """Say who answers what, at the portal's door and at the operator's."""

    async def with_passkey(query: SignInWithPasskey) -> SignedInReply:
        person_id = await passkeys.shown(query.challenge_id, query.credential)
        return await entering.let_in(person_id, "PASSKEY", query.at, proven=True)

    async def options(query: PasskeyOptions) -> Options:
        if not query.adding:
            return await passkeys.options()
        _, person = await keeping.who(query.session or "")
        return await passkeys.options_to_add(person)

    async def add_passkey(query: AddPasskey) -> Reply:
        session, person = await keeping.who(query.session)
        if not keeping.may_change(session):
            raise ProofNeeded(
                marked("Show your password or a passkey first, then add another one.")
            )
        await passkeys.add(person, query.challenge_id, query.credential, query.label)
        return DONE

    async def remove_passkey(query: RemovePasskey) -> Reply:
        session, person = await keeping.who(query.session)
        if not keeping.may_change(session):
            raise ProofNeeded(marked("Show your password or a passkey first, then remove one."))
        await passkeys.remove(person, query.passkey_id)
        return DONE

    async def from_company(query: OidcComplete) -> SignedInReply:
        came = await oidc.complete(query)
        reply = await entering.let_in(came.person_id, "OIDC", query.at, proven=False)
        return reply.model_copy(update={"next": came.next})

    people: dict[type[Query], Answerer] = {
        WhoIs: showing.who_is,
        SignInWithPassword: entering.with_password,
        SignInWithLink: entering.with_link,
        SignInWithPasskey: with_passkey,
        PasskeyOptions: options,
        AddPasskey: add_passkey,
        RemovePasskey: remove_passkey,
        SignOut: entering.out,
        SignOutEverywhere: entering.out_everywhere,
        EndSession: entering.end,
        StepUp: keeping.step_up,
        SetPassword: keeping.set_password,
        IssueToken: keeping.issue_token,
        RevokeToken: keeping.revoke_token,
        Account: keeping.account,
        Companies: oidc.companies,
        OidcBegin: oidc.begin,
        OidcComplete: from_company,
        ClientCredentials: programs.access,
    }
    operators: dict[type[Query], Answerer] = {
        IssueClientSecret: programs.register,
        RevokeClient: programs.revoke,
        IssueLink: programs.link,
    }
    router = NatsRouter()
    _listen(router, people, subjects.query)
    _listen(router, operators, subjects.operator_query)
    return router


def _listen(
    router: NatsRouter,
    answerers: Mapping[type[Query], Answerer],
    spelled: Callable[[str, str], str],
) -> None:
    for kind, answerer in answerers.items():
        subject = spelled(kind.service, kind.__name__)
        router.subscriber(subject, queue=QUEUE)(_handler(kind, answerer))


def _handler(
    kind: type[Query], answer: Answerer
) -> Callable[[Any, NatsMessage], Awaitable[Reply]]:
    """Make the handler of one question: FastStream reads the annotation to check what comes in."""

    async def handler(query: kind, message: NatsMessage) -> Reply:  # type: ignore[valid-type]  # a class at run time
        given = context_of(message.headers, default_actor="anonymous")
        with acting(given.actor, given.correlation_id, given.causation_id):
            try:
                return await answer(query)
            except Refused as refusal:
                return refused(kind, refusal)
            except DATABASE_FAULTS:
                log.exception("question not answered", query=kind.__name__)
                return UNAVAILABLE

    handler.__name__ = handler.__qualname__ = re.sub(
        r"(?<=[a-z])(?=[A-Z])", "_", kind.__name__
    ).lower()
    handler.__doc__ = kind.__doc__
    return handler


def refused(kind: type[Query], refusal: Refused) -> Reply:
    """Turn a refusal into the reply that carries its name and its text."""
    name = type(refusal).__name__
    log.info("sign-in refused", query=kind.__name__, refusal=name)
    seconds = refusal.retry_after_s if isinstance(refusal, TooManyAttempts) else None
    return Reply(refusal=name, detail=refusal.detail, retry_after_s=seconds)
