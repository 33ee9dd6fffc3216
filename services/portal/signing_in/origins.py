"""Whether a request comes from a page of ours, and where it may be sent on to."""

import hmac
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import URL, Headers

from services.portal.masks import unmasked
from shared.messages.signing_in import Asker

SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
NEXT_CHARS_MAX: Final = 500


def is_foreign(headers: Headers, url: URL) -> bool:
    """
    Tell whether another site's page has made a browser send this.

    Browsers say where a request comes from in `Sec-Fetch-Site`, older ones in `Origin`. Whoever sends
    neither is no browser, so nobody can have borrowed its cookies.
    """
    site = headers.get("Sec-Fetch-Site")
    if site is not None:
        return site not in {"same-origin", "none"}
    origin = headers.get("Origin")
    return origin is not None and origin != f"{url.scheme}://{url.netloc}"


def is_ours(token: str, asker: Asker) -> bool:
    """Tell whether a form carries what the pages of this session carry, masked or as it is."""
    given = unmasked(token)
    if given is None or not asker.csrf:
        return False
    return hmac.compare_digest(given.encode(), asker.csrf.encode())


def own_path(text: str | None, otherwise: str = "/") -> str:
    r"""
    Take only a path of our own as the place to go next.

    >>> own_path("/installations/garage-1?show=waiting")
    '/installations/garage-1?show=waiting'
    >>> [own_path(it) for it in ("https://evil.example", "//evil.example", "/\\evil.example")]
    ['/', '/', '/']
    >>> own_path("/\t/evil.example"), own_path("javascript:alert(1)"), own_path(None)
    ('/', '/', '/')
    """
    if not text or len(text) > NEXT_CHARS_MAX or not text.startswith("/"):
        return otherwise
    if text.startswith("//") or "\\" in text or any(ord(it) <= 32 for it in text):
        return otherwise  # browsers take backslashes for slashes, and drop tabs
    parts = urlsplit(text)
    return otherwise if parts.scheme or parts.netloc else text
