//! Tokens of a service made on the spot, honest ones and lying ones.

#[path = "../../../tests/time_stamps/authority.rs"]
mod authority;

use authority::{Authority, Keys, openssl_present};
use counterpart_timestamp::{Nonce, Roots, Stamp, Token, TokenError, TrustError, request, token};

const IMPRINT: [u8; 32] = [0xa5; 32];

fn nonce() -> Nonce {
    Nonce::new([0x99; 8])
}

fn asked() -> Vec<u8> {
    request(&IMPRINT, &nonce())
}

fn roots(authority: &Authority) -> Roots {
    let file = std::fs::read(authority.path("root.pem")).expect("the root");
    Roots::read(&file).expect("the root")
}

/// What an answer comes to.
fn judged(answer: &[u8], roots: &Roots) -> Result<Stamp, String> {
    let token = token(answer).map_err(|e| e.to_string())?;
    let checked = Token::check(token, &IMPRINT, Some(&nonce())).map_err(|e| e.to_string())?;
    checked.trust(roots).map_err(|e| e.to_string())
}

#[test]
fn a_token_holds_for_rsa_and_elliptic_curves() {
    if !openssl_present() {
        return;
    }
    for keys in [Keys::Rsa, Keys::Ec] {
        let authority = Authority::new(keys);
        let stamp = judged(&authority.answer(&asked()), &roots(&authority)).expect("a good token");
        assert_eq!(stamp.service.as_deref(), Some("Example Time"));
        assert_eq!(stamp.accuracy, Some(1_500_000));
        assert_eq!(stamp.root, roots(&authority).all()[0].fingerprint);
        assert_eq!(stamp.serial, "01");
        assert!(stamp.at > 1_767_225_600_000, "after this was written: {}", stamp.at);
        assert_eq!(roots(&authority).all()[0].name.as_deref(), Some("Example Root"));
    }
}

#[test]
fn openssl_reads_our_request() {
    if !openssl_present() {
        return;
    }
    let authority = Authority::new(Keys::Ec);
    std::fs::write(authority.path("asked"), asked()).expect("a file");
    authority.openssl(&["ts", "-query", "-in", "asked", "-text", "-out", "text"]);
    let text = std::fs::read_to_string(authority.path("text")).expect("its text");
    for line in ["Version: 1", "Hash Algorithm: sha256", "Nonce: 0x5999999999999999", "Certificate required: yes"] {
        assert!(text.contains(line), "{line} in {text}");
    }
}

#[test]
fn a_chain_with_a_certificate_between_holds() {
    if !openssl_present() {
        return;
    }
    let authority = Authority::new(Keys::Rsa);
    let between = ["req", "-noenc", "-newkey", "rsa:2048", "-keyout", "between.key", "-out", "between.csr"];
    authority.openssl(&[&between[..], &["-subj", "/CN=Between"]].concat());
    let signed = ["x509", "-req", "-days", "9", "-extfile", "config", "-CAcreateserial"];
    let by_root = ["-in", "between.csr", "-CA", "root.pem", "-CAkey", "root.key", "-out", "between.pem"];
    authority.openssl(&[&signed[..], &by_root, &["-extensions", "authority"]].concat());
    let by_between = ["-in", "service.csr", "-CA", "between.pem", "-CAkey", "between.key", "-out", "below.pem"];
    authority.openssl(&[&signed[..], &by_between, &["-extensions", "stamps"]].concat());
    std::fs::write(authority.path("request"), asked()).expect("the request");
    let reply = ["ts", "-reply", "-queryfile", "request", "-config", "config", "-out", "answer"];
    let signer = ["-signer", "below.pem", "-inkey", "service.key"];
    authority.openssl(&[&reply[..], &signer, &["-chain", "between.pem"]].concat());
    let whole = std::fs::read(authority.path("answer")).expect("the answer");
    judged(&whole, &roots(&authority)).expect("a good chain");
    let pinned = std::fs::read(authority.path("between.pem")).expect("the certificate between");
    judged(&whole, &Roots::read(&pinned).expect("a certificate")).expect("one between can be the one trusted");
    authority.openssl(&[&reply[..], &signer].concat());
    let broken = std::fs::read(authority.path("answer")).expect("the answer");
    assert_eq!(judged(&broken, &roots(&authority)), Err(TrustError::UnknownRoot.to_string()));
}

#[test]
fn what_is_no_answer_to_the_request_is_not_taken() {
    if !openssl_present() {
        return;
    }
    let authority = Authority::new(Keys::Ec);
    let roots = roots(&authority);
    let other = authority.answer(&request(&[1; 32], &nonce()));
    assert_eq!(judged(&other, &roots), Err(TokenError::OtherImprint.to_string()));
    let replayed = authority.answer(&request(&IMPRINT, &Nonce::new([1; 8])));
    assert_eq!(judged(&replayed, &roots), Err(TokenError::OtherNonce.to_string()));
    // Without the request at hand the same token is a good one.
    let token = token(&replayed).expect("a token");
    Token::check(token, &IMPRINT, None).expect("good").trust(&roots).expect("trusted");
}

#[test]
fn whoever_is_not_vouched_for_is_not_believed() {
    if !openssl_present() {
        return;
    }
    let authority = Authority::new(Keys::Rsa);
    let stranger = Authority::new(Keys::Rsa);
    let answer = authority.answer(&asked());
    // Another root of the very same name: only the signature tells them apart.
    let why = judged(&answer, &roots(&stranger)).expect_err("not vouched for");
    assert_eq!(why, TrustError::UnknownRoot.to_string());
    judged(&answer, &roots(&stranger).and(roots(&authority))).expect("one of the two vouches for it");

    authority.certify_for_2020("old");
    let old = authority.answer_as("old", &asked());
    assert_eq!(judged(&old, &roots(&authority)), Err(TrustError::Expired.to_string()));
    for (name, section) in [("web", "web"), ("both", "both"), ("overlooked", "overlooked")] {
        authority.certify(name, section);
        let answer = authority.answer_signed_again(name, &asked());
        assert_eq!(judged(&answer, &roots(&authority)), Err(TrustError::WrongUse.to_string()), "{name}");
    }
}

#[test]
fn what_is_signed_and_no_time_stamp_is_told_so() {
    if !openssl_present() {
        return;
    }
    let authority = Authority::new(Keys::Ec);
    let roots = roots(&authority);
    let honest = authority.answer_signed_again("service", &asked());
    judged(&honest, &roots).expect("what was signed again by the same key is a token");
    let other_kind = authority.sign(&["service"], "1.2.840.113549.1.7.1", "info");
    assert_eq!(judged(&other_kind, &roots), Err(TokenError::OtherContent.to_string()));
    authority.certify("second", "stamps");
    let two = authority.sign(&["service", "second"], "1.2.840.113549.1.9.16.1.4", "info");
    assert_eq!(judged(&two, &roots), Err(TokenError::Signers.to_string()));
}

#[test]
fn one_changed_byte_is_noticed() {
    if !openssl_present() {
        return;
    }
    let authority = Authority::new(Keys::Ec);
    let roots = roots(&authority);
    let answer = authority.answer(&asked());
    let good = token(&answer).expect("a token").to_vec();
    let stamp = judged(&answer, &roots).expect("a good token");
    for at in 0..good.len() {
        let mut altered = good.clone();
        altered[at] ^= 0x01;
        // What is not signed may differ: version numbers, revocation lists, names of hashes said twice.
        if let Ok(token) = Token::check(&altered, &IMPRINT, Some(&nonce()))
            && let Ok(found) = token.trust(&roots)
        {
            assert_eq!(found, stamp, "byte {at}");
        }
    }
}
