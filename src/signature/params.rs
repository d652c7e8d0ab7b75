//! `Signature-Input` and `Signature` (RFC 9421 section 4), structured fields of RFC 9651.
//!
//! The parser visits the field once and borrows from it. It is stricter than RFC 9651 where two readers could disagree:
//! a label, a parameter or a component that stands twice is refused instead of "the last one wins".

use sfv::{
    BareItemFromInput, KeyRef, ListSerializer, Parser, RefBareItem, StringRef,
    visitor::{DictionaryVisitor, EntryVisitor, Ignored, InnerListVisitor, ItemVisitor, ParameterVisitor},
};
use std::borrow::Cow;

/// A value of a structured field, borrowed from the input.
pub type BareItem<'a> = BareItemFromInput<'a>;

/// The most components that one signature may cover. RFC 9421 sets no limit; each costs a header look-up.
pub const MAX_COMPONENTS: usize = 32;
/// The most signatures that one message may carry.
pub const MAX_SIGNATURES: usize = 8;
/// The most parameters of one signature; RFC 9421 section 2.3 defines six.
const MAX_PARAMETERS: usize = 16;

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
    pub serialized: String,
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
    let mut visitor = InputVisitor { members: Vec::with_capacity(1), error: None };
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

fn serialize_list<'b>(
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

/// A member as it was parsed, before its parameters are given a meaning.
struct Raw<'de> {
    label: &'de str,
    components: Vec<Component<'de>>,
    parameters: Vec<(&'de KeyRef, BareItem<'de>)>,
}

impl<'de> Raw<'de> {
    fn finish(self) -> Result<SignatureInput<'de>, FieldError> {
        let serialized = serialize_list(&self.components, self.parameters.iter().map(|(k, v)| (*k, borrowed(v))));
        let mut parameters = Parameters::default();
        for (key, value) in self.parameters {
            let text = |value: BareItem<'de>, error| match value {
                BareItem::String(Cow::Borrowed(v)) => Ok(Some(Cow::Borrowed(v.as_str()))),
                BareItem::String(Cow::Owned(v)) => Ok(Some(Cow::Owned(v.into()))),
                _ => Err(FieldError(error)),
            };
            let seconds = |value: BareItem<'de>, error| match value {
                BareItem::Integer(v) => Ok(Some(i64::from(v))),
                _ => Err(FieldError(error)),
            };
            match key.as_str() {
                "created" => parameters.created = seconds(value, "created is not an integer")?,
                "expires" => parameters.expires = seconds(value, "expires is not an integer")?,
                "nonce" => parameters.nonce = text(value, "nonce is not a string")?,
                "alg" => parameters.alg = text(value, "alg is not a string")?,
                "keyid" => parameters.keyid = text(value, "keyid is not a string")?,
                "tag" => parameters.tag = text(value, "tag is not a string")?,
                // Covered by the signature like all others, without a meaning here (RFC 9421 section 2.3).
                _ => {}
            }
        }
        Ok(SignatureInput { label: Cow::Borrowed(self.label), components: self.components, parameters, serialized })
    }
}

/// Collects the members of `Signature-Input`. sfv wraps a visitor's error so that its text is lost; it is kept here.
struct InputVisitor<'de> {
    members: Vec<Raw<'de>>,
    error: Option<FieldError>,
}

impl InputVisitor<'_> {
    fn fail<T>(&mut self, why: &'static str) -> Result<T, FieldError> {
        let error = FieldError(why);
        self.error = Some(error);
        Err(error)
    }
}

impl<'de> DictionaryVisitor<'de> for &mut InputVisitor<'de> {
    type Out = ();
    type Error = FieldError;

    fn entry(&mut self, key: &'de KeyRef) -> Result<impl EntryVisitor<'de>, FieldError> {
        if self.members.iter().any(|m| m.label == key.as_str()) {
            return self.fail("Signature-Input has the same label twice");
        }
        if self.members.len() == MAX_SIGNATURES {
            return self.fail("more than 8 signatures");
        }
        self.members.push(Raw {
            label: key.as_str(),
            components: Vec::with_capacity(8),
            parameters: Vec::with_capacity(6),
        });
        Ok(MemberVisitor(self))
    }

    fn finish(self) -> Result<(), FieldError> {
        Ok(())
    }
}

struct MemberVisitor<'v, 'de>(&'v mut InputVisitor<'de>);

impl<'de> MemberVisitor<'_, 'de> {
    /// The member being filled, and the place to report to; `entry` pushed it.
    fn last(&mut self) -> Result<&mut Raw<'de>, FieldError> {
        self.0.members.last_mut().ok_or(FieldError("no member"))
    }
}

impl<'de> ItemVisitor<'de> for MemberVisitor<'_, 'de> {
    type Out = ();
    type Error = FieldError;
    fn bare_item(self, _: BareItem<'de>) -> Result<impl ParameterVisitor<'de, Out = ()>, FieldError> {
        self.0.fail::<Ignored>("a member of Signature-Input is not a list of components")
    }
}

impl<'de> EntryVisitor<'de> for MemberVisitor<'_, 'de> {
    type Error = FieldError;
    fn item(self) -> Result<impl ItemVisitor<'de>, Self::Error> {
        Ok(self)
    }
    fn inner_list(self) -> Result<impl InnerListVisitor<'de>, Self::Error> {
        Ok(self)
    }
}

