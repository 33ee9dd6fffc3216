"""Setting up from the command line, against the real installation service and its log."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from cli.layout.places import installation_log, nats_url
from cli.options import StackOptions
from cli.services import (
    BALANCER,
    INSTALLATION,
    NOTIFICATIONS,
    PERMISSIONS,
    PORTAL,
    TELEMETRY,
    services,
)
from cli.setting_up import send_all
from cli.stack import Stack
from shared.ids import new_id
from shared.messages.installation_commands import AddCircuit, CreateInstallation
from shared.messages.installation_terms import Category, InstallationType
from shared.phases import GridType
from tests.integration.cli.typed import Said, typed
from tests.support.servers import scratch_folder

pytestmark = pytest.mark.integration

READY_S_MAX = 60.0
ENVIRONMENT = {"NATS_URL": None, "DATABASE_URL": None, "COLUMNS": "300"}


@dataclass(frozen=True, slots=True)
class Desk:
    """Where somebody types commands."""

    folder: Path

    @property
    def data(self) -> Path:
        return self.folder / "data"

    async def type(self, *words: str, paste: str = "") -> Said:
        """Type `ampledger` and words; the stack is found by its data folder."""
        return await typed([*words, f"--data-folder={self.data}"], ENVIRONMENT, paste)

    async def done(self, *words: str, paste: str = "") -> str:
        """Type a command that must be accepted."""
        said = await self.type(*words, paste=paste)
        assert said.code == 0, said
        return said.out

    async def garage(self, name: str) -> str:
        """Set up an installation with two levels, without typing it."""
        about = {"installation_id": name}
        levels = [
            AddCircuit(
                command_id=new_id(), **about, circuit_id=it, name=it.title(), breaker_a=63.0
            )
            for it in ("level-1", "level-2")
        ]
        create = CreateInstallation(
            command_id=new_id(),
            **about,
            name=name,
            address="Strandgata 1",
            category=Category.COMMUNITY,
            country="NO",
            type=InstallationType.GARAGE,
            grid_type=GridType.TN_3_PHASE,
            breaker_a=160.0,
        )
        await send_all(nats_url(self.data), [create, *levels], "tests")
        return name


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def desk() -> AsyncIterator[Desk]:
    """A stack of the servers and the installation service alone."""
    with scratch_folder() as folder:
        desk = Desk(folder)
        options = StackOptions(desk.data, postgres_port=0, nats_port=0, nats_monitor_port=0)
        alone = services(
            without=frozenset({BALANCER, NOTIFICATIONS, PERMISSIONS, PORTAL, TELEMETRY})
        )
        async with Stack(options, alone) as stack:
            assert await stack.wait_services_ready(READY_S_MAX) == []
            assert [it.name for it in alone] == [INSTALLATION]
            yield desk


async def test_an_installation_is_set_up_changed_and_shown(desk: Desk) -> None:
    name = await desk.garage("harbour")
    await desk.done("installation", "change", name, "--name", "Harbour", "--breaker-a", "200")
    await desk.done("circuit", "change", name, "level-2", "--set-a", "50")
    assigned = await desk.done(
        "charger", "assign", name, "level-1", "-", paste="H-0001; h-0002"
    )
    assert assigned.startswith("done, at position")
    await desk.done("charger", "priority", name, "H-0002", "9")
    await desk.done("charger", "change", name, "H-0001", "--wiring", "L2", "--name", "Left")
    await desk.done("charger", "move", name, "H-0001", "level-2")
    await desk.done("circuit", "move", name, "level-2", "--parent", "level-1")
    available = ("--available-a", "40,40,32", "--until", "2h")
    await desk.done("installation", "available-current", name, *available)
    await desk.done("installation", "imbalance", name, "20")
    await desk.done("charger", "wish", name, "H-0001", "--departure", "8h", "--kwh", "20.5")
    past = ("--departure", "2020-01-01T00:00+00:00", "--kwh", "20")
    late = await desk.type("charger", "wish", name, "H-0001", *past)
    assert (late.code, "has passed" in late.err) == (1, True)

    shown = (await desk.done("installation", "show", name)).splitlines()
    assert "available L1 40 A, L2 40 A, L3 32 A until" in shown[0]
    assert "phases within 20 A of each other" in shown[0]
    assert [it.strip(" │├└─").partition(" · ")[0] for it in shown] == [
        "Harbour (harbour)",
        "Level-1 (level-1)",
        "Bay 2 (H-0002)",
        "Level-2 (level-2)",
        "Left (H-0001)",
    ]
    assert "63 A, set to 50 A" in shown[3]
    layout = (await desk.type("installation", "show", name, "--json")).json()
    assert layout["chargers"][0]["wiring"] == ["L2"]
    assert layout["circuits"][1]["parent_id"] == "level-1"


async def test_a_dry_run_shows_the_events_and_changes_nothing(desk: Desk) -> None:
    name = await desk.garage("dry")
    wish = ("charger", "assign", name, "level-1", "D-0001")
    said = await desk.type(*wish, "--dry-run", "--json")
    assert said.json()["dry_run"]
    (command,) = said.json()["commands"]
    assert [it["type"] for it in command["events"]] == ["ChargerAssigned"]
    assert command["events"][0]["data"]["serial"] == "D-0001"
    assert "D-0001" not in await desk.done("installation", "show", name)

    told = await desk.done(*wish, "--dry-run")
    assert "ChargerAssigned" in told
    assert "nothing has changed" in told
    await desk.done(*wish)
    assert "it is so already" in await desk.done(*wish, "--dry-run")
    elsewhere = await desk.garage("dry-2")
    taken = await desk.type("charger", "assign", elsewhere, "level-1", "D-0001", "--dry-run")
    assert (taken.code, taken.err.partition(":")[0]) == (1, "SerialTaken")


async def test_deactivating_lists_who_is_in_the_way_and_the_three_ways_on(desk: Desk) -> None:
    name = await desk.garage("pier")
    await desk.done("charger", "assign", name, "level-2", "P-0001", "P-0002")
    deactivate = ("circuit", "deactivate", name, "level-2")

    refused = await desk.type(*deactivate)
    assert refused.code == 1
    assert refused.err.startswith("CircuitInUse: ")
    for words in (
        "Bay 1    P-0001  P-0001  Level-2",
        "CIRCUIT is one of level-1",
        "ampledger charger move pier P-0002 CIRCUIT",
        "ampledger charger remove pier P-0001",
        "ampledger circuit deactivate pier level-2 --lock-serials",
    ):
        assert words in refused.out
    ways = (await desk.type(*deactivate, "--json")).json()
    assert ways["commands"][0]["refusal"] == "CircuitInUse"
    assert [it["serial"] for it in ways["ways_on"]["chargers"]] == ["P-0001", "P-0002"]

    locked = await desk.done(*deactivate, "--lock-serials", "--reason", "water damage")
    assert "ampledger circuit reactivate pier level-2" in locked
    shown = await desk.done("installation", "show", name)
    assert "P-0001" not in shown
    assert "1 circuit and 2 chargers deactivated" in shown
    everything = await desk.done("installation", "show", name, "--deactivated")
    assert "locked: its circuit Level-2 was deactivated" in everything
    assert "water damage" in everything
    move = await desk.type("charger", "move", name, "P-0001", "level-1")
    assert (move.code, move.err.partition(":")[0]) == (1, "SerialIsLocked")
    await desk.done("circuit", "reactivate", name, "level-2")
    assert "P-0001" in await desk.done("installation", "show", name)


async def test_a_file_is_assigned_as_a_whole_or_not_at_all(desk: Desk) -> None:
    name = await desk.garage("files")
    await desk.done("charger", "assign", name, "level-1", "F-0001")
    file = desk.folder / "chargers.csv"
    good = "serial;name;circuit_id;wiring\nF-0010;Bay 10;level-1;L2 L3 L1\nF-0011;Bay 11;;\n"
    assign = ("charger", "import", str(file), "--installation", name, "--circuit", "level-2")

    file.write_text(f"{good}no!;;;\nF-0010;;;L4\n")
    bad = await desk.type(*assign)
    assert bad.code == 1
    assert [it.partition(":")[0] for it in bad.err.splitlines()[:2]] == ["line 4", "line 5"]
    file.write_text(f"{good}F-0001;;;\nF-0012;;level-9;\n")
    refused = (await desk.type(*assign, "--json")).json()
    assert [it["line"] for it in refused["bad_lines"]] == [4, 5]
    file.write_text(good)
    assert "would be appended (2)" in await desk.done(*assign, "--dry-run")
    assert "F-0010" not in await desk.done("installation", "show", name)

    sent = (await desk.type(*assign, "--json")).json()
    assert [it["command_id"].startswith("import-") for it in sent["commands"]] == [True, True]
    assert await desk.done(*assign) == "it is so already\n"
    await desk.done("charger", "remove", name, "F-0011")
    assert (await desk.done(*assign)).startswith(
        "done"
    )  # an old answer does not stand in the way
    shown = await desk.done("installation", "show", name)
    assert shown.index("F-0010") < shown.index("Level-2") < shown.index("F-0011")


async def test_a_file_goes_on_where_it_was_interrupted(desk: Desk) -> None:
    name = await desk.garage("halfway")
    file = desk.folder / "halfway.csv"
    file.write_text("serial,circuit_id\nW-0001,level-1\nW-0002,level-2\n")
    await desk.done("charger", "import", str(file), "--installation", name, "--dry-run")
    half = desk.folder / "half.csv"
    half.write_text("serial,circuit_id\nW-0001,level-1\n")
    await desk.done(
        "charger", "import", str(half), "--installation", name
    )  # the first command, and then no more

    again = (
        await desk.type("charger", "import", str(file), "--installation", name, "--json")
    ).json()

    assert [it["position"] > 0 for it in again["commands"]] == [False, True]
    shown = await desk.done("installation", "show", name)
    assert "W-0001" in shown
    assert "W-0002" in shown


async def test_what_an_electrician_would_say_is_told_with_the_way_to_mend_it(
    desk: Desk,
) -> None:
    name = await desk.garage("notes")
    assert await desk.done("installation", "check", name) == "nothing to remark\n"
    set_up = ("charger", "assign", name, "level-1", "N-0001", "N-0002", "N-0003")
    told = await desk.done(*set_up)

    assert "note: " in told
    assert "mend it: " in told
    notes = (await desk.type("installation", "check", name, "--json")).json()["notes"]
    assert [it["code"] for it in notes] == ["same-first-phase"]


async def test_a_charger_is_moved_to_another_installation_as_the_rehearsal_says(
    desk: Desk,
) -> None:
    here, there = await desk.garage("here"), await desk.garage("there")
    await desk.done("charger", "assign", here, "level-1", "M-0001")
    move = ("charger", "move", here, "M-0001", "level-2", "--to-installation", there)
    rehearsed = (await desk.type(*move, "--dry-run", "--json")).json()["commands"][0]["events"]
    head = len(await installation_log(desk.data))

    await desk.done(*move)

    appended = (await installation_log(desk.data))[head:]
    assert [it.type for it in appended] == ["ChargerRemoved", "ChargerAssigned"]
    assert [it.event.model_dump(mode="json") for it in appended] == [
        it["data"] for it in rehearsed
    ]
    assert "M-0001" not in await desk.done("installation", "show", here)
    assert "M-0001" in await desk.done("installation", "show", there)
    gone = await desk.done("installation", "show", here, "--deactivated")
    assert "moved to installation there" in gone


async def test_who_did_it_is_in_the_log(desk: Desk) -> None:
    name = await desk.garage("actors")
    wish = ("circuit", "change", name, "level-1", "--set-a", "40")
    await desk.done(*wish, "--actor", "kari@harbour")

    newest = (await installation_log(desk.data))[-1]
    assert (newest.type, newest.meta.actor) == ("CircuitChanged", "kari@harbour")


async def test_options_that_contradict_one_another_are_not_guessed(desk: Desk) -> None:
    for words in (
        ("installation", "available-current", "harbour"),
        ("installation", "switch-current", "harbour", "--switch-current-a", "10", "--never"),
        ("installation", "imbalance", "harbour"),
        ("installation", "imbalance", "harbour", "20", "--lift"),
        ("charger", "fail-safe", "harbour", "H-0001"),
        ("charger", "wish", "harbour", "H-0001", "--kwh", "20"),
        ("charger", "wish", "harbour", "H-0001", "--kwh", "20", "--departure", "2h", "--none"),
        ("installation", "available-current", "harbour", "--available-a", "1,2"),
    ):
        assert (await desk.type(*words)).code == 2, words


async def test_meters_are_added_changed_shown_and_removed(desk: Desk) -> None:
    name = await desk.garage("metered")
    await desk.done("meter", "add", name, "house", "--highest-a", "50", "--interval-s", "1")
    await desk.done("meter", "change", name, "house", "--phases", "L1,L3")
    said = await desk.type("meter", "add", name, "second", "--highest-a", "10")
    assert "house measures all" in said.err

    (meter,) = (await desk.type("meter", "show", name, "--json")).json()["meters"]
    assert (meter["phases"], meter["highest_a"]) == (["L1", "L3"], 50)
    assert "50 A" in await desk.done("meter", "show", name)
    await desk.done("meter", "remove", name, "house")
    assert "the cars' alone" in await desk.done("meter", "show", name)


async def test_a_tariff_is_set_shown_and_refused_with_two_prices_at_a_time(desk: Desk) -> None:
    name = await desk.garage("priced")
    assert "no tariff" in await desk.done("tariff", "show", name)
    price = ("--from", "2026-12-01", "--currency", "nok", "--per-kwh", "1,20", "--vat", "25")
    await desk.done("tariff", "set", name, *price, "--window", "22:00-06:00=0.85")

    twice = await desk.type(
        "tariff", "set", name, *price, "--window", "22:00-06:00=0.85", "--window", "0:00-1:00=1"
    )
    (shown,) = (await desk.type("tariff", "show", name, "--json")).json()

    assert (twice.code, "has two prices" in twice.err) == (1, True)
    assert (shown["currency"], shown["price_per_kwh"], shown["vat_percent"]) == (
        "NOK",
        "1.20",
        "25",
    )
    assert "0.85 NOK" in await desk.done("tariff", "show", name)


async def test_limits_are_set_for_a_time_and_at_times_and_lifted(desk: Desk) -> None:
    name = await desk.garage("limited")
    evening = ("--window", "MON-FRI 17:00-20:00", "--limit-a", "20")
    await desk.done("limit", "schedule", name, "evening", *evening, "--circuit", "level-1")
    await desk.done("limit", "set", name, "operator", "--owner", "GRID_OPERATOR",
                    "--power-kw", "30", "--until", "2h")  # fmt: skip
    await desk.done("limit", "peak", name, "--power-kw", "50", "--per", "QUARTER_HOUR")
    dry = await desk.type("limit", "lift", name, "operator", "--dry-run", "--json")
    assert [it["type"] for it in dry.json()["commands"][0]["events"]] == ["ExternalLimitLifted"]

    shown = await desk.done("limit", "show", name)
    assert "MON,TUE,WED,THU,FRI 17:00-20:00" in shown
    assert "50 kW on average" in shown
    found = (await desk.type("limit", "show", name, "--json")).json()
    assert [it["limit_id"] for it in found["limits"]] == ["evening", "operator"]
    await desk.done("limit", "lift", name, "operator")
    await desk.done("limit", "lift", name, "evening")
    await desk.done("limit", "peak", name, "--lift")
    assert "as much as the breakers allow" in await desk.done("limit", "show", name)
