//! A way through a telephone menu: what is pressed, waited for and said.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Most steps that a way is kept with.
pub const MAX_STEPS: usize = 32;
/// Longest wait within a menu, in seconds.
const MAX_WAIT: u32 = 4 * 3600;

/// One step on the way to a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// Digits, `*` and `#`; and what the menu calls them.
    Press {
        keys: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        label: Option<String>,
    },
    /// Seconds.
    Wait {
        seconds: u32,
    },
    Say {
        text: String,
    },
    /// Whatever else, as it was written.
    Other {
        text: String,
    },
}

/// Why a step cannot be understood.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum MenuError {
    #[error("a step of the menu is empty: write what you pressed, said or waited for, such as \"2 billing\"")]
    Empty,
    #[error("'{0}' is not a length of time: write \"wait 40 s\" or \"wait 2 min\"; at most 4 hours")]
    Wait(String),
    #[error("'{0}' does not say what: write \"say complaint\"")]
    Say(String),
    #[error("a way through a menu has at most {MAX_STEPS} steps")]
    TooMany,
}

impl FromStr for Step {
    type Err = MenuError;

    /// "2", "2 billing", "press 2", "wait 40 s", "say complaint".
    fn from_str(typed: &str) -> Result<Self, MenuError> {
        let typed = typed.split_whitespace().collect::<Vec<_>>().join(" ");
        let (first, rest) = typed.split_once(' ').unwrap_or((&typed, ""));
        let rest = rest.trim();
        match first.to_lowercase().as_str() {
            "" => Err(MenuError::Empty),
            "wait" => seconds(rest).map(|seconds| Self::Wait { seconds }).ok_or(MenuError::Wait(typed.clone())),
            "say" if rest.is_empty() => Err(MenuError::Say(typed.clone())),
            "say" => Ok(Self::Say { text: unquoted(rest).to_owned() }),
            "press" => match press(rest) {
                Some(step) => Ok(step),
                None => Ok(Self::Other { text: typed.clone() }),
            },
            _ => Ok(press(&typed).unwrap_or_else(|| Self::Other { text: typed.clone() })),
        }
    }
}

/// `2`, `2 billing`, `*`, `star`, `hash`.
fn press(text: &str) -> Option<Step> {
    let (keys, label) = text.split_once(' ').unwrap_or((text, ""));
    let keys = match keys.to_lowercase().as_str() {
        "star" => "*".to_owned(),
        "hash" | "pound" => "#".to_owned(),
        _ => keys.trim_end_matches([':', '.']).to_owned(),
    };
    let fits = !keys.is_empty() && keys.len() <= 32 && keys.chars().all(|c| c.is_ascii_digit() || "*#".contains(c));
    let label = label.trim_start_matches(['-', '=', ' ']).trim();
    fits.then(|| Step::Press { keys, label: (!label.is_empty()).then(|| label.to_owned()) })
}

fn unquoted(text: &str) -> &str {
    let inner = text.strip_prefix(['"', '\'', '“', '‘']).and_then(|t| t.strip_suffix(['"', '\'', '”', '’']));
    inner.filter(|t| !t.is_empty()).unwrap_or(text)
}

/// "40 s", "40", "2 min", "1 hour", "1:30": seconds.
#[must_use]
pub fn seconds(text: &str) -> Option<u32> {
    let text = text.trim().to_lowercase();
    let text = text.strip_prefix("about ").or_else(|| text.strip_prefix("for ")).unwrap_or(&text).trim();
    if let Some((minutes, rest)) = text.split_once(':') {
        let (minutes, rest) = (minutes.parse::<u32>().ok()?, rest.parse::<u32>().ok().filter(|s| *s < 60)?);
        return minutes.checked_mul(60)?.checked_add(rest).filter(|s| *s <= MAX_WAIT);
    }
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (count, unit) = text.split_at_checked(digits)?;
    let count: u32 = count.parse().ok()?;
    let factor = match unit.trim().trim_end_matches('.') {
        "" | "s" | "sec" | "secs" | "second" | "seconds" => 1,
        "m" | "min" | "mins" | "minute" | "minutes" => 60,
        "h" | "hour" | "hours" => 3600,
        _ => return None,
    };
    count.checked_mul(factor).filter(|s| *s <= MAX_WAIT)
}

