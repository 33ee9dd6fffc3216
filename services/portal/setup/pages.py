"""The routes of setting up."""

from collections.abc import Sequence

from starlette.routing import BaseRoute, Route

from services.portal.parts import Parts
from services.portal.setup.assigning_pages import AssigningPages
from services.portal.setup.charger_pages import ChargerPages
from services.portal.setup.circuit_pages import CircuitPages
from services.portal.setup.installation_pages import InstallationPages
from services.portal.setup.leaving_pages import LeavingPages
from services.portal.setup.list_pages import ListPages
from services.portal.setup.placing_pages import PlacingPages


def routes(parts: Parts) -> Sequence[BaseRoute]:
    """Put the pages of setting up together."""
    listing, installations = ListPages(parts), InstallationPages(parts)
    circuits, leaving = CircuitPages(parts), LeavingPages(parts)
    assigning, chargers = AssigningPages(parts), ChargerPages(parts)
    all_circuits = "/installations/{installation_id}/circuits"
    circuit = f"{all_circuits}/{{circuit_id}}"
    new_chargers = f"{circuit}/chargers"
    charger = "/installations/{installation_id}/chargers/{charger_id}/set-up"
    return (
        Route("/", listing.page),
        Route("/api/installations", listing.listed),
        Route("/chargers/place", PlacingPages(parts).page),
        Route("/installations/new", installations.new),
        Route("/installations/new", installations.create, methods=["POST"]),
        Route("/installations/check", installations.check, methods=["POST"]),
        Route(all_circuits, circuits.tree),
        Route(all_circuits, circuits.add, methods=["POST"]),
        Route(circuit, circuits.one),
        Route(circuit, circuits.change, methods=["POST"]),
        Route(f"{circuit}/move", circuits.move, methods=["POST"]),
        Route(f"{circuit}/reactivate", leaving.reactivate, methods=["POST"]),
        Route(f"{circuit}/deactivate", leaving.page),
        Route(f"{circuit}/deactivate", leaving.deactivate, methods=["POST"]),
        Route(f"{circuit}/clear", leaving.clear, methods=["POST"]),
        Route(f"{new_chargers}/new", assigning.new),
        Route(f"{new_chargers}/new", assigning.assign, methods=["POST"]),
        Route(f"{new_chargers}/check", assigning.check, methods=["POST"]),
        Route(charger, chargers.page),
        Route(charger, chargers.describe, methods=["POST"]),
        Route(f"{charger}/fail-safe", chargers.fail_safe, methods=["POST"]),
        Route(f"{charger}/move", chargers.move, methods=["POST"]),
        Route(f"{charger}/remove", chargers.remove, methods=["POST"]),
        Route(f"{charger}/password", chargers.password, methods=["POST"]),
    )
