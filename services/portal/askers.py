"""Who asks, as the middleware has found it out."""

from starlette.requests import HTTPConnection

from shared.messages.signing_in import Asker


def asker_of(connection: HTTPConnection) -> Asker | None:
    """Say who asks; none: nobody is signed in."""
    found = connection.scope.get("state", {}).get("asker")
    return found if isinstance(found, Asker) else None
