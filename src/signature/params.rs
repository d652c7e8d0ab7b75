//! `Signature-Input` and `Signature` (RFC 9421 section 4), structured fields of RFC 9651.
//!
//! The parser visits the field once and borrows from it; the form that signers write has a shorter way. It is stricter than RFC 9651 where two readers could disagree:
//! a label, a parameter or a component that stands twice is refused instead of "the last one wins".

use super::{
    fields::{DictionaryItems, InputVisitor, Raw},
    plain,
};
use sfv::{BareItemFromInput, KeyRef, ListSerializer, Parser, RefBareItem, StringRef};
use std::borrow::Cow;

/// A value of a structured field, borrowed from the input.
pub type BareItem<'a> = BareItemFromInput<'a>;

/// The most components that one signature may cover. RFC 9421 sets no limit; each costs a header look-up.
pub const MAX_COMPONENTS: usize = 32;
/// The most signatures that one message may carry.
pub const MAX_SIGNATURES: usize = 8;
/// The most parameters of one signature; RFC 9421 section 2.3 defines six.
pub(super) const MAX_PARAMETERS: usize = 16;

/// What is wrong with a signature field, as a sentence's end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct FieldError(pub &'static str);

/// A component identifier (RFC 9421 section 2): a name and at most one parameter.
#[derive(Debug, Clone, PartialEq)]
pub struct Component<'a> {
    /// A derived component (`@method`) or a lower-case field name.
    pub name: Cow<'a, str>,
    /// The component's parameters in order, e.g. `name="id"` of `@query-param`.
    pub parameters: Vec<(Cow<'a, str>, BareItem<'a>)>,
}

impl<'a> Component<'a> {
    /// A component without parameters.
    pub const fn new(name: &'a str) -> Self {
        Self { name: Cow::Borrowed(name), parameters: Vec::new() }
    }

    /// Whether this is the plain component of that name.
    pub fn is(&self, name: &str) -> bool {
        self.name == name && self.parameters.is_empty()
    }
}

/// The signature parameters (RFC 9421 section 2.3) of this profile. `None` is an absent parameter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parameters<'a> {
    /// Seconds since the epoch.
    pub created: Option<i64>,
    /// Seconds since the epoch.
    pub expires: Option<i64>,
    /// Unique per key.
    pub nonce: Option<Cow<'a, str>>,
    /// A name of the HTTP Signature Algorithms registry.
    pub alg: Option<Cow<'a, str>>,
    /// Opaque to this profile: the key is the certificate's.
    pub keyid: Option<Cow<'a, str>>,
    /// The application.
    pub tag: Option<Cow<'a, str>>,
}

/// One member of `Signature-Input`: a label, what it covers, and its parameters.
#[derive(Debug, Clone, PartialEq)]
pub struct SignatureInput<'a> {
    /// The label that names the member in both fields.
    pub label: Cow<'a, str>,
    /// The covered components in order.
    pub components: Vec<Component<'a>>,
    /// The parameters that have a meaning here.
    pub parameters: Parameters<'a>,
    /// The serialization of components and all parameters in their order: the value of `@signature-params`.
    pub serialized: Cow<'a, str>,
}

impl SignatureInput<'_> {
    /// Whether the plain component of that name is covered.
    pub fn covers(&self, name: &str) -> bool {
        self.components.iter().any(|c| c.is(name))
    }
}

/// Reads a `Signature-Input` field value (several lines joined with a comma).
///
/// # Errors
/// [`FieldError`] for anything but a dictionary of inner lists within the limits.
pub fn parse_signature_input(field: &[u8]) -> Result<Vec<SignatureInput<'_>>, FieldError> {
    match plain::signature_input(field) {
        Some(member) => Ok(vec![member]),
        None => parse_general(field),
    }
}

/// The one member of a field in the form in which signers write it; `None` says nothing about other forms.
pub(crate) fn parse_plain(field: &[u8]) -> Option<SignatureInput<'_>> {
    plain::signature_input(field)
}

/// As [`parse_signature_input`], for whatever RFC 9651 allows.
pub(super) fn parse_general(field: &[u8]) -> Result<Vec<SignatureInput<'_>>, FieldError> {
    let mut visitor = InputVisitor::default();
    let parsed = Parser::new(field).parse_dictionary_with_visitor(&mut visitor);
    match (parsed, visitor.error) {
        (Ok(()), _) => visitor.members.into_iter().map(Raw::finish).collect(),
        (Err(_), Some(error)) => Err(error),
        (Err(_), None) => Err(FieldError("Signature-Input is not a dictionary of RFC 9651")),
    }
}

