//! Which paths are accepted, and what each refusal is called.
use crate::world::{Ca, assert_refused, at, check, check_at, now};
use certauthz::cert::chain::{Anchors, MAX_INTERMEDIATES, Purpose, Revocation, validate};
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DistinguishedName, DnType, ExtendedKeyUsagePurpose,
    GeneralSubtree, IsCa, KeyPair, KeyUsagePurpose, NameConstraints, SanType, SerialNumber, date_time_ymd,
};

const UNTRUSTED: &str = "certificate_untrusted";

fn pathlen(limit: u8) -> impl FnOnce(&mut CertificateParams) {
    move |params| params.is_ca = IsCa::Ca(BasicConstraints::Constrained(limit))
}

fn expired(params: &mut CertificateParams) {
    params.not_after = date_time_ymd(2025, 2, 1);
}

#[test]
fn a_path_gives_its_facts() {
    let root = Ca::root("root");
    let middle = root.child("middle", |_| {});
    let leaf = middle.client();
    let path = check(&leaf, &[&middle.der], &[&root.der]).unwrap();
    let ders: Vec<_> = path.certificates().map(|c| c.der()).collect();
    assert_eq!(ders, [&leaf[..], &middle.der, &root.der]);
    assert_eq!(path.leaf().serial(), [0x77]);
    assert_eq!(path.leaf().serial_hex(), "77");
    assert_eq!(path.leaf().subject_text(), "CN=client");
    assert_eq!(path.leaf().issuer(), path.links().next().unwrap().1.subject());
    assert_eq!(path.leaf().not_after(), at("2027-01-01T00:00:00Z"));
    let links: Vec<_> = path.links().map(|(a, b)| [a.subject_text(), b.subject_text()]).collect();
    assert_eq!(links, [["CN=client", "CN=middle"], ["CN=middle", "CN=root"]]);
    assert!(path.anchor().is_self_issued() && !path.leaf().is_self_issued());
    assert!(certauthz::key::PublicKey::from_spki_der(path.leaf().spki()).is_ok());
}

#[test]
fn an_anchor_may_be_an_intermediate_and_unneeded_certificates_do_not_matter() {
    let root = Ca::root("root");
    let middle = root.child("middle", |_| {});
    let leaf = middle.client();
    check(&leaf, &[&root.der], &[&middle.der]).unwrap();
    check(&leaf, &[b"junk", &middle.der, &middle.der], &[&Ca::root("other").der, &root.der]).unwrap();
}

#[test]
fn dates_of_the_client_come_first() {
    let root = Ca::root_with("root", expired);
    let leaf = root.client_with(expired);
    assert_refused(check(&leaf, &[], &[&root.der]), "certificate_expired", "2025-02-01T00:00:00Z");
    assert_refused(check(&leaf, &[], &[&Ca::root("stranger").der]), "certificate_expired", "");
    let early = root.client_with(|params| params.not_before = date_time_ymd(2026, 6, 1));
    assert_refused(check(&early, &[], &[&root.der]), "certificate_not_yet_valid", "2026-06-01T00:00:00Z");

    let good = Ca::root("root");
    let leaf = good.client_with(expired);
    let result = |time| check_at(&leaf, &[], &[&good.der], at(time));
    result("2025-01-01T00:00:00Z").unwrap();
    result("2025-02-01T00:00:00.999Z").unwrap();
    assert_refused(result("2025-02-01T00:00:01Z"), "certificate_expired", "");
    assert_refused(result("2024-12-31T23:59:59.999Z"), "certificate_not_yet_valid", "");
    assert_refused(result("-009999-01-02T01:59:59Z"), "certificate_not_yet_valid", "");
    assert_refused(result("9999-12-30T00:00:00Z"), "certificate_expired", "");
}

#[test]
fn dates_of_the_cas_count() {
    let root = Ca::root_with("root", expired);
    assert_refused(check(&root.client(), &[], &[&root.der]), UNTRUSTED, "\"CN=root\" expired at 2025-02-01");
    let future = Ca::root_with("root", |params| params.not_before = date_time_ymd(2026, 2, 1));
    assert_refused(check(&future.client(), &[], &[&future.der]), UNTRUSTED, "valid from 2026-02-01");
    let root = Ca::root("root");
    let middle = root.child("middle", expired);
    assert_refused(check(&middle.client(), &[&middle.der], &[&root.der]), UNTRUSTED, "intermediate CA has expired");
}

