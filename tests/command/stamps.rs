//! `counterpart stamp`: services that are honest, that lie, and that are not there.

use std::sync::Arc;

use serde_json::Value;

use crate::{
    authority::{Authority, Keys, openssl_present},
    home::{Home, talk},
    service::{Behaviour, Service},
    two_homes::joined,
};

/// A service, and the file with its root certificate.
struct Time {
    authority: Arc<Authority>,
    service: Service,
    root: String,
}

impl Time {
    fn new(behaviour: Behaviour) -> Self {
        let authority = Arc::new(Authority::new(Keys::Ec));
        let root = authority.path("root.pem").to_str().expect("a plain path").to_owned();
        Self { service: Service::start(Arc::clone(&authority), behaviour), root, authority }
    }
}

fn stamps(home: &Home) -> Value {
    home.json(&["stamp", "--list", "."])
}

#[test]
fn a_case_is_stamped_and_only_a_hash_leaves() {
    if !openssl_present() {
        return;
    }
    let time = Time::new(Behaviour::Honest);
    let (home, _) = Home::with_case();
    let (url, talk) = home.said(&["stamp", "--configure", &time.service.url(), "--root", &time.root]);
    assert_eq!(url, time.service.url());
    assert!(talk.contains("Example Root") && talk.contains("whom you believe"), "{talk}");
    assert!(time.service.heard().is_empty(), "nothing is sent unasked");

    let (_, talk) = home.said(&["stamp", ".", "-y"]);
    assert!(talk.contains("What leaves this machine") && talk.contains(&time.service.url()), "{talk}");
    assert!(talk.contains("time stamp by Example Time"), "{talk}");
    let heard = time.service.heard();
    let (head, body) = &heard[0];
    assert_eq!(body.len(), 69, "a hash, a number, and what says so");
    let shown = talk.lines().find_map(|l| l.trim().strip_prefix("SHA-256: ")).expect("the hash is shown");
    let sent: String = body[24..56].iter().map(|b| format!("{b:02x}")).collect();
    assert_eq!(sent, shown);
    assert!(head.contains("application/timestamp-query"), "{head}");
    assert!(!head.to_ascii_lowercase().contains("user-agent"), "{head}");

    let stamps = stamps(&home);
    let stamp = &stamps["stamps"][0];
    assert_eq!((stamp["status"].as_str(), stamp["service"].as_str()), (Some("valid"), Some("Example Time")));
    assert_eq!(stamp["accuracy_us"], 1_500_000);
    assert_eq!(stamp["heads"][0]["ref"], "#1");
    assert_eq!(stamps["waiting"], Value::Array(Vec::new()));

    home.ok(&["note", ".", "said later", "-y"]);
    let log = home.json(&["log", "."]);
    assert_eq!(log["entries"][0]["time_proven"]["at"], stamp["at"]);
    assert_eq!(log["entries"][0]["time_proven"]["sha256"], stamp["sha256"]);
    assert_eq!(log["entries"][1]["time_proven"], Value::Null, "what came later is not covered");
    let told = home.ok(&["log", "."]);
    assert!(told.contains("time-proven]") && told.contains("(time stamp by Example Time)"), "{told}");
    let why = home.ok(&["why", ".", "1"]);
    assert!(why.contains("not after") && why.contains("(time stamp by Example Time)"), "{why}");
    assert!(home.ok(&["doctor"]).contains("1 time stamp"));
}

