//! The assembled document is an ordinary Automerge document: the JavaScript Automerge opens it and finds the same.

use std::{io::Write as _, path::PathBuf, process::Command};

use counterpart_core::{change::actor, record::Record};
use counterpart_node::Desk;
use serde_json::{Value, json};

/// Where `.ci/js` prepared the package; nothing when it is absent and may be.
fn prepared() -> Option<PathBuf> {
    let target = option_env!("CARGO_TARGET_TMPDIR").map(PathBuf::from);
    let folder = target.and_then(|t| Some(t.parent()?.join("js"))).filter(|f| f.join("node_modules").is_dir());
    let node = Command::new("node").arg("--version").output().is_ok_and(|o| o.status.success());
    if let Some(folder) = folder.filter(|_| node) {
        return Some(folder);
    }
    let missing = "needs Node.js, and the package that `.ci/js` installs into the target folder";
    assert!(std::env::var_os("COUNTERPART_TEST_ALL").is_none(), "this test {missing}");
    // Counted as passed by the runner, so say plainly that nothing was tried.
    drop(writeln!(std::io::stderr(), "skipped: {missing}"));
    None
}

#[test]
fn the_javascript_automerge_opens_a_case() {
    let Some(folder) = prepared() else { return };
    let play = tempfile::tempdir().expect("a temporary folder");
    let kept = play.path().join("demo");
    let demo = Command::new(env!("CARGO_BIN_EXE_counterpart"))
        .args(["demo", "--json", "--keep"])
        .arg(&kept)
        .output()
        .expect("the command starts");
    assert!(demo.status.success(), "{}", String::from_utf8_lossy(&demo.stderr));
    let desk = Desk::open(&kept.join("keith")).expect("the demo's home");
    let case = desk.resolve(".").expect("its only case");
    let record = desk.record(&case).expect("the case");
    let document = record.document().expect("a document");
    let file = play.path().join("record.automerge");
    std::fs::write(&file, document.save()).expect("a file");

    let opened = Command::new("node").arg("heads.mjs").arg(&file).current_dir(&folder).output().expect("node starts");
    assert!(opened.status.success(), "{}", String::from_utf8_lossy(&opened.stderr));
    let found: Value = serde_json::from_slice(&opened.stdout).expect("JSON");
    let heads: Vec<String> = document.heads().iter().map(|h| h.to_hex()).collect();
    assert_eq!(found["heads"], json!(heads));
    assert_eq!(found["entries"], json!(expected(&record)));
}

/// Every entry as the document should show it, by actor, then position.
fn expected(record: &Record) -> Vec<Value> {
    let case = record.case().expect("a case");
    let mut entries: Vec<(String, u32, Value)> = record
        .graph()
        .all()
        .map(|ix| {
            let statement = record.graph().statement(ix);
            let bytes = actor(&case, &statement.device);
            let actor = bytes.iter().map(|b| format!("{b:02x}")).collect::<String>();
            let id = record.graph().id(ix).to_hex();
            let seen = json!({
                "id": id, "actor": actor, "seq": statement.seq, "kind": statement.kind, "at": statement.at,
            });
            (actor, statement.seq, seen)
        })
        .collect();
    entries.sort_by(|a, b| (&a.0, a.1).cmp(&(&b.0, b.1)));
    entries.into_iter().map(|(_, _, seen)| seen).collect()
}
