//! Host × origin × method × token: of all that could be asked, only what a browser that was let in asks from a page of
//! ours, or by hand, is answered.

use std::io::Write as _;

use crate::{served::Served, two::Two};

/// What browsers say of where a request comes from: `Sec-Fetch-Site` and `Sec-Fetch-Mode`.
const SITES: [(&str, &str); 6] = [
    ("-", "-"),
    ("none", "navigate"),
    ("same-origin", "cors"),
    ("same-site", "no-cors"),
    ("cross-site", "cors"),
    ("cross-site", "navigate"),
];

const METHODS: [&str; 8] = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "BREW"];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token {
    None,
    Wrong,
    Right,
}

#[test]
fn only_the_right_class_passes() {
    let served = Served::empty();
    let port = served.address.port();
    let cookie = served.let_in();
    let secret = served.form_secret(&cookie, "/welcome");
    let wrong_cookie =
        format!("{}=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", cookie.split('=').next().expect("a name"));
    let good = [
        format!("127.0.0.1:{port}"),
        format!("localhost:{port}"),
        format!("[::1]:{port}"),
        format!("LOCALHOST:{port}"),
    ];
    let bad = [
        "-".to_owned(),
        "127.0.0.1".to_owned(),
        format!("127.0.0.1:{}", port ^ 1),
        format!("127.0.0.1:{port}.example.org"),
        "example.org".to_owned(),
        format!("example.org:{port}"),
        format!("127.0.0.1.example.org:{port}"),
        format!("0.0.0.0:{port}"),
        format!("user@127.0.0.1:{port}"),
    ];
    let mut client = served.client();
    let (mut asked, mut passed) = (0, 0);
    for host in good.iter().chain(&bad) {
        let named = host.to_ascii_lowercase();
        let origins = [
            "-".to_owned(),
            format!("http://{named}"),
            format!("https://{named}"),
            format!("http://127.0.0.1:{}", port ^ 1),
            "http://example.org".to_owned(),
            "null".to_owned(),
        ];
        for origin in &origins {
            for (site, mode) in SITES {
                for method in METHODS {
                    for token in [Token::None, Token::Wrong, Token::Right] {
                        for form in [Token::None, Token::Wrong, Token::Right] {
                            if method != "POST" && form != Token::None {
                                continue;
                            }
                            let sent_cookie = match token {
                                Token::None => "-",
                                Token::Wrong => &wrong_cookie,
                                Token::Right => &cookie,
                            };
                            // Without a name, so that nothing is made; a refusal for that is an answer.
                            let body = match form {
                                Token::None => "name=".to_owned(),
                                Token::Wrong => "form=AAAA&name=".to_owned(),
                                Token::Right => format!("form={secret}&name="),
                            };
                            let headers = [
                                ("Host", host.as_str()),
                                ("Origin", origin),
                                ("Sec-Fetch-Site", site),
                                ("Sec-Fetch-Mode", mode),
                                ("Cookie", sent_cookie),
                                ("Content-Type", "application/x-www-form-urlencoded"),
                            ];
                            let body = if method == "POST" { body.as_bytes() } else { b"" };
                            let answer = client.ask(method, "/welcome", &headers, body);
                            let own = *origin == origins[1];
                            let from_here = match method {
                                "GET" | "HEAD" => {
                                    (own || origin == "-")
                                        && (matches!(site, "-" | "none" | "same-origin") || mode == "navigate")
                                }
                                "POST" => {
                                    form == Token::Right
                                        && match site {
                                            "-" | "none" => own,
                                            "same-origin" => own || origin == "-",
                                            _ => false,
                                        }
                                }
                                _ => false,
                            };
                            let right = good.contains(host) && token == Token::Right && from_here;
                            let expected: &[u16] = match method {
                                _ if !right => &[400, 403, 405, 421],
                                "POST" => &[422],
                                _ => &[200],
                            };
                            let status = answer.status;
                            assert!(expected.contains(&status), "{status} to {method} {headers:?} {form:?}");
                            for (name, _) in &answer.headers {
                                assert!(!name.starts_with("access-control"), "{name} to {method} {headers:?}");
                            }
                            asked += 1;
                            passed += u32::from(right);
                        }
                    }
                }
            }
        }
    }
    assert!(passed > 0 && passed < asked / 50, "{passed} of {asked}");
    assert!(!served.home().join("keys").exists(), "nothing was made");
}

