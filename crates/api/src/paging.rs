//! Lists that come page by page: where one ends, and how many a page has.

use data_encoding::BASE64URL_NOPAD;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::problem::{Kind, Problem};

/// Rows of a page unless another number is asked for, and at most.
pub(crate) const USUAL: u32 = 50;
pub(crate) const MOST: u32 = 200;

/// Which page of a list.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Page {
    /// Where to go on: `next` of the page before, as it came. Without it the first page.
    #[schemars(length(min = 1, max = 1_000))]
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
    if asked <= GREATEST { Ok(asked) } else { Err(Problem::of_parameter("after", format!("0 to {GREATEST}"))) }
}

/// The number of a change that is here, or of the last before all. One above the newest is another store's: whoever follows
/// changes would wait for what has long come, and then begin in the middle.
pub(crate) fn place(asked: u64, newest: u64) -> Result<u64, Problem> {
    if number(asked)? <= newest {
        return Ok(asked);
    }
    let why = format!("the newest change here is {newest}: what {asked} stood for is not known here");
    Err(Problem::new(Kind::Beyond, why)
        .hint("after a restore changes are numbered anew: look at the cases once, and go on from `newest`")
        .with("newest", newest.into()))
}

/// The same of a record, by how many entries of it are here: a place behind them is another case's, or of before a restore.
pub(crate) fn entry(asked: usize, here: usize) -> Result<usize, Problem> {
    if asked <= here {
        return Ok(asked);
    }
    let why = format!("the record here has {here} entries, and the place is behind entry {asked}");
    Err(Problem::new(Kind::Beyond, why)
        .hint("a place is of one case alone, and after a restore no place holds: read the record from its beginning")
        .with("newest", here.into()))
}

pub(crate) fn limit(asked: Option<u32>) -> Result<usize, Problem> {
    let limit = asked.unwrap_or(USUAL);
    if (1..=MOST).contains(&limit) {
        Ok(limit as usize)
    } else {
        Err(Problem::of_parameter("limit", format!("1 to {MOST}")))
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
    let wrong = || Problem::of_parameter("after", "it is not what `next` of a page of this list said");
    let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).map_err(|_not_ours| wrong())?;
    let (of, place): (String, T) = serde_json::from_slice(&bytes).map_err(|_not_ours| wrong())?;
    if of == list { Ok(place) } else { Err(wrong()) }
}

/// A page of rows that are all at hand, in the order of their keys, no two of which are alike; and where the next one begins.
/// A row that stays while pages are read comes exactly once, whatever comes and goes beside it.
pub(crate) fn page<K, T>(list: &str, page: &Page, mut rows: Vec<(K, T)>) -> Result<(Vec<T>, Option<String>), Problem>
where
    K: Ord + Serialize + for<'a> Deserialize<'a>,
{
    let (limit, after) = (page.limit()?, page.after::<K>(list)?);
    rows.sort_by(|(one, _), (other, _)| one.cmp(other));
    let mut left = rows.into_iter().filter(|(key, _)| after.as_ref().is_none_or(|after| key > after));
    let found: Vec<(K, T)> = left.by_ref().take(limit).collect();
    let next = found.last().filter(|_| left.next().is_some()).map(|(key, _)| write(list, key));
    Ok((found.into_iter().map(|(_, row)| row).collect(), next))
}

/// The same of what is in a case, with when the entry that each is of came here: as the record's pages have it, and several of
/// one entry in the order that they have.
pub(crate) fn as_they_came<T>(
    list: &str,
    wish: &Page,
    mut rows: Vec<(usize, T)>,
) -> Result<(Vec<T>, Option<String>), Problem> {
    rows.sort_by_key(|(came, _)| *came);
    let (mut of, mut nth) = (None, 0_usize);
    let place = |(came, row)| {
        nth = if of == Some(came) { nth.saturating_add(1) } else { 0 };
        of = Some(came);
        ((came, nth), row)
    };
    let rows = rows.into_iter().map(place).collect();
    page(list, wish, rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_that_stays_comes_once_whatever_comes_and_goes_beside_it() {
        let of = |numbers: &[u32]| -> Vec<(u32, u32)> { numbers.iter().map(|n| (*n, *n)).collect() };
        let wish = |after: Option<String>| Page { after, limit: Some(2) };
        let (first, next) = page("tens", &wish(None), of(&[50, 10, 30, 20])).expect("a page");
        assert_eq!(first, [10, 20]);
        // The last row of the page went, one came before it and one behind.
        let (second, next) = page("tens", &wish(next), of(&[5, 10, 25, 30, 50])).expect("a page");
        assert_eq!(second, [25, 30]);
        let (third, next) = page("tens", &wish(next), of(&[10, 30, 50])).expect("a page");
        assert_eq!((third, next), (vec![50], None));
        assert_eq!(page("tens", &wish(None), of(&[])), Ok((vec![], None)));
        assert_eq!(page("tens", &wish(None), of(&[1, 2])).expect("a page").1, None, "it ends with the page");
        assert!(page("tens", &wish(Some(write("fives", &10_u32))), of(&[1])).is_err());
        assert!(page("tens", &Page { after: None, limit: Some(201) }, of(&[1])).is_err());
    }

    #[test]
    fn several_of_one_entry_come_in_their_order() {
        let rows = || vec![(7, 'd'), (3, 'a'), (3, 'b'), (3, 'c')];
        let (mut found, mut after) = (String::new(), None);
        loop {
            let (page, next) = as_they_came("parts", &Page { after, limit: Some(1) }, rows()).expect("a page");
            found.extend(page);
            match next {
                Some(next) => after = Some(next),
                None => break,
            }
        }
        assert_eq!(found, "abcd");
    }

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