/// A whole way, its steps between commas: "2, 1, wait 40 s, say complaint, 4".
///
/// # Errors
/// When a step cannot be understood, or there are too many.
pub fn read(typed: &str) -> Result<Vec<Step>, MenuError> {
    let steps = typed.split([',', ';', '>', '→']).map(str::trim).filter(|s| !s.is_empty());
    let steps = steps.map(str::parse).collect::<Result<Vec<Step>, _>>()?;
    if steps.len() > MAX_STEPS { Err(MenuError::TooMany) } else { Ok(steps) }
}

/// The steps in a line: "2 (billing), wait 40 s, say complaint".
#[must_use]
pub fn in_words(steps: &[Step]) -> String {
    steps.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// Whether two ways are the same to walk: what the menu calls its keys does not matter.
#[must_use]
pub fn same_way(one: &[Step], other: &[Step]) -> bool {
    let bare = |step: &Step| match step {
        Step::Press { keys, .. } => format!("press {keys}"),
        Step::Wait { .. } => String::new(),
        Step::Say { text } => format!("say {}", text.to_lowercase()),
        Step::Other { text } => format!("other {}", text.to_lowercase()),
    };
    let walked = |steps: &[Step]| steps.iter().map(bare).filter(|s| !s.is_empty()).collect::<Vec<_>>();
    walked(one) == walked(other)
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Press { keys, label: Some(label) } => write!(f, "{keys} ({label})"),
            Self::Press { keys, label: None } => f.write_str(keys),
            Self::Wait { seconds } => write!(f, "wait {}", duration(*seconds)),
            Self::Say { text } => write!(f, "say {text}"),
            Self::Other { text } => f.write_str(text),
        }
    }
}

/// A short length of time: "40 s", "6 min", "1 h 5 min".
#[must_use]
pub fn duration(seconds: u32) -> String {
    match (seconds / 3600, seconds % 3600 / 60, seconds % 60) {
        (0, 0, s) => format!("{s} s"),
        (0, m, 0) => format!("{m} min"),
        (0, m, s) => format!("{m} min {s} s"),
        (h, 0, _) => format!("{h} h"),
        (h, m, _) => format!("{h} h {m} min"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn press(keys: &str, label: Option<&str>) -> Step {
        Step::Press { keys: keys.to_owned(), label: label.map(str::to_owned) }
    }

    #[test]
    fn steps_are_read_as_people_write_them() {
        for (typed, step) in [
            ("2", press("2", None)),
            ("2 billing", press("2", Some("billing"))),
            ("press 2 - billing", press("2", Some("billing"))),
            ("#", press("#", None)),
            ("star", press("*", None)),
            ("wait 40 s", Step::Wait { seconds: 40 }),
            ("wait 40 seconds", Step::Wait { seconds: 40 }),
            ("Wait 2 min", Step::Wait { seconds: 120 }),
            ("wait 1:30", Step::Wait { seconds: 90 }),
            ("say complaint", Step::Say { text: "complaint".to_owned() }),
            ("say \"a person\"", Step::Say { text: "a person".to_owned() }),
            ("key in the customer number", Step::Other { text: "key in the customer number".to_owned() }),
        ] {
            assert_eq!(typed.parse(), Ok(step), "{typed}");
        }
        for typed in ["", "  ", "wait", "wait a while", "wait 99 h", "wait 99999999999 s", "say", "say  "] {
            assert!(typed.parse::<Step>().is_err(), "{typed}");
        }
    }

    #[test]
    fn a_way_reads_back_from_its_words() {
        let way = read("2, 1, wait 40 s, say complaint, 4").expect("a way");
        assert_eq!(in_words(&way), "2, 1, wait 40 s, say complaint, 4");
        assert_eq!(read(&in_words(&way)), Ok(way));
        assert_eq!(read(&"1,".repeat(MAX_STEPS + 1)), Err(MenuError::TooMany));
        assert_eq!(read(" , ,"), Ok(Vec::new()));
    }

    #[test]
    fn what_the_menu_calls_its_keys_makes_no_other_way() {
        let named = read("2 billing, wait 40 s, say Complaint").expect("a way");
        assert!(same_way(&named, &read("2, say complaint").expect("a way")));
        assert!(!same_way(&named, &read("2, say person").expect("a way")));
    }

    #[test]
    fn lengths_are_short() {
        for (seconds, words) in [(40, "40 s"), (360, "6 min"), (390, "6 min 30 s"), (3600, "1 h"), (3900, "1 h 5 min")]
        {
            assert_eq!(duration(seconds), words);
        }
    }
}
