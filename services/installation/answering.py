"""Questions about an installation: what an electrician would say of its set-up as it is now."""

from typing import Final

from faststream.nats import NatsRouter

from services.installation.claims import stream_named
from services.installation.decider import installation
from services.installation.language import InstallationEvent
from shared import subjects
from shared.event_store import EventStore
from shared.messages.notices import SetUpNotes, SetUpNotesAnswer

SERVICE: Final = "installation"


def query_routes(store: EventStore) -> NatsRouter:
    """Answer out of the log."""
    router = NatsRouter()

    @router.subscriber(subjects.query(SERVICE, SetUpNotes.__name__), queue=SERVICE)
    async def set_up_notes(query: SetUpNotes) -> SetUpNotesAnswer:
        """Look an installation over."""
        history = await store.load(stream_named(query.installation_id))
        events = [it.event for it in history if isinstance(it.event, InstallationEvent)]
        state = installation.fold(events)
        return SetUpNotesAnswer(notes=installation.notes_of(state))

    return router
