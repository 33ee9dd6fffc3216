"""
Holds the connection to every charger (OCPP 1.6J), its sessions, its readings and its limits.

Takes      SetCurrentLimit (from the balancer, in the process that holds the charger's socket)
Announces  ChargerConnected, ChargerDisconnected, ChargerRefused, ChargerStatusChanged,
           FaultReported, SessionStarted, SessionEnded, FailSafeApplied, CurrentLimitApplied,
           CurrentLimitRejected; MeterReading as telemetry
Listens to installation: which serial number belongs to which charger, wired how

Pure: frames, validation and payloads (what is on the wire), charger and decider (what is known of
a charger, and what a message means), limits, metering, profiles, knocks.
Shells: gateway (the WebSocket server) and connection (one charger's socket) with admission (who is
accepted), handlers (what chargers say) and commands (what they are told).
"""
