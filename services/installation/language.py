"""The commands and events of the installation service, by the part of the layout they speak of."""

from typing import Final, get_args

from shared.messages.installation import (
    AuthenticationRequiredSet,
    AvailableCurrentSet,
    ChargerAssigned,
    ChargerChanged,
    ChargerMoved,
    ChargerRemoved,
    ChargingWishSet,
    CircuitAdded,
    CircuitChanged,
    CircuitDeactivated,
    CircuitMoved,
    CircuitReactivated,
    ContractPeakSet,
    CurrentScheduleSet,
    ExternalLimitLifted,
    ExternalLimitSet,
    FailSafeSet,
    ImbalanceLimitSet,
    InstallationChanged,
    InstallationCreated,
    InstallationDeactivated,
    InstallationReactivated,
    MeterAdded,
    MeterChanged,
    MeterRemoved,
    PrioritySet,
    SerialLocked,
    SerialUnlocked,
    SwitchCurrentSet,
    TariffSet,
)
from shared.messages.installation_commands import (
    AddCircuit,
    AddMeter,
    AssignChargers,
    ChangeCharger,
    ChangeCircuit,
    ChangeInstallation,
    ChangeMeter,
    CreateInstallation,
    DeactivateCircuit,
    DeactivateInstallation,
    LiftExternalLimit,
    MoveCharger,
    MoveCircuit,
    ReactivateCircuit,
    ReactivateInstallation,
    RemoveCharger,
    RemoveMeter,
    SetAuthenticationRequired,
    SetAvailableCurrent,
    SetChargingWish,
    SetContractPeak,
    SetCurrentSchedule,
    SetExternalLimit,
    SetFailSafe,
    SetImbalanceLimit,
    SetPriority,
    SetSwitchCurrent,
    SetTariff,
    UnlockSerial,
)

InstallationWish = (
    CreateInstallation
    | ChangeInstallation
    | SetAuthenticationRequired
    | SetAvailableCurrent
    | SetCurrentSchedule
    | SetSwitchCurrent
    | SetImbalanceLimit
)
CircuitWish = AddCircuit | ChangeCircuit | MoveCircuit
ChargerWish = (
    AssignChargers | ChangeCharger | RemoveCharger | SetPriority | SetFailSafe | SetChargingWish
)
UseWish = (
    DeactivateInstallation
    | ReactivateInstallation
    | DeactivateCircuit
    | ReactivateCircuit
    | UnlockSerial
)
"""What is in use and what is not: circuits and, with them, serials."""

MeterWish = AddMeter | ChangeMeter | RemoveMeter
LimitWish = SetExternalLimit | LiftExternalLimit | SetContractPeak

InstallationCommand = (
    InstallationWish
    | CircuitWish
    | ChargerWish
    | MoveCharger
    | UseWish
    | MeterWish
    | LimitWish
    | SetTariff
)

InstallationEvent = (
    InstallationCreated
    | InstallationChanged
    | InstallationDeactivated
    | InstallationReactivated
    | AuthenticationRequiredSet
    | AvailableCurrentSet
    | CurrentScheduleSet
    | SwitchCurrentSet
    | ImbalanceLimitSet
    | CircuitAdded
    | CircuitChanged
    | CircuitMoved
    | CircuitDeactivated
    | CircuitReactivated
    | ChargerAssigned
    | ChargerChanged
    | ChargerMoved
    | ChargerRemoved
    | FailSafeSet
    | PrioritySet
    | ChargingWishSet
    | SerialLocked
    | SerialUnlocked
    | MeterAdded
    | MeterChanged
    | MeterRemoved
    | ExternalLimitSet
    | ExternalLimitLifted
    | ContractPeakSet
    | TariffSet
)

COMMANDS: Final[tuple[type[InstallationCommand], ...]] = get_args(InstallationCommand)
"""Every command that the service takes."""

EVENTS: Final[tuple[type[InstallationEvent], ...]] = get_args(InstallationEvent)
"""Every event that the service announces."""
