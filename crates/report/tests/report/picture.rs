//! The swim-lane picture: what stands where.

use std::collections::BTreeSet;

use counterpart_core::act::Act;
use counterpart_report::{Bar, Depiction, Order, Picture, Shape};

use crate::{
    markup::{assert_harmless, assert_nested, read},
    stage::{AMIRA, BEGIN, HOME, HOUR, Stage, amend, by, note, source, terms},
};

fn bars(picture: &Picture) -> Vec<(String, &Bar)> {
    let columns = picture.rows.iter().flat_map(|row| &row.columns);
    columns.filter_map(|c| Some((c.entries.first()?.shown.clone(), c.bar.as_ref()?))).collect()
}

#[test]
fn acts_stand_in_the_lanes_of_their_authors_and_agreements_join_them() {
    let mut stage = Stage::new();
    let repair = stage.agreed("Repair visit", by(10));
    let change = stage.act(HOME, &amend(repair, terms("Repair visit", by(20))));
    stage.act(AMIRA, &Act::Accept { revision: change, note: None });
    let declare = stage.declare(change);
    stage.approve(declare);
    let picture = stage.report().picture;
    let lanes: Vec<&str> = picture.lanes.iter().map(|lane| lane.who.as_str()).collect();
    assert_eq!(lanes, ["Amira", "HomeBright Ltd"]);
    let marks: Vec<(usize, &str, Shape)> =
        picture.rows[0].columns.iter().flat_map(|c| &c.marks).map(|m| (m.lane, m.word.as_str(), m.shape)).collect();
    assert_eq!(
        marks,
        [
            (0, "opens", Shape::Case),
            (1, "joins", Shape::Case),
            (0, "proposes", Shape::Offer),
            (1, "accepts", Shape::Assent),
            (1, "proposes", Shape::Offer),
            (0, "accepts", Shape::Assent),
            (1, "says done", Shape::Work),
            (0, "approves", Shape::Assent),
            (1, "due #5", Shape::Due),
        ]
    );
    let bars: Vec<(String, &str, &str, &[usize])> =
        bars(&picture).into_iter().map(|(at, bar)| (at, bar.word, bar.about.as_str(), bar.lanes.as_slice())).collect();
    assert_eq!(
        bars,
        [
            ("#6".to_owned(), "agreed", "#5", &[0, 1][..]),
            ("#8".to_owned(), "changed", "#7", &[0, 1][..]),
            ("#10".to_owned(), "done", "#5", &[0, 1][..]),
        ]
    );
}

#[test]
fn due_times_stand_where_they_fell() {
    let mut stage = Stage::new();
    let repair = stage.agreed("Repair visit", by(10));
    stage.hours(11);
    stage.act(AMIRA, &Act::Missed { revision: repair, subject: 0, due: BEGIN + 10 * HOUR, note: None });
    let change = stage.act(HOME, &amend(repair, terms("Repair visit", by(30))));
    stage.act(AMIRA, &Act::Accept { revision: change, note: None });
    stage.hours(20);
    let declare = stage.declare(change);
    stage.approve(declare);
    let picture = stage.report().picture;
    let words: Vec<(&str, &str)> = picture.rows[0]
        .columns
        .iter()
        .flat_map(|c| &c.marks)
        .skip(4)
        .map(|m| (m.word.as_str(), m.below.as_str()))
        .collect();
    assert_eq!(
        words,
        [
            ("due #5", "missed"),
            ("missed", "#7"),
            ("proposes", "#8"),
            ("accepts", "#9"),
            ("says done", "#10"),
            ("approves", "#11"),
            ("due #5", "in time"),
        ]
    );
}

#[test]
fn a_time_that_was_changed_before_it_came_is_no_due_time() {
    let mut stage = Stage::new();
    let repair = stage.agreed("Repair visit", by(10));
    let change = stage.act(HOME, &amend(repair, terms("Repair visit", by(30))));
    stage.act(AMIRA, &Act::Accept { revision: change, note: None });
    let picture = stage.report().picture;
    let dues = picture.rows.iter().flat_map(|r| &r.columns).filter(|c| c.entries.is_empty()).count();
    assert_eq!(dues, 1);
    let words: Vec<&str> = picture.rows[0]
        .columns
        .iter()
        .flat_map(|c| &c.marks)
        .filter(|m| m.shape == Shape::Due)
        .map(|m| m.below.as_str())
        .collect();
    assert_eq!(words, ["to come"]);
}

