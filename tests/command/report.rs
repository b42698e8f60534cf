//! `report`: what it writes, what it refuses, and that a real browser prints it.

use std::{fs, io::Write as _, path::Path, process::Command};

use serde_json::Value;

use crate::home::{Home, succeeded, talk};

/// A case in which something was stated, offered and noted.
fn told() -> (Home, String) {
    let (home, short) = Home::with_case();
    home.ok(&["item", ".", "price", "24.99", "--type", "money:GBP", "-y"]);
    home.ok(&["propose", ".", "Ring Keith with a decision <b>", "--due", "2030-07-08 17:00", "-y"]);
    home.ok(&["call", ".", "They will ring back", "--with", "supplier:Priya", "-y"]);
    (home, short)
}

fn path(home: &Home, name: &str) -> String {
    home.path().join(name).display().to_string()
}

#[test]
fn a_report_is_one_page_that_asks_for_nothing() {
    let (home, short) = told();
    let file = path(&home, "case.html");
    let (printed, said) = home.said(&["report", ".", &file]);
    assert_eq!(printed, file);
    assert!(said.contains("any browser"), "{said}");
    let html = fs::read_to_string(&file).expect("it was written");
    assert!(
        html.contains(&short) && html.contains("£24.99") && html.contains("Ring Keith with a decision &#60;b&#62;")
    );
    for request in ["<script", "<link", "<img", "src=", "http:", "https:", "@import"] {
        assert!(!html.contains(request), "{request}");
    }
    assert!(!html.contains("  size:"), "whatever is in the printer");
    assert_eq!(fs::read_dir(home.path()).expect("a folder").flatten().filter(|e| is_left(&e.path())).count(), 0);
}

/// Whether something was left behind that was only needed while writing.
fn is_left(path: &Path) -> bool {
    path.extension().is_some_and(|e| e == "writing")
}

#[test]
fn nothing_is_written_over_unasked() {
    let (home, _) = told();
    let file = path(&home, "case.html");
    fs::write(&file, "mine").expect("written");
    let said = home.fails(1, &["report", ".", &file]);
    assert!(said.contains("is there already") && said.contains("--force"), "{said}");
    assert_eq!(fs::read_to_string(&file).expect("there"), "mine");
    home.ok(&["report", ".", &file, "--force", "--paper", "letter"]);
    assert!(fs::read_to_string(&file).expect("there").contains("size: letter;"));
}

#[test]
fn the_file_is_named_after_the_case() {
    let (home, short) = told();
    let output = home.command(&["report", "."]).current_dir(home.path()).output().expect("it starts");
    assert_eq!(succeeded(&["report"], output).0, format!("{short}.html"));
    assert!(home.path().join(format!("{short}.html")).is_file());
}

#[test]
fn programs_get_the_data() {
    let (home, short) = told();
    let before = fs::read_dir(home.path()).expect("a folder").count();
    let report = home.json(&["report", "."]);
    assert_eq!(report["schema"], "counterpart/report/1");
    assert_eq!(report["short"], short.as_str());
    assert_eq!(report["file"], Value::Null);
    assert_eq!(fs::read_dir(home.path()).expect("a folder").count(), before, "no file was asked for");
    assert_eq!(report["actions"][0]["action"], "#3");
    assert_eq!(report["actions"][0]["outcome"], "proposed only");
    assert_eq!(report["timeline"][1]["says"], "signed that “price” is £24.99");
    assert_eq!(report["timeline"][1]["grade"], "unilateral");
    assert_eq!(report["items"][0]["stated"][0]["values"][0]["value"], "£24.99");
    assert_eq!(report["contacts"]["each"][0]["summary"], "“They will ring back”");
    let file = path(&home, "both.html");
    let report = home.json(&["report", ".", &file]);
    assert_eq!(report["file"], file.as_str());
    assert!(fs::metadata(&file).is_ok());
}

#[test]
fn what_is_not_to_be_handed_over_stays_out() {
    let (home, _) = told();
    fs::write(home.path().join("letter.txt"), "Pay within seven days").expect("written");
    home.ok(&["attach", ".", &path(&home, "letter.txt"), "-y"]);
    let all = home.json(&["report", "."]);
    assert_eq!(all["files"][0]["held"], true);
    assert!(all.to_string().contains("Priya"));
    let file = path(&home, "case.html");
    let (_, said) = home.said(&["report", ".", &file, "--withhold", "4/person"]);
    assert!(said.contains("Left out: 1 sealed values"), "{said}");
    let html = fs::read_to_string(&file).expect("it was written");
    assert!(!html.contains("Priya") && html.contains("(sealed, its value is not here)"));
    assert!(html.contains("What stands in the sealed values of"), "it is said that something is left out");
    assert!(home.json(&["report", "."]).to_string().contains("Priya"), "the store keeps it");
}

