"""Who is in the way of a deactivation, and the commands of each way on."""

from cli.layout.portrait import layouts_of
from cli.layout.ways_on import ways_on
from services.portal.documents import Layout
from shared.messages.installation_commands import DeactivateCircuit, DeactivateInstallation
from tests.unit.cli.layout.recording import GARAGE, log_after

LEVEL_2 = {"command_id": "d", "installation_id": "harbour", "circuit_id": "level-2"}


def layout(*more: DeactivateCircuit) -> Layout:
    return layouts_of(log_after(*GARAGE, *more))["harbour"]


def test_all_chargers_beneath_are_listed_and_each_way_on_is_spelled_for_them() -> None:
    ways = ways_on(DeactivateCircuit(**LEVEL_2), layout())

    assert [it.serial for it in ways.chargers] == ["ZAP000013", "ZAP000014", "ZAP000015"]
    assert ways.elsewhere == ("level-1",)
    assert ways.move == (
        "ampledger charger move harbour ZAP000013 CIRCUIT",
        "ampledger charger move harbour corner CIRCUIT",
        "ampledger charger move harbour ZAP000015 CIRCUIT",
    )
    assert ways.remove[1] == "ampledger charger remove harbour corner"
    assert ways.lock == "ampledger circuit deactivate harbour level-2 --lock-serials"


def test_chargers_that_are_locked_already_are_in_nobodys_way() -> None:
    east = DeactivateCircuit(**LEVEL_2 | {"circuit_id": "level-2-east"}, lock_serials=True)
    ways = ways_on(DeactivateCircuit(**LEVEL_2), layout(east))

    assert [it.serial for it in ways.chargers] == ["ZAP000013", "ZAP000014"]


def test_from_a_whole_installation_chargers_can_only_be_moved_to_another_one() -> None:
    everything = DeactivateInstallation(command_id="d", installation_id="harbour")
    ways = ways_on(everything, layout())

    assert len(ways.chargers) == 4
    assert ways.elsewhere == ()
    assert ways.move[0] == (
        "ampledger charger move harbour ZAP000012 CIRCUIT --to-installation INSTALLATION"
    )
    assert ways.lock == "ampledger installation deactivate harbour --lock-serials"


def test_without_the_log_the_ways_on_are_told_all_the_same() -> None:
    ways = ways_on(DeactivateCircuit(**LEVEL_2), None)

    assert ways.remove == ("ampledger charger remove harbour CHARGER",)
    assert ways.lock == "ampledger circuit deactivate harbour level-2 --lock-serials"
