//! Service clocks on the overview: a line each, in the reader's language.

use counterpart_process::clocks::{Clock, Clocks, Standing, Which, length};
use counterpart_words::{case::OpenCase, clocks};

use super::{CaseHead, moves::entry_page};
use crate::{language::Language, time};

/// One clock.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) name: &'static str,
    pub(super) text: String,
    /// Tone, sign, word, where it presses.
    pub(super) badge: Option<(&'static str, &'static str, &'static str)>,
}

/// The clocks of a case.
#[derive(Debug)]
pub(super) struct ClocksShown {
    /// The agreement, and its page.
    pub(super) name: String,
    pub(super) page: String,
    pub(super) lines: Vec<Line>,
    /// Whoever stopped them, in which entry, its page, and why.
    pub(super) stopped: Option<(String, String, String, String)>,
    /// They cannot be counted.
    pub(super) unread: bool,
}

impl ClocksShown {
    /// Nothing where none are agreed.
    pub(super) fn of(language: &'static Language, head: &CaseHead, case: &OpenCase) -> Option<Self> {
        let named = |id| {
            let name = case.entry_name(id);
            (entry_page(head, &name), name)
        };
        let clocks = match clocks::of(case)? {
            Ok(clocks) => clocks,
            Err((entry, _)) => {
                let (page, name) = named(&entry);
                return Some(Self { name, page, lines: Vec::new(), stopped: None, unread: true });
            }
        };
        let (page, name) = named(&clocks.agreement);
        let stopped = clocks.standing_still().map(|pause| {
            let author = case.record.graph().find(&pause.entry).map(|ix| case.record.graph().statement(ix).party);
            let who = author.map(|party| case.party_label(&party)).unwrap_or_default();
            let (page, name) = named(&pause.entry);
            (who, page, name, super::cut(&pause.reason, super::TOLD))
        });
        let lines = clocks.clocks.iter().map(|clock| line(language, case, &clocks, clock)).collect();
        Some(Self { name, page, lines, stopped, unread: false })
    }
}

fn line(language: &'static Language, case: &OpenCase, clocks: &Clocks, clock: &Clock) -> Line {
    let name = language.say(match clock.which {
        Which::FirstAnswer => "clocks.first-answer",
        Which::NextUpdate => "clocks.next-update",
        Which::Resolution => "clocks.resolution",
    });
    let at = |at: i64| time::show(language, at, &clocks.agreed.hours.zone);
    let until = clock.until.map_or_else(|| language.say("clocks.far").to_owned(), at);
    let (met, by) = clock.met.as_ref().map_or_else(Default::default, |(when, by)| (at(*when), case.entry_name(by)));
    let (left, over, whole) = (length(clock.left), length(clock.over), working(language, clock.within));
    let text = match clock.standing {
        Standing::NotBegun => language.fill("clocks.not_begun", &[("whole", &whole)]),
        Standing::Running => language.fill("clocks.running", &[("left", &left), ("whole", &whole), ("until", &until)]),
        Standing::Paused => language.fill("clocks.paused", &[("left", &left), ("whole", &whole)]),
        Standing::Late => language.fill("clocks.late", &[("until", &until), ("over", &over)]),
        Standing::Met => language.fill("clocks.met", &[("name", &by), ("at", &met), ("whole", &whole)]),
        Standing::MetLate => {
            language.fill("clocks.met_late", &[("over", &over), ("until", &until), ("name", &by), ("at", &met)])
        }
        Standing::Ended => language.say("clocks.ended").to_owned(),
    };
    let text = match clock.before {
        (0, 0) => text,
        (in_time, late) => {
            let (in_time, late) = (in_time.to_string(), late.to_string());
            language.fill("clocks.before", &[("text", &text), ("in_time", &in_time), ("late", &late)])
        }
    };
    let badge = match clock.standing {
        Standing::Late => Some(("bad", "late", language.say("case.late"))),
        _ => None,
    };
    Line { name, text, badge }
}

/// "8 working hours".
fn working(language: &Language, seconds: u64) -> String {
    if seconds.is_multiple_of(3600) {
        language.count("clocks.hours", seconds / 3600)
    } else {
        language.count("clocks.minutes", seconds / 60)
    }
}