#[test]
fn an_export_takes_the_stamps_along() {
    if !openssl_present() {
        return;
    }
    let time = Time::new(Behaviour::Honest);
    let (home, _) = Home::with_case();
    home.ok(&["stamp", ".", "--service", &time.service.url(), "--root", &time.root, "-y"]);
    let file = home.path().join("case.zip");
    let file = file.to_str().expect("a plain path");
    home.ok(&["export", ".", file]);
    let verdict = |more: &[&str]| home.json(&[&["verify", file], more].concat());
    let unchecked = verdict(&[]);
    assert_eq!(unchecked["stamps"][0]["status"], "unchecked");
    assert_eq!(unchecked["entries"][0]["not_after"], Value::Null);
    assert!(home.ok(&["verify", file]).contains("name the service's root certificate with --trust"));

    let stranger = Authority::new(Keys::Rsa);
    let other = stranger.path("root.pem");
    let other = other.to_str().expect("a plain path");
    assert_eq!(verdict(&["--trust", other])["stamps"][0]["status"], "untrusted");
    assert!(home.ok(&["verify", file, "--trust", other]).contains("not trusted"));
    let valid = verdict(&["--trust", other, "--trust", &time.root]);
    assert_eq!(valid["stamps"][0]["status"], "valid");
    assert_eq!(valid["stamps"][0]["tsa"], "Example Time");
    assert_eq!(valid["entries"][0]["not_after"]["by"], "stamp");
    assert_eq!(valid["entries"][0]["not_after"]["at"], stamps(&home)["stamps"][0]["at"]);
    assert!(home.ok(&["verify", file, "--trust", &time.root]).contains("time stamp by Example Time"));
    let said = home.fails(2, &["verify", file, "--trust", file]);
    assert!(said.contains("no certificate in it") || said.contains("larger than certificates"), "{said}");
}

#[test]
fn show_says_when_terms_were_there() {
    if !openssl_present() {
        return;
    }
    let time = Time::new(Behaviour::Honest);
    let (home, _) = Home::with_case();
    home.ok(&["propose", ".", "Refund £24.99", "-y"]);
    home.ok(&["stamp", ".", "--service", &time.service.url(), "--root", &time.root, "-y"]);
    assert!(home.ok(&["show", "."]).contains("time-proven: not after"));
    assert_eq!(home.json(&["show", "."])["actions"][0]["time_proven"]["service"], "Example Time");
    // The root that was named once is kept, so that it goes on being believed.
    assert_eq!(stamps(&home)["stamps"][0]["status"], "valid");
    // Whoever no longer trusts it is told so, and nothing is proven any more.
    std::fs::remove_dir_all(home.path().join("stamp-roots")).expect("the roots");
    assert_eq!(stamps(&home)["stamps"][0]["status"], "unchecked");
    assert!(!home.ok(&["show", "."]).contains("time-proven"));
    let stranger = Authority::new(Keys::Ec);
    let root = stranger.path("root.pem");
    home.ok(&["stamp", "--configure", &time.service.url(), "--root", root.to_str().expect("a plain path")]);
    assert_eq!(stamps(&home)["stamps"][0]["status"], "untrusted");
}

#[test]
fn a_stamp_on_record_is_there_for_everybody() {
    if !openssl_present() {
        return;
    }
    let time = Time::new(Behaviour::Honest);
    let (customer, customer_up, supplier, case) = joined();
    let offer = customer.ok(&["propose", &case, "charge £24.99 a month", "-y"]);
    let said = customer.fails(1, &["prove", &case, &offer, "--stamp", "-y"]);
    assert!(said.contains("no time stamp that you trust"), "{said}");
    customer.ok(&["stamp", &case, "--service", &time.service.url(), "--root", &time.root, "-y"]);
    customer.ok(&["prove", &case, &offer, "--stamp", "-y"]);
    let said = customer.fails(1, &["prove", &case, &offer, "--stamp", "-y"]);
    assert!(said.contains("on record already"), "{said}");
    supplier.ok(&["sync", &case]);
    assert!(!supplier.ok(&["log", &case]).contains("time-proven"), "the supplier trusts no service yet");
    supplier.ok(&["stamp", "--configure", &time.service.url(), "--root", &time.root]);
    assert!(supplier.ok(&["log", &case]).contains("(time stamp by Example Time)"));
    assert_eq!(supplier.json(&["show", &case])["actions"][0]["time_proven"]["service"], "Example Time");

    // Where an answer in time decides, nothing is put on record that nobody could go on from.
    let until = ["propose", &case, "charge £20 a month", "--open-until", "in 5 days", "-y"];
    let offer = customer.ok(&until);
    supplier.ok(&["sync", &case]);
    let accept = supplier.ok(&["accept", &case, &offer, "-y"]);
    supplier.ok(&["stamp", &case, "-y"]);
    let said = supplier.fails(1, &["prove", &case, &accept, "--stamp", "-y"]);
    assert!(said.contains("cannot judge by a time stamp"), "{said}");
    customer_up.stop();
}

