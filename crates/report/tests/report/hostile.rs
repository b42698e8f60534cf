//! Whatever the parties write, the page has the tags it has without them.

use counterpart_core::{
    act::{Act, Card, Contact, Role, Topic},
    id::{EntryId, StampId},
    value::{Due, ItemValue, Seat},
};

use counterpart_evidence::{Claims, JudgedStamp, Standing};
use counterpart_report::{Bundle, Report, Source};

use crate::{
    markup::{Tag, assert_harmless, assert_nested, read},
    stage::{AMIRA, BEGIN, HOME, Stage, offer, open, propose, source, terms},
};

/// Each tries to leave the place that a text has.
const HOSTILE: &[&str] = &[
    "<script>alert(1)</script>",
    "\"><script>alert(1)</script>",
    "'><img src=x onerror=alert(1)>",
    "\" onmouseover=\"alert(1)",
    "' onfocus='alert(1)' autofocus='",
    "</title><script>alert(1)</script>",
    "</style><script>alert(1)</script>",
    "</text></svg><script>alert(1)</script>",
    "</desc><a href=\"javascript:alert(1)\">x</a>",
    "<!--",
    "--><b>x",
    "]]><![CDATA[<b>",
    "&lt;script&gt;&#60;b&#62;",
    "&quot;><b>",
    "{{ report.title }}{% include \"x\" %}",
    "javascript:alert(1)",
    "url(https://example.org/x)\\A}*{display:none}",
    "#1\" href=\"https://example.org",
    "\u{200F}\u{200E}\u{200D}",
];

/// The same case, with one text wherever a party can write one.
fn written(text: &str) -> String {
    let mut stage = Stage::called(text, text, text);
    let mut all = terms(text, None);
    all.performers[0].person = Some(open(text));
    all.conditions = vec![open(text), open(text)];
    all.evidence = vec![open(text)];
    all.consequences = vec![open(text)];
    all.cancel[0].text = open(text);
    let item = |key: &str, value: ItemValue| Act::Item {
        key: key.to_owned(),
        value,
        label: Some(open(text)),
        note: Some(open(text)),
    };
    // Items stand in the order of their keys, which the text must not change.
    let key = format!("named {text}");
    stage.act(AMIRA, &item(&key, ItemValue::Text(open(text))));
    stage.act(HOME, &item(&key, ItemValue::Choice(text.to_owned())));
    let nested = ItemValue::List(vec![
        ItemValue::Record(vec![(text.to_owned(), ItemValue::Link(open(text)))]),
        ItemValue::Address(open(text)),
        ItemValue::Decimal {
            number: counterpart_core::value::Decimal::parse("1.5").expect("a number"),
            unit: Some("kWh".to_owned()),
        },
        ItemValue::File { sha256: [1; 32], size: 1, name: open(text), media: None },
    ]);
    stage.act(AMIRA, &item("list", nested));
    let contact = stage.act(
        AMIRA,
        &Act::Contact(Contact {
            channel: "telephone".to_owned(),
            direction: "out".to_owned(),
            started: BEGIN,
            seconds: Some(60),
            waited: None,
            seat: Some(Seat::Number(1)),
            person: Some(open(text)),
            number: Some(open(text)),
            reference: Some(open(text)),
            summary: open(text),
            menu: vec![open(text), open(text)],
        }),
    );
    let device = stage.parties[AMIRA].author(0).device;
    let (function, phone, email, hours) = (Some(open(text)), Some(open(text)), Some(open(text)), Some(open(text)));
    stage.act(AMIRA, &Act::Card(Card { name: open(text), function, phone, email, hours, device: Some(device) }));
    stage.act(
        AMIRA,
        &Act::Attach {
            sha256: [2; 32],
            size: 5,
            name: open(text),
            media: Some("text/plain".to_owned()),
            about: Some(contact),
        },
    );
    stage.act(AMIRA, &Act::Note { text: open(text), about: Some(contact) });
    stage.act(AMIRA, &Act::Remind { text: open(text), about: Some(contact), seat: Some(Seat::Number(1)) });
    stage.act(AMIRA, &Act::Thank { text: open(text), seat: None, person: Some(open(text)), about: None });
    stage.act(HOME, &Act::Contest { entry: contact, reason: open(text) });
    let asked = stage.act(AMIRA, &propose(all.clone()));
    stage.act(HOME, &Act::Accept { revision: asked, note: Some(open(text)) });
    let mut changed = all;
    changed.due =
        Some(Due::At { instant: BEGIN, local: "2026-06-03T18:00".to_owned(), zone: "Europe/London".to_owned() });
    changed.conditions.pop();
    let change = stage.act(HOME, &crate::stage::amend(asked, changed));
    stage.act(AMIRA, &Act::Accept { revision: change, note: None });
    stage.act(HOME, &Act::Progress { revision: change, subject: 0, text: open(text) });
    let declare = stage
        .act(HOME, &Act::Declare { revision: change, subject: 0, note: Some(open(text)), evidence: vec![contact] });
    stage.act(AMIRA, &Act::Reject { declare, unmet: vec![0], reason: open(text) });
    stage.act(HOME, &Act::Stop { revision: change, subject: 0, reason: open(text) });
    stage.act(AMIRA, &Act::Missed { revision: change, subject: 0, due: BEGIN, note: Some(open(text)) });
    let dispute = stage.act(AMIRA, &Act::Dispute { about: change, subject: None, reason: open(text) });
    stage.act(HOME, &Act::Concede { dispute, note: Some(open(text)) });
    let seats = vec![Seat::Number(0), Seat::Number(1)];
    stage.act(AMIRA, &offer(None, Topic::Terms { terms: None, title: text.to_owned(), text: open(text), seats }));
    stage.act(AMIRA, &offer(None, Topic::AdmitNew { role: Role::Observer, label: open(text), party: None }));
    stage.act(AMIRA, &offer(None, Topic::Close { close: None, summary: Some(open(text)) }));
    stage.force(HOME, &Act::Accept { revision: asked, note: Some(open(text)) });
    page(&stage, text, [contact, declare])
}

