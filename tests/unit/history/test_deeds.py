"""Who did what by what right, and who was refused what: told from logs, in their order."""

from datetime import timedelta

from shared.history.deeds import EVERYTHING, Deed, Door, Wanted, deeds, people_in
from shared.history.merging import Told, merge
from shared.messages.permissions import AccessRefused, Role, RoleGranted, RoleRevoked
from shared.messages.telemetry import Place
from tests.unit.history.facts import (
    BAY,
    BEGIN,
    GARAGE,
    SERIAL,
    Log,
    allotted,
    balancer,
    connected,
    garage_with_a_locked_charger,
    narrowed,
    refused,
    telemetry,
)

NINA = "person/nina"


def permissions() -> Log:
    return Log("permissions", number=4)


def tell(*logs: Log, wanted: Wanted = EVERYTHING) -> list[Deed]:
    story = merge({it.service: it.events for it in logs})
    return list(deeds(story, anywhere, wanted))


def anywhere(_: Told) -> bool:
    return True


def forbidden(asked_for: str = "UnlockSerial") -> AccessRefused:
    return AccessRefused(
        installation_id=GARAGE,
        charger_id=BAY,
        asked_for=asked_for,
        refusal="Forbidden",
        detail="it takes the role support there",
    )


def test_a_change_is_told_with_who_what_and_by_what_right() -> None:
    log = garage_with_a_locked_charger()
    log.act(narrowed(), actor=NINA, allowed_by="service at installation harbour-garage")

    done = tell(log)[-1]

    assert (done.who, done.refused) == (NINA, False)
    assert done.what == ("Circuit Level 2 was changed",)
    assert done.right == "service at installation harbour-garage"
    assert done.door is Door.PORTAL
    assert done.where == f"installation:{len(log.events)}"


def test_what_came_together_is_one_deed() -> None:
    down = tell(garage_with_a_locked_charger())[-1]

    assert len(down.what) == 3
    assert down.where == "installation:5–7"
    assert down.reason == "water in the garage"


def test_whoever_needs_no_right_came_in_at_the_door_of_the_operator() -> None:
    down = tell(garage_with_a_locked_charger())[-1]

    assert (down.who, down.right, down.door) == ("ola", None, Door.OPERATOR)


def test_an_actor_who_claims_to_be_a_person_has_no_right_unless_one_was_found() -> None:
    log = garage_with_a_locked_charger()
    log.act(narrowed(), actor=NINA)

    assert tell(log)[-1].door is Door.OPERATOR


def test_a_refusal_says_what_was_asked_for_and_why_not() -> None:
    log = permissions()
    log.act(forbidden(), actor=NINA)

    [told] = tell(log)

    assert told.refused
    assert (told.who, told.asked_for) == (NINA, "UnlockSerial")
    assert told.why_not == "Forbidden: it takes the role support there"
    assert told.door is Door.PORTAL


def test_a_charger_that_was_turned_away_is_a_refusal() -> None:
    log = telemetry()
    log.act(refused("10.9.9.9", Place.ELSEWHERE), actor=f"charger/{SERIAL}")

    [told] = tell(log)

    assert (told.asked_for, told.why_not) == (
        f"connection of charger {SERIAL}",
        "its serial is locked",
    )
    assert told.door is Door.GATEWAY


def test_what_chargers_and_balancers_do_is_no_deed() -> None:
    heard, decided = telemetry(), balancer()
    heard.act(connected(), actor=f"charger/{SERIAL}")
    decided.act(allotted(12.0), actor="balancer")

    assert tell(heard, decided) == []


def test_a_role_that_permissions_takes_away_by_itself_is_told() -> None:
    log = permissions()
    gone = RoleRevoked(
        installation_id=GARAGE, grantee=NINA, role=Role.OWNER, reason="they were forgotten"
    )
    log.act(gone, actor="system")

    [told] = tell(log)

    assert (told.who, told.reason) == ("system", "they were forgotten")


def test_several_logs_are_told_in_one_order() -> None:
    layout, access = garage_with_a_locked_charger(), permissions()
    access.at = BEGIN + timedelta(minutes=4, seconds=30)
    granted = RoleGranted(installation_id=GARAGE, grantee=NINA, role=Role.SERVICE)
    access.act(granted, minutes=0)

    assert [it.service for it in tell(layout, access)][-2:] == ["permissions", "installation"]


def test_only_what_is_wanted_is_told() -> None:
    layout, access = garage_with_a_locked_charger(), permissions()
    access.act(forbidden(), actor=NINA, minutes=60)
    access.act(forbidden("MoveCharger"), actor="person/ola", minutes=60)

    refusals = tell(layout, access, wanted=Wanted(refused=True))
    ninas = tell(layout, access, wanted=Wanted(who=frozenset({NINA})))
    late = tell(layout, access, wanted=Wanted(since=BEGIN + timedelta(minutes=61)))
    early = tell(layout, access, wanted=Wanted(until=BEGIN + timedelta(minutes=59)))

    assert [it.asked_for for it in refusals] == ["UnlockSerial", "MoveCharger"]
    assert [it.who for it in ninas] == [NINA]
    assert [it.asked_for for it in late] == ["MoveCharger"]
    assert not any(it.refused for it in early)
    assert len(early) == 5


def test_names_are_those_of_the_time_although_earlier_events_are_not_wanted() -> None:
    log = garage_with_a_locked_charger()

    [down] = tell(log, wanted=Wanted(who=frozenset({"ola"})))

    assert "Circuit Level 2 was deactivated: water in the garage" in down.what


def test_people_are_told_by_name_where_it_may_be_told() -> None:
    log = permissions()
    granted = RoleGranted(installation_id=GARAGE, grantee="person/ola", role=Role.USER)
    log.act(granted, actor=NINA)
    story = merge({"permissions": log.events})

    [told] = deeds(story, anywhere, people={"nina": "Nina Berg", "ola": "Ola Nord"})
    [unnamed] = tell(log)

    assert people_in([log.events]) == {"nina", "ola"}
    assert (told.who, told.name) == (NINA, "Nina Berg")
    assert "Ola Nord has the role user" in told.what[0]
    assert unnamed.name is None
    assert "person ola has the role user" in unnamed.what[0]


def test_programs_get_everything() -> None:
    log = permissions()
    log.act(forbidden(), actor=NINA, command_id="c-1")

    told = tell(log)[0].as_json()

    assert told["refused"] is True
    assert (told["who"], told["command_id"], told["correlation_id"]) == (NINA, "c-1", "corr")
    assert told["at"] == "2026-11-22T13:01:00+00:00"
