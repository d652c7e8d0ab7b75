#!/bin/sh
# Loads one list of N entries (default: a million) with `certauthz verify crl` and with `openssl crl -verify`, and prints
# time and memory of both: the whole of each process, from reading the file to the verdict on its signature.
#
#   CERTAUTHZ=target/release/certauthz benches/crl_beside_openssl.sh [N]
#
# Needs openssl and python3, which measures the children.
set -eu
certauthz=${CERTAUTHZ:-certauthz}
case $certauthz in
*/*) certauthz=$(cd "$(dirname "$certauthz")" && pwd)/$(basename "$certauthz") ;;
esac
entries=${1:-1000000}
world=$(mktemp -d)
trap 'rm -rf "$world"' EXIT
cd "$world"
"$certauthz" ca create --name primary --quiet
"$certauthz" crl generate --ca primary --entries "$entries" --out list.der --quiet
ls -l list.der | awk '{ print "list.der:", $5, "bytes" }'

python3 - "$certauthz" <<'PYTHON'
import os, sys, time

def run(name, *command):
    start = time.monotonic()
    pid = os.fork()
    if pid == 0:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 1)
        os.dup2(null, 2)
        os.execvp(command[0], command)
    _, status, usage = os.wait4(pid, 0)
    took = time.monotonic() - start
    print(f"{name:<10} {took * 1000:7.0f} ms   {usage.ru_utime + usage.ru_stime:5.2f} s CPU   "
          f"{usage.ru_maxrss / 1000:6.1f} MB   exit {os.waitstatus_to_exitcode(status)}", flush=True)

for _ in range(3):
    run("certauthz", sys.argv[1], "verify", "crl", "--ca", "primary", "list.der")
    run("openssl", "openssl", "crl", "-in", "list.der", "-inform", "DER", "-noout",
        "-CAfile", "credentials/primary/ca.crt", "-verify")
PYTHON
