//! A store copied into an empty one, whatever each of the two is kept in, and verified afterwards: every row of every table
//! and every attached file, byte for byte.

use std::io::Read as _;

use counterpart_core::{
    attachment::{FileHash, FileRef},
    id::CaseId,
};

use crate::{
    Files, FilesError, Store, StoreError,
    db::{Many, Row, Value, params},
    numbers::Numbers,
    postgres::without_nul,
    terms::TABLES as WORDS,
    txn::{Reads, Txn},
};

/// A table: its columns, and how many of the first of them tell where a row is.
struct Table {
    name: &'static str,
    columns: &'static [&'static str],
    /// By which rows are read a page at a time; none where the table is small and they can be nothing.
    key: usize,
}

const fn table(name: &'static str, key: usize, columns: &'static [&'static str]) -> Table {
    Table { name, columns, key }
}

/// Every table with rows of its own, and the words of cases as a shared store has them: a file keeps them by numbers, which it
/// gives to the cases in its queue. What handles leave of themselves is not copied.
const TABLES: &[Table] = &[
    table("entries", 2, &["case_id", "ordinal", "id", "device", "seq", "own", "envelope"]),
    table("key_events", 3, &["party", "position", "id", "arrival", "envelope"]),
    table("receipts", 3, &["case_id", "arrival", "id", "device", "number", "own", "envelope"]),
    table("sealed_values", 3, &["case_id", "entry", "path", "arrival", "disclosure"]),
    table("case_summaries", 1, &["case_id", "title", "state", "whose_move", "next_due", "entries", "updated_at"]),
    table("peers", 0, &["case_id", "party", "device", "address", "last_seen"]),
    table("invites", 2, &["case_id", "invite", "secret", "link"]),
    table("joins", 1, &["case_id", "link", "request", "expires"]),
    table("chores", 1, &["number", "case_id", "sha256", "size"]),
    table("stamps", 2, &["case_id", "id", "arrival", "heads", "token"]),
    table("wanted_stamps", 2, &["case_id", "entry", "since", "trouble"]),
    table("notebook", 1, &["id", "kind", "case_id", "whom", "body", "written_at"]),
    table("letters", 1, &["id", "case_id", "occasion", "state", "due", "next_try", "body"]),
    table("mails", 1, &["sha256", "message_id", "out", "case_id", "entry", "at"]),
    table("agendas", 1, &["case_id", "entries", "body", "steps_rest_on", "steps"]),
    table("edits", 2, &["case_id", "arrival", "id", "epoch", "epoch_id", "device", "seq", "own", "envelope"]),
    table("whereabouts", 2, &["party", "device", "arrival", "number", "envelope"]),
    table("tokens", 1, &["hash", "name", "seat", "scopes", "made", "expires", "ended", "used", "made_by", "root"]),
    table(CHANGES, 1, &["number", "at", "case_id", "kind", "what", "due", "dues"]),
    table(
        "hooks",
        1,
        &[
            "name", "url", "secret", "kinds", "private", "made", "seen", "tries", "failing", "next", "trouble", "told",
            "off", "why",
        ],
    ),
    table("hook_state", 2, &["case_id", "hook", "number", "tries", "next", "taken", "failing", "trouble"]),
    table("queue", 1, &["case_id", "lane", "due", "since", "agent", "template", "entries", "words", "alarm"]),
    table(WORDS[0], 2, &["case_id", "term"]),
    table(WORDS[1], 2, &["case_id", "term"]),
    table(WORDS[2], 2, &["case_id", "term"]),
    table("words_by", 2, &["case_id", "party", "open", "sealed"]),
    table("assigned", 1, &["case_id", "agent", "at"]),
    table("begun_by", 1, &["case_id", "template"]),
    table("unindexed", 1, &["case_id"]),
    table("asides", 2, &["case_id", "number", "at", "agent", "text"]),
    table("idempotency", 2, &["token", "key", "at", "digest", "status", "body"]),
    table("external", 2, &["case_id", "system", "id"]),
];

/// Those of a shared store are told apart, until they are numbered, by what another store has no use for.
const CHANGES: &str = "changes";

/// How far a scrub of a store's own pages is: nothing of it is true of another one.
#[cfg(test)]
const NOT_COPIED: &str = "scrubbing";

/// Rows read at once.
const PAGE: i64 = 1000;
/// Rows that each tell of a word in many cases.
const BLOCKS: i64 = 16;
/// Rows written by one statement.
const TOGETHER: usize = 40;

/// What there was to copy, or to compare.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Copied {
    pub rows: u64,
    pub files: u64,
    /// Of the files.
    pub bytes: u64,
}

