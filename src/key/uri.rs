//! Where a key lives, as a URI in the spirit of RFC 7512: `scheme:[path][;name=value]…[?name=value[&name=value]…]`.

use super::KeyError;
use std::{
    fmt,
    path::{Path, PathBuf},
    str::FromStr,
};

/// Longer is nobody's key.
const MAX_LEN: usize = 2048;
const SCHEMES: &str = "a file, or file: awskms: cloudkms: vaulttransit: pkcs11:";

/// The kinds of places where keys live.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Scheme {
    /// `file:`, a PKCS#8 file.
    File,
    /// `awskms:`, the AWS Key Management Service.
    AwsKms,
    /// `cloudkms:`, Google's Cloud Key Management Service.
    CloudKms,
    /// `vaulttransit:`, the Transit engine of HashiCorp Vault.
    VaultTransit,
    /// `pkcs11:`, a token behind a PKCS#11 module (RFC 7512).
    Pkcs11,
}

impl Scheme {
    const ALL: [Self; 5] = [Self::File, Self::AwsKms, Self::CloudKms, Self::VaultTransit, Self::Pkcs11];

    /// What stands before the colon.
    pub const fn name(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::AwsKms => "awskms",
            Self::CloudKms => "cloudkms",
            Self::VaultTransit => "vaulttransit",
            Self::Pkcs11 => "pkcs11",
        }
    }
}

/// Where a key lives. Nothing in it is secret: a URI with a PIN in it is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyUri {
    scheme: Scheme,
    path: String,
    attributes: Vec<(String, String)>,
    query: Vec<(String, String)>,
}

impl KeyUri {
    /// The URI of a file. A relative path holds for the directory that is current when the key is opened.
    pub fn file(path: &Path) -> Self {
        let path = path.to_string_lossy().into_owned();
        Self { scheme: Scheme::File, path, attributes: Vec::new(), query: Vec::new() }
    }

    /// The kind of place.
    pub const fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// Whether the key is in another process or machine, and not in a file.
    pub fn is_remote(&self) -> bool {
        self.scheme != Scheme::File
    }

    /// What stands before the first attribute: the file's path, or the name of a Google resource.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The file, where it is one.
    pub fn file_path(&self) -> Option<PathBuf> {
        (self.scheme == Scheme::File).then(|| PathBuf::from(&self.path))
    }

    /// The same place, whatever the current directory is.
    ///
    /// # Errors
    /// [`KeyError::Uri`] where there is no current directory, or its name is no UTF-8.
    pub fn absolute(mut self) -> Result<Self, KeyError> {
        if self.scheme == Scheme::File {
            let absolute = std::path::absolute(&self.path).ok().and_then(|path| path.to_str().map(str::to_owned));
            let why = "there is no current directory that can be written down";
            self.path = absolute.ok_or_else(|| self.bad(why, "give an absolute path"))?;
        }
        Ok(self)
    }

    /// An attribute, decoded; those after the `?` count too.
    ///
    /// # Errors
    /// [`KeyError::Uri`] where it is not UTF-8.
    pub fn text(&self, name: &str) -> Result<Option<String>, KeyError> {
        let Some(bytes) = self.bytes(name)? else { return Ok(None) };
        let text = String::from_utf8(bytes).ok().filter(|text| !text.is_empty() && !text.contains(char::is_control));
        match text {
            Some(text) => Ok(Some(text)),
            None => Err(self.bad(format!("the value of {name} is empty or no text"), "write what it stands for")),
        }
    }

    /// An attribute whose value is bytes, as the `id` of RFC 7512.
    ///
    /// # Errors
    /// [`KeyError::Uri`] where the percent-encoding is broken.
    pub fn bytes(&self, name: &str) -> Result<Option<Vec<u8>>, KeyError> {
        let found = self.attributes.iter().chain(&self.query).find(|(known, _)| known == name);
        let decoded = found.map(|(_, value)| {
            decode(value).ok_or_else(|| {
                self.bad(format!("the value of {name} is not percent-encoded"), "write a percent sign as %25")
            })
        });
        decoded.transpose()
    }

    /// An attribute that must be there.
    ///
    /// # Errors
    /// [`KeyError::Uri`] with `example` where it is not.
    pub fn required(&self, name: &str, example: &'static str) -> Result<String, KeyError> {
        self.text(name)?.ok_or_else(|| self.bad(format!("it has no {name}="), format!("for example {example}")))
    }

