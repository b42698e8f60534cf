//! The log of a case: every entry in the order all copies agree on, those without effect with the reason.

use counterpart_core::{
    act::Act,
    fold::Verdict,
    graph::Ix,
    id::{DeviceKey, EntryId, PartyId},
    view::{Grade, Held},
};

use super::{Speech, layout::width, padded, sentence, wrapped};
use crate::{
    case::OpenCase,
    stamped::Proof,
    style::{Style, styled},
    when,
};

/// One entry, told.
#[derive(Debug, Clone)]
pub struct LogLine {
    pub name: String,
    pub id: EntryId,
    /// Claimed time, Unix milliseconds.
    pub at: i64,
    pub party: PartyId,
    pub device: DeviceKey,
    /// What this home calls the one of its own devices or agents that signed.
    pub agent: Option<String>,
    pub kind: String,
    pub text: String,
    pub verdict: Verdict,
    pub grade: Grade,
    /// No other party holds it but by a mailbox.
    pub at_mailbox: bool,
    /// The later proposal by which its author took another position in its place.
    pub replaced_by: Option<String>,
    /// What a time stamp proves of it.
    pub time_proven: Option<Proof>,
    /// What lies beside it: whether a file is here, who erased what.
    pub beside: Vec<String>,
}

impl LogLine {
    /// Whether it takes effect, as JSON has it.
    pub fn effect(&self) -> &'static str {
        match self.verdict {
            Verdict::Effective => "effective",
            Verdict::Without(_) => "without effect",
            Verdict::NotJudged => "not judged",
        }
    }

    /// How far it is shared, in a word or a few.
    fn shared(&self) -> &'static str {
        match self.grade {
            Grade::Delivered if self.at_mailbox => "stored by a mailbox",
            grade => grade.as_str(),
        }
    }

    /// Why it takes no effect.
    pub fn reason(&self) -> Option<String> {
        match &self.verdict {
            Verdict::Without(reason) => Some(reason.to_string()),
            Verdict::Effective | Verdict::NotJudged => None,
        }
    }
}

/// All entries, told; causes come first.
pub fn log_lines(case: &OpenCase) -> Vec<LogLine> {
    told(case, case.record.grades())
}

/// These entries, told.
pub fn log_lines_of(case: &OpenCase, entries: &[Ix]) -> Vec<LogLine> {
    told(case, entries.iter().copied().zip(case.record.grades_of(entries)).collect())
}

fn told(case: &OpenCase, entries: Vec<(Ix, Grade)>) -> Vec<LogLine> {
    let speech = Speech::of_case(case);
    let graph = case.record.graph();
    let held = case.record.held_by_others(&entries.iter().map(|(ix, _)| *ix).collect::<Vec<Ix>>());
    let one = |((ix, grade), held)| {
        let statement = graph.statement(ix);
        let id = graph.id(ix);
        LogLine {
            name: case.entry_name(&id),
            id,
            at: statement.at,
            party: statement.party,
            device: statement.device,
            agent: case.devices.get(&statement.device).filter(|_| statement.party == case.own).cloned(),
            kind: statement.kind.clone(),
            text: sentence(&speech.telling(ix), &case.party_label(&statement.party), &case.record.laid_open(ix)),
            verdict: case.record.fold().verdict(ix).clone(),
            grade,
            at_mailbox: held == Held::Mailbox,
            replaced_by: replaced_by(case, ix).map(|ix| case.entry_name(&graph.id(ix))),
            time_proven: case.stamps.over(ix).cloned(),
            beside: super::beside(case, ix, &super::files_of(case, ix, &[])),
        }
    };
    entries.into_iter().zip(held).map(one).collect()
}

/// The later proposal of the same side that closed a proposal which nobody else had answered.
fn replaced_by(case: &OpenCase, ix: Ix) -> Option<Ix> {
    let (graph, lens) = (case.record.graph(), case.lens());
    case.record.fold().proposal(ix).filter(|_| lens.has(ix) && !lens.fully_signed(ix))?;
    let by = lens.closing(ix)?.by();
    let proposes = matches!(lens.fold().act(by), Act::Propose(_) | Act::Counter { .. });
    (proposes && graph.statement(by).party == graph.statement(ix).party).then_some(by)
}