/// Copies everything into a store and files that are empty. Let nothing else write to either meanwhile; then
/// [`verify`], and where that holds [`Store::end_copy`]: until then nobody opens the copy.
///
/// # Errors
/// [`StoreError::NotEmpty`]; what reading or writing answers.
pub fn copy<E>(from: (&mut Store, &Files), to: (&mut Store, &Files)) -> Result<Copied, E>
where
    E: From<StoreError> + From<FilesError>,
{
    for table in TABLES {
        let any = format!("SELECT 1 FROM {} LIMIT 1", table.name);
        if to.0.row(&any, [], |_| Ok(()))?.is_some() {
            return Err(StoreError::NotEmpty { place: "that store".to_owned() }.into());
        }
    }
    if !to.1.cases()?.is_empty() {
        return Err(StoreError::NotEmpty { place: "its attached files".to_owned() }.into());
    }
    to.0.write_again(|txn| txn.begin_copy())?;
    from.0.number_changes()?;
    let mut copied = Copied::default();
    let (source, target) = (from.0, to.0);
    for table in TABLES {
        let mut after: Option<Vec<Kept>> = None;
        loop {
            let (rows, next) = page(source, table, after.as_deref())?;
            copied.rows += rows.len() as u64;
            if !rows.is_empty() {
                target.write(|txn| rows.chunks(TOGETHER).try_for_each(|rows| put(txn, table, rows)))?;
            }
            after = next;
            if after.is_none() {
                break;
            }
        }
    }
    for case in from.1.cases()? {
        let listing = from.1.list(&case)?;
        for file in listing.held {
            let mut source = from.1.open(&case, &file)?;
            to.1.keep_from(&case, &file, &mut source)?;
            copied.files += 1;
            copied.bytes += file.size;
        }
    }
    Ok(copied)
}

/// Whether two stores hold the same: every row and every whole file. Parts of files that were still coming are not looked at:
/// they come again.
///
/// # Errors
/// [`StoreError::NotTheSame`]; what reading answers.
pub fn verify<E>(one: (&mut Store, &Files), other: (&mut Store, &Files)) -> Result<Copied, E>
where
    E: From<StoreError> + From<FilesError>,
{
    one.0.number_changes()?;
    other.0.number_changes()?;
    let mut compared = Copied::default();
    for table in TABLES {
        let (rows, sum) = summed(one.0, table)?;
        let (found, same) = summed(other.0, table)?;
        if rows != found {
            let detail = format!("{rows} rows of {} in the one, {found} in the other", table.name);
            return Err(StoreError::NotTheSame { detail }.into());
        }
        if sum != same {
            return Err(StoreError::NotTheSame { detail: format!("the rows of {} differ", table.name) }.into());
        }
        compared.rows += rows;
    }
    let differs = |detail: &str| StoreError::NotTheSame { detail: detail.to_owned() };
    let cases = one.1.cases()?;
    for case in &cases {
        let held = one.1.list(case)?.held;
        if other.1.list(case)?.held != held {
            return Err(differs("another case has other attached files").into());
        }
        for file in held {
            if sum_of(one.1.open(case, &file)?) != Some(file) || sum_of(other.1.open(case, &file)?) != Some(file) {
                return Err(differs("the bytes of an attached file").into());
            }
            compared.files += 1;
            compared.bytes += file.size;
        }
    }
    for case in other.1.cases()? {
        if !cases.contains(&case) && !other.1.list(&case)?.held.is_empty() {
            return Err(differs("attached files of one more case").into());
        }
    }
    Ok(compared)
}

fn sum_of(mut file: std::fs::File) -> Option<FileRef> {
    let mut hash = FileHash::default();
    let mut buffer = vec![0; 1 << 16];
    loop {
        match file.read(&mut buffer).ok()? {
            0 => return Some(hash.finish()),
            got => hash.update(&buffer[..got]),
        }
    }
}

