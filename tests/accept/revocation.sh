#!/usr/bin/env bash
# How long a revocation takes to reach a resource server that fetches the list each second: revoke on the CA's side, then
# ask until both credentials of the client are refused, and the authorization server gives it no token.
# Usage: tests/accept/revocation.sh BINARY [RUNS]
set -euo pipefail
certauthz=$(realpath "$1"); runs=${2:-5}
world=$(mktemp -d); pids=()
trap 'kill "${pids[@]}" 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$world"' EXIT
export CERTAUTHZ_PATH=$world/credentials
fail() { echo "FAIL: $*" >&2; exit 1; }
now() { date +%s%N; }
listening() { for _ in $(seq 100); do line=$(head -1 "$1"); [ -n "$line" ] && { echo "${line#listening on }"; return; }; sleep 0.05; done; fail "no server: $1"; }

"$certauthz" -q init --key-type ec >/dev/null 2>&1 || "$certauthz" -q init >/dev/null
"$certauthz" ca serve --name primary --listen 127.0.0.1:0 >"$world/authority" & pids+=($!)
authority=$(listening "$world/authority")
"$certauthz" serve --listen 127.0.0.1:0 --crl "$authority/crl" --crl-interval 1s >"$world/resource" & pids+=($!)
resource=$(listening "$world/resource")

request() { "$certauthz" -q client request --name "$1" --mode "$2" "$resource/$3" 2>/dev/null; }
worst=0
for run in $(seq "$runs"); do
  name="client$run"
  "$certauthz" -q client create --name "$name" --ca primary --scope bob.user.read --key-type ec >/dev/null
  sleep 0.5   # the registry of the authorization server looks four times a second
  "$certauthz" client token --name "$name" --authority "$authority" >"$CERTAUTHZ_PATH/$name/token.jwt" || fail "no token for $name"
  request "$name" cert cert >/dev/null || fail "the certificate is refused before"
  request "$name" token token >/dev/null || fail "the token is refused before"
  began=$(now)
  "$certauthz" -q crl revoke --ca primary --client "$name" >/dev/null
  revoked=$(now)
  while request "$name" cert cert >/dev/null; do [ $(($(now) - revoked)) -lt 5000000000 ] || fail "the certificate still works"; done
  effect=$(now)
  body=$(request "$name" token token || true)
  [[ $body == *certificate_revoked* ]] || fail "the outstanding token: $body"
  ! "$certauthz" client token --name "$name" --authority "$authority" >/dev/null 2>&1 || fail "a revoked client gets a token"
  ms=$(((effect - began) / 1000000)); [ "$ms" -gt "$worst" ] && worst=$ms
  echo "run $run: certificate refused $ms ms after the revocation began, the outstanding token and new ones as well"
done
echo "worst of $runs: $worst ms (interval 1 s)"
[ "$worst" -le 3000 ] || fail "slower than 3 s"
