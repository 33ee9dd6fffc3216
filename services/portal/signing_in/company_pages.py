"""Signing in with one's company: to its server, and back."""

from collections.abc import Sequence
from typing import Final

from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from services.portal.paper import NO_STORE, Paper
from services.portal.signing_in import cookies
from services.portal.signing_in.asking import origin_of
from services.portal.signing_in.origins import own_path
from services.portal.signing_in.pages import keep_session
from services.portal.signing_in.questions import Questions
from shared.messages.signing_in import OidcBegin, OidcComplete, Redirect, Reply, SignedInReply
from shared.speech import _, marked

BACK: Final = "/sign-in/company-back"
DENIED: Final = marked(
    "Your company did not let you in, or you have changed your mind. Sign in another way."
)


class CompanyPages:
    """Sends browsers to their company, and takes them back."""

    def __init__(self, questions: Questions, paper: Paper) -> None:
        self._questions = questions
        self._paper = paper

    def routes(self) -> Sequence[Route]:
        """Say which address is answered by what."""
        return [Route("/sign-in/company/{company}", self.begin), Route(BACK, self.back)]

    async def begin(self, request: Request) -> Response:
        query = OidcBegin(
            company=request.path_params["company"][:64],
            redirect_uri=f"{request.url.scheme}://{request.url.netloc}{BACK}"[:500],
            next=own_path(request.query_params.get("next")),
        )
        reply = await self._questions.ask(query, Redirect)
        if not reply.accepted:
            return self._refused(request, reply)
        response = RedirectResponse(reply.url, 303, NO_STORE)
        cookies.keep(response, request, cookies.COMPANY, reply.binding, cookies.COMPANY_S)
        return response

    async def back(self, request: Request) -> Response:
        given = request.query_params
        if "code" not in given:
            return self._refused(request, Reply(refusal="CompanyRefused", detail=_(DENIED)))
        try:
            query = OidcComplete(
                state=given.get("state", ""),
                code=given["code"],
                binding=cookies.read(request, cookies.COMPANY) or "",
                issuer=given.get("iss"),
                at=origin_of(request),
            )
        except ValidationError as fault:
            raise HTTPException(400, _("What came back is no answer of a company")) from fault
        reply = await self._questions.ask(query, SignedInReply)
        if not reply.accepted:
            return self._refused(request, reply)
        response = RedirectResponse(own_path(reply.next), 303, NO_STORE)
        cookies.drop(response, request, cookies.COMPANY)
        keep_session(response, request, reply)
        return response

    def _refused(self, request: Request, reply: Reply) -> Response:
        status = 404 if reply.refusal == "NotKnown" else 403
        return self._paper.page(
            request,
            "sign_in.html",
            status,
            refusal=reply,
            next="/",
            email="",
            companies=(),
        )
