"""Signing in and out: by password, by a link that works once, by passkey; and showing oneself again."""

from collections.abc import Sequence
from typing import Any, Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from services.portal.askers import asker_of
from services.portal.paper import NO_STORE, Paper, as_json
from services.portal.signing_in import cookies
from services.portal.signing_in.asking import origin_of, required
from services.portal.signing_in.forms import form_of, json_of, one, own_form
from services.portal.signing_in.origins import own_path
from services.portal.signing_in.questions import Questions
from shared.clock import utc_now
from shared.messages.signing_in import (
    Companies,
    CompanyList,
    Options,
    PasskeyOptions,
    Reply,
    SignedInReply,
    SignInWithLink,
    SignInWithPasskey,
    SignInWithPassword,
    SignOut,
    StepUp,
)
from shared.speech import _

STATUS: Final = {"TooManyAttempts": 429, "WrongCredentials": 401, "LinkSpent": 410}
ACCOUNT: Final = "/account"


class SignInPages:
    """One method for every route."""

    def __init__(self, questions: Questions, paper: Paper) -> None:
        self._questions = questions
        self._paper = paper

    def routes(self) -> Sequence[Route]:
        """Say which address is answered by what."""
        return [
            Route("/sign-in", self.sign_in),
            Route("/sign-in", self.with_password, methods=["POST"]),
            Route("/sign-in/once", self.once),
            Route("/sign-in/once", self.with_link, methods=["POST"]),
            Route("/sign-in/passkey/options", self.passkey_options, methods=["POST"]),
            Route("/sign-in/passkey", self.with_passkey, methods=["POST"]),
            Route("/sign-out", self.sign_out, methods=["POST"]),
            Route("/step-up", self.step_up),
            Route("/step-up", self.show_again, methods=["POST"]),
            Route("/step-up/passkey", self.show_passkey, methods=["POST"]),
        ]

    # --- By password ---

    async def sign_in(self, request: Request) -> Response:
        wanted = own_path(request.query_params.get("next"))
        if asker_of(request) is not None:
            return _to(wanted)
        return await self._sign_in_page(request, wanted)

    async def with_password(self, request: Request) -> Response:
        form = await form_of(request)
        wanted, email = own_path(one(form, "next")), one(form, "email")[:320]
        query = SignInWithPassword(
            email=email, password=one(form, "password")[:1024], at=origin_of(request)
        )
        reply = await self._questions.ask(query, SignedInReply)
        if not reply.accepted:
            return await self._sign_in_page(request, wanted, email, reply)
        return await self._signed_in(request, reply, wanted)

    async def _sign_in_page(
        self, request: Request, wanted: str, email: str = "", refusal: Reply | None = None
    ) -> Response:
        companies = await self._questions.ask(Companies(), CompanyList)
        return self._paper.page(
            request,
            "sign_in.html",
            _status(refusal),
            _headers(refusal),
            next=wanted,
            email=email,
            refusal=refusal,
            companies=companies.companies,
        )

    # --- By a link that works once ---

    async def once(self, request: Request) -> Response:
        """Show what a link is for. Only sending the form uses it up: scanners of e-mails look, too."""
        return self._paper.page(
            request,
            "once.html",
            token=request.query_params.get("token", "")[:512],
            next=own_path(request.query_params.get("next"), ACCOUNT),
        )

    async def with_link(self, request: Request) -> Response:
        form = await form_of(request)
        query = SignInWithLink(token=one(form, "token")[:512], at=origin_of(request))
        reply = await self._questions.ask(query, SignedInReply)
        if not reply.accepted:
            return self._paper.page(
                request, "once.html", _status(reply), refusal=reply, token="", next="/"
            )
        return await self._signed_in(request, reply, own_path(one(form, "next"), ACCOUNT))

    # --- By passkey ---

    async def passkey_options(self, request: Request) -> Response:
        await json_of(request, own=False)
        return answered(await self._questions.ask(PasskeyOptions(), Options))

    async def with_passkey(self, request: Request) -> Response:
        content = await json_of(request, own=False)
        query = SignInWithPasskey(**proof_in(content), at=origin_of(request))
        reply = await self._questions.ask(query, SignedInReply)
        response = answered(reply, {"next": own_path(str(content.get("next", "")))})
        if reply.accepted:
            await self._end_former(request)
            keep_session(response, request, reply)
        return response

    # --- Showing oneself again ---

    async def step_up(self, request: Request) -> Response:
        required(request)
        wanted = own_path(request.query_params.get("next"))
        return self._paper.page(request, "step_up.html", next=wanted)

    async def show_again(self, request: Request) -> Response:
        _asker, form = await own_form(request)
        query = StepUp(
            session=session_of(request),
            password=one(form, "password")[:1024],
            at=origin_of(request),
        )
        reply = await self._questions.ask(query, SignedInReply)
        wanted = own_path(one(form, "next"))
        if not reply.accepted:
            return self._paper.page(
                request,
                "step_up.html",
                _status(reply),
                _headers(reply),
                next=wanted,
                refusal=reply,
            )
        response = _to(wanted)
        keep_session(response, request, reply)
        return response

    async def show_passkey(self, request: Request) -> Response:
        content = await json_of(request, own=True)
        query = StepUp(session=session_of(request), **proof_in(content), at=origin_of(request))
        reply = await self._questions.ask(query, SignedInReply)
        response = answered(reply, {"next": own_path(str(content.get("next", "")))})
        if reply.accepted:
            keep_session(response, request, reply)
        return response

    # --- Out ---

    async def sign_out(self, request: Request) -> Response:
        await own_form(request)
        await self._end_former(request)
        response = _to("/sign-in")
        cookies.drop(response, request, cookies.SESSION)
        return response

    async def _end_former(self, request: Request) -> None:
        """End the session that this browser had, if any."""
        former = cookies.read(request, cookies.SESSION)
        if former is not None and len(former) <= 512:
            await self._questions.ask(SignOut(session=former), Reply)

    async def _signed_in(self, request: Request, reply: SignedInReply, wanted: str) -> Response:
        await self._end_former(request)
        response = _to(wanted)
        keep_session(response, request, reply)
        return response