#[test]
fn a_second_host_or_origin_helps_nobody() {
    let served = Served::empty();
    let cookie = served.let_in();
    let own = served.host();
    let origin = format!("http://{own}");
    for headers in [
        vec![("Host", own.as_str()), ("Host", "example.org")],
        vec![("Host", "example.org"), ("Host", own.as_str())],
        vec![("Origin", origin.as_str()), ("Origin", "http://example.org")],
        vec![("Sec-Fetch-Site", "same-origin"), ("Sec-Fetch-Site", "cross-site")],
    ] {
        let headers: Vec<_> = headers.into_iter().chain([("Cookie", cookie.as_str())]).collect();
        let answer = served.client().get("/welcome", &headers);
        assert!(matches!(answer.status, 400 | 403 | 421), "{} to {headers:?}", answer.status);
    }
    // The request line may name a host too.
    let answer = served.client().get("http://example.org/welcome", &[("Cookie", &cookie)]);
    assert_eq!(answer.status, 421);
    // Two cookies of one name: one of them was put there by somebody else.
    let both = format!("{cookie}; {}=x", cookie.split('=').next().expect("a name"));
    assert_eq!(served.client().get("/welcome", &[("Cookie", &both)]).status, 403);
}

#[test]
fn every_page_and_every_form_asks_who_it_is() {
    let served = Served::settled();
    let cookie = served.let_in();
    let secret = served.form_secret(&cookie, "/settings");
    for page in counterpart_web::GETS {
        assert_eq!(served.client().get(page, &[]).status, 403, "{page} without a cookie");
        if *page != "/live" {
            let status = served.client().get(page, &[("Cookie", &cookie)]).status;
            assert!(matches!(status, 200 | 303), "{status} to {page}");
        }
    }
    let origin = format!("http://{}", served.host());
    let url = "application/x-www-form-urlencoded";
    let parts = "multipart/form-data; boundary=x";
    let file = |secret: &str| {
        format!(
            "--x\r\nContent-Disposition: form-data; name=\"form\"\r\n\r\n{secret}\r\n--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\nabc\r\n--x--\r\n"
        )
    };
    for page in counterpart_web::POSTS {
        for kind in [url, parts, "text/plain", "application/json"] {
            let body = |secret: &str| if kind == parts { file(secret) } else { format!("form={secret}") };
            let ask = |cookie: &str, origin: &str, body: &str| {
                let headers = [("Cookie", cookie), ("Origin", origin), ("Content-Type", kind)];
                served.client().ask("POST", page, &headers, body.as_bytes()).status
            };
            for (cookie, origin, body) in [
                ("-", origin.as_str(), body(&secret)),
                (&cookie, "http://example.org", body(&secret)),
                (&cookie, "-", body(&secret)),
                (&cookie, &origin, body("")),
                (&cookie, &origin, body("AAAA")),
                (&cookie, &origin, String::new()),
            ] {
                let status = ask(cookie, origin, &body);
                assert!(matches!(status, 400 | 403 | 408 | 415), "{status} to {page} {kind} {cookie} {origin} {body}");
            }
        }
    }
    assert_eq!(served.client().get("/settings", &[("Cookie", &cookie)]).status, 200, "still let in");
}

/// Every route that the source names, with something that is there in place of each part that varies; and whether it can
/// be looked at and sent to.
fn routes(case: &str) -> Vec<(String, bool, bool)> {
    let source = include_str!("../../src/pages.rs");
    let written = source.split(".route(\"").skip(1).filter_map(|rest| rest.split_once("\", "));
    let all = written.map(|(path, rest)| {
        let methods = rest.split(['\n', ';']).next().unwrap_or_default();
        let mut path = path.to_owned();
        for (part, with) in [
            ("{id}", case),
            ("{reference}", "5"),
            ("{n}", "1"),
            ("{kind}", "note"),
            ("{template}", "repair-visit"),
            ("{letter}", "x"),
            ("{key}", "x"),
            ("{name}", "nothing"),
        ] {
            path = path.replace(part, with);
        }
        assert!(!path.contains('{'), "{path}: nothing is known to stand there");
        (path, methods.contains("get("), methods.contains("post("))
    });
    all.collect()
}