#[test]
fn long_cases_wrap_and_the_table_says_the_same() {
    let mut stage = Stage::new();
    for n in 0..40 {
        stage.act(n % 2, &note(&format!("note {n}")));
    }
    let report = stage.report();
    assert_eq!(report.picture.rows.len(), 4);
    assert!(report.picture.rows.iter().all(|row| row.columns.len() <= 12));
    // Every entry stands in the picture or among those it leaves out, once.
    let shown = report.picture.rows.iter().flat_map(|r| &r.columns).flat_map(|c| &c.entries);
    let all: Vec<&str> = shown.chain(&report.picture.left_out).map(|name| name.shown.as_str()).collect();
    assert_eq!(all.len(), report.entries);
    assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), report.entries);
    let html = stage.html();
    let (tags, _) = read(&html);
    assert_nested(&tags);
    assert_harmless(&tags);
    let count = |name: &str| tags.iter().filter(|t| t.name == name && !t.closes).count();
    assert_eq!(html.matches("class=\"lanes\"").count(), 4);
    assert_eq!(count("desc"), 4, "each part says what it shows");
}

#[test]
fn everything_is_drawn_inside_the_picture() {
    let mut stage =
        Stage::called("T", "A customer with quite a long name of several words", "Donaudampfschifffahrtsgesellschaft");
    for _ in 0..13 {
        let revision = stage.agreed("Report", by(100));
        let declare = stage.declare(revision);
        stage.approve(declare);
    }
    let html = stage.html();
    let (tags, _) = read(&html);
    let mut size = None;
    let number = |tag: &crate::markup::Tag, key: &str| -> Option<f64> {
        tag.attributes.iter().find(|(k, _)| k == key).and_then(|(_, v)| v.parse().ok())
    };
    for tag in &tags {
        if tag.name == "svg" {
            let lanes = tag.attributes.iter().any(|(k, v)| k == "class" && v == "lanes");
            let view = tag.attributes.iter().find(|(k, _)| k == "viewBox").map(|(_, v)| v.clone());
            size = view.filter(|_| lanes && !tag.closes).map(|view| {
                let numbers: Vec<f64> = view.split(' ').map(|n| n.parse().expect("a number")).collect();
                (numbers[2], numbers[3])
            });
        }
        let Some((width, height)) = size else { continue };
        for (keys, most) in [(["x", "x1", "x2"], width), (["y", "y1", "y2"], height)] {
            for value in keys.iter().filter_map(|key| number(tag, key)) {
                assert!((0.0..=most).contains(&value), "{tag:?}");
            }
        }
    }
}

#[test]
fn items_in_a_row_share_a_column() {
    let mut stage = Stage::new();
    for key in ["price", "serial", "bought"] {
        let value = counterpart_core::value::ItemValue::Integer(1);
        stage.act(AMIRA, &Act::Item { key: key.to_owned(), value, label: None, note: None });
    }
    let picture = stage.report().picture;
    let column = picture.rows[0].columns.last().expect("a column");
    assert_eq!((column.marks[0].word.as_str(), column.marks[0].below.as_str()), ("3 items", "#5–7"));
    assert_eq!(column.says.plain(), "states “price”, “serial” and “bought”");
}

#[test]
fn names_that_look_alike_are_told_apart() {
    let stage =
        Stage::called("T", "The Northern Light and Power Company of A", "The Northern Light and Power Company of B");
    let lanes = stage.report().picture.lanes;
    assert_eq!(lanes[0].label[0], lanes[1].label[0]);
    assert_ne!(lanes[0].label, lanes[1].label);
}

#[test]
fn the_two_orders_differ_only_where_clocks_do() {
    let mut stage = Stage::new();
    let repair = stage.agreed("Repair visit", by(10));
    // The supplier's clock is a day behind: what rests on the agreement says that it was before it.
    stage.hours(-24);
    let declare = stage.declare(repair);
    stage.hours(25);
    stage.approve(declare);
    let drawn = |order| Depiction::of(&source(&stage.record, stage.at, None, &[]), order).expect("an opening");
    let names = |picture: &Picture| -> Vec<String> {
        let columns = picture.rows.iter().flat_map(|row| &row.columns);
        columns.filter_map(|c| Some(c.entries.first()?.shown.clone())).collect()
    };
    let (steps, time) = (drawn(Order::Steps), drawn(Order::Time));
    assert_eq!(steps.picture, stage.report().picture, "the report tells it in the order of steps");
    assert_eq!(names(&steps.picture), ["#1", "#4", "#5", "#6", "#7", "#8"]);
    assert_eq!(names(&time.picture), ["#7", "#1", "#4", "#5", "#6", "#8"]);
    assert_eq!(bars(&steps.picture), bars(&time.picture), "what came about by which entry stays");

    assert_eq!(steps.promises.len(), 1, "{:?}", steps.promises);
    let promise = &steps.promises[0];
    let at = |time: &Option<counterpart_report::Time>| time.as_ref().map(|time| time.at);
    assert_eq!((promise.name.shown.as_str(), promise.outcome.word()), ("#5", "kept"));
    assert!(at(&promise.agreed) > Some(promise.from.at), "agreed with the last signature");
    assert!(at(&promise.done) < at(&promise.agreed).map(|at| at - 20 * HOUR), "as its author's clock says");
    assert!(at(&promise.due).is_some());
}
