//! Cases read: the list page by page, one case, its record.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};

use crate::served::Served;

/// Every row of a list, page by page.
fn all(served: &Served, path: &str, rows: &str, limit: usize) -> Vec<Json> {
    let (mut found, mut after) = (Vec::new(), String::new());
    loop {
        let joint = if path.contains('?') { '&' } else { '?' };
        let page = served.get(&format!("{path}{joint}limit={limit}{after}")).good();
        let rows = page[rows].as_array().expect("rows");
        assert!(rows.len() <= limit);
        found.extend_from_slice(rows);
        match page["next"].as_str() {
            Some(next) if page["more"] != json!(false) => after = format!("&after={next}"),
            _ => return found,
        }
    }
}

#[test]
fn cases_come_page_by_page_each_once_while_others_are_begun() {
    let served = Served::new();
    let made: BTreeSet<String> = (0..7).map(|n| served.case(&format!("Matter {n}"))).collect();
    let of = |rows: &[Json]| -> Vec<String> {
        rows.iter().map(|row| row["id"].as_str().expect("an id").to_owned()).collect()
    };
    for limit in [1, 2, 3, 7, 200] {
        let found = of(&all(&served, "/cases", "cases", limit));
        assert_eq!((found.len(), found.into_iter().collect::<BTreeSet<_>>()), (7, made.clone()));
    }
    // A page is read, a case begun, and the next page read.
    let first = served.get("/cases?limit=3").good();
    let new = served.case("Meanwhile");
    let next = first["next"].as_str().expect("more");
    let rest = of(&all(&served, &format!("/cases?after={next}"), "cases", 200)[..]);
    let mut found = of(first["cases"].as_array().expect("rows"));
    found.extend(rest.into_iter().filter(|id| *id != new));
    assert_eq!((found.len(), found.into_iter().collect::<BTreeSet<_>>()), (7, made));
}

#[test]
fn lists_are_of_what_was_asked_for() {
    let served = Served::new();
    let (one, other) = (served.case("The boiler leaks"), served.case("Broadband is slow"));
    served.sign(&one, &json!({"act": "note", "text": "The plumber is called Zbigniew."}));
    let ids = |query: &str| -> Vec<String> {
        let found = served.get(&format!("/cases?{query}")).good();
        found["cases"]
            .as_array()
            .expect("rows")
            .iter()
            .map(|row| row["id"].as_str().expect("an id").to_owned())
            .collect()
    };
    assert_eq!(ids("text=zbig"), [one.as_str()]);
    assert_eq!(ids("text=broadband"), [other.as_str()]);
    assert!(ids("text=nothing").is_empty());
    let put = served.send("PUT", &format!("/cases/{one}/assignment"), &json!({"agent": "Maria"}), None).good();
    assert_eq!((&put["agent"], &put["case"]), (&json!("Maria"), &json!(one)));
    assert_eq!((ids("agent=maria"), ids("assigned=false")), (vec![one.clone()], vec![other.clone()]));
    assert_eq!(served.get(&format!("/cases/{one}/assignment")).good()["agent"], "Maria");
    let path = format!("/cases/{one}/assignment");
    assert_eq!(served.ask_as(&served.token, "DELETE", &path, &[], b"").status, 204);
    assert!(ids("agent=maria").is_empty());
    assert_eq!(ids("overdue=true"), [""; 0]);
    let mut both = [one.clone(), other.clone()];
    both.sort();
    let sorted = |query: &str| {
        let mut found = ids(query);
        found.sort();
        found
    };
    for all in ["overdue=false", "open=true", "waiting_for_us=false", "waiting_for_us=false&overdue=false"] {
        assert_eq!(sorted(all), both, "{all}");
    }
    for none in ["open=false", "waiting_for_us=true", "waiting_for_us=true&open=false", "open=false&overdue=true"] {
        assert_eq!(ids(none), [""; 0], "{none}");
    }
    for empty in ["text=", "text=%20", "agent=", "template="] {
        let refused = served.get(&format!("/cases?{empty}"));
        assert_eq!(
            (refused.problem(400).as_str(), &refused.json()["parameter"]),
            ("malformed", &json!(empty.split('=').next()))
        );
    }
}

