"""
Owns the electrical layout of an installation: breakers, circuits, chargers, serial numbers.

Takes      CreateInstallation, ChangeInstallation, DeactivateInstallation, ReactivateInstallation,
           SetAuthenticationRequired, SetAvailableCurrent, SetCurrentSchedule, SetSwitchCurrent,
           SetImbalanceLimit,
           AddCircuit, ChangeCircuit, MoveCircuit, DeactivateCircuit, ReactivateCircuit,
           AssignChargers, ChangeCharger, MoveCharger, RemoveCharger, SetFailSafe, SetPriority,
           SetChargingWish, UnlockSerial, AddMeter, ChangeMeter, RemoveMeter,
           SetExternalLimit, LiftExternalLimit, SetContractPeak, SetTariff
Announces  InstallationCreated, InstallationChanged, InstallationDeactivated,
           InstallationReactivated, AuthenticationRequiredSet, AvailableCurrentSet,
           CurrentScheduleSet, SwitchCurrentSet, ImbalanceLimitSet, CircuitAdded,
           CircuitChanged, CircuitMoved, CircuitDeactivated, CircuitReactivated,
           ChargerAssigned, ChargerChanged,
           ChargerMoved, ChargerRemoved, FailSafeSet, PrioritySet, ChargingWishSet,
           SerialLocked, SerialUnlocked,
           MeterAdded, MeterChanged, MeterRemoved,
           ExternalLimitSet, ExternalLimitLifted, ContractPeakSet, TariffSet
Listens to nobody: it is the source of truth.

language     the commands and events, by the part of the layout they speak of
refusals     every way of saying no
state        what must be known to decide
evolve       history becomes state
fail_safes   what chargers fall back to, shared out over the whole installation
checks       what several decisions ask for
facts        events that several decisions lead to
installations, circuits, chargers, moves, use, meters, limits, tariffs    the decisions
reductions   what a grid operator's reduction leaves by law
claims       keys that exist once in the world
notes        what an electrician would say all the same
decider      where a command finds its decision
rehearsing   what would become of a command
"""
