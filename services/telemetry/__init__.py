"""
Holds the connection to every charger (OCPP 1.6J), its sessions, its readings and its limits.

Takes      SetCurrentLimit (from the balancer, in the process that holds the charger's socket)
Announces  ChargerConnected, ChargerDisconnected, ChargerRefused, ChargerStatusChanged,
           FaultReported, SessionStarted, SessionEnded, FailSafeApplied, CurrentLimitApplied,
           CurrentLimitRejected; MeterReading and BreakerReading as telemetry
Listens to installation: which serial number belongs to which charger, wired how; fail-safes, locks,
           and whether drivers must show who they are; meters at breakers

Pure: frames, validation and payloads (what is on the wire), charger and decider (what is known of
a charger, and what a message means), limits, metering, profiles, knocks, remotes,
breaker_meters (readings pushed by HTTP).
Shells: gateway (the WebSocket server) with door (who is let in), connection (one charger's socket)
with admission (who is accepted), visits and parting (who gets nothing, and is told so), answering
and handlers (what chargers say), fail_safes and commands (what they are told); meter_door (the web
server that meters at breakers push to).
"""
