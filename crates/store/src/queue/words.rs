//! Pages of the list for words, in a file: all cases that have them are known at once, by their numbers, and what is left is to
//! put the first of them in order. Either all are, or the list is walked until a page is full, whichever is less to look at.

use super::{Lane, QueueEntry, QueuePlace, QueueQuery, QueueWish, lanes_of};
use crate::{
    Reads, StoreError,
    db::{Many, Row, Value, params},
    numbers::Numbers,
};

/// Places read at once from the list at first, and later.
const STRETCHES: [usize; 2] = [256, 2_048];

const WALKED: &str = "q.due, q.since, q.case_id, q.number";

pub(super) const BY_NUMBER: &str =
    "SELECT q.lane, q.due, q.since, q.case_id, q.agent, q.template FROM queue q WHERE q.number = ?1";

impl Reads {
    pub(super) fn queue_of_words(
        &self,
        wish: &QueueWish,
        after: Option<&QueuePlace>,
        most: usize,
    ) -> Result<Vec<QueueEntry>, StoreError> {
        let numbers = self.numbers_of_all(&wish.words)?;
        let mut found = Vec::new();
        for place in self.first_of(&numbers, wish, after, most)? {
            found.extend(self.in_queue(place.case)?);
        }
        Ok(found)
    }

    /// The statements of such a page, for the database's own plan.
    pub(super) fn queries_of_words(&self, wish: &QueueWish, after: Option<&QueuePlace>) -> Vec<QueueQuery> {
        let lanes = lanes_of(wish, after).into_iter();
        lanes.map(|lane| QueueQuery::of_lane(wish, &[], lane, after).of_columns(WALKED)).collect()
    }

    /// The cases that have words with all of these beginnings.
    fn numbers_of_all(&self, words: &[String]) -> Result<Numbers, StoreError> {
        // The longest leads to the fewest, often; where nothing is left nothing more is looked for.
        let mut words: Vec<&String> = words.iter().collect();
        words.sort_unstable_by_key(|word| std::cmp::Reverse(word.len()));
        let mut all: Option<Numbers> = None;
        for word in words {
            match &mut all {
                None => all = Some(self.numbers_of(word)?),
                Some(all) if all.len() == 0 => break,
                Some(all) => all.keep_common(&self.numbers_of(word)?),
            }
        }
        Ok(all.unwrap_or_default())
    }

    /// The first places behind one, in order, of cases that have these numbers and are as wished for.
    fn first_of(
        &self,
        numbers: &Numbers,
        wish: &QueueWish,
        after: Option<&QueuePlace>,
        most: usize,
    ) -> Result<Vec<QueuePlace>, StoreError> {
        let mut places = Vec::new();
        let mut after = after.copied();
        let count = numbers.len();
        let mut left = self.worth_passing(count, most)?;
        if left > 0 {
            let mut stretches = STRETCHES.into_iter();
            let mut stretch = 0;
            'lanes: for lane in lanes_of(wish, after.as_ref()) {
                loop {
                    stretch = stretches.next().unwrap_or(stretch).min(left);
                    if stretch == 0 {
                        break 'lanes;
                    }
                    let walked = self.stretch(wish, lane, after.as_ref(), stretch)?;
                    left -= walked.len();
                    for (place, number) in &walked {
                        if numbers.contains(*number) {
                            places.push(*place);
                        }
                        if places.len() == most {
                            return Ok(places);
                        }
                    }
                    after = walked.last().map(|(place, _)| *place).or(after);
                    if walked.len() < stretch {
                        break;
                    }
                }
            }
            if left > 0 {
                return Ok(places);
            }
        }
        for number in numbers.iter() {
            let place = self.row(BY_NUMBER, params![number], |row| fitting(row, wish))?.flatten();
            places.extend(place.filter(|place| after.is_none_or(|after| *place > after)));
        }
        places.sort_unstable();
        places.truncate(most);
        Ok(places)
    }

    /// How many places of the list it is worth to pass, on the way to a page of so many cases, before they are looked up one by
    /// one, which is about twice as much work for each.
    fn worth_passing(&self, count: usize, most: usize) -> Result<usize, StoreError> {
        let all = self.row("SELECT max(number) FROM queue", [], |row| row.get::<_, Option<i64>>(0))?.flatten();
        let all = all.and_then(|all| usize::try_from(all).ok()).unwrap_or(0);
        // One place in `all / count` is such a case, if they are spread evenly.
        if count.saturating_mul(2).saturating_mul(count) <= most.saturating_mul(all) {
            return Ok(0);
        }
        // If not, at worst as much is passed in vain as they would have taken, or all there is.
        Ok(if count.saturating_mul(4) >= all { usize::MAX } else { count * 2 })
    }

    /// So many places of a lane, with the numbers of their cases.
    fn stretch(
        &self,
        wish: &QueueWish,
        lane: Lane,
        after: Option<&QueuePlace>,
        most: usize,
    ) -> Result<Vec<(QueuePlace, i64)>, StoreError> {
        let (sql, values) = QueueQuery::of_lane(wish, &[], lane, after).of_columns(WALKED).at_most(most);
        let values: Vec<Value<'_>> = values.iter().map(|value| value.value()).collect();
        self.rows(&sql, Many(&values), |row| {
            let place = QueuePlace { lane, due: row.get(0)?, since: row.get(1)?, case: super::case_of(row, 2)? };
            Ok((place, row.get(3)?))
        })
    }
}

/// The place in a row, if it is one that is wished for, as [`QueueQuery`] says it in SQL.
fn fitting(row: &Row<'_>, wish: &QueueWish) -> Result<Option<QueuePlace>, StoreError> {
    let place = QueuePlace {
        lane: super::lane_of(row, 0)?,
        due: row.get(1)?,
        since: row.get(2)?,
        case: super::case_of(row, 3)?,
    };
    let text = |column: usize| match row.value(column)? {
        Value::Text(text) => Ok(text),
        _ => Err(StoreError::Damaged { detail: "a row of the list says in no words who has a case".to_owned() }),
    };
    let (agent, template) = (text(4)?, text(5)?);
    let fits = (wish.lanes.is_empty() || wish.lanes.contains(&place.lane))
        && wish.due_before.is_none_or(|before| place.due < before)
        && wish.not_due_before.is_none_or(|from| place.lane == Lane::Closed || place.due >= from)
        && wish.agent.as_deref().is_none_or(|wished| agent == wished)
        && wish.held.is_none_or(|held| held != agent.is_empty())
        && wish.template.as_deref().is_none_or(|wished| !template.is_empty() && template == wished);
    Ok(fits.then_some(place))
}
