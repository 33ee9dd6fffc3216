"""Choosing the language in which one is spoken to: a form in every page, kept in a cookie."""

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.portal.paper import LANGUAGE_COOKIE, LANGUAGE_S, NO_STORE
from services.portal.signing_in.forms import form_of, one
from services.portal.signing_in.origins import own_path
from shared.speech import LANGUAGES, _


async def choose(request: Request) -> Response:
    """
    Have a browser remember a language, and go back to where it was chosen.

    Raises:
        HTTPException: there is no such language to choose.
    """
    form = await form_of(request)
    language = one(form, "language")
    if language not in LANGUAGES:
        raise HTTPException(400, _("Choose one of the languages at the bottom of the page"))
    response = RedirectResponse(own_path(one(form, "next")), 303, NO_STORE)
    response.set_cookie(
        LANGUAGE_COOKIE,
        language,
        max_age=LANGUAGE_S,
        path="/",
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="lax",
    )
    return response
