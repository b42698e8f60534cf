//! `counterpart webhook`

use serde_json::Value;

use crate::{
    home::Home,
    receiver::{Answer, Receiver},
};

#[test]
fn a_receiver_is_added_tried_told_switched_on_and_forgotten() {
    let receiver = Receiver::start();
    let (home, _) = Home::with_case();
    let (secret, talk) = home.said(&["webhook", "add", "helpdesk", &receiver.url(), "--allow-private"]);
    assert!(secret.starts_with("whsec_"), "{secret}");
    assert!(talk.contains("not shown again") && !talk.contains("whsec_"), "{talk}");

    let (_, talk) = home.said(&["webhook", "test", "helpdesk"]);
    assert!(talk.contains("204"), "{talk}");
    let heard = receiver.wait_for(1);
    let told: Value = serde_json::from_str(&heard[0].body).expect("JSON");
    assert_eq!((&told["type"], &told["data"]["webhook"]), (&"counterpart.test".into(), &"helpdesk".into()));
    assert!(heard[0].header("webhook-id").starts_with("msg_"));

    home.ok(&["note", ".", "said later", "-y"]);
    let up = home.up();
    let heard = receiver.wait_for(1);
    let told: Value = serde_json::from_str(&heard[1].body).expect("JSON");
    assert_eq!((&told["type"], &told["data"]["act"]), (&"act.signed".into(), &"note".into()));
    assert!(heard.iter().all(|heard| heard.taken), "each was taken at once");
    drop(up);

    let listed = home.run(&["webhook", "list"]);
    let shown = String::from_utf8_lossy(&listed.stdout).into_owned();
    assert!(shown.contains("helpdesk") && shown.contains(&receiver.url()) && shown.contains("act.received"), "{shown}");
    let json = home.json(&["webhook", "list"]);
    assert_eq!((&json["schema"], &json["newest_change"]), (&"counterpart/webhooks/1".into(), &2.into()));
    assert_eq!(json["webhooks"][0]["standing"], "on");
    let on = home.json(&["webhook", "on", "helpdesk"]);
    for said in [shown, json.to_string(), on.to_string(), home.json(&["webhook", "test", "helpdesk"]).to_string()] {
        assert!(!said.contains("whsec_") && !said.contains(secret.trim_start_matches("whsec_")), "{said}");
    }

    receiver.answers(Answer::HangsUp);
    home.fails(5, &["webhook", "test", "helpdesk"]);
    let (_, talk) = home.said(&["webhook", "end", "helpdesk"]);
    assert!(talk.contains("nothing more"), "{talk}");
    home.fails(2, &["webhook", "end", "helpdesk"]);
    home.fails(2, &["webhook", "on", "helpdesk"]);
    assert_eq!(home.json(&["webhook", "list"])["webhooks"], Value::Array(Vec::new()));
}

#[test]
fn what_should_not_be_called_is_refused_in_words() {
    let home = Home::new();
    for (url, word) in [
        ("https://127.0.0.1:1/", "--allow-private"),
        ("https://[::ffff:10.0.0.1]/", "--allow-private"),
        ("https://localhost/hook", "--allow-private"),
        ("http://hooks.example/", "https://"),
        ("hooks.example", "https://"),
        ("https://me:secret@hooks.example/", "signature"),
    ] {
        let said = home.fails(2, &["webhook", "add", "helpdesk", url]);
        assert!(said.contains(word), "{said}");
    }
    home.fails(2, &["webhook", "add", "Help Desk", "https://hooks.example/"]);
    let said = home.fails(2, &["webhook", "add", "helpdesk", "https://hooks.example/", "--kind", "act.read"]);
    assert!(said.contains("act.received"), "{said}");
    home.fails(2, &["webhook", "add", "helpdesk", "https://hooks.example/", "--after", "7"]);
    let added = home.json(&["webhook", "add", "helpdesk", "https://hooks.example/", "--kind", "act.received"]);
    assert_eq!(added["kinds"], serde_json::json!(["act.received"]));
    assert!(added["secret"].as_str().is_some_and(|secret| secret.starts_with("whsec_")));
    home.fails(2, &["webhook", "add", "helpdesk", "https://hooks.example/"]);
}

#[test]
fn a_seat_has_no_say_over_receivers() {
    let home = Home::new();
    home.ok(&["seat", "add", "priya", "--only", "note", "-y"]);
    home.ok(&["webhook", "add", "helpdesk", "https://hooks.example/"]);
    for args in [
        &["add", "other", "https://other.example/"][..],
        &["end", "helpdesk"],
        &["on", "helpdesk"],
        &["test", "helpdesk"],
    ] {
        let said = home.fails(2, &[&["--as-seat", "priya", "webhook"], args].concat());
        assert!(said.contains("not done from an agent's seat"), "{args:?}: {said}");
    }
    let listed = home.json(&["--as-seat", "priya", "webhook", "list"]);
    assert_eq!(listed["webhooks"].as_array().map(Vec::len), Some(1));
    assert_eq!(listed["webhooks"][0]["name"], "helpdesk");
}
