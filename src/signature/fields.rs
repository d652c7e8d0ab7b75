//! Visitors over structured fields: what `sfv` calls while it reads `Signature-Input`, `Signature` and `Content-Digest`.

use super::params::{
    BareItem, Component, FieldError, MAX_COMPONENTS, MAX_PARAMETERS, MAX_SIGNATURES, Parameters, SignatureInput,
    borrowed, serialize_list,
};
use sfv::{
    KeyRef,
    visitor::{DictionaryVisitor, EntryVisitor, Ignored, InnerListVisitor, ItemVisitor, ParameterVisitor},
};
use std::borrow::Cow;

/// A member as it was parsed, before its parameters are given a meaning.
pub(super) struct Raw<'de> {
    label: &'de str,
    components: Vec<Component<'de>>,
    parameters: Vec<(&'de KeyRef, BareItem<'de>)>,
}

impl<'de> Raw<'de> {
    pub(super) fn finish(self) -> Result<SignatureInput<'de>, FieldError> {
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
        let serialized = Cow::Owned(serialized);
        Ok(SignatureInput { label: Cow::Borrowed(self.label), components: self.components, parameters, serialized })
    }
}

/// Collects the members of `Signature-Input`. sfv wraps a visitor's error so that its text is lost; it is kept here.
#[derive(Default)]
pub(super) struct InputVisitor<'de> {
    pub(super) members: Vec<Raw<'de>>,
    pub(super) error: Option<FieldError>,
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
