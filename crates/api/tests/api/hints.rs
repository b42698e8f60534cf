//! What helps is said so that whoever asked can do it: an act, a field, an address that its token may ask.

use counterpart_core::keylog::Kinds;
use counterpart_node::{Rights, Scope, TokenWish, now};
use serde_json::{Value as Json, json};

use crate::{client::Answer, served::Served};

fn hint(answer: &Answer) -> String {
    answer.json()["hint"].as_str().expect("a hint").to_owned()
}

fn post(served: &Served, token: &str, path: &str, body: &Json) -> Answer {
    served.ask_as(token, "POST", path, &[("Content-Type", "application/json")], body.to_string().as_bytes())
}

#[test]
fn a_refusal_names_the_scope_that_is_lacking() {
    let served = Served::new();
    let drafts = served.token_for("drafts", &[Scope::Draft]);
    let asked = served.ask_as(&drafts, "GET", "/cases", &[], b"");
    assert_eq!(asked.problem(403), "scope");
    assert!(hint(&asked).contains("`counterpart token new NAME --scope read`"), "{}", hint(&asked));
    let unknown = served.ask_as("cpt_none", "GET", "/tokens", &[], b"");
    assert_eq!(unknown.problem(401), "bad-token");
    assert!(hint(&unknown).contains("--scope manage`"), "{}", hint(&unknown));
}

#[test]
fn nobody_is_sent_to_an_address_that_refuses_them() {
    let served = Served::new();
    let path = format!("/cases/{}/acts/preview", served.case("Broadband"));
    let desk = served.desk();
    let rights =
        Rights { kinds: Kinds::Listed(vec!["note".to_owned()]), receive: false, admin: false, ceilings: Vec::new() };
    desk.add_seat("bot", &rights, now()).expect("a seat");
    let token = |name: &str, scopes: &[Scope]| {
        let seat = Some("bot".to_owned());
        let wish = TokenWish { name: name.to_owned(), seat, scopes: scopes.to_vec(), expires: None };
        desk.new_token(&wish, now()).expect("a token").0.text().to_owned()
    };
    let wish = json!({"input": {"act": "item", "key": "price", "value": 1}});
    for (token, says) in [
        (token("signs", &[Scope::Read, Scope::Draft, Scope::Sign]), "`counterpart agent list` shows who may sign what"),
        (token("manages", &Scope::ALL), "GET /api/v1/agents shows who may sign what"),
    ] {
        let refused = post(&served, &token, &path, &wish);
        assert_eq!(refused.problem(422), "refused");
        assert!(hint(&refused).ends_with(says), "{}", hint(&refused));
    }
}

#[test]
fn no_option_of_a_shell_is_named() {
    let served = Served::new();
    let case = served.case("Broadband");
    for (input, says) in [
        (json!({"act": "accept", "revision": "x"}), "write its number alone, such as 7"),
        (json!({"act": "card"}), "say it in \"name\""),
        (json!({"act": "propose_clocks"}), "\"first_answer\": \"8 hours\""),
        (json!({"act": "prove", "entry": "1", "with": "stamp"}), "POST /api/v1/cases/{case}/stamps asks for one"),
    ] {
        let refused = served.post(&format!("/cases/{case}/acts/preview"), &json!({"input": input}));
        assert_eq!(refused.problem(422), "refused");
        assert!(hint(&refused).contains(says) && !hint(&refused).contains("--"), "{input}: {}", hint(&refused));
    }
}
