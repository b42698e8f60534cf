//! Drafting together by forms alone: what is displayed is what is kept and proposed, whatever others put there.

use counterpart_core::worksheet::{Choice, Field, RowId, RowKind, Wish};
use counterpart_node::{Desk, now};

use crate::{
    client::Answer,
    fields::{attribute, encoded, unescaped},
    served::Served,
    two::Two,
};

/// The fields of the draft as a browser would send them that changed nothing.
fn fields(page: &str) -> Vec<(String, String)> {
    let (_, form) = page.split_once(" id=\"draft\"").expect("the draft");
    let mut fields: Vec<(String, String)> = Vec::new();
    let mut select = None;
    for part in form.split("</form>").next().expect("its end").split('<').skip(1) {
        let (tag, text) = part.split_once('>').unwrap_or((part, ""));
        if tag.starts_with("select") {
            select = attribute(tag, "name");
        } else if tag.starts_with("option") && tag.ends_with(" selected") {
            fields.push((select.clone().expect("a select"), attribute(tag, "value").expect("a value")));
        } else if tag.contains("type=\"checkbox\"") {
            // Sent only where it is ticked.
            assert!(!tag.contains(" checked"), "{tag}");
        } else if tag.starts_with("input") {
            // One line is all that such a field holds.
            let value = attribute(tag, "value").unwrap_or_default().replace('\n', "");
            fields.push((attribute(tag, "name").expect("a name"), value));
        } else if tag.starts_with("textarea") {
            let text = unescaped(text.strip_prefix('\n').unwrap_or(text)).replace('\n', "\r\n");
            fields.push((attribute(tag, "name").expect("a name"), text));
        }
    }
    fields
}

fn send(served: &Served, cookie: &str, path: &str, fields: &[(String, String)], wanted: &str) -> Answer {
    let all = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).chain([("do", wanted)]);
    let body: Vec<String> = all.map(|(name, value)| format!("{}={}", encoded(name), encoded(value))).collect();
    served.client().post(path, cookie, body.join("&").as_bytes())
}

/// A row that says what no form of ours would.
fn odd_row(desk: &Desk, two: &counterpart_core::id::CaseId) -> RowId {
    let shown = desk.worksheet(two).expect("readable").state;
    let added = desk.edit_worksheet(two, &shown, &[Wish::AddRow { kind: RowKind::Action, after: None }], now());
    let added = added.expect("a row");
    let row = added.added[0];
    let rewrite = |field, text: &str| Wish::Rewrite { row, field, text: text.to_owned() };
    let choose = |choice, value: &str| Wish::Choose { row, choice, value: value.to_owned() };
    let wishes = [
        rewrite(Field::What, "\n<b>Mend</b> it"),
        rewrite(Field::Due, "on Monday\nor later"),
        choose(Choice::By, "<i>nobody"),
        choose(Choice::For, "0"),
    ];
    desk.edit_worksheet(two, &added.view.state, &wishes, now()).expect("written");
    row
}

#[test]
fn looking_and_sending_it_back_changes_nothing() {
    let two = Two::new();
    let (case, path) = (two.case, format!("{}/draft", two.path()));
    let served = two.serve();
    let desk = served.desk();
    odd_row(&desk, &case);
    let before = desk.worksheet(&case).expect("readable");
    let cookie = served.let_in();
    let page = served.client().get(&path, &[("Cookie", &cookie)]);
    assert!(!page.text().contains("<b>Mend") && !page.text().contains("<i>nobody"), "{}", page.text());
    let answer = send(&served, &cookie, &path, &fields(page.text()), "keep");
    assert_eq!(answer.status, 303, "{}", answer.text());
    assert_eq!(desk.worksheet(&case).expect("readable"), before, "nobody typed anything");
}

#[test]
fn what_was_displayed_is_proposed_and_not_what_came_since() {
    let two = Two::new();
    let (case, path) = (two.case, format!("{}/draft", two.path()));
    let served = two.serve();
    let desk = served.desk();
    let cookie = served.let_in();
    let row = odd_row(&desk, &case);
    let state = desk.worksheet(&case).expect("readable").state;
    let wishes = [
        Wish::Rewrite { row, field: Field::What, text: "Mend the tap".to_owned() },
        Wish::Rewrite { row, field: Field::Due, text: String::new() },
        Wish::Choose { row, choice: Choice::By, value: "1".to_owned() },
    ];
    desk.edit_worksheet(&case, &state, &wishes, now()).expect("written");
    let page = served.client().get(&path, &[("Cookie", &cookie)]);
    let shown = fields(page.text());
    let state = desk.worksheet(&case).expect("readable").state;
    let wishes = [Wish::Rewrite { row, field: Field::What, text: "Mend the tap for 9000 EUR".to_owned() }];
    desk.edit_worksheet(&case, &state, &wishes, now()).expect("written");
    let answer = send(&served, &cookie, &path, &shown, "propose");
    assert_eq!(answer.status, 200, "{}", answer.text());
    let (_, signed) = answer.text().split_once("id=\"signed-text\"").expect("the exact text");
    assert!(signed.contains("Mend the tap<") && !signed.contains("9000"), "{signed}");
    assert!(answer.text().contains(&format!("action=\"/case/{}/do/propose\"", case.to_hex())));
    assert_eq!(desk.record(&case).expect("readable").graph().len(), 4, "nothing is signed by it");
}

#[test]
fn a_draft_is_thrown_away_for_everybody_only_by_whoever_says_so_twice() {
    let two = Two::new();
    let (case, path) = (two.case, format!("{}/draft", two.path()));
    let served = two.serve();
    let desk = served.desk();
    odd_row(&desk, &case);
    let cookie = served.let_in();
    let mut shown = fields(served.client().get(&path, &[("Cookie", &cookie)]).text());
    let before = desk.worksheet(&case).expect("readable");
    let asked = send(&served, &cookie, &path, &shown, "restart");
    assert_eq!(asked.status, 422, "{}", asked.text());
    assert_eq!(desk.worksheet(&case).expect("readable"), before);
    shown.push(("sure".to_owned(), "1".to_owned()));
    assert_eq!(send(&served, &cookie, &path, &shown, "restart").status, 303);
    assert!(desk.worksheet(&case).expect("readable").rows.is_empty());
}