#[test]
fn a_case_is_named_alike_in_a_path_and_behind_the_question_mark() {
    let served = Served::new();
    let case = served.case("The boiler leaks");
    let short =
        served.get(&format!("/cases/{case}")).good()["case"]["short"].as_str().expect("a short form").to_owned();
    let note = json!({"case": short, "note": {"kind": "note", "text": "Ring before ten."}});
    let written = served.post("/notebook", &note).good();
    assert_eq!(written["case"], json!(case));
    for name in [case.clone(), case.to_ascii_uppercase(), short.clone(), short.replace('-', "")] {
        assert_eq!(served.get(&format!("/cases/{name}")).status, 200, "{name}");
        assert_eq!(served.get(&format!("/calendar.ics?case={name}")).status, 200, "{name}");
        let notes = served.get(&format!("/notebook?case={name}")).good();
        assert_eq!(notes["notes"].as_array().map(Vec::len), Some(1), "{name}");
    }
    let part: String = short.chars().take(4).collect();
    for name in [part.as_str(), ".", &"0".repeat(64)] {
        assert_eq!(served.get(&format!("/cases/{name}")).problem(404), "no-case", "{name}");
        for list in ["/calendar.ics", "/notebook"] {
            let refused = served.get(&format!("{list}?case={name}"));
            assert_eq!((refused.problem(400).as_str(), &refused.json()["parameter"]), ("malformed", &json!("case")));
        }
    }
}

#[test]
fn a_place_behind_the_last_entry_of_a_record_is_refused() {
    let served = Served::new();
    let (long, short) = (served.case("The boiler leaks"), served.case("Broadband is slow"));
    served.sign(&long, &json!({"act": "note", "text": "One more."}));
    let next = served.get(&format!("/cases/{long}/record")).good()["next"].as_str().expect("a place").to_owned();
    let behind = served.get(&format!("/cases/{long}/record?after={next}")).good();
    assert_eq!((&behind["entries"], &behind["next"]), (&json!([]), &json!(next)), "what comes later comes behind it");
    let beyond = served.get(&format!("/cases/{short}/record?after={next}"));
    assert_eq!((beyond.problem(409).as_str(), &beyond.json()["newest"]), ("beyond", &json!(1)));
}

#[test]
fn a_case_reads_as_the_command_has_it() {
    let served = Served::new();
    let case = served.case("The boiler leaks");
    let signed = served.sign(
        &case,
        &json!({"act": "propose", "subjects": [{"is": "action", "what": "Mend the boiler", "performers": [{"seat": "supplier"}]}]}),
    );
    assert_eq!(signed["entries"].as_array().map(Vec::len), Some(1), "{signed}");
    let shown = served.get(&format!("/cases/{case}")).good();
    assert_eq!((&shown["schema"], &shown["case"]["title"]), (&json!("counterpart/show/1"), &json!("The boiler leaks")));
    let short = shown["case"]["short"].as_str().expect("a short form");
    assert_eq!(served.get(&format!("/cases/{short}")).good(), shown, "by its short form as well");
    let actions = served.get(&format!("/cases/{case}/actions")).good();
    assert_eq!(actions["rows"], shown["actions"]);
    let proposals = served.get(&format!("/cases/{case}/proposals")).good();
    assert_eq!(proposals["rows"][0]["id"], signed["entries"][0]);
    for part in ["people", "next", "ledger", "attachments", "invitations", "external", "asides", "summary"] {
        served.get(&format!("/cases/{case}/{part}")).good();
    }
    let summary = served.get(&format!("/cases/{case}/summary")).good();
    assert!(summary["summary"].as_str().is_some_and(|text| text.contains("Mend the boiler")), "{summary}");
    assert_eq!(served.get(&format!("/cases/{case}/items/price")).problem(404), "not-found");
    served.sign(
        &case,
        &json!({"act": "item", "key": "price", "value": {"type": "money", "value": "25.00", "currency": "GBP"}}),
    );
    assert_eq!(served.get(&format!("/cases/{case}/items/price")).good()["versions"].as_array().map(Vec::len), Some(1));
}

#[test]
fn a_record_is_read_to_its_end_and_from_there_on() {
    let served = Served::new();
    let case = served.case("Broadband");
    for n in 0..5 {
        served.sign(&case, &json!({"act": "note", "text": format!("note {n}")}));
    }
    let path = format!("/cases/{case}/record");
    for limit in [1, 4, 200] {
        let entries = all(&served, &path, "entries", limit);
        let kinds: Vec<&str> = entries.iter().map(|entry| entry["kind"].as_str().expect("a kind")).collect();
        assert_eq!(kinds, ["open", "note", "note", "note", "note", "note"]);
        assert!(entries[5]["exact"].as_str().is_some_and(|text| text.contains("note 4")), "{}", entries[5]);
    }
    // From its end on only what comes.
    let end = served.get(&path).good()["next"].as_str().expect("a place").to_owned();
    let nothing = served.get(&format!("{path}?after={end}")).good();
    assert_eq!((&nothing["entries"], &nothing["more"]), (&json!([]), &json!(false)));
    let signed = served.sign(&case, &json!({"act": "note", "text": "later"}));
    let later = served.get(&format!("{path}?after={end}")).good();
    assert_eq!(
        (later["entries"].as_array().map(Vec::len), &later["entries"][0]["id"]),
        (Some(1), &signed["entries"][0])
    );
    let id = signed["entries"][0].as_str().expect("an id");
    let (by_id, by_number) = (served.get(&format!("{path}/{id}")).good(), served.get(&format!("{path}/7")).good());
    assert_eq!((&by_id, &by_id["ref"]), (&by_number, &json!("#7")));
    assert_eq!(served.get(&format!("{path}/99")).problem(404), "not-found");
    assert_eq!(served.get(&format!("/cases?after={end}")).problem(400), "malformed", "a place of another list");
}

