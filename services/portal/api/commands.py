"""The routes of commands: data. What each needs is in `shared/rights/rules.py`."""

from dataclasses import dataclass
from typing import Final

from shared.messages import Command, credentials, telemetry, upkeep
from shared.messages import installation_commands as layout
from shared.messages import notifications as notices
from shared.messages import permissions as people

INSTALLATION: Final = "/installations/{installation_id}"
CIRCUIT: Final = f"{INSTALLATION}/circuits/{{circuit_id}}"
CHARGER: Final = f"{INSTALLATION}/chargers/{{charger_id}}"
SERIAL: Final = f"{INSTALLATION}/serials/{{serial}}"
METER: Final = f"{INSTALLATION}/meters/{{meter_id}}"
PERSON: Final = "/people/{person_id}"
CARD: Final = f"{PERSON}/cards/{{card_id}}"
GROUP: Final = "/groups/{group_id}"
WEBHOOK: Final = f"{INSTALLATION}/webhooks/{{webhook_id}}"
REPORT_ORDER: Final = f"{INSTALLATION}/report-orders/{{order_id}}"


@dataclass(frozen=True, slots=True)
class CommandRoute:
    """
    One command over HTTP.

    Args:
        method: of HTTP.
        path: what stands in braces are fields of the command.
        command: what is asked for.
        minted: a field that the portal fills with an id of its own making, told in the answer.
        asker: a field that says who asks.
        left_out: fields that are not to be said here, because another route is for them.
        creates: it makes something new.
    """

    method: str
    path: str
    command: type[Command]
    minted: str | None = None
    asker: str | None = None
    left_out: frozenset[str] = frozenset()
    creates: bool = False


def _creates(
    path: str, command: type[Command], minted: str | None = None, asker: str | None = None
) -> CommandRoute:
    return CommandRoute("POST", path, command, minted, asker, creates=True)


_WHOLE: Final = frozenset({"charger_id"})

OF_INSTALLATIONS: Final = (
    _creates("/installations", layout.CreateInstallation),
    CommandRoute("PATCH", INSTALLATION, layout.ChangeInstallation),
    CommandRoute("POST", f"{INSTALLATION}/deactivate", layout.DeactivateInstallation),
    CommandRoute("POST", f"{INSTALLATION}/reactivate", layout.ReactivateInstallation),
    CommandRoute(
        "PUT",
        f"{INSTALLATION}/authentication",
        layout.SetAuthenticationRequired,
        left_out=_WHOLE,
    ),
    CommandRoute("PUT", f"{INSTALLATION}/available-current", layout.SetAvailableCurrent),
    CommandRoute("PUT", f"{INSTALLATION}/current-schedule", layout.SetCurrentSchedule),
    CommandRoute("PUT", f"{INSTALLATION}/switch-current", layout.SetSwitchCurrent),
    CommandRoute("PUT", f"{INSTALLATION}/imbalance-limit", layout.SetImbalanceLimit),
    CommandRoute("PUT", f"{INSTALLATION}/contract-peak", layout.SetContractPeak),
    CommandRoute("PUT", f"{INSTALLATION}/limits/{{limit_id}}", layout.SetExternalLimit),
    CommandRoute("DELETE", f"{INSTALLATION}/limits/{{limit_id}}", layout.LiftExternalLimit),
    CommandRoute("PUT", f"{INSTALLATION}/tariffs/{{valid_from}}", layout.SetTariff),
    CommandRoute("POST", f"{SERIAL}/unlock", layout.UnlockSerial),
)

OF_CIRCUITS: Final = (
    _creates(f"{INSTALLATION}/circuits", layout.AddCircuit),
    CommandRoute("PATCH", CIRCUIT, layout.ChangeCircuit),
    CommandRoute("PUT", f"{CIRCUIT}/parent", layout.MoveCircuit),
    CommandRoute("POST", f"{CIRCUIT}/deactivate", layout.DeactivateCircuit),
    CommandRoute("POST", f"{CIRCUIT}/reactivate", layout.ReactivateCircuit),
    _creates(f"{CIRCUIT}/chargers", layout.AssignChargers),
)

OF_CHARGERS: Final = (
    CommandRoute("PATCH", CHARGER, layout.ChangeCharger),
    CommandRoute("DELETE", CHARGER, layout.RemoveCharger),
    CommandRoute("PUT", f"{CHARGER}/place", layout.MoveCharger),
    CommandRoute("PUT", f"{CHARGER}/fail-safe", layout.SetFailSafe),
    CommandRoute("PUT", f"{CHARGER}/priority", layout.SetPriority),
    CommandRoute("PUT", f"{CHARGER}/wish", layout.SetChargingWish),
    CommandRoute("PUT", f"{CHARGER}/authentication", layout.SetAuthenticationRequired),
    CommandRoute(
        "POST", f"{CHARGER}/start", telemetry.StartCharging, left_out=frozenset({"person_id"})
    ),
    CommandRoute("POST", f"{CHARGER}/stop", telemetry.StopCharging),
    CommandRoute("POST", f"{CHARGER}/firmware", telemetry.UpdateFirmware),
)