#[test]
fn what_a_lying_service_says_is_not_kept() {
    if !openssl_present() {
        return;
    }
    let time = Time::new(Behaviour::Honest);
    let (home, _) = Home::with_case();
    home.ok(&["stamp", "--configure", &time.service.url(), "--root", &time.root]);
    home.ok(&["stamp", ".", "-y"]);
    let old = time.service.heard().remove(0).1;
    home.ok(&["note", ".", "said later", "-y"]);
    home.ok(&["stamp", ".", "-y"]);
    let replayed = time.service.heard().remove(1).1;
    time.authority.certify_for_2020("old");
    time.authority.certify("web", "web");
    let mut other_imprint = old.clone();
    other_imprint[30] ^= 1;
    let lies = [
        (Behaviour::Instead(old), 3, "the hash in it is another"),
        (Behaviour::Instead(other_imprint), 3, "the hash in it is another"),
        (Behaviour::Instead(replayed), 3, "the answer to another request"),
        (Behaviour::Certificate("old"), 3, "had run out at the time it states"),
        (Behaviour::SignedAgain("web"), 3, "is not for time stamps"),
        (Behaviour::Body(b"<html>hello</html>".to_vec()), 3, "not one of a time-stamp service"),
        (Behaviour::Body(Vec::new()), 3, "not one of a time-stamp service"),
        (Behaviour::Body(vec![0x30, 0x05, 0x30, 0x03, 0x02, 0x01, 0x02]), 3, "it refuses the request"),
        (Behaviour::Endless, 5, "larger than a time stamp can be"),
        (Behaviour::Silent, 5, "did not answer within 1 second"),
        (Behaviour::Status("404 Not Found"), 5, "HTTP status 404"),
        (Behaviour::Status("503 Service Unavailable"), 5, "HTTP status 503"),
        (
            Behaviour::Redirect("http://192.0.2.1/elsewhere"),
            5,
            "points to another address (http://192.0.2.1/elsewhere)",
        ),
        (Behaviour::OtherTongue, 5, "time-stamp service"),
    ];
    for (behaviour, code, words) in lies {
        time.service.behaves(behaviour.clone());
        let said = home.fails(code, &["stamp", ".", "-y", "-q", "--wait", "1"]);
        assert!(said.contains(words), "{behaviour:?}: {said}");
    }
    assert_eq!(stamps(&home)["stamps"].as_array().map(Vec::len), Some(2), "nothing of it was kept");

    // Another authority's service, and nobody at all.
    let stranger = Time::new(Behaviour::Honest);
    let said = home.fails(3, &["stamp", ".", "-y", "-q", "--service", &stranger.service.url()]);
    assert!(said.contains("none of the root certificates you named vouches"), "{said}");
    let gone = stranger.service.url();
    drop(stranger);
    let said = home.fails(5, &["stamp", ".", "-y", "-q", "--service", &gone]);
    assert!(said.contains("cannot be reached"), "{said}");
    // What is encrypted for nobody it knows is not asked.
    let https = time.service.url().replace("http:", "https:");
    time.service.behaves(Behaviour::OtherTongue);
    home.fails(5, &["stamp", ".", "-y", "-q", "--wait", "5", "--service", &https]);
    time.service.behaves(Behaviour::Honest);
    home.ok(&["stamp", ".", "-y"]);
}

