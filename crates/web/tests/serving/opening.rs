//! Coming in by a link, and going out.

use counterpart_node::now;
use counterpart_web::{Options, ServeError, Server, link_to_running};

use crate::served::{Served, cookie, path_of};

#[test]
fn a_link_lets_one_browser_in_and_leaves_the_address_bar() {
    let served = Served::empty();
    let link = path_of(&served.link).to_owned();
    // What only looks uses nothing up.
    assert_eq!(served.client().ask("HEAD", &link, &[], b"").status, 403);
    assert_eq!(served.client().get(&link, &[("Sec-Purpose", "prefetch")]).status, 403);
    assert_eq!(served.client().get(&link, &[("Host", "example.org")]).status, 421);
    assert_eq!(served.client().get("/open?token=AAAA", &[]).status, 403);
    assert_eq!(served.client().get("/open", &[]).status, 403);

    let answer = served.client().get(&link, &[("Sec-Fetch-Site", "none"), ("Sec-Fetch-Mode", "navigate")]);
    assert_eq!((answer.status, answer.header("location")), (303, Some("/")));
    let set = answer.header("set-cookie").expect("a cookie").to_owned();
    let name = format!("counterpart-{}=", served.address.port());
    assert!(set.starts_with(&name), "{set}");
    for wanted in ["Path=/", "HttpOnly", "SameSite=Strict"] {
        assert!(set.split("; ").any(|part| part == wanted), "{set}");
    }
    let token = link.split_once('=').expect("a token").1;
    assert!(!set.contains(token), "the link's secret is another");

    let second = served.client().get(&link, &[]);
    assert_eq!((second.status, second.header("set-cookie")), (403, None));
    assert!(second.text().contains("counterpart web"), "says what to do");
    let again = served.client().get(&link, &[("Cookie", &cookie(&answer))]);
    assert_eq!((again.status, again.header("set-cookie")), (303, None), "the browser that used it loads it again");
}

/// A browser keeps a strict cookie back until a page of ours leads on.
#[test]
fn a_link_on_somebody_elses_page_works_too() {
    let served = Served::empty();
    let headers = [("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "navigate")];
    let answer = served.client().get(path_of(&served.link), &headers);
    assert_eq!(answer.status, 200);
    assert!(
        answer.text().contains("http-equiv=\"refresh\" content=\"0; url=/\"") && answer.text().contains("href=\"/\"")
    );
    assert_eq!(served.client().get("/welcome", &[("Cookie", &cookie(&answer))]).status, 200);
}

#[test]
fn a_second_command_gives_a_link_to_the_first() {
    let mut served = Served::empty();
    let link = link_to_running(served.home(), now()).expect("readable").expect("it runs");
    assert!(link.starts_with(&format!("http://{}/open?token=", served.address)) && link != served.link);
    assert_eq!(served.client().get(path_of(&link), &[]).status, 303);
    assert_eq!(served.client().get(path_of(&served.link), &[]).status, 303, "the first link still works");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let second = runtime.block_on(Server::bind(served.home(), Options::default()));
    assert!(matches!(second, Err(ServeError::Running)));
    served.stop();
    assert!(link_to_running(served.home(), now()).expect("readable").is_none());
    assert!(!served.home().join("web").exists(), "nothing is left");
}

#[test]
fn a_browser_that_leaves_is_out() {
    let served = Served::settled();
    let (stays, leaves) = (served.let_in(), served.let_in());
    let secret = served.form_secret(&leaves, "/settings");
    let answer = served.client().post("/leave", &leaves, format!("form={secret}").as_bytes());
    assert_eq!(answer.status, 200);
    assert_eq!(served.client().get("/settings", &[("Cookie", &leaves)]).status, 403);
    assert_eq!(served.client().get("/settings", &[("Cookie", &stays)]).status, 200);
    // One browser's forms are no use to another.
    let answer = served.client().post("/leave", &stays, format!("form={secret}").as_bytes());
    assert_eq!(answer.status, 403);
}

#[cfg(unix)]
#[test]
fn links_lie_where_only_their_owner_reads() {
    use std::os::unix::fs::PermissionsExt as _;
    let served = Served::empty();
    let folder = served.home().join("web");
    let mode = |path: &std::path::Path| std::fs::metadata(path).expect("it is there").permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    let token = served.link.split_once('=').expect("a token").1;
    for entry in std::fs::read_dir(&folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
        assert!(!path.display().to_string().contains(token));
        assert!(!std::fs::read_to_string(&path).expect("text").contains(token), "the secret itself is nowhere");
    }
}
