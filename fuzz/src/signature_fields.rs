//! `Signature-Input`, `Signature`, and the signature base; `sfv` and the reference are the judges.

use super::reference::{base, dictionary, serialize};
use certauthz::signature::{
    RequestParts, SignatureInput,
    params::{MAX_COMPONENTS, MAX_SIGNATURES, parse_signature, parse_signature_input, serialize as write},
    signature_base,
};
use http::{HeaderMap, HeaderValue};
use sfv::{BareItem, Dictionary, FieldType as _, InnerList, ListEntry};
use std::collections::HashSet;

/// The input's lines: `Signature-Input`, `Signature`, the query, and lines of the field `x-a`.
pub fn signature_fields(data: &[u8]) {
    let mut lines = data.split(|&byte| byte == b'\n');
    let (input, signature) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
    let query = lines.next().and_then(|line| std::str::from_utf8(line).ok());
    let mut headers = HeaderMap::new();
    for value in lines.filter_map(|line| HeaderValue::from_bytes(line).ok()) {
        headers.append("x-a", value);
    }
    let request =
        RequestParts { method: "GET", scheme: "http", authority: "Bob:80", path: "/a%20b", query, headers: &headers };
    byte_sequence(signature, "sig1");
    let judged = dictionary(input);
    match parse_signature_input(input) {
        Ok(members) => {
            let judged = judged.expect("read by us, but not by sfv");
            compare(&members, &judged);
            for (member, (label, entry)) in members.iter().zip(&judged) {
                let ListEntry::InnerList(list) = entry else { unreachable!("compared above") };
                written_again(member);
                compute_base(&request, member, list, data.len());
                byte_sequence(signature, label.as_str());
            }
        }
        Err(error) => {
            assert!(!error.to_string().is_empty());
            if let Some(judged) = judged.filter(|judged| !judged.is_empty()) {
                complete(&judged);
            }
        }
    }
}

/// The same members with the same content.
fn compare(members: &[SignatureInput<'_>], judged: &Dictionary) {
    assert!(members.len() <= MAX_SIGNATURES);
    assert_eq!(members.len(), judged.len());
    for (member, (label, entry)) in members.iter().zip(judged) {
        assert_eq!(member.label, label.as_str());
        assert_eq!(member.serialized, serialize(entry.clone()));
        let ListEntry::InnerList(list) = entry else { panic!("not an inner list") };
        let names: Vec<_> = list.items.iter().map(|item| item.bare_item.as_string().expect("a string")).collect();
        assert!(names.len() <= MAX_COMPONENTS);
        assert!(member.components.iter().map(|component| &*component.name).eq(names.iter().map(|name| name.as_str())));
        for (component, item) in member.components.iter().zip(&list.items) {
            let plain = item.params.is_empty();
            assert_eq!(component.is(&component.name), plain);
            assert!(!plain || member.covers(&component.name));
        }
        let different: HashSet<_> = list.items.iter().map(|item| serialize(item.clone().into())).collect();
        assert_eq!(different.len(), list.items.len(), "a component twice");
        let value = |name: &str| list.params.iter().find(|(key, _)| key.as_str() == name).map(|(_, value)| value);
        let text = |name| value(name).map(|value| value.as_string().expect("a string").as_str());
        let seconds = |name| value(name).map(|value| i64::from(value.as_integer().expect("an integer")));
        let parameters = &member.parameters;
        assert_eq!(parameters.created, seconds("created"));
        assert_eq!(parameters.expires, seconds("expires"));
        assert_eq!(parameters.nonce.as_deref(), text("nonce"));
        assert_eq!(parameters.alg.as_deref(), text("alg"));
        assert_eq!(parameters.keyid.as_deref(), text("keyid"));
        assert_eq!(parameters.tag.as_deref(), text("tag"));
    }
}

/// What we write we read, and it says the same.
fn written_again(member: &SignatureInput<'_>) {
    let canonical = format!("l={}", member.serialized);
    let read = parse_signature_input(canonical.as_bytes()).expect("the canonical form");
    assert_eq!((read.len(), &read[0].serialized), (1, &member.serialized));
    let ours = format!("l={}", write(&member.components, &member.parameters));
    let read = parse_signature_input(ours.as_bytes()).expect("what we wrote");
    assert_eq!(read[0].components, member.components);
    assert_eq!(read[0].parameters, member.parameters);
}

fn compute_base(request: &RequestParts<'_>, member: &SignatureInput<'_>, list: &InnerList, size: usize) {
    let mut ours = Vec::new();
    let result = signature_base(request, &member.components, &member.serialized, &mut ours);
    let ours = String::from_utf8(ours).expect("a base is ASCII");
    // Components that read their whole field anew have a budget of 16 KiB.
    assert!(ours.len() <= 8 * size + 64 * 1024, "{} bytes of {size}", ours.len());
    match (result, base(request, list)) {
        (Ok(()), theirs) => {
            assert_eq!(Some(&ours), theirs.as_ref());
            assert_eq!(ours.lines().count(), list.items.len() + 1, "a forged line");
        }
        (Err(error), Some(_)) => assert!(error.to_string().contains("bytes to be parsed"), "{error}"),
        (Err(_), None) => {}
    }
}

/// The byte sequence under a label is the one that `sfv` finds.
fn byte_sequence(field: &[u8], label: &str) {
    let Ok(bytes) = parse_signature(field, label) else { return };
    let judged = dictionary(field).expect("read by us, but not by sfv");
    let Some((_, ListEntry::Item(item))) = judged.iter().find(|(key, _)| key.as_str() == label) else {
        panic!("no item under {label}")
    };
    assert_eq!(item.bare_item, BareItem::ByteSequence(bytes.to_vec()));
}

/// We read every field that is within the profile, once it is written in the one form in which nothing stands twice.
fn complete(judged: &Dictionary) {
    let within = |list: &InnerList| {
        let different: HashSet<_> = list.items.iter().map(|item| serialize(item.clone().into())).collect();
        let known = |key: &str, value: &BareItem| match key {
            "created" | "expires" => value.as_integer().is_some(),
            "nonce" | "alg" | "keyid" | "tag" => value.as_string().is_some(),
            _ => true,
        };
        list.items.len() <= MAX_COMPONENTS
            && different.len() == list.items.len()
            && list.items.iter().all(|item| item.bare_item.as_string().is_some() && item.params.len() <= 4)
            && list.params.len() <= 16
            && list.params.iter().all(|(key, value)| known(key.as_str(), value))
    };
    let profile = judged.len() <= MAX_SIGNATURES
        && judged.values().all(|entry| matches!(entry, ListEntry::InnerList(list) if within(list)));
    if profile {
        let canonical = judged.serialize().expect("a dictionary with members");
        let read = parse_signature_input(canonical.as_bytes());
        assert!(read.is_ok(), "within the profile, but not read: {canonical}: {read:?}");
    }
}
