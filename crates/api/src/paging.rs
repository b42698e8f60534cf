//! Lists that come page by page: where one ends, and how many a page has.

use data_encoding::BASE64URL_NOPAD;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::problem::Problem;

/// Rows of a page unless another number is asked for, and at most.
pub(crate) const USUAL: u32 = 50;
pub(crate) const MOST: u32 = 200;

/// Which page of a list.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Page {
    /// Where to go on: `next` of the page before, as it came. Without it the first page.
    #[schemars(length(min = 1, max = 400))]
    pub(crate) after: Option<String>,
    /// How many rows at most.
    #[schemars(range(min = 1, max = 200))]
    pub(crate) limit: Option<u32>,
}

impl Page {
    /// How many rows, within bounds.
    pub(crate) fn limit(&self) -> Result<usize, Problem> {
        limit(self.limit)
    }

    pub(crate) fn after<T: for<'a> Deserialize<'a>>(&self, list: &str) -> Result<Option<T>, Problem> {
        self.after.as_deref().map(|after| read(list, after)).transpose()
    }
}

/// The greatest number that every reader of JSON reads as it is written.
pub(crate) const GREATEST: u64 = 9_007_199_254_740_991;

/// The number of a change, within bounds.
pub(crate) fn number(asked: u64) -> Result<u64, Problem> {
    if asked <= GREATEST { Ok(asked) } else { Err(Problem::malformed("after", format!("0 to {GREATEST}"))) }
}

pub(crate) fn limit(asked: Option<u32>) -> Result<usize, Problem> {
    let limit = asked.unwrap_or(USUAL);
    if (1..=MOST).contains(&limit) {
        Ok(limit as usize)
    } else {
        Err(Problem::malformed("limit", format!("1 to {MOST}")))
    }
}

/// A place in a list as programs get it: text that means nothing to them.
pub(crate) fn write(list: &str, place: &impl Serialize) -> String {
    // What is written here are numbers, words and ids.
    let text = serde_json::to_string(&(list, place)).unwrap_or_default();
    BASE64URL_NOPAD.encode(text.as_bytes())
}

/// Reads it back; one of another list is none of this.
pub(crate) fn read<T: for<'a> Deserialize<'a>>(list: &str, text: &str) -> Result<T, Problem> {
    let wrong = || Problem::malformed("after", "it is not what `next` of a page of this list said");
    let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).map_err(|_not_ours| wrong())?;
    let (of, place): (String, T) = serde_json::from_slice(&bytes).map_err(|_not_ours| wrong())?;
    if of == list { Ok(place) } else { Err(wrong()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_of_one_list_alone() {
        let place = write("record", &7_u32);
        assert_eq!(read::<u32>("record", &place), Ok(7));
        for (list, text) in [("cases", place.as_str()), ("record", ""), ("record", "====")] {
            assert!(read::<u32>(list, text).is_err(), "{text}");
        }
        assert!(read::<String>("record", &place).is_err());
        for wrong in [0, 201, u32::MAX] {
            assert!(limit(Some(wrong)).is_err());
        }
        assert_eq!((limit(None), limit(Some(200))), (Ok(50), Ok(200)));
    }
}