/// Reads the byte sequence under `label` of a `Signature` field value.
///
/// # Errors
/// [`FieldError`] where the field is no dictionary of byte sequences, or has the label not exactly once.
pub fn parse_signature(field: &[u8], label: &str) -> Result<Vec<u8>, FieldError> {
    let mut signature = Vec::new();
    read_signature(field, label, &mut signature)?;
    Ok(signature)
}

/// As [`parse_signature`], appending to a buffer of the caller's.
///
/// # Errors
/// As [`parse_signature`]; the buffer is then as before.
pub(crate) fn read_signature(field: &[u8], label: &str, out: &mut Vec<u8>) -> Result<(), FieldError> {
    match plain::signature(field, label, out) {
        Some(()) => Ok(()),
        None => parse_signature_general(field, label).map(|signature| out.extend_from_slice(&signature)),
    }
}

/// As [`parse_signature`], for whatever RFC 9651 allows.
pub(super) fn parse_signature_general(field: &[u8], label: &str) -> Result<Vec<u8>, FieldError> {
    let mut items = DictionaryItems::default();
    Parser::new(field)
        .parse_dictionary_with_visitor(&mut items)
        .map_err(|_| FieldError("Signature is not a dictionary of RFC 9651"))?;
    let mut found = items.0.into_iter().filter(|(key, _)| *key == label).map(|(_, value)| value);
    match (found.next(), found.next()) {
        (Some(BareItem::ByteSequence(bytes)), None) => Ok(bytes),
        (Some(_), None) => Err(FieldError("Signature is not a byte sequence")),
        (Some(_), Some(_)) => Err(FieldError("Signature has the same label twice")),
        (None, _) => Err(FieldError("Signature has no member for the label of Signature-Input")),
    }
}

/// The value of `@signature-params` for these components and parameters, in the order created, expires, nonce, alg,
/// keyid, tag.
pub fn serialize(components: &[Component<'_>], parameters: &Parameters<'_>) -> String {
    let mut ordered: Vec<(&KeyRef, RefBareItem<'_>)> = Vec::new();
    for (key, value) in [("created", parameters.created), ("expires", parameters.expires)] {
        if let Some(value) = value.and_then(|v| sfv::Integer::try_from(v).ok()) {
            ordered.push((KeyRef::constant(key), RefBareItem::Integer(value)));
        }
    }
    let texts = [
        ("nonce", &parameters.nonce),
        ("alg", &parameters.alg),
        ("keyid", &parameters.keyid),
        ("tag", &parameters.tag),
    ];
    for (key, value) in texts {
        if let Some(value) = value.as_deref().and_then(|v| StringRef::from_str(v).ok()) {
            ordered.push((KeyRef::constant(key), RefBareItem::String(value)));
        }
    }
    serialize_list(components, ordered)
}

/// The field value of `Signature` for one signature.
pub fn serialize_signature(label: &str, signature: &[u8]) -> String {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    format!("{label}=:{}:", STANDARD.encode(signature))
}

pub(super) fn serialize_list<'b>(
    components: &'b [Component<'_>],
    parameters: impl IntoIterator<Item = (&'b KeyRef, RefBareItem<'b>)>,
) -> String {
    let mut out = String::with_capacity(256);
    let mut list = ListSerializer::with_buffer(&mut out);
    let mut inner = list.inner_list();
    for component in components {
        if let Ok(name) = StringRef::from_str(&component.name) {
            let mut item = inner.bare_item(name);
            for (key, value) in &component.parameters {
                if let Ok(key) = KeyRef::from_str(key) {
                    item = item.parameter(key, borrowed(value));
                }
            }
        }
    }
    let mut ser = inner.finish();
    for (key, value) in parameters {
        ser = ser.parameter(key, value);
    }
    out
}

