//! The page to begin with: plain text, for its owner to change.

use counterpart_process::steps::{Basis, DatedStep, Standing};

use crate::{
    case::OpenCase,
    render::{line, listed, wrapped},
    when,
};

/// Columns of the page.
const COLUMNS: usize = 78;

/// Something asked to be shown, and the entries that show it.
pub(super) struct Shown {
    pub(super) what: String,
    pub(super) entries: Vec<String>,
}

/// What the page is made of.
pub(super) struct Cover<'c> {
    pub(super) case: &'c OpenCase,
    pub(super) step: Option<&'c (DatedStep, Standing)>,
    pub(super) wants: &'c [Shown],
    pub(super) dated: &'c [(DatedStep, Standing)],
    pub(super) bundle: &'c str,
    pub(super) sha256: &'c str,
    pub(super) printed: bool,
}

impl Cover<'_> {
    pub(super) fn text(&self) -> String {
        let mut parts = vec![self.head(), self.asked()];
        parts.extend(self.missing());
        parts.extend(self.dates());
        parts.push(self.enclosed());
        parts.push(wrapped(
            "",
            "Put together by its writer from signed records. It says what is in them and what is not; what follows from \
             that is for whoever decides.",
            COLUMNS,
        ));
        format!("{}\n", parts.join("\n\n"))
    }

    fn head(&self) -> String {
        let case = self.case;
        let step = self.step.map(|(dated, _)| &dated.step);
        let to = step.and_then(|step| step.to.as_deref()).map_or_else(|| "[to whom]".to_owned(), line);
        let others: Vec<String> =
            case.seats.iter().filter(|s| !case.is_own_seat(&s.seat)).map(|s| case.seat_label(&s.seat)).collect();
        let mut lines = vec![
            wrapped("To:     ", &to, COLUMNS),
            format!("Date:   {}", when::show_day(case.now, case.zone(), 0)),
            wrapped("About:  ", &format!("{} (case {})", line(&case.title), case.short()), COLUMNS),
            wrapped("With:   ", &listed(others.into_iter()), COLUMNS),
        ];
        if let Some(step) = step {
            lines.push(wrapped("For:    ", &line(&step.what), COLUMNS));
        }
        lines.push(String::new());
        lines.push("[In two or three sentences: what went wrong, and what you ask for.]".to_owned());
        lines.join("\n")
    }

    fn asked(&self) -> String {
        let mut lines = vec!["WHAT IS SHOWN, AND WHERE".to_owned(), String::new()];
        for (number, want) in (1..).zip(self.wants) {
            let at = if want.entries.is_empty() {
                "not in the record".to_owned()
            } else {
                let word = if want.entries.len() == 1 { "entry" } else { "entries" };
                format!("{word} {}", listed(want.entries.iter().cloned()))
            };
            lines.push(wrapped(&format!("{number:>2}. "), &format!("{}: {at}", line(&want.what)), COLUMNS));
        }
        lines.join("\n")
    }

    fn missing(&self) -> Option<String> {
        let missing: Vec<&Shown> = self.wants.iter().filter(|want| want.entries.is_empty()).collect();
        if missing.is_empty() {
            return None;
        }
        let mut lines = vec!["WHAT IS MISSING".to_owned(), String::new()];
        lines.extend(missing.iter().map(|want| {
            wrapped("  - ", &format!("{} [enclose it, or say why it cannot be had]", line(&want.what)), COLUMNS)
        }));
        Some(lines.join("\n"))
    }

    fn dates(&self) -> Option<String> {
        let told: Vec<String> = self.dated.iter().filter_map(|step| self.date(step)).collect();
        (!told.is_empty()).then(|| format!("THE DATES\n\n{}", told.join("\n")))
    }

    fn date(&self, (dated, standing): &(DatedStep, Standing)) -> Option<String> {
        let case = self.case;
        let show = |at: i64| when::show(at, case.zone());
        let what = line(&dated.step.what);
        if let Some(taken) = &dated.step.taken {
            let by = taken.by.map(|by| format!(" (entry {})", case.entry_name(&by.0))).unwrap_or_default();
            return Some(wrapped("  - ", &format!("{what}: done on {}{by}", show(taken.at)), COLUMNS));
        }
        if *standing == Standing::NotNeeded {
            return None;
        }
        let counted = dated.counted.as_ref().ok()?;
        let entry = counted.entry.map(|id| format!(", entry {}", case.entry_name(&id))).unwrap_or_default();
        let proof = match (counted.basis, counted.earliest, counted.latest) {
            (Basis::Agreed, ..) => "agreed by all parties".to_owned(),
            (_, Some(earliest), Some(latest)) => format!("proven between {} and {}", show(earliest), show(latest)),
            (_, None, Some(latest)) => format!("proven not after {}", show(latest)),
            (_, Some(earliest), None) => format!("proven not before {}", show(earliest)),
            (_, None, None) => "by the writer's own word".to_owned(),
        };
        let opens = dated.opens.map(|opens| format!("; from {}", show(opens.at))).unwrap_or_default();
        let until = dated.until.map(|until| format!("; until {}", show(until.safe))).unwrap_or_default();
        let text = format!("{what}: counted from {}{entry} ({proof}){opens}{until}", show(counted.at));
        Some(wrapped("  - ", &text, COLUMNS))
    }

    fn enclosed(&self) -> String {
        let entries = self.case.view().entries;
        let pdf = if self.printed { " and report.pdf" } else { "" };
        let lines = [
            "WHAT IS ENCLOSED".to_owned(),
            String::new(),
            wrapped(
                &format!("  {}  ", self.bundle),
                &format!(
                    "the whole record, {entries} entries with their signatures. Anybody can verify it without a network: counterpart verify {}",
                    self.bundle
                ),
                COLUMNS,
            ),
            wrapped("  SHA-256  ", self.sha256, COLUMNS),
            wrapped(
                &format!("  report.html{pdf}  "),
                "the same for reading; entry numbers such as #4 are those of the report",
                COLUMNS,
            ),
        ];
        lines.join("\n")
    }
}
