//! The field names of the JSON report are oha's, and so is what they mean. Without oha each test says so and passes;
//! `CERTAUTHZ_OHA` names it where it is not in the path.

use crate::{known::five_and_fifty, world};
use serde_json::Value;
use std::{env, process::Command};

fn oha(args: &[&str]) -> Option<Value> {
    let program = env::var_os("CERTAUTHZ_OHA").unwrap_or_else(|| "oha".into());
    let done = match Command::new(program).args(["--no-tui", "--output-format", "json"]).args(args).output() {
        Ok(done) => done,
        Err(error) => {
            println!("skipped: no oha: {error}");
            return None;
        }
    };
    assert!(done.status.success(), "{done:?}");
    Some(serde_json::from_slice(&done.stdout).unwrap())
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

const KIND: fn(&Value) -> &'static str = |value| match value {
    Value::Null => "null",
    Value::Bool(_) => "bool",
    Value::Number(_) => "number",
    Value::String(_) => "string",
    Value::Array(_) => "array",
    Value::Object(_) => "object",
};

#[test]
fn the_field_names_are_those_of_oha() {
    let _turn = world::quiet();
    let peer = five_and_fifty();
    let Some(theirs) = oha(&["-n", "1000", "-c", "8", &peer.url()]) else { return };
    let found = world::measured(&peer.url(), &["-n", "1000", "-c", "8"]);
    let ours = found.lane();
    for part in
        ["summary", "responseTimeHistogram", "latencyPercentiles", "statusCodeDistribution", "errorDistribution"]
    {
        assert_eq!((KIND(&theirs[part]), KIND(&ours[part])), ("object", "object"), "{part}");
    }
    for key in ["successRate", "total", "slowest", "fastest", "average", "requestsPerSec"] {
        let (a, b) = (&theirs["summary"][key], &ours["summary"][key]);
        assert_eq!((KIND(a), KIND(b)), ("number", "number"), "summary.{key}: {a} and {b}");
    }
    // Theirs are given for any number of samples, ours where they mean something.
    for key in keys(&theirs["latencyPercentiles"]) {
        assert!(ours["latencyPercentiles"].get(key).is_some(), "latencyPercentiles.{key}");
    }
    assert_eq!(theirs["statusCodeDistribution"], ours["statusCodeDistribution"]);
    assert_eq!(
        theirs["responseTimeHistogram"].as_object().unwrap().len(),
        ours["responseTimeHistogram"].as_object().unwrap().len()
    );
    let missing: Vec<_> = keys(&theirs).into_iter().filter(|key| ours.get(key).is_none()).collect();
    println!("not in our report: {missing:?}");

    // The same units, and the same server seen by both.
    for (part, key) in
        [("latencyPercentiles", "p50"), ("latencyPercentiles", "p95"), ("summary", "average"), ("summary", "fastest")]
    {
        let (a, b) = (theirs[part][key].as_f64().unwrap(), ours[part][key].as_f64().unwrap());
        assert!((a - b).abs() < 0.004, "{part}.{key}: oha {a}, ours {b}");
    }
}
