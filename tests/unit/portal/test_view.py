"""What is shown of an installation, and when it is shown as old."""

import pytest

from services.portal.charger_view import ChargerView, State
from services.portal.documents import Applied, Condition, Fault, Overload, Rejected, Session
from services.portal.facts import Facts
from services.portal.view import Freshness, InstallationView, view_of
from shared.messages.balancer import BreakerLoad, LimitedBy, Rule, RunnerUp
from shared.phases import ZERO_A, GridType, Phase
from tests.unit.portal.facts import (
    AT,
    BREAKER_L1,
    CHARGING,
    FREE,
    LAYOUT,
    NO_CAR,
    OSLO,
    QUEUE,
    STOPPED,
    at,
    balance,
    charger,
    known,
    reading,
    share,
    waits,
)


def seen(facts: Facts, after_s: float = 0.0) -> InstallationView:
    return view_of(facts, at(after_s), OSLO)


def bay_1(facts: Facts, after_s: float = 0.0) -> ChargerView:
    return seen(facts, after_s).chargers[0]


# --- Chargers ---


def test_a_charging_car_is_shown_with_draw_limit_lines_and_reason() -> None:
    view = bay_1(known(readings={"bay-1": reading(register_wh=9412)}))

    assert (view.state, view.word) == (State.CHARGING, "Charging")
    assert view.number == "11.4 of 12.0 A"
    assert view.next == ""
    assert view.phases == "L1"
    assert view.why == "12.0 A: circuit Level 1 is fully shared out on L1 among 9 cars"
    assert view.session_wh == 8412
    assert "8.4 kWh in this session" in view.about
    assert (view.draw_pc, view.limit_pc) == (35.6, 37.5)
    assert not view.problem


def test_a_limit_that_is_not_confirmed_yet_is_shown_beside_the_one_in_force() -> None:
    view = bay_1(known(shares={"bay-1": share(16.0)}))

    assert view.number == "11.4 of 12.0 A"
    assert view.next == "→ 16.0 A"
    assert view.next_a == 16.0


def test_a_limit_that_has_run_out_gives_way_to_the_fail_safe() -> None:
    view = bay_1(known(readings={"bay-1": reading(received_s=85)}), after_s=95)

    assert view.number == "11.4 of 6.0 A"
    assert view.why == "6.0 A: its fail-safe, because no limit is in force"


def test_the_fail_safe_is_the_one_the_charger_has_confirmed() -> None:
    condition = FREE.model_copy(update={"fail_safe_a": 0.0})
    assert bay_1(known(conditions={"bay-1": condition}, shares={})).limit_a == 0.0


def test_a_car_under_no_confirmed_limit_at_all_is_a_problem() -> None:
    condition = CHARGING.model_copy(update={"applied": None, "fail_safe_a": None})
    view = bay_1(known(conditions={"bay-1": condition}))

    assert view.number == "11.4 of – A"
    assert view.why == "No limit is known to be in force: the charger has confirmed none"
    assert view.problem


def test_a_car_between_two_lines_of_an_it_grid_stands_on_both() -> None:
    layout = LAYOUT.model_copy(update={"grid_type": GridType.IT_3_PHASE})
    drawing = reading(current_a=(10.0, 0.0, 10.0))

    assert bay_1(known(layout=layout, readings={"bay-1": drawing})).phases == "L1–L3"


def test_a_car_that_draws_nothing_stands_on_the_lines_it_is_counted_on() -> None:
    resting = reading(current_a=ZERO_A)
    view = bay_1(known(readings={"bay-1": resting}))

    assert (view.state, view.phases) == (State.PLUGGED, "L1")


@pytest.mark.parametrize(
    ("condition", "state", "word"),
    [
        (Condition(), State.OFFLINE, "Not seen yet"),
        (CHARGING.model_copy(update={"online": False}), State.OFFLINE, "Offline"),
        (
            CHARGING.model_copy(
                update={"fault": Fault(error_code="GroundFailure", reported_at=AT)}
            ),
            State.FAULT,
            "Fault",
        ),
        (FREE.model_copy(update={"status": "Faulted"}), State.FAULT, "Fault"),
        (FREE, State.FREE, "Free"),
        (FREE.model_copy(update={"status": "Preparing"}), State.PLUGGED, "Plugged in"),
        (FREE.model_copy(update={"status": "Unavailable"}), State.OFFLINE, "Out of use"),
        (CHARGING, State.CHARGING, "Charging"),
    ],
)
def test_a_charger_has_one_state_and_one_word(
    condition: Condition, state: State, word: str
) -> None:
    view = bay_1(known(conditions={"bay-1": condition}))

    assert (view.state, view.word) == (state, word)
    assert view.problem == (state in {State.OFFLINE, State.FAULT})


