#!/bin/sh
# Make the secrets of deploy/compose.yaml, where they are missing: keys, passwords, and what NATS is told of the keys.
#
#     deploy/compose/secrets.sh [FOLDER]        by default ./secrets
#
# Wants openssl and the operator's image, as root: what is made belongs to the user of the containers.
set -eu
IMAGE=${AMPLEDGER_IMAGE:-ampledger}/cli:${AMPLEDGER_VERSION:-0.1.0}
USER_ID=65532
folder=${1:-secrets}
umask 077
mkdir -p "$folder/nats" "$folder/passwords"
folder=$(cd "$folder" && pwd)

made() { [ -s "$folder/$1" ] || openssl rand -hex 32 > "$folder/$1"; }
for key in cards master notices; do made "$key.key"; done
for service in balancer installation notifications permissions portal telemetry; do made "passwords/$service.password"; done
made postgres.password
chown -R "$USER_ID:$USER_ID" "$folder"

ampledger() { docker run --rm --network none --read-only --cap-drop ALL -v "$folder/nats:/nats" "$IMAGE" "$@"; }
ampledger nats keys /nats > /dev/null
ampledger nats config /nats > "$folder/nats-accounts.conf"

# The servers run as users of their own. Nothing secret is in the first, and the folder itself lets nobody else in.
chmod 644 "$folder/nats-accounts.conf" "$folder/postgres.password"