    /// Refuses attributes that the place does not know: they would have been meant for something.
    ///
    /// # Errors
    /// [`KeyError::Uri`] with those that exist.
    pub fn only(&self, known: &[&str]) -> Result<(), KeyError> {
        match self.attributes.iter().chain(&self.query).find(|(name, _)| !known.contains(&name.as_str())) {
            Some((name, _)) => Err(self.bad(
                format!("{}: URIs have no attribute {name:?}", self.scheme.name()),
                format!("there are {}", known.join(", ")),
            )),
            None => Ok(()),
        }
    }

    /// The same URI with an attribute set to another value.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        let value = encode(value.as_bytes());
        match self.attributes.iter_mut().find(|(known, _)| known == name) {
            Some(attribute) => attribute.1 = value,
            None => self.attributes.push((name.to_owned(), value)),
        }
        self
    }

    /// The same URI with another path.
    #[must_use]
    pub fn with_path(mut self, path: impl Into<String>) -> Self {
        self.path = path.into();
        self
    }

    /// This URI cannot be used.
    pub fn bad(
        &self,
        why: impl Into<std::borrow::Cow<'static, str>>,
        hint: impl Into<std::borrow::Cow<'static, str>>,
    ) -> KeyError {
        KeyError::Uri { uri: self.to_string(), why: why.into(), hint: hint.into() }
    }
}

impl FromStr for KeyUri {
    type Err = KeyError;

    /// Reads a URI, or the path of a file.
    fn from_str(text: &str) -> Result<Self, KeyError> {
        let bad = |why: String, hint: &'static str| {
            // What is refused for its form may hold a secret in any of its attributes.
            let shown = text.split([';', '?']).next().unwrap_or_default().chars().take(120).collect();
            KeyError::Uri { uri: shown, why: why.into(), hint: hint.into() }
        };
        if text.is_empty() || text.len() > MAX_LEN || text.contains(char::is_control) {
            return Err(bad(format!("it is empty, longer than {MAX_LEN} bytes, or holds control characters"), SCHEMES));
        }
        let Some((scheme, rest)) = text.split_once(':').filter(|(scheme, _)| is_scheme(scheme)) else {
            return Ok(Self::file(Path::new(text)));
        };
        let Some(scheme) = Scheme::ALL.into_iter().find(|known| scheme.eq_ignore_ascii_case(known.name())) else {
            return Err(bad(format!("keys do not live in {scheme}:"), SCHEMES));
        };
        if scheme == Scheme::File {
            // RFC 8089: `file:/path`, `file:///path`, `file://localhost/path`.
            let path = match rest.strip_prefix("//") {
                Some(hosted) => hosted.strip_prefix("localhost").unwrap_or(hosted),
                None => rest,
            };
            let path = decode(path).and_then(|path| String::from_utf8(path).ok());
            let path = path.filter(|path| !path.is_empty() && (rest.starts_with("//") <= path.starts_with('/')));
            let path =
                path.ok_or_else(|| bad("it names no file of this machine".into(), "for example file:/etc/ca.key"))?;
            return Ok(Self::file(Path::new(&path)));
        }
        let (front, query) = rest.split_once('?').unwrap_or((rest, ""));
        let mut parsed = Self { scheme, path: String::new(), attributes: Vec::new(), query: Vec::new() };
        let pairs = front.split(';').map(|part| (part, false)).chain(query.split('&').map(|part| (part, true)));
        for (at, (part, in_query)) in pairs.enumerate().filter(|(_, (part, _))| !part.is_empty()) {
            match part.split_once('=') {
                None if at == 0 => part.clone_into(&mut parsed.path),
                None => return Err(bad("an attribute without a value".into(), "attributes are written name=value")),
                Some(("pin-value", _)) => {
                    let hint = "name a file with it: pin-source=file:/path, or --password-file";
                    return Err(bad("a PIN does not belong into a URI: others see it".into(), hint));
                }
                Some((name, value)) => {
                    let twice = parsed.attributes.iter().chain(&parsed.query).any(|(known, _)| known == name);
                    let is_name = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
                    if twice || name.is_empty() || !name.bytes().all(is_name) || decode(value).is_none() {
                        return Err(bad(
                            format!(
                                "the attribute {:?} is there twice, or not written correctly",
                                name.chars().take(40).collect::<String>()
                            ),
                            "attributes are written name=value, each once, other characters as %XX",
                        ));
                    }
                    let kept = if in_query { &mut parsed.query } else { &mut parsed.attributes };
                    kept.push((name.to_owned(), value.to_owned()));
                }
            }
        }
        Ok(parsed)
    }
}

