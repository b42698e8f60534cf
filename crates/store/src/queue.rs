//! Where each case stands among what is to be done, so that a page of it is read without opening a case: who waits, what
//! is due, who of us has it, and the words it has. Every query here goes along an index, however many cases there are.

mod words;

use counterpart_core::id::CaseId;

use crate::{
    CaseSummary, Reads, StoreError, Txn,
    db::{Many, Param, Row, Value, params, unsigned},
    error::signed,
    terms::{NUMBERS_OF, TABLES, behind},
};

/// From how many cases on a word is so common in a shared store that the list is walked for those that have it, instead of
/// being sorted for it.
pub(crate) const COMMON: usize = 2_000;

/// For whom a case waits; the list is in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lane {
    Ours,
    /// For others, or for nothing.
    Others,
    Closed,
}

impl Lane {
    pub const ALL: [Self; 3] = [Self::Ours, Self::Others, Self::Closed];

    /// As it is stored.
    #[must_use]
    pub fn number(self) -> i64 {
        match self {
            Self::Ours => 0,
            Self::Others => 1,
            Self::Closed => 2,
        }
    }

    #[must_use]
    pub fn from_number(number: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|lane| lane.number() == number)
    }
}

/// What orders the list: of two cases that with the lesser place comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct QueuePlace {
    pub lane: Lane,
    /// Unix milliseconds; the greatest number where nothing is due.
    pub due: i64,
    /// Since when it waits, Unix milliseconds.
    pub since: i64,
    pub case: CaseId,
}

/// What is asked of the list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct QueueWish {
    /// Nothing for all.
    pub lanes: Vec<Lane>,
    /// Only what was due before this, Unix milliseconds.
    pub due_before: Option<i64>,
    /// Only what was not due before this, Unix milliseconds: what is closed is due no more.
    pub not_due_before: Option<i64>,
    /// Folded, as the list keeps it; empty for those that nobody has.
    pub agent: Option<String>,
    /// Whether somebody has it.
    pub held: Option<bool>,
    pub template: Option<String>,
    /// Beginnings of words, folded; the case has words for each of them.
    pub words: Vec<String>,
}

/// One case in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueEntry {
    pub place: QueuePlace,
    pub summary: CaseSummary,
    /// Who of us has it, as it was written, and since when.
    pub agent: Option<(String, i64)>,
    pub template: Option<String>,
}

/// Somebody of us who has cases that are open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// The name as the list keeps it: two that are written in two ways are one by it.
    pub folded: String,
    pub written: String,
    pub cases: u64,
}

/// What was found of a case's words.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Indexed {
    pub entries: u64,
    pub words: u64,
}

impl Reads {
    /// At most so many cases behind a place, in order: a page of the list. What changes meanwhile moves no other case.
    ///
    /// # Errors
    /// A damaged, busy or failing store.
    pub fn queue(
        &self,
        wish: &QueueWish,
        after: Option<&QueuePlace>,
        most: usize,
    ) -> Result<Vec<QueueEntry>, StoreError> {
        if !wish.words.is_empty() && !self.is_shared() {
            return self.queue_of_words(wish, after, most);
        }
        let words = self.rarest_first(&wish.words)?;
        let mut found = Vec::new();
        for query in queries(wish, &words, after) {
            let left = most - found.len();
            if left == 0 {
                break;
            }
            let (sql, values) = query.at_most(left);
            let values: Vec<Value<'_>> = values.iter().map(|value| value.value()).collect();
            found.extend(self.rows(&sql, Many(&values), queue_entry)?);
        }
        Ok(found)
    }