@pytest.mark.parametrize(
    ("condition", "sentence"),
    [
        (Condition(), "Waits to be connected for the first time, as ZAP000001"),
        (
            CHARGING.model_copy(update={"online": False, "since": at(-60)}),
            "Offline since 08:59: when its limit runs out it falls back to 6.0 A",
        ),
        (
            FREE.model_copy(update={"online": False, "since": at(-86_400)}),
            "Offline since 21 Nov 09:00: it has fallen back to its fail-safe of 6.0 A",
        ),
        (
            CHARGING.model_copy(
                update={"fault": Fault(error_code="GroundFailure", info="RCD", reported_at=AT)}
            ),
            "Reports GroundFailure, RCD since 09:00",
        ),
        (
            CHARGING.model_copy(
                update={
                    "rejected": Rejected(
                        limit_a=16.0, sequence=5, status="Rejected", rejected_at=AT
                    )
                }
            ),
            "Did not take the limit of 16.0 A; what it had before stays in force",
        ),
    ],
)
def test_what_is_wrong_with_a_charger_weighs_more_than_its_limit(
    condition: Condition, sentence: str
) -> None:
    view = bay_1(known(conditions={"bay-1": condition}))

    assert view.why == sentence
    assert view.problem


def test_a_car_for_which_nothing_was_decided_is_on_its_fail_safe() -> None:
    fresh = CHARGING.model_copy(update={"applied": None})
    facts = known(shares={}, conditions={"bay-1": fresh})

    assert bay_1(facts).why == "6.0 A: its fail-safe, because no limit is in force"


def test_a_free_charger_says_that_there_is_no_car() -> None:
    facts = known(conditions={"bay-1": FREE}, shares={}, readings={})

    assert (bay_1(facts).number, bay_1(facts).why) == ("– of 6.0 A", "6.0 A: no car is there")


def test_a_car_that_draws_more_than_it_was_told_is_a_problem() -> None:
    told = share(10.0, LimitedBy(rule=Rule.DISOBEYS))
    assert bay_1(known(shares={"bay-1": told})).problem


def test_what_an_earlier_car_drew_is_not_shown_of_the_next_one() -> None:
    view = bay_1(known(readings={"bay-1": reading(session_id="s-0", register_wh=9999)}))

    assert view.draw_a is None
    assert view.session_wh is None


# --- Waiting ---


def test_waiting_cars_are_numbered_by_their_wait() -> None:
    layout = LAYOUT.model_copy(update={"chargers": (charger(1), charger(2), charger(3))})
    facts = known(
        layout=layout,
        conditions={f"bay-{number}": STOPPED for number in (1, 2, 3)},
        shares={"bay-1": waits(-60), "bay-2": waits(-300), "bay-3": waits(-120)},
        readings={f"bay-{it}": reading(it, current_a=ZERO_A) for it in (1, 2, 3)},
    )

    view = seen(facts)

    assert view.scene.waiting == 3
    assert [it.why.partition(": not")[0] for it in view.chargers] == [
        "Waiting since 08:59, place 3 in the queue",
        "Waiting since 08:55, place 1 in the queue",
        "Waiting since 08:58, place 2 in the queue",
    ]


def test_whoever_waits_at_another_breaker_is_in_another_queue_and_priorities_come_first() -> (
    None
):
    first = charger(1).model_copy(update={"priority": 5})
    layout = LAYOUT.model_copy(update={"chargers": (first, charger(2), charger(3, "guests"))})
    at_guests = LimitedBy(rule=Rule.QUEUE, circuit_id="guests", phase=Phase.L1)
    facts = known(
        layout=layout,
        conditions={f"bay-{number}": STOPPED for number in (1, 2, 3)},
        shares={
            "bay-1": waits(-60),
            "bay-2": waits(-300),
            "bay-3": share(0.0, at_guests).model_copy(update={"waiting_since": at(-10)}),
        },
        readings={f"bay-{it}": reading(it, current_a=ZERO_A) for it in (1, 2, 3)},
    )

    queued = [it.why.partition(" in the queue")[0] for it in seen(facts).chargers]

    assert [it.partition("place ")[2] for it in queued] == ["1", "2", "1"]


