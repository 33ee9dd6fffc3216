"""Requests are counted by the template of their route: no address, and nobody's name, becomes a label."""

import httpx
from prometheus_client import REGISTRY
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route

from services.portal.counting import Counted


async def shown(request: Request) -> PlainTextResponse:
    return PlainTextResponse(request.path_params["serial"])


APP = Counted(
    Starlette(
        routes=[
            Route("/counted/{serial}", shown),
            Mount("/counted-api", Starlette(routes=[Route("/chargers/{serial}", shown)])),
        ]
    )
)


async def ask(path: str, method: str = "GET") -> int:
    transport = httpx.ASGITransport(app=APP)
    async with httpx.AsyncClient(transport=transport, base_url="http://portal") as client:
        return (await client.request(method, path)).status_code


def requests(route: str, status: int, method: str = "GET") -> float:
    labels = {"route": route, "method": method, "status": str(status)}
    return REGISTRY.get_sample_value("ampledger_portal_requests_total", labels) or 0.0


async def test_two_chargers_are_two_requests_to_one_route() -> None:
    before = requests("/counted/{serial}", 200)
    assert await ask("/counted/ZAP1") == await ask("/counted/ZAP2") == 200
    assert requests("/counted/{serial}", 200) == before + 2


async def test_a_route_of_the_api_is_told_with_all_of_its_path() -> None:
    assert await ask("/counted-api/chargers/ZAP1") == 200
    assert requests("/counted-api/chargers/{serial}", 200) == 1


async def test_what_is_nowhere_is_counted_together() -> None:
    before = requests("none", 404)
    await ask("/wp-login.php")
    await ask("/.env")
    assert requests("none", 404) == before + 2


async def test_methods_that_nobody_knows_are_one() -> None:
    before = requests("none", 404, "other")
    await ask("/nowhere", "FROBNICATE")
    assert requests("none", 404, "other") == before + 1