/// A value that outlives its row.
#[derive(Clone)]
enum Kept {
    Null,
    Int(i64),
    Text(String),
    Bytes(Vec<u8>),
}

impl Kept {
    fn of(value: Value<'_>) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Int(number) => Self::Int(number),
            Value::Text(text) => Self::Text(text.to_owned()),
            Value::Bytes(bytes) => Self::Bytes(bytes.to_vec()),
        }
    }

    fn value(&self) -> Value<'_> {
        match self {
            Self::Null => Value::Null,
            Self::Int(number) => Value::Int(*number),
            Self::Text(text) => Value::Text(text),
            Self::Bytes(bytes) => Value::Bytes(bytes),
        }
    }
}

/// Rows, each with its columns, and the place of the last of them; nothing behind the end.
type Page = (Vec<Vec<Kept>>, Option<Vec<Kept>>);

/// The rows of a table that come after a place in it, as many as go together.
fn page(reads: &Reads, table: &Table, after: Option<&[Kept]>) -> Result<Page, StoreError> {
    if !reads.is_shared() && WORDS.contains(&table.name) {
        return page_of_words(reads, table.name, after);
    }
    let Table { name, columns, key } = table;
    if *key == 0 {
        let all = format!("SELECT {} FROM {name}", columns.join(", "));
        return Ok((reads.rows(&all, [], |row| kept(row, columns.len()))?, None));
    }
    let rows = page_by(reads, name, columns, *key, after, PAGE)?;
    let last = rows.last().map(|last| last[..*key].to_vec());
    Ok((rows, last))
}

fn kept(row: &Row<'_>, wide: usize) -> Result<Vec<Kept>, StoreError> {
    (0..wide).map(|at| Ok(Kept::of(row.value(at)?))).collect()
}

fn page_by(
    reads: &Reads,
    name: &str,
    columns: &[&str],
    key: usize,
    after: Option<&[Kept]>,
    most: i64,
) -> Result<Vec<Vec<Kept>>, StoreError> {
    let all = columns.join(", ");
    let by = columns[..key].join(", ");
    let (place, values) = match after {
        None => (String::new(), Vec::new()),
        Some(after) => {
            let numbers: Vec<String> = (2..2 + key).map(|n| format!("?{n}")).collect();
            (format!("WHERE ({by}) > ({})", numbers.join(", ")), after.iter().map(Kept::value).collect())
        }
    };
    let params: Vec<Value<'_>> = std::iter::once(Value::Int(most)).chain(values).collect();
    let sql = format!("SELECT {all} FROM {name} {place} ORDER BY {by} LIMIT ?1");
    reads.rows(&sql, Many(&params), |row| kept(row, columns.len()))
}

/// The same of words in a file, with the case of each.
fn page_of_words(reads: &Reads, name: &str, after: Option<&[Kept]>) -> Result<Page, StoreError> {
    let (columns, key, most): (&[&str], _, _) = match name == WORDS[0] {
        // A row says it of many cases.
        true => (&["term", "block", "cases"], 2, BLOCKS),
        false => (&["number", "term"], 2, PAGE),
    };
    let kept = page_by(reads, name, columns, key, after, most)?;
    let mut rows = Vec::new();
    for row in &kept {
        let mut numbers = Numbers::default();
        let term = match row.as_slice() {
            [term, Kept::Int(block), Kept::Bytes(cases)] => {
                numbers.add_block(*block, cases)?;
                term
            }
            [Kept::Int(number), term] => {
                numbers.add(*number);
                term
            }
            _ => return Err(StoreError::Damaged { detail: "a row of words holds something else".to_owned() }),
        };
        for number in numbers.iter() {
            let case = reads.row("SELECT case_id FROM queue WHERE number = ?1", params![number], |row| {
                Ok(Kept::of(row.value(0)?))
            })?;
            let without = || StoreError::Damaged { detail: "there are words of a case that is not there".to_owned() };
            rows.push(vec![case.ok_or_else(without)?, term.clone()]);
        }
    }
    let last = kept.last().map(|last| last[..key].to_vec());
    Ok((rows, last))
}

