//! The machines that act for somebody, and their settings.

use std::{collections::BTreeSet, fs};

use counterpart_core::{
    act::{Act, Role},
    keylog::Kinds,
};
use counterpart_node::{is_backup_encrypted, now};

use crate::{
    client::Answer,
    served::Served,
    start::{Browser, location, open_case, settled, words},
};

#[test]
fn a_further_machine_asks_is_let_in_and_is_ended() {
    let (ann, laptop) = (settled("Ann"), Served::empty());
    let (a, l) = (Browser::at(&ann), Browser::at(&laptop));
    let ask = l.get("/agents");
    assert_eq!(ask.status, 200);
    let party = ann.desk().party();
    let wrong = l.send(&ask, "/agents/ask", &[("name", "Laptop"), ("party", "K7F2-Q9XA-3")]);
    assert!(wrong.status == 422 && wrong.text().contains("value=\"K7F2-Q9XA-3\""));
    let asked = l.send(&ask, "/agents/ask", &[("name", "Laptop"), ("party", &party.to_hex())]);
    assert_eq!(asked.status, 200, "{}", words(asked.text()));
    let line = |page: &Answer, begin: &str| {
        let (_, after) = page.text().split_once(begin).expect("a line");
        format!("{begin}{}", after.split('<').next().expect("its end"))
    };
    let request = line(&asked, "counterpart:agent-request#");
    assert_eq!(location(&l.get("/")), "/welcome");
    assert_eq!(location(&l.get("/welcome")), "/agents", "it waits for the answer");

    let agents = a.get("/agents");
    let led = a.get(&format!("/agents?request={request}&name=Helper&admin=1").replace('#', "%23"));
    assert!(!led.text().contains("Helper") && !led.text().contains("value=\"1\" checked"), "a link fills nothing in");
    for (fields, field) in [
        (vec![("request", "nonsense"), ("what", "all")], "request"),
        (vec![("request", &*request), ("what", "only")], "kind"),
        (vec![("request", &*request), ("what", "all"), ("ceiling", "many")], "ceiling"),
    ] {
        let answer = a.post("/agents/add", &fields);
        assert_eq!(answer.status, 422, "{fields:?}");
        assert!(answer.text().contains(&format!("href=\"#{field}\"")), "{field}: {}", words(answer.text()));
    }
    let fields = [("request", &*request), ("what", "only"), ("kind", "note"), ("kind", "accept"), ("ceiling", "£200")];
    let review = a.post("/agents/add", &fields);
    let shown = words(review.text());
    assert!(
        shown.contains("only note, accept") && shown.contains("£200 at stake") && shown.contains("Laptop"),
        "{shown}"
    );
    assert_eq!(
        agents.text().matches("class=\"card\"").count(),
        a.get("/agents").text().matches("class=\"card\"").count()
    );
    let done = a.send(&review, "/agents/add", &[("yes", "add")]);
    assert_eq!(location(&done), "/agents?granted=1");
    let grant = line(&a.get("/agents?granted=1"), "counterpart:agent-grant#");
    let taken = l.post_on("/agents", "/agents/take", &[("grant", &grant)]);
    assert_eq!(location(&taken), "/agents");
    assert_eq!(laptop.desk().party(), party);
    let rights =
        laptop.desk().agents().expect("readable").into_iter().find(|agent| agent.here).expect("this one").rights;
    assert_eq!(rights.kinds, Kinds::Listed(vec!["note".to_owned(), "accept".to_owned()]));

    // A case for it.
    let case = open_case(&ann.desk(), &[(Role::Supplier, "Northlink Ltd")]);
    let page = a.get(&format!("/agents?case={}", case.to_hex()));
    let address = line(&page, "counterpart:case#");
    let followed = l.post("/agents/follow", &[("address", &address)]);
    assert_eq!(location(&followed), format!("/agents?followed={}", case.to_hex()));
    assert!(words(l.get(location(&followed)).text()).contains("It is being fetched"));
    assert_eq!(l.post("/agents/follow", &[("address", "elsewhere")]).status, 422);

    // Its limits in that case.
    let path = format!("/case/{}/do/mandate", case.to_hex());
    let form = a.get(&path);
    let agent = ann.desk().agents().expect("readable").into_iter().find(|agent| !agent.here).expect("the laptop");
    let device = agent.device.to_hex();
    let past = a.send(&form, &path, &[("agent", &device), ("what", "all"), ("until", "2020-01-01 10:00")]);
    assert!(past.status == 422 && past.text().contains("value=\"2020-01-01 10:00\""), "{}", words(past.text()));
    let fields = [
        ("agent", &*device),
        ("what", "only"),
        ("kind", "note"),
        ("ceiling", "50 GBP"),
        ("until", "in 10 days"),
        ("who", "open"),
    ];
    let review = a.send(&form, &path, &fields);
    assert_eq!(review.status, 200, "{}", words(review.text()));
    assert_eq!(a.send(&review, &path, &[]).status, 303);
    let record = ann.desk().record(&case).expect("there");
    let graph = record.graph();
    let mandates =
        graph.all().filter(|ix| matches!(record.fold().act(*ix), Act::Mandate(m) if m.kinds == ["note"] && m.open));
    assert_eq!(mandates.count(), 1);

    // The end.
    assert_eq!(a.post("/agents/end", &[("device", &device)]).status, 422, "a reason is needed");
    let review = a.post("/agents/end", &[("device", &device), ("reason", "compromised")]);
    assert!(words(review.text()).contains("You end the rights of Laptop"), "{}", words(review.text()));
    assert_eq!(location(&a.send(&review, "/agents/end", &[("yes", "end")])), "/agents");
    let ended = ann.desk().agents().expect("readable").into_iter().find(|agent| !agent.here).expect("the laptop");
    assert!(ended.revoked.is_some());
    assert!(words(a.get("/agents").text()).contains("its key is in wrong hands"));
}