/// Templates that ask what they give no example of.
const ASK_MORE: &[&str] = &[];

#[test]
fn a_case_is_begun_with_a_template() {
    let served = Served::new();
    let templates = served.get("/templates").good();
    let all = templates["templates"].as_array().expect("templates");
    assert!(!all.is_empty());
    let (mut begun, mut lacking) = (0, Vec::new());
    for template in all {
        let answers: serde_json::Map<String, Json> = template["asks"]
            .as_array()
            .expect("questions")
            .iter()
            .filter_map(|ask| {
                let said = [&ask["example"], &ask["default"], &ask["choices"][0]];
                let said = said.into_iter().find(|said| said.is_string())?;
                Some((ask["key"].as_str()?.to_owned(), said.clone()))
            })
            .collect();
        let mut wish = json!({
            "template": template["name"],
            "zone": "Europe/London",
            "own": {"name": "Ann", "role": "customer"},
            "others": [{"name": "Northlink Ltd", "role": "supplier"}],
            "answers": answers,
        });
        let preview = served.post("/cases/preview", &wish);
        // Some ask what has no example.
        if preview.status == 422 {
            assert!(
                preview.json()["detail"].as_str().is_some_and(|why| why.contains("answers to")),
                "{}",
                preview.json()
            );
            lacking.push(template["name"].as_str().expect("a name"));
            continue;
        }
        begun += 1;
        let preview = preview.good();
        wish["digest"] = preview["digest"].clone();
        let made = served.post("/cases", &wish);
        let signed = made.good();
        assert_eq!(
            made.header("location"),
            Some(format!("/api/v1/cases/{}", signed["case"].as_str().expect("an id")).as_str())
        );
        assert_eq!(signed["entries"].as_array().map(|all| json!(all.len())), Some(preview["acts"].clone()));
        let rows = served.get(&format!("/cases?template={}", template["name"].as_str().expect("a name"))).good();
        assert_eq!(rows["cases"][0]["id"], signed["case"]);
    }
    assert_eq!((begun + lacking.len(), lacking), (all.len(), ASK_MORE.to_vec()));
}

#[test]
fn an_entry_reads_with_what_is_kept_beside_it_until_that_is_erased() {
    let served = Served::new();
    let case = served.case("Broadband");
    let signed = served.sign(
        &case,
        &json!({
            "act": "contact", "channel": "telephone", "direction": "out", "started": "2026-03-01T10:00:00+00:00",
            "minutes": 12, "summary": "They know of the fault.", "person": "Samira Whistler",
        }),
    );
    let id = signed["entries"][0].as_str().expect("an id");
    let exact = || {
        let entry = served.get(&format!("/cases/{case}/record/{id}")).good();
        let page = served.get(&format!("/cases/{case}/record?limit=200")).good();
        let listed = page["entries"].as_array().expect("entries").iter().find(|entry| entry["id"] == id).cloned();
        assert_eq!(listed.expect("on the page")["exact"], entry["exact"]);
        entry["exact"].as_str().expect("a text").to_owned()
    };
    assert!(exact().contains("Samira Whistler"), "{}", exact());
    served.sign(&case, &json!({"act": "erase", "entry": id}));
    assert!(exact().contains("They know of the fault.") && !exact().contains("Whistler"), "{}", exact());
}

#[test]
fn the_document_names_all_that_a_case_shows() {
    let served = Served::new();
    let case = served.case("Broadband");
    let shown = served.get(&format!("/cases/{case}")).good();
    let document = counterpart_api::document();
    let named = &document["components"]["schemas"]["ShownSaid"]["properties"];
    for field in shown.as_object().expect("an object").keys() {
        assert!(named.get(field).is_some(), "openapi.json does not name {field}");
    }
    // Left out where no clocks are agreed.
    assert!(named.get("clocks").is_some());
}