/// Adds words to a file, in which their cases are in the queue already.
fn put_words(txn: &Txn<'_>, name: &str, rows: &[Vec<Kept>]) -> Result<(), StoreError> {
    for row in rows {
        let [Kept::Bytes(case), Kept::Text(term)] = row.as_slice() else {
            return Err(StoreError::Damaged { detail: "a row of words holds something else".to_owned() });
        };
        let added = match (name == WORDS[0], case.as_slice().try_into()) {
            (true, Ok(case)) => txn.add_terms(CaseId(case), [term.as_str()], false)?,
            _ => {
                let sql = format!("INSERT INTO {name} (number, term) SELECT number, ?2 FROM queue WHERE case_id = ?1");
                txn.change(&sql, params![case, term])?
            }
        };
        if added == 0 {
            let detail = "there are words of a case that is in no list, or twice the same".to_owned();
            return Err(StoreError::Damaged { detail });
        }
    }
    Ok(())
}

fn put(txn: &Txn<'_>, table: &Table, rows: &[Vec<Kept>]) -> Result<(), StoreError> {
    if !txn.is_shared() && WORDS.contains(&table.name) {
        return put_words(txn, table.name, rows);
    }
    let wide = table.columns.len();
    // By its number, which is in the first column, each is told from the others.
    let told_apart = txn.is_shared() && table.name == CHANGES;
    let also = if told_apart { ", written, writer" } else { "" };
    let row = |at: usize| {
        let mut values: Vec<String> = (1..=wide).map(|n| format!("?{}", at * wide + n)).collect();
        if told_apart {
            values.push(format!("?{}", at * wide + 1));
            values.push("''".to_owned());
        }
        format!("({})", values.join(", "))
    };
    let all: Vec<String> = (0..rows.len()).map(row).collect();
    let sql = format!("INSERT INTO {} ({}{also}) VALUES {}", table.name, table.columns.join(", "), all.join(", "));
    let params: Vec<Value<'_>> = rows.iter().flatten().map(Kept::value).collect();
    txn.change(&sql, Many(&params)).map(drop)
}

/// How many rows a table has, and the sum of the hashes of all: the same in whatever order they come.
fn summed(reads: &Reads, table: &Table) -> Result<(u64, [u64; 4]), StoreError> {
    let (mut count, mut sum) = (0, [0_u64; 4]);
    let mut after: Option<Vec<Kept>> = None;
    loop {
        let (rows, next) = page(reads, table, after.as_deref())?;
        for row in &rows {
            let mut hash = FileHash::default();
            for value in row {
                let (tag, bytes) = match value {
                    Kept::Null => (0_u8, Vec::new()),
                    Kept::Int(number) => (1, number.to_be_bytes().to_vec()),
                    Kept::Text(text) => (2, without_nul(text).into_bytes()),
                    Kept::Bytes(bytes) => (3, bytes.clone()),
                };
                hash.update(&[tag]);
                hash.update(&(bytes.len() as u64).to_be_bytes());
                hash.update(&bytes);
            }
            let sha256 = hash.finish().sha256;
            let (parts, _none) = sha256.as_chunks::<8>();
            for (sum, part) in sum.iter_mut().zip(parts) {
                *sum = sum.wrapping_add(u64::from_be_bytes(*part));
            }
            count += 1;
        }
        after = next;
        if after.is_none() {
            return Ok((count, sum));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{NOT_COPIED, TABLES};

    /// A table that is forgotten here would be lost on the way.
    #[test]
    fn every_table_is_copied() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let store = crate::Store::open(&folder.path().join("counterpart.db")).expect("opens");
        let sql = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name";
        let mut there: Vec<String> = store.rows(sql, [], |row| row.get(0)).expect("read");
        there.retain(|name| name != NOT_COPIED);
        let mut named: Vec<&str> = TABLES.iter().map(|table| table.name).collect();
        named.sort_unstable();
        assert_eq!(there, named);
        for table in TABLES {
            let sql = format!("SELECT name FROM pragma_table_info('{}') ORDER BY name", table.name);
            let there: Vec<String> = store.rows(&sql, [], |row| row.get(0)).expect("read");
            let mut named = match table.name {
                "terms" => vec!["term", "block", "cases"],
                "sealed_terms" | "sealed_terms_anew" => vec!["number", "term"],
                "queue" => [table.columns, &["number"]].concat(),
                _ => table.columns.to_vec(),
            };
            named.sort_unstable();
            assert_eq!(there, named, "{}", table.name);
        }
    }
}
