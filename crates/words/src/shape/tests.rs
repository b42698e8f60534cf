use serde::Deserialize;
use serde_json::json;

use super::*;
use crate::input::Input;

#[derive(Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Wish {
    input: Input,
    digest: Option<String>,
}

#[derive(Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Page {
    after: Option<String>,
    #[schemars(range(min = 1, max = 200))]
    limit: Option<u32>,
    #[serde(default)]
    open: bool,
    of: Of,
}

#[derive(Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Of {
    Ours,
    Theirs,
}

#[track_caller]
fn misfit(json: &Json) -> (String, String) {
    let misfit = read_value::<Wish>(json).expect_err("it does not fit");
    // As it comes over a line, too.
    assert_eq!(read::<Wish>(json.to_string().as_bytes()), Err(misfit.clone()));
    for word in ["struct", "variant", "expected", "invalid type", "invalid length", "Input", "Wish", "u32"] {
        assert!(!misfit.why.contains(word), "{}", misfit.why);
    }
    (misfit.pointer.expect("a place"), misfit.why)
}

#[test]
fn what_fits_is_read() {
    let note = json!({"input": {"act": "note", "text": "x"}, "digest": null});
    assert!(read_value::<Wish>(&note).is_ok());
    // By another name, which the written shape does not have.
    for act in [
        json!({"act": "done", "revision": "5"}),
        json!({"act": "propose", "subjects": [{"is": "action", "what": "x", "due": {"after": {"count": 2, "unit": "days"}},
            "performers": [{"seat": "supplier"}, {"seat": 1}, {"seat": ["00", 1]}]}]}),
        json!({"act": "item", "key": "readings", "value": [1, [2.5, {"a": null}]]}),
    ] {
        assert!(read_value::<Wish>(&json!({"input": act})).is_ok(), "{act}");
    }
}

#[test]
fn a_list_stands_for_no_object_however_deep() {
    let proposed = |performer: Json| json!({"input": {"act": "propose", "subjects": [{"is": "action", "what": "x", "performers": [performer]}]}});
    let wrong = "an object is needed here, and a list came";
    for (json, place) in [
        (json!([{"act": "note", "text": "x"}, null]), ""),
        (json!({"input": ["note", "x", null]}), "/input"),
        (proposed(json!(["supplier", null])), "/input/subjects/0/performers/0"),
        (json!({"input": {"act": "propose", "subjects": [["action"]]}}), "/input/subjects/0"),
        (
            json!({"input": {"act": "propose", "subjects": [{"is": "action", "what": "x", "value": ["25.00", "GBP"]}]}}),
            "/input/subjects/0/value",
        ),
    ] {
        assert_eq!(misfit(&json), (place.to_owned(), wrong.to_owned()), "{json}");
    }
}

#[test]
fn an_act_that_a_rule_signs_is_an_object_too() {
    let why = Input::from_json(json!(["note", "x", null])).expect_err("a list");
    assert!(why.message.contains("an object is needed here, and a list came"), "{}", why.message);
    assert!(Input::from_json(json!({"act": "note", "text": "x"})).is_ok());
}

