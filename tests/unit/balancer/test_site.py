"""The tree that is balanced; what is none is refused."""

import pytest

from services.balancer.site import Breaker, BrokenLayout, Site, SiteCharger
from shared.messages.balancer import MAIN
from shared.phases import PHASES, GridType

TOP = Breaker(MAIN, None, "Main", 63.0)
BAY = SiteCharger("bay", "east", PHASES, 32.0, 6.0)


def site(*breakers: Breaker) -> Site:
    return Site(GridType.TN_3_PHASE, (TOP, *breakers), {"bay": BAY})


def below(circuit_id: str, parent_id: str) -> Breaker:
    return Breaker(circuit_id, parent_id, circuit_id, 32.0)


def test_a_path_leads_from_a_charger_up_to_the_main_breaker() -> None:
    assert site(below("west", MAIN), below("east", "west")).path("bay") == (2, 1, 0)


def test_breakers_in_a_circle_are_no_tree() -> None:
    circle = site(below("east", "west"), below("west", "east"))

    with pytest.raises(BrokenLayout, match="does not hang on main"):
        _ = circle.paths


def test_a_breaker_beneath_one_that_is_not_there_is_in_no_tree() -> None:
    with pytest.raises(BrokenLayout, match="does not hang on main"):
        _ = site(below("east", "nowhere")).paths


def test_a_charger_hangs_on_a_breaker() -> None:
    with pytest.raises(BrokenLayout, match="bay hangs on east, which is no breaker"):
        site(below("west", MAIN)).path("bay")
