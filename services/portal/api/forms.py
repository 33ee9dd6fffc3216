"""
In which form a list is told: JSON, a line of JSON for each entry, or CSV, as `Accept` says.

    Accept: application/json         {"items": […], "next": "…"}
    Accept: application/x-ndjson     one entry a line (ndjson.org)
    Accept: text/csv                 a first line with the names, fields within fields by dots (RFC 4180)

Where the next page begins is also in `Link`, with `rel="next"` (RFC 8288), whatever the form.
"""

import csv
import functools
import io
import typing
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, Final

import orjson
from fastapi import Request
from pydantic import BaseModel
from starlette.responses import Response

from services.portal.api.paging import Page
from services.portal.billing.columns import cell

JSON: Final = "application/json"
NDJSON: Final = "application/x-ndjson"
CSV: Final = "text/csv"
FORMS: Final = (JSON, NDJSON, CSV)
OTHER_FORMS: Final[dict[str, Any]] = {
    it: {"schema": {"type": "string"}} for it in FORMS if it != JSON
}
"""What a list's answer can be besides JSON, as OpenAPI has it."""

Handler = Callable[..., Awaitable[Any]]


def wanted(accept: str) -> str:
    """
    Choose a form.

    >>> wanted("text/csv"), wanted("application/json;q=0.5, application/x-ndjson"), wanted("*/*")
    ('text/csv', 'application/x-ndjson', 'application/json')
    >>> wanted("text/csv;q=0, text/html")
    'application/json'
    """
    weights = dict.fromkeys(FORMS, 0.0)
    for part in accept.split(","):
        kind, *rest = (it.strip().lower() for it in part.split(";"))
        if kind in weights:
            weights[kind] = max(weights[kind], _weight(rest))
    best = max(FORMS, key=lambda it: weights[it])  # of equal ones the first, which is JSON
    return best if weights[best] > 0 else JSON


def _weight(parameters: Iterable[str]) -> float:
    for it in parameters:
        name, _, value = it.partition("=")
        if name == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0


def in_forms(handler: Handler) -> Handler:
    """Have what answers with a `Page` answer in all forms; anything else is left as it is."""

    @functools.wraps(handler)
    async def told(*args: Any, **given: Any) -> Any:  # noqa: ANN401  # whatever the handler takes and gives
        answer = await handler(*args, **given)
        if not isinstance(answer, Page):
            return answer
        request: Request = given["request"]
        headers = {"Cache-Control": "no-store", "Vary": "Accept"}
        if answer.next is not None:
            headers["Link"] = (
                f'<{request.url.include_query_params(cursor=answer.next)}>; rel="next"'
            )
        response: Response | None = given.get("response")
        if response is not None:
            headers |= dict(response.headers)
        form = wanted(request.headers.get("Accept", ""))
        if form == JSON:
            return Response(answer.model_dump_json(), headers=headers, media_type=JSON)
        rows = [_row(it) for it in answer.items]
        body = _lines(rows) if form == NDJSON else _table(rows, columns_of(handler))
        return Response(body, headers=headers, media_type=form)

    return told


def _row(entry: object) -> dict[str, Any]:
    return entry.model_dump(mode="json") if isinstance(entry, BaseModel) else dict(entry)  # type: ignore[call-overload]


def _lines(rows: Iterable[Mapping[str, Any]]) -> bytes:
    return b"".join(orjson.dumps(it, option=orjson.OPT_APPEND_NEWLINE) for it in rows)


def _table(rows: list[dict[str, Any]], known: Iterable[str]) -> str:
    flat = [flattened(it) for it in rows]
    columns = list(
        dict.fromkeys([*(known if not flat else ()), *(name for it in flat for name in it)])
    )
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(columns)
    for it in flat:
        writer.writerow([cell(it.get(name)) for name in columns])
    return out.getvalue()


def flattened(row: Mapping[str, Any], within: str = "") -> dict[str, Any]:
    """
    Spell fields within fields by dots; a list is one cell of JSON.

    >>> flattened({"id": 1, "at": {"a": 2, "b": [3]}})
    {'id': 1, 'at.a': 2, 'at.b': '[3]'}
    """
    flat: dict[str, Any] = {}
    for name, value in row.items():
        if isinstance(value, dict) and value:
            flat |= flattened(value, f"{within}{name}.")
        elif isinstance(value, list | dict):
            flat[f"{within}{name}"] = orjson.dumps(value).decode()
        else:
            flat[f"{within}{name}"] = value
    return flat


def columns_of(handler: Handler) -> list[str]:
    """Name the columns of a table without any row: the fields of what the handler's pages hold."""
    page = typing.get_type_hints(handler).get("return")
    arguments = getattr(page, "__pydantic_generic_metadata__", {}).get("args", ())
    entry = arguments[0] if arguments else None
    return list(getattr(entry, "model_fields", ()))
