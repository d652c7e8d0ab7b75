
use builtin;
use str;

set edit:completion:arg-completer[certauthz] = {|@words|
    fn spaces {|n|
        builtin:repeat $n ' ' | str:join ''
    }
    fn cand {|text desc|
        edit:complex-candidate $text &display=$text' '(spaces (- 14 (wcswidth $text)))$desc
    }
    var command = 'certauthz'
    for word $words[1..-1] {
        if (str:has-prefix $word '-') {
            break
        }
        set command = $command';'$word
    }
    var completions = [
        &'certauthz'= {
            cand --path 'Directory of the credentials'
            cand --scopes-oid 'Object identifier of the scopes extension'
            cand --format 'How results are printed to standard output'
            cand -q 'Print no summaries and no warnings, only errors and the data that was asked for'
            cand --quiet 'Print no summaries and no warnings, only errors and the data that was asked for'
            cand -v 'Tell more on standard error; repeat for even more'
            cand --verbose 'Tell more on standard error; repeat for even more'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
            cand init 'Make the example world: the CA `primary`, the clients `alice` and `bob`, their tokens, an empty CRL'
            cand ca 'Certificate authorities: create, list, show, serve, publish'
            cand client 'Clients: create, renew, list, show, and send a request as one'
            cand token 'Access tokens (JWT)'
            cand crl 'Revocation: revoke certificates, publish and show lists'
            cand sign-request 'Sign a request as a client, without sending it'
            cand verify 'Verify a certificate, token, signed request or revocation list, offline'
            cand serve 'Run a resource server with the routes /token, /cert, /healthz and /metrics'
            cand loadtest 'Measure a resource server: tokens and signed requests side by side'
            cand bench 'Measure signing and verifying alone: what each type of key costs client and server'
            cand completions 'Print the completion script of a shell'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'certauthz;init'= {
            cand --path 'Directory of the credentials'
            cand --scopes-oid 'Object identifier of the scopes extension'
            cand --format 'How results are printed to standard output'
            cand --force 'Replace an example world that exists already'
            cand -q 'Print no summaries and no warnings, only errors and the data that was asked for'
            cand --quiet 'Print no summaries and no warnings, only errors and the data that was asked for'
            cand -v 'Tell more on standard error; repeat for even more'
            cand --verbose 'Tell more on standard error; repeat for even more'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'certauthz;ca'= {
            cand --path 'Directory of the credentials'
            cand --scopes-oid 'Object identifier of the scopes extension'
            cand --format 'How results are printed to standard output'
            cand -q 'Print no summaries and no warnings, only errors and the data that was asked for'
            cand --quiet 'Print no summaries and no warnings, only errors and the data that was asked for'
            cand -v 'Tell more on standard error; repeat for even more'
            cand --verbose 'Tell more on standard error; repeat for even more'
            cand -h 'Print help'
            cand --help 'Print help'
            cand create 'Make a CA: key pair, certificate, database and first revocation list'
            cand list 'List the CAs under --path'
            cand show 'Show a CA and what it issued'
            cand serve 'Run the authorization server: tokens, renewals, revocation list, keys'
            cand publish 'Write the revocation list, keys and certificate as files for any web server or CDN'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'certauthz;ca;create'= {
            cand --name 'Name of the CA, and of its directory under --path'
            cand --common-name 'Common name (CN) of the subject [default: the name]'
            cand --organization 'Organization (O) of the subject'
            cand --expiration 'Life of the certificate: a duration, or the RFC 3339 time of its end [default: 8766h, or the parent''s end]'
            cand --serial-number 'Serial number: decimal, 0x… or colon-hex [default: random, 128 bits]'
            cand --key-type 'Kind of the new key [default: rsa, or what the size implies]'
            cand --key-size 'Size of the new key in bits: 2048, 3072 or 4096 (RSA), 256 or 384 (EC) [default: 2048 or 256]'
            cand --parent 'Make an intermediate CA that this CA signs'
            cand --crl-url 'Where clients of the certificates will find the revocation list'
            cand --issuer 'Issuer identifier in the CA''s access tokens (`iss`) [default: http://127.0.0.1:8586]'
            cand --path 'Directory of the credentials'
            cand --scopes-oid 'Object identifier of the scopes extension'
            cand --format 'How results are printed to standard output'
            cand --force 'Replace a CA of this name; what it issued will no longer verify'
            cand -q 'Print no summaries and no warnings, only errors and the data that was asked for'
            cand --quiet 'Print no summaries and no warnings, only errors and the data that was asked for'
            cand -v 'Tell more on standard error; repeat for even more'
            cand --verbose 'Tell more on standard error; repeat for even more'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'certauthz;ca;list'= {
            cand --path 'Directory of the credentials'
            cand --scopes-oid 'Object identifier of the scopes extension'
            cand --format 'How results are printed to standard output'
            cand -q 'Print no summaries and no warnings, only errors and the data that was asked for'
            cand --quiet 'Print no summaries and no warnings, only errors and the data that was asked for'
            cand -v 'Tell more on standard error; repeat for even more'
            cand --verbose 'Tell more on standard error; repeat for even more'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'certauthz;ca;show'= {
            cand --name 'Name of the CA'
            cand --path 'Directory of the credentials'
            cand --scopes-oid 'Object identifier of the scopes extension'
            cand --format 'How results are printed to standard output'
            cand --jwks 'Print the public key as a JWK set (RFC 7517) instead'
            cand -q 'Print no summaries and no warnings, only errors and the data that was asked for'
            cand --quiet 'Print no summaries and no warnings, only errors and the data that was asked for'
            cand -v 'Tell more on standard error; repeat for even more'
            cand --verbose 'Tell more on standard error; repeat for even more'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'certauthz;ca;serve'= {
            cand --name 'Name of the CA'
            cand --listen 'Address to listen on; port 0 picks a free one'
            cand --issuer 'Issuer identifier: `iss` of the tokens, and where clients reach this server [default: the CA''s own]'
            cand --authority 'A name that this server is called by, besides the issuer''s; repeat for several [default: the address it listens on]'
            cand --token-lifetime 'How long a token lives at most'
            cand --metrics-listen 'Address where /metrics is shown, and there alone; port 0 picks a free one [default: at /metrics of --listen]'
            cand --max-connections 'Most connections at a time; past them, those that keep the server waiting make room for newcomers'
            cand --workers 'Worker threads [default: one per core]'
            cand --path 'Directory of the credentials'
            cand --scopes-oid 'Object identifier of the scopes extension'
            cand --format 'How results are printed to standard output'
            cand --stop-with-stdin 'Stop when standard input ends: a child that must not outlive its parent'
            cand -q 'Print no summaries and no warnings, only errors and the data that was asked for'
            cand --quiet 'Print no summaries and no warnings, only errors and the data that was asked for'
            cand -v 'Tell more on standard error; repeat for even more'
            cand --verbose 'Tell more on standard error; repeat for even more'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'certauthz;ca;publish'= {
            cand --name 'Name of the CA'
            cand --out 'Directory of the files; made if need be'
            cand --issuer 'Issuer identifier in the metadata [default: the CA''s own]'
            cand --path 'Directory of the credentials'
            cand --scopes-oid 'Object identifier of the scopes extension'
            cand --format 'How results are printed to standard output'
            cand -q 'Print no summaries and no warnings, only errors and the data that was asked for'
            cand --quiet 'Print no summaries and no warnings, only errors and the data that was asked for'
            cand -v 'Tell more on standard error; repeat for even more'
            cand --verbose 'Tell more on standard error; repeat for even more'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'certauthz;ca;help'= {
            cand create 'Make a CA: key pair, certificate, database and first revocation list'
            cand list 'List the CAs under --path'
            cand show 'Show a CA and what it issued'
            cand serve 'Run the authorization server: tokens, renewals, revocation list, keys'
            cand publish 'Write the revocation list, keys and certificate as files for any web server or CDN'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'certauthz;ca;help;create'= {
        }
        &'certauthz;ca;help;list'= {
        }
        &'certauthz;ca;help;show'= {
        }
        &'certauthz;ca;help;serve'= {
        }
        &'certauthz;ca;help;publish'= {
        }
        &'certauthz;ca;help;help'= {
        }
        &'certauthz;client'= {
            cand --path 'Directory of the credentials'
            cand --scopes-oid 'Object identifier of the scopes extension'
            cand --format 'How results are printed to standard output'
            cand -q 'Print no summaries and no warnings, only errors and the data that was asked for'
            cand --quiet 'Print no summaries and no warnings, only errors and the data that was asked for'
            cand -v 'Tell more on standard error; repeat for even more'
            cand --verbose 'Tell more on standard error; repeat for even more'
            cand -h 'Print help'
            cand --help 'Print help'
            cand create 'Make a client: key pair, certificate with scopes, and token'
            cand renew 'Issue a new certificate and token for a client''s key, or have one issued by the authorization server'
            cand token 'Fetch an access token from the authorization server and print it'
            cand list 'List the clients under --path'
            cand show 'Show a client: certificate, scopes, token'
            cand request 'Send a request as a client, with its token or its certificate'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'certauthz;client;create'= {
            cand --name 'Name of the client, and of its directory under --path'
            cand --ca 'The CA that issues'
            cand --scope 'A scope that the client gets; repeat for several'
            cand --common-name 'Common name (CN) of the subject [default: the name]'
            cand --organization 'Organization (O) of the subject'
            cand --expiration 'Life of the certificate: a duration, or the RFC 3339 time of its end [default: 365d, or the CA''s end]'
            cand --serial-number 'Serial number: decimal, 0x… or colon-hex [default: random, 128 bits]'
            cand --key-type 'Kind of the new key [default: rsa, or what the size implies]'
            cand --key-size 'Size of the new key in bits: 2048, 3072 or 4096 (RSA), 256 or 384 (EC) [default: 2048 or 256]'
            cand --csr 'A PKCS#10 request (PEM or DER) of a key that stays where it is'
            cand --path 'Directory of the credentials'
            cand --scopes-oid 'Object identifier of the scopes extension'
            cand --format 'How results are printed to standard output'
            cand --force 'Replace a client of this name'
            cand -q 'Print no summaries and no warnings, only errors and the data that was asked for'
            cand --quiet 'Print no summaries and no warnings, only errors and the data that was asked for'
            cand -v 'Tell more on standard error; repeat for even more'
            cand --verbose 'Tell more on standard error; repeat for even more'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'certauthz;client;renew'= {
            cand --name 'Name of the client'
            cand --scope 'The client''s scopes from now on; repeat for several [default: those it has]'
            cand --expiration 'Life of the new certificate: a duration, or the RFC 3339 time of its end [default: 365d, or the CA''s end]'
            cand --authority 'The authorization server that issues it; without, the CA''s own files are used'
            cand --path 'Directory of the credentials'
            cand --scopes-oid 'Object identifier of the scopes extension'
            cand --format 'How results are printed to standard output'
            cand -q 'Print no summaries and no warnings, only errors and the data that was asked for'
            cand --quiet 'Print no summaries and no warnings, only errors and the data that was asked for'
            cand -v 'Tell more on standard error; repeat for even more'
            cand --verbose 'Tell more on standard error; repeat for even more'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'certauthz;client;token'= {
            cand --name 'Name of the client'
            cand --authority 'The authorization server'
            cand --audience 'The service that shall accept it [default: the first segment of the scopes, e.g. bob of bob.user.read]'
            cand --scope 'A scope of the token; repeat for several; only scopes that the client has [default: all of them]'
            cand --path 'Directory of the credentials'
            cand --scopes-oid 'Object identifier of the scopes extension'
            cand --format 'How results are printed to standard output'
            cand -q 'Print no summaries and no warnings, only errors and the data that was asked for'
            cand --quiet 'Print no summaries and no warnings, only errors and the data that was asked for'
            cand -v 'Tell more on standard error; repeat for even more'
            cand --verbose 'Tell more on standard error; repeat for even more'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'certauthz;client;list'= {
            cand --path 'Directory of the credentials'
            cand --scopes-oid 'Object identifier of the scopes extension'
            cand --format 'How results are printed to standard output'
            cand -q 'Print no summaries and no warnings, only errors and the data that was asked for'
            cand --quiet 'Print no summaries and no warnings, only errors and the data that was asked for'
            cand -v 'Tell more on standard error; repeat for even more'
            cand --verbose 'Tell more on standard error; repeat for even more'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'certauthz;client;show'= {
            cand --name 'Name of the client'
            cand --path 'Directory of the credentials'
            cand --scopes-oid 'Object identifier of the scopes extension'
            cand --format 'How results are printed to standard output'
            cand -q 'Print no summaries and no warnings, only errors and the data that was asked for'
            cand --quiet 'Print no summaries and no warnings, only errors and the data that was asked for'
            cand -v 'Tell more on standard error; repeat for even more'
            cand --verbose 'Tell more on standard error; repeat for even more'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'certauthz;client;request'= {
            cand --name 'The client that sends'
            cand --mode 'The credential to show'
            cand --authority 'The authorization server to fetch tokens from [default: none, the client''s token.jwt is sent]'
            cand --cert-url 'Where the request goes when it is signed in mode auto [default: URL; of /token and /cert, each credential takes its own]'
            cand --repeat 'Send it this many times, and print one line for each'
            cand --interval 'From the beginning of one request to that of the next'
            cand -X 'Method [default: GET, or POST with a body]'
            cand --request 'Method [default: GET, or POST with a body]'
            cand -H 'A header of the request; repeat for several'
            cand --header 'A header of the request; repeat for several'
            cand -d 'Body of the request: the data itself, @FILE for a file''s bytes, @- for standard input'
            cand --data 'Body of the request: the data itself, @FILE for a file''s bytes, @- for standard input'
            cand --path 'Directory of the credentials'
            cand --scopes-oid 'Object identifier of the scopes extension'
            cand --format 'How results are printed to standard output'
            cand -q 'Print no summaries and no warnings, only errors and the data that was asked for'
            cand --quiet 'Print no summaries and no warnings, only errors and the data that was asked for'
            cand -v 'Tell more on standard error; repeat for even more'
            cand --verbose 'Tell more on standard error; repeat for even more'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'certauthz;client;help'= {
            cand create 'Make a client: key pair, certificate with scopes, and token'
            cand renew 'Issue a new certificate and token for a client''s key, or have one issued by the authorization server'
            cand token 'Fetch an access token from the authorization server and print it'
            cand list 'List the clients under --path'
            cand show 'Show a client: certificate, scopes, token'
            cand request 'Send a request as a client, with its token or its certificate'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'certauthz;client;help;create'= {
        }
        &'certauthz;client;help;renew'= {
        }
        &'certauthz;client;help;token'= {
        }
        &'certauthz;client;help;list'= {
        }
        &'certauthz;client;help;show'= {
        }
        &'certauthz;client;help;request'= {
        }
        &'certauthz;client;help;help'= {
        }
        &'certauthz;token'= {
            cand --path 'Directory of the credentials'
            cand --scopes-oid 'Object identifier of the scopes extension'
            cand --format 'How results are printed to standard output'
            cand -q 'Print no summaries and no warnings, only errors and the data that was asked for'
            cand --quiet 'Print no summaries and no warnings, only errors and the data that was asked for'
            cand -v 'Tell more on standard error; repeat for even more'
            cand --verbose 'Tell more on standard error; repeat for even more'
            cand -h 'Print help'
            cand --help 'Print help'
            cand create 'Make an access token (RFC 9068) for a client and print it'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'certauthz;token;create'= {
            cand --ca 'The CA that issues'
            cand --client 'The client that the token is for'
            cand --audience 'The service that shall accept it [default: the first segment of the scopes, e.g. bob of bob.user.read]'
            cand --scope 'A scope of the token; repeat for several; only scopes that the client has [default: all of them]'
            cand --expiration 'Life of the token: a duration, or the RFC 3339 time of its end [default: 15m, but not beyond the certificate]'
            cand --path 'Directory of the credentials'
            cand --scopes-oid 'Object identifier of the scopes extension'
            cand --format 'How results are printed to standard output'
            cand -q 'Print no summaries and no warnings, only errors and the data that was asked for'
            cand --quiet 'Print no summaries and no warnings, only errors and the data that was asked for'
            cand -v 'Tell more on standard error; repeat for even more'
            cand --verbose 'Tell more on standard error; repeat for even more'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'certauthz;token;help'= {
            cand create 'Make an access token (RFC 9068) for a client and print it'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'certauthz;token;help;create'= {
        }
        &'certauthz;token;help;help'= {
        }
        &'certauthz;crl'= {
            cand --path 'Directory of the credentials'
            cand --scopes-oid 'Object identifier of the scopes extension'
            cand --format 'How results are printed to standard output'
            cand -q 'Print no summaries and no warnings, only errors and the data that was asked for'
            cand --quiet 'Print no summaries and no warnings, only errors and the data that was asked for'
            cand -v 'Tell more on standard error; repeat for even more'
            cand --verbose 'Tell more on standard error; repeat for even more'
            cand -h 'Print help'
            cand --help 'Print help'
            cand revoke 'Revoke certificates and publish a new list'
            cand create 'Publish a new list'
            cand show 'Print a list: number, times, entries'
            cand generate 'Write a list with many invented entries, to try out and measure'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'certauthz;crl;revoke'= {
            cand --ca 'The CA that issued'
            cand --client 'Every certificate of this client that is still in force'
            cand --serial 'The certificate with this serial number: decimal, 0x… or colon-hex'
            cand --cert 'This certificate (PEM or DER)'
            cand --reason 'Why (RFC 5280 section 5.3.1)'
            cand --path 'Directory of the credentials'
            cand --scopes-oid 'Object identifier of the scopes extension'
            cand --format 'How results are printed to standard output'
            cand -q 'Print no summaries and no warnings, only errors and the data that was asked for'
            cand --quiet 'Print no summaries and no warnings, only errors and the data that was asked for'
            cand -v 'Tell more on standard error; repeat for even more'
            cand --verbose 'Tell more on standard error; repeat for even more'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'certauthz;crl;create'= {
            cand --ca 'The CA whose list it is'
            cand --next-update 'When the following list will be there at the latest: a duration, or an RFC 3339 time'
            cand --path 'Directory of the credentials'
            cand --scopes-oid 'Object identifier of the scopes extension'
            cand --format 'How results are printed to standard output'
            cand -q 'Print no summaries and no warnings, only errors and the data that was asked for'
            cand --quiet 'Print no summaries and no warnings, only errors and the data that was asked for'
            cand -v 'Tell more on standard error; repeat for even more'
            cand --verbose 'Tell more on standard error; repeat for even more'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'certauthz;crl;show'= {
            cand --path 'Directory of the credentials'
            cand --scopes-oid 'Object identifier of the scopes extension'
            cand --format 'How results are printed to standard output'
            cand -q 'Print no summaries and no warnings, only errors and the data that was asked for'
            cand --quiet 'Print no summaries and no warnings, only errors and the data that was asked for'
            cand -v 'Tell more on standard error; repeat for even more'
            cand --verbose 'Tell more on standard error; repeat for even more'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'certauthz;crl;generate'= {
            cand --ca 'The CA whose list it is'
            cand --entries 'How many entries to invent beside those of the CA'
            cand --out 'Where to write it: DER if the name ends in .der, else PEM'
            cand --seed 'The same seed invents the same entries'
            cand --next-update 'When the following list will be there at the latest: a duration, or an RFC 3339 time'
            cand --path 'Directory of the credentials'
            cand --scopes-oid 'Object identifier of the scopes extension'
            cand --format 'How results are printed to standard output'
            cand -q 'Print no summaries and no warnings, only errors and the data that was asked for'
            cand --quiet 'Print no summaries and no warnings, only errors and the data that was asked for'
            cand -v 'Tell more on standard error; repeat for even more'
            cand --verbose 'Tell more on standard error; repeat for even more'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'certauthz;crl;help'= {
            cand revoke 'Revoke certificates and publish a new list'
            cand create 'Publish a new list'
            cand show 'Print a list: number, times, entries'
            cand generate 'Write a list with many invented entries, to try out and measure'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'certauthz;crl;help;revoke'= {
        }
        &'certauthz;crl;help;create'= {
        }
        &'certauthz;crl;help;show'= {
        }
        &'certauthz;crl;help;generate'= {
        }
        &'certauthz;crl;help;help'= {
        }
        &'certauthz;sign-request'= {
            cand --client 'The client that signs'
            cand -X 'Method [default: GET, or POST with a body]'
            cand --request 'Method [default: GET, or POST with a body]'
            cand -H 'A header of the request; repeat for several'
            cand --header 'A header of the request; repeat for several'
            cand -d 'Body of the request: the data itself, @FILE for a file''s bytes, @- for standard input'
            cand --data 'Body of the request: the data itself, @FILE for a file''s bytes, @- for standard input'
            cand --expires-in 'How long the signature can be used, at most 300s'
            cand --count 'Sign this many times, each with its own nonce, on all cores'
            cand --output 'What to print [default: headers, or json with --format json]'
            cand --path 'Directory of the credentials'
            cand --scopes-oid 'Object identifier of the scopes extension'
            cand --format 'How results are printed to standard output'
            cand -q 'Print no summaries and no warnings, only errors and the data that was asked for'
            cand --quiet 'Print no summaries and no warnings, only errors and the data that was asked for'
            cand -v 'Tell more on standard error; repeat for even more'
            cand --verbose 'Tell more on standard error; repeat for even more'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'certauthz;verify'= {
            cand --path 'Directory of the credentials'
            cand --scopes-oid 'Object identifier of the scopes extension'
            cand --format 'How results are printed to standard output'
            cand -q 'Print no summaries and no warnings, only errors and the data that was asked for'
            cand --quiet 'Print no summaries and no warnings, only errors and the data that was asked for'
            cand -v 'Tell more on standard error; repeat for even more'
            cand --verbose 'Tell more on standard error; repeat for even more'
            cand -h 'Print help'
            cand --help 'Print help'
            cand cert 'Verify a client certificate: chain, revocation, purpose, scopes'
            cand token 'Verify an access token (JWT)'
            cand request 'Verify a signed HTTP/1.1 request, as `sign-request --output http` prints it'
            cand crl 'Verify a revocation list: signature and times'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'certauthz;verify;cert'= {
            cand --ca 'A trusted CA: its name under --path, or a certificate file (PEM or DER); repeat for several'
            cand --intermediate 'An intermediate CA''s certificate (PEM or DER); repeat for several'
            cand --crl 'A revocation list (PEM or DER) instead of the CA''s own; repeat for several'
            cand --require-scope 'A scope that the certificate must carry; repeat for several'
            cand --at 'Verify as of this RFC 3339 time [default: now]'
            cand --path 'Directory of the credentials'
            cand --scopes-oid 'Object identifier of the scopes extension'
            cand --format 'How results are printed to standard output'
            cand --no-crl 'Do not check revocation'
            cand --no-scopes 'Do not look at scopes: accept a certificate that has none'
            cand --any-purpose 'Do not want the extended key usage clientAuth'
            cand --explain 'Print every step: passed, failed with its reason, skipped, or not reached'
            cand -q 'Print no summaries and no warnings, only errors and the data that was asked for'
            cand --quiet 'Print no summaries and no warnings, only errors and the data that was asked for'
            cand -v 'Tell more on standard error; repeat for even more'
            cand --verbose 'Tell more on standard error; repeat for even more'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'certauthz;verify;token'= {
            cand --ca 'A trusted CA: its name under --path, or a certificate file (PEM or DER); repeat for several'
            cand --audience 'The audience that the token must be made for'
            cand --issuer 'The issuer that the token must name [default: the CA''s own, or http://127.0.0.1:8586 for a CA''s file]'
            cand --require-scope 'A scope that the token must carry; repeat for several'
            cand --crl 'A revocation list (PEM or DER) instead of the CA''s own; repeat for several'
            cand --at 'Verify as of this RFC 3339 time [default: now]'
            cand --path 'Directory of the credentials'
            cand --scopes-oid 'Object identifier of the scopes extension'
            cand --format 'How results are printed to standard output'
            cand --no-crl 'Do not check revocation'
            cand --explain 'Print every step: passed, failed with its reason, skipped, or not reached'
            cand -q 'Print no summaries and no warnings, only errors and the data that was asked for'
            cand --quiet 'Print no summaries and no warnings, only errors and the data that was asked for'
            cand -v 'Tell more on standard error; repeat for even more'
            cand --verbose 'Tell more on standard error; repeat for even more'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'certauthz;verify;request'= {
            cand --ca 'A trusted CA: its name under --path, or a certificate file (PEM or DER); repeat for several'
            cand --crl 'A revocation list (PEM or DER) instead of the CA''s own; repeat for several'
            cand --authority 'An authority that the request may be for; repeat for several [default: any]'
            cand --require-scope 'A scope that the certificate must carry; repeat for several'
            cand --at 'Verify as of this RFC 3339 time [default: now]'
            cand --path 'Directory of the credentials'
            cand --scopes-oid 'Object identifier of the scopes extension'
            cand --format 'How results are printed to standard output'
            cand --no-crl 'Do not check revocation'
            cand --explain 'Print every step: passed, failed with its reason, skipped, or not reached'
            cand -q 'Print no summaries and no warnings, only errors and the data that was asked for'
            cand --quiet 'Print no summaries and no warnings, only errors and the data that was asked for'
            cand -v 'Tell more on standard error; repeat for even more'
            cand --verbose 'Tell more on standard error; repeat for even more'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'certauthz;verify;crl'= {
            cand --ca 'The CA whose list it should be: its name under --path, or a certificate file (PEM or DER)'
            cand --at 'Verify as of this RFC 3339 time [default: now]'
            cand --path 'Directory of the credentials'
            cand --scopes-oid 'Object identifier of the scopes extension'
            cand --format 'How results are printed to standard output'
            cand --explain 'Print every step: passed, failed with its reason, skipped, or not reached'
            cand -q 'Print no summaries and no warnings, only errors and the data that was asked for'
            cand --quiet 'Print no summaries and no warnings, only errors and the data that was asked for'
            cand -v 'Tell more on standard error; repeat for even more'
            cand --verbose 'Tell more on standard error; repeat for even more'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'certauthz;verify;help'= {
            cand cert 'Verify a client certificate: chain, revocation, purpose, scopes'
            cand token 'Verify an access token (JWT)'
            cand request 'Verify a signed HTTP/1.1 request, as `sign-request --output http` prints it'
            cand crl 'Verify a revocation list: signature and times'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'certauthz;verify;help;cert'= {
        }
        &'certauthz;verify;help;token'= {
        }
        &'certauthz;verify;help;request'= {
        }
        &'certauthz;verify;help;crl'= {
        }
        &'certauthz;verify;help;help'= {
        }
        &'certauthz;serve'= {
            cand --ca 'The CA whose certificates and tokens are accepted: its name under --path, or a file with its certificate (PEM or DER; then name the issuer and the revocation lists, too)'
            cand --listen 'Address to listen on; port 0 picks a free one'
            cand --metrics-listen 'Address where /metrics is shown, and there alone; port 0 picks a free one [default: at /metrics of --listen]'
            cand --audience 'This service''s name, which tokens must be made for'
            cand --require-scope 'A scope that callers must have; repeat for several'
            cand --authority 'A name that this service is called by; repeat for several [default: the address it listens on]'
            cand --max-age 'Oldest signature that is accepted'
            cand --skew 'Difference of clocks that is tolerated'
            cand --max-body 'Largest request body that is accepted'
            cand --max-connections 'Most connections at a time; past them, those that keep the server waiting make room for newcomers'
            cand --crl 'Revocation list (PEM or DER): a file, read again when it changes, or a URL; repeat for several [default: ca.crl of the CA and of the CAs below it]'
            cand --crl-interval 'How often the URLs of --crl and --jwks are asked for news, from 1s'
            cand --jwks 'The keys of the tokens, as a JWK set: a file, read again when it changes, or a URL [default: the CA''s key, which also holds until a set was read]'
            cand --introspect 'Ask the authorization server about tokens at this URL (RFC 7662), instead of checking them here'
            cand --introspect-client 'The client under --path as which it is asked: this service''s own name there'
            cand --introspect-cache 'How long its answers are remembered; 0s for not at all'
            cand --stale-crl 'What holds once the list is stale: fail-closed, grace=DURATION or fail-open'
            cand --issuer 'Issuer that tokens must name [default: the CA''s own]'
            cand --replay-capacity 'Most nonces that are remembered against replays'
            cand --cert-cache 'Most certificates whose verified chain is remembered, in at most 8 KiB each; 0 for none'
            cand --token-cache 'Most tokens whose verified signature is remembered, in at most 8 KiB each; 0 for none'
            cand --workers 'Worker threads [default: one per core]'
            cand --path 'Directory of the credentials'
            cand --scopes-oid 'Object identifier of the scopes extension'
            cand --format 'How results are printed to standard output'
            cand --stop-with-stdin 'Stop when standard input ends: a child that must not outlive its parent'
            cand -q 'Print no summaries and no warnings, only errors and the data that was asked for'
            cand --quiet 'Print no summaries and no warnings, only errors and the data that was asked for'
            cand -v 'Tell more on standard error; repeat for even more'
            cand --verbose 'Tell more on standard error; repeat for even more'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'certauthz;loadtest'= {
            cand --url 'The same as URL; repeat for several'
            cand --mode 'The credentials that requests show'
            cand --client 'A client whose credentials are used; requests come from several in turn [default: alice]'
            cand --clients 'In the temporary world: requests come from this many clients in turn, each with its own key'
            cand --token 'File with the token to send; - is standard input [default: a new one, or the client''s]'
            cand --key-type 'Kind of the new key [default: rsa, or what the size implies]'
            cand --key-size 'Size of the new key in bits: 2048, 3072 or 4096 (RSA), 256 or 384 (EC) [default: 2048 or 256]'
            cand -n 'Send this many requests in each mode'
            cand --requests 'Send this many requests in each mode'
            cand -z 'Send requests for this long in each mode [default: 5s; with --outage, 5s more than that ends]'
            cand --duration 'Send requests for this long in each mode [default: 5s; with --outage, 5s more than that ends]'
            cand -c 'Connections, each with one request under way at most'
            cand --connections 'Connections, each with one request under way at most'
            cand -q 'Requests per second, at even distances, all connections together [default: as many as the server answers; with --mode auto 200]'
            cand --rate 'Requests per second, at even distances, all connections together [default: as many as the server answers; with --mode auto 200]'
            cand --ramp 'Let the rate, or without -q the connections, rise for this long first; not counted'
            cand --warmup 'Send for this long first; not counted [default: 200 requests, for 1s at most; with --mode auto 1s]'
            cand --drain 'At the end, wait this long for what is due or under way; what is left then is counted as such'
            cand --timeout 'Longest time to wait for an answer'
            cand --connect-timeout 'Longest time to wait for a connection: the default has room for two lost packets, which are sent again after 1 s and 3 s'
            cand --presign 'When requests are signed'
            cand --max-age 'How long the server takes a signature (its --max-age), 2s to 300s; none is sent that is older than half of it'
            cand -X 'Method [default: GET, or POST with a body]'
            cand --request 'Method [default: GET, or POST with a body]'
            cand -H 'A header of the requests; repeat for several'
            cand --header 'A header of the requests; repeat for several'
            cand -d 'Body of the requests: the data itself, @FILE for a file''s bytes, @- for standard input'
            cand --data 'Body of the requests: the data itself, @FILE for a file''s bytes, @- for standard input'
            cand -D 'Body of the requests: this file''s bytes; - is standard input'
            cand --data-file 'Body of the requests: this file''s bytes; - is standard input'
            cand -T 'Content-Type of the requests'
            cand --content-type 'Content-Type of the requests'
            cand --threshold 'What must hold, like ''cert.p99<5ms'', ''cert.successRate>=0.999'' or ''cert/token.p50<1.2''; repeat for several'
            cand -o 'Write the report into this file, as JSON'
            cand --output 'Write the report into this file, as JSON'
            cand --report 'Write the report into this file, as a page for browsers'
            cand --csv 'Write a line for each second and mode into this file, as CSV'
            cand --hdr-log 'Write the latencies of each second into this file, as an interval log of HdrHistogram (V2)'
            cand --server-metrics 'Where the server shows its metrics; its CPU time is read there [default: /metrics of URL, if it has them]'
            cand --outage 'When the authority is away, from the begin of the run'
            cand --outage-kind 'In which way it is away'
            cand --path 'Directory of the credentials'
            cand --scopes-oid 'Object identifier of the scopes extension'
            cand --format 'How results are printed to standard output'
            cand --matrix 'RSA 2048, EC P-256 and Ed25519 beside one another, each in a temporary world of its own'
            cand --aa 'The mode against itself: how much two runs of the same differ here'
            cand --disable-keepalive 'A new connection for each request'
            cand --no-progress 'Show no progress'
            cand --quiet 'Print no summaries and no warnings, only errors and the data that was asked for'
            cand -v 'Tell more on standard error; repeat for even more'
            cand --verbose 'Tell more on standard error; repeat for even more'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand compare 'Compare two runs, as -o wrote them: the second with the first'
            cand merge 'Add runs of several machines, as -o wrote them, as if they were one'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'certauthz;loadtest;compare'= {
            cand --path 'Directory of the credentials'
            cand --scopes-oid 'Object identifier of the scopes extension'
            cand --format 'How results are printed to standard output'
            cand --quiet 'Print no summaries and no warnings, only errors and the data that was asked for'
            cand -v 'Tell more on standard error; repeat for even more'
            cand --verbose 'Tell more on standard error; repeat for even more'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'certauthz;loadtest;merge'= {
            cand --threshold 'What must hold, like ''cert.p99<5ms'', ''cert.successRate>=0.999'' or ''cert/token.p50<1.2''; repeat for several'
            cand -o 'Write the report into this file, as JSON'
            cand --output 'Write the report into this file, as JSON'
            cand --report 'Write the report into this file, as a page for browsers'
            cand --path 'Directory of the credentials'
            cand --scopes-oid 'Object identifier of the scopes extension'
            cand --format 'How results are printed to standard output'
            cand --quiet 'Print no summaries and no warnings, only errors and the data that was asked for'
            cand -v 'Tell more on standard error; repeat for even more'
            cand --verbose 'Tell more on standard error; repeat for even more'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'certauthz;loadtest;help'= {
            cand compare 'Compare two runs, as -o wrote them: the second with the first'
            cand merge 'Add runs of several machines, as -o wrote them, as if they were one'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'certauthz;loadtest;help;compare'= {
        }
        &'certauthz;loadtest;help;merge'= {
        }
        &'certauthz;loadtest;help;help'= {
        }
        &'certauthz;bench'= {
            cand --key 'Measure this private key (PEM, PKCS#8; - for standard input); repeat for several'
            cand --key-type 'Measure only new keys of this kind; repeat for several [default: all]'
            cand --key-size 'Measure only new keys of this size in bits; repeat for several [default: all]'
            cand --seconds 'Time to spend on each key'
            cand --path 'Directory of the credentials'
            cand --scopes-oid 'Object identifier of the scopes extension'
            cand --format 'How results are printed to standard output'
            cand -q 'Print no summaries and no warnings, only errors and the data that was asked for'
            cand --quiet 'Print no summaries and no warnings, only errors and the data that was asked for'
            cand -v 'Tell more on standard error; repeat for even more'
            cand --verbose 'Tell more on standard error; repeat for even more'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'certauthz;completions'= {
            cand --path 'Directory of the credentials'
            cand --scopes-oid 'Object identifier of the scopes extension'
            cand --format 'How results are printed to standard output'
            cand -q 'Print no summaries and no warnings, only errors and the data that was asked for'
            cand --quiet 'Print no summaries and no warnings, only errors and the data that was asked for'
            cand -v 'Tell more on standard error; repeat for even more'
            cand --verbose 'Tell more on standard error; repeat for even more'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'certauthz;help'= {
            cand init 'Make the example world: the CA `primary`, the clients `alice` and `bob`, their tokens, an empty CRL'
            cand ca 'Certificate authorities: create, list, show, serve, publish'
            cand client 'Clients: create, renew, list, show, and send a request as one'
            cand token 'Access tokens (JWT)'
            cand crl 'Revocation: revoke certificates, publish and show lists'
            cand sign-request 'Sign a request as a client, without sending it'
            cand verify 'Verify a certificate, token, signed request or revocation list, offline'
            cand serve 'Run a resource server with the routes /token, /cert, /healthz and /metrics'
            cand loadtest 'Measure a resource server: tokens and signed requests side by side'
            cand bench 'Measure signing and verifying alone: what each type of key costs client and server'
            cand completions 'Print the completion script of a shell'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'certauthz;help;init'= {
        }
        &'certauthz;help;ca'= {
            cand create 'Make a CA: key pair, certificate, database and first revocation list'
            cand list 'List the CAs under --path'
            cand show 'Show a CA and what it issued'
            cand serve 'Run the authorization server: tokens, renewals, revocation list, keys'
            cand publish 'Write the revocation list, keys and certificate as files for any web server or CDN'
        }
        &'certauthz;help;ca;create'= {
        }
        &'certauthz;help;ca;list'= {
        }
        &'certauthz;help;ca;show'= {
        }
        &'certauthz;help;ca;serve'= {
        }
        &'certauthz;help;ca;publish'= {
        }
        &'certauthz;help;client'= {
            cand create 'Make a client: key pair, certificate with scopes, and token'
            cand renew 'Issue a new certificate and token for a client''s key, or have one issued by the authorization server'
            cand token 'Fetch an access token from the authorization server and print it'
            cand list 'List the clients under --path'
            cand show 'Show a client: certificate, scopes, token'
            cand request 'Send a request as a client, with its token or its certificate'
        }
        &'certauthz;help;client;create'= {
        }
        &'certauthz;help;client;renew'= {
        }
        &'certauthz;help;client;token'= {
        }
        &'certauthz;help;client;list'= {
        }
        &'certauthz;help;client;show'= {
        }
        &'certauthz;help;client;request'= {
        }
        &'certauthz;help;token'= {
            cand create 'Make an access token (RFC 9068) for a client and print it'
        }
        &'certauthz;help;token;create'= {
        }
        &'certauthz;help;crl'= {
            cand revoke 'Revoke certificates and publish a new list'
            cand create 'Publish a new list'
            cand show 'Print a list: number, times, entries'
            cand generate 'Write a list with many invented entries, to try out and measure'
        }
        &'certauthz;help;crl;revoke'= {
        }
        &'certauthz;help;crl;create'= {
        }
        &'certauthz;help;crl;show'= {
        }
        &'certauthz;help;crl;generate'= {
        }
        &'certauthz;help;sign-request'= {
        }
        &'certauthz;help;verify'= {
            cand cert 'Verify a client certificate: chain, revocation, purpose, scopes'
            cand token 'Verify an access token (JWT)'
            cand request 'Verify a signed HTTP/1.1 request, as `sign-request --output http` prints it'
            cand crl 'Verify a revocation list: signature and times'
        }
        &'certauthz;help;verify;cert'= {
        }
        &'certauthz;help;verify;token'= {
        }
        &'certauthz;help;verify;request'= {
        }
        &'certauthz;help;verify;crl'= {
        }
        &'certauthz;help;serve'= {
        }
        &'certauthz;help;loadtest'= {
            cand compare 'Compare two runs, as -o wrote them: the second with the first'
            cand merge 'Add runs of several machines, as -o wrote them, as if they were one'
        }
        &'certauthz;help;loadtest;compare'= {
        }
        &'certauthz;help;loadtest;merge'= {
        }
        &'certauthz;help;bench'= {
        }
        &'certauthz;help;completions'= {
        }
        &'certauthz;help;help'= {
        }
    ]
    $completions[$command]
}
