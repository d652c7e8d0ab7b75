//! Text of unknown origin and numbers of unknown size, as markup that is always well-formed.

use super::super::format::sentence;
use std::fmt;

/// Text in an element or in a quoted attribute.
pub(super) struct Escaped<'a>(pub(super) &'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in sentence(self.0).chars() {
            match c {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                // Not characters of XML, though of Unicode.
                '\u{fffe}' | '\u{ffff}' => f.write_str("\u{fffd}")?,
                c => write!(f, "{c}")?,
            }
        }
        Ok(())
    }
}

/// A coordinate with one decimal. What is no number, or far outside of any drawing, lands at its border: SVG knows no NaN.
pub(super) struct Px(pub(super) f64);

impl fmt::Display for Px {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = if self.0.is_nan() { 0.0 } else { self.0.clamp(-9_999.0, 9_999.0) };
        let text = format!("{value:.1}");
        let text = text.strip_suffix(".0").unwrap_or(&text);
        f.write_str(if text == "-0" { "0" } else { text })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn markup_becomes_text() {
        let text = Escaped("<a href=\"x\" id='y'>&amp;\u{0}\u{202e}\u{ffff}").to_string();
        assert_eq!(text, "&lt;a href=&quot;x&quot; id=&#39;y&#39;&gt;&amp;amp;\\u{0}\\u{202e}\u{fffd}");
    }

    #[test]
    fn coordinates_are_short() {
        let all = [0.0, -0.01, 12.0, 12.34, f64::NAN, f64::INFINITY, f64::NEG_INFINITY].map(|v| Px(v).to_string());
        assert_eq!(all, ["0", "0", "12", "12.3", "0", "9999", "-9999"]);
    }

    proptest! {
        #[test]
        fn no_text_opens_a_tag_or_ends_an_attribute(text: String) {
            let escaped = Escaped(&text).to_string();
            prop_assert!(!escaped.contains(['<', '>', '"', '\'']));
        }
    }
}
