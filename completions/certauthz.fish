# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_certauthz_global_optspecs
    string join \n path= scopes-oid= format= q/quiet v/verbose h/help V/version
end

function __fish_certauthz_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_certauthz_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_certauthz_using_subcommand
    set -l cmd (__fish_certauthz_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c certauthz -n "__fish_certauthz_needs_command" -l path -d 'Directory of the credentials' -r -f -a "(__fish_complete_directories)"
complete -c certauthz -n "__fish_certauthz_needs_command" -l scopes-oid -d 'Object identifier of the scopes extension' -r
complete -c certauthz -n "__fish_certauthz_needs_command" -l format -d 'How results are printed to standard output' -r -f -a "text\t''
json\t''"
complete -c certauthz -n "__fish_certauthz_needs_command" -s q -l quiet -d 'Print no summaries and no warnings, only errors and the data that was asked for'
complete -c certauthz -n "__fish_certauthz_needs_command" -s v -l verbose -d 'Tell more on standard error; repeat for even more'
complete -c certauthz -n "__fish_certauthz_needs_command" -s h -l help -d 'Print help'
complete -c certauthz -n "__fish_certauthz_needs_command" -s V -l version -d 'Print version'
complete -c certauthz -n "__fish_certauthz_needs_command" -f -a "init" -d 'Make the example world: the CA `primary`, the clients `alice` and `bob`, their tokens, an empty CRL'
complete -c certauthz -n "__fish_certauthz_needs_command" -f -a "ca" -d 'Certificate authorities: create, list, show, serve, publish'
complete -c certauthz -n "__fish_certauthz_needs_command" -f -a "client" -d 'Clients: create, renew, list, show, and send a request as one'
complete -c certauthz -n "__fish_certauthz_needs_command" -f -a "token" -d 'Access tokens (JWT)'
complete -c certauthz -n "__fish_certauthz_needs_command" -f -a "crl" -d 'Revocation: revoke certificates, publish and show lists'
complete -c certauthz -n "__fish_certauthz_needs_command" -f -a "sign-request" -d 'Sign a request as a client, without sending it'
complete -c certauthz -n "__fish_certauthz_needs_command" -f -a "verify" -d 'Verify a certificate, token, signed request or revocation list, offline'
complete -c certauthz -n "__fish_certauthz_needs_command" -f -a "serve" -d 'Run a resource server with the routes /token, /cert, /healthz and /metrics'
complete -c certauthz -n "__fish_certauthz_needs_command" -f -a "loadtest" -d 'Measure a resource server: tokens and signed requests side by side'
complete -c certauthz -n "__fish_certauthz_needs_command" -f -a "bench" -d 'Measure signing and verifying alone: what each type of key costs client and server'
complete -c certauthz -n "__fish_certauthz_needs_command" -f -a "completions" -d 'Print the completion script of a shell'
complete -c certauthz -n "__fish_certauthz_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c certauthz -n "__fish_certauthz_using_subcommand init" -l path -d 'Directory of the credentials' -r -f -a "(__fish_complete_directories)"
complete -c certauthz -n "__fish_certauthz_using_subcommand init" -l scopes-oid -d 'Object identifier of the scopes extension' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand init" -l format -d 'How results are printed to standard output' -r -f -a "text\t''
json\t''"
complete -c certauthz -n "__fish_certauthz_using_subcommand init" -l force -d 'Replace an example world that exists already'
complete -c certauthz -n "__fish_certauthz_using_subcommand init" -s q -l quiet -d 'Print no summaries and no warnings, only errors and the data that was asked for'
complete -c certauthz -n "__fish_certauthz_using_subcommand init" -s v -l verbose -d 'Tell more on standard error; repeat for even more'
complete -c certauthz -n "__fish_certauthz_using_subcommand init" -s h -l help -d 'Print help'
complete -c certauthz -n "__fish_certauthz_using_subcommand ca; and not __fish_seen_subcommand_from create list show serve publish help" -l path -d 'Directory of the credentials' -r -f -a "(__fish_complete_directories)"
complete -c certauthz -n "__fish_certauthz_using_subcommand ca; and not __fish_seen_subcommand_from create list show serve publish help" -l scopes-oid -d 'Object identifier of the scopes extension' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand ca; and not __fish_seen_subcommand_from create list show serve publish help" -l format -d 'How results are printed to standard output' -r -f -a "text\t''
json\t''"
complete -c certauthz -n "__fish_certauthz_using_subcommand ca; and not __fish_seen_subcommand_from create list show serve publish help" -s q -l quiet -d 'Print no summaries and no warnings, only errors and the data that was asked for'
complete -c certauthz -n "__fish_certauthz_using_subcommand ca; and not __fish_seen_subcommand_from create list show serve publish help" -s v -l verbose -d 'Tell more on standard error; repeat for even more'
complete -c certauthz -n "__fish_certauthz_using_subcommand ca; and not __fish_seen_subcommand_from create list show serve publish help" -s h -l help -d 'Print help'
complete -c certauthz -n "__fish_certauthz_using_subcommand ca; and not __fish_seen_subcommand_from create list show serve publish help" -f -a "create" -d 'Make a CA: key pair, certificate, database and first revocation list'
complete -c certauthz -n "__fish_certauthz_using_subcommand ca; and not __fish_seen_subcommand_from create list show serve publish help" -f -a "list" -d 'List the CAs under --path'
complete -c certauthz -n "__fish_certauthz_using_subcommand ca; and not __fish_seen_subcommand_from create list show serve publish help" -f -a "show" -d 'Show a CA and what it issued'
complete -c certauthz -n "__fish_certauthz_using_subcommand ca; and not __fish_seen_subcommand_from create list show serve publish help" -f -a "serve" -d 'Run the authorization server: tokens, renewals, revocation list, keys'
complete -c certauthz -n "__fish_certauthz_using_subcommand ca; and not __fish_seen_subcommand_from create list show serve publish help" -f -a "publish" -d 'Write the revocation list, keys and certificate as files for any web server or CDN'
complete -c certauthz -n "__fish_certauthz_using_subcommand ca; and not __fish_seen_subcommand_from create list show serve publish help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c certauthz -n "__fish_certauthz_using_subcommand ca; and __fish_seen_subcommand_from create" -l name -d 'Name of the CA, and of its directory under --path' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand ca; and __fish_seen_subcommand_from create" -l common-name -d 'Common name (CN) of the subject [default: the name]' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand ca; and __fish_seen_subcommand_from create" -l organization -d 'Organization (O) of the subject' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand ca; and __fish_seen_subcommand_from create" -l expiration -d 'Life of the certificate: a duration, or the RFC 3339 time of its end [default: 8766h, or the parent\'s end]' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand ca; and __fish_seen_subcommand_from create" -l serial-number -d 'Serial number: decimal, 0x… or colon-hex [default: random, 128 bits]' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand ca; and __fish_seen_subcommand_from create" -l key-type -d 'Kind of the new key [default: rsa, or what the size implies]' -r -f -a "rsa\t'RSA with 2048, 3072 or 4096 bits'
ec\t'Elliptic curve P-256 or P-384'
ed25519\t'Ed25519'"
complete -c certauthz -n "__fish_certauthz_using_subcommand ca; and __fish_seen_subcommand_from create" -l key-size -d 'Size of the new key in bits: 2048, 3072 or 4096 (RSA), 256 or 384 (EC) [default: 2048 or 256]' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand ca; and __fish_seen_subcommand_from create" -l parent -d 'Make an intermediate CA that this CA signs' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand ca; and __fish_seen_subcommand_from create" -l crl-url -d 'Where clients of the certificates will find the revocation list' -r -f
complete -c certauthz -n "__fish_certauthz_using_subcommand ca; and __fish_seen_subcommand_from create" -l issuer -d 'Issuer identifier in the CA\'s access tokens (`iss`) [default: http://127.0.0.1:8586]' -r -f
complete -c certauthz -n "__fish_certauthz_using_subcommand ca; and __fish_seen_subcommand_from create" -l path -d 'Directory of the credentials' -r -f -a "(__fish_complete_directories)"
complete -c certauthz -n "__fish_certauthz_using_subcommand ca; and __fish_seen_subcommand_from create" -l scopes-oid -d 'Object identifier of the scopes extension' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand ca; and __fish_seen_subcommand_from create" -l format -d 'How results are printed to standard output' -r -f -a "text\t''
json\t''"
complete -c certauthz -n "__fish_certauthz_using_subcommand ca; and __fish_seen_subcommand_from create" -l force -d 'Replace a CA of this name; what it issued will no longer verify'
complete -c certauthz -n "__fish_certauthz_using_subcommand ca; and __fish_seen_subcommand_from create" -s q -l quiet -d 'Print no summaries and no warnings, only errors and the data that was asked for'
complete -c certauthz -n "__fish_certauthz_using_subcommand ca; and __fish_seen_subcommand_from create" -s v -l verbose -d 'Tell more on standard error; repeat for even more'
complete -c certauthz -n "__fish_certauthz_using_subcommand ca; and __fish_seen_subcommand_from create" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c certauthz -n "__fish_certauthz_using_subcommand ca; and __fish_seen_subcommand_from list" -l path -d 'Directory of the credentials' -r -f -a "(__fish_complete_directories)"
complete -c certauthz -n "__fish_certauthz_using_subcommand ca; and __fish_seen_subcommand_from list" -l scopes-oid -d 'Object identifier of the scopes extension' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand ca; and __fish_seen_subcommand_from list" -l format -d 'How results are printed to standard output' -r -f -a "text\t''
json\t''"
complete -c certauthz -n "__fish_certauthz_using_subcommand ca; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Print no summaries and no warnings, only errors and the data that was asked for'
complete -c certauthz -n "__fish_certauthz_using_subcommand ca; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Tell more on standard error; repeat for even more'
complete -c certauthz -n "__fish_certauthz_using_subcommand ca; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c certauthz -n "__fish_certauthz_using_subcommand ca; and __fish_seen_subcommand_from show" -l name -d 'Name of the CA' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand ca; and __fish_seen_subcommand_from show" -l path -d 'Directory of the credentials' -r -f -a "(__fish_complete_directories)"
complete -c certauthz -n "__fish_certauthz_using_subcommand ca; and __fish_seen_subcommand_from show" -l scopes-oid -d 'Object identifier of the scopes extension' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand ca; and __fish_seen_subcommand_from show" -l format -d 'How results are printed to standard output' -r -f -a "text\t''
json\t''"
complete -c certauthz -n "__fish_certauthz_using_subcommand ca; and __fish_seen_subcommand_from show" -l jwks -d 'Print the public key as a JWK set (RFC 7517) instead'
complete -c certauthz -n "__fish_certauthz_using_subcommand ca; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Print no summaries and no warnings, only errors and the data that was asked for'
complete -c certauthz -n "__fish_certauthz_using_subcommand ca; and __fish_seen_subcommand_from show" -s v -l verbose -d 'Tell more on standard error; repeat for even more'
complete -c certauthz -n "__fish_certauthz_using_subcommand ca; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c certauthz -n "__fish_certauthz_using_subcommand ca; and __fish_seen_subcommand_from serve" -l name -d 'Name of the CA' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand ca; and __fish_seen_subcommand_from serve" -l listen -d 'Address to listen on; port 0 picks a free one' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand ca; and __fish_seen_subcommand_from serve" -l issuer -d 'Issuer identifier: `iss` of the tokens, and where clients reach this server [default: the CA\'s own]' -r -f
complete -c certauthz -n "__fish_certauthz_using_subcommand ca; and __fish_seen_subcommand_from serve" -l authority -d 'A name that this server is called by, besides the issuer\'s; repeat for several [default: the address it listens on]' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand ca; and __fish_seen_subcommand_from serve" -l token-lifetime -d 'How long a token lives at most' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand ca; and __fish_seen_subcommand_from serve" -l metrics-listen -d 'Address where /metrics is shown, and there alone; port 0 picks a free one [default: at /metrics of --listen]' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand ca; and __fish_seen_subcommand_from serve" -l max-connections -d 'Most connections at a time; past them, those that keep the server waiting make room for newcomers' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand ca; and __fish_seen_subcommand_from serve" -l workers -d 'Worker threads [default: one per core]' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand ca; and __fish_seen_subcommand_from serve" -l path -d 'Directory of the credentials' -r -f -a "(__fish_complete_directories)"
complete -c certauthz -n "__fish_certauthz_using_subcommand ca; and __fish_seen_subcommand_from serve" -l scopes-oid -d 'Object identifier of the scopes extension' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand ca; and __fish_seen_subcommand_from serve" -l format -d 'How results are printed to standard output' -r -f -a "text\t''
json\t''"
complete -c certauthz -n "__fish_certauthz_using_subcommand ca; and __fish_seen_subcommand_from serve" -l stop-with-stdin -d 'Stop when standard input ends: a child that must not outlive its parent'
complete -c certauthz -n "__fish_certauthz_using_subcommand ca; and __fish_seen_subcommand_from serve" -s q -l quiet -d 'Print no summaries and no warnings, only errors and the data that was asked for'
complete -c certauthz -n "__fish_certauthz_using_subcommand ca; and __fish_seen_subcommand_from serve" -s v -l verbose -d 'Tell more on standard error; repeat for even more'
complete -c certauthz -n "__fish_certauthz_using_subcommand ca; and __fish_seen_subcommand_from serve" -s h -l help -d 'Print help'
complete -c certauthz -n "__fish_certauthz_using_subcommand ca; and __fish_seen_subcommand_from publish" -l name -d 'Name of the CA' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand ca; and __fish_seen_subcommand_from publish" -l out -d 'Directory of the files; made if need be' -r -f -a "(__fish_complete_directories)"
complete -c certauthz -n "__fish_certauthz_using_subcommand ca; and __fish_seen_subcommand_from publish" -l issuer -d 'Issuer identifier in the metadata [default: the CA\'s own]' -r -f
complete -c certauthz -n "__fish_certauthz_using_subcommand ca; and __fish_seen_subcommand_from publish" -l path -d 'Directory of the credentials' -r -f -a "(__fish_complete_directories)"
complete -c certauthz -n "__fish_certauthz_using_subcommand ca; and __fish_seen_subcommand_from publish" -l scopes-oid -d 'Object identifier of the scopes extension' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand ca; and __fish_seen_subcommand_from publish" -l format -d 'How results are printed to standard output' -r -f -a "text\t''
json\t''"
complete -c certauthz -n "__fish_certauthz_using_subcommand ca; and __fish_seen_subcommand_from publish" -s q -l quiet -d 'Print no summaries and no warnings, only errors and the data that was asked for'
complete -c certauthz -n "__fish_certauthz_using_subcommand ca; and __fish_seen_subcommand_from publish" -s v -l verbose -d 'Tell more on standard error; repeat for even more'
complete -c certauthz -n "__fish_certauthz_using_subcommand ca; and __fish_seen_subcommand_from publish" -s h -l help -d 'Print help'
complete -c certauthz -n "__fish_certauthz_using_subcommand ca; and __fish_seen_subcommand_from help" -f -a "create" -d 'Make a CA: key pair, certificate, database and first revocation list'
complete -c certauthz -n "__fish_certauthz_using_subcommand ca; and __fish_seen_subcommand_from help" -f -a "list" -d 'List the CAs under --path'
complete -c certauthz -n "__fish_certauthz_using_subcommand ca; and __fish_seen_subcommand_from help" -f -a "show" -d 'Show a CA and what it issued'
complete -c certauthz -n "__fish_certauthz_using_subcommand ca; and __fish_seen_subcommand_from help" -f -a "serve" -d 'Run the authorization server: tokens, renewals, revocation list, keys'
complete -c certauthz -n "__fish_certauthz_using_subcommand ca; and __fish_seen_subcommand_from help" -f -a "publish" -d 'Write the revocation list, keys and certificate as files for any web server or CDN'
complete -c certauthz -n "__fish_certauthz_using_subcommand ca; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c certauthz -n "__fish_certauthz_using_subcommand client; and not __fish_seen_subcommand_from create renew token list show request help" -l path -d 'Directory of the credentials' -r -f -a "(__fish_complete_directories)"
complete -c certauthz -n "__fish_certauthz_using_subcommand client; and not __fish_seen_subcommand_from create renew token list show request help" -l scopes-oid -d 'Object identifier of the scopes extension' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand client; and not __fish_seen_subcommand_from create renew token list show request help" -l format -d 'How results are printed to standard output' -r -f -a "text\t''
json\t''"
complete -c certauthz -n "__fish_certauthz_using_subcommand client; and not __fish_seen_subcommand_from create renew token list show request help" -s q -l quiet -d 'Print no summaries and no warnings, only errors and the data that was asked for'
complete -c certauthz -n "__fish_certauthz_using_subcommand client; and not __fish_seen_subcommand_from create renew token list show request help" -s v -l verbose -d 'Tell more on standard error; repeat for even more'
complete -c certauthz -n "__fish_certauthz_using_subcommand client; and not __fish_seen_subcommand_from create renew token list show request help" -s h -l help -d 'Print help'
complete -c certauthz -n "__fish_certauthz_using_subcommand client; and not __fish_seen_subcommand_from create renew token list show request help" -f -a "create" -d 'Make a client: key pair, certificate with scopes, and token'
complete -c certauthz -n "__fish_certauthz_using_subcommand client; and not __fish_seen_subcommand_from create renew token list show request help" -f -a "renew" -d 'Issue a new certificate and token for a client\'s key, or have one issued by the authorization server'
complete -c certauthz -n "__fish_certauthz_using_subcommand client; and not __fish_seen_subcommand_from create renew token list show request help" -f -a "token" -d 'Fetch an access token from the authorization server and print it'
complete -c certauthz -n "__fish_certauthz_using_subcommand client; and not __fish_seen_subcommand_from create renew token list show request help" -f -a "list" -d 'List the clients under --path'
complete -c certauthz -n "__fish_certauthz_using_subcommand client; and not __fish_seen_subcommand_from create renew token list show request help" -f -a "show" -d 'Show a client: certificate, scopes, token'
complete -c certauthz -n "__fish_certauthz_using_subcommand client; and not __fish_seen_subcommand_from create renew token list show request help" -f -a "request" -d 'Send a request as a client, with its token or its certificate'
complete -c certauthz -n "__fish_certauthz_using_subcommand client; and not __fish_seen_subcommand_from create renew token list show request help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c certauthz -n "__fish_certauthz_using_subcommand client; and __fish_seen_subcommand_from create" -l name -d 'Name of the client, and of its directory under --path' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand client; and __fish_seen_subcommand_from create" -l ca -d 'The CA that issues' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand client; and __fish_seen_subcommand_from create" -l scope -d 'A scope that the client gets; repeat for several' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand client; and __fish_seen_subcommand_from create" -l common-name -d 'Common name (CN) of the subject [default: the name]' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand client; and __fish_seen_subcommand_from create" -l organization -d 'Organization (O) of the subject' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand client; and __fish_seen_subcommand_from create" -l expiration -d 'Life of the certificate: a duration, or the RFC 3339 time of its end [default: 365d, or the CA\'s end]' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand client; and __fish_seen_subcommand_from create" -l serial-number -d 'Serial number: decimal, 0x… or colon-hex [default: random, 128 bits]' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand client; and __fish_seen_subcommand_from create" -l key-type -d 'Kind of the new key [default: rsa, or what the size implies]' -r -f -a "rsa\t'RSA with 2048, 3072 or 4096 bits'
ec\t'Elliptic curve P-256 or P-384'
ed25519\t'Ed25519'"
complete -c certauthz -n "__fish_certauthz_using_subcommand client; and __fish_seen_subcommand_from create" -l key-size -d 'Size of the new key in bits: 2048, 3072 or 4096 (RSA), 256 or 384 (EC) [default: 2048 or 256]' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand client; and __fish_seen_subcommand_from create" -l csr -d 'A PKCS#10 request (PEM or DER) of a key that stays where it is' -r -F
complete -c certauthz -n "__fish_certauthz_using_subcommand client; and __fish_seen_subcommand_from create" -l path -d 'Directory of the credentials' -r -f -a "(__fish_complete_directories)"
complete -c certauthz -n "__fish_certauthz_using_subcommand client; and __fish_seen_subcommand_from create" -l scopes-oid -d 'Object identifier of the scopes extension' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand client; and __fish_seen_subcommand_from create" -l format -d 'How results are printed to standard output' -r -f -a "text\t''
json\t''"
complete -c certauthz -n "__fish_certauthz_using_subcommand client; and __fish_seen_subcommand_from create" -l force -d 'Replace a client of this name'
complete -c certauthz -n "__fish_certauthz_using_subcommand client; and __fish_seen_subcommand_from create" -s q -l quiet -d 'Print no summaries and no warnings, only errors and the data that was asked for'
complete -c certauthz -n "__fish_certauthz_using_subcommand client; and __fish_seen_subcommand_from create" -s v -l verbose -d 'Tell more on standard error; repeat for even more'
complete -c certauthz -n "__fish_certauthz_using_subcommand client; and __fish_seen_subcommand_from create" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c certauthz -n "__fish_certauthz_using_subcommand client; and __fish_seen_subcommand_from renew" -l name -d 'Name of the client' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand client; and __fish_seen_subcommand_from renew" -l scope -d 'The client\'s scopes from now on; repeat for several [default: those it has]' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand client; and __fish_seen_subcommand_from renew" -l expiration -d 'Life of the new certificate: a duration, or the RFC 3339 time of its end [default: 365d, or the CA\'s end]' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand client; and __fish_seen_subcommand_from renew" -l authority -d 'The authorization server that issues it; without, the CA\'s own files are used' -r -f
complete -c certauthz -n "__fish_certauthz_using_subcommand client; and __fish_seen_subcommand_from renew" -l path -d 'Directory of the credentials' -r -f -a "(__fish_complete_directories)"
complete -c certauthz -n "__fish_certauthz_using_subcommand client; and __fish_seen_subcommand_from renew" -l scopes-oid -d 'Object identifier of the scopes extension' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand client; and __fish_seen_subcommand_from renew" -l format -d 'How results are printed to standard output' -r -f -a "text\t''
json\t''"
complete -c certauthz -n "__fish_certauthz_using_subcommand client; and __fish_seen_subcommand_from renew" -s q -l quiet -d 'Print no summaries and no warnings, only errors and the data that was asked for'
complete -c certauthz -n "__fish_certauthz_using_subcommand client; and __fish_seen_subcommand_from renew" -s v -l verbose -d 'Tell more on standard error; repeat for even more'
complete -c certauthz -n "__fish_certauthz_using_subcommand client; and __fish_seen_subcommand_from renew" -s h -l help -d 'Print help'
complete -c certauthz -n "__fish_certauthz_using_subcommand client; and __fish_seen_subcommand_from token" -l name -d 'Name of the client' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand client; and __fish_seen_subcommand_from token" -l authority -d 'The authorization server' -r -f
complete -c certauthz -n "__fish_certauthz_using_subcommand client; and __fish_seen_subcommand_from token" -l audience -d 'The service that shall accept it [default: the first segment of the scopes, e.g. bob of bob.user.read]' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand client; and __fish_seen_subcommand_from token" -l scope -d 'A scope of the token; repeat for several; only scopes that the client has [default: all of them]' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand client; and __fish_seen_subcommand_from token" -l path -d 'Directory of the credentials' -r -f -a "(__fish_complete_directories)"
complete -c certauthz -n "__fish_certauthz_using_subcommand client; and __fish_seen_subcommand_from token" -l scopes-oid -d 'Object identifier of the scopes extension' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand client; and __fish_seen_subcommand_from token" -l format -d 'How results are printed to standard output' -r -f -a "text\t''
json\t''"
complete -c certauthz -n "__fish_certauthz_using_subcommand client; and __fish_seen_subcommand_from token" -s q -l quiet -d 'Print no summaries and no warnings, only errors and the data that was asked for'
complete -c certauthz -n "__fish_certauthz_using_subcommand client; and __fish_seen_subcommand_from token" -s v -l verbose -d 'Tell more on standard error; repeat for even more'
complete -c certauthz -n "__fish_certauthz_using_subcommand client; and __fish_seen_subcommand_from token" -s h -l help -d 'Print help'
complete -c certauthz -n "__fish_certauthz_using_subcommand client; and __fish_seen_subcommand_from list" -l path -d 'Directory of the credentials' -r -f -a "(__fish_complete_directories)"
complete -c certauthz -n "__fish_certauthz_using_subcommand client; and __fish_seen_subcommand_from list" -l scopes-oid -d 'Object identifier of the scopes extension' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand client; and __fish_seen_subcommand_from list" -l format -d 'How results are printed to standard output' -r -f -a "text\t''
json\t''"
complete -c certauthz -n "__fish_certauthz_using_subcommand client; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Print no summaries and no warnings, only errors and the data that was asked for'
complete -c certauthz -n "__fish_certauthz_using_subcommand client; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Tell more on standard error; repeat for even more'
complete -c certauthz -n "__fish_certauthz_using_subcommand client; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c certauthz -n "__fish_certauthz_using_subcommand client; and __fish_seen_subcommand_from show" -l name -d 'Name of the client' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand client; and __fish_seen_subcommand_from show" -l path -d 'Directory of the credentials' -r -f -a "(__fish_complete_directories)"
complete -c certauthz -n "__fish_certauthz_using_subcommand client; and __fish_seen_subcommand_from show" -l scopes-oid -d 'Object identifier of the scopes extension' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand client; and __fish_seen_subcommand_from show" -l format -d 'How results are printed to standard output' -r -f -a "text\t''
json\t''"
complete -c certauthz -n "__fish_certauthz_using_subcommand client; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Print no summaries and no warnings, only errors and the data that was asked for'
complete -c certauthz -n "__fish_certauthz_using_subcommand client; and __fish_seen_subcommand_from show" -s v -l verbose -d 'Tell more on standard error; repeat for even more'
complete -c certauthz -n "__fish_certauthz_using_subcommand client; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c certauthz -n "__fish_certauthz_using_subcommand client; and __fish_seen_subcommand_from request" -l name -d 'The client that sends' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand client; and __fish_seen_subcommand_from request" -l mode -d 'The credential to show' -r -f -a "token\t'The access token, in the header Authorization'
cert\t'The certificate and a signature of the request'
auto\t'The token, and the certificate while the authorization server is away'"
complete -c certauthz -n "__fish_certauthz_using_subcommand client; and __fish_seen_subcommand_from request" -l authority -d 'The authorization server to fetch tokens from [default: none, the client\'s token.jwt is sent]' -r -f
complete -c certauthz -n "__fish_certauthz_using_subcommand client; and __fish_seen_subcommand_from request" -l cert-url -d 'Where the request goes when it is signed in mode auto [default: URL; of /token and /cert, each credential takes its own]' -r -f
complete -c certauthz -n "__fish_certauthz_using_subcommand client; and __fish_seen_subcommand_from request" -l repeat -d 'Send it this many times, and print one line for each' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand client; and __fish_seen_subcommand_from request" -l interval -d 'From the beginning of one request to that of the next' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand client; and __fish_seen_subcommand_from request" -s X -l request -d 'Method [default: GET, or POST with a body]' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand client; and __fish_seen_subcommand_from request" -s H -l header -d 'A header of the request; repeat for several' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand client; and __fish_seen_subcommand_from request" -s d -l data -d 'Body of the request: the data itself, @FILE for a file\'s bytes, @- for standard input' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand client; and __fish_seen_subcommand_from request" -l path -d 'Directory of the credentials' -r -f -a "(__fish_complete_directories)"
complete -c certauthz -n "__fish_certauthz_using_subcommand client; and __fish_seen_subcommand_from request" -l scopes-oid -d 'Object identifier of the scopes extension' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand client; and __fish_seen_subcommand_from request" -l format -d 'How results are printed to standard output' -r -f -a "text\t''
json\t''"
complete -c certauthz -n "__fish_certauthz_using_subcommand client; and __fish_seen_subcommand_from request" -s q -l quiet -d 'Print no summaries and no warnings, only errors and the data that was asked for'
complete -c certauthz -n "__fish_certauthz_using_subcommand client; and __fish_seen_subcommand_from request" -s v -l verbose -d 'Tell more on standard error; repeat for even more'
complete -c certauthz -n "__fish_certauthz_using_subcommand client; and __fish_seen_subcommand_from request" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c certauthz -n "__fish_certauthz_using_subcommand client; and __fish_seen_subcommand_from help" -f -a "create" -d 'Make a client: key pair, certificate with scopes, and token'
complete -c certauthz -n "__fish_certauthz_using_subcommand client; and __fish_seen_subcommand_from help" -f -a "renew" -d 'Issue a new certificate and token for a client\'s key, or have one issued by the authorization server'
complete -c certauthz -n "__fish_certauthz_using_subcommand client; and __fish_seen_subcommand_from help" -f -a "token" -d 'Fetch an access token from the authorization server and print it'
complete -c certauthz -n "__fish_certauthz_using_subcommand client; and __fish_seen_subcommand_from help" -f -a "list" -d 'List the clients under --path'
complete -c certauthz -n "__fish_certauthz_using_subcommand client; and __fish_seen_subcommand_from help" -f -a "show" -d 'Show a client: certificate, scopes, token'
complete -c certauthz -n "__fish_certauthz_using_subcommand client; and __fish_seen_subcommand_from help" -f -a "request" -d 'Send a request as a client, with its token or its certificate'
complete -c certauthz -n "__fish_certauthz_using_subcommand client; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c certauthz -n "__fish_certauthz_using_subcommand token; and not __fish_seen_subcommand_from create help" -l path -d 'Directory of the credentials' -r -f -a "(__fish_complete_directories)"
complete -c certauthz -n "__fish_certauthz_using_subcommand token; and not __fish_seen_subcommand_from create help" -l scopes-oid -d 'Object identifier of the scopes extension' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand token; and not __fish_seen_subcommand_from create help" -l format -d 'How results are printed to standard output' -r -f -a "text\t''
json\t''"
complete -c certauthz -n "__fish_certauthz_using_subcommand token; and not __fish_seen_subcommand_from create help" -s q -l quiet -d 'Print no summaries and no warnings, only errors and the data that was asked for'
complete -c certauthz -n "__fish_certauthz_using_subcommand token; and not __fish_seen_subcommand_from create help" -s v -l verbose -d 'Tell more on standard error; repeat for even more'
complete -c certauthz -n "__fish_certauthz_using_subcommand token; and not __fish_seen_subcommand_from create help" -s h -l help -d 'Print help'
complete -c certauthz -n "__fish_certauthz_using_subcommand token; and not __fish_seen_subcommand_from create help" -f -a "create" -d 'Make an access token (RFC 9068) for a client and print it'
complete -c certauthz -n "__fish_certauthz_using_subcommand token; and not __fish_seen_subcommand_from create help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c certauthz -n "__fish_certauthz_using_subcommand token; and __fish_seen_subcommand_from create" -l ca -d 'The CA that issues' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand token; and __fish_seen_subcommand_from create" -l client -d 'The client that the token is for' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand token; and __fish_seen_subcommand_from create" -l audience -d 'The service that shall accept it [default: the first segment of the scopes, e.g. bob of bob.user.read]' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand token; and __fish_seen_subcommand_from create" -l scope -d 'A scope of the token; repeat for several; only scopes that the client has [default: all of them]' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand token; and __fish_seen_subcommand_from create" -l expiration -d 'Life of the token: a duration, or the RFC 3339 time of its end [default: 15m, but not beyond the certificate]' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand token; and __fish_seen_subcommand_from create" -l path -d 'Directory of the credentials' -r -f -a "(__fish_complete_directories)"
complete -c certauthz -n "__fish_certauthz_using_subcommand token; and __fish_seen_subcommand_from create" -l scopes-oid -d 'Object identifier of the scopes extension' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand token; and __fish_seen_subcommand_from create" -l format -d 'How results are printed to standard output' -r -f -a "text\t''
json\t''"
complete -c certauthz -n "__fish_certauthz_using_subcommand token; and __fish_seen_subcommand_from create" -s q -l quiet -d 'Print no summaries and no warnings, only errors and the data that was asked for'
complete -c certauthz -n "__fish_certauthz_using_subcommand token; and __fish_seen_subcommand_from create" -s v -l verbose -d 'Tell more on standard error; repeat for even more'
complete -c certauthz -n "__fish_certauthz_using_subcommand token; and __fish_seen_subcommand_from create" -s h -l help -d 'Print help'
complete -c certauthz -n "__fish_certauthz_using_subcommand token; and __fish_seen_subcommand_from help" -f -a "create" -d 'Make an access token (RFC 9068) for a client and print it'
complete -c certauthz -n "__fish_certauthz_using_subcommand token; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c certauthz -n "__fish_certauthz_using_subcommand crl; and not __fish_seen_subcommand_from revoke create show generate help" -l path -d 'Directory of the credentials' -r -f -a "(__fish_complete_directories)"
complete -c certauthz -n "__fish_certauthz_using_subcommand crl; and not __fish_seen_subcommand_from revoke create show generate help" -l scopes-oid -d 'Object identifier of the scopes extension' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand crl; and not __fish_seen_subcommand_from revoke create show generate help" -l format -d 'How results are printed to standard output' -r -f -a "text\t''
json\t''"
complete -c certauthz -n "__fish_certauthz_using_subcommand crl; and not __fish_seen_subcommand_from revoke create show generate help" -s q -l quiet -d 'Print no summaries and no warnings, only errors and the data that was asked for'
complete -c certauthz -n "__fish_certauthz_using_subcommand crl; and not __fish_seen_subcommand_from revoke create show generate help" -s v -l verbose -d 'Tell more on standard error; repeat for even more'
complete -c certauthz -n "__fish_certauthz_using_subcommand crl; and not __fish_seen_subcommand_from revoke create show generate help" -s h -l help -d 'Print help'
complete -c certauthz -n "__fish_certauthz_using_subcommand crl; and not __fish_seen_subcommand_from revoke create show generate help" -f -a "revoke" -d 'Revoke certificates and publish a new list'
complete -c certauthz -n "__fish_certauthz_using_subcommand crl; and not __fish_seen_subcommand_from revoke create show generate help" -f -a "create" -d 'Publish a new list'
complete -c certauthz -n "__fish_certauthz_using_subcommand crl; and not __fish_seen_subcommand_from revoke create show generate help" -f -a "show" -d 'Print a list: number, times, entries'
complete -c certauthz -n "__fish_certauthz_using_subcommand crl; and not __fish_seen_subcommand_from revoke create show generate help" -f -a "generate" -d 'Write a list with many invented entries, to try out and measure'
complete -c certauthz -n "__fish_certauthz_using_subcommand crl; and not __fish_seen_subcommand_from revoke create show generate help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c certauthz -n "__fish_certauthz_using_subcommand crl; and __fish_seen_subcommand_from revoke" -l ca -d 'The CA that issued' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand crl; and __fish_seen_subcommand_from revoke" -l client -d 'Every certificate of this client that is still in force' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand crl; and __fish_seen_subcommand_from revoke" -l serial -d 'The certificate with this serial number: decimal, 0x… or colon-hex' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand crl; and __fish_seen_subcommand_from revoke" -l cert -d 'This certificate (PEM or DER)' -r -F
complete -c certauthz -n "__fish_certauthz_using_subcommand crl; and __fish_seen_subcommand_from revoke" -l reason -d 'Why (RFC 5280 section 5.3.1)' -r -f -a "unspecified\t''
keyCompromise\t''
cACompromise\t''
affiliationChanged\t''
superseded\t''
cessationOfOperation\t''
certificateHold\t''
privilegeWithdrawn\t''
aACompromise\t''"
complete -c certauthz -n "__fish_certauthz_using_subcommand crl; and __fish_seen_subcommand_from revoke" -l path -d 'Directory of the credentials' -r -f -a "(__fish_complete_directories)"
complete -c certauthz -n "__fish_certauthz_using_subcommand crl; and __fish_seen_subcommand_from revoke" -l scopes-oid -d 'Object identifier of the scopes extension' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand crl; and __fish_seen_subcommand_from revoke" -l format -d 'How results are printed to standard output' -r -f -a "text\t''
json\t''"
complete -c certauthz -n "__fish_certauthz_using_subcommand crl; and __fish_seen_subcommand_from revoke" -s q -l quiet -d 'Print no summaries and no warnings, only errors and the data that was asked for'
complete -c certauthz -n "__fish_certauthz_using_subcommand crl; and __fish_seen_subcommand_from revoke" -s v -l verbose -d 'Tell more on standard error; repeat for even more'
complete -c certauthz -n "__fish_certauthz_using_subcommand crl; and __fish_seen_subcommand_from revoke" -s h -l help -d 'Print help'
complete -c certauthz -n "__fish_certauthz_using_subcommand crl; and __fish_seen_subcommand_from create" -l ca -d 'The CA whose list it is' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand crl; and __fish_seen_subcommand_from create" -l next-update -d 'When the following list will be there at the latest: a duration, or an RFC 3339 time' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand crl; and __fish_seen_subcommand_from create" -l path -d 'Directory of the credentials' -r -f -a "(__fish_complete_directories)"
complete -c certauthz -n "__fish_certauthz_using_subcommand crl; and __fish_seen_subcommand_from create" -l scopes-oid -d 'Object identifier of the scopes extension' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand crl; and __fish_seen_subcommand_from create" -l format -d 'How results are printed to standard output' -r -f -a "text\t''
json\t''"
complete -c certauthz -n "__fish_certauthz_using_subcommand crl; and __fish_seen_subcommand_from create" -s q -l quiet -d 'Print no summaries and no warnings, only errors and the data that was asked for'
complete -c certauthz -n "__fish_certauthz_using_subcommand crl; and __fish_seen_subcommand_from create" -s v -l verbose -d 'Tell more on standard error; repeat for even more'
complete -c certauthz -n "__fish_certauthz_using_subcommand crl; and __fish_seen_subcommand_from create" -s h -l help -d 'Print help'
complete -c certauthz -n "__fish_certauthz_using_subcommand crl; and __fish_seen_subcommand_from show" -l path -d 'Directory of the credentials' -r -f -a "(__fish_complete_directories)"
complete -c certauthz -n "__fish_certauthz_using_subcommand crl; and __fish_seen_subcommand_from show" -l scopes-oid -d 'Object identifier of the scopes extension' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand crl; and __fish_seen_subcommand_from show" -l format -d 'How results are printed to standard output' -r -f -a "text\t''
json\t''"
complete -c certauthz -n "__fish_certauthz_using_subcommand crl; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Print no summaries and no warnings, only errors and the data that was asked for'
complete -c certauthz -n "__fish_certauthz_using_subcommand crl; and __fish_seen_subcommand_from show" -s v -l verbose -d 'Tell more on standard error; repeat for even more'
complete -c certauthz -n "__fish_certauthz_using_subcommand crl; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c certauthz -n "__fish_certauthz_using_subcommand crl; and __fish_seen_subcommand_from generate" -l ca -d 'The CA whose list it is' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand crl; and __fish_seen_subcommand_from generate" -l entries -d 'How many entries to invent beside those of the CA' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand crl; and __fish_seen_subcommand_from generate" -l out -d 'Where to write it: DER if the name ends in .der, else PEM' -r -F
complete -c certauthz -n "__fish_certauthz_using_subcommand crl; and __fish_seen_subcommand_from generate" -l seed -d 'The same seed invents the same entries' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand crl; and __fish_seen_subcommand_from generate" -l next-update -d 'When the following list will be there at the latest: a duration, or an RFC 3339 time' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand crl; and __fish_seen_subcommand_from generate" -l path -d 'Directory of the credentials' -r -f -a "(__fish_complete_directories)"
complete -c certauthz -n "__fish_certauthz_using_subcommand crl; and __fish_seen_subcommand_from generate" -l scopes-oid -d 'Object identifier of the scopes extension' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand crl; and __fish_seen_subcommand_from generate" -l format -d 'How results are printed to standard output' -r -f -a "text\t''
json\t''"
complete -c certauthz -n "__fish_certauthz_using_subcommand crl; and __fish_seen_subcommand_from generate" -s q -l quiet -d 'Print no summaries and no warnings, only errors and the data that was asked for'
complete -c certauthz -n "__fish_certauthz_using_subcommand crl; and __fish_seen_subcommand_from generate" -s v -l verbose -d 'Tell more on standard error; repeat for even more'
complete -c certauthz -n "__fish_certauthz_using_subcommand crl; and __fish_seen_subcommand_from generate" -s h -l help -d 'Print help'
complete -c certauthz -n "__fish_certauthz_using_subcommand crl; and __fish_seen_subcommand_from help" -f -a "revoke" -d 'Revoke certificates and publish a new list'
complete -c certauthz -n "__fish_certauthz_using_subcommand crl; and __fish_seen_subcommand_from help" -f -a "create" -d 'Publish a new list'
complete -c certauthz -n "__fish_certauthz_using_subcommand crl; and __fish_seen_subcommand_from help" -f -a "show" -d 'Print a list: number, times, entries'
complete -c certauthz -n "__fish_certauthz_using_subcommand crl; and __fish_seen_subcommand_from help" -f -a "generate" -d 'Write a list with many invented entries, to try out and measure'
complete -c certauthz -n "__fish_certauthz_using_subcommand crl; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c certauthz -n "__fish_certauthz_using_subcommand sign-request" -l client -d 'The client that signs' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand sign-request" -s X -l request -d 'Method [default: GET, or POST with a body]' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand sign-request" -s H -l header -d 'A header of the request; repeat for several' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand sign-request" -s d -l data -d 'Body of the request: the data itself, @FILE for a file\'s bytes, @- for standard input' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand sign-request" -l expires-in -d 'How long the signature can be used, at most 300s' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand sign-request" -l count -d 'Sign this many times, each with its own nonce, on all cores' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand sign-request" -l output -d 'What to print [default: headers, or json with --format json]' -r -f -a "headers\t'The headers to add, one `Name: value` a line'
curl\t'A curl command that runs as it is'
http\t'The whole HTTP/1.1 message'
json\t'An object with method, url, headers and body'
jsonl\t'The same object on one line'
vegeta\t'A target of vegeta\'s JSON format'
k6\t'One script for k6 that sends each request once'"
complete -c certauthz -n "__fish_certauthz_using_subcommand sign-request" -l path -d 'Directory of the credentials' -r -f -a "(__fish_complete_directories)"
complete -c certauthz -n "__fish_certauthz_using_subcommand sign-request" -l scopes-oid -d 'Object identifier of the scopes extension' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand sign-request" -l format -d 'How results are printed to standard output' -r -f -a "text\t''
json\t''"
complete -c certauthz -n "__fish_certauthz_using_subcommand sign-request" -s q -l quiet -d 'Print no summaries and no warnings, only errors and the data that was asked for'
complete -c certauthz -n "__fish_certauthz_using_subcommand sign-request" -s v -l verbose -d 'Tell more on standard error; repeat for even more'
complete -c certauthz -n "__fish_certauthz_using_subcommand sign-request" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c certauthz -n "__fish_certauthz_using_subcommand verify; and not __fish_seen_subcommand_from cert token request crl help" -l path -d 'Directory of the credentials' -r -f -a "(__fish_complete_directories)"
complete -c certauthz -n "__fish_certauthz_using_subcommand verify; and not __fish_seen_subcommand_from cert token request crl help" -l scopes-oid -d 'Object identifier of the scopes extension' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand verify; and not __fish_seen_subcommand_from cert token request crl help" -l format -d 'How results are printed to standard output' -r -f -a "text\t''
json\t''"
complete -c certauthz -n "__fish_certauthz_using_subcommand verify; and not __fish_seen_subcommand_from cert token request crl help" -s q -l quiet -d 'Print no summaries and no warnings, only errors and the data that was asked for'
complete -c certauthz -n "__fish_certauthz_using_subcommand verify; and not __fish_seen_subcommand_from cert token request crl help" -s v -l verbose -d 'Tell more on standard error; repeat for even more'
complete -c certauthz -n "__fish_certauthz_using_subcommand verify; and not __fish_seen_subcommand_from cert token request crl help" -s h -l help -d 'Print help'
complete -c certauthz -n "__fish_certauthz_using_subcommand verify; and not __fish_seen_subcommand_from cert token request crl help" -f -a "cert" -d 'Verify a client certificate: chain, revocation, purpose, scopes'
complete -c certauthz -n "__fish_certauthz_using_subcommand verify; and not __fish_seen_subcommand_from cert token request crl help" -f -a "token" -d 'Verify an access token (JWT)'
complete -c certauthz -n "__fish_certauthz_using_subcommand verify; and not __fish_seen_subcommand_from cert token request crl help" -f -a "request" -d 'Verify a signed HTTP/1.1 request, as `sign-request --output http` prints it'
complete -c certauthz -n "__fish_certauthz_using_subcommand verify; and not __fish_seen_subcommand_from cert token request crl help" -f -a "crl" -d 'Verify a revocation list: signature and times'
complete -c certauthz -n "__fish_certauthz_using_subcommand verify; and not __fish_seen_subcommand_from cert token request crl help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c certauthz -n "__fish_certauthz_using_subcommand verify; and __fish_seen_subcommand_from cert" -l ca -d 'A trusted CA: its name under --path, or a certificate file (PEM or DER); repeat for several' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand verify; and __fish_seen_subcommand_from cert" -l intermediate -d 'An intermediate CA\'s certificate (PEM or DER); repeat for several' -r -F
complete -c certauthz -n "__fish_certauthz_using_subcommand verify; and __fish_seen_subcommand_from cert" -l crl -d 'A revocation list (PEM or DER) instead of the CA\'s own; repeat for several' -r -F
complete -c certauthz -n "__fish_certauthz_using_subcommand verify; and __fish_seen_subcommand_from cert" -l require-scope -d 'A scope that the certificate must carry; repeat for several' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand verify; and __fish_seen_subcommand_from cert" -l at -d 'Verify as of this RFC 3339 time [default: now]' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand verify; and __fish_seen_subcommand_from cert" -l path -d 'Directory of the credentials' -r -f -a "(__fish_complete_directories)"
complete -c certauthz -n "__fish_certauthz_using_subcommand verify; and __fish_seen_subcommand_from cert" -l scopes-oid -d 'Object identifier of the scopes extension' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand verify; and __fish_seen_subcommand_from cert" -l format -d 'How results are printed to standard output' -r -f -a "text\t''
json\t''"
complete -c certauthz -n "__fish_certauthz_using_subcommand verify; and __fish_seen_subcommand_from cert" -l no-crl -d 'Do not check revocation'
complete -c certauthz -n "__fish_certauthz_using_subcommand verify; and __fish_seen_subcommand_from cert" -l no-scopes -d 'Do not look at scopes: accept a certificate that has none'
complete -c certauthz -n "__fish_certauthz_using_subcommand verify; and __fish_seen_subcommand_from cert" -l any-purpose -d 'Do not want the extended key usage clientAuth'
complete -c certauthz -n "__fish_certauthz_using_subcommand verify; and __fish_seen_subcommand_from cert" -l explain -d 'Print every step: passed, failed with its reason, skipped, or not reached'
complete -c certauthz -n "__fish_certauthz_using_subcommand verify; and __fish_seen_subcommand_from cert" -s q -l quiet -d 'Print no summaries and no warnings, only errors and the data that was asked for'
complete -c certauthz -n "__fish_certauthz_using_subcommand verify; and __fish_seen_subcommand_from cert" -s v -l verbose -d 'Tell more on standard error; repeat for even more'
complete -c certauthz -n "__fish_certauthz_using_subcommand verify; and __fish_seen_subcommand_from cert" -s h -l help -d 'Print help'
complete -c certauthz -n "__fish_certauthz_using_subcommand verify; and __fish_seen_subcommand_from token" -l ca -d 'A trusted CA: its name under --path, or a certificate file (PEM or DER); repeat for several' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand verify; and __fish_seen_subcommand_from token" -l audience -d 'The audience that the token must be made for' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand verify; and __fish_seen_subcommand_from token" -l issuer -d 'The issuer that the token must name [default: the CA\'s own, or http://127.0.0.1:8586 for a CA\'s file]' -r -f
complete -c certauthz -n "__fish_certauthz_using_subcommand verify; and __fish_seen_subcommand_from token" -l require-scope -d 'A scope that the token must carry; repeat for several' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand verify; and __fish_seen_subcommand_from token" -l crl -d 'A revocation list (PEM or DER) instead of the CA\'s own; repeat for several' -r -F
complete -c certauthz -n "__fish_certauthz_using_subcommand verify; and __fish_seen_subcommand_from token" -l at -d 'Verify as of this RFC 3339 time [default: now]' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand verify; and __fish_seen_subcommand_from token" -l path -d 'Directory of the credentials' -r -f -a "(__fish_complete_directories)"
complete -c certauthz -n "__fish_certauthz_using_subcommand verify; and __fish_seen_subcommand_from token" -l scopes-oid -d 'Object identifier of the scopes extension' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand verify; and __fish_seen_subcommand_from token" -l format -d 'How results are printed to standard output' -r -f -a "text\t''
json\t''"
complete -c certauthz -n "__fish_certauthz_using_subcommand verify; and __fish_seen_subcommand_from token" -l no-crl -d 'Do not check revocation'
complete -c certauthz -n "__fish_certauthz_using_subcommand verify; and __fish_seen_subcommand_from token" -l explain -d 'Print every step: passed, failed with its reason, skipped, or not reached'
complete -c certauthz -n "__fish_certauthz_using_subcommand verify; and __fish_seen_subcommand_from token" -s q -l quiet -d 'Print no summaries and no warnings, only errors and the data that was asked for'
complete -c certauthz -n "__fish_certauthz_using_subcommand verify; and __fish_seen_subcommand_from token" -s v -l verbose -d 'Tell more on standard error; repeat for even more'
complete -c certauthz -n "__fish_certauthz_using_subcommand verify; and __fish_seen_subcommand_from token" -s h -l help -d 'Print help'
complete -c certauthz -n "__fish_certauthz_using_subcommand verify; and __fish_seen_subcommand_from request" -l ca -d 'A trusted CA: its name under --path, or a certificate file (PEM or DER); repeat for several' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand verify; and __fish_seen_subcommand_from request" -l crl -d 'A revocation list (PEM or DER) instead of the CA\'s own; repeat for several' -r -F
complete -c certauthz -n "__fish_certauthz_using_subcommand verify; and __fish_seen_subcommand_from request" -l authority -d 'An authority that the request may be for; repeat for several [default: any]' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand verify; and __fish_seen_subcommand_from request" -l require-scope -d 'A scope that the certificate must carry; repeat for several' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand verify; and __fish_seen_subcommand_from request" -l at -d 'Verify as of this RFC 3339 time [default: now]' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand verify; and __fish_seen_subcommand_from request" -l path -d 'Directory of the credentials' -r -f -a "(__fish_complete_directories)"
complete -c certauthz -n "__fish_certauthz_using_subcommand verify; and __fish_seen_subcommand_from request" -l scopes-oid -d 'Object identifier of the scopes extension' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand verify; and __fish_seen_subcommand_from request" -l format -d 'How results are printed to standard output' -r -f -a "text\t''
json\t''"
complete -c certauthz -n "__fish_certauthz_using_subcommand verify; and __fish_seen_subcommand_from request" -l no-crl -d 'Do not check revocation'
complete -c certauthz -n "__fish_certauthz_using_subcommand verify; and __fish_seen_subcommand_from request" -l explain -d 'Print every step: passed, failed with its reason, skipped, or not reached'
complete -c certauthz -n "__fish_certauthz_using_subcommand verify; and __fish_seen_subcommand_from request" -s q -l quiet -d 'Print no summaries and no warnings, only errors and the data that was asked for'
complete -c certauthz -n "__fish_certauthz_using_subcommand verify; and __fish_seen_subcommand_from request" -s v -l verbose -d 'Tell more on standard error; repeat for even more'
complete -c certauthz -n "__fish_certauthz_using_subcommand verify; and __fish_seen_subcommand_from request" -s h -l help -d 'Print help'
complete -c certauthz -n "__fish_certauthz_using_subcommand verify; and __fish_seen_subcommand_from crl" -l ca -d 'The CA whose list it should be: its name under --path, or a certificate file (PEM or DER)' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand verify; and __fish_seen_subcommand_from crl" -l at -d 'Verify as of this RFC 3339 time [default: now]' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand verify; and __fish_seen_subcommand_from crl" -l path -d 'Directory of the credentials' -r -f -a "(__fish_complete_directories)"
complete -c certauthz -n "__fish_certauthz_using_subcommand verify; and __fish_seen_subcommand_from crl" -l scopes-oid -d 'Object identifier of the scopes extension' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand verify; and __fish_seen_subcommand_from crl" -l format -d 'How results are printed to standard output' -r -f -a "text\t''
json\t''"
complete -c certauthz -n "__fish_certauthz_using_subcommand verify; and __fish_seen_subcommand_from crl" -l explain -d 'Print every step: passed, failed with its reason, skipped, or not reached'
complete -c certauthz -n "__fish_certauthz_using_subcommand verify; and __fish_seen_subcommand_from crl" -s q -l quiet -d 'Print no summaries and no warnings, only errors and the data that was asked for'
complete -c certauthz -n "__fish_certauthz_using_subcommand verify; and __fish_seen_subcommand_from crl" -s v -l verbose -d 'Tell more on standard error; repeat for even more'
complete -c certauthz -n "__fish_certauthz_using_subcommand verify; and __fish_seen_subcommand_from crl" -s h -l help -d 'Print help'
complete -c certauthz -n "__fish_certauthz_using_subcommand verify; and __fish_seen_subcommand_from help" -f -a "cert" -d 'Verify a client certificate: chain, revocation, purpose, scopes'
complete -c certauthz -n "__fish_certauthz_using_subcommand verify; and __fish_seen_subcommand_from help" -f -a "token" -d 'Verify an access token (JWT)'
complete -c certauthz -n "__fish_certauthz_using_subcommand verify; and __fish_seen_subcommand_from help" -f -a "request" -d 'Verify a signed HTTP/1.1 request, as `sign-request --output http` prints it'
complete -c certauthz -n "__fish_certauthz_using_subcommand verify; and __fish_seen_subcommand_from help" -f -a "crl" -d 'Verify a revocation list: signature and times'
complete -c certauthz -n "__fish_certauthz_using_subcommand verify; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c certauthz -n "__fish_certauthz_using_subcommand serve" -l ca -d 'The CA whose certificates and tokens are accepted: its name under --path, or a file with its certificate (PEM or DER; then name the issuer and the revocation lists, too)' -r -F
complete -c certauthz -n "__fish_certauthz_using_subcommand serve" -l listen -d 'Address to listen on; port 0 picks a free one' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand serve" -l metrics-listen -d 'Address where /metrics is shown, and there alone; port 0 picks a free one [default: at /metrics of --listen]' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand serve" -l audience -d 'This service\'s name, which tokens must be made for' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand serve" -l require-scope -d 'A scope that callers must have; repeat for several' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand serve" -l authority -d 'A name that this service is called by; repeat for several [default: the address it listens on]' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand serve" -l max-age -d 'Oldest signature that is accepted' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand serve" -l skew -d 'Difference of clocks that is tolerated' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand serve" -l max-body -d 'Largest request body that is accepted' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand serve" -l max-connections -d 'Most connections at a time; past them, those that keep the server waiting make room for newcomers' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand serve" -l crl -d 'Revocation list (PEM or DER): a file, read again when it changes, or a URL; repeat for several [default: ca.crl of the CA and of the CAs below it]' -r -F
complete -c certauthz -n "__fish_certauthz_using_subcommand serve" -l crl-interval -d 'How often the URLs of --crl and --jwks are asked for news, from 1s' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand serve" -l jwks -d 'The keys of the tokens, as a JWK set: a file, read again when it changes, or a URL [default: the CA\'s key, which also holds until a set was read]' -r -F
complete -c certauthz -n "__fish_certauthz_using_subcommand serve" -l introspect -d 'Ask the authorization server about tokens at this URL (RFC 7662), instead of checking them here' -r -f
complete -c certauthz -n "__fish_certauthz_using_subcommand serve" -l introspect-client -d 'The client under --path as which it is asked: this service\'s own name there' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand serve" -l introspect-cache -d 'How long its answers are remembered; 0s for not at all' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand serve" -l stale-crl -d 'What holds once the list is stale: fail-closed, grace=DURATION or fail-open' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand serve" -l issuer -d 'Issuer that tokens must name [default: the CA\'s own]' -r -f
complete -c certauthz -n "__fish_certauthz_using_subcommand serve" -l replay-capacity -d 'Most nonces that are remembered against replays' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand serve" -l cert-cache -d 'Most certificates whose verified chain is remembered, in at most 8 KiB each; 0 for none' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand serve" -l token-cache -d 'Most tokens whose verified signature is remembered, in at most 8 KiB each; 0 for none' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand serve" -l workers -d 'Worker threads [default: one per core]' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand serve" -l path -d 'Directory of the credentials' -r -f -a "(__fish_complete_directories)"
complete -c certauthz -n "__fish_certauthz_using_subcommand serve" -l scopes-oid -d 'Object identifier of the scopes extension' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand serve" -l format -d 'How results are printed to standard output' -r -f -a "text\t''
json\t''"
complete -c certauthz -n "__fish_certauthz_using_subcommand serve" -l stop-with-stdin -d 'Stop when standard input ends: a child that must not outlive its parent'
complete -c certauthz -n "__fish_certauthz_using_subcommand serve" -s q -l quiet -d 'Print no summaries and no warnings, only errors and the data that was asked for'
complete -c certauthz -n "__fish_certauthz_using_subcommand serve" -s v -l verbose -d 'Tell more on standard error; repeat for even more'
complete -c certauthz -n "__fish_certauthz_using_subcommand serve" -s h -l help -d 'Print help'
complete -c certauthz -n "__fish_certauthz_using_subcommand loadtest; and not __fish_seen_subcommand_from compare merge help" -l url -d 'The same as URL; repeat for several' -r -f
complete -c certauthz -n "__fish_certauthz_using_subcommand loadtest; and not __fish_seen_subcommand_from compare merge help" -l mode -d 'The credentials that requests show' -r -f -a "token\t'Access tokens only'
cert\t'Signed requests only'
both\t'Both, in turn, and compared'
auto\t'Tokens from an authority, and certificates while it is away'"
complete -c certauthz -n "__fish_certauthz_using_subcommand loadtest; and not __fish_seen_subcommand_from compare merge help" -l client -d 'A client whose credentials are used; requests come from several in turn [default: alice]' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand loadtest; and not __fish_seen_subcommand_from compare merge help" -l clients -d 'In the temporary world: requests come from this many clients in turn, each with its own key' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand loadtest; and not __fish_seen_subcommand_from compare merge help" -l token -d 'File with the token to send; - is standard input [default: a new one, or the client\'s]' -r -F
complete -c certauthz -n "__fish_certauthz_using_subcommand loadtest; and not __fish_seen_subcommand_from compare merge help" -l key-type -d 'Kind of the new key [default: rsa, or what the size implies]' -r -f -a "rsa\t'RSA with 2048, 3072 or 4096 bits'
ec\t'Elliptic curve P-256 or P-384'
ed25519\t'Ed25519'"
complete -c certauthz -n "__fish_certauthz_using_subcommand loadtest; and not __fish_seen_subcommand_from compare merge help" -l key-size -d 'Size of the new key in bits: 2048, 3072 or 4096 (RSA), 256 or 384 (EC) [default: 2048 or 256]' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand loadtest; and not __fish_seen_subcommand_from compare merge help" -s n -l requests -d 'Send this many requests in each mode' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand loadtest; and not __fish_seen_subcommand_from compare merge help" -s z -l duration -d 'Send requests for this long in each mode [default: 5s; with --outage, 5s more than that ends]' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand loadtest; and not __fish_seen_subcommand_from compare merge help" -s c -l connections -d 'Connections, each with one request under way at most' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand loadtest; and not __fish_seen_subcommand_from compare merge help" -s q -l rate -d 'Requests per second, at even distances, all connections together [default: as many as the server answers; with --mode auto 200]' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand loadtest; and not __fish_seen_subcommand_from compare merge help" -l ramp -d 'Let the rate, or without -q the connections, rise for this long first; not counted' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand loadtest; and not __fish_seen_subcommand_from compare merge help" -l warmup -d 'Send for this long first; not counted [default: 200 requests, for 1s at most; with --mode auto 1s]' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand loadtest; and not __fish_seen_subcommand_from compare merge help" -l drain -d 'At the end, wait this long for what is due or under way; what is left then is counted as such' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand loadtest; and not __fish_seen_subcommand_from compare merge help" -l timeout -d 'Longest time to wait for an answer' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand loadtest; and not __fish_seen_subcommand_from compare merge help" -l connect-timeout -d 'Longest time to wait for a connection: the default has room for two lost packets, which are sent again after 1 s and 3 s' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand loadtest; and not __fish_seen_subcommand_from compare merge help" -l presign -d 'When requests are signed' -r -f -a "block\t'Before each block of requests, off the clock'
all\t'All of them before the first is sent'
inline\t'Each one in the time before it is due'"
complete -c certauthz -n "__fish_certauthz_using_subcommand loadtest; and not __fish_seen_subcommand_from compare merge help" -l max-age -d 'How long the server takes a signature (its --max-age), 2s to 300s; none is sent that is older than half of it' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand loadtest; and not __fish_seen_subcommand_from compare merge help" -s X -l request -d 'Method [default: GET, or POST with a body]' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand loadtest; and not __fish_seen_subcommand_from compare merge help" -s H -l header -d 'A header of the requests; repeat for several' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand loadtest; and not __fish_seen_subcommand_from compare merge help" -s d -l data -d 'Body of the requests: the data itself, @FILE for a file\'s bytes, @- for standard input' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand loadtest; and not __fish_seen_subcommand_from compare merge help" -s D -l data-file -d 'Body of the requests: this file\'s bytes; - is standard input' -r -F
complete -c certauthz -n "__fish_certauthz_using_subcommand loadtest; and not __fish_seen_subcommand_from compare merge help" -s T -l content-type -d 'Content-Type of the requests' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand loadtest; and not __fish_seen_subcommand_from compare merge help" -l threshold -d 'What must hold, like \'cert.p99<5ms\', \'cert.successRate>=0.999\' or \'cert/token.p50<1.2\'; repeat for several' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand loadtest; and not __fish_seen_subcommand_from compare merge help" -s o -l output -d 'Write the report into this file, as JSON' -r -F
complete -c certauthz -n "__fish_certauthz_using_subcommand loadtest; and not __fish_seen_subcommand_from compare merge help" -l report -d 'Write the report into this file, as a page for browsers' -r -F
complete -c certauthz -n "__fish_certauthz_using_subcommand loadtest; and not __fish_seen_subcommand_from compare merge help" -l csv -d 'Write a line for each second and mode into this file, as CSV' -r -F
complete -c certauthz -n "__fish_certauthz_using_subcommand loadtest; and not __fish_seen_subcommand_from compare merge help" -l hdr-log -d 'Write the latencies of each second into this file, as an interval log of HdrHistogram (V2)' -r -F
complete -c certauthz -n "__fish_certauthz_using_subcommand loadtest; and not __fish_seen_subcommand_from compare merge help" -l server-metrics -d 'Where the server shows its metrics; its CPU time is read there [default: /metrics of URL, if it has them]' -r -f
complete -c certauthz -n "__fish_certauthz_using_subcommand loadtest; and not __fish_seen_subcommand_from compare merge help" -l outage -d 'When the authority is away, from the begin of the run' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand loadtest; and not __fish_seen_subcommand_from compare merge help" -l outage-kind -d 'In which way it is away' -r -f -a "kill\t'Its process is killed, and started again'
hang\t'Its process is stopped: connections are accepted, and nobody answers'
reset\t'Connections are accepted and reset'
error500\t'Everything is answered 500'"
complete -c certauthz -n "__fish_certauthz_using_subcommand loadtest; and not __fish_seen_subcommand_from compare merge help" -l path -d 'Directory of the credentials' -r -f -a "(__fish_complete_directories)"
complete -c certauthz -n "__fish_certauthz_using_subcommand loadtest; and not __fish_seen_subcommand_from compare merge help" -l scopes-oid -d 'Object identifier of the scopes extension' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand loadtest; and not __fish_seen_subcommand_from compare merge help" -l format -d 'How results are printed to standard output' -r -f -a "text\t''
json\t''"
complete -c certauthz -n "__fish_certauthz_using_subcommand loadtest; and not __fish_seen_subcommand_from compare merge help" -l matrix -d 'RSA 2048, EC P-256 and Ed25519 beside one another, each in a temporary world of its own'
complete -c certauthz -n "__fish_certauthz_using_subcommand loadtest; and not __fish_seen_subcommand_from compare merge help" -l aa -d 'The mode against itself: how much two runs of the same differ here'
complete -c certauthz -n "__fish_certauthz_using_subcommand loadtest; and not __fish_seen_subcommand_from compare merge help" -l disable-keepalive -d 'A new connection for each request'
complete -c certauthz -n "__fish_certauthz_using_subcommand loadtest; and not __fish_seen_subcommand_from compare merge help" -l no-progress -d 'Show no progress'
complete -c certauthz -n "__fish_certauthz_using_subcommand loadtest; and not __fish_seen_subcommand_from compare merge help" -l quiet -d 'Print no summaries and no warnings, only errors and the data that was asked for'
complete -c certauthz -n "__fish_certauthz_using_subcommand loadtest; and not __fish_seen_subcommand_from compare merge help" -s v -l verbose -d 'Tell more on standard error; repeat for even more'
complete -c certauthz -n "__fish_certauthz_using_subcommand loadtest; and not __fish_seen_subcommand_from compare merge help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c certauthz -n "__fish_certauthz_using_subcommand loadtest; and not __fish_seen_subcommand_from compare merge help" -a "compare" -d 'Compare two runs, as -o wrote them: the second with the first'
complete -c certauthz -n "__fish_certauthz_using_subcommand loadtest; and not __fish_seen_subcommand_from compare merge help" -a "merge" -d 'Add runs of several machines, as -o wrote them, as if they were one'
complete -c certauthz -n "__fish_certauthz_using_subcommand loadtest; and not __fish_seen_subcommand_from compare merge help" -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c certauthz -n "__fish_certauthz_using_subcommand loadtest; and __fish_seen_subcommand_from compare" -l path -d 'Directory of the credentials' -r -f -a "(__fish_complete_directories)"
complete -c certauthz -n "__fish_certauthz_using_subcommand loadtest; and __fish_seen_subcommand_from compare" -l scopes-oid -d 'Object identifier of the scopes extension' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand loadtest; and __fish_seen_subcommand_from compare" -l format -d 'How results are printed to standard output' -r -f -a "text\t''
json\t''"
complete -c certauthz -n "__fish_certauthz_using_subcommand loadtest; and __fish_seen_subcommand_from compare" -l quiet -d 'Print no summaries and no warnings, only errors and the data that was asked for'
complete -c certauthz -n "__fish_certauthz_using_subcommand loadtest; and __fish_seen_subcommand_from compare" -s v -l verbose -d 'Tell more on standard error; repeat for even more'
complete -c certauthz -n "__fish_certauthz_using_subcommand loadtest; and __fish_seen_subcommand_from compare" -s h -l help -d 'Print help'
complete -c certauthz -n "__fish_certauthz_using_subcommand loadtest; and __fish_seen_subcommand_from merge" -l threshold -d 'What must hold, like \'cert.p99<5ms\', \'cert.successRate>=0.999\' or \'cert/token.p50<1.2\'; repeat for several' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand loadtest; and __fish_seen_subcommand_from merge" -s o -l output -d 'Write the report into this file, as JSON' -r -F
complete -c certauthz -n "__fish_certauthz_using_subcommand loadtest; and __fish_seen_subcommand_from merge" -l report -d 'Write the report into this file, as a page for browsers' -r -F
complete -c certauthz -n "__fish_certauthz_using_subcommand loadtest; and __fish_seen_subcommand_from merge" -l path -d 'Directory of the credentials' -r -f -a "(__fish_complete_directories)"
complete -c certauthz -n "__fish_certauthz_using_subcommand loadtest; and __fish_seen_subcommand_from merge" -l scopes-oid -d 'Object identifier of the scopes extension' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand loadtest; and __fish_seen_subcommand_from merge" -l format -d 'How results are printed to standard output' -r -f -a "text\t''
json\t''"
complete -c certauthz -n "__fish_certauthz_using_subcommand loadtest; and __fish_seen_subcommand_from merge" -l quiet -d 'Print no summaries and no warnings, only errors and the data that was asked for'
complete -c certauthz -n "__fish_certauthz_using_subcommand loadtest; and __fish_seen_subcommand_from merge" -s v -l verbose -d 'Tell more on standard error; repeat for even more'
complete -c certauthz -n "__fish_certauthz_using_subcommand loadtest; and __fish_seen_subcommand_from merge" -s h -l help -d 'Print help'
complete -c certauthz -n "__fish_certauthz_using_subcommand loadtest; and __fish_seen_subcommand_from help" -f -a "compare" -d 'Compare two runs, as -o wrote them: the second with the first'
complete -c certauthz -n "__fish_certauthz_using_subcommand loadtest; and __fish_seen_subcommand_from help" -f -a "merge" -d 'Add runs of several machines, as -o wrote them, as if they were one'
complete -c certauthz -n "__fish_certauthz_using_subcommand loadtest; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c certauthz -n "__fish_certauthz_using_subcommand bench" -l key -d 'Measure this private key (PEM, PKCS#8; - for standard input); repeat for several' -r -F
complete -c certauthz -n "__fish_certauthz_using_subcommand bench" -l key-type -d 'Measure only new keys of this kind; repeat for several [default: all]' -r -f -a "rsa\t'RSA with 2048, 3072 or 4096 bits'
ec\t'Elliptic curve P-256 or P-384'
ed25519\t'Ed25519'"
complete -c certauthz -n "__fish_certauthz_using_subcommand bench" -l key-size -d 'Measure only new keys of this size in bits; repeat for several [default: all]' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand bench" -l seconds -d 'Time to spend on each key' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand bench" -l path -d 'Directory of the credentials' -r -f -a "(__fish_complete_directories)"
complete -c certauthz -n "__fish_certauthz_using_subcommand bench" -l scopes-oid -d 'Object identifier of the scopes extension' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand bench" -l format -d 'How results are printed to standard output' -r -f -a "text\t''
json\t''"
complete -c certauthz -n "__fish_certauthz_using_subcommand bench" -s q -l quiet -d 'Print no summaries and no warnings, only errors and the data that was asked for'
complete -c certauthz -n "__fish_certauthz_using_subcommand bench" -s v -l verbose -d 'Tell more on standard error; repeat for even more'
complete -c certauthz -n "__fish_certauthz_using_subcommand bench" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c certauthz -n "__fish_certauthz_using_subcommand completions" -l path -d 'Directory of the credentials' -r -f -a "(__fish_complete_directories)"
complete -c certauthz -n "__fish_certauthz_using_subcommand completions" -l scopes-oid -d 'Object identifier of the scopes extension' -r
complete -c certauthz -n "__fish_certauthz_using_subcommand completions" -l format -d 'How results are printed to standard output' -r -f -a "text\t''
json\t''"
complete -c certauthz -n "__fish_certauthz_using_subcommand completions" -s q -l quiet -d 'Print no summaries and no warnings, only errors and the data that was asked for'
complete -c certauthz -n "__fish_certauthz_using_subcommand completions" -s v -l verbose -d 'Tell more on standard error; repeat for even more'
complete -c certauthz -n "__fish_certauthz_using_subcommand completions" -s h -l help -d 'Print help'
complete -c certauthz -n "__fish_certauthz_using_subcommand help; and not __fish_seen_subcommand_from init ca client token crl sign-request verify serve loadtest bench completions help" -f -a "init" -d 'Make the example world: the CA `primary`, the clients `alice` and `bob`, their tokens, an empty CRL'
complete -c certauthz -n "__fish_certauthz_using_subcommand help; and not __fish_seen_subcommand_from init ca client token crl sign-request verify serve loadtest bench completions help" -f -a "ca" -d 'Certificate authorities: create, list, show, serve, publish'
complete -c certauthz -n "__fish_certauthz_using_subcommand help; and not __fish_seen_subcommand_from init ca client token crl sign-request verify serve loadtest bench completions help" -f -a "client" -d 'Clients: create, renew, list, show, and send a request as one'
complete -c certauthz -n "__fish_certauthz_using_subcommand help; and not __fish_seen_subcommand_from init ca client token crl sign-request verify serve loadtest bench completions help" -f -a "token" -d 'Access tokens (JWT)'
complete -c certauthz -n "__fish_certauthz_using_subcommand help; and not __fish_seen_subcommand_from init ca client token crl sign-request verify serve loadtest bench completions help" -f -a "crl" -d 'Revocation: revoke certificates, publish and show lists'
complete -c certauthz -n "__fish_certauthz_using_subcommand help; and not __fish_seen_subcommand_from init ca client token crl sign-request verify serve loadtest bench completions help" -f -a "sign-request" -d 'Sign a request as a client, without sending it'
complete -c certauthz -n "__fish_certauthz_using_subcommand help; and not __fish_seen_subcommand_from init ca client token crl sign-request verify serve loadtest bench completions help" -f -a "verify" -d 'Verify a certificate, token, signed request or revocation list, offline'
complete -c certauthz -n "__fish_certauthz_using_subcommand help; and not __fish_seen_subcommand_from init ca client token crl sign-request verify serve loadtest bench completions help" -f -a "serve" -d 'Run a resource server with the routes /token, /cert, /healthz and /metrics'
complete -c certauthz -n "__fish_certauthz_using_subcommand help; and not __fish_seen_subcommand_from init ca client token crl sign-request verify serve loadtest bench completions help" -f -a "loadtest" -d 'Measure a resource server: tokens and signed requests side by side'
complete -c certauthz -n "__fish_certauthz_using_subcommand help; and not __fish_seen_subcommand_from init ca client token crl sign-request verify serve loadtest bench completions help" -f -a "bench" -d 'Measure signing and verifying alone: what each type of key costs client and server'
complete -c certauthz -n "__fish_certauthz_using_subcommand help; and not __fish_seen_subcommand_from init ca client token crl sign-request verify serve loadtest bench completions help" -f -a "completions" -d 'Print the completion script of a shell'
complete -c certauthz -n "__fish_certauthz_using_subcommand help; and not __fish_seen_subcommand_from init ca client token crl sign-request verify serve loadtest bench completions help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c certauthz -n "__fish_certauthz_using_subcommand help; and __fish_seen_subcommand_from ca" -f -a "create" -d 'Make a CA: key pair, certificate, database and first revocation list'
complete -c certauthz -n "__fish_certauthz_using_subcommand help; and __fish_seen_subcommand_from ca" -f -a "list" -d 'List the CAs under --path'
complete -c certauthz -n "__fish_certauthz_using_subcommand help; and __fish_seen_subcommand_from ca" -f -a "show" -d 'Show a CA and what it issued'
complete -c certauthz -n "__fish_certauthz_using_subcommand help; and __fish_seen_subcommand_from ca" -f -a "serve" -d 'Run the authorization server: tokens, renewals, revocation list, keys'
complete -c certauthz -n "__fish_certauthz_using_subcommand help; and __fish_seen_subcommand_from ca" -f -a "publish" -d 'Write the revocation list, keys and certificate as files for any web server or CDN'
complete -c certauthz -n "__fish_certauthz_using_subcommand help; and __fish_seen_subcommand_from client" -f -a "create" -d 'Make a client: key pair, certificate with scopes, and token'
complete -c certauthz -n "__fish_certauthz_using_subcommand help; and __fish_seen_subcommand_from client" -f -a "renew" -d 'Issue a new certificate and token for a client\'s key, or have one issued by the authorization server'
complete -c certauthz -n "__fish_certauthz_using_subcommand help; and __fish_seen_subcommand_from client" -f -a "token" -d 'Fetch an access token from the authorization server and print it'
complete -c certauthz -n "__fish_certauthz_using_subcommand help; and __fish_seen_subcommand_from client" -f -a "list" -d 'List the clients under --path'
complete -c certauthz -n "__fish_certauthz_using_subcommand help; and __fish_seen_subcommand_from client" -f -a "show" -d 'Show a client: certificate, scopes, token'
complete -c certauthz -n "__fish_certauthz_using_subcommand help; and __fish_seen_subcommand_from client" -f -a "request" -d 'Send a request as a client, with its token or its certificate'
complete -c certauthz -n "__fish_certauthz_using_subcommand help; and __fish_seen_subcommand_from token" -f -a "create" -d 'Make an access token (RFC 9068) for a client and print it'
complete -c certauthz -n "__fish_certauthz_using_subcommand help; and __fish_seen_subcommand_from crl" -f -a "revoke" -d 'Revoke certificates and publish a new list'
complete -c certauthz -n "__fish_certauthz_using_subcommand help; and __fish_seen_subcommand_from crl" -f -a "create" -d 'Publish a new list'
complete -c certauthz -n "__fish_certauthz_using_subcommand help; and __fish_seen_subcommand_from crl" -f -a "show" -d 'Print a list: number, times, entries'
complete -c certauthz -n "__fish_certauthz_using_subcommand help; and __fish_seen_subcommand_from crl" -f -a "generate" -d 'Write a list with many invented entries, to try out and measure'
complete -c certauthz -n "__fish_certauthz_using_subcommand help; and __fish_seen_subcommand_from verify" -f -a "cert" -d 'Verify a client certificate: chain, revocation, purpose, scopes'
complete -c certauthz -n "__fish_certauthz_using_subcommand help; and __fish_seen_subcommand_from verify" -f -a "token" -d 'Verify an access token (JWT)'
complete -c certauthz -n "__fish_certauthz_using_subcommand help; and __fish_seen_subcommand_from verify" -f -a "request" -d 'Verify a signed HTTP/1.1 request, as `sign-request --output http` prints it'
complete -c certauthz -n "__fish_certauthz_using_subcommand help; and __fish_seen_subcommand_from verify" -f -a "crl" -d 'Verify a revocation list: signature and times'
complete -c certauthz -n "__fish_certauthz_using_subcommand help; and __fish_seen_subcommand_from loadtest" -f -a "compare" -d 'Compare two runs, as -o wrote them: the second with the first'
complete -c certauthz -n "__fish_certauthz_using_subcommand help; and __fish_seen_subcommand_from loadtest" -f -a "merge" -d 'Add runs of several machines, as -o wrote them, as if they were one'