def keep_session(response: Response, request: Request, reply: SignedInReply) -> None:
    """Have the browser keep a session's new secret, and that it is a known device."""
    lasts_s = cookies.seconds_until(reply.expires_at, utc_now())
    cookies.keep(response, request, cookies.SESSION, reply.session, lasts_s)
    if reply.device is not None:
        cookies.keep(response, request, cookies.DEVICE, reply.device, cookies.DEVICE_S)


def session_of(request: Request) -> str:
    """Read the secret of the session that asks; a token has none and cannot do what is asked here."""
    asker, session = required(request), cookies.read(request, cookies.SESSION)
    if session is None or asker.session_id is None:
        raise HTTPException(
            403, _("This takes a browser in which you are signed in, not a token")
        )
    return session


def proof_in(content: dict[str, Any]) -> dict[str, Any]:
    """Take what a passkey has signed out of what a script has sent."""
    credential = content.get("credential")
    if not isinstance(credential, dict):
        raise HTTPException(400, _("A passkey's answer is missing"))
    return {
        "challenge_id": str(content.get("challenge_id", ""))[:100],
        "credential": credential,
    }


def answered(reply: Reply, more: dict[str, Any] | None = None) -> Response:
    """Hand a reply to a script: what it may know, never a secret."""
    if not reply.accepted:
        body = {"refusal": reply.refusal, "detail": reply.detail}
        return as_json(body, _status(reply), headers=_headers(reply))
    told = (
        {"challenge_id": reply.challenge_id, "options": reply.options}
        if isinstance(reply, Options)
        else {}
    )
    return as_json(told | (more or {}))


def _status(refusal: Reply | None) -> int:
    return 200 if refusal is None else STATUS.get(refusal.refusal or "", 400)


def _headers(refusal: Reply | None) -> dict[str, str]:
    if refusal is None or refusal.retry_after_s is None:
        return {}
    return {"Retry-After": str(refusal.retry_after_s)}


def _to(path: str) -> Response:
    return RedirectResponse(path, 303, NO_STORE)
