//! Public holidays of some countries, by their law as it stood when the data were made; and a person's own list.
//!
//! The data are files in `holidays`, made from the Python package of that name by `generate.py` there.

use std::{collections::BTreeMap, fmt, sync::OnceLock};

use jiff::civil::Date;

/// The first and the last year that the data reach.
pub const YEARS: (i16, i16) = (2024, 2035);

/// How many days a person's own list may hold.
const MOST_OWN: usize = 2000;

const FILES: &[(&str, &str)] = &[
    ("AT", include_str!("../holidays/AT.txt")),
    ("BE", include_str!("../holidays/BE.txt")),
    ("CH", include_str!("../holidays/CH.txt")),
    ("DE", include_str!("../holidays/DE.txt")),
    ("DK", include_str!("../holidays/DK.txt")),
    ("ES", include_str!("../holidays/ES.txt")),
    ("FI", include_str!("../holidays/FI.txt")),
    ("FR", include_str!("../holidays/FR.txt")),
    ("GB", include_str!("../holidays/GB.txt")),
    ("IE", include_str!("../holidays/IE.txt")),
    ("IT", include_str!("../holidays/IT.txt")),
    ("LU", include_str!("../holidays/LU.txt")),
    ("NL", include_str!("../holidays/NL.txt")),
    ("NO", include_str!("../holidays/NO.txt")),
    ("PL", include_str!("../holidays/PL.txt")),
    ("PT", include_str!("../holidays/PT.txt")),
    ("SE", include_str!("../holidays/SE.txt")),
    ("US", include_str!("../holidays/US.txt")),
];

/// Zones whose country is clear; a guess that a person can correct.
const ZONES: &[(&str, &str)] = &[
    ("Africa/Ceuta", "ES"),
    ("America/Anchorage", "US"),
    ("America/Boise", "US"),
    ("America/Chicago", "US"),
    ("America/Denver", "US"),
    ("America/Detroit", "US"),
    ("America/Indiana/", "US"),
    ("America/Juneau", "US"),
    ("America/Kentucky/", "US"),
    ("America/Los_Angeles", "US"),
    ("America/Menominee", "US"),
    ("America/New_York", "US"),
    ("America/North_Dakota/", "US"),
    ("America/Phoenix", "US"),
    ("Atlantic/Azores", "PT"),
    ("Atlantic/Canary", "ES"),
    ("Atlantic/Madeira", "PT"),
    ("Europe/Amsterdam", "NL"),
    ("Europe/Belfast", "GB-NIR"),
    ("Europe/Berlin", "DE"),
    ("Europe/Brussels", "BE"),
    ("Europe/Busingen", "DE"),
    ("Europe/Copenhagen", "DK"),
    ("Europe/Dublin", "IE"),
    ("Europe/Helsinki", "FI"),
    ("Europe/Lisbon", "PT"),
    ("Europe/London", "GB-ENG"),
    ("Europe/Luxembourg", "LU"),
    ("Europe/Madrid", "ES"),
    ("Europe/Oslo", "NO"),
    ("Europe/Paris", "FR"),
    ("Europe/Rome", "IT"),
    ("Europe/Stockholm", "SE"),
    ("Europe/Vienna", "AT"),
    ("Europe/Warsaw", "PL"),
    ("Europe/Zurich", "CH"),
    ("Pacific/Honolulu", "US"),
    ("US/", "US"),
];

/// A country, or a part of one that has days of its own: DE, DE-BY, GB-SCT.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Region {
    country: &'static str,
    part: Option<&'static str>,
}

/// There are no data for that.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "no holidays are known for '{0}': known are {known}. For elsewhere write `none` and a list of your own days",
    known = Region::all().join(", ")
)]
pub struct UnknownRegion(pub String);

