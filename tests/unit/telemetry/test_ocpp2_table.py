"""docs/chargers.md says of every message of OCPP 2.x what becomes of it, and says so of no other."""

import re
from pathlib import Path

import services.telemetry.ocpp2 as package
from services.telemetry.ocpp2 import OCPP_21, OCPP_201
from services.telemetry.validation import Schemas
from tests.support.databases import ROOT

V201, V21 = Schemas("v201"), Schemas("v21")
ALL = V201.actions | V21.actions
SOURCE = "\n".join(it.read_text() for it in sorted(Path(package.__file__).parent.glob("*.py")))


def section(title: str) -> str:
    text = (ROOT / "docs" / "chargers.md").read_text()
    text = text[text.index("## OCPP 2.0.1 and 2.1") :]
    begin = text.index(f"### {title}")
    return re.split(r"\n##+ ", text[begin + 4 :])[0]


def rows(title: str) -> dict[str, tuple[str, str]]:
    found = re.findall(r"^\| `(\w+)` \| ([^|]+) \| ([^|]+) \|$", section(title), re.MULTILINE)
    assert len({name for name, *_ in found}) == len(found)
    return {name: (versions, said) for name, versions, said in found}


HEARD, TOLD = rows("From the charger"), rows("To the charger")


def test_every_message_stands_in_one_table() -> None:
    not_used = set(re.findall(r"`(\w+)`", section("Not used")))
    assert HEARD.keys() | TOLD.keys() | not_used == ALL
    assert HEARD.keys() & TOLD.keys() == {"DataTransfer"}
    assert not not_used & (HEARD.keys() | TOLD.keys())


def test_versions_are_those_of_the_schemas() -> None:
    for name, (versions, _) in (HEARD | TOLD).items():
        assert ("2.0.1" in versions) == (name in V201.actions), name
        assert ("2.1" in versions.replace("2.0.1", "")) == (name in V21.actions), name


def test_what_is_not_supported_is_refused_and_nothing_else() -> None:
    for name, (_, said) in HEARD.items():
        dialect = OCPP_201 if name in V201.actions else OCPP_21
        assert dialect.understands(name) == ("NotSupported" not in said), name


def test_what_we_tell_is_in_the_code_and_what_we_do_not_is_not() -> None:
    for name in ALL - HEARD.keys():
        assert (f'"{name}"' in SOURCE) == (name in TOLD), name