impl fmt::Display for KeyUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.scheme.name())?;
        if self.scheme == Scheme::File {
            return f.write_str(&encode(self.path.as_bytes()));
        }
        f.write_str(&self.path)?;
        for (at, (name, value)) in self.attributes.iter().enumerate() {
            let separator = if at == 0 && self.path.is_empty() { "" } else { ";" };
            write!(f, "{separator}{name}={value}")?;
        }
        for (at, (name, value)) in self.query.iter().enumerate() {
            write!(f, "{}{name}={value}", if at == 0 { '?' } else { '&' })?;
        }
        Ok(())
    }
}

/// RFC 3986 section 3.1; a single letter is more likely a drive, and a path before the colon a path.
fn is_scheme(text: &str) -> bool {
    text.len() > 1
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
}

/// Percent-decoding (RFC 3986 section 2.1).
fn decode(text: &str) -> Option<Vec<u8>> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let mut digit = || bytes.next().and_then(|b| char::from(b).to_digit(16));
            let (high, low) = (digit()?, digit()?);
            decoded.push(u8::try_from(high * 16 + low).ok()?);
        } else {
            decoded.push(byte);
        }
    }
    Some(decoded)
}

/// Percent-encoding of everything that is neither unreserved nor harmless in a value.
fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for &byte in bytes {
        if byte.is_ascii_alphanumeric() || b"-._~/:,+@".contains(&byte) {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(text: &str) -> KeyUri {
        text.parse().unwrap_or_else(|e| panic!("{text}: {e}"))
    }

    #[test]
    fn attributes_path_and_query() {
        let uri =
            parse("pkcs11:token=My%20Token;id=%01%ff;object=ca?module-path=/usr/lib/x.so&pin-source=file:/run/pin");
        assert_eq!(uri.scheme(), Scheme::Pkcs11);
        assert_eq!(uri.text("token").unwrap().as_deref(), Some("My Token"));
        assert_eq!(uri.bytes("id").unwrap(), Some(vec![1, 255]));
        assert!(uri.text("id").is_err());
        assert_eq!(uri.text("pin-source").unwrap().as_deref(), Some("file:/run/pin"));
        assert_eq!(parse(&uri.to_string()), uri);
        let uri = parse("cloudkms:projects/p/locations/l/cryptoKeyVersions/1;endpoint=http://127.0.0.1:1");
        assert_eq!(uri.path(), "projects/p/locations/l/cryptoKeyVersions/1");
        assert_eq!(uri.text("endpoint").unwrap().as_deref(), Some("http://127.0.0.1:1"));
        assert_eq!(parse(&uri.to_string()), uri);
        assert!(uri.only(&["endpoint"]).is_ok() && uri.only(&["region"]).is_err());
        assert_eq!(
            uri.with("endpoint", "a b").to_string(),
            "cloudkms:projects/p/locations/l/cryptoKeyVersions/1;endpoint=a%20b"
        );
    }

    #[test]
    fn files_by_path_and_by_uri() {
        for (text, path) in [
            ("ca.key", "ca.key"),
            ("/etc/ca.key", "/etc/ca.key"),
            ("./odd:name", "./odd:name"),
            ("file:/etc/a%20b", "/etc/a b"),
            ("file:///etc/x", "/etc/x"),
            ("file://localhost/etc/x", "/etc/x"),
            ("FILE:rel", "rel"),
        ] {
            assert_eq!(parse(text).file_path(), Some(PathBuf::from(path)), "{text}");
        }
        assert!("file://elsewhere/etc/x".parse::<KeyUri>().is_err() && "file:".parse::<KeyUri>().is_err());
        assert!(parse("rel").absolute().unwrap().file_path().unwrap().is_absolute());
    }

    #[test]
    fn what_is_refused_is_not_repeated_with_its_secrets() {
        let error = "pkcs11:token=t?pin-value=hunter2".parse::<KeyUri>().unwrap_err();
        assert!(!error.to_string().contains("hunter2") && error.to_string().contains("PIN"), "{error}");
        for text in
            ["", "azurekms:name=x", "awskms:key-id", "awskms:a=1;a=2", "awskms:a=%zz", "awskms:x;y", "pkcs11:a\nb=c"]
        {
            match text.parse::<KeyUri>() {
                Err(error) => assert!(error.hint().is_some(), "{text}"),
                // The first part may be a path: the place refuses it.
                Ok(uri) => assert_eq!(uri.path(), "key-id"),
            }
        }
    }

    proptest! {
        #[test]
        fn never_panics_and_what_is_read_survives(text in "(awskms|pkcs11|file|cloudkms):[ -~]{0,60}") {
            if let Ok(uri) = text.parse::<KeyUri>() {
                prop_assert_eq!(uri.to_string().parse::<KeyUri>().unwrap(), uri);
            }
        }
    }
}