impl Region {
    /// Reads "DE-BY", "gb-sct", "FR".
    ///
    /// # Errors
    /// When there are no data for it.
    pub fn parse(text: &str) -> Result<Self, UnknownRegion> {
        let unknown = || UnknownRegion(text.trim().to_owned());
        let upper = text.trim().to_uppercase();
        let (country, part) = match upper.split_once('-') {
            Some((country, part)) => (country, Some(part)),
            None => (upper.as_str(), None),
        };
        let (country, _) = FILES.iter().find(|(code, _)| *code == country).ok_or_else(unknown)?;
        let part = match part {
            None => None,
            Some(part) => Some(*parts(country).iter().find(|known| **known == part).ok_or_else(unknown)?),
        };
        Ok(Self { country, part })
    }

    /// The country that a time zone is in, where that is clear.
    #[must_use]
    pub fn of_zone(zone: &str) -> Option<Self> {
        let named = |name: &str| if name.ends_with('/') { zone.starts_with(name) } else { zone == name };
        let (_, region) = ZONES.iter().find(|(name, _)| named(name))?;
        Self::parse(region).ok()
    }

    /// Every region there are data for.
    #[must_use]
    pub fn all() -> Vec<String> {
        let of = |country: &str| {
            let parts = parts(country).iter().map(move |part| format!("{country}-{part}"));
            std::iter::once(country.to_owned()).chain(parts).collect::<Vec<_>>()
        };
        FILES.iter().flat_map(|(country, _)| of(country)).collect()
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.part {
            Some(part) => write!(f, "{}-{part}", self.country),
            None => f.write_str(self.country),
        }
    }
}

/// One line of the data.
struct Line {
    day: Date,
    parts: &'static str,
    name: &'static str,
}

fn lines(country: &str) -> impl Iterator<Item = Line> {
    let text = FILES.iter().find(|(code, _)| *code == country).map_or("", |(_, text)| text);
    text.lines().filter(|line| !line.starts_with('#')).filter_map(|line| {
        let mut fields = line.splitn(3, '\t');
        let (day, parts, name) = (fields.next()?, fields.next()?, fields.next()?);
        Some(Line { day: day.parse().ok()?, parts, name })
    })
}

/// The parts of a country whose days differ.
fn parts(country: &str) -> &'static [&'static str] {
    static PARTS: OnceLock<BTreeMap<&'static str, Vec<&'static str>>> = OnceLock::new();
    let found = PARTS.get_or_init(|| {
        let of = |country: &str| {
            let mut parts: Vec<&'static str> = lines(country).flat_map(|line| line.parts.split(',')).collect();
            parts.sort_unstable();
            parts.dedup();
            parts.retain(|part| *part != "*");
            parts
        };
        FILES.iter().map(|(country, _)| (*country, of(country))).collect()
    });
    found.get(country).map_or(&[], Vec::as_slice)
}

/// The days on which nobody is disturbed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Holidays {
    region: Option<Region>,
    days: BTreeMap<Date, String>,
}

impl Holidays {
    /// Those of a region, if any, and a person's own.
    #[must_use]
    pub fn new(region: Option<Region>, own: &[(Date, String)]) -> Self {
        let mut days = BTreeMap::new();
        if let Some(region) = &region {
            let here = |line: &Line| {
                line.parts == "*" || region.part.is_some_and(|part| line.parts.split(',').any(|p| p == part))
            };
            days.extend(lines(region.country).filter(here).map(|line| (line.day, line.name.to_owned())));
        }
        days.extend(own.iter().cloned());
        Self { region, days }
    }

    #[must_use]
    pub fn region(&self) -> Option<&Region> {
        self.region.as_ref()
    }

    /// What a day is called, if it is a holiday.
    #[must_use]
    pub fn name(&self, day: Date) -> Option<&str> {
        self.days.get(&day).map(String::as_str)
    }
}

/// A line of a person's own list that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OwnDaysError {
    #[error("line {line}: '{text}' does not begin with a day: write such as 2026-12-24 Christmas Eve")]
    Line { line: usize, text: String },
    #[error("more than {MOST_OWN} days")]
    TooMany,
}

