//! `sign-request`: signs without sending, and prints the result in one of several forms.

mod replay;

use super::Context;
use crate::{
    cli::{SignOutput, SignRequestArgs},
    output::{self, Failure, Outcome, Result},
    request::{ResolvedRequest, title},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use certauthz::{
    client::{RequestSigner, SignedHeaders},
    key::LocalKey,
};
use http::{HeaderName, HeaderValue, Method};
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use std::{borrow::Cow, num::NonZeroUsize, ops::ControlFlow, thread, time::Duration};

/// How many requests a thread signs before they are written: their size bounds the memory, whatever `--count` says.
const PER_ROUND: usize = 64;

pub(crate) fn run(args: SignRequestArgs, context: &Context) -> Result {
    let form = Form::resolve(args.output, args.count, context)?;
    let request = ResolvedRequest::new(args.request)?;
    let client = context.credentials.client(&args.client)?;
    let chain: Vec<_> = client.chain.iter().map(|facts| facts.der.clone()).collect();
    let signer = RequestSigner::new(&client.certificate.der, &chain, client.signer()?)?;
    let job = Job { form, request, signer, window: args.expires_in };
    job.render(&SignedHeaders::new())?; // a form that cannot hold this request is refused before anything is printed
    job.run(args.count.get())?;
    Ok(Outcome::Done)
}

/// What is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Headers,
    Curl,
    Http,
    Object,
    /// `json` with a count: still one document.
    Array,
    Lines,
    Vegeta,
    K6,
}

impl Form {
    fn resolve(
        output: Option<SignOutput>,
        count: NonZeroUsize,
        context: &Context,
    ) -> std::result::Result<Self, Failure> {
        let json = if count.get() > 1 { Self::Array } else { Self::Object };
        match (output, context.out.is_json()) {
            (None | Some(SignOutput::Json), true) | (Some(SignOutput::Json), false) => Ok(json),
            (Some(_), true) => Err(Failure::Usage {
                why: "--format json prints one JSON document, and --output asks for another form".to_owned(),
                hint: "leave out one of the two".to_owned(),
            }),
            (None | Some(SignOutput::Headers), false) => Ok(Self::Headers),
            (Some(SignOutput::Curl), false) => Ok(Self::Curl),
            (Some(SignOutput::Http), false) => Ok(Self::Http),
            (Some(SignOutput::Jsonl), false) => Ok(Self::Lines),
            (Some(SignOutput::Vegeta), false) => Ok(Self::Vegeta),
            (Some(SignOutput::K6), false) => Ok(Self::K6),
        }
    }
}

struct Job<'a> {
    form: Form,
    request: ResolvedRequest,
    signer: RequestSigner<&'a LocalKey>,
    window: Duration,
}

impl Job<'_> {
    fn sign(&self) -> std::result::Result<SignedHeaders, Failure> {
        Ok(self.signer.sign(&self.request.outgoing(), self.window, Timestamp::now())?)
    }

    /// What stands before the first, between two, and after the last.
    fn punctuation(&self) -> std::result::Result<(String, &'static str, String), Failure> {
        Ok(match self.form {
            Form::Headers => (String::new(), "\n", String::new()),
            Form::Array => ("[\n".to_owned(), ",\n", "\n]\n".to_owned()),
            Form::Object => (String::new(), "", "\n".to_owned()),
            Form::Curl | Form::Http | Form::Lines | Form::Vegeta => (String::new(), "", String::new()),
            // What all of its requests have in common is written once: from a signature that is thrown away.
            Form::K6 => (replay::k6_begin(&self.request, &self.sign()?), "", replay::k6_end(self.window)),
        })
    }

    /// Signs and prints `count` times, until the reader has enough.
    fn run(&self, count: usize) -> std::result::Result<(), Failure> {
        let threads = thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let (before, between, after) = self.punctuation()?;
        let mut text = before.as_bytes().to_vec();
        let mut done = 0;
        while done < count {
            let round = (count - done).min(threads * PER_ROUND);
            for (i, one) in self.round(round, threads)?.iter().enumerate() {
                if done + i > 0 {
                    text.extend_from_slice(between.as_bytes());
                }
                text.extend_from_slice(one);
            }
            done += round;
            if done == count {
                text.extend_from_slice(after.as_bytes());
            }
            if let ControlFlow::Break(()) = output::stream_to_stdout(&text)? {
                break;
            }
            text.clear();
        }
        Ok(())
    }

    /// Signs `count` times on all cores.
    fn round(&self, count: usize, threads: usize) -> std::result::Result<Vec<Vec<u8>>, Failure> {
        let sign = |count: usize| -> std::result::Result<Vec<Vec<u8>>, Failure> {
            let one = |_| self.render(&self.sign()?);
            (0..count).map(one).collect()
        };
        if count == 1 {
            return sign(1);
        }
        let share = count.div_ceil(threads);
        thread::scope(|scope| {
            let shares = (0..threads).map(|i| share.min(count.saturating_sub(i * share)));
            let workers: Vec<_> = shares.map(|share| scope.spawn(move || sign(share))).collect();
            let mut all = Vec::with_capacity(count);
            for worker in workers {
                all.append(&mut worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?);
            }
            Ok(all)
        })
    }

    fn render(&self, signed: &SignedHeaders) -> std::result::Result<Vec<u8>, Failure> {
        let headers = || self.request.headers.iter().chain(signed);
        match self.form {
            Form::Headers => Ok(header_lines(headers(), "\n").into_bytes()),
            Form::Curl => curl(&self.request, headers()).map(String::into_bytes),
            Form::Http => Ok(http_message(&self.request, headers())),
            Form::Object | Form::Array => {
                let object = object(&self.request, headers());
                Ok(serde_json::to_vec_pretty(&object).map_err(|error| Failure::Stdout(error.into()))?)
            }
            Form::Lines => Ok(format!("{}\n", object(&self.request, headers())).into_bytes()),
            Form::Vegeta => Ok(replay::vegeta_target(&self.request, headers()).into_bytes()),
            Form::K6 => Ok(replay::k6_item(signed).into_bytes()),
        }
    }
}

