"""What has left installations is found by its serial number."""

from datetime import UTC, datetime

from hypothesis import given as for_any
from hypothesis import strategies as st

from services.balancer.departures import Departures
from services.balancer.layouts import Departed

AT = datetime(2026, 11, 28, tzinfo=UTC)
SERIALS = ("ZAP1", "ZAP2", "ZAP3")
HOUSES = ("east", "west", "north")


def gone(serial: str, left: int) -> Departed:
    return Departed(
        charger_id=f"of-{serial}",
        serial=serial,
        assigned=1,
        left=left,
        left_at=AT,
        fail_safes=(),
        stays=(),
        moved_to=None,
    )


def test_the_latest_to_leave_is_last_and_it_is_known_whence() -> None:
    departures = Departures()

    departures.note("east", (), (gone("ZAP1", 7),))
    departures.note("west", (), (gone("ZAP1", 5), gone("ZAP2", 6)))

    assert [(name, it.left) for name, it in departures.of("ZAP1")] == [("west", 5), ("east", 7)]
    assert [it.left for it in departures.by_serial["ZAP1"]] == [5, 7]
    assert departures.of("ZAP9") == ()


def test_what_is_forgotten_is_found_no_more() -> None:
    departures = Departures()
    departures.note("east", (), (gone("ZAP1", 7), gone("ZAP2", 8)))

    departures.note("east", (gone("ZAP1", 7), gone("ZAP2", 8)), (gone("ZAP2", 8),))

    assert departures.by_serial == {"ZAP2": [gone("ZAP2", 8)]}
    assert departures.of("ZAP1") == ()


@for_any(
    st.lists(st.tuples(st.sampled_from(HOUSES), st.lists(st.sampled_from(SERIALS), max_size=3)))
)
def test_what_was_noted_change_by_change_is_what_is_found_in_all(
    changes: list[tuple[str, list[str]]],
) -> None:
    noted = Departures()
    present: dict[str, tuple[Departed, ...]] = {}
    for number, (house, serials) in enumerate(changes):
        after = tuple(gone(it, 10 * number + i) for i, it in enumerate(serials))
        noted.note(house, present.get(house, ()), after)
        present[house] = after

    anew = Departures()
    for house, them in present.items():
        anew.note(house, (), them)
    assert noted.by_serial == anew.by_serial
    assert all(noted.of(it) == anew.of(it) for it in SERIALS)
