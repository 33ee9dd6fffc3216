"""The handlers of commands: one for each route, made of what the route says."""

import inspect
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Final

from fastapi import Body, Header, Path, Request
from pydantic import BaseModel, ValidationError
from starlette.responses import Response

from services.portal.acting import Acting, command_id_of, minted_id
from services.portal.api.bodies import body_of, path_fields
from services.portal.api.commands import CommandRoute
from services.portal.api.entering import AskerOf
from services.portal.api.problems import Bad, faults_told, refused
from services.portal.api.versions import IfMatch, expected_version
from services.portal.guarding import NotHere
from shared.ids import ID_PATTERN, SERIAL_PATTERN
from shared.messages import Note, ShownOnce, Told
from shared.messages.installation_commands import InstallationCommand
from shared.messages.signing_in import Asker

KEY_HEADER: Final = "Idempotency-Key"
KEY_PATTERN: Final = r"^[A-Za-z0-9_-]{1,48}$"
MYSELF: Final = "me"

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias=KEY_HEADER,
        pattern=KEY_PATTERN,
        description="Your name for this wish: sent again under it, it gets the first answer.",
    ),
]


class Done(BaseModel):
    """What was asked for is done."""

    position: int
    """Of its last event in the log; 0 if it was so already."""
    min_position: str
    """What to say in `min_position` of whatever is read next, to see this in it."""
    id: str | None = None
    """Of what it has made, where the portal chose it."""
    notes: tuple[Note, ...] = ()
    """What an electrician would say of the set-up it has led to."""
    detail: str | None = None
    """What else there is to know."""
    shown_once: tuple[ShownOnce, ...] | None = None
    """What is in this answer only and kept nowhere, such as a password."""
    told: tuple[Told, ...] | None = None
    """What a charger has told, when it was asked, such as its settings."""


def handler_of(
    route: CommandRoute, acting: Acting, asker_of: AskerOf
) -> Callable[..., Awaitable[Response]]:
    """Make the handler of a command's route; FastAPI reads from its signature what it takes."""
    body_model = body_of(route)

    async def handler(
        request: Request,
        idempotency_key: str | None,
        body: BaseModel | None = None,
        **given: str,
    ) -> Response:
        asker = asker_of(request)
        assert asker is not None  # noqa: S101  # nobody else is let in
        command_id = command_id_of(asker, idempotency_key)
        headers = {
            KEY_HEADER: idempotency_key or command_id.rpartition(".")[2],
            "Cache-Control": "no-store",
        }
        given.pop(
            "if_match", None
        )  # read from the headers, where it also is when it has no place
        said = {} if body is None else {it: getattr(body, it) for it in body.model_fields_set}
        made = {} if route.minted is None else {route.minted: minted_id(command_id)}
        fields = said | _places(given, asker) | _own(route, asker) | made
        try:
            command = route.command(command_id=command_id, **fields)
        except ValidationError as error:
            raise Bad(422, "InvalidRequest", faults_told(_without_root(error))) from None
        expected = expected_version(route.command, request.headers.get("If-Match"))
        answer = await acting.ask(asker, command, expected)
        if not answer.accepted:
            return refused(answer, headers)
        done = Done(
            position=answer.position,
            min_position=f"{route.command.service}:{answer.position}",
            id=None if route.minted is None else made[route.minted],
            notes=answer.notes,
            detail=answer.detail,
            shown_once=answer.shown_once,
            told=answer.told,
        )
        content = done.model_dump_json(exclude_none=True)
        status = 201 if route.creates else 200
        return Response(content, status, headers, "application/json")

    _describe(handler, route, body_model)
    return handler


def _without_root(error: ValidationError) -> list[dict[str, Any]]:
    return [dict(it) | {"loc": ("command", *it["loc"])} for it in error.errors()]


def _places(given: dict[str, str], asker: Asker) -> dict[str, str]:
    """Read what the path says; `me` is whoever asks."""
    if given.get("person_id") != MYSELF:
        return given
    return given | {"person_id": _person(asker)}


def _own(route: CommandRoute, asker: Asker) -> dict[str, str]:
    return {} if route.asker is None else {route.asker: _person(asker)}


def _person(asker: Asker) -> str:
    if asker.person_id is None:
        raise NotHere("a program is no person; name one")
    return asker.person_id


def _describe(
    handler: Callable[..., Awaitable[Response]],
    route: CommandRoute,
    body_model: type[BaseModel] | None,
) -> None:
    keyword = inspect.Parameter.KEYWORD_ONLY
    parameters = [inspect.Parameter("request", keyword, annotation=Request)]
    parameters += [
        inspect.Parameter(
            name, keyword, annotation=Annotated[str, Path(pattern=_pattern(name))]
        )
        for name in path_fields(route)
    ]
    parameters.append(
        inspect.Parameter("idempotency_key", keyword, annotation=IdempotencyKey, default=None)
    )
    if issubclass(route.command, InstallationCommand):
        parameters.append(
            inspect.Parameter("if_match", keyword, annotation=IfMatch, default=None)
        )
    if body_model is not None:
        needed = any(it.is_required() for it in body_model.model_fields.values())
        annotation = (
            Annotated[body_model, Body()] if needed else Annotated[body_model | None, Body()]
        )
        default = inspect.Parameter.empty if needed else None
        parameters.append(
            inspect.Parameter("body", keyword, annotation=annotation, default=default)
        )
    handler.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    handler.__doc__ = inspect.cleandoc(route.command.__doc__ or "")
    handler.__name__ = route.command.__name__


def _pattern(name: str) -> str:
    return SERIAL_PATTERN if name == "serial" else ID_PATTERN