OF_UPKEEP: Final = (
    CommandRoute("POST", f"{CHARGER}/restart", upkeep.RestartCharger),
    CommandRoute("POST", f"{CHARGER}/unlock", upkeep.UnlockConnector),
    CommandRoute("PUT", f"{CHARGER}/availability", upkeep.ChangeAvailability),
    CommandRoute("POST", f"{CHARGER}/clear-cache", upkeep.ClearCache),
    CommandRoute("POST", f"{CHARGER}/trigger", upkeep.TriggerMessage),
    CommandRoute("POST", f"{CHARGER}/configuration/read", upkeep.ReadConfiguration),
    CommandRoute("PUT", f"{CHARGER}/configuration", upkeep.ChangeConfiguration),
    CommandRoute("POST", f"{CHARGER}/data", upkeep.SendData),
    CommandRoute(
        "PUT",
        f"{CHARGER}/reservation",
        upkeep.ReserveCharger,
        left_out=frozenset({"person_id", "card"}),
    ),
    CommandRoute("DELETE", f"{CHARGER}/reservation", upkeep.CancelReservation),
    CommandRoute("POST", f"{CHARGER}/diagnostics", upkeep.FetchDiagnostics),
    CommandRoute("POST", f"{CHARGER}/signed-firmware", upkeep.UpdateSignedFirmware),
    _creates(f"{CHARGER}/root-certificates", upkeep.InstallCertificate),
    CommandRoute("POST", f"{CHARGER}/root-certificates/read", upkeep.ReadCertificates),
    CommandRoute("DELETE", f"{CHARGER}/root-certificates/{{number}}", upkeep.DeleteCertificate),
    CommandRoute("PUT", f"{CHARGER}/security-profile", upkeep.RaiseSecurityProfile),
)

OF_SERIALS: Final = (
    _creates(f"{INSTALLATION}/credentials", credentials.IssueChargerCredential),
    CommandRoute("POST", f"{SERIAL}/credential/rotate", credentials.RotateChargerCredential),
    CommandRoute(
        "POST", f"{SERIAL}/credential/withdraw", credentials.WithdrawChargerCredential
    ),
    _creates(f"{SERIAL}/certificates", credentials.IssueChargerCertificate),
    CommandRoute(
        "POST", f"{SERIAL}/certificates/request", credentials.RequestChargerCertificate
    ),
    CommandRoute(
        "POST", f"{SERIAL}/certificates/{{number}}/revoke", credentials.RevokeChargerCertificate
    ),
)

OF_METERS: Final = (
    _creates(f"{INSTALLATION}/meters", layout.AddMeter),
    CommandRoute("PATCH", METER, layout.ChangeMeter),
    CommandRoute("DELETE", METER, layout.RemoveMeter),
    _creates(f"{METER}/token", credentials.IssueMeterToken),
    CommandRoute("POST", f"{METER}/token/withdraw", credentials.WithdrawMeterToken),
)

OF_ROLES: Final = (
    CommandRoute("POST", f"{INSTALLATION}/roles", people.GrantRole, left_out=_WHOLE),
    CommandRoute("POST", f"{INSTALLATION}/roles/revoke", people.RevokeRole, left_out=_WHOLE),
    CommandRoute("POST", f"{CHARGER}/roles", people.GrantRole),
    CommandRoute("POST", f"{CHARGER}/roles/revoke", people.RevokeRole),
    _creates(f"{INSTALLATION}/requests", people.RequestAccess, "request_id", "person_id"),
    CommandRoute(
        "POST", f"{INSTALLATION}/requests/{{request_id}}/answer", people.AnswerRequest
    ),
)

OF_PEOPLE: Final = (
    _creates("/people", people.InvitePerson, "person_id"),
    CommandRoute("PATCH", PERSON, people.RenamePerson),
    CommandRoute("DELETE", PERSON, people.ForgetPerson),
    _creates(f"{PERSON}/cards", people.RegisterCard, "card_id"),
    CommandRoute("POST", f"{CARD}/block", people.BlockCard),
    CommandRoute("POST", f"{CARD}/unblock", people.UnblockCard),
    CommandRoute("DELETE", CARD, people.RemoveCard),
    _creates("/groups", people.CreateGroup, "group_id"),
    CommandRoute("DELETE", GROUP, people.DissolveGroup),
    CommandRoute("PUT", f"{GROUP}/members/{{person_id}}", people.AddMember),
    CommandRoute("DELETE", f"{GROUP}/members/{{person_id}}", people.RemoveMember),
)

OF_WARNINGS: Final = (
    CommandRoute(
        "POST",
        f"{INSTALLATION}/warnings/{{warning_id}}/acknowledge",
        notices.AcknowledgeWarning,
    ),
    CommandRoute(
        "PUT",
        f"{INSTALLATION}/notifications",
        notices.ChooseNotifications,
        asker="person_id",
    ),
    _creates(f"{INSTALLATION}/webhooks", notices.AddWebhook, "webhook_id"),
    CommandRoute("POST", f"{WEBHOOK}/rotate-secret", notices.RotateWebhookSecret),
    CommandRoute("DELETE", WEBHOOK, notices.RemoveWebhook),
    CommandRoute("POST", f"{WEBHOOK}/ping", notices.PingWebhook),
    CommandRoute("POST", f"{WEBHOOK}/replay", notices.ReplayDeadLetters),
    _creates(f"{INSTALLATION}/report-orders", notices.OrderReport, "order_id"),
    CommandRoute("DELETE", REPORT_ORDER, notices.CancelReportOrder),
)

COMMAND_ROUTES: Final = (
    *OF_INSTALLATIONS,
    *OF_CIRCUITS,
    *OF_CHARGERS,
    *OF_UPKEEP,
    *OF_SERIALS,
    *OF_METERS,
    *OF_ROLES,
    *OF_PEOPLE,
    *OF_WARNINGS,
)
