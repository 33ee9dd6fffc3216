"""
Describing a new installation: what is left out is proposed, what cannot be is said of its field, and what
is unusual is asked about. The same check answers while somebody types and when they send it.
"""

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from pydantic import ValidationError

from services.portal.countries import zone_of, zones_of
from services.portal.documents import Layout
from services.portal.doing import wrong_fields
from shared.ids import InstallationId
from shared.messages.installation_commands import CreateInstallation
from shared.messages.installation_terms import InstallationType
from shared.phases import GridType
from shared.speech import _

FIELDS: Final = (
    "name", "address", "category", "country", "type", "grid_type", "breaker_a", "time_zone",
    "installation_id",
)  # fmt: skip
MADE_SIZES_A: Final = (
    6, 10, 13, 16, 20, 25, 32, 35, 40, 50, 63, 80, 100, 125, 160, 200, 250, 315, 400, 500, 630, 800,
    1000, 1250, 1600, 2000, 2500, 3200, 4000, 5000, 6300,
)  # fmt: skip
"""The ratings that breakers and fuses are made with, in amperes (IEC 60898-1, 60947-2, 60269-1)."""
ONE_PHASE_A_MAX: Final = 100.0
"""Above this, grid operators give three phases."""
HOME_A_MAX: Final = 63.0
RESERVED_IDS: Final = frozenset({"new", "check"})
"""They are pages' names in addresses."""
ID_CHARS_MAX: Final = 48
_LETTERS: Final = str.maketrans({"ø": "o", "æ": "ae", "å": "a", "ß": "ss", "ð": "d", "þ": "th"})


@dataclass(frozen=True, slots=True)
class Checked:
    """
    What became of a description.

    Args:
        fields: of the command, with what was proposed.
        wrong: what cannot be, by field.
        remarks: what is unusual, and may be so all the same.
    """

    fields: Mapping[str, str]
    wrong: Mapping[str, str]
    remarks: tuple[str, ...]


def number_of(text: str) -> str:
    """
    Take a number as people write it: with a comma, or with its unit.

    >>> number_of(" 12,5 A"), number_of("many")
    ('12.5', 'many')
    """
    return re.sub(r"\s*[aA]$", "", text.strip()).replace(",", ".")


def id_of(name: str, taken: Collection[str] = (), otherwise: str = "installation") -> str:
    """
    Make an id of a name, one that is not taken.

    Args:
        name: as people say it.
        taken: ids that there are.
        otherwise: what is made of a name without letters.

    >>> id_of("Sjøgata 12 – Garasje"), id_of("Level 1", {"level-1"}), id_of("東京")
    ('sjogata-12-garasje', 'level-1-2', 'installation')
    """
    plain = unicodedata.normalize("NFKD", name.casefold().translate(_LETTERS))
    words = re.findall(
        r"[a-z0-9]+", "".join(it for it in plain if not unicodedata.combining(it))
    )
    wanted = "-".join(words)[:ID_CHARS_MAX].strip("-") or otherwise
    free, number = wanted, 1
    while free in taken or free in RESERVED_IDS:
        number += 1
        free = f"{wanted}-{number}"
    return free


def checked(
    given: Mapping[str, str], taken: Collection[InstallationId], known: Iterable[Layout]
) -> Checked:
    """
    Check the description of a new installation.

    Args:
        given: what was filled in, by field.
        taken: the ids of all installations.
        known: the installations that whoever describes this one may see.
    """
    fields = {it: given[it] for it in FIELDS if given.get(it)}
    if "breaker_a" in fields:
        fields["breaker_a"] = number_of(fields["breaker_a"])
    fields.setdefault("installation_id", id_of(fields.get("name", ""), taken))
    zone = zone_of(fields.get("country", ""))
    if zone is not None:
        fields.setdefault("time_zone", zone)
    wrong = _wrong(fields)
    if "time_zone" not in fields and len(zones_of(fields.get("country", ""))) > 1:
        wrong["time_zone"] = _("There are several time zones in this country: choose one.")
    if fields["installation_id"] in taken:
        wrong["installation_id"] = _("There is an installation with this id already.")
    elif fields["installation_id"] in RESERVED_IDS:
        wrong["installation_id"] = _("This is the name of a page here; choose another id.")
    return Checked(fields, wrong, tuple(_remarks(fields, wrong, known)))


def _wrong(fields: Mapping[str, str]) -> dict[str, str]:
    try:
        CreateInstallation.model_validate({"command_id": "check", **fields})
    except ValidationError as error:
        found = dict(wrong_fields(error).fields)
        if "installation_id" in found:
            found["installation_id"] = _("An id has letters, digits, dashes and underscores.")
        return found
    return {}


def _remarks(
    fields: Mapping[str, str], wrong: Mapping[str, str], known: Iterable[Layout]
) -> Iterable[str]:
    name = fields.get("name", "").casefold()
    if any(it.name.casefold() == name for it in known):
        yield _("You have an installation of this name already. Is it another one?")
    if "breaker_a" in wrong or "breaker_a" not in fields:
        return
    breaker_a = float(fields["breaker_a"])
    if breaker_a not in MADE_SIZES_A:
        near = sorted(sorted(MADE_SIZES_A, key=lambda it: abs(it - breaker_a))[:2])
        yield _(
            "%(a)g A is no size that breakers are made with; is it %(one)s A or %(other)s A? To use less "
            "of a breaker than it carries, enter its size here, and limit the circuits.",
            a=breaker_a,
            one=near[0],
            other=near[1],
        )
    one_phase = fields.get("grid_type") in {GridType.TN_1_PHASE, GridType.IT_1_PHASE}
    if one_phase and breaker_a > ONE_PHASE_A_MAX:
        yield _(
            "%(a)g A on one phase is unusual: such connections nearly always have three phases. Look at "
            "the main breaker: how many poles does it switch?",
            a=breaker_a,
        )
    if fields.get("type") == InstallationType.HOME and breaker_a > HOME_A_MAX:
        yield _(
            "A home's circuit has at most %(most)g A. If more than three cars charge here, it is a garage.",
            most=HOME_A_MAX,
        )
