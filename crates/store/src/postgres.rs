//! A store in a database on PostgreSQL, or on what speaks like it, shared by several machines.
//!
//! Every change is a serializable transaction, and the database may undo one at any moment and ask for it again: two
//! touched the same, or something in it moved. What was done in it is then done again here, statement by statement, and as
//! long as every one of them answers as it did before, whoever asked for the transaction need not know. Where one answers
//! otherwise, what was made of the first answer counts no more: [`StoreError::Conflict`]. The same is done when the
//! connection breaks. What was done lastly in a transaction is a mark of its handle, so that it can be found out whether one
//! was kept that was cut off at its end.
//!
//! Nothing is locked beyond a transaction, nothing is listened for, and the case comes first in every key, so that a
//! database that is spread over machines can keep a case in one place.

mod address;
mod line;
mod reach;
mod refusal;
mod schema;
mod tls;

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    fmt,
    hash::{BuildHasher as _, Hasher as _, RandomState},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use counterpart_core::attachment::FileHash;
use tokio_postgres::types::Type;

use crate::{
    StoreError,
    db::Value,
    error::signed,
    health::Health,
    postgres::line::{Answer, Fault, Kind, Line, Owned, Raw, Step, Work},
};

pub(crate) use address::escaped;
pub(crate) use line::Mode;

/// How long a connection is looked for, and a statement by itself tried.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long a transaction is tried: many that write to one case take turns. Less than `BACK`.
const TRIED: Duration = Duration::from_secs(15);
/// The longest wait between two tries.
const LONGEST_WAIT: u64 = 100;
/// How long a transaction may take until what it wrote is seen, in microseconds: as far back is looked for what is new.
const BACK: i64 = 20_000_000;
/// How long it may have taken when it is to be kept, by the database's clock; what took longer is refused, since whoever looks
/// for what is new would miss it. Between the two there is time to say that it is to be kept, and for keeping it.
const LONGEST: i64 = BACK - 5_000_000;
const _: () = assert!(LONGEST + line::LEFT_ALONE * 1_000 < BACK, "what is kept is seen in time");
/// What a handle leaves of itself is forgotten after so long, in microseconds.
const FORGOTTEN: i64 = 86_400_000_000;

/// A connection, and the transaction under way in it.
pub(crate) struct Postgres {
    line: Line,
    health: Health,
    /// The name of this handle among those that write.
    writer: [u8; 16],
    /// How long a transaction may have taken, in microseconds: at most `LONGEST`.
    longest: Cell<i64>,
    state: RefCell<State>,
}

impl fmt::Debug for Postgres {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Postgres").field("place", &self.line.place()).finish_non_exhaustive()
    }
}

#[derive(Default)]
struct State {
    running: Option<Running>,
    /// Changes with everything that this handle commits.
    mark: i64,
    /// The last number given to a row.
    number: i64,
    /// What was told as new already, by what it is, with its number.
    told: BTreeMap<(News, Vec<u8>), u64>,
}

/// A transaction under way.
struct Running {
    mode: Mode,
    begun: Instant,
    tries: u32,
    /// What was done in it, and what came of it.
    done: Vec<(Arc<Step>, Outcome)>,
    /// Why it cannot go on.
    ended: Option<StoreError>,
    /// The database's time when it began, Unix microseconds.
    clock: i64,
}

#[derive(PartialEq, Eq)]
enum Outcome {
    /// The hash of all rows.
    Rows([u8; 32]),
    Changed(u64),
    Taken,
}

/// What is looked for that others wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum News {
    Cases,
    KeyLogs,
    Whereabouts,
}

impl Postgres {
    pub(crate) fn open(address: &str, make: bool) -> Result<Self, StoreError> {
        let line = Line::to(address)?;
        let (high, low) = (chance(), chance());
        let mut writer = [0; 16];
        writer[..8].copy_from_slice(&high.to_be_bytes());
        writer[8..].copy_from_slice(&low.to_be_bytes());
        let mark = i64::try_from(chance() >> 34).unwrap_or_default();
        let state = RefCell::new(State { mark, ..State::default() });
        let health = Health::of(address);
        let opened = Self { line, health, writer, longest: Cell::new(LONGEST), state };
        opened.reach()?;
        schema::prepare(&opened, make)?;
        if make {
            let old = format!("DELETE FROM writers WHERE at < {} - ?1", line::TIME);
            // Whoever else is about to do it does as well.
            drop(opened.alone(&Step::new(Kind::Change, &old, &[Value::Int(FORGOTTEN)])));
        }
        Ok(opened)
    }

