//! What people who had not seen the pages before stumbled over.

use counterpart_core::act::Act;

use crate::{served::Served, two::Two};

fn get(served: &Served, path: &str) -> String {
    let answer = served.client().get(path, &[("Cookie", &served.let_in())]);
    assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    answer.text().to_owned()
}

#[test]
fn a_request_about_an_agreement_shows_the_terms_that_apply_now() {
    let mut two = Two::new();
    let first = two.propose(0, "Mend the pipe by Monday", None);
    two.accept(1, first);
    let changed = two.amend(1, first, first, "Mend the pipe by Friday");
    two.accept(0, changed);
    let declare = two.declare(1, changed);
    two.act(0, &Act::Approve { declare, note: None });
    let path = two.path();
    let served = two.serve();
    let form = get(&served, &format!("{path}/do/reopen?about=5"));
    assert!(form.contains("Mend the pipe by Friday"), "{form}");
    // Every result is approved: what is left is to thank and to close.
    let page = get(&served, &path);
    assert!(page.contains("Nothing is left to be done here"), "{page}");
}

#[test]
fn every_page_says_whose_clock_its_times_are_by() {
    let two = Two::new();
    let path = two.path();
    let served = two.serve();
    let zone = counterpart_words::when::system_zone();
    let today = get(&served, "/");
    let foot = today.split_once("<footer").expect("a foot").1;
    assert!(foot.contains("by the clock of") && foot.contains(&zone), "{foot}");
    for end in ["", "/record", "/people", "/do/note"] {
        let page = get(&served, &format!("{path}{end}"));
        let foot = page.split_once("<footer").expect("a foot").1;
        assert!(foot.contains("as everywhere in this case"), "{end}: {foot}");
    }
}

#[test]
fn the_sheet_is_printed_on_its_page_and_a_followed_case_is_one_click_away() {
    let two = Two::new();
    let (path, case) = (two.path(), two.case.to_hex());
    let served = two.serve();
    let today = get(&served, "/");
    assert!(today.contains("href=\"/settings/sheet\""), "{today}");
    assert!(!today.contains("recovery-sheet.txt"), "no path of this machine: {today}");
    let agents = get(&served, &format!("/agents?followed={case}"));
    assert!(agents.contains(&format!("href=\"{path}\"")), "{agents}");
}