type HeaderRef<'a> = &'a (HeaderName, HeaderValue);

/// Given on the command line, or base64 and the like: always ASCII.
fn text(value: &HeaderValue) -> Cow<'_, str> {
    String::from_utf8_lossy(value.as_bytes())
}

fn header_lines<'a>(headers: impl Iterator<Item = HeaderRef<'a>>, end: &str) -> String {
    headers.map(|(name, value)| format!("{}: {}{end}", title(name), text(value))).collect()
}

/// The whole HTTP/1.1 message (RFC 9112 section 2.1).
fn http_message<'a>(request: &ResolvedRequest, headers: impl Iterator<Item = HeaderRef<'a>>) -> Vec<u8> {
    let mut message = format!("{} {} HTTP/1.1\r\nHost: {}\r\n", request.method, request.target(), request.host);
    message.push_str(&header_lines(headers, "\r\n"));
    if let Some(length) = request.content_length() {
        message.push_str(&format!("Content-Length: {length}\r\n"));
    }
    message.push_str("\r\n");
    let mut message = message.into_bytes();
    message.extend_from_slice(&request.body);
    message
}

fn object<'a>(request: &ResolvedRequest, headers: impl Iterator<Item = HeaderRef<'a>>) -> Value {
    let members = header_members(request, headers);
    let (member, body) = match std::str::from_utf8(&request.body) {
        Ok("") => ("body", Value::Null),
        Ok(text) => ("body", text.into()),
        Err(_) => ("body_base64", STANDARD.encode(&request.body).into()),
    };
    json!({"method": request.method.as_str(), "url": request.uri.to_string(), "headers": members, (member): body})
}

/// The headers as members of an object, `Host` first: a program that replays them as they are must name the authority
/// that was signed.
fn header_members<'a>(request: &ResolvedRequest, headers: impl Iterator<Item = HeaderRef<'a>>) -> Map<String, Value> {
    let mut members = Map::from_iter([("Host".to_owned(), request.host.clone().into())]);
    for (name, value) in headers {
        // Several lines of one header are one list (RFC 9110 section 5.3).
        match members.entry(title(name)).or_insert(Value::Null) {
            Value::String(list) => list.push_str(&format!(", {}", text(value))),
            empty => *empty = text(value).into(),
        }
    }
    members
}

/// A command for a POSIX shell.
fn curl<'a>(
    request: &ResolvedRequest,
    headers: impl Iterator<Item = HeaderRef<'a>>,
) -> std::result::Result<String, Failure> {
    let mut words = vec!["curl".to_owned()];
    // curl itself would resolve dots, and take brackets and braces for patterns: then the signature would not hold.
    if request.uri.path().contains("/.") {
        words.push("--path-as-is".to_owned());
    }
    if request.target().contains(['[', ']', '{', '}']) {
        words.push("--globoff".to_owned());
    }
    match (&request.method, request.body.is_empty()) {
        (&Method::GET, true) | (&Method::POST, false) => {}
        (&Method::HEAD, true) => words.push("--head".to_owned()),
        (method, _) => words.extend(["-X".to_owned(), quoted(method.as_str())]),
    }
    for (name, value) in headers {
        // An empty value needs a semicolon: with a colon curl would leave the header out.
        let separator = if value.is_empty() { ";" } else { ": " };
        words.extend(["-H".to_owned(), quoted(&format!("{}{separator}{}", title(name), text(value)))]);
    }
    if let Some(path) = request.body_file.as_ref().and_then(|path| path.to_str()) {
        words.extend(["--data-binary".to_owned(), quoted(&format!("@{path}"))]);
    } else if !request.body.is_empty() {
        words.extend(["--data-raw".to_owned(), quoted(argument(&request.body)?)]);
    }
    words.push(quoted(&request.uri.to_string()));
    words.push("\n".to_owned());
    Ok(words.join(" ").replace(" \n", "\n"))
}

/// A body as a word of a command: no NUL, and not longer than a kernel takes (128 KiB for one on Linux).
fn argument(body: &[u8]) -> std::result::Result<&str, Failure> {
    let text = std::str::from_utf8(body).ok().filter(|text| !text.contains('\0') && text.len() < 120_000);
    text.ok_or_else(|| Failure::Usage {
        why: "--output curl: this body cannot be part of a command".to_owned(),
        hint: "put it into a file, and give it with -d @FILE".to_owned(),
    })
}

fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}