/// For each route, those with a case's id too: Host × origin × method × cookie × the forms' field.
#[test]
fn each_route_lets_the_right_class_pass_and_nobody_else() {
    let mut two = Two::new();
    two.propose(1, "Mend the pipe", None);
    let case = two.case.to_hex();
    let served = two.serve();
    let cookie = served.let_in();
    let secret = served.form_secret(&cookie, "/settings");
    let (own, port) = (served.host(), served.address.port());
    let wrong = format!("{}=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", cookie.split('=').next().expect("a name"));
    let origin = format!("http://{own}");
    let entries = || served.desk().record(&two_id(&case)).expect("the case").graph().len();
    let before = entries();
    let (mut asked, mut passed, mut of_cases) = (0, 0, 0);
    let all = routes(&case);
    for listed in counterpart_web::GETS {
        assert!(all.iter().any(|(path, get, _)| *get && path == listed), "{listed} is a route");
    }
    for listed in counterpart_web::POSTS {
        assert!(all.iter().any(|(path, _, post)| *post && path == listed), "{listed} is a route");
    }
    for (path, get, post) in all {
        // What everybody may have, and what ends the others.
        if path.starts_with("/assets/") || path == "/live" || path == "/leave" {
            continue;
        }
        of_cases += u32::from(path.starts_with("/case/"));
        for host in [own.as_str(), &format!("example.org:{port}"), &format!("127.0.0.1:{}", port ^ 1)] {
            for from in ["-", origin.as_str(), "http://example.org", "null"] {
                for method in ["GET", "POST", "PUT", "DELETE"] {
                    for token in ["-", wrong.as_str(), cookie.as_str()] {
                        for field in ["", "AAAA", secret.as_str()] {
                            if method != "POST" && !field.is_empty() {
                                continue;
                            }
                            // What a form asks for is lacking, so that nothing is made.
                            let body = if method == "POST" { format!("form={field}") } else { String::new() };
                            let headers = [
                                ("Host", host),
                                ("Origin", from),
                                ("Cookie", token),
                                ("Content-Type", "application/x-www-form-urlencoded"),
                            ];
                            let right = host == own
                                && token == cookie
                                && match method {
                                    "GET" => get && (from == "-" || from == origin),
                                    "POST" => post && from == origin && field == secret,
                                    _ => false,
                                };
                            // Asked once it would be a mail, a backup, a link used up.
                            if right && (method == "POST" || path == "/open") {
                                continue;
                            }
                            let status = served.client().ask(method, &path, &headers, body.as_bytes()).status;
                            let refused = matches!(status, 400 | 403 | 405 | 415 | 421);
                            assert_eq!(right, !refused, "{status} to {method} {path} {headers:?} {body}");
                            assert!(status < 500, "{status} to {method} {path}");
                            asked += 1;
                            passed += u32::from(right);
                        }
                    }
                }
            }
        }
        if post {
            let status = served.client().post(&path, &cookie, format!("form={secret}").as_bytes()).status;
            assert!(matches!(status, 200 | 204 | 303 | 400 | 404 | 415 | 422), "{status} to {path}");
        }
    }
    assert!(of_cases > 20 && passed > 40 && passed < asked / 20, "{passed} of {asked}");
    assert_eq!(entries(), before, "nothing was signed");
    drop(writeln!(std::io::stderr(), "{asked} asked, {passed} passed, {of_cases} routes of a case"));
}

fn two_id(hex: &str) -> counterpart_core::id::CaseId {
    counterpart_core::id::CaseId::from_hex(hex).expect("an id")
}

#[test]
fn every_answer_says_what_a_browser_may_do_with_it() {
    let served = Served::settled();
    let cookie = served.let_in();
    let style = {
        let page = served.client().get("/settings", &[("Cookie", &cookie)]);
        let (_, after) = page.text().split_once("href=\"/assets/style").expect("a stylesheet");
        format!("/assets/style{}", after.split('"').next().expect("a path"))
    };
    let ask = |path: &str, headers: &[(&str, &str)]| served.client().get(path, headers);
    let answers = [
        ask("/settings", &[("Cookie", &cookie)]),
        ask("/settings", &[]),
        ask("/nowhere", &[("Cookie", &cookie)]),
        ask("/settings", &[("Host", "example.org")]),
        ask("/open?token=x", &[]),
        ask(&style, &[]),
        served.client().ask("OPTIONS", "/settings", &[("Cookie", &cookie)], b""),
    ];
    for answer in answers {
        let policy = answer.header("content-security-policy").expect("a policy");
        assert!(policy.starts_with("default-src 'none'; ") && !policy.contains("unsafe"), "{policy}");
        for wanted in
            ["script-src 'self'", "style-src 'self'", "form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'"]
        {
            assert!(policy.split("; ").any(|part| part == wanted), "{wanted} in {policy}");
        }
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(answer.header("referrer-policy"), Some("same-origin"));
        assert_eq!(answer.header("x-frame-options"), Some("DENY"));
        assert_eq!(answer.header("cross-origin-resource-policy"), Some("same-origin"));
        assert!(answer.headers.iter().all(|(name, _)| !name.starts_with("access-control")));
        if answer.header("content-type").is_some_and(|kind| kind.starts_with("text/html")) {
            let page = answer.text();
            assert!(!page.contains(" style=") && !page.contains("<style"), "inline: {page}");
            assert!(!page.contains("//"), "something from elsewhere: {page}");
        }
    }
}
