//! Tokens and webhooks, by a token that may manage.

use counterpart_node::Scope;
use serde_json::json;

use crate::served::Served;

#[test]
fn a_token_gives_no_more_than_it_has() {
    let served = Served::new();
    let manages = served.token_for("manages", &[Scope::Manage, Scope::Read]);
    let new = |body: &serde_json::Value| {
        let json = [("Content-Type", "application/json")];
        served.ask_as(&manages, "POST", "/tokens", &json, body.to_string().as_bytes())
    };
    assert_eq!(new(&json!({"name": "signs", "scopes": ["read", "sign"]})).problem(403), "scope");
    let made = new(&json!({"name": "reads", "scopes": ["read"]})).good();
    let text = made["token"].as_str().expect("its text").to_owned();
    assert_eq!(served.ask_as(&text, "GET", "/cases", &[], b"").status, 200);
    assert_eq!(new(&json!({"name": "reads", "scopes": ["read"]})).problem(409), "taken");
    assert_eq!(new(&json!({"name": "none", "scopes": []})).problem(422), "refused");
    let listed = served.get("/tokens").good().to_string();
    assert!(listed.contains("reads") && !listed.contains(&text) && !listed.contains("cpt_"), "{listed}");
    let end = || served.ask_as(&manages, "DELETE", "/tokens/reads", &[], b"");
    assert_eq!((end().status, end().problem(404)), (204, "not-found".to_owned()));
    assert_eq!(served.ask_as(&text, "GET", "/cases", &[], b"").problem(401), "bad-token");
}

#[test]
fn webhooks_are_added_and_ended_and_lead_to_no_private_place() {
    let served = Served::new();
    let new = |body: serde_json::Value| served.post("/webhooks", &body);
    let made =
        new(json!({"name": "helpdesk", "url": "https://helpdesk.example/hook", "kinds": ["act.received"]})).good();
    assert!(made["secret"].as_str().is_some_and(|secret| secret.starts_with("whsec_")));
    assert_eq!((&made["standing"], &made["allow_private"]), (&json!("on"), &json!(false)));
    let listed = served.get("/webhooks").good();
    assert_eq!(listed["webhooks"][0]["name"], "helpdesk");
    assert!(!listed.to_string().contains("whsec_"));
    assert_eq!(new(json!({"name": "helpdesk", "url": "https://helpdesk.example/"})).problem(409), "taken");
    for url in
        ["http://127.0.0.1:1/", "https://[::1]/", "ftp://helpdesk.example/", "nonsense", "https://169.254.169.254/"]
    {
        let answer = new(json!({"name": "other", "url": url}));
        assert_eq!(answer.problem(422), "refused", "{url}");
    }
    assert_eq!(
        new(json!({"name": "x", "url": "https://helpdesk.example/", "kinds": ["all"]})).problem(400),
        "malformed"
    );
    let drop = || served.ask_as(&served.token, "DELETE", "/webhooks/helpdesk", &[], b"");
    assert_eq!((drop().status, drop().problem(404)), (204, "not-found".to_owned()));
}