#[test]
fn what_differs_is_said_with_its_place_and_in_plain_words() {
    let proposed = |performer: Json| json!({"input": {"act": "propose", "subjects": [{"is": "action", "what": "x", "performers": [performer]}]}});
    for (json, place, says) in [
        (json!({}), "", "`input` is missing"),
        (json!("x"), "", "an object is needed here, and a text came"),
        (json!({"input": {"act": "note"}}), "/input", "`text` is missing"),
        (json!({"input": {"text": "x"}}), "/input", "`act` is missing, which says what it is; one of: "),
        (
            json!({"input": {"act": "pay"}}),
            "/input/act",
            "one of these is needed here, and 'pay' came: propose, counter",
        ),
        (json!({"input": {"act": "note", "text": 5}}), "/input/text", "a text is needed here, and a number came"),
        (
            json!({"input": {"act": "note", "text": "x", "a/b~": 1}}),
            "/input/a~1b~0",
            "may stand here: about, act, text",
        ),
        (proposed(json!("supplier")), "/input/subjects/0/performers/0", "an object is needed here, and a text came"),
        (
            proposed(json!({"seat": true})),
            "/input/subjects/0/performers/0/seat",
            "a whole number from 0 to 4294967295 or a text or a list is needed here, and true came",
        ),
        (
            json!({"input": {"act": "propose", "subjects": [{"is": "action", "what": "x", "due": {"by": "noon"}}]}}),
            "/input/subjects/0/due",
            "one of these is needed in it: at, after",
        ),
        (
            json!({"input": {"act": "propose", "subjects": [
                {"is": "action", "what": "x", "due": {"after": {"count": 2.5, "unit": "days"}}}]}}),
            "/input/subjects/0/due/after/count",
            "a whole number from 1 to 9999 is needed here, and a number with a point came",
        ),
        (
            json!({"input": {"act": "contact", "channel": "pigeon", "direction": "in", "started": "x"}}),
            "/input/channel",
            "one of these is needed here, and 'pigeon' came: telephone, mail, e-mail, visit, chat, other",
        ),
        (json!({"input": {"act": "note", "text": "x"}, "digest": 7}), "/digest", "a text is needed here"),
    ] {
        let (at, why) = misfit(&json);
        assert_eq!(at, place, "{json}: {why}");
        assert!(why.contains(says), "{json}: {why}");
    }
}

#[test]
fn what_is_no_json_has_no_place_and_what_is_said_twice_has_one() {
    let read = |bytes: &[u8]| read::<Wish>(bytes).expect_err("it is none");
    for (bytes, says) in [
        (&b""[..], "nothing came"),
        (b"  \n", "nothing came"),
        (b"{\"input\": ", "breaks off"),
        (b"{\"input\": no}", "from column 12 on"),
        (b"{\"input\":\n no}", "from line 2, column 3 on"),
        (b"{\"input\": \"\xff\"}", "UTF-8"),
        (b"{} {}", "it is no JSON from column 4 on"),
    ] {
        let misfit = read(bytes);
        assert_eq!(misfit.pointer, None, "{misfit}");
        assert!(misfit.why.contains(says), "{misfit}");
    }
    assert!(read("[".repeat(200_000).as_bytes()).why.contains("deep"));
    let twice = read(br#"{"input": {"act": "propose", "subjects": [{}, {"is": "action", "is": "item"}]}}"#);
    assert_eq!((twice.pointer.as_deref(), twice.why.as_str()), (Some("/input/subjects/1/is"), "it is there twice"));
}

#[test]
fn whatever_stands_in_it_is_shown_short_and_whole() {
    let hostile = format!("\u{202e}\n{}", "x".repeat(100_000));
    let (_, why) = misfit(&json!({"input": {"act": hostile}}));
    assert!(!why.contains(['\u{202e}', '\n']) && why.len() < 2_000, "{why}");
    let misfit = read_value::<Wish>(&json!({"input": {"act": "note", "text": "x", hostile: 1}})).expect_err("unknown");
    assert!(misfit.to_string().len() < 2_000, "{misfit}");
}

#[test]
fn what_stands_in_an_address_is_told_by_its_name() {
    let ask = |given: &[(&str, &str)]| {
        let given: Vec<_> = given.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        parameter_misfit::<Page>(&given)
    };
    assert_eq!(ask(&[("limit", "5"), ("open", "true"), ("of", "ours"), ("after", "7")]), None);
    for (given, name, says) in [
        (&[("limit", "x"), ("of", "ours")][..], "limit", "a whole number from 1 to 200 is needed, and 'x' came"),
        (&[("limit", "1.5")], "limit", "a whole number"),
        (&[("limit", "-1")], "limit", "from 1 to 200"),
        (&[("limit", "99999999999999999999")], "limit", "from 1 to 200"),
        (&[("open", "yes")], "open", "true or false is needed, and 'yes' came"),
        (&[("of", "nobody's")], "of", "ours, theirs"),
        (&[("limit", "5"), ("limit", "5")], "limit", "twice"),
        (&[("lmit", "5")], "lmit", "nothing is called so here; what may be asked for: after, limit, of, open"),
        (&[("limit", "5")], "of", "it is missing"),
    ] {
        let (found, why) = ask(given).expect("it is wrong");
        assert_eq!(found, name, "{why}");
        assert!(why.contains(says), "{given:?}: {why}");
    }
}
