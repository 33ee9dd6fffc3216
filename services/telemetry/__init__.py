"""
Holds the connection to every charger (OCPP), its sessions, its readings and its limits.

Takes      SetCurrentLimit (from the balancer, in the process that holds the charger's socket),
           StartCharging, StopCharging, UpdateFirmware; what chargers are asked of their hardware:
           RestartCharger, UnlockConnector, ChangeAvailability, ClearCache, TriggerMessage,
           ReadConfiguration, ChangeConfiguration, SendData, ReserveCharger, CancelReservation,
           FetchDiagnostics, InstallCertificate, ReadCertificates, DeleteCertificate,
           RaiseSecurityProfile, UpdateSignedFirmware; how chargers and meters show who they are:
           IssueChargerCredential, RotateChargerCredential, WithdrawChargerCredential,
           IssueChargerCertificate, RequestChargerCertificate, RevokeChargerCertificate,
           IssueMeterToken, WithdrawMeterToken
Announces  ChargerConnected, ChargerDisconnected, ChargerRefused, ChargerStatusChanged,
           FaultReported, SessionStarted, SessionEnded, SignedValueReceived, FailSafeApplied,
           CurrentLimitApplied, CurrentLimitRejected, DriverAuthorized, DriverRefused,
           ChargingRequested, FirmwareUpdateRequested, FirmwareStatusReported, ClockDriftMeasured;
           ChargerAsked,
           ChargerReserved, ReservationEnded, DiagnosticsRequested, DiagnosticsStatusReported,
           SecurityEventReported, DataReceived; SchemaViolationTolerated, LimitWayChosen,
           LimitNotInForce, FailSafeNotInForce, LimitsShown; what was issued to chargers and meters,
           and has ended:
           ChargerCredentialIssued, ChargerCredentialDelivered, ChargerCredentialEnded,
           ChargerCertificateIssued, ChargerCertificateRevoked, MeterTokenIssued, MeterTokenEnded;
           MeterReading and BreakerReading as telemetry
Listens to installation: which serial number belongs to which charger, wired how; fail-safes, locks,
           and whether drivers must show who they are; meters at breakers
           permissions: roles and cards, by which drivers are judged

Pure: frames, validation and payloads (what is on the wire), said (what chargers say and are answered, in no
version's words), charger and decider (what is known of a charger, and what its words mean),
authorising (who may charge), lists (what a charger knows of that while it is offline), limits, measurands,
metering, knocks, remotes, reserving (for whom a charger is kept), notices (what it says of its hardware),
breaker_meters, meter_lines and meter_shapes (readings of meters at breakers), callout (whom their MQTT
server may let in), credentials, certificates, meter_tokens, secret_marks, authority, attempts and
turned (how chargers and meters show who they are).
Versions of OCPP: dialect and upkeep (what each has to bring), dialects (which there are), ocpp16,
ocpp2.
Shells: gateway (the WebSocket server) with door and identities (who is let in), connection (one
charger's socket) with admission (who is accepted), visits and parting (who gets nothing, and is told
so), answering and handlers (what chargers say) with drivers (whoever shows a card), fail_safes, commands,
local_lists, remote_control and revoking (what they are told); wishes (what people wish of one charger),
upkeep_desk with hardware_desk, trust_desk, upkeep_asking and reservations (what they ask of its hardware),
records and noticing (what of that is on record); asked_door (what people ask for);
credential_desk, certificate_desk and token_desk with rotation and signing (what chargers and meters are
issued), passes, keyring and own_streams (where that is kept), tls; rights (what is known of permissions);
roster (which gateways there are), holds and taking (which of them has a charger, how it comes to another
one), burials and draining (when one is gone, or goes), tries, listening;
meter_door, meter_mqtt, meter_inbox, meter_standings and meter_identities (meters at breakers: by HTTP, by
MQTT, where both meet, how they are heard of, and who they are); questions (of others).
Packages: readings (what was measured, as it lasts), signed (values that meters have signed).
"""
