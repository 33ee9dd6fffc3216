"""Access tokens of programs: OAuth 2.0 client credentials (RFC 6749, sections 4.4 and 5)."""

import base64
import binascii
from collections.abc import Sequence
from typing import Final
from urllib.parse import unquote_plus

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from services.portal.paper import as_json
from services.portal.signing_in.asking import origin_of
from services.portal.signing_in.forms import form_of, one
from services.portal.signing_in.questions import Questions
from shared.messages.own_account import AccessToken, ClientCredentials
from shared.messages.signing_in import SECRET_CHARS_MAX, Scope

ERRORS: Final = {
    "WrongCredentials": ("invalid_client", 401),
    "TooManyAttempts": ("temporarily_unavailable", 429),
    "NotForThisProgram": ("invalid_scope", 400),
}


class ProgramTokens:
    """Answers programs that sign in by themselves."""

    def __init__(self, questions: Questions) -> None:
        self._questions = questions

    def routes(self) -> Sequence[Route]:
        return [Route("/oauth/token", self.token, methods=["POST"])]

    async def token(self, request: Request) -> Response:
        form = await form_of(request)
        if one(form, "grant_type") != "client_credentials":
            return _error("unsupported_grant_type", 400, "grant_type is client_credentials")
        client_id, secret = _credentials(request, form)
        try:
            scopes = frozenset(Scope(it) for it in one(form, "scope").split()) or None
        except ValueError:
            names = ", ".join(Scope)
            return _error("invalid_scope", 400, f"scopes are {names}")
        query = ClientCredentials(
            client_id=client_id[:64],
            secret=secret[:SECRET_CHARS_MAX],
            scopes=scopes,
            at=origin_of(request),
        )
        reply = await self._questions.ask(query, AccessToken)
        if not reply.accepted:
            error, status = ERRORS.get(reply.refusal or "", ("invalid_request", 400))
            wait_s = reply.retry_after_s
            more = {} if wait_s is None else {"Retry-After": str(wait_s)}
            return _error(error, status, reply.detail or "", more)
        return as_json(
            {
                "access_token": reply.token,
                "token_type": "Bearer",
                "expires_in": reply.seconds,
                "scope": " ".join(reply.scopes),
            },
            headers={"Pragma": "no-cache"},
        )


def _credentials(request: Request, form: dict[str, list[str]]) -> tuple[str, str]:
    """
    Read a program's id and secret: from HTTP Basic, or else from the form.

    Raises:
        HTTPException: the header cannot be read.
    """
    kind, _, value = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "basic":
        return one(form, "client_id"), one(form, "client_secret")
    try:
        client_id, _, secret = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError) as fault:
        raise HTTPException(400, "The header Authorization cannot be read") from fault
    return unquote_plus(client_id), unquote_plus(secret)


def _error(
    error: str, status: int, description: str, headers: dict[str, str] | None = None
) -> Response:
    more = {"WWW-Authenticate": "Basic"} if status == 401 else {}
    body = {"error": error, "error_description": description}
    return as_json(body, status, headers=more | (headers or {}))