/// The log for so many columns.
pub fn write_log(case: &OpenCase, lines: &[LogLine], columns: usize) -> String {
    let names = lines.iter().map(|l| width(&l.name)).max().unwrap_or(0);
    let times: Vec<String> = lines.iter().map(|l| when::show_short(l.at, case.zone(), case.now)).collect();
    let time_width = times.iter().map(|t| width(t)).max().unwrap_or(0);
    let one = |(l, time): (&LogLine, &String)| {
        let first = format!("{}  {}  ", padded(&l.name, names), padded(time, time_width));
        let plus = if l.time_proven.is_some() { ", time-proven" } else { "" };
        let instead = l.replaced_by.as_ref().map_or_else(String::new, |by| format!(", replaced by {by}"));
        let by = l.agent.as_ref().map_or_else(String::new, |agent| format!(", signed by {}", super::line(agent)));
        let mut text = wrapped(&first, &format!("{} [{}{instead}{plus}{by}]", l.text, l.shared()), columns);
        let margin = " ".repeat(width(&first));
        if let Some(proof) = &l.time_proven {
            text.push('\n');
            text.push_str(&wrapped(&margin, &styled(Style::Faint, &proof.in_words(case)), columns));
        }
        let remark = match &l.verdict {
            Verdict::Effective => None,
            Verdict::Without(reason) => Some(format!("without effect, because {reason}")),
            Verdict::NotJudged => Some("not judged by this version of the program".to_owned()),
        };
        for told in &l.beside {
            text.push('\n');
            text.push_str(&wrapped(&margin, &styled(Style::Faint, told), columns));
        }
        if let Some(remark) = remark {
            text.push('\n');
            text.push_str(&wrapped(&margin, &styled(Style::Warn, &remark), columns));
        }
        text
    };
    lines.iter().zip(&times).map(one).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{Two, open};

    #[test]
    fn every_entry_is_told_in_a_sentence() {
        let mut two = Two::new();
        let first = two.propose(0, "Mend the pipe");
        let counter = two.counter(1, first, "Mend the pipe on Monday");
        two.accept(0, counter);
        let declare = two.act(1, &Act::Declare { revision: counter, subject: 0, note: None, evidence: vec![first] });
        two.act(0, &Act::Approve { declare, note: Some(open("well done")) });
        two.act(1, &Act::Contest { entry: first, reason: open("not\nso") });
        let case = two.seen_by(0);
        let told: Vec<String> = log_lines(&case).into_iter().skip(4).map(|l| l.text).collect();
        assert_eq!(
            told,
            [
                "party 0 proposes: party 1: Mend the pipe",
                "party 1 answers #5 with: what: Mend the pipe → Mend the pipe on Monday",
                "party 0 accepts #6",
                "party 1 declares #5 (as changed in #6) done, showing #5",
                "party 0 approves the result declared in #8: well done",
                "party 1 contests #5: not / so",
            ]
        );
        assert!(log_lines(&case).iter().all(|line| line.replaced_by.is_none()), "what was answered was not replaced");
        let written = write_log(&case, &log_lines(&case), 80);
        assert!(written.contains("[agreed]") && written.lines().all(|l| width(l) <= 80), "{written}");
    }

    /// Whoever means "and also" and loses what was offered before sees which entry took its place.
    #[test]
    fn what_its_author_replaced_says_by_which_entry() {
        let mut two = Two::new();
        let agreed = two.propose(0, "Mend the pipe");
        two.accept(1, agreed);
        two.amend(0, agreed, agreed, "Mend it on Monday");
        two.amend(0, agreed, agreed, "Mend it for nothing");
        let case = two.seen_by(0);
        let lines = log_lines(&case);
        let by: Vec<Option<&str>> = lines.iter().skip(4).map(|line| line.replaced_by.as_deref()).collect();
        assert_eq!(by, [None, None, Some("#8"), None]);
        assert!(write_log(&case, &lines, 200).contains(", replaced by #8]"));
    }
}
