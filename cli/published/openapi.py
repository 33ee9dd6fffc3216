"""
The API as a document (OpenAPI 3.1), and what may become of it.

What programs send may only be asked for less strictly, as with commands (`cli/published/compatibility.py`).
What they are answered may say more, and more surely, but nothing else: it is read when it is said, and
never again, so that what was said before need not fit.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from cli.published.compatibility import REFUSED, Change, Role, Schema, differences
from services.portal.api.application import api

JSON: Final = "application/json"
WAY_ON: Final = (
    "Bring it back: programs of others use it. What works otherwise gets a route of its own."
)
TAKEN: Final = REFUSED[Role.COMMAND]
SAID: Final = frozenset({Change.REMOVED, Change.NOT_ALWAYS_THERE, Change.WIDENED})
"""What may not become of what is sent, and of what is answered."""
Document = Mapping[str, Any]


def document() -> dict[str, Any]:
    """Write the document of all routes."""
    app = api(None, None, lambda _: None)  # type: ignore[arg-type]  # nothing is asked of them
    return app.openapi()


def broken(before: Document, now: Document) -> list[str]:
    """
    Find what programs rely on and would not find any more.

    >>> was = {"paths": {"/me": {"get": {"responses": {}}}}}
    >>> broken(was, {"paths": {}})
    ['GET /me is gone']
    """
    after = dict(_operations(now))
    return [
        fault
        for name, old in _operations(before)
        for fault in (
            [f"{name} is gone"]
            if name not in after
            else _changed(name, old, after[name], before, now)
        )
    ]


def _operations(whole: Document) -> Iterator[tuple[str, Document]]:
    for path, methods in sorted(whole["paths"].items()):
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def _changed(
    name: str, old: Document, new: Document, before: Document, now: Document
) -> Iterator[str]:
    for parameter in new.get("parameters", ()):
        if parameter.get("required") and _key(parameter) not in map(
            _key, old.get("parameters", ())
        ):
            yield f"{name} takes {parameter['name']} now"
    known = set(map(_key, new.get("parameters", ())))
    for parameter in old.get("parameters", ()):
        if _key(parameter) not in known:
            yield f"{name} takes no {parameter['name']} any more"
    sent, taken = _content(old.get("requestBody")), _content(new.get("requestBody"))
    yield from _differences(f"{name}, sent", sent, taken, TAKEN, before, now)
    for status in sorted(old["responses"].keys() & new["responses"].keys()):
        told = _content(old["responses"][status]), _content(new["responses"][status])
        yield from _differences(f"{name}, {status}", *told, SAID, before, now)


def _key(parameter: Document) -> tuple[str, str]:
    return parameter["in"], parameter["name"]


def _content(part: Document | None) -> Schema | None:
    found = ((part or {}).get("content") or {}).get(JSON, {}).get("schema")
    return found or None


def _differences(
    place: str,
    old: Schema | None,
    new: Schema | None,
    broken: frozenset[Change],
    before: Document,
    now: Document,
) -> Iterator[str]:
    if old is None or new is None:
        return
    for it in differences(_whole(old, before), _whole(new, now)):
        if it.change in broken:
            yield f"{place}: {it}"


def _whole(schema: Schema, of: Document) -> Schema:
    """Put the parts that a schema refers to where its references are looked up."""
    return {**schema, "$defs": of.get("components", {}).get("schemas", {})}