#[test]
fn a_ca_that_was_renewed_is_found_among_its_certificates() {
    let root = Ca::root_with("root", expired);
    let renewed = root.again(|params| params.not_after = date_time_ymd(2028, 1, 1));
    let namesake = Ca::root("root");
    let leaf = root.client();
    for anchors in [[&root.der, &renewed, &namesake.der], [&namesake.der, &renewed, &root.der]] {
        let anchors: Vec<&[u8]> = anchors.iter().map(|der| &der[..]).collect();
        assert_eq!(check(&leaf, &[], &anchors).unwrap().anchor().der(), renewed);
    }
    assert_refused(check(&leaf, &[], &[&root.der, &namesake.der]), UNTRUSTED, "expired");
}

#[test]
fn other_cas_and_broken_signatures() {
    let (root, other) = (Ca::root("root"), Ca::root("root"));
    let leaf = root.client();
    assert_refused(check(&leaf, &[], &[&Ca::root("stranger").der]), UNTRUSTED, "none of the trusted CAs");
    assert_refused(check(&leaf, &[], &[&other.der]), UNTRUSTED, "signature does not verify");
    let mut forged = leaf.clone();
    *forged.last_mut().unwrap() ^= 1;
    assert_refused(check(&forged, &[], &[&root.der]), UNTRUSTED, "signature does not verify");
    let middle = other.child("middle", |_| {});
    assert_refused(check(&middle.client(), &[&middle.der], &[&root.der]), UNTRUSTED, "");
}

#[test]
fn unreadable_certificates_are_malformed() {
    let root = Ca::root("root");
    let leaf = root.client();
    let long = [&leaf[..], &[0]].concat();
    for bad in [&b""[..], b"junk", &leaf[..leaf.len() - 1], &long, &leaf[4..]] {
        assert_refused(check(bad, &[], &[&root.der]), "credential_malformed", "");
    }
    let anchors = |list: &[&[u8]]| Anchors::new(list.iter().copied());
    assert!(anchors(&[]).unwrap_err().to_string().contains("nothing to trust"));
    let error = anchors(&[&root.der, b"junk"]).unwrap_err();
    assert!(error.to_string().contains("number 2"), "{error}");
}

#[test]
fn purposes() {
    let root = Ca::root("root");
    let purpose = "certificate_purpose";
    let server = root.client_with(|p| p.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth]);
    assert_refused(check(&server, &[], &[&root.der]), purpose, "clientAuth");
    let anchors = Anchors::new([root.der.clone()]).unwrap();
    validate(&server, &[], &anchors, Purpose::Any, Revocation::Unchecked, now()).unwrap();
    check(&root.client_with(|p| p.extended_key_usages.clear()), &[], &[&root.der]).unwrap();
    let no_signing = root.client_with(|p| p.key_usages = vec![KeyUsagePurpose::KeyAgreement]);
    assert_refused(check(&no_signing, &[], &[&root.der]), purpose, "digitalSignature");
    check(&root.client_with(|p| p.key_usages.clear()), &[], &[&root.der]).unwrap();
    let ca = root.child("ca", |_| {});
    assert_refused(check(&ca.der, &[], &[&root.der]), purpose, "certificate of a CA");
    let middle = root.child("tls", |p| p.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth]);
    assert_refused(check(&middle.client(), &[&middle.der], &[&root.der]), purpose, "clientAuth");
    let root = Ca::root_with("tls", |p| p.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth]);
    assert_refused(check(&root.client(), &[], &[&root.der]), purpose, "\"CN=tls\" is not for client");
}

#[test]
fn only_a_ca_that_may_sign_certificates_vouches_for_others() {
    let root = Ca::root("root");
    let only_lists = |p: &mut CertificateParams| p.key_usages = vec![KeyUsagePurpose::CrlSign];
    let middle = root.child("middle", only_lists);
    assert_refused(check(&middle.client(), &[&middle.der], &[&root.der]), UNTRUSTED, "keyCertSign");
    let no_usage = root.child("middle", |p| p.key_usages.clear());
    check(&no_usage.client(), &[&no_usage.der], &[&root.der]).unwrap();
    let anchor = Ca::root_with("root", only_lists);
    assert_refused(check(&anchor.client(), &[], &[&anchor.der]), UNTRUSTED, "keyCertSign");
    let no_ca = root.child("middle", |p| p.is_ca = IsCa::ExplicitNoCa);
    assert_refused(check(&no_ca.client(), &[&no_ca.der], &[&root.der]), UNTRUSTED, "not that of a CA");
    let anchor = Ca::root_with("root", |p| p.is_ca = IsCa::NoCa);
    assert_refused(check(&anchor.client(), &[], &[&anchor.der]), UNTRUSTED, "not that of a CA");
    let leaf = root.client_with(|p| p.key_usages.push(KeyUsagePurpose::KeyCertSign));
    assert_refused(check(&leaf, &[], &[&root.der]), UNTRUSTED, "although it is no CA");
}