    /// The way the database goes for a page of the list, a line a step: for tests that each goes along an index.
    ///
    /// # Errors
    /// A damaged, busy or failing store.
    pub fn queue_plan(&self, wish: &QueueWish, after: Option<&QueuePlace>) -> Result<Vec<String>, StoreError> {
        let in_file = !wish.words.is_empty() && !self.is_shared();
        let queries = match in_file {
            true => self.queries_of_words(wish, after),
            false => queries(wish, &self.rarest_first(&wish.words)?, after),
        };
        let mut steps = Vec::new();
        let mut explained = |sql: &str, values: &[Value<'_>]| {
            let (explain, column) = self.by_engine(("EXPLAIN QUERY PLAN", 3), ("EXPLAIN", 0));
            steps.extend(self.rows(&format!("{explain} {sql}"), Many(values), |row| row.get::<_, String>(column))?);
            Ok::<_, StoreError>(())
        };
        for query in queries {
            let (sql, values) = query.at_most(50);
            explained(&sql, &values.iter().map(|value| value.value()).collect::<Vec<_>>())?;
        }
        if in_file {
            for sql in NUMBERS_OF {
                explained(sql, &[Value::Text("a"), Value::Text("b")])?;
            }
            explained(words::BY_NUMBER, &[Value::Int(1)])?;
        }
        Ok(steps)
    }

    /// The words, each with whether it is common, the rarest first.
    fn rarest_first(&self, words: &[String]) -> Result<Vec<(String, bool)>, StoreError> {
        let mut counted = Vec::new();
        for word in words {
            counted.push((self.spread_of(word, COMMON)?, word.clone()));
        }
        counted.sort();
        Ok(counted.into_iter().map(|(count, word)| (word, count >= COMMON)).collect())
    }

    /// One case as the list has it.
    ///
    /// # Errors
    /// A damaged, busy or failing store.
    pub fn in_queue(&self, case: CaseId) -> Result<Option<QueueEntry>, StoreError> {
        self.row(&format!("SELECT {COLUMNS} {JOINED} WHERE q.case_id = ?1"), params![case.0], queue_entry)
    }

    /// Of how many entries of a case the words are kept; nothing where it has no place in the list yet.
    ///
    /// # Errors
    /// A damaged, busy or failing store.
    pub fn indexed(&self, case: CaseId) -> Result<Option<Indexed>, StoreError> {
        let sql = "SELECT entries, words FROM queue WHERE case_id = ?1";
        self.row(sql, params![case.0], |row| Ok(Indexed { entries: unsigned(row, 0)?, words: unsigned(row, 1)? }))
    }

    /// At most so many cases of which an earlier version kept no words.
    ///
    /// # Errors
    /// A damaged, busy or failing store.
    pub fn unindexed(&self, most: usize) -> Result<Vec<CaseId>, StoreError> {
        let sql = "SELECT case_id FROM unindexed ORDER BY case_id LIMIT ?1";
        self.rows(sql, params![i64::try_from(most).unwrap_or(i64::MAX)], |row| Ok(CaseId(row.get(0)?)))
    }

    /// Who of us has cases that are open, and how many each: in order of the names as the list keeps them, each as it was
    /// written last, as far as the first of their cases in the list tell.
    ///
    /// # Errors
    /// A damaged, busy or failing store.
    pub fn held_by(&self) -> Result<Vec<Held>, StoreError> {
        // Their names in all of the cases would have to be read and put in order; few write a name in two ways.
        let sql = "SELECT h.agent,
                          coalesce((SELECT a.agent FROM (
                                        SELECT q.case_id FROM queue q WHERE q.agent = h.agent AND q.lane < 2
                                        ORDER BY q.lane, q.due, q.since, q.case_id LIMIT 64
                                    ) AS f JOIN assigned a ON a.case_id = f.case_id
                                    ORDER BY a.at DESC, a.case_id LIMIT 1), h.agent),
                          h.cases
                   FROM (SELECT agent, count(*) AS cases FROM queue WHERE agent > '' AND lane < 2 GROUP BY agent) AS h
                   ORDER BY h.agent";
        self.rows(sql, [], |row| Ok(Held { folded: row.get(0)?, written: row.get(1)?, cases: unsigned(row, 2)? }))
    }

    /// Every case that somebody of us has, who, and since when: for a party's own backup.
    ///
    /// # Errors
    /// A damaged, busy or failing store.
    pub fn all_assigned(&self) -> Result<Vec<(CaseId, String, i64)>, StoreError> {
        let sql = "SELECT case_id, agent, at FROM assigned ORDER BY case_id";
        self.rows(sql, [], |row| Ok((CaseId(row.get(0)?), row.get(1)?, row.get(2)?)))
    }