impl<'de> InnerListVisitor<'de> for MemberVisitor<'_, 'de> {
    type Error = FieldError;

    fn item(&mut self) -> Result<impl ItemVisitor<'de>, FieldError> {
        if self.last()?.components.len() == MAX_COMPONENTS {
            return self.0.fail("more than 32 covered components");
        }
        Ok(ComponentVisitor(self.0))
    }

    fn finish(self) -> Result<impl ParameterVisitor<'de>, FieldError> {
        Ok(SignatureParameters(self))
    }
}

struct ComponentVisitor<'v, 'de>(&'v mut InputVisitor<'de>);

impl<'de> ItemVisitor<'de> for ComponentVisitor<'_, 'de> {
    type Out = ();
    type Error = FieldError;

    fn bare_item(self, item: BareItem<'de>) -> Result<impl ParameterVisitor<'de, Out = ()>, FieldError> {
        let name = match item {
            BareItem::String(Cow::Borrowed(name)) => Cow::Borrowed(name.as_str()),
            BareItem::String(Cow::Owned(name)) => Cow::Owned(name.into()),
            _ => return self.0.fail("a covered component is not a string"),
        };
        if let Some(member) = self.0.members.last_mut() {
            member.components.push(Component { name, parameters: Vec::new() });
        }
        Ok(ComponentParameters(self.0))
    }
}

struct ComponentParameters<'v, 'de>(&'v mut InputVisitor<'de>);

impl<'de> ParameterVisitor<'de> for ComponentParameters<'_, 'de> {
    type Out = ();
    type Error = FieldError;

    fn parameter(&mut self, key: &'de KeyRef, value: BareItem<'de>) -> Result<(), FieldError> {
        let Some(component) = self.0.members.last_mut().and_then(|m| m.components.last_mut()) else {
            return self.0.fail("a parameter without component");
        };
        if component.parameters.iter().any(|(k, _)| k == key.as_str()) || component.parameters.len() == MAX_PARAMETERS {
            return self.0.fail("a component has a parameter twice, or too many");
        }
        component.parameters.push((Cow::Borrowed(key.as_str()), value));
        Ok(())
    }

    fn finish(self) -> Result<(), FieldError> {
        // RFC 9421 section 2: each component identifier occurs only once.
        if let Some((last, earlier)) = self.0.members.last().and_then(|m| m.components.split_last())
            && earlier.contains(last)
        {
            return self.0.fail("a component is covered twice");
        }
        Ok(())
    }
}

struct SignatureParameters<'v, 'de>(MemberVisitor<'v, 'de>);

impl<'de> ParameterVisitor<'de> for SignatureParameters<'_, 'de> {
    type Out = ();
    type Error = FieldError;

    fn parameter(&mut self, key: &'de KeyRef, value: BareItem<'de>) -> Result<(), FieldError> {
        let member = self.0.last()?;
        if member.parameters.iter().any(|(k, _)| *k == key) || member.parameters.len() == MAX_PARAMETERS {
            return self.0.0.fail("a signature parameter stands twice, or there are too many");
        }
        member.parameters.push((key, value));
        Ok(())
    }

    fn finish(self) -> Result<(), FieldError> {
        Ok(())
    }
}

/// The items of a dictionary in order, duplicates included; inner lists and parameters are passed over.
#[derive(Default)]
pub(crate) struct DictionaryItems<'de>(pub(crate) Vec<(&'de str, BareItem<'de>)>);

/// The most members that are looked at; our signers send one.
const MAX_ITEMS: usize = 32;

impl<'de> DictionaryVisitor<'de> for &mut DictionaryItems<'de> {
    type Out = ();
    type Error = FieldError;

    fn entry(&mut self, key: &'de KeyRef) -> Result<impl EntryVisitor<'de>, FieldError> {
        if self.0.len() == MAX_ITEMS {
            return Err(FieldError("too many members"));
        }
        self.0.push((key.as_str(), BareItem::Boolean(true)));
        Ok(DictionaryItem(self))
    }

    fn finish(self) -> Result<(), FieldError> {
        Ok(())
    }
}

struct DictionaryItem<'v, 'de>(&'v mut DictionaryItems<'de>);

impl<'de> ItemVisitor<'de> for DictionaryItem<'_, 'de> {
    type Out = ();
    type Error = FieldError;
    fn bare_item(self, item: BareItem<'de>) -> Result<impl ParameterVisitor<'de, Out = ()>, FieldError> {
        if let Some((_, value)) = self.0.0.last_mut() {
            *value = item;
        }
        Ok(Ignored)
    }
}

impl<'de> EntryVisitor<'de> for DictionaryItem<'_, 'de> {
    type Error = FieldError;
    fn item(self) -> Result<impl ItemVisitor<'de>, FieldError> {
        Ok(self)
    }
    fn inner_list(self) -> Result<impl InnerListVisitor<'de>, FieldError> {
        Ok(Ignored)
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
