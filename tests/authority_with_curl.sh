#!/bin/sh
# The authorization server with curl and openssl alone: a client assertion, a token, its use, introspection, a renewed
# certificate, the revocation list, a revocation. Everything that signs here is openssl.
#
#   tests/authority_with_curl.sh [PROGRAM]     (default: target/debug/certauthz)
set -eu
program=${1:-target/debug/certauthz}
dir=$(mktemp -d)
serve=
authority=
cleanup() {
    for process in $serve $authority; do
        kill "$process" 2>/dev/null || true
        wait "$process" 2>/dev/null || true
    done
    rm -rf "$dir"
}
trap cleanup EXIT
trap 'exit 1' INT TERM

step() { echo "- $*"; }
fail() { echo "FAILED: $*" >&2; exit 1; }
certauthz() { "$program" --path "$dir" "$@" >/dev/null; }
now() { date +%s; }
random() { openssl rand -hex 16; }
base64url() { openssl base64 -A | tr '+/' '-_' | tr -d '='; }
# Starts a server in the background; its line "listening on http://…" goes to a file.
listening() {
    for _ in $(seq 200); do
        url=$(sed -n 's/^listening on \(http.*\)$/\1/p' "$1")
        [ -n "$url" ] && { echo "$url"; return; }
        sleep 0.05
    done
    fail "no server: $(cat "$1")"
}
# member NAME: a member of the JSON object on standard input that is a string without escapes, a number or a word
member() { tr -d '\n' | sed -n "s/.*\"$1\":\"\\{0,1\\}\\([^\",}]*\\).*/\\1/p"; }

# assertion CLIENT: a JWT that only the client can make (RFC 7523)
assertion() {
    head=$(printf '{"alg":"RS256"}' | base64url)
    claims=$(printf '{"iss":"%s","sub":"%s","aud":"%s/oauth/token","iat":%s,"exp":%s,"jti":"%s"}' \
        "$1" "$1" "$as" "$(now)" "$(($(now) + 60))" "$(random)" | base64url)
    signature=$(printf '%s.%s' "$head" "$claims" | openssl dgst -sha256 -sign "$dir/$1/client.key" | base64url)
    printf '%s.%s.%s' "$head" "$claims" "$signature"
}
# post PATH CLIENT PARAMETER…: an OAuth request that the client authenticates; prints the body, then the status
post() {
    path=$1 client=$2
    shift 2
    for parameter in "$@"; do set -- "$@" --data-urlencode "$parameter"; shift; done
    curl -sS -w '\n%{http_code}' "$as$path" "$@" --data-urlencode "client_assertion=$(assertion "$client")" \
        --data-urlencode client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer
}
# renew CLIENT: a signed request (RFC 9421) for a new certificate
renew() {
    certificate=$(openssl x509 -in "$dir/$1/client.crt" -outform DER | openssl base64 -A)
    parameters="(\"@method\" \"@authority\" \"@path\" \"@query\" \"x-client-cert\");created=$(now);expires=$(($(now) + 60));nonce=\"$(random)\";tag=\"certauthz\""
    printf '"@method": POST\n"@authority": %s\n"@path": /certificates/renew\n"@query": ?\n"x-client-cert": %s\n"@signature-params": %s' \
        "${as#http://}" "$certificate" "$parameters" >"$dir/base"
    signature=$(openssl dgst -sha256 -sign "$dir/$1/client.key" "$dir/base" | openssl base64 -A)
    curl -sS -w '\n%{http_code}' -X POST "$as/certificates/renew" -H 'Accept: application/x-pem-file' \
        -H "X-Client-Cert: $certificate" -H "Signature-Input: sig=$parameters" -H "Signature: sig=:$signature:"
}
status() { tail -n 1; }

certauthz ca create --name primary --key-type rsa
certauthz client create --ca primary --name alice --scope bob.user.read --scope bob.user.write
certauthz client create --ca primary --name bob --scope alice.user.read
"$program" --path "$dir" ca serve --name primary --listen 127.0.0.1:0 >"$dir/authority.out" &
authority=$!
"$program" --path "$dir" serve --listen 127.0.0.1:0 >"$dir/serve.out" &
serve=$!
as=$(listening "$dir/authority.out")
rs=$(listening "$dir/serve.out")