    /// By which template each case was begun here: for a party's own backup.
    ///
    /// # Errors
    /// A damaged, busy or failing store.
    pub fn all_begun_by(&self) -> Result<Vec<(CaseId, String)>, StoreError> {
        let sql = "SELECT case_id, template FROM begun_by ORDER BY case_id";
        self.rows(sql, [], |row| Ok((CaseId(row.get(0)?), row.get(1)?)))
    }

    /// Who of us has a case, as it was written, and since when.
    ///
    /// # Errors
    /// A damaged, busy or failing store.
    pub fn assigned(&self, case: CaseId) -> Result<Option<(String, i64)>, StoreError> {
        let sql = "SELECT agent, at FROM assigned WHERE case_id = ?1";
        self.row(sql, params![case.0], |row| Ok((row.get(0)?, row.get(1)?)))
    }

    /// By which template a case was begun here.
    ///
    /// # Errors
    /// A damaged, busy or failing store.
    pub fn begun_by(&self, case: CaseId) -> Result<Option<String>, StoreError> {
        self.row("SELECT template FROM begun_by WHERE case_id = ?1", params![case.0], |row| row.get(0))
    }
}

const COLUMNS: &str = "q.lane, q.due, q.since, q.case_id, s.title, s.state, s.whose_move, s.next_due, s.entries,
                       s.updated_at, a.agent, a.at, q.template";

const JOINED: &str = "FROM queue q LEFT JOIN case_summaries s ON s.case_id = q.case_id
                      LEFT JOIN assigned a ON a.case_id = q.case_id";

fn lane_of(row: &Row<'_>, column: usize) -> Result<Lane, StoreError> {
    let lane: i64 = row.get(column)?;
    Lane::from_number(lane).ok_or_else(|| StoreError::Damaged { detail: format!("there is no lane {lane}") })
}

fn case_of(row: &Row<'_>, column: usize) -> Result<CaseId, StoreError> {
    Ok(CaseId(row.get(column)?))
}

fn queue_entry(row: &Row<'_>) -> Result<QueueEntry, StoreError> {
    let lane = lane_of(row, 0)?;
    let case = case_of(row, 3)?;
    let agent: Option<String> = row.get(10)?;
    let template: String = row.get(12)?;
    Ok(QueueEntry {
        place: QueuePlace { lane, due: row.get(1)?, since: row.get(2)?, case },
        summary: CaseSummary {
            case,
            title: row.get(4)?,
            state: row.get(5)?,
            whose_move: row.get(6)?,
            next_due: row.get(7)?,
            entries: unsigned(row, 8)?,
            updated_at: row.get(9)?,
        },
        agent: agent.map(|agent| Ok::<_, StoreError>((agent, row.get(11)?))).transpose()?,
        template: Some(template).filter(|template| !template.is_empty()),
    })
}

/// The lanes in which there is something to look for.
fn lanes_of(wish: &QueueWish, after: Option<&QueuePlace>) -> Vec<Lane> {
    let wanted = |lane: &Lane| {
        (wish.lanes.is_empty() || wish.lanes.contains(lane)) && after.is_none_or(|place| *lane >= place.lane)
    };
    Lane::ALL.into_iter().filter(wanted).collect()
}

/// The queries for a page, each for what comes behind that of the one before: a lane each, or one for all where a rare
/// word leads to the cases of a shared store. `words` with whether each is common, the rarest first.
fn queries(wish: &QueueWish, words: &[(String, bool)], after: Option<&QueuePlace>) -> Vec<QueueQuery> {
    let lanes = lanes_of(wish, after);
    if words.first().is_some_and(|(_, common)| !common) {
        let all = (!lanes.is_empty()).then(|| QueueQuery::of_rare_word(wish, words, &lanes, after));
        return all.into_iter().collect();
    }
    lanes.into_iter().map(|lane| QueueQuery::of_lane(wish, words, lane, after)).collect()
}

/// One query.
struct QueueQuery {
    what: String,
    rules: Vec<String>,
    order: &'static str,
    values: Vec<Box<dyn Param>>,
}

