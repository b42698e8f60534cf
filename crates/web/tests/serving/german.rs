//! The second language: found by what browsers say they read, chosen for one browser, and everywhere.

use counterpart_core::keylog::RevokeReason;

use crate::{
    served::{Served, path_of},
    two::Two,
};

/// A page as a browser asks for it that would rather read German.
fn german(served: &Served, cookie: &str, path: &str) -> String {
    let headers = [("Cookie", cookie), ("Accept-Language", "de-AT, de;q=0.9, en;q=0.5")];
    let answer = served.client().get(path, &headers);
    assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    let text = answer.text().to_owned();
    assert!(text.contains("<html lang=\"de\" dir=\"ltr\">"), "{path}");
    text
}

#[test]
fn a_browser_is_answered_in_its_language() {
    let served = Served::empty();
    let cookie = served.let_in();
    assert!(german(&served, &cookie, "/welcome").contains("Wie heißen Sie?"));
    // A browser that is not let in, too.
    let refused = served.client().get("/cases", &[("Accept-Language", "de")]);
    assert!(refused.status == 403 && refused.text().contains("Dieser Browser ist nicht angemeldet"));
    let english = served.client().get("/welcome", &[("Cookie", &cookie), ("Accept-Language", "fr, en;q=0.2")]);
    assert!(english.text().contains("What are you called?"));
    let used = served.client().get(path_of(&served.link), &[("Accept-Language", "de")]);
    assert!(used.status == 303 || used.text().contains("lang=\"de\""));
}

#[test]
fn a_language_is_chosen_for_one_browser() {
    let served = Served::settled();
    let cookie = served.let_in();
    let secret = served.form_secret(&cookie, "/settings");
    let answer = served.client().post("/settings/language", &cookie, format!("form={secret}&language=de").as_bytes());
    let kept = answer.header("set-cookie").expect("kept").split(';').next().expect("a value").to_owned();
    let both = format!("{cookie}; {kept}");
    // Whatever the browser says.
    let settings = served.client().get("/settings", &[("Cookie", &both), ("Accept-Language", "en-GB")]);
    assert!(settings.text().contains("<h1>Einstellungen</h1>"), "{}", settings.text());
    assert!(settings.text().contains("<option value=\"de\" lang=\"de\" selected>Deutsch</option>"));
    assert!(settings.text().contains("<option value=\"en\" lang=\"en\">English</option>"));
    let other = served.client().get("/settings", &[("Cookie", &served.let_in()), ("Accept-Language", "en-GB")]);
    assert!(other.text().contains("<h1>Settings</h1>"));
}

#[test]
fn a_case_reads_in_german_and_what_is_signed_says_that_it_is_english() {
    let mut two = Two::new();
    let first = two.propose(1, "Repair the tap", Some(-2));
    two.accept(0, first);
    two.propose(1, "Bring a new one", Some(3));
    let path = two.path();
    let number = two.number(&first);
    let served = two.serve();
    let cookie = served.let_in();
    let get = |path: &str| german(&served, &cookie, path);

    for (end, says) in [
        ("", "Sie sind am Zug"),
        ("?view=list", "Wie es steht"),
        ("/record", "Alles in der Akte"),
        ("/facts", "Noch keine Angaben"),
        ("/people", "Wer in diesem Fall ist"),
        ("/files", "Noch keine Dateien"),
        ("/draft", "Noch ist nichts entworfen"),
        ("/picture", "Was geschah, Schritt für Schritt"),
        ("/proof", "Was nichts hier beweist"),
        ("/letters", "Erinnerungen und Dank"),
        ("/invite", "Einladen"),
        ("/call", "Telefonat festhalten"),
        ("/do/propose", "Was ist zu tun?"),
        ("/do/note", "Was zu notieren ist"),
    ] {
        let page = get(&format!("{path}{end}"));
        assert!(page.contains(says), "{end}: {page}");
    }
    let page = get(&format!("{path}/action/{number}"));
    assert!(
        page.contains("Was jetzt möglich ist") && page.contains("<dl class=\"facts terms\" lang=\"en\">"),
        "{page}"
    );
    assert!(get(&format!("{path}/entry/{number}")).contains("<div class=\"exact\" lang=\"en\">"));

    // What is signed is the same in every language of the pages.
    let form = format!("{path}/do/note");
    let secret = served.form_secret(&cookie, &form);
    let ask = |language: &str| {
        let origin = format!("http://{}", served.address);
        let headers = [
            ("Cookie", cookie.as_str()),
            ("Origin", &origin),
            ("Content-Type", "application/x-www-form-urlencoded"),
            ("Accept-Language", language),
        ];
        let body = format!("form={secret}&text=Der+Hahn+tropft");
        let answer = served.client().ask("POST", &form, &headers, body.as_bytes());
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.text().to_owned()
    };
    let exact = |page: &str| {
        let (_, after) = page.split_once("<div class=\"exact\" lang=\"en\">").expect("the exact text");
        after.split_once("</div>").expect("its end").0.to_owned()
    };
    let (german, english) = (ask("de"), ask("en"));
    assert!(german.contains("Lesen Sie das, bevor Sie unterschreiben") && german.contains(">Unterschreiben</button>"));
    assert_eq!(exact(&german), exact(&english));
    assert!(exact(&german).contains("Der Hahn tropft"));
}

#[test]
fn a_key_that_ended_is_told_of_in_german() {
    let mut two = Two::new();
    let offer = two.propose(1, "Repair the tap", None);
    let number = two.number(&offer);
    two.end_device(1, RevokeReason::Compromised);
    let path = two.path();
    let served = two.serve();
    let cookie = served.let_in();
    for (end, says) in [
        ("", "Damit kann jemand anderes unterschrieben haben: Fragen Sie nach"),
        ("/proof", "Seine Rechte sind am 1. Jan. 1970 erloschen"),
        ("/people", "Rechte erloschen am 1. Jan. 1970 (der Schl\u{fc}ssel ist in fremden H\u{e4}nden"),
        ("/people", "unterschrieben hat es hier #4 und #5"),
        (&format!("/entry/{number}"), "Die Rechte dieses Ger\u{e4}ts sind am 1. Jan. 1970 erloschen"),
    ] {
        let page = german(&served, &cookie, &format!("{path}{end}"));
        assert!(page.contains(says), "{end}: {page}");
        assert!(!page.contains("rights ended") && !page.contains("ask them before"), "{end}: {page}");
    }
}
