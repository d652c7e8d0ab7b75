//! `bench`: the validators and signers alone.

use super::Context;
use crate::{
    cli::{BenchArgs, KeyKind},
    input,
    output::{Failure, Outcome, Result},
};
use certauthz::{
    bench::{self, KEY_TYPES, Subject},
    key::KeyType,
};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::{io::IsTerminal as _, sync::Arc};

pub(crate) fn run(args: &BenchArgs, context: &Context) -> Result {
    let subjects = subjects(args)?;
    let bar = progress_bar(context);
    let mut progress = |key_type: KeyType, part: f64| {
        if let Some(bar) = &bar {
            bar.set_position(position(part));
            bar.set_message(key_type.to_string());
        }
    };
    let report = bench::run(&subjects, args.seconds, context.now, &mut progress);
    if let Some(bar) = &bar {
        bar.finish_and_clear();
    }
    let report = report?;
    context.out.data(|| report.text(), &report.json())?;
    Ok(Outcome::Done)
}

/// The keys that were asked for.
fn subjects(args: &BenchArgs) -> Result<Vec<Subject>> {
    if !args.keys.is_empty() {
        let read = |path: &std::path::PathBuf| {
            let signer = Arc::new(input::private_key(path)?);
            Ok(Subject::Existing { name: path.display().to_string(), signer })
        };
        return args.keys.iter().map(read).collect();
    }
    let wanted = |key_type: &KeyType| {
        let (kind, size) = match key_type {
            KeyType::Rsa(bits) => (KeyKind::Rsa, Some(*bits)),
            KeyType::EcP256 => (KeyKind::Ec, Some(256)),
            KeyType::EcP384 => (KeyKind::Ec, Some(384)),
            _ => (KeyKind::Ed25519, None),
        };
        (args.key_types.is_empty() || args.key_types.contains(&kind))
            && (args.key_sizes.is_empty() || size.is_some_and(|size| args.key_sizes.contains(&size)))
    };
    let found: Vec<_> = KEY_TYPES.into_iter().filter(wanted).map(Subject::New).collect();
    if found.is_empty() {
        return Err(Failure::Usage {
            why: "no key type is left to measure: no key of that kind has that size".to_owned(),
            hint: "sizes are 2048, 3072 and 4096 (RSA), 256 and 384 (EC); an Ed25519 key has only one".to_owned(),
        });
    }
    Ok(found)
}

/// Parts of the bar.
const STEPS: u32 = 1000;

/// A bar on standard error, if that is a terminal and nobody asked for quiet.
fn progress_bar(context: &Context) -> Option<ProgressBar> {
    if context.out.is_quiet() || !std::io::stderr().is_terminal() {
        return None;
    }
    let bar = ProgressBar::with_draw_target(Some(STEPS.into()), ProgressDrawTarget::stderr());
    // The template is constant; if indicatif did not like it, its default bar would do.
    if let Ok(style) = ProgressStyle::with_template("{elapsed} [{bar:30}] {percent:>3} % {msg}") {
        bar.set_style(style.progress_chars("=> "));
    }
    // No ticks of its own: a second thread would compete with what is measured.
    Some(bar)
}

#[expect(clippy::as_conversions, reason = "`as` saturates here, which is what is wanted")]
fn position(part: f64) -> u64 {
    (part * f64::from(STEPS)) as u64
}