step "a token, with one of two scopes"
answer=$(post /oauth/token alice grant_type=client_credentials scope=bob.user.read)
[ "$(echo "$answer" | status)" = 200 ] || fail "$answer"
token=$(echo "$answer" | member access_token)
[ "$(echo "$answer" | member scope)" = bob.user.read ] || fail "$answer"

step "openssl verifies it with the CA's key"
curl -sS -o "$dir/fetched.crt" "$as/ca.crt"
openssl x509 -in "$dir/fetched.crt" -noout -pubkey >"$dir/fetched.pub" 2>/dev/null ||
    openssl x509 -inform DER -in "$dir/fetched.crt" -noout -pubkey >"$dir/fetched.pub"
part=$(echo "$token" | cut -d. -f3 | tr -- '-_' '+/')
while [ $((${#part} % 4)) -ne 0 ]; do part="$part="; done
echo "$part" | openssl base64 -d -A >"$dir/signature"
printf '%s' "${token%.*}" >"$dir/signed"
openssl dgst -sha256 -verify "$dir/fetched.pub" -signature "$dir/signature" "$dir/signed" >/dev/null || fail "signature"

step "the resource server accepts it"
answer=$(curl -sS -H "Authorization: Bearer $token" "$rs/token")
[ "$(echo "$answer" | member client)" = alice ] || fail "$answer"

step "its audience may ask about it, and nobody else"
answer=$(post /oauth/introspect bob "token=$token")
[ "$(echo "$answer" | member active)" = true ] || fail "$answer"
answer=$(post /oauth/introspect alice "token=$token")
[ "$(echo "$answer" | member active)" = false ] || fail "$answer"

step "an assertion that was used, and one of somebody else's"
used=$(assertion alice)
for wanted in 200 401; do
    answer=$(curl -sS -o /dev/null -w '%{http_code}' "$as/oauth/token" -d grant_type=client_credentials \
        --data-urlencode "client_assertion=$used" \
        --data-urlencode client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer)
    [ "$answer" = "$wanted" ] || fail "$answer instead of $wanted"
done
answer=$(post /oauth/token alice grant_type=client_credentials client_id=bob)
[ "$answer" = '{"error":"invalid_client"}
401' ] || fail "$answer"

step "a new certificate for the same key"
answer=$(renew alice)
[ "$(echo "$answer" | status)" = 200 ] || fail "$answer"
echo "$answer" | sed '$d' >"$dir/renewed.crt"
openssl verify -CAfile "$dir/primary/ca.crt" "$dir/renewed.crt" >/dev/null || fail "openssl verify"
[ "$(openssl x509 -in "$dir/renewed.crt" -noout -pubkey)" = "$(cat "$dir/alice/client.pub")" ] || fail "another key"
[ "$(openssl x509 -in "$dir/renewed.crt" -noout -serial)" != "$(openssl x509 -in "$dir/alice/client.crt" -noout -serial)" ] ||
    fail "the same certificate"

step "the revocation list, by openssl"
curl -sS -o "$dir/list.der" "$as/crl"
openssl crl -inform DER -in "$dir/list.der" -CAfile "$dir/primary/ca.crt" -noout 2>&1 | grep -q 'verify OK' || fail "list"

step "a revoked client gets no token and no certificate, and its token dies"
certauthz crl revoke --ca primary --client alice
sleep 1
answer=$(post /oauth/token alice grant_type=client_credentials)
[ "$(echo "$answer" | status)" = 401 ] || fail "$answer"
answer=$(post /oauth/introspect bob "token=$token")
[ "$(echo "$answer" | member active)" = false ] || fail "$answer"
answer=$(renew alice)
[ "$(echo "$answer" | member reason)" = certificate_revoked ] || fail "$answer"
curl -sS -o "$dir/list.der" "$as/crl"
serial=$(openssl x509 -in "$dir/alice/client.crt" -noout -serial | cut -d= -f2)
openssl crl -inform DER -in "$dir/list.der" -noout -text | grep -qi "$serial" || fail "the list does not have $serial"
echo "all is well"
