//! Parameters as `application/x-www-form-urlencoded` (WHATWG URL section 5.2).

/// Writes parameters. Their names must need no encoding.
pub(crate) fn encode<'a>(parameters: impl IntoIterator<Item = (&'static str, &'a str)>) -> String {
    let mut form = String::new();
    for (name, value) in parameters {
        if !form.is_empty() {
            form.push('&');
        }
        form.push_str(name);
        form.push('=');
        for byte in value.bytes() {
            match byte {
                b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'*' => form.push(char::from(byte)),
                b' ' => form.push('+'),
                other => form.push_str(&format!("%{other:02X}")),
            }
        }
    }
    form
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_no_letter_is_written_in_hex() {
        assert_eq!(encode([]), "");
        assert_eq!(encode([("a", "b c"), ("token", "x+/=~&%\u{e4}*-._")]), "a=b+c&token=x%2B%2F%3D%7E%26%25%C3%A4*-._");
    }
}
