//! What is said of a contact by options.

use counterpart_node::now;
use counterpart_process::call::Draft;
use counterpart_words::contact::steps;
pub(in crate::commands) use counterpart_words::contact::waited;

use super::promised::Promised;
use crate::error::{CommandError, Done};

/// What is noted of any contact.
#[derive(Debug, clap::Args)]
pub(crate) struct Said {
    /// The case: its short form, or . for your only one, which need not be said
    #[arg(value_name = "CASE")]
    case: Option<String>,
    /// What was said, in your words; left out, short questions are asked
    summary: Option<String>,
    /// With whom: the person's name, a seat, or a person there as "supplier:Priya"
    #[arg(long, value_name = "WHO")]
    with: Option<String>,
    /// What that person does there, such as "customer care"
    #[arg(long, value_name = "TEXT")]
    role: Option<String>,
    /// That person's direct line: kept in your notebook, not in the case
    #[arg(long, value_name = "NUMBER")]
    line: Option<String>,
    /// They got in touch with you, not you with them
    #[arg(long = "in")]
    incoming: bool,
    /// When it began: "today 10:15", "20 minutes ago" [default: now, less the minutes it took]
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// How many minutes it took
    #[arg(long, value_name = "COUNT")]
    minutes: Option<u32>,
    /// How long you waited before somebody answered: minutes, or such as "90 s"
    #[arg(long, value_name = "LENGTH", visible_alias = "hold", value_parser = waited)]
    waited: Option<u32>,
    /// Their number or address; kept beside the record, so that it can be erased later
    #[arg(long, value_name = "TEXT")]
    number: Option<String>,
    /// The reference they gave you
    #[arg(long, value_name = "TEXT")]
    reference: Option<String>,
    /// A step through their telephone menu: "2 billing", "wait 40 s", "say complaint"; repeat in order, or part by commas
    #[arg(long, value_name = "STEP")]
    menu: Vec<String>,
    #[command(flatten)]
    promised: Promised,
}

impl Said {
    /// The case and the summary: a single text with a space in it is what was said.
    pub(super) fn case_and_summary(&self) -> (Option<&str>, Option<&str>) {
        match (self.case.as_deref(), self.summary.as_deref()) {
            (Some(only), None) if only.trim().contains(char::is_whitespace) => (None, Some(only)),
            given => given,
        }
    }

    /// What was given, as answers.
    pub(super) fn draft(&self, channel: &str, summary: Option<&str>) -> Done<Draft> {
        if self.with.is_none() && (self.role.is_some() || self.line.is_some()) && summary.is_some() {
            return Err(CommandError::usage("a role or direct line is somebody's: say whose").hint("--with \"Dean\""));
        }
        Ok(Draft {
            channel: channel.to_owned(),
            incoming: self.incoming,
            begun: now(),
            at: self.at.clone(),
            minutes: self.minutes,
            number: self.number.clone(),
            menu: self.menu.iter().flat_map(|text| steps(text)).collect(),
            waited: self.waited,
            person: self.with.clone(),
            role: self.role.clone(),
            line: self.line.clone(),
            reference: self.reference.clone(),
            summary: summary.map(str::to_owned),
            promises: self.promised.promises()?,
            ..Draft::default()
        })
    }
}

/// What was kept, with what is given now in its place.
pub(super) fn over(kept: Draft, given: Draft) -> Draft {
    let menu = if given.menu.is_empty() { kept.menu } else { given.menu };
    Draft {
        channel: kept.channel,
        incoming: kept.incoming || given.incoming,
        // What was kept is written out; what is given now counts from now.
        begun: given.begun,
        at: given.at.or(kept.at),
        minutes: given.minutes.or(kept.minutes),
        number: given.number.or(kept.number),
        menu,
        waited: given.waited.or(kept.waited),
        person: given.person.or(kept.person),
        role: given.role.or(kept.role),
        line: given.line.or(kept.line),
        reference: given.reference.or(kept.reference),
        summary: given.summary.or(kept.summary),
        promises: kept.promises.into_iter().chain(given.promises).collect(),
        passed: kept.passed,
    }
}