/// A person's own list: a line a day, `2026-12-24 Christmas Eve`; empty lines and those after # count for nothing.
///
/// # Errors
/// Which line cannot be read.
pub fn own_days(text: &str) -> Result<Vec<(Date, String)>, OwnDaysError> {
    let mut days = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let line = line.trim().trim_start_matches('\u{FEFF}');
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (day, name) = line.split_once(char::is_whitespace).unwrap_or((line, "own holiday"));
        let unread = || OwnDaysError::Line { line: number + 1, text: line.chars().take(60).collect() };
        let day: Date = day.parse().map_err(|_not_a_day| unread())?;
        if days.len() == MOST_OWN {
            return Err(OwnDaysError::TooMany);
        }
        days.push((day, counterpart_core::text::visible_line(name.trim()).into_owned()));
    }
    Ok(days)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn known_days_are_known() {
        for (region, day, name) in [
            ("GB-ENG", date(2026, 4, 6), Some("Easter Monday")),
            ("GB-SCT", date(2026, 4, 6), None),
            ("GB-SCT", date(2027, 1, 4), Some("New Year Holiday (observed)")),
            ("GB-ENG", date(2026, 12, 28), Some("Boxing Day (observed)")),
            ("DE", date(2026, 1, 6), None),
            ("DE-BY", date(2026, 1, 6), Some("Epiphany")),
            ("DE", date(2026, 10, 3), Some("German Unity Day")),
            ("FR", date(2027, 7, 14), Some("National Day")),
            ("US", date(2026, 11, 26), Some("Thanksgiving Day")),
            ("US", date(2036, 7, 4), None),
        ] {
            let holidays = Holidays::new(Some(Region::parse(region).expect(region)), &[]);
            assert_eq!(holidays.name(day), name, "{region} {day}");
        }
    }

    #[test]
    fn every_file_is_whole_and_reaches_all_years() {
        for (country, text) in FILES {
            let wanted = text.lines().filter(|line| !line.starts_with('#')).count();
            assert_eq!(lines(country).count(), wanted, "{country}");
            for year in YEARS.0..=YEARS.1 {
                let days = lines(country).filter(|line| line.day.year() == year && line.parts == "*").count();
                assert!(days >= 4, "{country} {year}: {days}");
            }
        }
        for (zone, region) in ZONES {
            assert!(Region::parse(region).is_ok(), "{zone}");
        }
        assert_eq!(Region::of_zone("Europe/London").expect("a region").to_string(), "GB-ENG");
        assert_eq!(Region::of_zone("America/Indiana/Knox").expect("a region").to_string(), "US");
        assert_eq!(Region::of_zone("Asia/Tokyo"), None);
    }

    /// Easter Sunday of these years, from the table of the Astronomical Society of South Australia.
    #[test]
    fn easter_is_where_the_churches_have_it() {
        let easter = [
            (2024, 3, 31),
            (2025, 4, 20),
            (2026, 4, 5),
            (2027, 3, 28),
            (2028, 4, 16),
            (2029, 4, 1),
            (2030, 4, 21),
            (2031, 4, 13),
            (2032, 3, 28),
            (2033, 4, 17),
            (2034, 4, 9),
            (2035, 3, 25),
        ];
        let england = Holidays::new(Some(Region::parse("GB-ENG").expect("known")), &[]);
        for (year, month, day) in easter {
            let monday = date(year, month, day).tomorrow().expect("a day");
            assert_eq!(england.name(monday), Some("Easter Monday"), "{year}");
        }
    }

    #[test]
    fn own_days_are_read() {
        let text = "# ours\n\n2026-12-24 Christmas Eve\r\n 2026-12-31\n2026-08-03\tWorks outing\u{1b}[2J\n";
        let days = own_days(text).expect("a list");
        let names: Vec<&str> = days.iter().map(|(_, name)| name.as_str()).collect();
        assert_eq!(names, ["Christmas Eve", "own holiday", "Works outing<U+001B>[2J"]);
        let wrong = own_days("2026-12-24\n24.12.2026 no\n").expect_err("not a day");
        assert_eq!(wrong, OwnDaysError::Line { line: 2, text: "24.12.2026 no".to_owned() });
        assert_eq!(own_days(&"2026-12-24\n".repeat(2001)), Err(OwnDaysError::TooMany));
        assert!(Region::parse("XX").is_err() && Region::parse("DE-XX").is_err() && Region::parse("").is_err());
    }
}
