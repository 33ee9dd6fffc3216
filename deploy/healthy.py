"""Say whether the service in this container is ready, to engines that run a command to know."""

import os
import socket
import sys

ANSWER_S_MAX = 2.0

try:
    address = ("127.0.0.1", int(os.environ["AMPLEDGER_HEALTH_PORT"]))
    with socket.create_connection(address, ANSWER_S_MAX) as asked:
        asked.settimeout(ANSWER_S_MAX)
        asked.sendall(b"GET /health/ready HTTP/1.0\r\n\r\n")
        said = asked.makefile("rb").readline().split()
except OSError as fault:
    sys.exit(f"not ready: {fault}")
if said[1:2] != [b"200"]:
    sys.exit(f"not ready: {said}")
