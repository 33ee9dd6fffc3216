"""What the body of a request may say: a command's fields, less what is said elsewhere."""

import re
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, create_model

from services.portal.api.commands import CommandRoute

_IN_PATH: Final = re.compile(r"{(\w+)}")


def path_fields(route: CommandRoute) -> tuple[str, ...]:
    """
    Name the fields that a route's path says.

    >>> from services.portal.api.commands import OF_METERS
    >>> path_fields(OF_METERS[1])
    ('installation_id', 'meter_id')
    """
    return tuple(_IN_PATH.findall(route.path))


def body_of(route: CommandRoute) -> type[BaseModel] | None:
    """
    Make the model of a route's body; none if there is nothing left to say.

    It refuses what it does not know: neither a command's id nor who asks can be said in a body.
    """
    elsewhere = {"command_id", route.minted, route.asker, *path_fields(route), *route.left_out}
    fields: dict[str, Any] = {
        name: (field.annotation, field)
        for name, field in route.command.model_fields.items()
        if name not in elsewhere
    }
    if not fields:
        return None
    return create_model(
        route.command.__name__ + ("Here" if route.left_out else ""),
        __config__=ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False),
        __doc__=route.command.__doc__,
        **fields,
    )
