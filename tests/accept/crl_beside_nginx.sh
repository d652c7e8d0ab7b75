#!/usr/bin/env bash
# `/crl` with a list of a million entries beside nginx that serves the same file, in turns. Wants at least 90 % of nginx's
# bytes a second (the median of the pairs). Needs nginx and wrk (Debian has both).
# Usage: tests/accept/crl_beside_nginx.sh BINARY [PAIRS [ENTRIES [CONNECTIONS]]]
set -euo pipefail
certauthz=$(realpath "$1"); pairs=${2:-5}; entries=${3:-1000000}; connections=${4:-8}
for tool in nginx wrk; do command -v $tool >/dev/null || { echo "SKIP: there is no $tool"; exit 0; }; done
world=$(mktemp -d); chmod 755 "$world"; pids=()
trap 'kill "${pids[@]}" 2>/dev/null || true; nginx -c "$world/nginx.conf" -s stop 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$world"' EXIT
export CERTAUTHZ_PATH=$world/credentials
"$certauthz" -q ca create --name primary >/dev/null
mkdir "$world/public"
"$certauthz" -q crl generate --ca primary --entries "$entries" --out "$world/public/crl.der" >/dev/null
# Only a list with a number above that of ca.crl is taken.
{ echo "-----BEGIN X509 CRL-----"; base64 -w 64 "$world/public/crl.der"; echo "-----END X509 CRL-----"; } >"$world/pem"
mv "$world/pem" "$CERTAUTHZ_PATH/primary/ca.crl"
"$certauthz" ca serve --name primary --listen 127.0.0.1:0 >"$world/authority" & pids+=($!)
for _ in $(seq 200); do ours=$(sed 's/listening on //' "$world/authority"); [ -n "$ours" ] && break; sleep 0.05; done
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
cat >"$world/nginx.conf" <<CONF
worker_processes auto; pid $world/nginx.pid; error_log $world/error.log;
events { worker_connections 1024; }
http { access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000; types { application/pkix-crl der; }
  server { listen 127.0.0.1:$port; root $world/public; } }
CONF
nginx -c "$world/nginx.conf"
theirs=http://127.0.0.1:$port
curl -sf "$ours/crl" | cmp - "$world/public/crl.der" && curl -sf "$theirs/crl.der" | cmp - "$world/public/crl.der"
rate() { wrk -t2 -c"$connections" -d3s --timeout 30s "$1" | awk '/Transfer\/sec/ {n = $2; u = n; sub(/[0-9.]+/, "", u); sub(/[A-Z]+/, "", n); print n * (u == "GB" ? 1024 : u == "MB" ? 1 : u == "KB" ? 1 / 1024 : 0)}'; }
rate "$ours/crl" >/dev/null; rate "$theirs/crl.der" >/dev/null
for pair in $(seq "$pairs"); do
  if [ $((pair % 2)) = 0 ]; then a=$(rate "$ours/crl"); b=$(rate "$theirs/crl.der"); else b=$(rate "$theirs/crl.der"); a=$(rate "$ours/crl"); fi
  echo "$a $b" | awk '{printf "ours %d MB/s, nginx %d MB/s: %.2f\n", $1, $2, $1 / $2; print $1 / $2 > "/dev/stderr"}' 2>>"$world/ratios"
done
sort -n "$world/ratios" | awk '{r[NR] = $1} END {m = r[int((NR + 1) / 2)]; printf "median %.2f of nginx\n", m; exit m < 0.9}'
