"""
Owns the electrical layout of an installation: breakers, circuits, chargers, serial numbers.

Takes      CreateInstallation, AddCircuit, AssignChargers
Announces  InstallationCreated, CircuitAdded, ChargerAssigned
Listens to nobody: it is the source of truth.
"""
