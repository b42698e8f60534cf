//! Too late, too much, from elsewhere: a clear answer, nothing lost, nothing done.

use std::{
    fs,
    io::{BufReader, Read as _, Write as _},
};

use counterpart_node::now;
use counterpart_web::link_to_running;

use crate::{
    client::{connect, read_head},
    served::{Served, path_of},
    two::Two,
};

fn entries(served: &Served, two: counterpart_core::id::CaseId) -> usize {
    served.desk().record(&two).expect("the case").graph().len()
}

#[test]
fn a_link_that_is_too_old_is_told_and_another_one_works() {
    let served = Served::settled();
    let ago =
        |minutes: i64| link_to_running(served.home(), now() - minutes * 60_000).expect("readable").expect("it runs");
    let old = ago(11);
    let answer = served.client().get(path_of(&old), &[]);
    assert_eq!((answer.status, answer.header("set-cookie")), (403, None));
    let text = answer.text();
    assert!(text.contains("too old") || text.contains("ten minutes") || text.contains("10 minutes"), "{text}");
    assert!(text.contains("counterpart web"), "says how to come by another");
    assert_eq!(served.client().get(path_of(&old), &[]).status, 403, "nor at a second try");
    assert_eq!(served.client().get(path_of(&ago(9)), &[]).status, 303, "one that is not that old");
}

#[test]
fn a_note_of_ten_mebibytes_comes_back_and_nothing_is_signed() {
    let two = Two::new();
    let (case, path) = (two.case, two.path());
    let served = two.serve();
    let cookie = served.let_in();
    let secret = served.form_secret(&cookie, "/settings");
    let before = entries(&served, case);
    let long = "it stopped again and the floor is wet <b> ".repeat((10 << 20) / 41);
    let typed = long.replace('<', "%3C").replace('>', "%3E").replace(' ', "+");
    let answer =
        served.client().post(&format!("{path}/do/note"), &cookie, format!("form={secret}&text={typed}").as_bytes());
    assert_eq!(answer.status, 422);
    let text = answer.text();
    assert!(text.contains("id=\"errors\"") && text.contains("href=\"#text\""), "it says where and what");
    let escaped = long.replace('<', "&#60;").replace('>', "&#62;");
    assert!(text.contains(escaped.trim_end()), "every letter is in the field");
    assert_eq!(entries(&served, case), before);
    // It is kept while it is written, just so: a draft may be as long as a form.
    let kept =
        served.client().post("/keep", &cookie, format!("form={secret}&keep={path}/do/note&text={typed}").as_bytes());
    assert_eq!(kept.status, 204);
    assert!(
        served.client().get(&format!("{path}/do/note"), &[("Cookie", &cookie)]).text().contains(escaped.trim_end())
    );
}

/// Sent piece by piece, as a browser does; half a gibibyte lies nowhere.
#[test]
fn half_a_gibibyte_to_attach_is_told_and_nothing_is_lost() {
    const MIB: usize = 500;
    if std::env::var_os("COUNTERPART_LONG").is_none() {
        drop(writeln!(std::io::stderr(), "skipped: tried with COUNTERPART_LONG=1 alone"));
        return;
    }
    let two = Two::new();
    let (case, path) = (two.case, two.path());
    let served = two.serve();
    let cookie = served.let_in();
    let secret = served.form_secret(&cookie, "/settings");
    let before = entries(&served, case);
    let head = format!(
        "--x\r\nContent-Disposition: form-data; name=\"form\"\r\n\r\n{secret}\r\n\
         --x\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\nThe film <b>\r\n\
         --x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"film.mp4\"\r\n\r\n"
    );
    let tail = "\r\n--x--\r\n";
    let (host, length) = (served.host(), head.len() + tail.len() + (MIB << 20));
    let mut stream = BufReader::new(connect(served.address));
    write!(
        stream.get_mut(),
        "POST {path}/do/attach HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\nCookie: {cookie}\r\n\
         Content-Length: {length}\r\nContent-Type: multipart/form-data; boundary=x\r\n\r\n{head}"
    )
    .expect("sent");
    let part = vec![7; 1 << 20];
    let uploads = || fs::read_dir(served.home().join("uploads")).map_or(0, Iterator::count);
    for _ in 0..MIB {
        stream.get_mut().write_all(&part).expect("taken");
    }
    stream.get_mut().write_all(tail.as_bytes()).expect("taken");
    let (status, headers) = read_head(&mut stream).expect("an answer");
    let length: usize =
        headers.iter().find(|(name, _)| name == "content-length").expect("a length").1.parse().expect("it");
    let mut body = vec![0; length];
    stream.read_exact(&mut body).expect("all of it");
    let text = String::from_utf8(body).expect("UTF-8");
    assert_eq!(status, 422);
    for told in ["524 MB", "268 MB", "film.mp4", "The film &#60;b&#62;"] {
        assert!(text.contains(told), "{told}: {text}");
    }
    assert_eq!((uploads(), entries(&served, case)), (0, before), "nothing was kept or signed");
}

#[test]
fn another_sites_form_does_nothing_even_in_a_browser_that_is_let_in() {
    let two = Two::new();
    let (case, path) = (two.case, two.path());
    let served = two.serve();
    let cookie = served.let_in();
    let secret = served.form_secret(&cookie, "/settings");
    let before = entries(&served, case);
    // Even one that somehow knew the field.
    let body = format!("form={secret}&text=x");
    for (origin, site) in
        [("http://example.org", "cross-site"), ("null", "cross-site"), ("http://127.0.0.1:9", "same-site")]
    {
        let headers = [
            ("Cookie", cookie.as_str()),
            ("Origin", origin),
            ("Sec-Fetch-Site", site),
            ("Sec-Fetch-Mode", "navigate"),
            ("Content-Type", "application/x-www-form-urlencoded"),
        ];
        let answer = served.client().ask("POST", &format!("{path}/do/note"), &headers, body.as_bytes());
        assert_eq!(answer.status, 403, "{origin}");
        assert!(answer.text().contains("did not come from these pages"), "{}", answer.text());
    }
    assert_eq!(entries(&served, case), before);
}

/// A form says of itself what it is kept under, what it is about and of which kind it is: in errors, links and attributes of
/// the page that comes back nothing is hidden, but in the fields themselves, which are sent again as they were.
#[test]
fn what_is_hidden_in_what_a_form_says_of_itself_is_in_no_word_of_the_page_that_comes_back() {
    let two = Two::new();
    let path = two.path();
    let served = two.serve();
    let cookie = served.let_in();
    let secret = served.form_secret(&cookie, "/settings");
    let hidden = "%E2%80%AE%1B%EF%BB%BFx";
    for (to, said) in [
        (format!("{path}/do/note"), format!("keep={hidden}")),
        (format!("{path}/do/note"), format!("keep=/{hidden}")),
        (format!("{path}/do/propose"), format!("keep=//{hidden}")),
        (format!("{path}/do/counter"), format!("about={hidden}&parts=1")),
        (format!("{path}/steps"), format!("do=taken&step={hidden}&on={hidden}&entry={hidden}")),
        ("/notebook/add".to_owned(), format!("kind={hidden}&whom={hidden}")),
    ] {
        let answer = served.client().post(&to, &cookie, format!("form={secret}&{said}").as_bytes());
        let text = answer.text();
        let mut outside = text.split("value=\"").map(|part| part.split_once('"').map_or(part, |(_, rest)| rest));
        let seen = outside.find(|part| part.contains(['\u{202e}', '\u{1b}', '\u{feff}']));
        assert!(text.contains("</html>") && seen.is_none(), "{to} with {said}: {seen:?}");
    }
}
