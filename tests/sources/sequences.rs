//! Whatever a server answers, and in whatever order: the newest valid list that was seen is in use.

use crate::{
    common::Ca,
    lists::tokens,
    stand_in::{Does, StandIn, status},
};
use certauthz::{
    crl::{CrlNumber, RevocationStore},
    server::{Source, Sources},
};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use std::{sync::LazyLock, time::Duration};

const HOUR: SignedDuration = SignedDuration::from_hours(1);

static CA: LazyLock<Ca> = LazyLock::new(|| Ca::root_at("Primary CA", Timestamp::now()));
static OTHER: LazyLock<Ca> = LazyLock::new(|| Ca::root_at("Primary CA", Timestamp::now()));
static LISTS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| (0..8).map(|n| CA.crl_der(n, &[], HOUR)).collect());
const TAGS: [&str; 8] = ["0", "1", "2", "3", "4", "5", "6", "7"];

#[derive(Debug, Clone)]
enum Step {
    /// A good list with this number, under the tag of its own or of this other one.
    Valid(usize, usize),
    Forged(usize),
    Foreign(u64),
    Cut(usize, usize),
    Status(u16),
    Junk(Vec<u8>),
    Closed,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0usize..8).prop_map(|n| Step::Valid(n, n)),
        1 => (0usize..8, 0usize..8).prop_map(|(n, tag)| Step::Valid(n, tag)),
        1 => (0usize..8).prop_map(Step::Forged),
        1 => (0u64..20).prop_map(Step::Foreign),
        1 => (0usize..8, 0usize..100).prop_map(|(n, cut)| Step::Cut(n, cut)),
        1 => prop::sample::select(vec![204, 206, 301, 304, 307, 400, 404, 429, 500, 503]).prop_map(Step::Status),
        1 => prop::collection::vec(any::<u8>(), 0..300).prop_map(Step::Junk),
        1 => Just(Step::Closed),
    ]
}

/// What the server does, and the number that is to be in use then, where `tag` is that of the version taken last.
fn enact(step: &Step, newest: &mut Option<u64>, taken: &mut Option<usize>) -> Does {
    match step {
        Step::Valid(n, tag) => {
            // Under the tag that was taken last the server says 304.
            if *taken != Some(*tag) && newest.is_none_or(|newest| *n as u64 >= newest) {
                (*newest, *taken) = (Some(*n as u64), Some(*tag));
            }
            Does::Serves(LISTS[*n].clone(), TAGS[*tag])
        }
        Step::Forged(n) => {
            let mut list = LISTS[*n].clone();
            *list.last_mut().unwrap() ^= 1;
            Does::Serves(list, "forged")
        }
        Step::Foreign(n) => Does::Serves(OTHER.crl_der(*n, &[], HOUR), "foreign"),
        Step::Cut(n, cut) => {
            let whole = status("200 OK", "etag: \"cut\"\r\n", &LISTS[*n]);
            Does::Sends(whole[..whole.len() - 1 - cut].to_vec())
        }
        Step::Status(code) => Does::Sends(status(&format!("{code} Whatever"), "retry-after: 1\r\n", b"")),
        Step::Junk(junk) => Does::Serves(junk.clone(), "junk"),
        Step::Closed => Does::Closes,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn the_newest_valid_list_is_never_lost(steps in prop::collection::vec(step(), 1..25)) {
        let stand_in = StandIn::new(Does::Closes);
        let tokens = tokens(&CA);
        let source = [Source::Url(stand_in.url())];
        let mut sources = Sources::new(source, vec![CA.facts.der.clone()], Duration::from_secs(60));
        let (mut lists, mut newest, mut taken) = (RevocationStore::new(), None, None);
        for step in steps {
            stand_in.does(enact(&step, &mut newest, &mut taken));
            sources.load(&mut lists, &tokens, Duration::from_secs(5));
            let number = lists.lists().next().map(|list| list.number());
            prop_assert_eq!(number, newest.map(CrlNumber::from), "after {:?}", step);
        }
    }
}
