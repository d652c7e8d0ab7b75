
using namespace System.Management.Automation
using namespace System.Management.Automation.Language

Register-ArgumentCompleter -Native -CommandName 'certauthz' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $commandElements = $commandAst.CommandElements
    $command = @(
        'certauthz'
        for ($i = 1; $i -lt $commandElements.Count; $i++) {
            $element = $commandElements[$i]
            if ($element -isnot [StringConstantExpressionAst] -or
                $element.StringConstantType -ne [StringConstantType]::BareWord -or
                $element.Value.StartsWith('-') -or
                $element.Value -eq $wordToComplete) {
                break
        }
        $element.Value
    }) -join ';'

    $completions = @(switch ($command) {
        'certauthz' {
            [CompletionResult]::new('--path', '--path', [CompletionResultType]::ParameterName, 'Directory of the credentials')
            [CompletionResult]::new('--scopes-oid', '--scopes-oid', [CompletionResultType]::ParameterName, 'Object identifier of the scopes extension')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are printed to standard output')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no summaries and no warnings, only errors and the data that was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no summaries and no warnings, only errors and the data that was asked for')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell more on standard error; repeat for even more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell more on standard error; repeat for even more')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('init', 'init', [CompletionResultType]::ParameterValue, 'Make the example world: the CA `primary`, the clients `alice` and `bob`, their tokens, an empty CRL')
            [CompletionResult]::new('ca', 'ca', [CompletionResultType]::ParameterValue, 'Certificate authorities: create, list, show, serve, publish')
            [CompletionResult]::new('client', 'client', [CompletionResultType]::ParameterValue, 'Clients: create, renew, list, show, and send a request as one')
            [CompletionResult]::new('token', 'token', [CompletionResultType]::ParameterValue, 'Access tokens (JWT)')
            [CompletionResult]::new('crl', 'crl', [CompletionResultType]::ParameterValue, 'Revocation: revoke certificates, publish and show lists')
            [CompletionResult]::new('sign-request', 'sign-request', [CompletionResultType]::ParameterValue, 'Sign a request as a client, without sending it')
            [CompletionResult]::new('verify', 'verify', [CompletionResultType]::ParameterValue, 'Verify a certificate, token, signed request or revocation list, offline')
            [CompletionResult]::new('serve', 'serve', [CompletionResultType]::ParameterValue, 'Run a resource server with the routes /token, /cert, /healthz and /metrics')
            [CompletionResult]::new('loadtest', 'loadtest', [CompletionResultType]::ParameterValue, 'Measure a resource server: tokens and signed requests side by side')
            [CompletionResult]::new('bench', 'bench', [CompletionResultType]::ParameterValue, 'Measure signing and verifying alone: what each type of key costs client and server')
            [CompletionResult]::new('completions', 'completions', [CompletionResultType]::ParameterValue, 'Print the completion script of a shell')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'certauthz;init' {
            [CompletionResult]::new('--path', '--path', [CompletionResultType]::ParameterName, 'Directory of the credentials')
            [CompletionResult]::new('--scopes-oid', '--scopes-oid', [CompletionResultType]::ParameterName, 'Object identifier of the scopes extension')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are printed to standard output')
            [CompletionResult]::new('--force', '--force', [CompletionResultType]::ParameterName, 'Replace an example world that exists already')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no summaries and no warnings, only errors and the data that was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no summaries and no warnings, only errors and the data that was asked for')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell more on standard error; repeat for even more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell more on standard error; repeat for even more')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'certauthz;ca' {
            [CompletionResult]::new('--path', '--path', [CompletionResultType]::ParameterName, 'Directory of the credentials')
            [CompletionResult]::new('--scopes-oid', '--scopes-oid', [CompletionResultType]::ParameterName, 'Object identifier of the scopes extension')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are printed to standard output')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no summaries and no warnings, only errors and the data that was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no summaries and no warnings, only errors and the data that was asked for')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell more on standard error; repeat for even more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell more on standard error; repeat for even more')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('create', 'create', [CompletionResultType]::ParameterValue, 'Make a CA: key pair, certificate, database and first revocation list')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List the CAs under --path')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show a CA and what it issued')
            [CompletionResult]::new('serve', 'serve', [CompletionResultType]::ParameterValue, 'Run the authorization server: tokens, renewals, revocation list, keys')
            [CompletionResult]::new('publish', 'publish', [CompletionResultType]::ParameterValue, 'Write the revocation list, keys and certificate as files for any web server or CDN')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'certauthz;ca;create' {
            [CompletionResult]::new('--name', '--name', [CompletionResultType]::ParameterName, 'Name of the CA, and of its directory under --path')
            [CompletionResult]::new('--common-name', '--common-name', [CompletionResultType]::ParameterName, 'Common name (CN) of the subject [default: the name]')
            [CompletionResult]::new('--organization', '--organization', [CompletionResultType]::ParameterName, 'Organization (O) of the subject')
            [CompletionResult]::new('--expiration', '--expiration', [CompletionResultType]::ParameterName, 'Life of the certificate: a duration, or the RFC 3339 time of its end [default: 8766h, or the parent''s end]')
            [CompletionResult]::new('--serial-number', '--serial-number', [CompletionResultType]::ParameterName, 'Serial number: decimal, 0x… or colon-hex [default: random, 128 bits]')
            [CompletionResult]::new('--key-type', '--key-type', [CompletionResultType]::ParameterName, 'Kind of the new key [default: rsa, or what the size implies]')
            [CompletionResult]::new('--key-size', '--key-size', [CompletionResultType]::ParameterName, 'Size of the new key in bits: 2048, 3072 or 4096 (RSA), 256 or 384 (EC) [default: 2048 or 256]')
            [CompletionResult]::new('--parent', '--parent', [CompletionResultType]::ParameterName, 'Make an intermediate CA that this CA signs')
            [CompletionResult]::new('--crl-url', '--crl-url', [CompletionResultType]::ParameterName, 'Where clients of the certificates will find the revocation list')
            [CompletionResult]::new('--issuer', '--issuer', [CompletionResultType]::ParameterName, 'Issuer identifier in the CA''s access tokens (`iss`) [default: http://127.0.0.1:8586]')
            [CompletionResult]::new('--path', '--path', [CompletionResultType]::ParameterName, 'Directory of the credentials')
            [CompletionResult]::new('--scopes-oid', '--scopes-oid', [CompletionResultType]::ParameterName, 'Object identifier of the scopes extension')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are printed to standard output')
            [CompletionResult]::new('--force', '--force', [CompletionResultType]::ParameterName, 'Replace a CA of this name; what it issued will no longer verify')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no summaries and no warnings, only errors and the data that was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no summaries and no warnings, only errors and the data that was asked for')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell more on standard error; repeat for even more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell more on standard error; repeat for even more')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'certauthz;ca;list' {
            [CompletionResult]::new('--path', '--path', [CompletionResultType]::ParameterName, 'Directory of the credentials')
            [CompletionResult]::new('--scopes-oid', '--scopes-oid', [CompletionResultType]::ParameterName, 'Object identifier of the scopes extension')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are printed to standard output')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no summaries and no warnings, only errors and the data that was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no summaries and no warnings, only errors and the data that was asked for')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell more on standard error; repeat for even more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell more on standard error; repeat for even more')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'certauthz;ca;show' {
            [CompletionResult]::new('--name', '--name', [CompletionResultType]::ParameterName, 'Name of the CA')
            [CompletionResult]::new('--path', '--path', [CompletionResultType]::ParameterName, 'Directory of the credentials')
            [CompletionResult]::new('--scopes-oid', '--scopes-oid', [CompletionResultType]::ParameterName, 'Object identifier of the scopes extension')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are printed to standard output')
            [CompletionResult]::new('--jwks', '--jwks', [CompletionResultType]::ParameterName, 'Print the public key as a JWK set (RFC 7517) instead')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no summaries and no warnings, only errors and the data that was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no summaries and no warnings, only errors and the data that was asked for')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell more on standard error; repeat for even more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell more on standard error; repeat for even more')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'certauthz;ca;serve' {
            [CompletionResult]::new('--name', '--name', [CompletionResultType]::ParameterName, 'Name of the CA')
            [CompletionResult]::new('--listen', '--listen', [CompletionResultType]::ParameterName, 'Address to listen on; port 0 picks a free one')
            [CompletionResult]::new('--issuer', '--issuer', [CompletionResultType]::ParameterName, 'Issuer identifier: `iss` of the tokens, and where clients reach this server [default: the CA''s own]')
            [CompletionResult]::new('--authority', '--authority', [CompletionResultType]::ParameterName, 'A name that this server is called by, besides the issuer''s; repeat for several [default: the address it listens on]')
            [CompletionResult]::new('--token-lifetime', '--token-lifetime', [CompletionResultType]::ParameterName, 'How long a token lives at most')
            [CompletionResult]::new('--metrics-listen', '--metrics-listen', [CompletionResultType]::ParameterName, 'Address where /metrics is shown, and there alone; port 0 picks a free one [default: at /metrics of --listen]')
            [CompletionResult]::new('--max-connections', '--max-connections', [CompletionResultType]::ParameterName, 'Most connections at a time; past them, those that keep the server waiting make room for newcomers')
            [CompletionResult]::new('--workers', '--workers', [CompletionResultType]::ParameterName, 'Worker threads [default: one per core]')
            [CompletionResult]::new('--path', '--path', [CompletionResultType]::ParameterName, 'Directory of the credentials')
            [CompletionResult]::new('--scopes-oid', '--scopes-oid', [CompletionResultType]::ParameterName, 'Object identifier of the scopes extension')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are printed to standard output')
            [CompletionResult]::new('--stop-with-stdin', '--stop-with-stdin', [CompletionResultType]::ParameterName, 'Stop when standard input ends: a child that must not outlive its parent')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no summaries and no warnings, only errors and the data that was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no summaries and no warnings, only errors and the data that was asked for')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell more on standard error; repeat for even more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell more on standard error; repeat for even more')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'certauthz;ca;publish' {
            [CompletionResult]::new('--name', '--name', [CompletionResultType]::ParameterName, 'Name of the CA')
            [CompletionResult]::new('--out', '--out', [CompletionResultType]::ParameterName, 'Directory of the files; made if need be')
            [CompletionResult]::new('--issuer', '--issuer', [CompletionResultType]::ParameterName, 'Issuer identifier in the metadata [default: the CA''s own]')
            [CompletionResult]::new('--path', '--path', [CompletionResultType]::ParameterName, 'Directory of the credentials')
            [CompletionResult]::new('--scopes-oid', '--scopes-oid', [CompletionResultType]::ParameterName, 'Object identifier of the scopes extension')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are printed to standard output')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no summaries and no warnings, only errors and the data that was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no summaries and no warnings, only errors and the data that was asked for')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell more on standard error; repeat for even more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell more on standard error; repeat for even more')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'certauthz;ca;help' {
            [CompletionResult]::new('create', 'create', [CompletionResultType]::ParameterValue, 'Make a CA: key pair, certificate, database and first revocation list')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List the CAs under --path')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show a CA and what it issued')
            [CompletionResult]::new('serve', 'serve', [CompletionResultType]::ParameterValue, 'Run the authorization server: tokens, renewals, revocation list, keys')
            [CompletionResult]::new('publish', 'publish', [CompletionResultType]::ParameterValue, 'Write the revocation list, keys and certificate as files for any web server or CDN')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'certauthz;ca;help;create' {
            break
        }
        'certauthz;ca;help;list' {
            break
        }
        'certauthz;ca;help;show' {
            break
        }
        'certauthz;ca;help;serve' {
            break
        }
        'certauthz;ca;help;publish' {
            break
        }
        'certauthz;ca;help;help' {
            break
        }
        'certauthz;client' {
            [CompletionResult]::new('--path', '--path', [CompletionResultType]::ParameterName, 'Directory of the credentials')
            [CompletionResult]::new('--scopes-oid', '--scopes-oid', [CompletionResultType]::ParameterName, 'Object identifier of the scopes extension')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are printed to standard output')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no summaries and no warnings, only errors and the data that was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no summaries and no warnings, only errors and the data that was asked for')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell more on standard error; repeat for even more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell more on standard error; repeat for even more')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('create', 'create', [CompletionResultType]::ParameterValue, 'Make a client: key pair, certificate with scopes, and token')
            [CompletionResult]::new('renew', 'renew', [CompletionResultType]::ParameterValue, 'Issue a new certificate and token for a client''s key, or have one issued by the authorization server')
            [CompletionResult]::new('token', 'token', [CompletionResultType]::ParameterValue, 'Fetch an access token from the authorization server and print it')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List the clients under --path')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show a client: certificate, scopes, token')
            [CompletionResult]::new('request', 'request', [CompletionResultType]::ParameterValue, 'Send a request as a client, with its token or its certificate')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'certauthz;client;create' {
            [CompletionResult]::new('--name', '--name', [CompletionResultType]::ParameterName, 'Name of the client, and of its directory under --path')
            [CompletionResult]::new('--ca', '--ca', [CompletionResultType]::ParameterName, 'The CA that issues')
            [CompletionResult]::new('--scope', '--scope', [CompletionResultType]::ParameterName, 'A scope that the client gets; repeat for several')
            [CompletionResult]::new('--common-name', '--common-name', [CompletionResultType]::ParameterName, 'Common name (CN) of the subject [default: the name]')
            [CompletionResult]::new('--organization', '--organization', [CompletionResultType]::ParameterName, 'Organization (O) of the subject')
            [CompletionResult]::new('--expiration', '--expiration', [CompletionResultType]::ParameterName, 'Life of the certificate: a duration, or the RFC 3339 time of its end [default: 365d, or the CA''s end]')
            [CompletionResult]::new('--serial-number', '--serial-number', [CompletionResultType]::ParameterName, 'Serial number: decimal, 0x… or colon-hex [default: random, 128 bits]')
            [CompletionResult]::new('--key-type', '--key-type', [CompletionResultType]::ParameterName, 'Kind of the new key [default: rsa, or what the size implies]')
            [CompletionResult]::new('--key-size', '--key-size', [CompletionResultType]::ParameterName, 'Size of the new key in bits: 2048, 3072 or 4096 (RSA), 256 or 384 (EC) [default: 2048 or 256]')
            [CompletionResult]::new('--csr', '--csr', [CompletionResultType]::ParameterName, 'A PKCS#10 request (PEM or DER) of a key that stays where it is')
            [CompletionResult]::new('--path', '--path', [CompletionResultType]::ParameterName, 'Directory of the credentials')
            [CompletionResult]::new('--scopes-oid', '--scopes-oid', [CompletionResultType]::ParameterName, 'Object identifier of the scopes extension')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are printed to standard output')
            [CompletionResult]::new('--force', '--force', [CompletionResultType]::ParameterName, 'Replace a client of this name')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no summaries and no warnings, only errors and the data that was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no summaries and no warnings, only errors and the data that was asked for')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell more on standard error; repeat for even more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell more on standard error; repeat for even more')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'certauthz;client;renew' {
            [CompletionResult]::new('--name', '--name', [CompletionResultType]::ParameterName, 'Name of the client')
            [CompletionResult]::new('--scope', '--scope', [CompletionResultType]::ParameterName, 'The client''s scopes from now on; repeat for several [default: those it has]')
            [CompletionResult]::new('--expiration', '--expiration', [CompletionResultType]::ParameterName, 'Life of the new certificate: a duration, or the RFC 3339 time of its end [default: 365d, or the CA''s end]')
            [CompletionResult]::new('--authority', '--authority', [CompletionResultType]::ParameterName, 'The authorization server that issues it; without, the CA''s own files are used')
            [CompletionResult]::new('--path', '--path', [CompletionResultType]::ParameterName, 'Directory of the credentials')
            [CompletionResult]::new('--scopes-oid', '--scopes-oid', [CompletionResultType]::ParameterName, 'Object identifier of the scopes extension')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are printed to standard output')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no summaries and no warnings, only errors and the data that was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no summaries and no warnings, only errors and the data that was asked for')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell more on standard error; repeat for even more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell more on standard error; repeat for even more')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'certauthz;client;token' {
            [CompletionResult]::new('--name', '--name', [CompletionResultType]::ParameterName, 'Name of the client')
            [CompletionResult]::new('--authority', '--authority', [CompletionResultType]::ParameterName, 'The authorization server')
            [CompletionResult]::new('--audience', '--audience', [CompletionResultType]::ParameterName, 'The service that shall accept it [default: the first segment of the scopes, e.g. bob of bob.user.read]')
            [CompletionResult]::new('--scope', '--scope', [CompletionResultType]::ParameterName, 'A scope of the token; repeat for several; only scopes that the client has [default: all of them]')
            [CompletionResult]::new('--path', '--path', [CompletionResultType]::ParameterName, 'Directory of the credentials')
            [CompletionResult]::new('--scopes-oid', '--scopes-oid', [CompletionResultType]::ParameterName, 'Object identifier of the scopes extension')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are printed to standard output')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no summaries and no warnings, only errors and the data that was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no summaries and no warnings, only errors and the data that was asked for')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell more on standard error; repeat for even more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell more on standard error; repeat for even more')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'certauthz;client;list' {
            [CompletionResult]::new('--path', '--path', [CompletionResultType]::ParameterName, 'Directory of the credentials')
            [CompletionResult]::new('--scopes-oid', '--scopes-oid', [CompletionResultType]::ParameterName, 'Object identifier of the scopes extension')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are printed to standard output')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no summaries and no warnings, only errors and the data that was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no summaries and no warnings, only errors and the data that was asked for')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell more on standard error; repeat for even more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell more on standard error; repeat for even more')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'certauthz;client;show' {
            [CompletionResult]::new('--name', '--name', [CompletionResultType]::ParameterName, 'Name of the client')
            [CompletionResult]::new('--path', '--path', [CompletionResultType]::ParameterName, 'Directory of the credentials')
            [CompletionResult]::new('--scopes-oid', '--scopes-oid', [CompletionResultType]::ParameterName, 'Object identifier of the scopes extension')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are printed to standard output')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no summaries and no warnings, only errors and the data that was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no summaries and no warnings, only errors and the data that was asked for')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell more on standard error; repeat for even more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell more on standard error; repeat for even more')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'certauthz;client;request' {
            [CompletionResult]::new('--name', '--name', [CompletionResultType]::ParameterName, 'The client that sends')
            [CompletionResult]::new('--mode', '--mode', [CompletionResultType]::ParameterName, 'The credential to show')
            [CompletionResult]::new('--authority', '--authority', [CompletionResultType]::ParameterName, 'The authorization server to fetch tokens from [default: none, the client''s token.jwt is sent]')
            [CompletionResult]::new('--cert-url', '--cert-url', [CompletionResultType]::ParameterName, 'Where the request goes when it is signed in mode auto [default: URL; of /token and /cert, each credential takes its own]')
            [CompletionResult]::new('--repeat', '--repeat', [CompletionResultType]::ParameterName, 'Send it this many times, and print one line for each')
            [CompletionResult]::new('--interval', '--interval', [CompletionResultType]::ParameterName, 'From the beginning of one request to that of the next')
            [CompletionResult]::new('-X', '-X ', [CompletionResultType]::ParameterName, 'Method [default: GET, or POST with a body]')
            [CompletionResult]::new('--request', '--request', [CompletionResultType]::ParameterName, 'Method [default: GET, or POST with a body]')
            [CompletionResult]::new('-H', '-H ', [CompletionResultType]::ParameterName, 'A header of the request; repeat for several')
            [CompletionResult]::new('--header', '--header', [CompletionResultType]::ParameterName, 'A header of the request; repeat for several')
            [CompletionResult]::new('-d', '-d', [CompletionResultType]::ParameterName, 'Body of the request: the data itself, @FILE for a file''s bytes, @- for standard input')
            [CompletionResult]::new('--data', '--data', [CompletionResultType]::ParameterName, 'Body of the request: the data itself, @FILE for a file''s bytes, @- for standard input')
            [CompletionResult]::new('--path', '--path', [CompletionResultType]::ParameterName, 'Directory of the credentials')
            [CompletionResult]::new('--scopes-oid', '--scopes-oid', [CompletionResultType]::ParameterName, 'Object identifier of the scopes extension')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are printed to standard output')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no summaries and no warnings, only errors and the data that was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no summaries and no warnings, only errors and the data that was asked for')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell more on standard error; repeat for even more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell more on standard error; repeat for even more')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'certauthz;client;help' {
            [CompletionResult]::new('create', 'create', [CompletionResultType]::ParameterValue, 'Make a client: key pair, certificate with scopes, and token')
            [CompletionResult]::new('renew', 'renew', [CompletionResultType]::ParameterValue, 'Issue a new certificate and token for a client''s key, or have one issued by the authorization server')
            [CompletionResult]::new('token', 'token', [CompletionResultType]::ParameterValue, 'Fetch an access token from the authorization server and print it')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List the clients under --path')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show a client: certificate, scopes, token')
            [CompletionResult]::new('request', 'request', [CompletionResultType]::ParameterValue, 'Send a request as a client, with its token or its certificate')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'certauthz;client;help;create' {
            break
        }
        'certauthz;client;help;renew' {
            break
        }
        'certauthz;client;help;token' {
            break
        }
        'certauthz;client;help;list' {
            break
        }
        'certauthz;client;help;show' {
            break
        }
        'certauthz;client;help;request' {
            break
        }
        'certauthz;client;help;help' {
            break
        }
        'certauthz;token' {
            [CompletionResult]::new('--path', '--path', [CompletionResultType]::ParameterName, 'Directory of the credentials')
            [CompletionResult]::new('--scopes-oid', '--scopes-oid', [CompletionResultType]::ParameterName, 'Object identifier of the scopes extension')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are printed to standard output')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no summaries and no warnings, only errors and the data that was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no summaries and no warnings, only errors and the data that was asked for')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell more on standard error; repeat for even more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell more on standard error; repeat for even more')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('create', 'create', [CompletionResultType]::ParameterValue, 'Make an access token (RFC 9068) for a client and print it')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'certauthz;token;create' {
            [CompletionResult]::new('--ca', '--ca', [CompletionResultType]::ParameterName, 'The CA that issues')
            [CompletionResult]::new('--client', '--client', [CompletionResultType]::ParameterName, 'The client that the token is for')
            [CompletionResult]::new('--audience', '--audience', [CompletionResultType]::ParameterName, 'The service that shall accept it [default: the first segment of the scopes, e.g. bob of bob.user.read]')
            [CompletionResult]::new('--scope', '--scope', [CompletionResultType]::ParameterName, 'A scope of the token; repeat for several; only scopes that the client has [default: all of them]')
            [CompletionResult]::new('--expiration', '--expiration', [CompletionResultType]::ParameterName, 'Life of the token: a duration, or the RFC 3339 time of its end [default: 15m, but not beyond the certificate]')
            [CompletionResult]::new('--path', '--path', [CompletionResultType]::ParameterName, 'Directory of the credentials')
            [CompletionResult]::new('--scopes-oid', '--scopes-oid', [CompletionResultType]::ParameterName, 'Object identifier of the scopes extension')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are printed to standard output')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no summaries and no warnings, only errors and the data that was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no summaries and no warnings, only errors and the data that was asked for')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell more on standard error; repeat for even more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell more on standard error; repeat for even more')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'certauthz;token;help' {
            [CompletionResult]::new('create', 'create', [CompletionResultType]::ParameterValue, 'Make an access token (RFC 9068) for a client and print it')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'certauthz;token;help;create' {
            break
        }
        'certauthz;token;help;help' {
            break
        }
        'certauthz;crl' {
            [CompletionResult]::new('--path', '--path', [CompletionResultType]::ParameterName, 'Directory of the credentials')
            [CompletionResult]::new('--scopes-oid', '--scopes-oid', [CompletionResultType]::ParameterName, 'Object identifier of the scopes extension')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are printed to standard output')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no summaries and no warnings, only errors and the data that was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no summaries and no warnings, only errors and the data that was asked for')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell more on standard error; repeat for even more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell more on standard error; repeat for even more')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('revoke', 'revoke', [CompletionResultType]::ParameterValue, 'Revoke certificates and publish a new list')
            [CompletionResult]::new('create', 'create', [CompletionResultType]::ParameterValue, 'Publish a new list')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Print a list: number, times, entries')
            [CompletionResult]::new('generate', 'generate', [CompletionResultType]::ParameterValue, 'Write a list with many invented entries, to try out and measure')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'certauthz;crl;revoke' {
            [CompletionResult]::new('--ca', '--ca', [CompletionResultType]::ParameterName, 'The CA that issued')
            [CompletionResult]::new('--client', '--client', [CompletionResultType]::ParameterName, 'Every certificate of this client that is still in force')
            [CompletionResult]::new('--serial', '--serial', [CompletionResultType]::ParameterName, 'The certificate with this serial number: decimal, 0x… or colon-hex')
            [CompletionResult]::new('--cert', '--cert', [CompletionResultType]::ParameterName, 'This certificate (PEM or DER)')
            [CompletionResult]::new('--reason', '--reason', [CompletionResultType]::ParameterName, 'Why (RFC 5280 section 5.3.1)')
            [CompletionResult]::new('--path', '--path', [CompletionResultType]::ParameterName, 'Directory of the credentials')
            [CompletionResult]::new('--scopes-oid', '--scopes-oid', [CompletionResultType]::ParameterName, 'Object identifier of the scopes extension')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are printed to standard output')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no summaries and no warnings, only errors and the data that was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no summaries and no warnings, only errors and the data that was asked for')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell more on standard error; repeat for even more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell more on standard error; repeat for even more')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'certauthz;crl;create' {
            [CompletionResult]::new('--ca', '--ca', [CompletionResultType]::ParameterName, 'The CA whose list it is')
            [CompletionResult]::new('--next-update', '--next-update', [CompletionResultType]::ParameterName, 'When the following list will be there at the latest: a duration, or an RFC 3339 time')
            [CompletionResult]::new('--path', '--path', [CompletionResultType]::ParameterName, 'Directory of the credentials')
            [CompletionResult]::new('--scopes-oid', '--scopes-oid', [CompletionResultType]::ParameterName, 'Object identifier of the scopes extension')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are printed to standard output')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no summaries and no warnings, only errors and the data that was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no summaries and no warnings, only errors and the data that was asked for')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell more on standard error; repeat for even more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell more on standard error; repeat for even more')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'certauthz;crl;show' {
            [CompletionResult]::new('--path', '--path', [CompletionResultType]::ParameterName, 'Directory of the credentials')
            [CompletionResult]::new('--scopes-oid', '--scopes-oid', [CompletionResultType]::ParameterName, 'Object identifier of the scopes extension')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are printed to standard output')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no summaries and no warnings, only errors and the data that was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no summaries and no warnings, only errors and the data that was asked for')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell more on standard error; repeat for even more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell more on standard error; repeat for even more')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'certauthz;crl;generate' {
            [CompletionResult]::new('--ca', '--ca', [CompletionResultType]::ParameterName, 'The CA whose list it is')
            [CompletionResult]::new('--entries', '--entries', [CompletionResultType]::ParameterName, 'How many entries to invent beside those of the CA')
            [CompletionResult]::new('--out', '--out', [CompletionResultType]::ParameterName, 'Where to write it: DER if the name ends in .der, else PEM')
            [CompletionResult]::new('--seed', '--seed', [CompletionResultType]::ParameterName, 'The same seed invents the same entries')
            [CompletionResult]::new('--next-update', '--next-update', [CompletionResultType]::ParameterName, 'When the following list will be there at the latest: a duration, or an RFC 3339 time')
            [CompletionResult]::new('--path', '--path', [CompletionResultType]::ParameterName, 'Directory of the credentials')
            [CompletionResult]::new('--scopes-oid', '--scopes-oid', [CompletionResultType]::ParameterName, 'Object identifier of the scopes extension')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are printed to standard output')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no summaries and no warnings, only errors and the data that was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no summaries and no warnings, only errors and the data that was asked for')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell more on standard error; repeat for even more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell more on standard error; repeat for even more')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'certauthz;crl;help' {
            [CompletionResult]::new('revoke', 'revoke', [CompletionResultType]::ParameterValue, 'Revoke certificates and publish a new list')
            [CompletionResult]::new('create', 'create', [CompletionResultType]::ParameterValue, 'Publish a new list')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Print a list: number, times, entries')
            [CompletionResult]::new('generate', 'generate', [CompletionResultType]::ParameterValue, 'Write a list with many invented entries, to try out and measure')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'certauthz;crl;help;revoke' {
            break
        }
        'certauthz;crl;help;create' {
            break
        }
        'certauthz;crl;help;show' {
            break
        }
        'certauthz;crl;help;generate' {
            break
        }
        'certauthz;crl;help;help' {
            break
        }
        'certauthz;sign-request' {
            [CompletionResult]::new('--client', '--client', [CompletionResultType]::ParameterName, 'The client that signs')
            [CompletionResult]::new('-X', '-X ', [CompletionResultType]::ParameterName, 'Method [default: GET, or POST with a body]')
            [CompletionResult]::new('--request', '--request', [CompletionResultType]::ParameterName, 'Method [default: GET, or POST with a body]')
            [CompletionResult]::new('-H', '-H ', [CompletionResultType]::ParameterName, 'A header of the request; repeat for several')
            [CompletionResult]::new('--header', '--header', [CompletionResultType]::ParameterName, 'A header of the request; repeat for several')
            [CompletionResult]::new('-d', '-d', [CompletionResultType]::ParameterName, 'Body of the request: the data itself, @FILE for a file''s bytes, @- for standard input')
            [CompletionResult]::new('--data', '--data', [CompletionResultType]::ParameterName, 'Body of the request: the data itself, @FILE for a file''s bytes, @- for standard input')
            [CompletionResult]::new('--expires-in', '--expires-in', [CompletionResultType]::ParameterName, 'How long the signature can be used, at most 300s')
            [CompletionResult]::new('--count', '--count', [CompletionResultType]::ParameterName, 'Sign this many times, each with its own nonce, on all cores')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'What to print [default: headers, or json with --format json]')
            [CompletionResult]::new('--path', '--path', [CompletionResultType]::ParameterName, 'Directory of the credentials')
            [CompletionResult]::new('--scopes-oid', '--scopes-oid', [CompletionResultType]::ParameterName, 'Object identifier of the scopes extension')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are printed to standard output')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no summaries and no warnings, only errors and the data that was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no summaries and no warnings, only errors and the data that was asked for')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell more on standard error; repeat for even more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell more on standard error; repeat for even more')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'certauthz;verify' {
            [CompletionResult]::new('--path', '--path', [CompletionResultType]::ParameterName, 'Directory of the credentials')
            [CompletionResult]::new('--scopes-oid', '--scopes-oid', [CompletionResultType]::ParameterName, 'Object identifier of the scopes extension')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are printed to standard output')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no summaries and no warnings, only errors and the data that was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no summaries and no warnings, only errors and the data that was asked for')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell more on standard error; repeat for even more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell more on standard error; repeat for even more')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('cert', 'cert', [CompletionResultType]::ParameterValue, 'Verify a client certificate: chain, revocation, purpose, scopes')
            [CompletionResult]::new('token', 'token', [CompletionResultType]::ParameterValue, 'Verify an access token (JWT)')
            [CompletionResult]::new('request', 'request', [CompletionResultType]::ParameterValue, 'Verify a signed HTTP/1.1 request, as `sign-request --output http` prints it')
            [CompletionResult]::new('crl', 'crl', [CompletionResultType]::ParameterValue, 'Verify a revocation list: signature and times')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'certauthz;verify;cert' {
            [CompletionResult]::new('--ca', '--ca', [CompletionResultType]::ParameterName, 'A trusted CA: its name under --path, or a certificate file (PEM or DER); repeat for several')
            [CompletionResult]::new('--intermediate', '--intermediate', [CompletionResultType]::ParameterName, 'An intermediate CA''s certificate (PEM or DER); repeat for several')
            [CompletionResult]::new('--crl', '--crl', [CompletionResultType]::ParameterName, 'A revocation list (PEM or DER) instead of the CA''s own; repeat for several')
            [CompletionResult]::new('--require-scope', '--require-scope', [CompletionResultType]::ParameterName, 'A scope that the certificate must carry; repeat for several')
            [CompletionResult]::new('--at', '--at', [CompletionResultType]::ParameterName, 'Verify as of this RFC 3339 time [default: now]')
            [CompletionResult]::new('--path', '--path', [CompletionResultType]::ParameterName, 'Directory of the credentials')
            [CompletionResult]::new('--scopes-oid', '--scopes-oid', [CompletionResultType]::ParameterName, 'Object identifier of the scopes extension')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are printed to standard output')
            [CompletionResult]::new('--no-crl', '--no-crl', [CompletionResultType]::ParameterName, 'Do not check revocation')
            [CompletionResult]::new('--no-scopes', '--no-scopes', [CompletionResultType]::ParameterName, 'Do not look at scopes: accept a certificate that has none')
            [CompletionResult]::new('--any-purpose', '--any-purpose', [CompletionResultType]::ParameterName, 'Do not want the extended key usage clientAuth')
            [CompletionResult]::new('--explain', '--explain', [CompletionResultType]::ParameterName, 'Print every step: passed, failed with its reason, skipped, or not reached')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no summaries and no warnings, only errors and the data that was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no summaries and no warnings, only errors and the data that was asked for')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell more on standard error; repeat for even more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell more on standard error; repeat for even more')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'certauthz;verify;token' {
            [CompletionResult]::new('--ca', '--ca', [CompletionResultType]::ParameterName, 'A trusted CA: its name under --path, or a certificate file (PEM or DER); repeat for several')
            [CompletionResult]::new('--audience', '--audience', [CompletionResultType]::ParameterName, 'The audience that the token must be made for')
            [CompletionResult]::new('--issuer', '--issuer', [CompletionResultType]::ParameterName, 'The issuer that the token must name [default: the CA''s own, or http://127.0.0.1:8586 for a CA''s file]')
            [CompletionResult]::new('--require-scope', '--require-scope', [CompletionResultType]::ParameterName, 'A scope that the token must carry; repeat for several')
            [CompletionResult]::new('--crl', '--crl', [CompletionResultType]::ParameterName, 'A revocation list (PEM or DER) instead of the CA''s own; repeat for several')
            [CompletionResult]::new('--at', '--at', [CompletionResultType]::ParameterName, 'Verify as of this RFC 3339 time [default: now]')
            [CompletionResult]::new('--path', '--path', [CompletionResultType]::ParameterName, 'Directory of the credentials')
            [CompletionResult]::new('--scopes-oid', '--scopes-oid', [CompletionResultType]::ParameterName, 'Object identifier of the scopes extension')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are printed to standard output')
            [CompletionResult]::new('--no-crl', '--no-crl', [CompletionResultType]::ParameterName, 'Do not check revocation')
            [CompletionResult]::new('--explain', '--explain', [CompletionResultType]::ParameterName, 'Print every step: passed, failed with its reason, skipped, or not reached')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no summaries and no warnings, only errors and the data that was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no summaries and no warnings, only errors and the data that was asked for')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell more on standard error; repeat for even more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell more on standard error; repeat for even more')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'certauthz;verify;request' {
            [CompletionResult]::new('--ca', '--ca', [CompletionResultType]::ParameterName, 'A trusted CA: its name under --path, or a certificate file (PEM or DER); repeat for several')
            [CompletionResult]::new('--crl', '--crl', [CompletionResultType]::ParameterName, 'A revocation list (PEM or DER) instead of the CA''s own; repeat for several')
            [CompletionResult]::new('--authority', '--authority', [CompletionResultType]::ParameterName, 'An authority that the request may be for; repeat for several [default: any]')
            [CompletionResult]::new('--require-scope', '--require-scope', [CompletionResultType]::ParameterName, 'A scope that the certificate must carry; repeat for several')
            [CompletionResult]::new('--at', '--at', [CompletionResultType]::ParameterName, 'Verify as of this RFC 3339 time [default: now]')
            [CompletionResult]::new('--path', '--path', [CompletionResultType]::ParameterName, 'Directory of the credentials')
            [CompletionResult]::new('--scopes-oid', '--scopes-oid', [CompletionResultType]::ParameterName, 'Object identifier of the scopes extension')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are printed to standard output')
            [CompletionResult]::new('--no-crl', '--no-crl', [CompletionResultType]::ParameterName, 'Do not check revocation')
            [CompletionResult]::new('--explain', '--explain', [CompletionResultType]::ParameterName, 'Print every step: passed, failed with its reason, skipped, or not reached')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no summaries and no warnings, only errors and the data that was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no summaries and no warnings, only errors and the data that was asked for')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell more on standard error; repeat for even more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell more on standard error; repeat for even more')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'certauthz;verify;crl' {
            [CompletionResult]::new('--ca', '--ca', [CompletionResultType]::ParameterName, 'The CA whose list it should be: its name under --path, or a certificate file (PEM or DER)')
            [CompletionResult]::new('--at', '--at', [CompletionResultType]::ParameterName, 'Verify as of this RFC 3339 time [default: now]')
            [CompletionResult]::new('--path', '--path', [CompletionResultType]::ParameterName, 'Directory of the credentials')
            [CompletionResult]::new('--scopes-oid', '--scopes-oid', [CompletionResultType]::ParameterName, 'Object identifier of the scopes extension')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are printed to standard output')
            [CompletionResult]::new('--explain', '--explain', [CompletionResultType]::ParameterName, 'Print every step: passed, failed with its reason, skipped, or not reached')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no summaries and no warnings, only errors and the data that was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no summaries and no warnings, only errors and the data that was asked for')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell more on standard error; repeat for even more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell more on standard error; repeat for even more')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'certauthz;verify;help' {
            [CompletionResult]::new('cert', 'cert', [CompletionResultType]::ParameterValue, 'Verify a client certificate: chain, revocation, purpose, scopes')
            [CompletionResult]::new('token', 'token', [CompletionResultType]::ParameterValue, 'Verify an access token (JWT)')
            [CompletionResult]::new('request', 'request', [CompletionResultType]::ParameterValue, 'Verify a signed HTTP/1.1 request, as `sign-request --output http` prints it')
            [CompletionResult]::new('crl', 'crl', [CompletionResultType]::ParameterValue, 'Verify a revocation list: signature and times')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'certauthz;verify;help;cert' {
            break
        }
        'certauthz;verify;help;token' {
            break
        }
        'certauthz;verify;help;request' {
            break
        }
        'certauthz;verify;help;crl' {
            break
        }
        'certauthz;verify;help;help' {
            break
        }
        'certauthz;serve' {
            [CompletionResult]::new('--ca', '--ca', [CompletionResultType]::ParameterName, 'The CA whose certificates and tokens are accepted: its name under --path, or a file with its certificate (PEM or DER; then name the issuer and the revocation lists, too)')
            [CompletionResult]::new('--listen', '--listen', [CompletionResultType]::ParameterName, 'Address to listen on; port 0 picks a free one')
            [CompletionResult]::new('--metrics-listen', '--metrics-listen', [CompletionResultType]::ParameterName, 'Address where /metrics is shown, and there alone; port 0 picks a free one [default: at /metrics of --listen]')
            [CompletionResult]::new('--audience', '--audience', [CompletionResultType]::ParameterName, 'This service''s name, which tokens must be made for')
            [CompletionResult]::new('--require-scope', '--require-scope', [CompletionResultType]::ParameterName, 'A scope that callers must have; repeat for several')
            [CompletionResult]::new('--authority', '--authority', [CompletionResultType]::ParameterName, 'A name that this service is called by; repeat for several [default: the address it listens on]')
            [CompletionResult]::new('--max-age', '--max-age', [CompletionResultType]::ParameterName, 'Oldest signature that is accepted')
            [CompletionResult]::new('--skew', '--skew', [CompletionResultType]::ParameterName, 'Difference of clocks that is tolerated')
            [CompletionResult]::new('--max-body', '--max-body', [CompletionResultType]::ParameterName, 'Largest request body that is accepted')
            [CompletionResult]::new('--max-connections', '--max-connections', [CompletionResultType]::ParameterName, 'Most connections at a time; past them, those that keep the server waiting make room for newcomers')
            [CompletionResult]::new('--crl', '--crl', [CompletionResultType]::ParameterName, 'Revocation list (PEM or DER): a file, read again when it changes, or a URL; repeat for several [default: ca.crl of the CA and of the CAs below it]')
            [CompletionResult]::new('--crl-interval', '--crl-interval', [CompletionResultType]::ParameterName, 'How often the URLs of --crl and --jwks are asked for news, from 1s')
            [CompletionResult]::new('--jwks', '--jwks', [CompletionResultType]::ParameterName, 'The keys of the tokens, as a JWK set: a file, read again when it changes, or a URL [default: the CA''s key, which also holds until a set was read]')
            [CompletionResult]::new('--introspect', '--introspect', [CompletionResultType]::ParameterName, 'Ask the authorization server about tokens at this URL (RFC 7662), instead of checking them here')
            [CompletionResult]::new('--introspect-client', '--introspect-client', [CompletionResultType]::ParameterName, 'The client under --path as which it is asked: this service''s own name there')
            [CompletionResult]::new('--introspect-cache', '--introspect-cache', [CompletionResultType]::ParameterName, 'How long its answers are remembered; 0s for not at all')
            [CompletionResult]::new('--stale-crl', '--stale-crl', [CompletionResultType]::ParameterName, 'What holds once the list is stale: fail-closed, grace=DURATION or fail-open')
            [CompletionResult]::new('--issuer', '--issuer', [CompletionResultType]::ParameterName, 'Issuer that tokens must name [default: the CA''s own]')
            [CompletionResult]::new('--replay-capacity', '--replay-capacity', [CompletionResultType]::ParameterName, 'Most nonces that are remembered against replays')
            [CompletionResult]::new('--cert-cache', '--cert-cache', [CompletionResultType]::ParameterName, 'Most certificates whose verified chain is remembered, in at most 8 KiB each; 0 for none')
            [CompletionResult]::new('--token-cache', '--token-cache', [CompletionResultType]::ParameterName, 'Most tokens whose verified signature is remembered, in at most 8 KiB each; 0 for none')
            [CompletionResult]::new('--workers', '--workers', [CompletionResultType]::ParameterName, 'Worker threads [default: one per core]')
            [CompletionResult]::new('--path', '--path', [CompletionResultType]::ParameterName, 'Directory of the credentials')
            [CompletionResult]::new('--scopes-oid', '--scopes-oid', [CompletionResultType]::ParameterName, 'Object identifier of the scopes extension')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are printed to standard output')
            [CompletionResult]::new('--stop-with-stdin', '--stop-with-stdin', [CompletionResultType]::ParameterName, 'Stop when standard input ends: a child that must not outlive its parent')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no summaries and no warnings, only errors and the data that was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no summaries and no warnings, only errors and the data that was asked for')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell more on standard error; repeat for even more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell more on standard error; repeat for even more')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'certauthz;loadtest' {
            [CompletionResult]::new('--url', '--url', [CompletionResultType]::ParameterName, 'The same as URL; repeat for several')
            [CompletionResult]::new('--mode', '--mode', [CompletionResultType]::ParameterName, 'The credentials that requests show')
            [CompletionResult]::new('--client', '--client', [CompletionResultType]::ParameterName, 'A client whose credentials are used; requests come from several in turn [default: alice]')
            [CompletionResult]::new('--clients', '--clients', [CompletionResultType]::ParameterName, 'In the temporary world: requests come from this many clients in turn, each with its own key')
            [CompletionResult]::new('--token', '--token', [CompletionResultType]::ParameterName, 'File with the token to send; - is standard input [default: a new one, or the client''s]')
            [CompletionResult]::new('--key-type', '--key-type', [CompletionResultType]::ParameterName, 'Kind of the new key [default: rsa, or what the size implies]')
            [CompletionResult]::new('--key-size', '--key-size', [CompletionResultType]::ParameterName, 'Size of the new key in bits: 2048, 3072 or 4096 (RSA), 256 or 384 (EC) [default: 2048 or 256]')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Send this many requests in each mode')
            [CompletionResult]::new('--requests', '--requests', [CompletionResultType]::ParameterName, 'Send this many requests in each mode')
            [CompletionResult]::new('-z', '-z', [CompletionResultType]::ParameterName, 'Send requests for this long in each mode [default: 5s; with --outage, 5s more than that ends]')
            [CompletionResult]::new('--duration', '--duration', [CompletionResultType]::ParameterName, 'Send requests for this long in each mode [default: 5s; with --outage, 5s more than that ends]')
            [CompletionResult]::new('-c', '-c', [CompletionResultType]::ParameterName, 'Connections, each with one request under way at most')
            [CompletionResult]::new('--connections', '--connections', [CompletionResultType]::ParameterName, 'Connections, each with one request under way at most')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Requests per second, at even distances, all connections together [default: as many as the server answers; with --mode auto 200]')
            [CompletionResult]::new('--rate', '--rate', [CompletionResultType]::ParameterName, 'Requests per second, at even distances, all connections together [default: as many as the server answers; with --mode auto 200]')
            [CompletionResult]::new('--ramp', '--ramp', [CompletionResultType]::ParameterName, 'Let the rate, or without -q the connections, rise for this long first; not counted')
            [CompletionResult]::new('--warmup', '--warmup', [CompletionResultType]::ParameterName, 'Send for this long first; not counted [default: 200 requests, for 1s at most; with --mode auto 1s]')
            [CompletionResult]::new('--drain', '--drain', [CompletionResultType]::ParameterName, 'At the end, wait this long for what is due or under way; what is left then is counted as such')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Longest time to wait for an answer')
            [CompletionResult]::new('--connect-timeout', '--connect-timeout', [CompletionResultType]::ParameterName, 'Longest time to wait for a connection: the default has room for two lost packets, which are sent again after 1 s and 3 s')
            [CompletionResult]::new('--presign', '--presign', [CompletionResultType]::ParameterName, 'When requests are signed')
            [CompletionResult]::new('--max-age', '--max-age', [CompletionResultType]::ParameterName, 'How long the server takes a signature (its --max-age), 2s to 300s; none is sent that is older than half of it')
            [CompletionResult]::new('-X', '-X ', [CompletionResultType]::ParameterName, 'Method [default: GET, or POST with a body]')
            [CompletionResult]::new('--request', '--request', [CompletionResultType]::ParameterName, 'Method [default: GET, or POST with a body]')
            [CompletionResult]::new('-H', '-H ', [CompletionResultType]::ParameterName, 'A header of the requests; repeat for several')
            [CompletionResult]::new('--header', '--header', [CompletionResultType]::ParameterName, 'A header of the requests; repeat for several')
            [CompletionResult]::new('-d', '-d', [CompletionResultType]::ParameterName, 'Body of the requests: the data itself, @FILE for a file''s bytes, @- for standard input')
            [CompletionResult]::new('--data', '--data', [CompletionResultType]::ParameterName, 'Body of the requests: the data itself, @FILE for a file''s bytes, @- for standard input')
            [CompletionResult]::new('-D', '-D ', [CompletionResultType]::ParameterName, 'Body of the requests: this file''s bytes; - is standard input')
            [CompletionResult]::new('--data-file', '--data-file', [CompletionResultType]::ParameterName, 'Body of the requests: this file''s bytes; - is standard input')
            [CompletionResult]::new('-T', '-T ', [CompletionResultType]::ParameterName, 'Content-Type of the requests')
            [CompletionResult]::new('--content-type', '--content-type', [CompletionResultType]::ParameterName, 'Content-Type of the requests')
            [CompletionResult]::new('--threshold', '--threshold', [CompletionResultType]::ParameterName, 'What must hold, like ''cert.p99<5ms'', ''cert.successRate>=0.999'' or ''cert/token.p50<1.2''; repeat for several')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Write the report into this file, as JSON')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Write the report into this file, as JSON')
            [CompletionResult]::new('--report', '--report', [CompletionResultType]::ParameterName, 'Write the report into this file, as a page for browsers')
            [CompletionResult]::new('--csv', '--csv', [CompletionResultType]::ParameterName, 'Write a line for each second and mode into this file, as CSV')
            [CompletionResult]::new('--hdr-log', '--hdr-log', [CompletionResultType]::ParameterName, 'Write the latencies of each second into this file, as an interval log of HdrHistogram (V2)')
            [CompletionResult]::new('--server-metrics', '--server-metrics', [CompletionResultType]::ParameterName, 'Where the server shows its metrics; its CPU time is read there [default: /metrics of URL, if it has them]')
            [CompletionResult]::new('--outage', '--outage', [CompletionResultType]::ParameterName, 'When the authority is away, from the begin of the run')
            [CompletionResult]::new('--outage-kind', '--outage-kind', [CompletionResultType]::ParameterName, 'In which way it is away')
            [CompletionResult]::new('--path', '--path', [CompletionResultType]::ParameterName, 'Directory of the credentials')
            [CompletionResult]::new('--scopes-oid', '--scopes-oid', [CompletionResultType]::ParameterName, 'Object identifier of the scopes extension')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are printed to standard output')
            [CompletionResult]::new('--matrix', '--matrix', [CompletionResultType]::ParameterName, 'RSA 2048, EC P-256 and Ed25519 beside one another, each in a temporary world of its own')
            [CompletionResult]::new('--aa', '--aa', [CompletionResultType]::ParameterName, 'The mode against itself: how much two runs of the same differ here')
            [CompletionResult]::new('--disable-keepalive', '--disable-keepalive', [CompletionResultType]::ParameterName, 'A new connection for each request')
            [CompletionResult]::new('--no-progress', '--no-progress', [CompletionResultType]::ParameterName, 'Show no progress')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no summaries and no warnings, only errors and the data that was asked for')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell more on standard error; repeat for even more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell more on standard error; repeat for even more')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('compare', 'compare', [CompletionResultType]::ParameterValue, 'Compare two runs, as -o wrote them: the second with the first')
            [CompletionResult]::new('merge', 'merge', [CompletionResultType]::ParameterValue, 'Add runs of several machines, as -o wrote them, as if they were one')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'certauthz;loadtest;compare' {
            [CompletionResult]::new('--path', '--path', [CompletionResultType]::ParameterName, 'Directory of the credentials')
            [CompletionResult]::new('--scopes-oid', '--scopes-oid', [CompletionResultType]::ParameterName, 'Object identifier of the scopes extension')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are printed to standard output')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no summaries and no warnings, only errors and the data that was asked for')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell more on standard error; repeat for even more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell more on standard error; repeat for even more')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'certauthz;loadtest;merge' {
            [CompletionResult]::new('--threshold', '--threshold', [CompletionResultType]::ParameterName, 'What must hold, like ''cert.p99<5ms'', ''cert.successRate>=0.999'' or ''cert/token.p50<1.2''; repeat for several')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Write the report into this file, as JSON')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Write the report into this file, as JSON')
            [CompletionResult]::new('--report', '--report', [CompletionResultType]::ParameterName, 'Write the report into this file, as a page for browsers')
            [CompletionResult]::new('--path', '--path', [CompletionResultType]::ParameterName, 'Directory of the credentials')
            [CompletionResult]::new('--scopes-oid', '--scopes-oid', [CompletionResultType]::ParameterName, 'Object identifier of the scopes extension')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are printed to standard output')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no summaries and no warnings, only errors and the data that was asked for')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell more on standard error; repeat for even more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell more on standard error; repeat for even more')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'certauthz;loadtest;help' {
            [CompletionResult]::new('compare', 'compare', [CompletionResultType]::ParameterValue, 'Compare two runs, as -o wrote them: the second with the first')
            [CompletionResult]::new('merge', 'merge', [CompletionResultType]::ParameterValue, 'Add runs of several machines, as -o wrote them, as if they were one')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'certauthz;loadtest;help;compare' {
            break
        }
        'certauthz;loadtest;help;merge' {
            break
        }
        'certauthz;loadtest;help;help' {
            break
        }
        'certauthz;bench' {
            [CompletionResult]::new('--key', '--key', [CompletionResultType]::ParameterName, 'Measure this private key (PEM, PKCS#8; - for standard input); repeat for several')
            [CompletionResult]::new('--key-type', '--key-type', [CompletionResultType]::ParameterName, 'Measure only new keys of this kind; repeat for several [default: all]')
            [CompletionResult]::new('--key-size', '--key-size', [CompletionResultType]::ParameterName, 'Measure only new keys of this size in bits; repeat for several [default: all]')
            [CompletionResult]::new('--seconds', '--seconds', [CompletionResultType]::ParameterName, 'Time to spend on each key')
            [CompletionResult]::new('--path', '--path', [CompletionResultType]::ParameterName, 'Directory of the credentials')
            [CompletionResult]::new('--scopes-oid', '--scopes-oid', [CompletionResultType]::ParameterName, 'Object identifier of the scopes extension')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are printed to standard output')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no summaries and no warnings, only errors and the data that was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no summaries and no warnings, only errors and the data that was asked for')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell more on standard error; repeat for even more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell more on standard error; repeat for even more')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'certauthz;completions' {
            [CompletionResult]::new('--path', '--path', [CompletionResultType]::ParameterName, 'Directory of the credentials')
            [CompletionResult]::new('--scopes-oid', '--scopes-oid', [CompletionResultType]::ParameterName, 'Object identifier of the scopes extension')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How results are printed to standard output')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no summaries and no warnings, only errors and the data that was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no summaries and no warnings, only errors and the data that was asked for')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell more on standard error; repeat for even more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell more on standard error; repeat for even more')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'certauthz;help' {
            [CompletionResult]::new('init', 'init', [CompletionResultType]::ParameterValue, 'Make the example world: the CA `primary`, the clients `alice` and `bob`, their tokens, an empty CRL')
            [CompletionResult]::new('ca', 'ca', [CompletionResultType]::ParameterValue, 'Certificate authorities: create, list, show, serve, publish')
            [CompletionResult]::new('client', 'client', [CompletionResultType]::ParameterValue, 'Clients: create, renew, list, show, and send a request as one')
            [CompletionResult]::new('token', 'token', [CompletionResultType]::ParameterValue, 'Access tokens (JWT)')
            [CompletionResult]::new('crl', 'crl', [CompletionResultType]::ParameterValue, 'Revocation: revoke certificates, publish and show lists')
            [CompletionResult]::new('sign-request', 'sign-request', [CompletionResultType]::ParameterValue, 'Sign a request as a client, without sending it')
            [CompletionResult]::new('verify', 'verify', [CompletionResultType]::ParameterValue, 'Verify a certificate, token, signed request or revocation list, offline')
            [CompletionResult]::new('serve', 'serve', [CompletionResultType]::ParameterValue, 'Run a resource server with the routes /token, /cert, /healthz and /metrics')
            [CompletionResult]::new('loadtest', 'loadtest', [CompletionResultType]::ParameterValue, 'Measure a resource server: tokens and signed requests side by side')
            [CompletionResult]::new('bench', 'bench', [CompletionResultType]::ParameterValue, 'Measure signing and verifying alone: what each type of key costs client and server')
            [CompletionResult]::new('completions', 'completions', [CompletionResultType]::ParameterValue, 'Print the completion script of a shell')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'certauthz;help;init' {
            break
        }
        'certauthz;help;ca' {
            [CompletionResult]::new('create', 'create', [CompletionResultType]::ParameterValue, 'Make a CA: key pair, certificate, database and first revocation list')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List the CAs under --path')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show a CA and what it issued')
            [CompletionResult]::new('serve', 'serve', [CompletionResultType]::ParameterValue, 'Run the authorization server: tokens, renewals, revocation list, keys')
            [CompletionResult]::new('publish', 'publish', [CompletionResultType]::ParameterValue, 'Write the revocation list, keys and certificate as files for any web server or CDN')
            break
        }
        'certauthz;help;ca;create' {
            break
        }
        'certauthz;help;ca;list' {
            break
        }
        'certauthz;help;ca;show' {
            break
        }
        'certauthz;help;ca;serve' {
            break
        }
        'certauthz;help;ca;publish' {
            break
        }
        'certauthz;help;client' {
            [CompletionResult]::new('create', 'create', [CompletionResultType]::ParameterValue, 'Make a client: key pair, certificate with scopes, and token')
            [CompletionResult]::new('renew', 'renew', [CompletionResultType]::ParameterValue, 'Issue a new certificate and token for a client''s key, or have one issued by the authorization server')
            [CompletionResult]::new('token', 'token', [CompletionResultType]::ParameterValue, 'Fetch an access token from the authorization server and print it')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List the clients under --path')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show a client: certificate, scopes, token')
            [CompletionResult]::new('request', 'request', [CompletionResultType]::ParameterValue, 'Send a request as a client, with its token or its certificate')
            break
        }
        'certauthz;help;client;create' {
            break
        }
        'certauthz;help;client;renew' {
            break
        }
        'certauthz;help;client;token' {
            break
        }
        'certauthz;help;client;list' {
            break
        }
        'certauthz;help;client;show' {
            break
        }
        'certauthz;help;client;request' {
            break
        }
        'certauthz;help;token' {
            [CompletionResult]::new('create', 'create', [CompletionResultType]::ParameterValue, 'Make an access token (RFC 9068) for a client and print it')
            break
        }
        'certauthz;help;token;create' {
            break
        }
        'certauthz;help;crl' {
            [CompletionResult]::new('revoke', 'revoke', [CompletionResultType]::ParameterValue, 'Revoke certificates and publish a new list')
            [CompletionResult]::new('create', 'create', [CompletionResultType]::ParameterValue, 'Publish a new list')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Print a list: number, times, entries')
            [CompletionResult]::new('generate', 'generate', [CompletionResultType]::ParameterValue, 'Write a list with many invented entries, to try out and measure')
            break
        }
        'certauthz;help;crl;revoke' {
            break
        }
        'certauthz;help;crl;create' {
            break
        }
        'certauthz;help;crl;show' {
            break
        }
        'certauthz;help;crl;generate' {
            break
        }
        'certauthz;help;sign-request' {
            break
        }
        'certauthz;help;verify' {
            [CompletionResult]::new('cert', 'cert', [CompletionResultType]::ParameterValue, 'Verify a client certificate: chain, revocation, purpose, scopes')
            [CompletionResult]::new('token', 'token', [CompletionResultType]::ParameterValue, 'Verify an access token (JWT)')
            [CompletionResult]::new('request', 'request', [CompletionResultType]::ParameterValue, 'Verify a signed HTTP/1.1 request, as `sign-request --output http` prints it')
            [CompletionResult]::new('crl', 'crl', [CompletionResultType]::ParameterValue, 'Verify a revocation list: signature and times')
            break
        }
        'certauthz;help;verify;cert' {
            break
        }
        'certauthz;help;verify;token' {
            break
        }
        'certauthz;help;verify;request' {
            break
        }
        'certauthz;help;verify;crl' {
            break
        }
        'certauthz;help;serve' {
            break
        }
        'certauthz;help;loadtest' {
            [CompletionResult]::new('compare', 'compare', [CompletionResultType]::ParameterValue, 'Compare two runs, as -o wrote them: the second with the first')
            [CompletionResult]::new('merge', 'merge', [CompletionResultType]::ParameterValue, 'Add runs of several machines, as -o wrote them, as if they were one')
            break
        }
        'certauthz;help;loadtest;compare' {
            break
        }
        'certauthz;help;loadtest;merge' {
            break
        }
        'certauthz;help;bench' {
            break
        }
        'certauthz;help;completions' {
            break
        }
        'certauthz;help;help' {
            break
        }
    })

    $completions.Where{ $_.CompletionText -like "$wordToComplete*" } |
        Sort-Object -Property ListItemText
}
