"""What each page takes: data. A page that is not here fails the build."""

from enum import StrEnum
from typing import Final

from shared.rights.table import Action


class Everybody(StrEnum):
    """What takes no role."""

    ANYBODY = "anybody: it is how one signs in"
    SIGNED_IN = "whoever is signed in: it is about themselves, or shows what they may see"


_ANYBODY, _SIGNED_IN = Everybody

PAGE_RIGHTS: Final[dict[str, Action | Everybody]] = {
    "/": _SIGNED_IN,
    "/installations/new": Action.CREATE_INSTALLATION,
    "/installations/check": Action.CREATE_INSTALLATION,
    "/installations/{installation_id}": Action.LIVE,
    "/installations/{installation_id}/live": Action.LIVE,
    "/installations/{installation_id}/circuits": Action.LIVE,
    "/installations/{installation_id}/circuits/{circuit_id}": Action.LIVE,
    "/installations/{installation_id}/circuits/{circuit_id}/move": Action.TECHNICAL,
    "/installations/{installation_id}/circuits/{circuit_id}/reactivate": Action.TECHNICAL,
    "/installations/{installation_id}/circuits/{circuit_id}/deactivate": Action.LIVE,
    "/installations/{installation_id}/circuits/{circuit_id}/clear": Action.TECHNICAL,
    "/installations/{installation_id}/circuits/{circuit_id}/chargers/new": Action.ADD_CHARGERS,
    "/installations/{installation_id}/circuits/{circuit_id}/chargers/check": Action.ADD_CHARGERS,
    "/installations/{installation_id}/chargers/{charger_id}/set-up": Action.LIVE,
    "/installations/{installation_id}/chargers/{charger_id}/set-up/fail-safe": Action.TECHNICAL,
    "/installations/{installation_id}/chargers/{charger_id}/set-up/move": Action.TECHNICAL,
    "/installations/{installation_id}/chargers/{charger_id}/set-up/remove": Action.TECHNICAL,
    "/installations/{installation_id}/chargers/{charger_id}/set-up/password": Action.TECHNICAL,
    "/installations/{installation_id}/history": Action.HISTORY,
    "/installations/{installation_id}/history/at": Action.HISTORY,
    "/installations/{installation_id}/power": Action.LIVE,
    "/installations/{installation_id}/power/available": Action.POWER,
    "/installations/{installation_id}/power/schedule": Action.POWER,
    "/installations/{installation_id}/power/priorities": Action.POWER,
    "/installations/{installation_id}/power/switch-current": Action.POWER,
    "/installations/{installation_id}/power/imbalance": Action.POWER,
    "/installations/{installation_id}/power/what-if": Action.POWER,
    "/installations/{installation_id}/who-did": Action.HISTORY,
    "/installations/{installation_id}/access": Action.PERMISSIONS,
    "/installations/{installation_id}/access/roles": Action.PERMISSIONS,
    "/installations/{installation_id}/access/roles/revoke": Action.PERMISSIONS,
    "/installations/{installation_id}/access/requests/{request_id}": Action.PERMISSIONS,
    "/installations/{installation_id}/access/groups": Action.PERMISSIONS,
    "/installations/{installation_id}/access/groups/{group_id}": Action.PERMISSIONS,
    "/installations/{installation_id}/access/cards": Action.PERMISSIONS,
    "/installations/{installation_id}/access/cards/{card_id}": Action.PERMISSIONS,
    "/installations/{installation_id}/chargers/{charger_id}/access": Action.PERMISSIONS,
    "/installations/{installation_id}/ask": _SIGNED_IN,
    "/ask": _SIGNED_IN,
    "/support": Action.UNLOCK,
    "/support/serials/{serial}": Action.UNLOCK,
    "/support/serials/{serial}/unlock": Action.UNLOCK,
    "/installations/{installation_id}/chargers/{charger_id}": Action.LIVE,
    "/installations/{installation_id}/chargers/{charger_id}/live": Action.LIVE,
    "/installations/{installation_id}/chargers/{charger_id}/past": Action.HISTORY,
    "/installations/{installation_id}/chargers/{charger_id}/start": Action.CHARGE,
    "/installations/{installation_id}/chargers/{charger_id}/stop": Action.CHARGE,
    "/installations/{installation_id}/chargers/{charger_id}/priority": Action.POWER,
    "/installations/{installation_id}/chargers/{charger_id}/wish": Action.CHARGE,
    "/installations/{installation_id}/breakers/{circuit_id}": Action.LIVE,
    "/my": _SIGNED_IN,
    "/my/live": _SIGNED_IN,
    "/my/start": Action.CHARGE,
    "/my/stop": Action.CHARGE,
    "/my/wish": Action.CHARGE,
    "/api/installations": _SIGNED_IN,
    "/api/installations/{installation_id}": Action.LIVE,
    "/language": _ANYBODY,
    "/sign-in": _ANYBODY,
    "/sign-in/once": _ANYBODY,
    "/sign-in/company/{company}": _ANYBODY,
    "/sign-in/company-back": _ANYBODY,
    "/sign-in/passkey": _ANYBODY,
    "/sign-in/passkey/options": _ANYBODY,
    "/sign-out": _SIGNED_IN,
    "/step-up": _SIGNED_IN,
    "/step-up/passkey": _SIGNED_IN,
    "/account": _SIGNED_IN,
    "/account/forget": _SIGNED_IN,
    "/account/password": _SIGNED_IN,
    "/account/tokens": _SIGNED_IN,
    "/account/tokens/{token_id}/revoke": _SIGNED_IN,
    "/account/sessions/end-others": _SIGNED_IN,
    "/account/sessions/{session_id}/end": _SIGNED_IN,
    "/account/passkeys": _SIGNED_IN,
    "/account/passkeys/options": _SIGNED_IN,
    "/account/passkeys/{passkey_id}/remove": _SIGNED_IN,
    "/oauth/token": _ANYBODY,
}
"""By path, as routes spell it."""