impl QueueQuery {
    fn with_order(order: &'static str) -> Self {
        let what = format!("{COLUMNS} {JOINED}");
        Self { what, rules: Vec::new(), order, values: Vec::new() }
    }

    /// For what the list itself has alone.
    fn of_columns(mut self, columns: &str) -> Self {
        self.what = format!("{columns} FROM queue q");
        self
    }

    /// Along the index that has a lane in order.
    fn of_lane(wish: &QueueWish, words: &[(String, bool)], lane: Lane, after: Option<&QueuePlace>) -> Self {
        let mut query = Self::with_order("q.due, q.since, q.case_id");
        query.rule("q.lane = ?", lane.number());
        if let Some(after) = after.filter(|place| place.lane == lane) {
            let (due, since) = (query.value(after.due), query.value(after.since));
            let case = query.value(after.case.0);
            query.rules.push(format!("(q.due, q.since, q.case_id) > ({due}, {since}, {case})"));
        }
        query.others(wish, &[lane]);
        for (word, _) in words {
            query.has_word(word);
        }
        query
    }

    /// From the few cases that a word has; they are put in order then.
    fn of_rare_word(wish: &QueueWish, words: &[(String, bool)], lanes: &[Lane], after: Option<&QueuePlace>) -> Self {
        let mut query = Self::with_order("q.lane, q.due, q.since, q.case_id");
        let numbers: Vec<String> = lanes.iter().map(|lane| lane.number().to_string()).collect();
        query.rules.push(format!("coalesce(q.lane, q.lane) IN ({})", numbers.join(", ")));
        if let Some(after) = after {
            let (lane, due) = (query.value(after.lane.number()), query.value(after.due));
            let (since, case) = (query.value(after.since), query.value(after.case.0));
            let place = "(coalesce(q.lane, q.lane), q.due, q.since, q.case_id)";
            query.rules.push(format!("{place} > ({lane}, {due}, {since}, {case})"));
        }
        query.others(wish, lanes);
        for (n, (word, _)) in words.iter().enumerate() {
            if n == 0 { query.led_by_word(word) } else { query.has_word(word) }
        }
        query
    }

    /// What else is asked for, of cases in these lanes.
    fn others(&mut self, wish: &QueueWish, lanes: &[Lane]) {
        if let Some(before) = wish.due_before {
            self.rule("q.due < ?", before);
        }
        match (wish.not_due_before, lanes) {
            (None, _) | (Some(_), [Lane::Closed]) => {}
            (Some(from), lanes) if !lanes.contains(&Lane::Closed) => self.rule("q.due >= ?", from),
            (Some(from), _) => self.rule(&format!("(q.due >= ? OR q.lane = {})", Lane::Closed.number()), from),
        }
        if let Some(agent) = &wish.agent {
            self.rule("q.agent = ?", agent.clone());
        }
        match wish.held {
            Some(true) => self.rules.push("q.agent > ''".to_owned()),
            Some(false) => self.rules.push("q.agent = ''".to_owned()),
            None => {}
        }
        if let Some(template) = &wish.template {
            // Said as the index says it, so that it is seen to fit.
            self.rules.push("q.template <> ''".to_owned());
            self.rule("q.template = ?", template.clone());
        }
    }

    /// The cases that have the word are looked for first.
    fn led_by_word(&mut self, word: &str) {
        let led = self.of_each_table(word, "case_id", "");
        self.rules.push(format!("q.case_id IN ({led})"));
    }

    /// It is asked of each case. That it is more than one query keeps the database from looking for all cases that have the
    /// word first, as it would where it thinks that few have.
    fn has_word(&mut self, word: &str) {
        let has = self.of_each_table(word, "1", "t.case_id = q.case_id AND ");
        self.rules.push(format!("EXISTS ({has})"));
    }

    fn of_each_table(&mut self, word: &str, what: &str, of: &str) -> String {
        let (from, to) = (self.value(word.to_owned()), self.value(behind(word)));
        let one = |table| format!("SELECT {what} FROM {table} AS t WHERE {of}t.term >= {from} AND t.term < {to}");
        TABLES.map(one).join(" UNION ALL ")
    }

    fn rule(&mut self, rule: &str, value: impl Param + 'static) {
        let name = self.value(value);
        self.rules.push(rule.replace('?', &name));
    }

