"""What can be chosen of an installation, in the language that is spoken."""

from typing import Any, Final

from services.portal.countries import all_zones, countries
from shared.messages.installation_terms import Category, InstallationType
from shared.phases import GridType
from shared.speech import _, marked, spoken

CATEGORIES: Final = {
    Category.COMPANY: marked("Company: employees and fleet"),
    Category.COMMUNITY: marked("Community: housing cooperative, shared garage"),
    Category.PUBLIC: marked("Public: anybody may come"),
    Category.PRIVATE: marked("Private: one household"),
}
TYPES: Final = {
    InstallationType.GARAGE: marked("Garage: any number of circuits and chargers"),
    InstallationType.HOME: marked("Home: one circuit, up to three chargers"),
}
GRIDS: Final = {
    GridType.TN_3_PHASE: marked("TN, three phases (230/400 V with neutral)"),
    GridType.TN_1_PHASE: marked("TN, one phase (230 V, phase and neutral)"),
    GridType.IT_3_PHASE: marked("IT, three phases (230 V between phases, no neutral)"),
    GridType.IT_1_PHASE: marked("IT, one phase (230 V between two phases)"),
}


def choices() -> dict[str, Any]:
    """Name what can be chosen of an installation, in the language that is spoken."""
    choose = ("", _("Choose…"))
    return {
        "categories": [choose, *((it.value, _(text)) for it, text in CATEGORIES.items())],
        "types": [(it.value, _(text)) for it, text in TYPES.items()],
        "grids": [choose, *((it.value, _(text)) for it, text in GRIDS.items())],
        "countries": [choose, *countries(spoken())],
        "zones": [("", _("As in the country")), *((it, it) for it in all_zones())],
    }