    /// Refuses what took longer than this to write; never what took less than that, and never later than is safe.
    pub(crate) fn refuse_after(&self, longest: Duration) {
        self.longest.set(i64::try_from(longest.as_micros()).unwrap_or(LONGEST).min(LONGEST));
    }

    pub(crate) fn health(&self) -> &Health {
        &self.health
    }

    pub(crate) fn writer(&self) -> &[u8] {
        &self.writer
    }

    /// One statement by itself, outside any transaction. Only what may be done twice.
    fn alone(&self, step: &Arc<Step>) -> Result<Answer, StoreError> {
        let until = Instant::now() + PATIENCE;
        let mut tries = 0;
        loop {
            match self.line.ask(Work::Step(Arc::clone(step))) {
                Ok(answer) => return Ok(answer),
                Err(Fault::Again) if Instant::now() < until => wait(&mut tries),
                Err(Fault::Lost(_)) if Instant::now() < until => {
                    wait(&mut tries);
                    self.reach()?;
                }
                Err(fault) => return Err(self.named(fault)),
            }
        }
    }

    /// One change by itself, outside any transaction, which whoever else does the same at this moment may make needless.
    pub(crate) fn change_alone(&self, sql: &str) -> Result<(), StoreError> {
        let step = Step::new(Kind::Change, sql, &[]);
        let until = Instant::now() + PATIENCE;
        let mut tries = 0;
        loop {
            match self.line.ask(Work::Step(Arc::clone(&step))) {
                Ok(_) => return Ok(()),
                Err(Fault::Again | Fault::Taken) if Instant::now() < until => wait(&mut tries),
                Err(Fault::Lost(_)) if Instant::now() < until => {
                    wait(&mut tries);
                    self.reach()?;
                }
                Err(fault) => return Err(self.named(fault)),
            }
        }
    }

    /// Asks the server to clear tables of what was deleted in them; whether it did. Where it has its own way of doing that, and
    /// takes no such wish, there is nothing to be asked for.
    pub(crate) fn vacuum(&self, tables: &[&str]) -> Result<bool, StoreError> {
        for table in tables {
            let mut again = true;
            loop {
                match self.line.ask(Work::Batch(format!("VACUUM {table}"))) {
                    Ok(_) | Err(Fault::NotTaken) => break,
                    Err(Fault::Lost(_)) if again => {
                        again = false;
                        self.reach()?;
                    }
                    // It takes long, or somebody else does it: another time.
                    Err(Fault::Lost(_) | Fault::Again | Fault::Store(StoreError::Busy)) => {
                        self.reach()?;
                        return Ok(false);
                    }
                    Err(fault) => return Err(self.named(fault)),
                }
            }
        }
        Ok(true)
    }

    pub(crate) fn is_in_transaction(&self) -> bool {
        self.state.borrow().running.is_some()
    }

    /// Statements that make tables, by themselves.
    fn batch(&self, sql: &str) -> Result<(), StoreError> {
        self.line.ask(Work::Batch(sql.to_owned())).map(drop).map_err(|fault| self.named(fault))
    }

    pub(crate) fn begin(&self, mode: Mode) -> Result<(), StoreError> {
        let mut running = Running { mode, begun: Instant::now(), tries: 0, done: Vec::new(), ended: None, clock: 0 };
        loop {
            match self.line.ask(Work::Begin(mode)) {
                Ok(Answer::Clock(clock)) => running.clock = clock,
                Ok(_) => {}
                Err(Fault::Again) if running.begun.elapsed() < TRIED => {
                    wait(&mut running.tries);
                    continue;
                }
                Err(Fault::Lost(_)) if running.begun.elapsed() < TRIED => {
                    wait(&mut running.tries);
                    self.reach()?;
                    continue;
                }
                Err(fault) => return Err(self.named(fault)),
            }
            self.state.borrow_mut().running = Some(running);
            return Ok(());
        }
    }

    pub(crate) fn still_open(&self) -> Result<(), StoreError> {
        match &self.state.borrow().running {
            Some(Running { ended: None, .. }) => Ok(()),
            Some(Running { ended: Some(why), .. }) => Err(why.clone()),
            None => Err(StoreError::Undone),
        }
    }

