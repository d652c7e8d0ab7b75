#!/bin/sh
# Makes the certificates of this directory with OpenSSL 3: a CA, and clients whose keys nobody should use.
# They were made once and are committed, since not every OpenSSL still makes such keys. The private keys are not kept.
set -eu
cd "$(dirname "$0")"
keys=$(mktemp -d)
trap 'rm -r "$keys"' EXIT

openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$keys/ca.key"
openssl req -x509 -new -key "$keys/ca.key" -subj "/CN=Weak Keys CA" -days 36500 -out ca.pem \
    -addext "keyUsage=critical,keyCertSign,cRLSign"

openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:1024 -out "$keys/rsa-1024.key"
openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2040 -out "$keys/rsa-2040.key"
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-192 -out "$keys/ec-p192.key"
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:secp256k1 -out "$keys/ec-secp256k1.key"
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -pkeyopt ec_param_enc:explicit -out "$keys/ec-explicit.key"
openssl genpkey -genparam -algorithm DSA -pkeyopt dsa_paramgen_bits:2048 -out "$keys/dsa.params"
openssl genpkey -paramfile "$keys/dsa.params" -out "$keys/dsa-2048.key"
openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out "$keys/good.key"

printf '%s\n' "basicConstraints=critical,CA:FALSE" "extendedKeyUsage=clientAuth" > "$keys/extensions"
for key in rsa-1024 rsa-2040 ec-p192 ec-secp256k1 ec-explicit dsa-2048 good; do
    openssl req -new -key "$keys/$key.key" -subj "/CN=$key" -out "$keys/$key.csr"
    openssl x509 -req -in "$keys/$key.csr" -CA ca.pem -CAkey "$keys/ca.key" -days 36500 \
        -extfile "$keys/extensions" -out "$key.pem"
done

# The other way round: a good client key, certified by a CA whose own key is weak.
openssl req -x509 -new -key "$keys/rsa-1024.key" -subj "/CN=Weak CA" -days 36500 -out weak-ca.pem \
    -addext "keyUsage=critical,keyCertSign,cRLSign"
openssl req -new -key "$keys/good.key" -subj "/CN=by a weak CA" -out "$keys/by-weak.csr"
openssl x509 -req -in "$keys/by-weak.csr" -CA weak-ca.pem -CAkey "$keys/rsa-1024.key" -days 36500 \
    -extfile "$keys/extensions" -out by-weak-ca.pem
# And one signed with SHA-1.
openssl x509 -req -in "$keys/good.csr" -CA ca.pem -CAkey "$keys/ca.key" -days 36500 -sha1 \
    -extfile "$keys/extensions" -out by-sha1.pem
