"""What each command needs, when a person asks for it: data."""

from dataclasses import dataclass
from typing import Final

from shared.messages import Command, credentials, telemetry, upkeep
from shared.messages import installation_commands as layout
from shared.messages import notifications as notices
from shared.messages import permissions as people
from shared.messages.signing_in import Scope
from shared.rights.grants import Place
from shared.rights.table import Action

RULES: Final[dict[type[Command], Action]] = {
    layout.CreateInstallation: Action.CREATE_INSTALLATION,
    layout.ChangeInstallation: Action.TECHNICAL,
    layout.DeactivateInstallation: Action.TECHNICAL,
    layout.ReactivateInstallation: Action.TECHNICAL,
    layout.SetAuthenticationRequired: Action.AUTHENTICATION,
    layout.SetAvailableCurrent: Action.POWER,
    layout.SetCurrentSchedule: Action.POWER,
    layout.SetSwitchCurrent: Action.POWER,
    layout.SetImbalanceLimit: Action.POWER,
    layout.AddCircuit: Action.TECHNICAL,
    layout.ChangeCircuit: Action.TECHNICAL,
    layout.MoveCircuit: Action.TECHNICAL,
    layout.DeactivateCircuit: Action.TECHNICAL,
    layout.ReactivateCircuit: Action.TECHNICAL,
    layout.AssignChargers: Action.ADD_CHARGERS,
    layout.ChangeCharger: Action.TECHNICAL,
    layout.MoveCharger: Action.TECHNICAL,
    layout.RemoveCharger: Action.TECHNICAL,
    layout.SetFailSafe: Action.TECHNICAL,
    layout.SetPriority: Action.POWER,
    layout.SetChargingWish: Action.CHARGE,
    telemetry.StartCharging: Action.CHARGE,
    telemetry.StopCharging: Action.CHARGE,
    telemetry.UpdateFirmware: Action.FIRMWARE,
    upkeep.RestartCharger: Action.OPERATE,
    upkeep.UnlockConnector: Action.OPERATE,
    upkeep.ChangeAvailability: Action.OPERATE,
    upkeep.ReserveCharger: Action.CHARGE,
    upkeep.CancelReservation: Action.CHARGE,
    upkeep.ClearCache: Action.DIAGNOSE,
    upkeep.TriggerMessage: Action.DIAGNOSE,
    upkeep.ReadConfiguration: Action.DIAGNOSE,
    upkeep.ChangeConfiguration: Action.DIAGNOSE,
    upkeep.SendData: Action.DIAGNOSE,
    upkeep.FetchDiagnostics: Action.DIAGNOSE,
    upkeep.InstallCertificate: Action.DIAGNOSE,
    upkeep.ReadCertificates: Action.DIAGNOSE,
    upkeep.DeleteCertificate: Action.DIAGNOSE,
    upkeep.RaiseSecurityProfile: Action.DIAGNOSE,
    upkeep.UpdateSignedFirmware: Action.FIRMWARE,
    credentials.IssueChargerCredential: Action.TECHNICAL,
    credentials.RotateChargerCredential: Action.TECHNICAL,
    credentials.WithdrawChargerCredential: Action.TECHNICAL,
    credentials.IssueMeterToken: Action.TECHNICAL,
    credentials.WithdrawMeterToken: Action.TECHNICAL,
    credentials.IssueChargerCertificate: Action.TECHNICAL,
    credentials.RequestChargerCertificate: Action.TECHNICAL,
    credentials.RevokeChargerCertificate: Action.TECHNICAL,
    layout.UnlockSerial: Action.UNLOCK,
    layout.AddMeter: Action.TECHNICAL,
    layout.ChangeMeter: Action.TECHNICAL,
    layout.RemoveMeter: Action.TECHNICAL,
    layout.SetExternalLimit: Action.POWER,
    layout.LiftExternalLimit: Action.POWER,
    layout.SetContractPeak: Action.POWER,
    layout.SetTariff: Action.REPORTS,
    notices.AcknowledgeWarning: Action.WARNINGS,
    notices.ChooseNotifications: Action.WARNINGS,
    notices.AddWebhook: Action.WARNINGS,
    notices.RotateWebhookSecret: Action.WARNINGS,
    notices.RemoveWebhook: Action.WARNINGS,
    notices.PingWebhook: Action.WARNINGS,
    notices.ReplayDeadLetters: Action.WARNINGS,
    notices.OrderReport: Action.REPORTS,
    notices.CancelReportOrder: Action.REPORTS,
    people.GrantRole: Action.PERMISSIONS,
    people.RevokeRole: Action.PERMISSIONS,
    people.AnswerRequest: Action.PERMISSIONS,
    people.LookAtHistory: Action.HISTORY,
}
"""The action that a command is. One that is neither here nor among the following, nobody may ask for."""

DECIDED_BY_PERMISSIONS: Final[dict[type[Command], Scope]] = {
    people.InvitePerson: Scope.PERMISSIONS,
    people.RenamePerson: Scope.PERMISSIONS,
    people.ForgetPerson: Scope.PERMISSIONS,
    people.CreateGroup: Scope.PERMISSIONS,
    people.DissolveGroup: Scope.PERMISSIONS,
    people.AddMember: Scope.PERMISSIONS,
    people.RemoveMember: Scope.PERMISSIONS,
    people.RequestAccess: Scope.MANAGE,
    people.RegisterCard: Scope.MANAGE,
    people.BlockCard: Scope.MANAGE,
    people.UnblockCard: Scope.MANAGE,
    people.RemoveCard: Scope.MANAGE,
}
"""What is not about one place: whether it is about whoever asks, or about people at a place of theirs, only
permissions knows. The scope is what a token needs to ask for it."""

OPERATOR_ONLY: Final[frozenset[type[Command]]] = frozenset(
    {people.GrantPlatformRole, people.RevokePlatformRole}
)
"""What no person may ask for: it is the operator's of the platform."""

BY_LINK: Final[frozenset[type[Command]]] = frozenset({notices.Unsubscribe})
"""What whoever has a link of ours may do, signed in or not: the command proves the link."""

BETWEEN_SERVICES: Final[frozenset[type[Command]]] = frozenset(
    {telemetry.SetCurrentLimit, people.RecordRefusal}
)
"""What services tell one another."""


@dataclass(frozen=True, slots=True)
class Need:
    """Something that whoever asks has to be allowed to do, and where."""

    action: Action
    place: Place


def needs_of(command: Command) -> tuple[Need, ...]:
    """
    Say what somebody who asks for a command has to be allowed; all of it.

    Raises:
        KeyError: nobody may ask for such a command.
    """
    action = RULES[type(command)]
    place = Place(
        getattr(command, "installation_id", None), getattr(command, "charger_id", None)
    )
    needs = [Need(action, place)]
    target = getattr(command, "to_installation_id", None)
    if target is not None and target != place.installation_id:
        needs.append(Need(action, Place(target)))
    return tuple(needs)