#[test]
fn what_cannot_be_done_says_what_can() {
    let (home, _) = told();
    let file = path(&home, "case.pdf");
    // There is no path in these surroundings, so there is no browser on it.
    let said = home.fails(1, &["report", ".", &file, "--pdf"]);
    assert!(said.contains("no browser") && said.contains("open the HTML in any browser and print it"), "{said}");
    let chosen = |browser: &str, code: i32| {
        let mut command = home.command(&["report", ".", &file, "--pdf"]);
        let output = command.env("COUNTERPART_BROWSER", browser).output().expect("it starts");
        assert_eq!(output.status.code(), Some(code), "{}", talk(&output));
        talk(&output)
    };
    assert!(chosen("/nowhere/chromium", 2).contains("COUNTERPART_BROWSER names /nowhere/chromium"));
    assert!(chosen("/bin/false", 1).contains("did not print the report"));
    assert!(chosen("/bin/true", 1).contains("did not print the report"), "success without a file is none");
    assert!(fs::metadata(&file).is_err(), "nothing was written");
    assert_eq!(fs::read_dir(home.path()).expect("a folder").flatten().filter(|e| is_left(&e.path())).count(), 0);
    home.fails(2, &["report", ".", "--paper", "a5"]);
    home.fails(2, &["report", ".", "--lang", "tlh"]);
    home.fails(2, &["report", "0000"]);
}

/// Where the programs are that the test of printing needs; nothing when they are absent and may be.
fn surroundings() -> Option<std::ffi::OsString> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let here = |name: &str| std::env::split_paths(&path).any(|folder| folder.join(name).is_file());
    let browser = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"].into_iter().any(here);
    if browser && here("pdftotext") && here("pdfinfo") {
        return Some(path);
    }
    let missing = "needs Chromium or Chrome, and pdftotext and pdfinfo (poppler-utils)";
    assert!(std::env::var_os("COUNTERPART_TEST_ALL").is_none(), "this test {missing}");
    // Counted as passed by the runner, so say plainly that nothing was tried.
    drop(writeln!(std::io::stderr(), "skipped: {missing}"));
    None
}

#[test]
fn a_real_browser_prints_numbered_pages() {
    let Some(programs) = surroundings() else { return };
    let (home, short) = told();
    for n in 0..30 {
        home.ok(&["note", ".", &format!("Note number {n}, said so that there is something to turn a page for"), "-qy"]);
    }
    let case = home.json(&["show", "."])["case"]["id"].as_str().expect("an id").to_owned();
    for (paper, size) in [("a4", "(A4)"), ("letter", "(letter)")] {
        // What is in a path must not matter.
        let file = path(&home, &format!("a report # & '{paper}'.pdf"));
        let mut command = home.command(&["report", ".", &file, "--pdf", "--paper", paper]);
        let output = command.env("PATH", &programs).env("HOME", home.path()).output().expect("it starts");
        assert_eq!(succeeded(&["report"], output).0, file);
        let info = run("pdfinfo", &file);
        let line = |label: &str| info.lines().find_map(|l| l.strip_prefix(label)).expect("a line").trim().to_owned();
        let pages: usize = line("Pages:").parse().expect("a number");
        assert!(pages >= 4, "{info}");
        assert!(line("Page size:").contains(size), "{info}");
        assert_eq!(line("Tagged:"), "yes", "a screen reader can follow it");
        let text = run("pdftotext", &file);
        let printed: Vec<&str> = text.split('\u{c}').filter(|page| !page.trim().is_empty()).collect();
        assert_eq!(printed.len(), pages);
        for (n, page) in (1..).zip(printed) {
            assert!(page.contains(&format!("Case {short}")), "page {n}: {page}");
            assert!(page.contains(&case), "page {n}: {page}");
            assert!(page.contains(&format!("Page {n} of {pages}")), "page {n}: {page}");
        }
        assert!(text.contains("Note number 29"));
    }
    assert_eq!(fs::read_dir(home.path()).expect("a folder").flatten().filter(|e| is_left(&e.path())).count(), 0);
}

fn run(program: &str, file: &str) -> String {
    let to = if program == "pdftotext" { vec!["-layout", file, "-"] } else { vec![file] };
    let output = Command::new(program).args(to).output().expect("it starts");
    assert!(output.status.success(), "{}", talk(&output));
    String::from_utf8(output.stdout).expect("text")
}
