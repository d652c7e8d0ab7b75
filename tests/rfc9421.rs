//! The vectors of RFC 9421: the examples of section 2, the proxy of section 4.3, and appendix B.
//!
//! The profile of this project refuses most of them on purpose (no nonce, no `expires`, no tag), so they go through the
//! signature-base layer and the key seam. HMAC (B.2.5) is no algorithm of the profile; its base is checked.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use certauthz::{
    key::{Algorithm, LocalKey, PublicKey, Signer as _},
    signature::{RequestParts, params::parse_signature_input, signature_base},
};
use http::{HeaderMap, HeaderValue};

const DIGEST: &str =
    "sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:";
/// Appendix B.1.1, `test-key-rsa`.
const RSA_N: &str = "hAKYdtoeoy8zcAcR874L8cnZxKzAGwd7v36APp7Pv6Q2jdsPBRrwWEBnez6d0UDKDwGbc6nxfEXAy5mbhgajzrw3MOEt8uA5txSKobBpKDeBLOsdJKFqMGmXCQvEG7YemcxDTRPxAleIAgYYRjTSd_QBwVW9OwNFhekro3RtlinV0a75jfZgkne_YiktSvLG34lw2zqXBDTC5NHROUqGTlML4PlNZS5Ri2U4aCNx2rUPRcKIlE0PuKxI4T-HIaFpv8-rdV6eUgOrB2xeI1dSFFn_nnv5OoZJEIB-VmuKn3DCUcCZSFlQPSXSfBDiUGhwOw76WuSSsf1D4b_vLoJ10w";
/// Appendix B.1.2, `test-key-rsa-pss`.
const RSA_PSS_N: &str = "r4tmm3r20Wd_PbqvP1s2-QEtvpuRaV8Yq40gjUR8y2Rjxa6dpG2GXHbPfvMs8ct-Lh1GH45x28Rw3Ry53mm-oAXjyQ86OnDkZ5N8lYbggD4O3w6M6pAvLkhk95AndTrifbIFPNU8PPMO7OyrFAHqgDsznjPFmTOtCEcN2Z1FpWgchwuYLPL-Wokqltd11nqqzi-bJ9cvSKADYdUAAN5WUtzdpiy6LbTgSxP7ociU4Tn0g5I6aDZJ7A8Lzo0KSyZYoA485mqcO0GVAdVw9lq4aOT9v6d-nb4bnNkQVklLQ3fVAvJm-xdDOp9LCNCN48V2pnDOkFV6-U9nV5oyc6XI2w";
/// Appendix B.1.3, `test-key-ecc-p256`.
const P256: (&str, &str) =
    ("qIVYZVLCrPZHGHjP17CTW0_-D9Lfw0EkjqF7xB4FivA", "Mc4nN9LTDOBhfoUeg8Ye9WedFRhnZXZJA12Qp0zZ6F0");
/// Appendix B.1.4, `test-key-ed25519`.
const ED25519: (&str, &str) =
    ("JrQLj5P_89iXES9-vFgrIy29clF9CC_oPPsw3c5D0bs", "n4Ni-HpISpVObnQMW0wOhCKROaIKqKtW_2ZYb2p9KcU");

fn hex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|i| u8::from_str_radix(&text[i..i + 2], 16).unwrap()).collect()
}

/// A SubjectPublicKeyInfo of an RSA-2048 modulus and the exponent 65537.
fn rsa(n: &str) -> PublicKey {
    let n = URL_SAFE_NO_PAD.decode(n).unwrap();
    let der = [hex("30820122300d06092a864886f70d01010105000382010f003082010a0282010100"), n, hex("0203010001")];
    PublicKey::from_spki_der(&der.concat()).unwrap()
}

fn p256() -> PublicKey {
    let coordinate = |text: &str| URL_SAFE_NO_PAD.decode(text).unwrap();
    let der = [hex("3059301306072a8648ce3d020106082a8648ce3d03010703420004"), coordinate(P256.0), coordinate(P256.1)];
    PublicKey::from_spki_der(&der.concat()).unwrap()
}

fn ed25519() -> LocalKey {
    let der = [hex("302e020100300506032b657004220420"), URL_SAFE_NO_PAD.decode(ED25519.1).unwrap()];
    LocalKey::from_pkcs8_der(&der.concat()).unwrap()
}

fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
    let mut map = HeaderMap::new();
    for (name, value) in lines {
        map.append(*name, HeaderValue::from_str(value).unwrap());
    }
    map
}