/// The page, with what the file's name, a time-stamp service and a certificate can bring along.
fn page(stage: &Stage, text: &str, heads: [EntryId; 2]) -> String {
    let some = || Some(text.to_owned());
    let claims = || Claims { at: BEGIN, service: some() };
    let valid =
        Standing::Valid { at: BEGIN, accuracy: Some(1_500_000), service: some(), root: [7; 32], root_name: some() };
    let untrusted = Standing::Untrusted { why: text.to_owned(), claims: claims() };
    let standings = [valid, untrusted, Standing::Unchecked(claims()), Standing::Broken(text.to_owned())];
    let stamp = |(n, standing): (u8, Standing)| JudgedStamp {
        id: StampId([n; 32]),
        heads: heads.to_vec(),
        standing,
        on_record: Vec::new(),
    };
    let stamps: Vec<JudgedStamp> = (1..).zip(standings).map(stamp).collect();
    let party = &stage.parties[AMIRA];
    let bundle = Bundle {
        name: text.to_owned(),
        sha256: [9; 32],
        size: 1,
        exporter: party.id,
        device: party.author(0).device,
        exported_at: BEGIN,
    };
    let source = Source { bundle: Some(&bundle), ..source(&stage.record, stage.at, None, &stamps) };
    Report::of(&source).expect("an opening").html(None).expect("memory")
}

/// Tags by their names and the names of their attributes.
fn shape(tags: &[Tag]) -> Vec<String> {
    let one = |tag: &Tag| {
        let keys: Vec<&str> = tag.attributes.iter().map(|(key, _)| key.as_str()).collect();
        format!("{}{} {}", if tag.closes { "/" } else { "" }, tag.name, keys.join(" "))
    };
    tags.iter().map(one).collect()
}

#[test]
fn hostile_texts_change_no_tag_and_no_attribute() {
    for hostile in HOSTILE {
        // As long, and broken into lines in the same places, so that what wraps by length wraps alike.
        let plain: String = hostile.chars().map(|c| if c == ' ' { ' ' } else { 'x' }).collect();
        let visible =
            hostile.replace('\u{200F}', "<U+200F>").replace('\u{200E}', "<U+200E>").replace('\u{200D}', "<U+200D>");
        let plain = if visible == *hostile { plain } else { "x".repeat(visible.len()) };
        let ((tags, texts), (expected, _)) = (read(&written(hostile)), read(&written(&plain)));
        assert_nested(&tags);
        assert_harmless(&tags);
        let (shape, expected) = (shape(&tags), shape(&expected));
        let differs = shape.iter().zip(&expected).position(|(a, b)| a != b);
        assert_eq!(differs.map(|n| (&shape[n], &expected[n])), None, "{hostile}");
        assert_eq!(shape.len(), expected.len(), "{hostile}");
        assert!(texts.iter().all(|text| !text.contains('>')), "{hostile}");
    }
}

