//! Times on a page: an element that says the instant to programs, and the time in a zone to people.

use std::fmt;

use askama::filters::HtmlSafe;
use jiff::{Timestamp, tz::TimeZone};

/// An instant, in Unix milliseconds, shown in this machine's zone. The script shows it in the reader's where that is
/// another.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment(pub(crate) i64);

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Ok(at) = Timestamp::from_millisecond(self.0) else { return f.write_str("?") };
        let zoned = at.to_zoned(TimeZone::system());
        let exact = at.strftime("%Y-%m-%dT%H:%M:%SZ");
        let offset = zoned.offset().seconds() / 60;
        let shown = zoned.strftime("%-d %b %Y, %H:%M %Z");
        write!(f, "<time datetime=\"{exact}\" data-offset=\"{offset}\">{shown}</time>")
    }
}

// Digits, names of months and the zone's short name from the system's table, of letters and digits.
impl HtmlSafe for Moment {}
