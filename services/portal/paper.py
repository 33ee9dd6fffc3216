"""What pages are written on: templates, the headers that all of them have, and words for faults."""

import hashlib
import secrets
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import orjson
from markupsafe import Markup, escape
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection, Request
from starlette.responses import RedirectResponse, Response
from starlette.templating import Jinja2Templates

from services.portal.askers import asker_of
from services.portal.masks import masked
from services.portal.tabs import Link
from services.portal.told import said, told
from shared.ids import new_id
from shared.messages.signing_in import Asker
from shared.speech import LANGUAGES, _, counted, marked, preferred, spoken, words_of
from shared.spelling import long_date, plain

HERE: Final = Path(__file__).parent
STATIC: Final = HERE / "static"
NO_STORE: Final = {"Cache-Control": "no-store"}
FOR_PROGRAMS: Final = ("/api/", "/oauth/")
LANGUAGE_COOKIE: Final = "ampledger-language"
LANGUAGE_S: Final = 365 * 24 * 3600
TITLES: Final = {
    401: marked("Sign in first"),
    403: marked("This is not for you"),
    404: marked("This page is not here"),
    429: marked("Too many attempts"),
    500: marked("Something went wrong here"),
    503: marked("Not at this moment"),
}


Menu = Callable[[Asker, str], Sequence[Link]]
"""Offers somebody who is at a path where else they can go."""


def nowhere(_asker: Asker, _path: str) -> Sequence[Link]:
    """Offer nothing."""
    return ()


class Paper:
    """
    Makes answers out of templates.

    Args:
        time_of_day: of pages that do not move.
        menu: what stands at the top of every page.
    """

    def __init__(self, time_of_day: Callable[[], str], menu: Menu = nowhere) -> None:
        self._time_of_day = time_of_day
        self._menu = menu
        self._templates = Jinja2Templates(directory=HERE / "templates")
        self._templates.env.trim_blocks = self._templates.env.lstrip_blocks = True
        env = self._templates.env
        env.filters |= {
            "said": said_by_others,
            "attributes": attributes,
            "long_date": long_date,
            "plain": plain,
        }
        env.globals |= {
            "static_url": static_url,
            "languages": LANGUAGES,
            "new_key": new_id,
            "counted": counted,
        }
        env.policies["ext.i18n.trimmed"] = True
        env.add_extension("jinja2.ext.i18n")
        env.install_gettext_callables(  # type: ignore[attr-defined]  # the extension's own
            lambda text: words_of(spoken()).gettext(text),
            lambda one, many, n: words_of(spoken()).ngettext(one, many, n),
            newstyle=True,
        )

    def page(
        self,
        request: Request,
        template: str,
        status: int = 200,
        headers: dict[str, str] | None = None,
        **content: Any,  # noqa: ANN401  # what a template may show
    ) -> Response:
        """Fill in a template; whoever is signed in is named on top of every page."""
        asker = asker_of(request)
        content |= {
            "now": self._time_of_day(),
            "asker": None if asker is None else _shown(asker),
            "menu": () if asker is None else self._menu(asker, request.url.path),
            "language": spoken(),
            "told": told(request),
            "this_page": _address(request),
        }
        answer = self._templates.TemplateResponse(
            request, template, content, status, headers=NO_STORE | (headers or {})
        )
        said(answer, request)
        return answer

    def fault(self, request: Request, fault: HTTPException) -> Response:
        """Answer what is not there, or not done that way, in the asker's own language."""
        headers = dict(fault.headers or {})
        path = request.url.path
        scripted = request.headers.get("Accept") == "application/json"
        if scripted or path.startswith(FOR_PROGRAMS):
            body = {
                "type": "about:blank",
                "title": fault.detail,
                "status": fault.status_code,
            }
            return as_json(body, fault.status_code, "application/problem+json", headers)
        if fault.status_code == 401 and "Authorization" not in request.headers:
            wanted = quote(_address(request), safe="/")
            return RedirectResponse(f"/sign-in?next={wanted}", 303, NO_STORE)
        title = _(TITLES.get(fault.status_code, marked("This cannot be done here")))
        return self.page(
            request, "fault.html", fault.status_code, headers, fault=fault, title=title
        )


def _shown(asker: Asker) -> Asker:
    """Whoever asks, with what their forms carry masked anew."""
    if not asker.csrf:
        return asker
    mask = secrets.token_bytes(len(asker.csrf))
    return asker.model_copy(update={"csrf": masked(asker.csrf, mask)})


def _address(request: Request) -> str:
    """Where one comes back to this page; what was sent to an address is not sent again."""
    if request.method != "GET":
        return "/"
    query = f"?{request.url.query}" if request.url.query else ""
    return f"{request.url.path}{query}"


def said_by_others(text: str) -> str:
    """Say what another service has marked, and has said in English; it has no places any more."""
    return words_of(spoken()).gettext(text) if text else ""


def attributes(given: Mapping[str, object]) -> Markup:
    """
    Write attributes of an element, those that are none or false left out.

    >>> attributes({"max": 63, "hx_get": "/check?a=1&b=2", "autofocus": True, "min": None})
    Markup(' max="63" hx-get="/check?a=1&amp;b=2" autofocus')
    """
    written = [
        f" {name.replace('_', '-')}" + ("" if it is True else f'="{escape(it)}"')
        for name, it in given.items()
        if it is not None and it is not False
    ]
    return Markup("".join(written))  # noqa: S704  # each value is escaped, names are ours


def language_of(connection: HTTPConnection) -> str:
    """Name the language in which somebody wants to be spoken to."""
    accepted = connection.headers.get("Accept-Language", "")
    return preferred(accepted, connection.cookies.get(LANGUAGE_COOKIE))


def as_json(
    body: object,
    status: int = 200,
    media_type: str = "application/json",
    headers: dict[str, str] | None = None,
) -> Response:
    """Answer a program."""
    return Response(
        orjson.dumps(body), status, media_type=media_type, headers=NO_STORE | (headers or {})
    )


@cache
def static_url(name: str) -> str:
    """Name a file of ours together with its content, so that browsers never show an old one."""
    content = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()
    return f"/static/{name}?v={content[:10]}"
