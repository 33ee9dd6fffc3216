#!/bin/sh
# Make the two bases of the images from Debian's packages, where no registry is asked: one to build on, one to run on.
#
#     deploy/bases.sh [--trust FILE]
#
# Wants mmdebstrap and a Docker engine, as root. FILE has further certificates to trust while building, where a
# proxy stands before the package index. The same packages give the same bases.
set -eu
SUITE=bookworm
trust=
[ "${1:-}" != --trust ] || trust=$2
export SOURCE_DATE_EPOCH="${SOURCE_DATE_EPOCH:-0}"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Which packages there are is said as images without a package manager say it: a file for each, where scanners look.
cat > "$work/say-packages" <<'SAY'
set -eu
mkdir -p "$1/var/lib/dpkg/status.d"
for deb in "$1"/var/cache/apt/archives/*.deb; do
    dpkg-deb --field "$deb" > "$1/var/lib/dpkg/status.d/$(dpkg-deb --field "$deb" Package)"
done
SAY

# Of what packages require, this is not used: nothing is set up, unpacked or looked up by hand.
cat > "$work/leave-out" <<'LEAVE'
set -eu
cd "$1"
for package in debconf dpkg tar readline-common; do
    rm "var/lib/dpkg/status.d/$package"
    dpkg-deb --contents "$(echo var/cache/apt/archives/"$package"_*.deb)" | awk '$1 !~ /^d/ {print $6}' | xargs rm -f
done
rm -rf usr/share/doc usr/share/man usr/share/locale usr/share/lintian usr/share/perl5 usr/lib/x86_64-linux-gnu/gconv
rm -rf usr/lib/python3.11/lib2to3 usr/lib/python3.11/pydoc_data usr/lib/python3.11/test
rm -rf usr/share/zoneinfo/right usr/share/zoneinfo/posix var/lib/apt var/cache
mkdir -p tmp && chmod 1777 tmp
echo 'nonroot:x:65532:65532:nonroot:/tmp:/nonexistent' >> etc/passwd
echo 'nonroot:x:65532:' >> etc/group
LEAVE

# What runs: Python and what it is linked with. No shell, no package manager, nothing to be set up.
mmdebstrap --quiet --variant=extract \
    --include=python3.11-minimal,libpython3.11-stdlib,libstdc++6,tzdata,netbase \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
    --extract-hook="sh '$work/say-packages' \"\$1\"" --extract-hook="sh '$work/leave-out' \"\$1\"" \
    "$SUITE" "$work/base.tar"
docker import "$work/base.tar" "ampledger/base:$SUITE"

# What builds: the same Python, a C compiler for what the balancer computes most, and what strips libraries.
mmdebstrap --quiet --variant=minbase --include=python3.11,python3-venv,python3-dev,python3-distutils,g++,binutils,ca-certificates \
    ${trust:+--customize-hook="copy-in $trust /usr/local/share"} \
    ${trust:+--customize-hook="chroot \"\$1\" sh -c 'cat /usr/local/share/$(basename "$trust") > /etc/ssl/certs/ca-certificates.crt'"} \
    "$SUITE" "$work/build.tar"
docker import --change 'ENV SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt PIP_CERT=/etc/ssl/certs/ca-certificates.crt' \
    "$work/build.tar" "ampledger/build-base:$SUITE"
