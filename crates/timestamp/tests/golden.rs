//! A token kept for ever: what was stamped once verifies for ever, without openssl. And what strangers make of it.

#[path = "../../../tests/time_stamps/maker.rs"]
mod maker;

use counterpart_timestamp::{MAX_TOKEN, Nonce, Roots, RootsError, Stamp, Token, TokenError, TrustError, token};
use maker::ROOT;
use proptest::{collection::vec, prelude::*, sample::Index};

const TOKEN: &[u8] = include_bytes!("../../../tests/fixtures/time-stamp-1.der");
const IMPRINT: [u8; 32] = [0xa5; 32];

fn roots() -> Roots {
    Roots::read(ROOT).expect("a root")
}

fn judged(bytes: &[u8]) -> Option<Stamp> {
    Token::check(bytes, &IMPRINT, None).ok()?.trust(&roots()).ok()
}

#[test]
fn the_first_token_verifies() {
    let token = Token::check(TOKEN, &IMPRINT, Some(&Nonce::new([0x99; 8]))).expect("it holds");
    let stamp = token.trust(&roots()).expect("it is vouched for");
    assert_eq!(stamp.at, 1_795_344_688_606);
    assert_eq!((token.claimed_at(), token.claimed_service()), (stamp.at, Some("Example Time")));
    assert_eq!(stamp.accuracy, Some(1_500_100));
    assert_eq!(stamp.service.as_deref(), Some("Example Time"));
    assert_eq!(stamp.serial, "02");
    assert_eq!(stamp.root, roots().all()[0].fingerprint);
}

#[test]
fn it_holds_for_nothing_else() {
    assert_eq!(Token::check(TOKEN, &[0; 32], None).expect_err("another hash"), TokenError::OtherImprint);
    let other = Nonce::new([0; 8]);
    assert_eq!(Token::check(TOKEN, &IMPRINT, Some(&other)).expect_err("another request"), TokenError::OtherNonce);
    let padded = [TOKEN, &[0]].concat();
    assert!(matches!(Token::check(&padded, &IMPRINT, None), Err(TokenError::Malformed(_))));
    assert_eq!(Token::check(&vec![0x30; MAX_TOKEN + 1], &IMPRINT, None).expect_err("large"), TokenError::TooLarge);
}

#[test]
fn every_changed_bit_is_noticed_or_harmless() {
    let good = judged(TOKEN).expect("good");
    for at in 0..TOKEN.len() {
        for bit in [0x01, 0x10, 0x80] {
            let mut altered = TOKEN.to_vec();
            altered[at] ^= bit;
            if let Some(found) = judged(&altered) {
                assert_eq!(found, good, "byte {at}");
            }
        }
        assert_eq!(judged(&TOKEN[..at]), None, "cut at {at}");
    }
}

#[test]
fn roots_are_read_from_what_people_are_given() {
    let pem = String::from_utf8(ROOT.to_vec()).expect("text");
    assert_eq!(roots().all().len(), 1);
    assert_eq!(roots().all()[0].name.as_deref(), Some("Example Root"));
    let twice = Roots::read(format!("words before\n{pem}\n{pem}").as_bytes()).expect("the same twice");
    assert_eq!(twice.all(), roots().all());
    for file in [&b""[..], b"no certificate", b"-----BEGIN CERTIFICATE-----\n"] {
        assert!(matches!(Roots::read(file), Err(RootsError::None | RootsError::Unreadable(1))), "{file:?}");
    }
    assert_eq!(Roots::read(&[0x30, 0x00]).expect_err("empty"), RootsError::Unreadable(1));
    let other = Token::check(TOKEN, &IMPRINT, None).expect("good").trust(&leaf()).expect_err("its own certificate");
    assert_eq!(other, TrustError::UnknownRoot, "who signed it cannot vouch for itself");
}

