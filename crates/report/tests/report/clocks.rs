//! Service clocks as they stood when the report was made.

use counterpart_core::{
    act::{Act, Mode, Proposal, Role, Subject, Topic},
    value::Seat,
};
use counterpart_process::clocks::{Agreed, Hours, KEY, PAUSE, Said, Which};

use crate::stage::{AMIRA, HOME, Stage};

#[test]
fn clocks_and_pauses_are_told_as_they_stood() {
    let mut stage = Stage::new();
    assert!(!stage.report().html(None).expect("memory").contains("Service clocks"));
    let hours = Hours::read("Europe/London", &["daily 00:00-24:00".to_owned()], &[]).expect("good hours");
    let clocks = vec![(Which::FirstAnswer, 4 * 3600), (Which::Resolution, 40 * 3600)];
    let value = Agreed { by: Role::Supplier, clocks, hours }.value();
    let proposed = stage.act(
        AMIRA,
        &Act::Propose(Proposal {
            subjects: vec![Subject { base: None, topic: Topic::Item { key: KEY.to_owned(), value } }],
            signers: vec![Seat::Number(0), Seat::Number(1)],
            mode: Mode::Firm,
            open_until: None,
            alleged: None,
            note: None,
        }),
    );
    stage.act(HOME, &Act::Accept { revision: proposed, note: None });
    let said = Said::Paused { reason: "<script>which part?</script>".to_owned() };
    stage.act(HOME, &Act::Item { key: PAUSE.to_owned(), value: said.value(), label: None, note: None });
    stage.hours(6);
    let report = stage.report();
    let told: Vec<String> = report.clocks.iter().map(counterpart_report::Words::plain).collect();
    assert!(told[0].starts_with("First answer: late, it was due Wed 3 Jun 2026 22:"), "{told:?}");
    assert_eq!(told[1], "Resolution: stands still with 39 h 59 min left of 40 working hours");
    assert!(told[2].contains("Clocks of HomeBright Ltd, agreed in #5"), "{told:?}");
    assert!(told[3].ends_with("and not ended: \u{201C}<script>which part?</script>\u{201D}"), "{told:?}");
    let page = report.html(None).expect("memory");
    assert!(page.contains("Service clocks, as they stood when this was made") && !page.contains("<script>"));
}