#[test]
fn settings_are_kept() {
    let served = settled("Ann");
    let browser = Browser::at(&served);
    let answer = browser.post("/settings/name", &[("name", "Ann <i>\u{202E}")]);
    assert_eq!(answer.status, 422);
    assert_eq!(location(&browser.post("/settings/name", &[("name", "Ann Other")])), "/settings?done=name");
    assert_eq!(served.desk().own_name().expect("readable").as_deref(), Some("Ann Other"));
    let side = |role: &str| format!("value=\"{role}\" checked");
    assert!(browser.get("/new").text().contains(&side("customer")), "nothing was said of it");
    served.desk().keep_own_role(Role::Supplier, now()).expect("kept");
    let new = browser.get("/new");
    assert!(new.text().contains(&side("supplier")) && !new.text().contains(&side("customer")), "{}", new.text());
    let unknown = browser.post("/settings/language", &[("language", "tlh")]);
    assert!(unknown.status == 303 && unknown.header("set-cookie").is_none());
    let english = browser.post("/settings/language", &[("language", "en")]);
    let cookie = english.header("set-cookie").expect("kept").to_owned();
    assert!(cookie.contains("-language=en; Path=/; HttpOnly; SameSite=Strict"), "{cookie}");
    let both = format!("{}; {}", browser.cookie, cookie.split(';').next().expect("a value"));
    assert_eq!(served.client().get("/settings", &[("Cookie", &both)]).status, 200);

    for (fields, wrong) in [
        (vec![("service", "ftp://example.org"), ("root", "x")], "service"),
        (vec![("service", "https://example.org/tsa"), ("root", "")], "root"),
        (vec![("service", "https://example.org/tsa"), ("root", "<b>")], "root"),
    ] {
        let answer = browser.post("/settings/stamps", &fields);
        assert_eq!(answer.status, 422, "{fields:?}");
        assert!(answer.text().contains(&format!("href=\"#{wrong}\"")), "{}", words(answer.text()));
    }
    assert!(served.desk().stamp_settings().expect("readable").is_none());
}

#[test]
fn the_recovery_sheet_is_shown_and_deleted() {
    let served = settled("Ann");
    let browser = Browser::at(&served);
    let (_, text) = served.desk().sheet_here().expect("it lies here");
    let page = browser.get("/settings/sheet");
    assert_eq!(page.header("cache-control"), Some("no-store"));
    let shown = words(page.text());
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(shown.contains(&line), "{line}");
    }
    assert_eq!(browser.send(&page, "/settings/sheet/delete", &[]).status, 422, "it is not said to be on paper");
    assert!(served.desk().sheet_here().is_ok());
    let gone = browser.send(&page, "/settings/sheet/delete", &[("printed", "1")]);
    assert_eq!(location(&gone), "/settings?done=sheet");
    assert!(served.desk().sheet_here().is_err());
    assert!(words(browser.get("/settings/sheet").text()).contains("No recovery sheet lies here"));
}

#[test]
fn a_backup_is_taken_away() {
    let served = settled("Ann");
    let browser = Browser::at(&served);
    open_case(&served.desk(), &[(Role::Supplier, "Northlink Ltd")]);
    let words_of = "correct horse battery staple";
    for fields in [
        [("passphrase", ""), ("passphrase-again", "")],
        [("passphrase", "short"), ("passphrase-again", "short")],
        [("passphrase", words_of), ("passphrase-again", "another one altogether")],
    ] {
        let answer = browser.post("/settings/backup", &fields);
        assert_eq!(answer.status, 422);
        assert!(!answer.text().contains(words_of), "a secret is not given back");
    }
    let answer = browser.post("/settings/backup", &[("passphrase", words_of), ("passphrase-again", words_of)]);
    assert_eq!(answer.status, 200);
    let name = answer.header("content-disposition").expect("a file");
    assert!(name.starts_with("attachment; filename=\"counterpart-20") && name.ends_with(".backup\""), "{name}");
    let file = served.home().join("taken");
    fs::write(&file, &answer.body).expect("written");
    assert!(is_backup_encrypted(&file).expect("a backup"));
    let left: BTreeSet<_> = fs::read_dir(served.home().join("web"))
        .expect("there")
        .filter_map(Result::ok)
        .collect::<Vec<_>>()
        .iter()
        .map(|e| e.file_name())
        .collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().starts_with(".tmp")), "{left:?}");
}