#[test]
fn hidden_characters_are_made_visible() {
    let html = written("pay\u{200F}me");
    assert!(html.contains("pay&#60;U+200F&#62;me"), "with their numbers");
    assert!(!html.contains('\u{200F}'));
    let hidden =
        "\u{AD}\u{115F}\u{180E}\u{200B}\u{200C}\u{200D}\u{2060}\u{2063}\u{2800}\u{3164}\u{FE0F}\u{FFA0}\u{E0100}";
    for c in hidden.chars() {
        let html = written(&format!("pay {c}5"));
        assert!(html.contains(&format!("pay &#60;U+{:04X}&#62;5", u32::from(c))), "U+{:04X}", u32::from(c));
        assert!(!html.contains(c), "U+{:04X}", u32::from(c));
    }
    // What an emoji or a Persian word is made of stays.
    let family = "\u{1F469}\u{200D}\u{1F467} \u{646}\u{645}\u{6CC}\u{200C}\u{62E}";
    assert!(written(family).contains(family));
}

#[test]
fn a_long_text_stands_over_the_whole_width() {
    let mut stage = Stage::new();
    let long = "all of it ".repeat(300);
    stage.act(AMIRA, &crate::stage::note(&long));
    stage.act(AMIRA, &crate::stage::note("short"));
    let html = stage.html();
    assert_eq!(html.matches("<tr role=\"row\" class=\"whole\">").count(), 1);
    let whole = html.split_once("class=\"whole\">").expect("its row").1;
    assert!(whole.starts_with("<td role=\"cell\" colspan=\"3\">") && whole.contains(long.trim_end()));
    assert_eq!(html.matches(long.trim_end()).count(), 1, "whole, and once");
}

#[test]
fn a_long_value_or_summary_stands_over_the_whole_width() {
    let mut stage = Stage::new();
    let (said, seen) = ("all of it ".repeat(100), "all of that ".repeat(60));
    stage.act(AMIRA, &crate::stage::call(&said));
    let value = ItemValue::Text(open(&seen));
    stage.act(AMIRA, &Act::Item { key: "damage".to_owned(), value, label: None, note: None });
    let html = stage.html();
    for (section, columns, text) in [("contacts", 5, &said), ("items", 3, &seen)] {
        let (_, inside) = html.split_once(&format!("<section id=\"{section}\"")).expect("a section");
        let (inside, _) = inside.split_once("</section>").expect("its end");
        let whole = format!("class=\"whole\"><td role=\"cell\" colspan=\"{columns}\">");
        let (column, whole) = inside.split_once(&whole).expect("its row");
        assert!(!column.contains(text.trim_end()) && column.contains("stands below."), "{column}");
        assert!(whole.contains(text.trim_end()), "{whole}");
    }
}

#[test]
fn a_heading_has_the_beginning_of_a_long_text_and_the_terms_the_whole() {
    let mut stage = Stage::new();
    let text = "By telephone between nine and five. ".repeat(20);
    let title = "How to get in touch".to_owned();
    let seats = vec![Seat::Number(0), Seat::Number(1)];
    let terms = Topic::Terms { terms: None, title, text: open(text.trim_end()), seats };
    stage.act(AMIRA, &offer(None, terms));
    let matter = &stage.report().matters[0];
    let head = matter.about.plain();
    let begins = "terms \u{201C}How to get in touch\u{201D} between Amira and HomeBright Ltd: \u{201C}By telephone";
    assert!(head.starts_with(begins) && head.ends_with("\u{2026}\u{201D}") && head.len() < 200, "{head}");
    assert!(matter.terms.iter().any(|term| term.lines.iter().any(|line| line.plain().contains(text.trim_end()))));
}

#[test]
fn a_short_summary_leaves_the_rest_of_its_page_to_the_picture() {
    let mut stage = Stage::new();
    let alone = |stage: &Stage| {
        stage.html().contains("<section id=\"summary\" aria-labelledby=\"summary-head\" class=\"alone\">")
    };
    stage.agreed("Mend the pipe", None);
    assert!(!alone(&stage), "it would be half a page");
    for n in 0..5 {
        stage.agreed(&format!("Mend the wall behind the pipe in room {n}"), None);
    }
    assert!(alone(&stage));
}

#[test]
fn lines_of_a_text_stay_lines_and_nothing_more() {
    let mut stage = Stage::new();
    stage.act(AMIRA, &crate::stage::note("first\n\nsecond"));
    let html = stage.html();
    assert!(html.contains("first\n\nsecond"));
}

#[test]
fn nothing_is_marked_safe_in_a_template() {
    let templates = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("templates");
    let mut read = 0;
    for entry in std::fs::read_dir(templates).expect("templates") {
        let text = std::fs::read_to_string(entry.expect("an entry").path()).expect("a template");
        assert!(
            !text.contains("|safe") && !text.contains("| safe") && !text.contains("escape"),
            "every text is escaped"
        );
        assert!(
            !text.contains("<script")
                && !text.contains("@import")
                && !text.contains("http:")
                && !text.contains("https:")
        );
        read += 1;
    }
    assert!(read > 5);
}