/// The serializable view of a parsed value.
pub(crate) fn borrowed<'b>(item: &'b BareItem<'_>) -> RefBareItem<'b> {
    match item {
        BareItem::Decimal(v) => RefBareItem::Decimal(*v),
        BareItem::Integer(v) => RefBareItem::Integer(*v),
        BareItem::String(v) => RefBareItem::String(v),
        BareItem::ByteSequence(v) => RefBareItem::ByteSequence(v),
        BareItem::Boolean(v) => RefBareItem::Boolean(*v),
        BareItem::Token(v) => RefBareItem::Token(v),
        BareItem::Date(v) => RefBareItem::Date(*v),
        BareItem::DisplayString(v) => RefBareItem::DisplayString(v),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_what_rfc_9421_section_4_1_shows() {
        let field = br#"sig1=("@method" "@target-uri" "@authority" "content-digest" "cache-control");created=1618884475;keyid="test-key-rsa-pss", sig2=();alg="x";tag="certauthz""#;
        let members = parse_signature_input(field).unwrap();
        assert_eq!(members.len(), 2);
        assert_eq!(members[0].label, "sig1");
        assert!(members[0].covers("@authority") && !members[0].covers("@query"));
        assert_eq!(members[0].parameters.created, Some(1618884475));
        assert_eq!(members[1].parameters.tag.as_deref(), Some("certauthz"));
        assert_eq!(members[1].serialized, r#"();alg="x";tag="certauthz""#);
        assert_eq!(
            members[0].serialized,
            r#"("@method" "@target-uri" "@authority" "content-digest" "cache-control");created=1618884475;keyid="test-key-rsa-pss""#
        );
    }

    #[test]
    fn refuses_what_two_readers_could_read_differently() {
        for (field, why) in [
            (r#"a=("x"), a=("y")"#, "same label"),
            (r#"a=("x" "x")"#, "covered twice"),
            (r#"a=("x";bs "x";bs)"#, "covered twice"),
            (r#"a=("x");created=1;created=2"#, "stands twice"),
            (r#"a=("x";key="a";key="b")"#, "parameter twice"),
            (r#"a="x""#, "not a list"),
            (r#"a=(x)"#, "not a string"),
            (r#"a=("x");created="1""#, "created"),
            (r#"a=("x");created=1.5"#, "created"),
            (r#"a=("x");nonce=abc"#, "nonce"),
            (r#"a=("x""#, "dictionary"),
            ("a=(\"x\n\")", "dictionary"),
            (r#"a=("x");created=1234567890123456"#, "dictionary"),
        ] {
            let error = parse_signature_input(field.as_bytes()).unwrap_err();
            assert!(error.0.contains(why), "{field}: {error}");
        }
        let many = format!("a=({})", (0..33).map(|i| format!("\"h{i}\"")).collect::<Vec<_>>().join(" "));
        assert!(parse_signature_input(many.as_bytes()).unwrap_err().0.contains("32"));
        let many = (0..9).map(|i| format!("a{i}=()")).collect::<Vec<_>>().join(",");
        assert!(parse_signature_input(many.as_bytes()).unwrap_err().0.contains('8'));
    }

    #[test]
    fn negative_and_extreme_integers_are_values_not_panics() {
        let members = parse_signature_input(br#"a=();created=-1;expires=999999999999999"#).unwrap();
        assert_eq!(members[0].parameters.created, Some(-1));
        assert_eq!(members[0].parameters.expires, Some(999_999_999_999_999));
    }

    #[test]
    fn the_signature_is_found_by_its_label_once() {
        assert_eq!(parse_signature(b"a=:AAEC:, b=:AA==:", "a").unwrap(), [0, 1, 2]);
        for bad in ["a=:AAEC:, a=:AAEC:", "b=:AAEC:", "a=1", "a", "a=(:AAEC:)", "", "a=:A*:"] {
            assert!(parse_signature(bad.as_bytes(), "a").is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn junk_never_panics(junk in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = parse_signature_input(&junk);
            let _ = parse_signature(&junk, "a");
        }

        #[test]
        fn what_is_written_is_read_back(
            names in proptest::collection::btree_set("[@a-z][a-z-]{0,12}", 0..10),
            created in proptest::option::of(0i64..9_999_999_999),
            nonce in proptest::option::of("[ -~]{0,40}"),
        ) {
            let components: Vec<_> = names.iter().map(|n| Component::new(n)).collect();
            let parameters = Parameters { created, nonce: nonce.map(Cow::Owned), tag: Some(TAG.into()), ..Parameters::default() };
            let text = serialize(&components, &parameters);
            let field = format!("l={text}");
            let read = parse_signature_input(field.as_bytes()).unwrap();
            prop_assert_eq!(&read[0].components, &components);
            prop_assert_eq!(&read[0].parameters, &parameters);
            prop_assert_eq!(&read[0].serialized, &text);
        }
    }

    const TAG: &str = super::super::TAG;
}