/// The certificate of the service itself, out of the token.
fn leaf() -> Roots {
    let found = (0..TOKEN.len() - 8).filter(|at| TOKEN[*at] == 0x30 && TOKEN[at + 1] == 0x82);
    let certificate = |at: usize| {
        let length = usize::from(u16::from_be_bytes([TOKEN[at + 2], TOKEN[at + 3]])) + 4;
        Roots::read(TOKEN.get(at..at + length)?).ok().filter(|r| r.all()[0].name.as_deref() == Some("Example Time"))
    };
    found.filter_map(certificate).next().expect("it came with the token")
}

#[test]
fn the_service_for_other_tests_makes_good_tokens() {
    for (time, at) in [("20260706090000Z", 1_783_328_400_000), ("20260706090000.5Z", 1_783_328_400_500)] {
        let made = maker::token(&IMPRINT, time);
        assert_eq!(made, maker::token(&IMPRINT, time), "the same each time");
        let stamp = judged(&made).expect("a good token");
        assert_eq!((stamp.at, stamp.service.as_deref(), stamp.accuracy), (at, Some("Example Time"), None));
    }
    let early = maker::token(&IMPRINT, "20191231235959Z");
    let late = maker::token(&IMPRINT, "21200101000001Z");
    let why = |token: &[u8]| Token::check(token, &IMPRINT, None).expect("it holds").trust(&roots()).expect_err("why");
    assert_eq!((why(&early), why(&late)), (TrustError::NotYetValid, TrustError::Expired));
}

/// What a stranger may do to bytes.
#[derive(Debug, Clone)]
enum Harm {
    Set(Index, u8),
    Cut(Index, u8),
    Put(Index, Vec<u8>),
    Move(Index, Index, u8),
}

fn harm() -> impl Strategy<Value = Harm> {
    prop_oneof![
        (any::<Index>(), any::<u8>()).prop_map(|(at, byte)| Harm::Set(at, byte)),
        (any::<Index>(), any::<u8>()).prop_map(|(at, many)| Harm::Cut(at, many)),
        (any::<Index>(), vec(any::<u8>(), 1..20)).prop_map(|(at, bytes)| Harm::Put(at, bytes)),
        (any::<Index>(), any::<Index>(), any::<u8>()).prop_map(|(from, to, many)| Harm::Move(from, to, many)),
    ]
}

fn harmed(bytes: &[u8], harms: Vec<Harm>) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for harm in harms {
        if bytes.is_empty() {
            break;
        }
        let length = bytes.len();
        match harm {
            Harm::Set(at, byte) => bytes[at.index(length)] = byte,
            Harm::Cut(at, many) => {
                let at = at.index(length);
                bytes.drain(at..(at + usize::from(many)).min(length));
            }
            Harm::Put(at, new) => {
                let at = at.index(length);
                bytes.splice(at..at, new);
            }
            Harm::Move(from, to, many) => {
                let from = from.index(length);
                let piece: Vec<u8> = bytes[from..(from + usize::from(many)).min(length)].to_vec();
                let to = to.index(length);
                bytes.splice(to..to, piece);
            }
        }
    }
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(
        if std::env::var_os("COUNTERPART_LONG").is_some() { 200_000 } else { 3_000 }
    ))]

    #[test]
    fn no_harm_makes_it_panic_or_say_something_else(harms in vec(harm(), 1..5)) {
        let bytes = harmed(TOKEN, harms);
        if let Some(found) = judged(&bytes) {
            prop_assert_eq!(Some(found), judged(TOKEN));
        }
        drop(token(&bytes));
    }

    #[test]
    fn whatever_comes_is_judged(bytes in vec(any::<u8>(), 0..300)) {
        prop_assert_eq!(judged(&bytes), None);
        drop(token(&bytes));
        drop(Roots::read(&bytes));
    }

    #[test]
    fn whatever_is_called_roots_is_judged(harms in vec(harm(), 1..5)) {
        let der = roots();
        let bytes = harmed(ROOT, harms);
        if let Ok(read) = Roots::read(&bytes) {
            prop_assert!(read.all().len() <= der.all().len() + 5);
            drop(Token::check(TOKEN, &IMPRINT, None).expect("good").trust(&read));
        }
    }
}