    pub(crate) fn rows(&self, sql: &str, params: &[Value<'_>]) -> Result<Vec<tokio_postgres::Row>, StoreError> {
        let step = Step::new(Kind::Rows, sql, params);
        match self.do_step(step)? {
            Ok(Answer::Rows(rows)) => Ok(rows),
            _ => Err(StoreError::Unexpected { detail: "the database gave no rows".to_owned() }),
        }
    }

    pub(crate) fn change(&self, sql: &str, params: &[Value<'_>]) -> Result<usize, StoreError> {
        match self.do_step(Step::new(Kind::Change, sql, params))? {
            Ok(answer) => Ok(answer.changed()),
            Err(()) => Err(StoreError::Unexpected { detail: "a rule of uniqueness was broken".to_owned() }),
        }
    }

    /// The same; where it breaks a rule of uniqueness, nothing, and the transaction goes on.
    pub(crate) fn change_guarded(&self, sql: &str, params: &[Value<'_>]) -> Result<Option<usize>, StoreError> {
        Ok(self.do_step(Step::new(Kind::Guarded, sql, params))?.ok().map(|answer| answer.changed()))
    }

    /// Within the transaction under way if there is one. The inner error is a broken rule of uniqueness.
    fn do_step(&self, step: Arc<Step>) -> Result<Result<Answer, ()>, StoreError> {
        if self.state.borrow().running.is_none() {
            return self.alone(&step).map(Ok);
        }
        self.still_open()?;
        let mut looked_again = false;
        loop {
            let (answer, outcome) = match self.line.ask(Work::Step(Arc::clone(&step))) {
                Ok(answer) => {
                    let outcome = Outcome::of(&answer)?;
                    (Ok(answer), outcome)
                }
                // Perhaps by what came after this transaction began to look: then what it saw before is no more, either.
                Err(Fault::Taken) if !looked_again => {
                    looked_again = true;
                    self.once_more(None)?;
                    continue;
                }
                Err(Fault::Taken) if step.kind == Kind::Guarded => (Err(()), Outcome::Taken),
                Err(Fault::Again) => {
                    self.once_more(None)?;
                    continue;
                }
                Err(fault @ Fault::Lost(_)) => {
                    self.once_more(Some(fault))?;
                    continue;
                }
                Err(fault) => {
                    let error = self.named(fault);
                    // The database takes nothing more in a transaction after an error.
                    return Err(self.end(StoreError::Undone, error));
                }
            };
            if let Some(running) = &mut self.state.borrow_mut().running {
                running.done.push((step, outcome));
            }
            return Ok(answer);
        }
    }

    /// From now on the transaction answers `later`; gives `now`.
    fn end(&self, later: StoreError, now: StoreError) -> StoreError {
        if let Some(running) = &mut self.state.borrow_mut().running {
            running.ended = Some(later);
        }
        now
    }

    /// Begins the transaction again and does all that was done in it, which must come to the same.
    fn once_more(&self, mut lost: Option<Fault>) -> Result<(), StoreError> {
        loop {
            let (mode, tries, begun) = match &mut self.state.borrow_mut().running {
                Some(running) => {
                    running.tries += 1;
                    (running.mode, running.tries, running.begun)
                }
                None => return Err(StoreError::Undone),
            };
            let away = self.health.away().filter(|_| lost.is_some());
            if begun.elapsed() > TRIED || away.is_some() {
                let why = match lost {
                    Some(fault) => away.unwrap_or_else(|| self.given_up(fault)),
                    None => StoreError::Busy,
                };
                return Err(self.end(why.clone(), why));
            }
            if lost.is_none() {
                drop(self.line.ask(Work::Rollback));
            }
            wait(&mut tries.saturating_sub(1));
            if lost.take().is_some()
                && let Err(fault) = self.line.ask(Work::Connect)
            {
                match fault {
                    Fault::Lost(_) | Fault::Full(_) => lost = Some(fault),
                    other => {
                        let why = self.named(other);
                        return Err(self.end(why.clone(), why));
                    }
                }
                continue;
            }
            match self.redo(mode) {
                Ok(true) => return Ok(()),
                Ok(false) => {
                    drop(self.line.ask(Work::Rollback));
                    return Err(self.end(StoreError::Conflict, StoreError::Conflict));
                }
                Err(Fault::Again) => {}
                Err(fault @ Fault::Lost(_)) => lost = Some(fault),
                Err(fault) => {
                    let error = self.named(fault);
                    return Err(self.end(StoreError::Undone, error));
                }
            }
        }
    }

    /// Whether everything came to the same.
    fn redo(&self, mode: Mode) -> Result<bool, Fault> {
        self.line.ask(Work::Begin(mode))?;
        let state = self.state.borrow();
        let Some(running) = &state.running else { return Ok(false) };
        for (step, before) in &running.done {
            let outcome = match self.line.ask(Work::Step(Arc::clone(step))) {
                Ok(answer) => Outcome::of(&answer).map_err(Fault::Store)?,
                Err(Fault::Taken) => Outcome::Taken,
                Err(fault) => return Err(fault),
            };
            if outcome != *before {
                return Ok(false);
            }
        }
        Ok(true)
    }

    pub(crate) fn commit(&self) -> Result<(), StoreError> {
        self.still_open()?;
        let changed = match &self.state.borrow().running {
            Some(running) => running.done.iter().any(|(step, _)| step.kind != Kind::Rows),
            None => false,
        };
        let mark = changed.then(|| {
            let mut state = self.state.borrow_mut();
            state.mark = (state.mark + 1) & 0x3fff_ffff;
            let begun = state.running.as_ref().map_or(0, |running| running.clock);
            (state.mark, self.marking(state.mark, begun), begun.saturating_add(self.longest.get()))
        });
        loop {
            match self.line.ask(Work::Commit(mark.as_ref().map(|(_, step, latest)| (Arc::clone(step), *latest)))) {
                Ok(_) => {
                    self.state.borrow_mut().running = None;
                    return Ok(());
                }
                Err(Fault::Again) => self.once_more(None)?,
                Err(fault @ Fault::Lost(_)) => {
                    let kept = match &mark {
                        Some((mark, ..)) => self.was_kept(*mark)?,
                        None => true,
                    };
                    if kept {
                        self.state.borrow_mut().running = None;
                        return Ok(());
                    }
                    self.once_more(Some(fault))?;
                }
                Err(fault) => {
                    let error = self.named(fault);
                    return Err(self.end(StoreError::Undone, error));
                }
            }
        }
    }

    fn marking(&self, mark: i64, now: i64) -> Arc<Step> {
        let sql = format!(
            "INSERT INTO writers (writer, mark, at) VALUES (?1, ?2, ?3)
             ON CONFLICT (writer) DO UPDATE SET mark = excluded.mark, at = excluded.at RETURNING {}",
            line::TIME
        );
        Step::new(Kind::Rows, &sql, &[Value::Bytes(&self.writer), Value::Int(mark), Value::Int(now)])
    }

    /// Whether the transaction with this mark was kept, which was cut off while it was being kept. Waits until the database
    /// itself has done with it: what it is still at holds the row.
    fn was_kept(&self, mark: i64) -> Result<bool, StoreError> {
        let sql = "INSERT INTO writers (writer, mark, at) VALUES (?1, -1, 0)
                   ON CONFLICT (writer) DO UPDATE SET at = writers.at RETURNING mark";
        let step = Step::new(Kind::Rows, sql, &[Value::Bytes(&self.writer)]);
        let until = Instant::now() + 2 * PATIENCE;
        let mut tries = 0;
        while Instant::now() < until {
            wait(&mut tries);
            if self.line.ask(Work::Connect).is_err() {
                continue;
            }
            if let Ok(Answer::Rows(rows)) = self.line.ask(Work::Step(Arc::clone(&step))) {
                let found = rows.first().map(|row| column(row, 0)).transpose()?;
                return Ok(found == Some(Value::Int(mark)));
            }
        }
        Err(self.end(StoreError::Undone, StoreError::Unsure))
    }

    pub(crate) fn roll_back(&self) {
        if self.state.borrow_mut().running.take().is_some() {
            // Of a connection that is lost the database itself undoes what was not kept.
            drop(self.line.ask(Work::Rollback));
        }
    }

    /// The number of a new row: the time, and above `last` and whatever this handle gave before.
    pub(crate) fn number(&self, last: i64) -> i64 {
        let mut state = self.state.borrow_mut();
        let clock = state.running.as_ref().map_or(0, |running| running.clock);
        state.number = clock.max(state.number.saturating_add(1)).max(last.saturating_add(1));
        state.number
    }

    pub(crate) fn last_number(&self) -> i64 {
        self.state.borrow().number
    }

    fn now(&self) -> Result<i64, StoreError> {
        line::told_time(&self.alone(&Step::new(Kind::Rows, &format!("SELECT {}", line::TIME), &[]))?)
    }

    /// Up to where everything is known to whoever looks now, but for what is written at this moment. Whoever changes
    /// something gets 0: a look at everything is no business of its transaction.
    pub(crate) fn place_in_time(&self) -> Result<u64, StoreError> {
        let running = self.state.borrow().running.as_ref().map(|running| (running.mode, running.clock));
        let now = match running {
            Some((Mode::Write, _)) => 0,
            Some((Mode::Read, clock)) => clock,
            None => self.now()?,
        };
        Ok(u64::try_from(now).unwrap_or_default())
    }

    /// What of this was not told before: what is new is looked for from a while before the last look, for transactions that
    /// were under way then.
    pub(crate) fn not_told<const N: usize>(&self, news: News, since: u64, found: Vec<([u8; N], u64)>) -> Vec<[u8; N]> {
        let mut state = self.state.borrow_mut();
        let from = looked_back(since).unwrap_or_default();
        let old = |number: u64| i64::try_from(number).is_ok_and(|number| number <= from);
        state.told.retain(|(what, _), number| *what != news || !old(*number));
        let is_new = |(key, number): &([u8; N], u64)| {
            state.told.insert((news, key.to_vec()), *number).is_none_or(|told| told < *number)
        };
        found.into_iter().filter(is_new).map(|(key, _)| key).collect()
    }
}

/// An address without anything secret.
pub(crate) fn shown(address: &str) -> Result<String, StoreError> {
    address::configured(address).map(|(_, address)| address.shown)
}

/// Whether an address can be used.
pub(crate) fn check(address: &str) -> Result<(), StoreError> {
    address::configured(address).map(drop)
}

/// Whether an address holds a password. One that cannot be read may.
pub(crate) fn has_password(address: &str) -> bool {
    address::configured(address).map_or(true, |(config, _)| config.get_password().is_some())
}

/// From where on what is new is looked for.
pub(crate) fn looked_back(since: u64) -> Result<i64, StoreError> {
    Ok(signed(since)?.saturating_sub(BACK).max(0))
}

impl Outcome {
    fn of(answer: &Answer) -> Result<Self, StoreError> {
        let Answer::Rows(rows) = answer else { return Ok(Self::Changed(answer.changed() as u64)) };
        let mut hash = FileHash::default();
        for row in rows {
            for at in 0..row.len() {
                let (tag, bytes): (u8, &[u8]) = match column(row, at)? {
                    Value::Null => (0, &[]),
                    Value::Int(number) => {
                        hash.update(&[1]);
                        hash.update(&number.to_be_bytes());
                        continue;
                    }
                    Value::Text(text) => (2, text.as_bytes()),
                    Value::Bytes(bytes) => (3, bytes),
                };
                hash.update(&[tag]);
                hash.update(&(bytes.len() as u64).to_be_bytes());
                hash.update(bytes);
            }
        }
        Ok(Self::Rows(hash.finish().sha256))
    }
}

/// A column of a row, as the tables have them: numbers, texts and bytes.
pub(crate) fn column(row: &tokio_postgres::Row, at: usize) -> Result<Value<'_>, StoreError> {
    let damaged = |detail: String| StoreError::Damaged { detail };
    let raw: Option<Raw<'_>> = row.try_get(at).map_err(|e| damaged(e.to_string()))?;
    let Some(Raw(bytes)) = raw else { return Ok(Value::Null) };
    let kind = row.columns().get(at).map_or(&Type::UNKNOWN, tokio_postgres::Column::type_);
    let value = match *kind {
        Type::INT8 => bytes.try_into().ok().map(|b| Value::Int(i64::from_be_bytes(b))),
        Type::INT4 => bytes.try_into().ok().map(|b| Value::Int(i64::from(i32::from_be_bytes(b)))),
        Type::BOOL => bytes.first().map(|b| Value::Int(i64::from(*b))),
        Type::BYTEA => Some(Value::Bytes(bytes)),
        Type::TEXT | Type::VARCHAR => str::from_utf8(bytes).ok().map(Value::Text),
        _ => None,
    };
    value.ok_or_else(|| damaged(format!("column {at} of a row is of a kind that does not belong there: {kind}")))
}

/// Waits a little, longer from time to time, and not as long as others that wait.
pub(crate) fn wait(tries: &mut u32) {
    let most = (2_u64 << (*tries).min(6)).min(LONGEST_WAIT);
    *tries += 1;
    thread::sleep(Duration::from_micros(200 + chance() % (most * 1000)));
}

/// A number that nobody else has; nothing that anything rests on but that handles differ.
fn chance() -> u64 {
    RandomState::new().build_hasher().finish()
}

impl From<&Value<'_>> for Owned {
    fn from(value: &Value<'_>) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Int(number) => Self::Int(*number),
            Value::Text(text) => Self::Text(without_nul(text)),
            Value::Bytes(bytes) => Self::Bytes(bytes.to_vec()),
        }
    }
}

/// PostgreSQL takes every character in a text but this one. Texts are what people see in lists and what words are found by, of
/// what is signed nothing is among them; and nobody is to hold up a store by a character that nobody sees.
pub(crate) fn without_nul(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}
