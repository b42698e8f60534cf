//! The Python of docs/webhooks.md, as it stands there, on messages as they are sent.

use std::{
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
};

use serde_json::json;

use crate::{Stage, receiver::Receiver};

/// The first block of Python in the page.
fn example() -> String {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/webhooks.md");
    let text = std::fs::read_to_string(page).expect("the page");
    let (_, rest) = text.split_once("```python\n").expect("a block of Python");
    rest.split_once("```").expect("its end").0.to_owned()
}

/// Calls `verify` of the example for each case given, and prints what it says.
const ASKED: &str = r#"
import json, sys
for asked in json.load(sys.stdin):
    try:
        message = verify(asked["secret"], asked["headers"], asked["body"].encode(), now=asked["now"])
        print("yes", message["type"])
    except ValueError as why:
        print("no", why)
"#;

#[test]
fn the_example_takes_what_is_ours_and_nothing_else() {
    if Command::new("python3").arg("--version").output().is_err() {
        assert!(std::env::var_os("COUNTERPART_TEST_ALL").is_none(), "this test needs Python 3");
        return;
    }
    let stage = Stage::new();
    let receiver = Receiver::start();
    let secret = stage.hook("helpdesk", &receiver);
    stage.case("Case");
    stage.tell();
    let heard = receiver.heard().remove(0);
    let sent = stage.now / 1000;
    let asked = |secret: &str, id: &str, signature: &str, body: &str, now: i64| {
        let headers = json!({
            "webhook-id": id,
            "webhook-timestamp": heard.header("webhook-timestamp"),
            "webhook-signature": signature,
        });
        json!({ "secret": secret, "headers": headers, "body": body, "now": now })
    };
    let (id, signature, body) = (heard.id(), heard.header("webhook-signature"), heard.body.as_str());
    let other = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    let both = format!("v1a,AAAA v1,AAAA {signature}");
    let cases = [
        (asked(&secret, id, signature, body, sent), true),
        (asked(&secret, id, &both, body, sent + 299), true),
        (asked(&secret, id, signature, body, sent + 301), false),
        (asked(&secret, id, signature, body, sent - 301), false),
        (asked(&secret, id, signature, &body.replace("signed", "forged"), sent), false),
        (asked(&secret, "msg_other", signature, body, sent), false),
        (asked(other, id, signature, body, sent), false),
        (asked(&secret, id, "", body, sent), false),
        (asked(&secret, id, "v1,", body, sent), false),
    ];
    let mut python = Command::new("python3");
    let python = python.args(["-c", &format!("{}\n{ASKED}", example())]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut python = python.stderr(Stdio::piped()).spawn().expect("Python starts");
    let input = serde_json::to_vec(&cases.iter().map(|(asked, _)| asked).collect::<Vec<_>>()).expect("JSON");
    python.stdin.take().expect("its input").write_all(&input).expect("written");
    let output = python.wait_with_output().expect("it ends");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    let said: Vec<bool> = said.lines().map(|line| line == "yes act.signed").collect();
    assert_eq!(said, cases.map(|(_, good)| good));
}
