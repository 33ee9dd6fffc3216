"""Whatever is sent, nothing fails: requests made up from the API's own document."""

import asyncio
import contextlib
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.core.failures import FailureGroup
from schemathesis.core.transport import Response
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.integration.api.conftest import HARBOUR, harbour

pytestmark = pytest.mark.integration

CHECKS = (status_code_conformance, content_type_conformance, response_schema_conformance)
"""An answer is one of those that the document tells of."""
EXAMPLES = 3
"""Of every operation: so many as it is described, and so many otherwise."""
AWAY = 503
"""Permissions and telemetry are not here, and that is said."""


async def test_no_request_that_can_be_made_up_fails() -> None:
    async with harbour() as place:
        document = (await place.nobody().get("/openapi.json")).json()
        cases = await asyncio.to_thread(made_up, document)
        installer = place.person("installer")
        found = {}
        for case in cases:
            answer = await sent(installer, case)
            where = f"{case.method} {case.operation.path}"
            if answer.status_code >= 500 and answer.status_code != AWAY:
                found[where] = answer.text
            try:
                case.validate_response(Response.from_httpx(answer, verify=False), CHECKS)
            except FailureGroup as fault:
                found[where] = "; ".join(str(it) for it in fault.exceptions)

    assert len(cases) > 200
    assert found == {}


def made_up(document: dict[str, Any]) -> list[Case]:
    """Make requests of every operation, as described and otherwise, where there is something."""
    cases: list[Case] = []
    for found in schemathesis.openapi.from_dict(document).get_all_operations():
        if found.ok().path.endswith("/events"):
            continue  # it never ends; `test_happenings.py` listens to it
        for mode in GenerationMode:
            take(found.ok().as_strategy(generation_mode=mode), cases)
    return cases


def take(strategy: st.SearchStrategy[Case], cases: list[Case]) -> None:
    """Draw a few requests."""

    @given(strategy)
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def draw(case: Case) -> None:
        if "installation_id" in (case.path_parameters or {}):
            case.path_parameters["installation_id"] = HARBOUR
        cases.append(case)

    with contextlib.suppress(Unsatisfiable):  # there is no wrong way to ask for some things
        draw()


async def sent(http: httpx.AsyncClient, case: Case) -> httpx.Response:
    """Send a made-up request as somebody who may do most of it."""
    arguments = case.as_transport_kwargs(base_url=str(http.base_url))
    headers = {
        name: value
        for name, value in (arguments.get("headers") or {}).items()
        if name.lower() in {"content-type", "idempotency-key"}
    }
    return await http.request(
        arguments["method"],
        arguments["url"],
        params=arguments.get("params"),
        json=arguments.get("json"),
        content=arguments.get("data"),
        headers=headers,
    )