def test_who_waits_sees_when_their_turn_is_expected_until_that_has_passed() -> None:
    told = [QUEUE.model_copy(update={"turn_at": at(it)}) for it in (1500, -1)]
    facts = [
        known(conditions={"bay-1": STOPPED}, shares={"bay-1": share(0.0, it)}) for it in told
    ]

    said = [bay_1(it).why for it in facts]

    assert ["its turn is expected at 09:25" in it for it in said] == [True, False]


def test_a_limit_is_shown_with_what_would_be_next() -> None:
    main = RunnerUp(rule=Rule.BREAKER, circuit_id="main", phase=Phase.L3, limit_a=14.5)
    facts = known(
        shares={"bay-1": share(12.0, BREAKER_L1.model_copy(update={"runner_up": main}))}
    )

    view = bay_1(facts)

    assert view.why == "12.0 A: circuit Level 1 is fully shared out on L1 among 9 cars"
    assert view.then == (
        "If circuit Level 1 carried more, the main breaker on L3 would be next, at 14.5 A"
    )


def test_the_wait_of_an_earlier_car_does_not_count() -> None:
    facts = known(
        conditions={"bay-1": STOPPED},
        shares={"bay-1": waits(-900)},
        readings={"bay-1": reading(current_a=ZERO_A)},
    )

    assert (
        bay_1(facts).why == "Waiting: not everybody can have 6 A now on L1 of circuit Level 1"
    )


def test_a_queued_car_that_still_draws_is_shown_as_charging_until_it_stops() -> None:
    facts = known(shares={"bay-1": waits(-60)})

    assert bay_1(facts).state is State.CHARGING
    stopped = known(shares={"bay-1": waits(-60)}, conditions={"bay-1": STOPPED})
    assert bay_1(stopped).state is State.WAITING


# --- Old readings ---


def test_a_reading_is_stale_after_three_sampling_intervals() -> None:
    assert not bay_1(known(), after_s=30).stale
    view = bay_1(known(), after_s=42)

    assert view.stale
    assert view.problem
    assert view.why.startswith("No reading for 42 s. 12.0 A: circuit")


def test_a_charger_never_heard_of_is_stale_once_it_should_have_been_heard() -> None:
    session = Session(session_id="s-1", heard_at=at(-10), register_wh=0)
    facts = known(
        readings={}, conditions={"bay-1": CHARGING.model_copy(update={"session": session})}
    )

    assert not bay_1(facts, after_s=19).stale
    assert bay_1(facts, after_s=21).stale


def test_a_portal_that_has_just_started_does_not_call_anybody_stale() -> None:
    facts = known(readings={}, listening_since=at(-5))

    assert not bay_1(facts).stale


def test_a_free_charger_has_nothing_to_say_and_is_never_stale() -> None:
    facts = known(conditions={"bay-1": FREE}, readings={"bay-1": reading(session_id=None)})

    assert not bay_1(facts, after_s=3600).stale


@pytest.mark.parametrize(
    ("facts", "after_s", "freshness", "text"),
    [
        (known(), 5, Freshness.LIVE, "live"),
        (known(), 12, Freshness.STALE, "stale for 12 s"),
        (known(), 300, Freshness.STALE, "stale for 5 min"),
        (known(connected=False), 0, Freshness.STALE, "cut off from the services"),
        (
            known(balance=None, listening_since=AT),
            2,
            Freshness.NONE,
            "waiting for the first picture",
        ),
        (known(balance=None), 0, Freshness.NONE, "no word from the balancer for 10 min"),
    ],
)
def test_the_picture_says_how_old_it_is(
    facts: Facts, after_s: float, freshness: Freshness, text: str
) -> None:
    head = seen(facts, after_s).head

    assert (head.freshness, head.freshness_text) == (freshness, text)


def test_breakers_are_stale_with_the_picture_and_with_the_chargers_below() -> None:
    main, level_1, _ = seen(known(), after_s=12).breakers
    assert (main.stale, main.note) == (True, "stale")
    assert (level_1.stale, level_1.note) == (True, "stale")

    main, level_1, _ = seen(known(balance=balance(stale=True))).breakers
    assert (main.stale, main.note) == (False, "")
    assert (level_1.stale, level_1.note) == (True, "partly stale")


# --- Breakers ---


