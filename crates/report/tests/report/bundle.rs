//! A report made from an evidence bundle is the one made from the copy that was exported, but for its heading.

use std::collections::BTreeMap;

use counterpart_core::{act::Act, attachment::FileRef, exporter::ExporterWord, seal::PathStep, stamp::KeptStamp};
use counterpart_evidence::{Exporter, Roots, export, open, stamps_over};
use counterpart_report::{Bundle, Report, Source};

use crate::{
    stage::{AMIRA, HOME, Stage, by, call, due_instant, note, source},
    stamps::{over, roots},
};

const FILE: &[u8] = b"Pay within seven days";

/// A case with agreements, contacts, a file, something erased, receipts, and a time stamp.
fn rich() -> (Stage, KeptStamp) {
    let mut stage = Stage::new();
    let called = stage.act(AMIRA, &call("They will ring back"));
    let FileRef { sha256, size } = FileRef::of(FILE);
    let size = i64::try_from(size).expect("small");
    let name = crate::stage::open("letter.txt");
    stage.act(AMIRA, &Act::Attach { sha256, size, name, media: None, about: Some(called) });
    // Another size for the same bytes: no file is that.
    let name = crate::stage::open("other.txt");
    stage.act(HOME, &Act::Attach { sha256, size: size + 1, name, media: None, about: None });
    let repair = stage.agreed("Repair visit", by(10));
    let stamp = over(&stage.record, "20260603170930Z");
    stage.act(AMIRA, &note("The parts came today"));
    stage.receive(HOME);
    let declare = stage.declare(repair);
    stage.receive(AMIRA);
    stage.approve(declare);
    let path = vec![PathStep::Key("person".to_owned())];
    stage.act(AMIRA, &Act::Erased { entry: called, path: path.clone(), reason: None });
    stage.record.forget_value(&called, &path);
    stage.record.set_files([FileRef::of(FILE)]);
    (stage, stamp)
}

fn bundle(stage: &Stage, stamp: &KeptStamp) -> Vec<u8> {
    let party = &stage.parties[AMIRA];
    let sign = |word: &ExporterWord| word.sign(&party.devices[0].key);
    let exporter = Exporter { author: party.author(0), sign: &sign };
    let files = BTreeMap::from([(FileRef::of(FILE).sha256, FILE.to_vec())]);
    export(&stage.record, stage.at, &exporter, &files, std::slice::from_ref(stamp)).expect("a good record")
}

/// The page made from the copy, and that made from the file; each with its report.
fn both(stage: &Stage, stamp: &KeptStamp, roots: Option<&Roots>) -> [(Report, String); 2] {
    let made_at = stage.at + 60_000;
    let holder = Some(stage.parties[AMIRA].id);
    let stamps = stamps_over(&stage.record, [stamp.clone()], roots);
    let own = Report::of(&source(&stage.record, made_at, holder, &stamps)).expect("an opening");

    let bytes = bundle(stage, stamp);
    let opened = open(&bytes, roots, &|_, _| {}).expect("a good bundle");
    let FileRef { sha256, size } = FileRef::of(&bytes);
    let file = Bundle {
        name: "case.zip".to_owned(),
        sha256,
        size,
        exporter: opened.verdict.exporter.party,
        device: opened.verdict.exporter.device,
        exported_at: opened.verdict.exported_at,
    };
    let source = Source {
        record: &opened.record,
        made_at,
        holder: Some(opened.verdict.exporter.party),
        bundle: Some(&file),
        stamps: &opened.stamps,
        due: &due_instant,
    };
    let given = Report::of(&source).expect("an opening");
    [own, given].map(|report| {
        let html = report.html(None).expect("memory");
        (report, html)
    })
}

#[test]
fn both_ways_give_the_same_page_but_for_the_heading() {
    let (stage, stamp) = rich();
    for roots in [None, Some(&roots())] {
        let [(own, page), (given, from_file)] = both(&stage, &stamp, roots);
        assert!(own.bundle.is_none());
        let file = given.bundle.as_ref().expect("a file");
        let begin = from_file.find("\n<div class=\"box from\">").expect("the heading");
        let (before, rest) = from_file.split_at(begin);
        let (heading, after) = rest.split_at(rest.find("</div>").expect("it ends") + "</div>".len());
        assert_eq!(page, format!("{before}{after}"));
        for said in [
            "case.zip",
            file.sha256.as_str(),
            "bundle</strong> that <bdi>Amira</bdi> exported on ",
            file.device.as_str(),
        ] {
            assert!(heading.contains(said), "{said}: {heading}");
        }
        assert_eq!(given.files.iter().map(|f| f.held).collect::<Vec<_>>(), [true, false]);
        assert_eq!(given.beside[0].word(), "erased");
        assert_eq!(given.stamps[0].standing, if roots.is_some() { "valid" } else { "unchecked" });
        assert_eq!(given.timeline.iter().any(|line| line.proven.stamped()), roots.is_some());
    }
}

#[test]
fn nothing_is_made_of_a_file_that_does_not_hold() {
    let (stage, stamp) = rich();
    let good = bundle(&stage, &stamp);
    for at in (0..good.len()).step_by(good.len() / 60) {
        let mut altered = good.clone();
        altered[at] ^= 1;
        assert!(open(&altered, None, &|_, _| {}).is_err(), "byte {at}");
    }
}

#[test]
fn what_was_left_out_of_the_file_is_told() {
    let (mut stage, stamp) = rich();
    stage.act(AMIRA, &note("More"));
    let called = stage.record.graph().nth(4).map(|ix| stage.record.graph().id(ix)).expect("the call");
    stage.record.forget_value(&called, &[PathStep::Key("number".to_owned())]);
    let [_, (given, page)] = both(&stage, &stamp, None);
    assert!(!page.contains("0113 496 0123") && page.contains("(sealed, its value is not here)"));
    assert!(given.beside.iter().any(|one| one.place == "the number" && one.word() == "not here"));
}