    /// A place for a value; gives its name in the query.
    fn value(&mut self, value: impl Param + 'static) -> String {
        self.values.push(Box::new(value));
        format!("?{}", self.values.len())
    }

    fn at_most(mut self, most: usize) -> (String, Vec<Box<dyn Param>>) {
        let most = self.value(i64::try_from(most).unwrap_or(i64::MAX));
        let (rules, order) = (self.rules.join(" AND "), self.order);
        (format!("SELECT {} WHERE {rules} ORDER BY {order} LIMIT {most}", self.what), self.values)
    }
}

impl Txn<'_> {
    /// Gives a case its place in the list, with who of us has it, folded, and by which template it was begun. `dues` are all
    /// times at which something is due in it, in order: of each it is told once (see [`Txn::tell_overdue`]).
    ///
    /// # Errors
    /// A full, damaged or failing store.
    pub fn put_in_queue(&self, place: &QueuePlace, folded_agent: &str, dues: &[i64]) -> Result<(), StoreError> {
        let alarm = match place.lane {
            Lane::Closed => None,
            _ => self.untold(place.case, dues)?.first().copied(),
        };
        let template = self.begun_by(place.case)?.unwrap_or_default();
        let QueuePlace { lane, due, since, case } = place;
        self.change(
            "INSERT INTO queue (case_id, lane, due, since, agent, template, entries, words, alarm)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0, 0, ?7)
             ON CONFLICT (case_id) DO UPDATE SET lane = excluded.lane, due = excluded.due, since = excluded.since,
                 agent = excluded.agent, template = excluded.template, alarm = excluded.alarm",
            params![case.0, lane.number(), due, since, folded_agent, template, alarm],
        )?;
        Ok(())
    }

    /// Says how much of a case the words are kept of; nothing where it has no place in the list.
    ///
    /// # Errors
    /// A full, damaged or failing store.
    pub fn set_indexed(&self, case: CaseId, indexed: Indexed) -> Result<(), StoreError> {
        let (entries, words) = (signed(indexed.entries)?, signed(indexed.words)?);
        let sql = "UPDATE queue SET entries = ?2, words = ?3 WHERE case_id = ?1";
        self.change(sql, params![case.0, entries, words])?;
        self.end_unindexed(case)
    }

    /// The words of a case are kept, or it can be given none: it is not looked at for that again.
    ///
    /// # Errors
    /// A full, damaged or failing store.
    pub fn end_unindexed(&self, case: CaseId) -> Result<(), StoreError> {
        self.change("DELETE FROM unindexed WHERE case_id = ?1", params![case.0])?;
        Ok(())
    }

    /// Says who of us has a case: as written, and folded for the list; nobody with nothing.
    ///
    /// # Errors
    /// A full, damaged or failing store.
    pub fn assign(&self, case: CaseId, agent: Option<(&str, &str)>, at: i64) -> Result<(), StoreError> {
        match agent {
            Some((written, _)) => self.change(
                "INSERT INTO assigned (case_id, agent, at) VALUES (?1, ?2, ?3)
                 ON CONFLICT (case_id) DO UPDATE SET agent = excluded.agent, at = excluded.at",
                params![case.0, written, at],
            )?,
            None => self.change("DELETE FROM assigned WHERE case_id = ?1", params![case.0])?,
        };
        let folded = agent.map(|(_, folded)| folded).unwrap_or_default();
        self.change("UPDATE queue SET agent = ?2 WHERE case_id = ?1", params![case.0, folded])?;
        Ok(())
    }

    /// Says by which template a case was begun here.
    ///
    /// # Errors
    /// A full, damaged or failing store.
    pub fn put_begun_by(&self, case: CaseId, template: &str) -> Result<(), StoreError> {
        self.change(
            "INSERT INTO begun_by (case_id, template) VALUES (?1, ?2)
             ON CONFLICT (case_id) DO UPDATE SET template = excluded.template",
            params![case.0, template],
        )?;
        self.change("UPDATE queue SET template = ?2 WHERE case_id = ?1", params![case.0, template])?;
        Ok(())
    }
}
