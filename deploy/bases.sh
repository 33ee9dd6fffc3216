#!/bin/sh
# Make the two bases of the images from Debian's packages, where no registry is asked: one to build on, one to run on.
#
#     deploy/bases.sh [--trust FILE]
#
# Wants mmdebstrap and a Docker engine, as root. FILE has further certificates to trust while building, where a
# proxy stands before the package index.
set -eu
SUITE=bookworm
trust=
[ "${1:-}" != --trust ] || trust=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# What runs: Python and what it is linked with. No shell, no package manager, nothing to be set up.
mmdebstrap --quiet --variant=extract \
    --include=python3.11-minimal,libpython3.11-stdlib,libstdc++6,tzdata,netbase \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
    --customize-hook='rm -rf "$1"/usr/share/doc "$1"/usr/share/man "$1"/usr/share/locale "$1"/usr/share/lintian' \
    --customize-hook='rm -rf "$1"/usr/lib/x86_64-linux-gnu/gconv "$1"/usr/lib/python3.11/lib2to3 "$1"/usr/lib/python3.11/pydoc_data' \
    --customize-hook='rm -rf "$1"/usr/share/zoneinfo/right "$1"/usr/share/zoneinfo/posix "$1"/usr/lib/python3.11/test "$1"/var/lib/apt "$1"/var/cache' \
    --customize-hook='mkdir -p "$1"/tmp && chmod 1777 "$1"/tmp' \
    --customize-hook='echo "nonroot:x:65532:65532:nonroot:/tmp:/nonexistent" >> "$1"/etc/passwd; echo "nonroot:x:65532:" >> "$1"/etc/group' \
    "$SUITE" "$work/base.tar"
docker import "$work/base.tar" "ampledger/base:$SUITE"

# What builds: the same Python, a C compiler for what the balancer computes most, and what strips libraries.
mmdebstrap --quiet --variant=minbase --include=python3.11,python3-venv,python3-dev,python3-distutils,g++,binutils,ca-certificates \
    ${trust:+--customize-hook="copy-in $trust /usr/local/share"} \
    ${trust:+--customize-hook="chroot \"\$1\" sh -c 'cat /usr/local/share/$(basename "$trust") > /etc/ssl/certs/ca-certificates.crt'"} \
    "$SUITE" "$work/build.tar"
docker import --change 'ENV SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt PIP_CERT=/etc/ssl/certs/ca-certificates.crt' \
    "$work/build.tar" "ampledger/build-base:$SUITE"
