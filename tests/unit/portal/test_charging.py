"""Sessions folded from what chargers told: every watt-hour of a register is in exactly one place."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from cli.support.folding import Memory
from services.portal.charging import ChargingSession
from services.portal.charging_folds import Sessions
from services.telemetry.authorising import Shown
from services.telemetry.charger import AssignedCharger, Charger, evolve
from services.telemetry.decider import transaction_started, transaction_stopped
from services.telemetry.said import Began, Ended
from shared.messages.telemetry import SessionEnded, SessionStarted, Through
from shared.phases import PHASES, GridType

BEGAN = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
WHERE: dict[str, Any] = {"installation_id": "harbour", "charger_id": "bay-1"}


def started(number: int, register_wh: int, hour: int = 0) -> SessionStarted:
    return SessionStarted(
        **WHERE,
        session_id=f"s-{number}",
        transaction_id=number,
        started_at=BEGAN + timedelta(hours=hour),
        register_wh=register_wh,
        person_id="ada",
    )


def ended(number: int, register_wh: int, energy_wh: int, hour: int = 1) -> SessionEnded:
    return SessionEnded(
        **WHERE,
        session_id=f"s-{number}",
        transaction_id=number,
        ended_at=BEGAN + timedelta(hours=hour),
        register_wh=register_wh,
        energy_wh=energy_wh,
        reason="Local",
    )


async def folded(
    *events: SessionStarted | SessionEnded, serials: str = "Z"
) -> list[ChargingSession]:
    """Fold events, each told by the hardware of a letter; the last letter stands for all the rest."""
    memory, sessions = Memory(), Sessions()
    for event, serial in zip(events, serials.ljust(len(events), serials[-1]), strict=True):
        await sessions.apply(memory, event, f"ZAP-{serial}")
    rows = (text for (kind, _), text in memory.documents.items() if kind == "charging_session")
    return [ChargingSession.model_validate_json(it) for it in rows]


async def test_what_moved_between_sessions_is_kept_with_the_later_one() -> None:
    first, second = await folded(
        started(1, 1_000), ended(1, 8_400, 7_400), started(2, 8_450, 5), ended(2, 9_000, 550, 6)
    )

    assert (first.before_wh, first.before_since) == (0, None)
    assert (second.before_wh, second.before_since) == (50, BEGAN + timedelta(hours=1))
    assert second.end_wh == 1_000 + sum(
        it.before_wh + (it.energy_wh or 0) for it in (first, second)
    )


async def test_a_register_that_fell_is_told_and_counts_as_nothing() -> None:
    first, second = await folded(
        started(1, 9_000), ended(1, 200, 0), started(2, 100, 5), ended(2, 300, 200, 6)
    )

    assert (first.energy_wh, first.fell_wh) == (0, 8_800)
    assert (second.before_wh, second.before_fell_wh) == (0, 100)


async def test_other_hardware_has_another_register() -> None:
    sessions = await folded(
        started(1, 1_000), ended(1, 2_000, 1_000), started(2, 50, 5), serials="AAB"
    )

    assert [(it.serial, it.before_wh, it.before_fell_wh) for it in sessions] == [
        ("ZAP-A", 0, 0),
        ("ZAP-B", 0, 0),
    ]


async def test_an_end_that_comes_late_says_nothing_of_the_hardware_that_stands_there_now() -> (
    None
):
    late = await folded(
        started(1, 1_000),
        started(2, 50, 5),
        ended(1, 2_000, 1_000),
        ended(2, 70, 20, 6),
        started(3, 75, 7),
        serials="ABBBB",
    )

    assert [(it.energy_wh, it.before_wh) for it in late] == [(1_000, 0), (20, 0), (None, 5)]


async def test_an_end_without_a_start_is_in_no_session_and_is_not_lost() -> None:
    sessions = await folded(
        started(1, 1_000),
        ended(1, 2_000, 1_000),
        ended(9, 5_000, 3_000, 2),
        started(2, 5_000, 5),
    )

    assert sessions[1].before_wh == 3_000


# --- The whole way, from what a charger says to what is in a session ---

CHARGER = AssignedCharger(
    **WHERE, serial="ZAP000123", wiring=PHASES, grid_type=GridType.TN_3_PHASE, fail_safe_a=6.0
)
STEPS = st.lists(
    st.tuples(
        st.sampled_from(("start", "stop", "stop -1", "idle", "reset", "restart")),
        st.integers(0, 40_000),
    ),
    max_size=40,
)
BEGINS_WH = st.sampled_from((0, 123_456, 10**8 - 50_000, 2**31 - 50_000))


@given(STEPS, BEGINS_WH)
async def test_sessions_and_what_lies_between_them_are_all_that_the_register_moved(
    steps: list[tuple[str, int]], begins_wh: int
) -> None:
    """Starts twice, ends that never come or without a number, restarts, roll-overs, exchanged meters."""
    end_wh = 10**8 if begins_wh == 10**8 - 50_000 else 2**31
    memory, sessions, state = Memory(), Sessions(), Charger()
    register_wh, reset, number, running = begins_wh, False, 0, 0
    for index, (step, wh) in enumerate(steps):
        at = BEGAN + timedelta(hours=index)
        if step == "reset":
            register_wh, reset = wh % 100, True
            continue
        register_wh = (register_wh + wh) % end_wh
        events: tuple[SessionStarted | SessionEnded, ...] = ()
        if step == "start":
            number += 1
            running = number
            events = transaction_started(
                state,
                CHARGER,
                Began(1, at, register_wh, "A card"),
                f"s-{number}",
                number,
                Shown("5" * 64, "ada", Through.APP),
            )
        elif step.startswith("stop") and state.session is not None:
            said = None if step == "stop -1" else str(running)
            ended = Ended(said, at, register_wh, "Local")
            events = transaction_stopped(state, CHARGER, ended)
        for event in events:
            state = evolve(state, event)
            await sessions.apply(memory, event, "ZAP000123")
    rows = [
        ChargingSession.model_validate_json(text)
        for (kind, _), text in memory.documents.items()
        if kind == "charging_session"
    ]
    known = sessions.registers.get("harbour/bay-1")
    if known is None:
        assert rows == []
        return
    told = sum(it.before_wh + (it.energy_wh or 0) for it in rows)
    fallen = sum(it.before_fell_wh + it.fell_wh for it in rows)
    assert (rows[0].start_wh + told - fallen - known.register_wh) % end_wh == 0
    assert fallen == 0 or reset