#[test]
fn path_lengths_of_intermediates_and_anchor() {
    let root = Ca::root("root");
    let upper = root.child("upper", pathlen(0));
    check(&upper.client(), &[&upper.der], &[&root.der]).unwrap();
    let lower = upper.child("lower", |_| {});
    assert_refused(check(&lower.client(), &[&upper.der, &lower.der], &[&root.der]), UNTRUSTED, "more CAs");

    let root = Ca::root_with("root", pathlen(0));
    check(&root.client(), &[], &[&root.der]).unwrap();
    let lower = root.child("lower", |_| {});
    assert_refused(check(&lower.client(), &[&lower.der], &[&root.der]), UNTRUSTED, "allows 0 CAs below");
}

#[test]
fn a_ca_that_rolls_its_key_over() {
    let old = Ca::root("root");
    let new = old.child("root", |_| {});
    check(&new.client(), &[&new.der], &[&old.der]).unwrap();
    // Self-issued certificates do not count for the anchor's path length.
    let old = Ca::root_with("root", pathlen(0));
    let new = old.child("root", |_| {});
    check(&new.client(), &[&new.der], &[&old.der]).unwrap();
    // A loop of two keys that certify each other does not hang, and reaches no anchor.
    let one = Ca::root("loop");
    let key = KeyPair::generate().unwrap();
    let two = one.child_with_key("loop", key, |_| {});
    let back = two.child_with_key("loop", KeyPair::try_from(one.key.serialized_der()).unwrap(), |_| {});
    assert_refused(check(&two.client(), &[&two.der, &back.der], &[&old.der]), UNTRUSTED, "");
}

fn name(name: &str) -> DistinguishedName {
    let mut dn = DistinguishedName::new();
    dn.push(DnType::OrganizationName, "Org");
    dn.push(DnType::CommonName, name);
    dn
}

fn org(organization: &str) -> GeneralSubtree {
    let mut dn = DistinguishedName::new();
    dn.push(DnType::OrganizationName, organization);
    GeneralSubtree::DirectoryName(dn)
}

fn constrained(permitted: Vec<GeneralSubtree>, excluded: Vec<GeneralSubtree>) -> impl Fn(&mut CertificateParams) {
    move |params| {
        params.name_constraints =
            Some(NameConstraints { permitted_subtrees: permitted.clone(), excluded_subtrees: excluded.clone() });
    }
}

#[test]
fn name_constraints() {
    let dns = |text: &str| GeneralSubtree::DnsName(text.to_owned());
    let san = |text: &str| vec![SanType::DnsName(text.try_into().unwrap())];
    let root = Ca::root_with("root", constrained(vec![dns("example.com")], vec![dns("bad.example.com")]));
    let client = |text| root.client_with(|p| p.subject_alt_names = san(text));
    check(&client("a.example.com"), &[], &[&root.der]).unwrap();
    assert_refused(check(&client("a.example.org"), &[], &[&root.der]), UNTRUSTED, "a name is outside");
    assert_refused(check(&client("a.bad.example.com"), &[], &[&root.der]), UNTRUSTED, "a name is outside");
}

#[test]
fn directory_names_that_the_anchor_permits() {
    let dns = GeneralSubtree::DnsName("example.com".to_owned());
    let root = Ca::root_with("root", constrained(vec![org("Other"), org("Org"), dns], vec![]));
    let client = |change: &dyn Fn(&mut CertificateParams)| root.client_with(change);
    check(&client(&|p| p.distinguished_name = name("alice")), &[], &[&root.der]).unwrap();
    // The constraints on other kinds of names stay in force.
    let elsewhere = client(&|p| {
        p.distinguished_name = name("alice");
        p.subject_alt_names = vec![SanType::DnsName("example.org".try_into().unwrap())];
    });
    assert_refused(check(&elsewhere, &[], &[&root.der]), UNTRUSTED, "a name is outside");
    let outside = "directory name is outside";
    assert_refused(check(&client(&|_| {}), &[], &[&root.der]), UNTRUSTED, outside);
    let longer = client(&|p| {
        p.distinguished_name = DistinguishedName::new();
        p.distinguished_name.push(DnType::OrganizationName, "Organ");
    });
    assert_refused(check(&longer, &[], &[&root.der]), UNTRUSTED, outside);
    // An intermediate has a name, too; and what intermediates say about directory names is webpki's to refuse.
    let middle = root.child("middle", |_| {});
    let leaf = middle.client_with(|p| p.distinguished_name = name("alice"));
    assert_refused(check(&leaf, &[&middle.der], &[&root.der]), UNTRUSTED, outside);
    let root = Ca::root("root");
    let middle = root.child("middle", constrained(vec![org("Org")], vec![]));
    let leaf = middle.client_with(|p| p.distinguished_name = name("alice"));
    assert_refused(check(&leaf, &[&middle.der], &[&root.der]), UNTRUSTED, "a name is outside");
    let root = Ca::root_with("root", constrained(vec![], vec![org("Else")]));
    assert_refused(check(&root.client(), &[], &[&root.der]), UNTRUSTED, "a name is outside");
}