def test_a_breaker_shows_measured_committed_and_what_it_may_carry() -> None:
    _, level_1, guests = seen(known()).breakers
    bar = level_1.bars[0]

    assert level_1.rating == "63 A, set to 50 A"
    assert (bar.measured, bar.beside, bar.used) == ("20.0", "/ 24.0 of 50 A", "40 %")
    assert bar.spoken == "L1: 20.0 A measured, 24.0 A committed, of 50 A"
    assert 0 < bar.measured_pc < bar.committed_pc < bar.set_pc < bar.rating_pc < 100
    assert (guests.bars[0].measured, guests.note) == ("–", "not measured yet")
    assert level_1.cars == "1 of 2 charging"
    assert guests.cars == "0 of 1 charging"


@pytest.mark.parametrize(
    ("measured_a", "level", "word"),
    [
        (39.9, "ok", ""),
        (40.0, "high", "high"),
        (50.04, "high", "high"),
        (50.06, "over", "over"),
        (70.0, "over", "over"),
    ],
)
def test_what_is_near_and_above_the_set_value_is_marked_by_word(
    measured_a: float, level: str, word: str
) -> None:
    bar = seen(known(balance=balance((measured_a, 0.0, 0.0)))).breakers[1].bars[0]

    assert (bar.level, bar.word) == (level, word)
    assert bar.measured_pc <= 100


def test_a_one_phase_grid_has_one_bar() -> None:
    layout = LAYOUT.model_copy(update={"grid_type": GridType.TN_1_PHASE})

    assert [bar.phase for bar in seen(known(layout=layout)).breakers[0].bars] == [Phase.L1]


def test_an_overload_is_told_for_a_while() -> None:
    overload = Overload(phase=Phase.L2, measured_a=51.3, set_a=50.0, detected_at=AT)
    facts = known(overloads={"level-1": overload})

    assert seen(facts).breakers[1].note == "09:00: 51.3 A on L2"
    late = known(
        overloads={"level-1": overload},
        balance=balance().model_copy(update={"measured_at": at(1000)}),
    )
    assert seen(late, after_s=1000).breakers[1].note == ""


def test_the_set_value_is_the_one_the_balancer_keeps_to() -> None:
    load = BreakerLoad(
        circuit_id="main", set_a=100.0, measured_a=(0, 0, 0), committed_a=(0, 0, 0)
    )
    held = balance().model_copy(update={"breakers": (load,)})

    assert seen(known(balance=held)).breakers[0].rating == "160 A, set to 100 A"


def test_a_breaker_of_which_nothing_may_be_used_is_shown_as_over_with_the_least_load() -> None:
    load = BreakerLoad(
        circuit_id="main", set_a=0.0, measured_a=(0.2, 0, 0), committed_a=(0.2, 0, 0)
    )
    closed = balance().model_copy(update={"breakers": (load,)})
    first, second, _ = seen(known(balance=closed)).breakers[0].bars

    assert (first.level, first.used, first.beside) == ("over", "", "/ 0.2 of 0 A")
    assert second.measured == "0"


# --- The scene ---


def test_the_scene_counts_what_is_shown_below_it() -> None:
    scene = seen(known(readings={"bay-1": reading(register_wh=9412)})).scene

    assert (scene.chargers, scene.charging, scene.waiting, scene.problems) == (2, 1, 0, 0)
    assert scene.online == "2 of 2"
    assert (scene.main, scene.main_of) == ("20.0 A", "of 160 A on L1")
    assert (scene.energy, scene.energy_of) == ("8.4 kWh", "in 1 session")


def test_an_installation_without_circuits_is_shown_too() -> None:
    layout = LAYOUT.model_copy(update={"circuits": (), "chargers": ()})
    view = seen(known(layout=layout, conditions={}, shares={}, readings={}, balance=None))

    assert [it.name for it in view.breakers] == ["Main breaker"]
    assert view.breakers[0].cars == "no chargers yet"
    assert (view.scene.main, view.scene.energy) == ("– A", "–")


def test_a_reason_of_the_balancer_outlives_its_lease_when_the_fail_safe_says_the_same() -> None:
    condition = FREE.model_copy(update={"fail_safe_a": 0.0})
    facts = known(conditions={"bay-1": condition}, shares={"bay-1": share(0.0, NO_CAR)})

    assert bay_1(facts, after_s=3600).why == "0 A: no car is there"


def test_nothing_is_on_its_way_once_the_newest_limit_is_confirmed() -> None:
    applied = Applied(limit_a=16.0, valid_until=at(90), sequence=9)
    facts = known(
        conditions={"bay-1": CHARGING.model_copy(update={"applied": applied})},
        shares={"bay-1": share(16.0, BREAKER_L1)},
    )

    assert (bay_1(facts).number, bay_1(facts).next) == ("11.4 of 16.0 A", "")
