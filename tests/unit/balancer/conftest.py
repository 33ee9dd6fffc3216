"""Loops are compiled before a test is timed."""

import pytest

from services.balancer.allocation import warm_up


@pytest.fixture(scope="session", autouse=True)
def _warm() -> None:
    warm_up()
