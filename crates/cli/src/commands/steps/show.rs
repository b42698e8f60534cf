//! The steps of a case, for people.

use counterpart_process::steps::{DatedStep, Standing};
use counterpart_words::steps::{counts, dates, entries, standing as standing_in_words};

use crate::{
    case::OpenCase,
    render::{line, listed, wrapped},
    terminal::{Style, styled},
    when,
};

/// All of them.
pub(super) fn in_words(case: &OpenCase, steps: &[(DatedStep, Standing)], columns: usize) -> String {
    let mut parts: Vec<String> = steps.iter().map(|step| one(case, step, columns)).collect();
    parts.push(wrapped(
        "",
        &styled(Style::Faint, "This is a list of dates, not advice. Check the rules where you live."),
        columns,
    ));
    parts.join("\n\n")
}

fn one(case: &OpenCase, (dated, standing): &(DatedStep, Standing), columns: usize) -> String {
    let step = &dated.step;
    let to = step.to.as_ref().map(|to| format!(", to {}", line(to))).unwrap_or_default();
    let (style, word) = (style(standing), standing_in_words(standing));
    let head = format!("{}{to}", styled(Style::Strong, &line(&step.what)));
    let mut lines = vec![wrapped(&format!("{}  ", step.id), &format!("{head}: {}", styled(style, word)), columns)];
    let mut say = |text: String| lines.push(wrapped("    ", &text, columns));
    if let Some(taken) = &step.taken {
        let by = taken.by.map(|by| format!(", as {} shows", case.entry_name(&by.0))).unwrap_or_default();
        say(format!("taken on {}{by}", when::show(taken.at, case.zone())));
    } else {
        say(counts(case, dated, &format!(": counterpart stamp {}", case.short())));
        if let Some(opens) = dated.opens {
            say(format!("from  {}", dates(case, opens, true)));
        }
        match dated.until {
            Some(until) => say(format!("until {}", dates(case, until, false))),
            None if dated.opens.is_some() => say("until: no end is noted".to_owned()),
            None => {}
        }
    }
    for (n, want) in step.wants.iter().enumerate() {
        let there = entries(case, want);
        let shown = if there.is_empty() {
            styled(Style::Warn, "not found in the case")
        } else {
            styled(Style::Good, &format!("see {}", listed(there.into_iter())))
        };
        let number = n + 1;
        lines.push(wrapped(&format!("    {number}. "), &format!("{}: {shown}", line(&want.what)), columns));
    }
    lines.join("\n")
}

fn style(standing: &Standing) -> Style {
    match standing {
        Standing::Taken => Style::Good,
        Standing::NotNeeded | Standing::Uncounted(_) | Standing::Ahead => Style::Faint,
        Standing::Open => Style::Warn,
        Standing::Over => Style::Bad,
    }
}
