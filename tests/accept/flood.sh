#!/usr/bin/env bash
# Tokens are issued while a thousand new connections a second fetch the revocation list. Reports the latency of the token
# endpoint with and without the flood. Needs a Python with `PyJWT` and `cryptography` (CERTAUTHZ_PYTHON, else python3).
# Usage: tests/accept/flood.sh BINARY [SECONDS]
set -euo pipefail
certauthz=$(realpath "$1"); seconds=${2:-10}; python=${CERTAUTHZ_PYTHON:-python3}
"$python" -c 'import jwt, cryptography' 2>/dev/null || { echo "SKIP: $python has no PyJWT and cryptography"; exit 0; }
world=$(mktemp -d); pids=()
trap 'kill "${pids[@]}" 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$world"' EXIT
export CERTAUTHZ_PATH=$world/credentials
"$certauthz" -q init >/dev/null
"$certauthz" ca serve --name primary --listen 127.0.0.1:0 >"$world/authority" & pids+=($!)
for _ in $(seq 100); do authority=$(head -1 "$world/authority"); [ -n "$authority" ] && break; sleep 0.05; done
"$python" - "${authority#listening on http://}" "$CERTAUTHZ_PATH/alice/client.key" "$seconds" <<'PYTHON'
import http.client, json, jwt, socket, sys, threading, time, urllib.parse, uuid
address, key, seconds = sys.argv[1], open(sys.argv[2]).read(), float(sys.argv[3])
host, port = address.rsplit(":", 1)

def form():
    now = int(time.time())
    claims = {"iss": "alice", "sub": "alice", "aud": f"http://{address}/oauth/token", "exp": now + 60, "iat": now, "jti": str(uuid.uuid4())}
    assertion = jwt.encode(claims, key, algorithm="RS256")
    kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    return urllib.parse.urlencode({"grant_type": "client_credentials", "client_assertion_type": kind, "client_assertion": assertion})

def tokens(until):
    took, headers = [], {"Content-Type": "application/x-www-form-urlencoded"}
    while time.monotonic() < until:
        body, connection = form(), http.client.HTTPConnection(host, int(port), timeout=10)
        began = time.monotonic()
        connection.request("POST", "/oauth/token", body, headers)
        answer = connection.getresponse(); text = answer.read()
        took.append(time.monotonic() - began)
        assert answer.status == 200, (answer.status, text)
        connection.close()
        time.sleep(0.02)
    return sorted(took)

flooding, connections, failed = True, [0], [0]
def flood(rate):
    due = time.monotonic()
    while flooding:
        due += 1 / rate
        time.sleep(max(0, due - time.monotonic()))
        try:
            with socket.create_connection((host, int(port)), 5) as peer:
                peer.sendall(b"GET /crl HTTP/1.1\r\nHost: " + address.encode() + b"\r\nConnection: close\r\n\r\n")
                while peer.recv(65536): pass
            connections[0] += 1
        except OSError:
            failed[0] += 1

def report(name, took):
    at = lambda part: took[min(len(took) - 1, int(len(took) * part))] * 1000
    print(f"{name}: {len(took)} tokens, p50 {at(0.5):.2f} ms, p99 {at(0.99):.2f} ms, slowest {took[-1] * 1000:.2f} ms")

report("quiet  ", tokens(time.monotonic() + seconds / 2))
threads = [threading.Thread(target=flood, args=(125,)) for _ in range(8)]
[thread.start() for thread in threads]
began = time.monotonic()
took = tokens(began + seconds)
elapsed, flooding = time.monotonic() - began, False
[thread.join() for thread in threads]
report("flooded", took)
print(f"flood: {connections[0] / elapsed:.0f} connections/s, {failed[0]} failed")
assert took and took[-1] < 5
PYTHON