/// The base of a request for the one member of this `Signature-Input`.
fn base(request: &RequestParts<'_>, input: &str) -> String {
    let members = parse_signature_input(input.as_bytes()).unwrap();
    let [member] = members.as_slice() else { panic!("one member: {input}") };
    // What is read is written back to the letter.
    assert_eq!(format!("{}={}", member.label, member.serialized), input);
    let mut out = Vec::new();
    signature_base(request, &member.components, &member.serialized, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// Appendix B.2: `test-request`.
fn test_request(headers: &HeaderMap) -> RequestParts<'_> {
    RequestParts {
        method: "POST",
        scheme: "https",
        authority: "example.com",
        path: "/foo",
        query: Some("param=Value&Pet=dog"),
        headers,
    }
}

fn test_headers() -> HeaderMap {
    headers(&[
        ("host", "example.com"),
        ("date", "Tue, 20 Apr 2021 02:07:55 GMT"),
        ("content-type", "application/json"),
        ("content-digest", DIGEST),
        ("content-length", "18"),
    ])
}

fn verifies(key: &PublicKey, algorithm: Algorithm, base: &str, signature: &str) -> bool {
    let signature = STANDARD.decode(signature).unwrap();
    let tampered = base.replacen('1', "2", 1);
    assert!(key.verify(algorithm, tampered.as_bytes(), &signature).is_err(), "tampered with");
    key.verify(algorithm, base.as_bytes(), &signature).is_ok()
}

#[test]
fn b_2_1_minimal_signature() {
    let base = base(
        &test_request(&test_headers()),
        r#"sig-b21=();created=1618884473;keyid="test-key-rsa-pss";nonce="b3k2pp5k7z-50gnwp.yemd""#,
    );
    assert_eq!(
        base,
        r#""@signature-params": ();created=1618884473;keyid="test-key-rsa-pss";nonce="b3k2pp5k7z-50gnwp.yemd""#
    );
    let signature = "d2pmTvmbncD3xQm8E9ZV2828BjQWGgiwAaw5bAkgibUopemLJcWDy/lkbbHAve4cRAtx31Iq786U7it++wgGxbtRxf8Udx7zFZsckzXaJMkA7ChG52eSkFxykJeNqsrWH5S+oxNFlD4dzVuwe8DhTSja8xxbR/Z2cOGdCbzR72rgFWhzx2VjBqJzsPLMIQKhO4DGezXehhWwE56YCE+O6c0mKZsfxVrogUvA4HELjVKWmAvtl6UnCh8jYzuVG5WSb/QEVPnP5TmcAnLH1g+s++v6d4s8m0gCw1fV5/SITLq9mhho8K3+7EPYTU8IU1bLhdxO5Nyt8C8ssinQ98Xw9Q==";
    assert!(verifies(&rsa(RSA_PSS_N), Algorithm::RsaPssSha512, &base, signature));
}

#[test]
fn b_2_2_selective_coverage() {
    let base = base(
        &test_request(&test_headers()),
        r#"sig-b22=("@authority" "content-digest" "@query-param";name="Pet");created=1618884473;keyid="test-key-rsa-pss";tag="header-example""#,
    );
    assert_eq!(
        base,
        format!(
            "\"@authority\": example.com\n\"content-digest\": {DIGEST}\n\"@query-param\";name=\"Pet\": dog\n\
             \"@signature-params\": (\"@authority\" \"content-digest\" \"@query-param\";name=\"Pet\");created=1618884473;\
             keyid=\"test-key-rsa-pss\";tag=\"header-example\""
        )
    );
    let signature = "LjbtqUbfmvjj5C5kr1Ugj4PmLYvx9wVjZvD9GsTT4F7GrcQEdJzgI9qHxICagShLRiLMlAJjtq6N4CDfKtjvuJyE5qH7KT8UCMkSowOB4+ECxCmT8rtAmj/0PIXxi0A0nxKyB09RNrCQibbUjsLS/2YyFYXEu4TRJQzRw1rLEuEfY17SARYhpTlaqwZVtR8NV7+4UKkjqpcAoFqWFQh62s7Cl+H2fjBSpqfZUJcsIk4N6wiKYd4je2U/lankenQ99PZfB4jY3I5rSV2DSBVkSFsURIjYErOs0tFTQosMTAoxk//0RoKUqiYY8Bh0aaUEb0rQl3/XaVe4bXTugEjHSw==";
    assert!(verifies(&rsa(RSA_PSS_N), Algorithm::RsaPssSha512, &base, signature));
}

#[test]
fn b_2_3_full_coverage() {
    let base = base(
        &test_request(&test_headers()),
        r#"sig-b23=("date" "@method" "@path" "@query" "@authority" "content-type" "content-digest" "content-length");created=1618884473;keyid="test-key-rsa-pss""#,
    );
    assert_eq!(
        base,
        format!(
            "\"date\": Tue, 20 Apr 2021 02:07:55 GMT\n\"@method\": POST\n\"@path\": /foo\n\
             \"@query\": ?param=Value&Pet=dog\n\"@authority\": example.com\n\"content-type\": application/json\n\
             \"content-digest\": {DIGEST}\n\"content-length\": 18\n\
             \"@signature-params\": (\"date\" \"@method\" \"@path\" \"@query\" \"@authority\" \"content-type\" \
             \"content-digest\" \"content-length\");created=1618884473;keyid=\"test-key-rsa-pss\""
        )
    );
    let signature = "bbN8oArOxYoyylQQUU6QYwrTuaxLwjAC9fbY2F6SVWvh0yBiMIRGOnMYwZ/5MR6fb0Kh1rIRASVxFkeGt683+qRpRRU5p2voTp768ZrCUb38K0fUxN0O0iC59DzYx8DFll5GmydPxSmme9v6ULbMFkl+V5B1TP/yPViV7KsLNmvKiLJH1pFkh/aYA2HXXZzNBXmIkoQoLd7YfW91kE9o/CCoC1xMy7JA1ipwvKvfrs65ldmlu9bpG6A9BmzhuzF8Eim5f8ui9eH8LZH896+QIF61ka39VBrohr9iyMUJpvRX2Zbhl5ZJzSRxpJyoEZAFL2FUo5fTIztsDZKEgM4cUA==";
    assert!(verifies(&rsa(RSA_PSS_N), Algorithm::RsaPssSha512, &base, signature));
}

/// A response, which this library does not sign: its published base goes through the key seam.
#[test]
fn b_2_4_response_with_ecdsa() {
    let base = "\"@status\": 200\n\"content-type\": application/json\n\
        \"content-digest\": sha-512=:mEWXIS7MaLRuGgxOBdODa3xqM1XdEvxoYhvlCFJ41QJgJc4GTsPp29l5oGX69wWdXymyU0rjJuahq4l5aGgfLQ==:\n\
        \"content-length\": 23\n\
        \"@signature-params\": (\"@status\" \"content-type\" \"content-digest\" \"content-length\");created=1618884473;keyid=\"test-key-ecc-p256\"";
    let signature = "wNmSUAhwb5LxtOtOpNa6W5xj067m5hFrj0XQ4fvpaCLx0NKocgPquLgyahnzDnDAUy5eCdlYUEkLIj+32oiasw==";
    assert!(verifies(&p256(), Algorithm::EcdsaP256Sha256, base, signature));
}

#[test]
fn b_2_5_base_of_the_hmac_example() {
    let base = base(
        &test_request(&test_headers()),
        r#"sig-b25=("date" "@authority" "content-type");created=1618884473;keyid="test-shared-secret""#,
    );
    assert_eq!(
        base,
        "\"date\": Tue, 20 Apr 2021 02:07:55 GMT\n\"@authority\": example.com\n\"content-type\": application/json\n\
         \"@signature-params\": (\"date\" \"@authority\" \"content-type\");created=1618884473;keyid=\"test-shared-secret\""
    );
    assert_eq!(Algorithm::from_http_name("hmac-sha256"), None);
}

#[test]
fn b_2_6_ed25519_is_reproduced_to_the_byte() {
    let base = base(
        &test_request(&test_headers()),
        r#"sig-b26=("date" "@method" "@path" "@authority" "content-type" "content-length");created=1618884473;keyid="test-key-ed25519""#,
    );
    let signature = "wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw==";
    let key = ed25519();
    assert_eq!(key.public_key().raw(), URL_SAFE_NO_PAD.decode(ED25519.0).unwrap());
    assert!(verifies(key.public_key(), Algorithm::Ed25519, &base, signature));
    assert_eq!(STANDARD.encode(key.sign(Algorithm::Ed25519, base.as_bytes()).unwrap()), signature);
}

#[test]
fn b_3_tls_terminating_proxy() {
    let certificate = ":MIIBqDCCAU6gAwIBAgIBBzAKBggqhkjOPQQDAjA6MRswGQYDVQQKDBJMZXQncyBBdXRoZW50aWNhdGUxGzAZBgNVBAMMEkxBIEludGVybWVkaWF0ZSBDQTAeFw0yMDAxMTQyMjU1MzNaFw0yMTAxMjMyMjU1MzNaMA0xCzAJBgNVBAMMAkJDMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE8YnXXfaUgmnMtOXU/IncWalRhebrXmckC8vdgJ1p5Be5F/3YC8OthxM4+k1M6aEAEFcGzkJiNy6J84y7uzo9M6NyMHAwCQYDVR0TBAIwADAfBgNVHSMEGDAWgBRm3WjLa38lbEYCuiCPct0ZaSED2DAOBgNVHQ8BAf8EBAMCBsAwEwYDVR0lBAwwCgYIKwYBBQUHAwIwHQYDVR0RAQH/BBMwEYEPYmRjQGV4YW1wbGUuY29tMAoGCCqGSM49BAMCA0gAMEUCIBHda/r1vaL6G3VliL4/Di6YK0Q6bMjeSkC3dFCOOB8TAiEAx/kHSB4urmiZ0NX5r5XarmPk0wmuydBVoU4hBVZ1yhk=:";
    let mut headers = test_headers();
    headers.insert("client-cert", certificate.parse().unwrap());
    let request = RequestParts { authority: "service.internal.example", ..test_request(&headers) };
    let base = base(
        &request,
        r#"ttrp=("@path" "@query" "@method" "@authority" "client-cert");created=1618884473;keyid="test-key-ecc-p256""#,
    );
    assert!(base.contains(&format!("\n\"client-cert\": {certificate}\n")));
    let signature = "xVMHVpawaAC/0SbHrKRs9i8I3eOs5RtTMGCWXm/9nvZzoHsIg6Mce9315T6xoklyy0yzhD9ah4JHRwMLOgmizw==";
    assert!(verifies(&p256(), Algorithm::EcdsaP256Sha256, &base, signature));
}

#[test]
fn b_4_transformations() {
    let input = r#"transform=("@method" "@path" "@authority" "accept");created=1618884473;keyid="test-key-ed25519""#;
    let signature = STANDARD
        .decode("ZT1kooQsEHpZ0I1IjCqtQppOmIqlJPeo7DHR3SoMn0s5JZ1eRGS0A+vyYP9t/LXlh5QMFFQ6cpLt2m0pmj3NDA==")
        .unwrap();
    let key = ed25519();
    let holds = |method: &str, authority: &str, query: &str, lines: &[(&'static str, &str)]| {
        let headers = headers(lines);
        let request =
            RequestParts { method, scheme: "https", authority, path: "/demo", query: Some(query), headers: &headers };
        key.public_key().verify(Algorithm::Ed25519, base(&request, input).as_bytes(), &signature).is_ok()
    };
    let (query, date) = ("name1=Value1&Name2=value2", ("date", "Fri, 15 Jul 2022 14:24:55 GMT"));
    let (json, any) = (("accept", "application/json"), ("accept", "*/*"));
    assert!(holds("GET", "example.org", query, &[date, json, any]));
    // What is not covered may change, and lines of one field may be joined.
    let added = "name1=Value1&Name2=value2&param=added";
    assert!(holds("GET", "example.org", added, &[date, json, any, ("accept-language", "en-US,en;q=0.5")]));
    assert!(holds(
        "GET",
        "example.org",
        query,
        &[("referer", "https://developer.example.org/demo"), ("accept", "application/json, */*")]
    ));
    assert!(holds("GET", "EXAMPLE.org:443", query, &[json, any, date]));
    // Method and authority, and the order of a field's values, may not.
    assert!(!holds("POST", "example.com", query, &[date, json, any]));
    assert!(!holds("GET", "example.org", query, &[date, any, json]));
}

/// Section 4.3: the only signature of the RFC with `rsa-v1_5-sha256`.
#[test]
fn section_4_3_proxy_signature() {
    let mut headers = test_headers();
    headers.insert("forwarded", "for=192.0.2.123;host=example.com;proto=https".parse().unwrap());
    let request = RequestParts { authority: "origin.host.internal.example", ..test_request(&headers) };
    let base = base(
        &request,
        r#"proxy_sig=("@method" "@authority" "@path" "content-digest" "content-type" "content-length" "forwarded");created=1618884480;keyid="test-key-rsa";alg="rsa-v1_5-sha256";expires=1618884540"#,
    );
    let signature = "S6ZzPXSdAMOPjN/6KXfXWNO/f7V6cHm7BXYUh3YD/fRad4BCaRZxP+JH+8XY1I6+8Cy+CM5g92iHgxtRPz+MjniOaYmdkDcnL9cCpXJleXsOckpURl49GwiyUpZ10KHgOEe11sx3G2gxI8S0jnxQB+Pu68U9vVcasqOWAEObtNKKZd8tSFu7LB5YAv0RAGhB8tmpv7sFnIm9y+7X5kXQfi8NMaZaA8i2ZHwpBdg7a6CMfwnnrtflzvZdXAsD3LH2TwevU+/PBPv0B6NMNk93wUs/vfJvye+YuI87HU38lZHowtznbLVdp770I6VHR6WfgS9ddzirrswsE1w5o0LV/g==";
    assert!(verifies(&rsa(RSA_N), Algorithm::RsaV15Sha256, &base, signature));
}

/// The value line of one component.
fn line(request: &RequestParts<'_>, component: &str) -> String {
    let base = base(request, &format!("a=({component})"));
    let (line, _) = base.split_once("\n\"@signature-params\"").unwrap();
    line.strip_prefix(&format!("{component}: ")).unwrap().to_owned()
}

#[test]
fn section_2_1_fields() {
    let headers = headers(&[
        ("host", "www.example.com"),
        ("x-ows-header", "   Leading and trailing whitespace.   "),
        ("cache-control", "max-age=60"),
        ("cache-control", "   must-revalidate"),
        ("example-dict", " a=1,    b=2;x=1;y=2,   c=(a   b   c)"),
        ("x-empty-header", ""),
    ]);
    let request = test_request(&headers);
    assert_eq!(line(&request, r#""x-ows-header""#), "Leading and trailing whitespace.");
    assert_eq!(line(&request, r#""cache-control""#), "max-age=60, must-revalidate");
    assert_eq!(line(&request, r#""example-dict""#), "a=1,    b=2;x=1;y=2,   c=(a   b   c)");
    assert_eq!(line(&request, r#""x-empty-header""#), "");
}

#[test]
fn section_2_1_2_and_2_1_3_parameters_of_fields() {
    let dictionary = headers(&[("example-dict", "  a=1,    b=2;x=1;y=2,   c=(a   b    c), d")]);
    let request = test_request(&dictionary);
    for (key, value) in [("a", "1"), ("d", "?1"), ("b", "2;x=1;y=2"), ("c", "(a b c)")] {
        assert_eq!(line(&request, &format!("\"example-dict\";key=\"{key}\"")), value);
    }
    let two = headers(&[("example-header", "value, with, lots"), ("example-header", "of, commas")]);
    assert_eq!(line(&test_request(&two), r#""example-header";bs"#), ":dmFsdWUsIHdpdGgsIGxvdHM=:, :b2YsIGNvbW1hcw==:");
    let one = headers(&[("example-header", "value, with, lots, of, commas")]);
    assert_eq!(line(&test_request(&one), r#""example-header";bs"#), ":dmFsdWUsIHdpdGgsIGxvdHMsIG9mLCBjb21tYXM=:");
}

#[test]
fn section_2_2_derived_components() {
    let none = HeaderMap::new();
    let request = RequestParts {
        method: "POST",
        scheme: "https",
        authority: "www.example.com",
        path: "/path",
        query: Some("param=value"),
        headers: &none,
    };
    assert_eq!(line(&request, r#""@method""#), "POST");
    assert_eq!(line(&request, r#""@target-uri""#), "https://www.example.com/path?param=value");
    assert_eq!(line(&request, r#""@authority""#), "www.example.com");
    assert_eq!(line(&request, r#""@scheme""#), "https");
    assert_eq!(line(&request, r#""@request-target""#), "/path?param=value");
    assert_eq!(line(&request, r#""@path""#), "/path");
    assert_eq!(line(&request, r#""@query""#), "?param=value");
    assert_eq!(line(&RequestParts { query: Some("queryString"), ..request }, r#""@query""#), "?queryString");
    assert_eq!(line(&RequestParts { query: None, ..request }, r#""@query""#), "?");
}

#[test]
fn section_2_2_8_query_parameters() {
    let none = HeaderMap::new();
    let request = |query| RequestParts { query: Some(query), ..test_request(&none) };
    let first = request("param=value&foo=bar&baz=batman&qux=");
    for (name, value) in [("baz", "batman"), ("qux", ""), ("param", "value")] {
        assert_eq!(line(&first, &format!("\"@query-param\";name=\"{name}\"")), value);
    }
    let second =
        request("var=this%20is%20a%20big%0Amultiline%20value&bar=with+plus+whitespace&fa%C3%A7ade%22%3A%20=something");
    for (name, value) in [
        ("var", "this%20is%20a%20big%0Amultiline%20value"),
        ("bar", "with%20plus%20whitespace"),
        ("fa%C3%A7ade%22%3A%20", "something"),
    ] {
        assert_eq!(line(&second, &format!("\"@query-param\";name=\"{name}\"")), value);
    }
}