#[test]
fn settings_are_looked_at() {
    let (home, _) = Home::with_case();
    let said = home.fails(2, &["stamp", ".", "-y"]);
    assert!(said.contains("no time-stamp service is chosen yet") && said.contains("--configure"), "{said}");
    let said = home.fails(2, &["stamp", "--configure", "http://time.example/"]);
    assert!(said.contains("no root certificate"), "{said}");
    let fixture = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/time-stamp-root.pem");
    let said = home.fails(2, &["stamp", "--configure", "time.example", "--root", fixture]);
    assert!(said.contains("http:// or https://"), "{said}");
    let said = home.fails(2, &["stamp", "--configure", "http://a:b@time.example/", "--root", fixture]);
    assert!(said.contains("password"), "{said}");
    let none = home.path().join("port");
    let said =
        home.fails(2, &["stamp", "--configure", "http://time.example/", "--root", none.to_str().expect("plain")]);
    assert!(said.contains("no certificate in it"), "{said}");
    home.ok(&["stamp", "--configure", "http://time.example/", "--root", fixture]);
    assert_eq!(stamps(&home)["service"], "http://time.example/");
    assert_eq!(stamps(&home)["at_agreements"], false);
    // Nobody can be asked here.
    let output = home.run(&["stamp", "."]);
    assert_eq!(output.status.code(), Some(2));
    assert!(talk(&output).contains("nothing was sent"), "{}", talk(&output));
}

#[test]
fn agreements_are_stamped_unasked_and_again_after_a_failure() {
    if !openssl_present() {
        return;
    }
    let time = Time::new(Behaviour::Status("503 Service Unavailable"));
    let (customer, customer_up, supplier, case) = joined();
    let configure = ["stamp", "--configure", &time.service.url(), "--root", &time.root, "--at-agreements"];
    customer.ok(&configure);
    let offer = customer.ok(&["propose", &case, "charge £24.99 a month", "-y"]);
    supplier.ok(&["sync", &case]);
    let counter = supplier.ok(&["counter", &case, &offer, "--what", "charge £26.99 a month", "-y"]);
    supplier.ok(&["sync", &case]);
    customer_up.stop();
    assert!(time.service.heard().is_empty(), "nothing is agreed yet");

    // The service is down: the act stands, and it is told.
    let (_, talk) = customer.said(&["accept", &case, &counter, "-y"]);
    assert!(talk.contains("No time stamp yet") && talk.contains("503"), "{talk}");
    let listed = stamps(&customer);
    assert_eq!(listed["stamps"], Value::Array(Vec::new()));
    assert!(listed["waiting"][0]["trouble"].as_str().is_some_and(|t| t.contains("503")), "{listed}");
    let checked = customer.ok(&["doctor"]);
    assert!(checked.contains("waits for a time stamp") && checked.contains("all is well"), "{checked}");

    // It is back: the running node asks again.
    time.service.behaves(Behaviour::Honest);
    let customer_up = customer.up();
    customer_up.line_with("time stamp was kept");
    let listed = stamps(&customer);
    assert_eq!(listed["waiting"], Value::Array(Vec::new()));
    assert_eq!(listed["stamps"][0]["status"], "valid");
    let shown = customer.json(&["show", &case]);
    assert_eq!(shown["actions"][0]["time_proven"]["at"], listed["stamps"][0]["at"]);

    // What the other side agrees to is stamped as it arrives.
    let offer = customer.ok(&["propose", &case, "answer every mail in 2 days", "-y"]);
    let address = std::fs::read_to_string(customer.path().join("node.addresses")).expect("the node's addresses");
    let address = address.lines().next().expect("an address").to_owned();
    supplier.ok(&["sync", &case, "--address", &address]);
    supplier.ok(&["accept", &case, &offer, "-y"]);
    supplier.ok(&["sync", &case]);
    customer_up.line_with("time stamp was kept");
    assert_eq!(stamps(&customer)["stamps"].as_array().map(Vec::len), Some(2));
    customer_up.stop();
}
