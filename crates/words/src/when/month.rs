//! Days whose month is written in letters.

use jiff::civil::Date;

use super::{WhenError, weekday_of};

/// A day with its month in letters, and what is written behind it: "8 July 2026, 17:00", "Wed 8 Jul 17:00",
/// "July 8th". Without a year the next such day, from today on. Nothing where it is no such day.
pub(super) fn with_month(text: &str, today: Date) -> Result<Option<(Date, String)>, WhenError> {
    let mut words = text.split([' ', ',']).filter(|w| !w.is_empty()).peekable();
    let lower = |word: Option<&&str>| word.map(|w| w.to_lowercase()).unwrap_or_default();
    let weekday = weekday_of(&lower(words.peek()));
    if weekday.is_some() {
        words.next();
    }
    let (first, second) = (lower(words.next().as_ref()), lower(words.next().as_ref()));
    let Some((month, day)) =
        month_of(&first).map(|month| (month, &second)).or_else(|| month_of(&second).map(|month| (month, &first)))
    else {
        return Ok(None);
    };
    let no_such = || WhenError::NoSuchDate(text.to_owned());
    let digits = ["st", "nd", "rd", "th", "."].iter().find_map(|end| day.strip_suffix(end)).unwrap_or(day);
    let day: i8 = digits.parse().ok().filter(|_| digits.chars().all(|c| c.is_ascii_digit())).ok_or_else(no_such)?;
    let year =
        words.peek().filter(|w| w.len() == 4 && w.chars().all(|c| c.is_ascii_digit())).and_then(|w| w.parse().ok());
    let date = match year {
        Some(year) => {
            words.next();
            Date::new(year, month, day).ok()
        }
        // Up to eight years on there is a 29 February.
        None => (0..=8).filter_map(|on| Date::new(today.year() + on, month, day).ok()).find(|date| *date >= today),
    };
    let date = date.ok_or_else(no_such)?;
    if weekday.is_some_and(|named| named != date.weekday()) {
        return Err(WhenError::OtherWeekday(text.to_owned(), date.strftime("%A").to_string()));
    }
    Ok(Some((date, words.collect::<Vec<_>>().join(" "))))
}

/// The month that a word in lower case names.
pub(super) fn month_of(word: &str) -> Option<i8> {
    const MONTHS: [&str; 12] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    let word = word.strip_suffix('.').unwrap_or(word);
    let short = |name: &str| name.get(..3) == Some(word) || word == "sept" && name == "september";
    (1..).zip(MONTHS).find(|(_, name)| *name == word || short(name)).map(|(n, _)| n)
}
