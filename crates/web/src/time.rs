//! Times on a page: an element that says the instant to programs, and the time in a zone to people.
//!
//! How times are put is the words' crate's to say, in English. Here its days, months and units are said in the reader's
//! language; what is signed or shown as an exact text never comes this way.

use std::fmt;

use askama::filters::{Escaper as _, Html, HtmlSafe};
use counterpart_words::when;
use jiff::{Timestamp, tz::TimeZone};

use crate::language::Language;

/// As the words' crate abbreviates them; a language's own stand in the same order under `time.names`.
const NAMES: [&str; 19] = [
    "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun", "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep",
    "Oct", "Nov", "Dec",
];
/// Which of them are months.
const MONTHS: usize = 7;

/// An instant, in Unix milliseconds, shown in this machine's zone. The script shows it in the reader's where that is
/// another.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment(pub(crate) i64);

impl Moment {
    pub(crate) fn shown(self, language: &Language) -> Dated {
        let Ok(at) = Timestamp::from_millisecond(self.0) else { return Dated("?".to_owned()) };
        let zoned = at.to_zoned(TimeZone::system());
        let exact = at.strftime("%Y-%m-%dT%H:%M:%SZ");
        let offset = zoned.offset().seconds() / 60;
        let mut out = format!("<time datetime=\"{exact}\" data-offset=\"{offset}\">");
        let shown = named(language, &zoned.strftime("%-d %b %Y, %H:%M %Z").to_string());
        let to_memory = Html.write_escaped_str(&mut out, &shown);
        to_memory.expect("writing to memory does not fail");
        out.push_str("</time>");
        Dated(out)
    }
}

/// A moment, ready for a page.
#[derive(Debug, Clone)]
pub(crate) struct Dated(String);

impl fmt::Display for Dated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

// Digits, and words that are escaped above.
impl HtmlSafe for Dated {}

/// An instant as people of a zone read it: "Wed 8 Jul 2026 17:00 BST".
pub(crate) fn show(language: &Language, at: i64, zone: &str) -> String {
    named(language, &when::show(at, zone))
}

/// The same, short: "8 Jul 17:00".
pub(crate) fn show_short(language: &Language, at: i64, zone: &str, now: i64) -> String {
    named(language, &when::show_short(at, zone, now))
}

/// "in 3 days" or "overdue by 2 hours".
pub(crate) fn distance(language: &Language, at: i64, now: i64) -> String {
    counted(language, if at >= now { "time.in" } else { "time.over" }, at.abs_diff(now) / 1000)
}

/// "5 minutes".
pub(crate) fn lasting(language: &Language, seconds: u64) -> String {
    counted(language, "time.lasting", seconds)
}

/// "5 minutes ago".
pub(crate) fn ago(language: &Language, seconds: u64) -> String {
    counted(language, "time.ago", seconds)
}

/// A length of time in its largest fitting unit, as one of the sentences of which there is one for each unit.
fn counted(language: &Language, key: &str, seconds: u64) -> String {
    let whole = when::lasting(seconds);
    let parsed = whole.split_once(' ').and_then(|(n, unit)| Some((n.parse().ok()?, unit.trim_end_matches('s'))));
    parsed.map_or_else(|| whole.clone(), |(n, unit)| language.count(&format!("{key}.{unit}"), n))
}

/// A time of the words' crate with the names of its days and months in a language.
pub(crate) fn named(language: &Language, shown: &str) -> String {
    let own: Vec<&str> = language.say("time.names").split(' ').collect();
    let place = |word: &str| NAMES.iter().position(|name| *name == word);
    let words: Vec<&str> = shown.split(' ').collect();
    let one = |(n, word): (usize, &&str)| {
        let month_follows = words.get(n + 1).and_then(|next| place(next)).is_some_and(|at| at >= MONTHS);
        match place(word).and_then(|at| own.get(at)) {
            Some(name) => (*name).to_owned(),
            None if month_follows => language.fill("time.day", &[("n", word)]),
            None => (*word).to_owned(),
        }
    };
    words.iter().enumerate().map(one).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::accepted;

    const AT: i64 = 1_783_526_400_000;

    #[test]
    fn times_are_said_in_the_language_of_the_page() {
        let (english, german) = (accepted(None), accepted(Some("de")));
        assert_eq!(show(english, AT, "Europe/London"), "Wed 8 Jul 2026 17:00 BST");
        assert_eq!(show(german, AT, "Europe/London"), "Mi. 8. Juli 2026 17:00 BST");
        assert_eq!(show_short(german, AT, "UTC", AT), "8. Juli 16:00");
        assert_eq!(distance(english, AT, AT + 7_200_000), "overdue by 2 hours");
        assert_eq!(distance(german, AT + 259_200_000, AT), "in 3 Tagen");
        assert_eq!(lasting(german, 60), "1 Minute");
        assert_eq!(ago(german, 172_800), "vor 2 Tagen");
        // In English they read as the words' crate puts them.
        for seconds in [1, 59, 60, 120, 7_200, 172_800] {
            let far = i64::try_from(seconds).expect("small") * 1000;
            assert_eq!(lasting(english, seconds), when::lasting(seconds));
            assert_eq!(distance(english, AT + far, AT), when::distance(AT + far, AT));
            assert_eq!(distance(english, AT - far, AT), when::distance(AT - far, AT));
        }
        for month in 0..12 {
            let at = AT + month * 30 * 86_400_000;
            assert_eq!(show(english, at, "UTC"), when::show(at, "UTC"));
        }
    }

    #[test]
    fn every_language_names_all_days_and_months() {
        for (tag, _) in crate::language::all() {
            let language = accepted(Some(tag));
            assert_eq!(language.say("time.names").split(' ').count(), NAMES.len(), "{tag}");
        }
    }
}