#[test]
fn unknown_critical_extensions_anywhere() {
    let critical = |params: &mut CertificateParams| {
        let mut extension = CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 99999, 1], vec![5, 0]);
        extension.set_criticality(true);
        params.custom_extensions.push(extension);
    };
    let root = Ca::root("root");
    assert_refused(check(&root.client_with(critical), &[], &[&root.der]), UNTRUSTED, "critical extension");
    let middle = root.child("middle", critical);
    assert_refused(check(&middle.client(), &[&middle.der], &[&root.der]), UNTRUSTED, "");
    let odd = Ca::root_with("root", critical);
    assert_refused(check(&odd.client(), &[], &[&odd.der]), UNTRUSTED, "1.3.6.1.4.1.99999.1");
    // As long as it is not on the path, it does not matter.
    check(&root.client(), &[&middle.der], &[&odd.der, &root.der]).unwrap();
}

#[test]
fn serial_numbers_are_positive_and_short() {
    let root = Ca::root("root");
    let serial = |bytes: &[u8]| {
        let leaf = root.client_with(|p| p.serial_number = Some(SerialNumber::from_slice(bytes)));
        check(&leaf, &[], &[&root.der])
    };
    assert_eq!(serial(&[0xff; 20]).unwrap().leaf().serial(), [0xff; 20]);
    assert_refused(serial(&[1; 21]), UNTRUSTED, "serial number");
    assert_refused(serial(&[0]), UNTRUSTED, "serial number");
}

#[test]
fn duplicate_and_broken_extensions() {
    let root = Ca::root("root");
    let custom = |oid: &'static [u64], content: &'static [u8]| {
        move |p: &mut CertificateParams| {
            p.custom_extensions.push(CustomExtension::from_oid_content(oid, content.to_vec()));
        }
    };
    // A second (non-critical) extended key usage; an authority information access that is none.
    let twice = root.client_with(custom(&[2, 5, 29, 37], &[0x30, 0]));
    assert_refused(check(&twice, &[], &[&root.der]), "credential_malformed", "");
    let broken = root.client_with(custom(&[1, 3, 6, 1, 5, 5, 7, 1, 1], b"junk"));
    assert_refused(check(&broken, &[], &[&root.der]), "credential_malformed", "");
}

#[test]
fn the_work_is_bounded() {
    let root = Ca::root("root");
    let leaf = root.client();
    let many = vec![&root.der[..]; MAX_INTERMEDIATES + 1];
    assert_refused(check(&leaf, &many, &[&root.der]), UNTRUSTED, "more than 32 intermediate");
    // Every intermediate could have issued every other.
    let stranger = Ca::root("maze");
    let maze: Vec<_> = (0..MAX_INTERMEDIATES).map(|_| stranger.child("maze", |_| {})).collect();
    let intermediates: Vec<_> = maze.iter().map(|ca| &ca.der[..]).collect();
    let start = std::time::Instant::now();
    assert_refused(check(&maze[0].client(), &intermediates, &[&root.der]), UNTRUSTED, "");
    assert!(start.elapsed().as_secs() < 5, "{:?}", start.elapsed());
    // With a way to the anchor's name, too; and a real path is still found among the forged certificates.
    let forger = Ca::root("root");
    let real = root.child("maze", |_| {});
    let forged: Vec<_> = (1..MAX_INTERMEDIATES).map(|_| forger.child("maze", |_| {}).der).collect();
    let mut intermediates: Vec<_> = forged.iter().map(|der| &der[..]).collect();
    assert_refused(check(&maze[0].client(), &intermediates, &[&root.der]), UNTRUSTED, "");
    intermediates.push(&real.der);
    check(&real.client(), &intermediates, &[&root.der]).unwrap();
    let wordy = root.client_with(|p| {
        p.distinguished_name = DistinguishedName::new();
        p.distinguished_name.push(DnType::CommonName, "x".repeat(5000));
    });
    assert_refused(check(&wordy, &[], &[&root.der]), UNTRUSTED, "4096 bytes");
}
