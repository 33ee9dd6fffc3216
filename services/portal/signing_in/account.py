"""What belongs to a person's own sign-in, on one page: password, passkeys, tokens, sessions."""

from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from services.portal.paper import NO_STORE, Paper
from services.portal.signing_in import cookies
from services.portal.signing_in.asking import origin_of
from services.portal.signing_in.forms import json_of, one, own_form
from services.portal.signing_in.pages import (
    ACCOUNT,
    answered,
    keep_session,
    proof_in,
    session_of,
)
from services.portal.signing_in.questions import Questions
from shared.clock import utc_now
from shared.messages.own_account import (
    Account,
    AccountReply,
    AddPasskey,
    Issued,
    IssueToken,
    RemovePasskey,
    RevokeToken,
    SetPassword,
)
from shared.messages.signing_in import (
    EndSession,
    Options,
    PasskeyOptions,
    Query,
    Reply,
    Scope,
    SignedInReply,
    SignOutEverywhere,
)
from shared.speech import _


class AccountPages:
    """One method for every route."""

    def __init__(self, questions: Questions, paper: Paper) -> None:
        self._questions = questions
        self._paper = paper

    def routes(self) -> Sequence[Route]:
        """Say which address is answered by what."""
        return [
            Route(ACCOUNT, self.account),
            Route(f"{ACCOUNT}/password", self.set_password, methods=["POST"]),
            Route(f"{ACCOUNT}/tokens", self.issue_token, methods=["POST"]),
            Route(f"{ACCOUNT}/tokens/{{token_id}}/revoke", self.revoke_token, methods=["POST"]),
            Route(f"{ACCOUNT}/sessions/end-others", self.end_others, methods=["POST"]),
            Route(f"{ACCOUNT}/sessions/{{session_id}}/end", self.end_session, methods=["POST"]),
            Route(f"{ACCOUNT}/passkeys/options", self.passkey_options, methods=["POST"]),
            Route(f"{ACCOUNT}/passkeys", self.add_passkey, methods=["POST"]),
            Route(
                f"{ACCOUNT}/passkeys/{{passkey_id}}/remove",
                self.remove_passkey,
                methods=["POST"],
            ),
        ]

    async def account(self, request: Request) -> Response:
        return await self._page(request)

    async def _page(
        self,
        request: Request,
        refusal: Reply | None = None,
        about: str = "",
        issued: Issued | None = None,
    ) -> Response:
        """
        Show everything.

        Args:
            request: whose.
            refusal: why the last thing was not done, to be shown where it was asked for.
            about: where that was.
            issued: a token that was made just now, and is shown this once.
        """
        account = await self._questions.ask(Account(session=session_of(request)), AccountReply)
        if not account.accepted:
            raise HTTPException(401, account.detail or "")
        return self._paper.page(
            request,
            "account.html",
            200 if refusal is None else 400,
            account=account,
            scopes=list(Scope),
            refusal=refusal,
            about=about,
            issued=issued,
            today=utc_now(),
        )

    # --- Password ---

    async def set_password(self, request: Request) -> Response:
        _asker, form = await own_form(request)
        if one(form, "new") != one(form, "again"):
            differ = Reply(refusal="Differ", detail=_("The two passwords are not the same."))
            return await self._page(request, differ, "password")
        query = SetPassword(
            session=session_of(request),
            new=one(form, "new")[:1024],
            present=one(form, "present")[:1024] or None,
            at=origin_of(request),
        )
        reply = await self._questions.ask(query, SignedInReply)
        if not reply.accepted:
            return await self._page(request, reply, "password")
        response = _back()
        keep_session(response, request, reply)
        return response

    # --- Tokens ---

    async def issue_token(self, request: Request) -> Response:
        _asker, form = await own_form(request)
        fields: dict[str, Any] = {
            "session": session_of(request),
            "label": one(form, "label"),
            "scopes": form.get("scope", []),
            "days": one(form, "days") or 90,
        }
        try:
            query = IssueToken(**fields)
        except ValidationError:
            wrong = Reply(
                refusal="InvalidToken",
                detail=_("A token has a name, at least one scope, and 1 to 366 days."),
            )
            return await self._page(request, wrong, "tokens")
        reply = await self._questions.ask(query, Issued)
        if not reply.accepted:
            return await self._page(request, reply, "tokens")
        return await self._page(request, issued=reply)

    async def revoke_token(self, request: Request) -> Response:
        await own_form(request)
        token_id = request.path_params["token_id"]
        query = _read(RevokeToken, session=session_of(request), token_id=token_id)
        return await self._done(request, query, "tokens")

    # --- Sessions ---

    async def end_session(self, request: Request) -> Response:
        await own_form(request)
        session_id = request.path_params["session_id"]
        query = _read(EndSession, session=session_of(request), session_id=session_id)
        return await self._done(request, query, "sessions")

    async def end_others(self, request: Request) -> Response:
        _asker, form = await own_form(request)
        but_this = one(form, "all") != "1"
        query = SignOutEverywhere(session=session_of(request), but_this=but_this)
        response = await self._done(request, query, "sessions")
        if not but_this:
            cookies.drop(response, request, cookies.SESSION)
        return response

    # --- Passkeys ---

    async def passkey_options(self, request: Request) -> Response:
        await json_of(request, own=True)
        query = PasskeyOptions(session=session_of(request), adding=True)
        return answered(await self._questions.ask(query, Options))

    async def add_passkey(self, request: Request) -> Response:
        content = await json_of(request, own=True)
        label = str(content.get("label", "")).strip()[:60] or _("Passkey")
        query = _read(AddPasskey, session=session_of(request), label=label, **proof_in(content))
        return answered(await self._questions.ask(query, Reply), {"next": ACCOUNT})

    async def remove_passkey(self, request: Request) -> Response:
        await own_form(request)
        passkey_id = request.path_params["passkey_id"]
        query = _read(RemovePasskey, session=session_of(request), passkey_id=passkey_id)
        return await self._done(request, query, "passkeys")

    async def _done(self, request: Request, query: Query, about: str) -> Response:
        reply = await self._questions.ask(query, Reply)
        return _back() if reply.accepted else await self._page(request, reply, about)


def _read(kind: type[Query], **fields: Any) -> Query:  # noqa: ANN401  # checked by the query itself
    """
    Make a question out of what an address and a script say.

    Raises:
        HTTPException: there can be no such thing.
    """
    try:
        return kind(**fields)
    except ValidationError as fault:
        raise HTTPException(404, _("There is no such thing in your account")) from fault


def _back() -> Response:
    return RedirectResponse(ACCOUNT, 303, NO_STORE)
