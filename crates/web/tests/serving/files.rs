//! Files that come with forms: shown, signed, kept and erased.

use std::{fs, io::Write as _};

use counterpart_core::{
    act::Act,
    attachment::{FileRef, MAX_FILE},
    value::Sealable,
};

use crate::{
    acts::{Browser, signing},
    client::Answer,
    two::Two,
};

/// A form with a file, as a browser sends it.
pub(crate) fn upload(browser: &Browser, kind: &str, fields: &[(&str, &str)], name: &str, bytes: &[u8]) -> Answer {
    let mut body = Vec::new();
    let secret = browser.secret.as_str();
    for (field, value) in std::iter::once(&("form", secret)).chain(fields) {
        let head = format!("--x\r\nContent-Disposition: form-data; name=\"{field}\"\r\n\r\n{value}\r\n");
        body.extend_from_slice(head.as_bytes());
    }
    let head = format!("--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\r\n");
    body.extend_from_slice(head.as_bytes());
    body.extend_from_slice(bytes);
    body.extend_from_slice(b"\r\n--x--\r\n");
    let origin = format!("http://{}", browser.served.host());
    let kind_of = "multipart/form-data; boundary=x";
    let headers = [("Cookie", browser.cookie.as_str()), ("Origin", &origin), ("Content-Type", kind_of)];
    browser.served.client().ask("POST", &browser.path(&format!("/do/{kind}")), &headers, &body)
}

#[test]
fn a_file_is_shown_signed_kept_and_erased() {
    let browser = Browser::of(Two::new());
    let file = FileRef::of(b"the bill");
    let waiting = || fs::read_dir(browser.served.home().join("uploads")).map_or(0, Iterator::count);
    // No file: told, and what was typed is still there.
    let answer = upload(&browser, "attach", &[("name", "May <b>")], "", b"");
    assert!(
        answer.status == 422 && answer.text().contains("No file came") && answer.text().contains("May &#60;b&#62;")
    );
    let answer = upload(&browser, "attach", &[("name", "")], "../../../etc/May \\\"<b>.pdf", b"the bill");
    assert_eq!(answer.status, 200, "{}", answer.text());
    let (text, carried) = signing(&answer);
    let hash = hex(&file.sha256);
    assert!(text.contains(&hash) && text.contains("8 bytes") && !text.contains("../"), "{text}");
    assert_eq!(waiting(), 1);
    // Back to the form: the file need not be chosen again.
    let mut again = carried.clone();
    again.push(("again".to_owned(), "1".to_owned()));
    let form = browser.send("attach", &again);
    assert!(
        form.text().contains("You chose")
            && form.text().contains(&carried.iter().find(|(n, _)| n == "file").expect("a file").1)
    );
    let answer = browser.send("attach", &carried);
    assert_eq!(answer.status, 303, "{}", answer.text());
    assert!(answer.header("location").is_some_and(|to| to.contains("/files?signed=5")));
    assert_eq!(waiting(), 0, "nothing is left aside");
    let desk = browser.served.desk();
    let mut bytes = Vec::new();
    std::io::Read::read_to_end(&mut desk.open_file(&browser.case, &file).expect("kept"), &mut bytes).expect("readable");
    assert_eq!(bytes, b"the bill");
    let acts = browser.acts();
    let Some(Act::Attach { name: Sealable::Open(name), media, .. }) = acts.last() else { unreachable!("{acts:?}") };
    assert!(name.ends_with(".pdf") && !name.contains('/'), "{name}");
    assert_eq!(media.as_deref(), Some("application/pdf"));
    // A file that is not there any more.
    let mut gone = carried.clone();
    gone.retain(|(name, _)| name != "once");
    let answer = browser.send("attach", &gone);
    assert!(answer.status == 422 && answer.text().contains("is not here any more"), "{}", answer.text());
    // Only what proves it.
    let answer = upload(&browser, "attach", &[("only", "1")], "x.txt", b"stays with me");
    let (_, carried) = signing(&answer);
    assert_eq!(waiting(), 0);
    assert_eq!(browser.send("attach", &carried).status, 303);
    assert!(desk.open_file(&browser.case, &FileRef::of(b"stays with me")).is_err());

    let form = browser.get("/do/erase?about=5");
    assert!(
        form.text().contains("value=\"file\" checked") && form.text().contains("value=\"name\" checked"),
        "{}",
        form.text()
    );
    let none = browser.post("/do/erase", &[("about", "5"), ("reason", "")]);
    assert!(none.status == 422 && none.text().contains("Choose at least one"));
    let erased = browser.sign("erase", &[("about", "5"), ("place", "file"), ("reason", "wrong bill")]);
    assert!(matches!(erased[..], [Act::Erase { .. }, Act::Erased { .. }]), "{erased:?}");
    assert!(desk.open_file(&browser.case, &file).is_err(), "gone here at once");
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// A little more than travels with a case goes through: only where everything is asked for.
#[test]
fn a_file_too_large_is_told_and_need_not_be_sent_again() {
    if std::env::var_os("COUNTERPART_LONG").is_none() {
        drop(writeln!(std::io::stderr(), "skipped: tried with COUNTERPART_LONG=1 alone"));
        return;
    }
    let browser = Browser::of(Two::new());
    let count = browser.acts().len();
    let large = vec![7; usize::try_from(MAX_FILE).expect("memory") * 2];
    let answer = upload(&browser, "attach", &[("name", "The film <b>")], "film.mp4", &large);
    assert_eq!(answer.status, 422);
    for told in ["does not travel with a case", "film.mp4", "The film &#60;b&#62;"] {
        assert!(answer.text().contains(told), "{told}: {}", answer.text());
    }
    let waiting = fs::read_dir(browser.served.home().join("uploads")).map_or(0, Iterator::count);
    assert_eq!((waiting, browser.acts().len()), (0, count), "nothing was kept or signed");
    // With the tick, what proves it goes on record, and not one byte is sent again.
    let (_, rest) = answer.text().split_once("name=\"file\" value=\"").expect("what it is found by");
    let token = rest.split('"').next().expect("its end");
    let acts = browser.sign("attach", &[("file", token), ("file.name", "film.mp4"), ("only", "1")]);
    assert!(matches!(&acts[..], [Act::Attach { sha256, .. }] if *sha256 == FileRef::of(&large).sha256), "{acts:?}");
}
