//! The line to the database: a thread with a runtime of its own, since the store is called by what waits for it, also from
//! inside a runtime.

use std::{
    collections::HashMap,
    error::Error as _,
    sync::{Arc, mpsc},
    thread,
    time::Duration,
};

use bytes::BytesMut;
use tokio::{runtime, sync::mpsc as asked, time::timeout};
use tokio_postgres::{
    Client, Config, NoTls, Row, SimpleQueryMessage, Socket, Statement,
    config::SslMode,
    tls::MakeTlsConnect,
    types::{FromSql, IsNull, ToSql, Type, to_sql_checked},
};

use crate::{
    StoreError,
    db::Value,
    postgres::{
        address::{Address, CONNECT, configured},
        column,
        refusal::Refusal,
        tls::Tls,
    },
};

/// The time of the database, in Unix microseconds.
pub(super) const TIME: &str = "CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT)";
/// How a connection is set up; what cannot be set is as the server's keeper set it. The first one is tried before whole tables
/// are told to be left alone. The last one: a statement that must read a whole table all the same has a price that makes the
/// server translate it into machine code first, which takes a hundred times as long as the statement.
const SETTINGS: [&str; 3] = ["SET enable_seqscan = on", "SET synchronous_commit = on", "SET jit = off"];
/// How long a writing transaction may be left alone, in milliseconds; then the server ends the connection, and it is done
/// again. So it is not kept much later than it was said to be kept, whatever is between here and there.
pub(super) const LEFT_ALONE: i64 = 4_000;
/// How long one answer is waited for.
const ANSWER: Duration = Duration::from_secs(60);
/// Statements kept prepared.
const PREPARED: usize = 256;

/// What a transaction is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Read,
    Write,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Rows,
    Change,
    /// A change that may break a rule of uniqueness.
    Guarded,
}

/// A value that is kept until it is needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Owned {
    Null,
    Int(i64),
    Text(String),
    Bytes(Vec<u8>),
}

/// One statement.
pub(super) struct Step {
    pub(super) kind: Kind,
    sql: String,
    params: Vec<Owned>,
}

impl Step {
    pub(super) fn new(kind: Kind, sql: &str, params: &[Value<'_>]) -> Arc<Self> {
        Arc::new(Self { kind, sql: sql.to_owned(), params: params.iter().map(Owned::from).collect() })
    }
}

pub(super) enum Work {
    Connect,
    Begin(Mode),
    Step(Arc<Step>),
    /// What is marked goes just before, and tells the time: after this one nothing is kept.
    Commit(Option<(Arc<Step>, i64)>),
    Rollback,
    Batch(String),
}

pub(super) enum Answer {
    Done,
    Clock(i64),
    Rows(Vec<Row>),
    Changed(u64),
}

impl Answer {
    pub(super) fn changed(&self) -> usize {
        if let Self::Changed(count) = self { usize::try_from(*count).unwrap_or(usize::MAX) } else { 0 }
    }
}

/// Why something was not done.
pub(super) enum Fault {
    /// The database wants it asked for again, from the beginning of the transaction.
    Again,
    /// A rule of uniqueness was broken.
    Taken,
    /// This kind of database has no such statement.
    NotTaken,
    /// The transaction took too long to be kept.
    Late,
    Store(StoreError),
    /// For good, until somebody changes a setting.
    Refused(Refusal),
    /// The server has no room for one more connection just now.
    Full(String),
    /// The connection is gone, and with it the transaction.
    Lost(String),
}

type Asked = (Work, mpsc::SyncSender<Result<Answer, Fault>>);

/// The near end. The far end is a thread that ends with it.
pub(super) struct Line {
    address: Box<Address>,
    asks: asked::UnboundedSender<Asked>,
}

impl Line {
    /// Nothing is connected yet.
    pub(super) fn to(address: &str) -> Result<Self, StoreError> {
        let (config, address) = configured(address)?;
        let (asks, asked) = asked::unbounded_channel();
        let failed =
            |e: std::io::Error| StoreError::Unreachable { place: address.shown.clone(), reason: e.to_string() };
        let runtime = runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
        let far = Far { config, open: None };
        thread::Builder::new()
            .name("store".to_owned())
            .spawn(move || runtime.block_on(far.serve(asked)))
            .map_err(failed)?;
        Ok(Self { address: Box::new(address), asks })
    }

    /// The address without anything secret.
    pub(super) fn place(&self) -> &str {
        &self.address.shown
    }

    pub(super) fn address(&self) -> &Address {
        &self.address
    }

    pub(super) fn ask(&self, work: Work) -> Result<Answer, Fault> {
        let (reply, answer) = mpsc::sync_channel(1);
        let gone = || Fault::Lost("its thread ended".to_owned());
        self.asks.send((work, reply)).map_err(|_gone| gone())?;
        answer.recv().map_err(|_gone| gone())?
    }
}

/// The far end.
struct Far {
    config: Config,
    open: Option<Open>,
}

struct Open {
    client: Client,
    statements: HashMap<String, Statement>,
    /// Whether it lets itself be told not to read whole tables, see there.
    steered: bool,
}

impl Far {
    async fn serve(mut self, mut asked: asked::UnboundedReceiver<Asked>) {
        while let Some((work, reply)) = asked.recv().await {
            let done = match timeout(ANSWER, self.work(work)).await {
                Ok(done) => done,
                Err(_late) => Err(Fault::Lost(format!("no answer in {} seconds", ANSWER.as_secs()))),
            };
            if let Err(Fault::Lost(_)) = done {
                self.open = None;
            }
            // Whoever asked may be gone.
            drop(reply.send(done));
        }
    }

    async fn work(&mut self, work: Work) -> Result<Answer, Fault> {
        if let Work::Connect = work {
            self.open = None;
            self.open = Some(Open::to(&self.config).await?);
            return Ok(Answer::Done);
        }
        let Some(open) = &mut self.open else { return Err(Fault::Lost("it is not connected".to_owned())) };
        match work {
            Work::Connect => Ok(Answer::Done),
            Work::Begin(mode) => open.begin(mode).await,
            Work::Step(step) => open.step(&step).await,
            Work::Commit(mark) => open.commit(mark).await,
            Work::Rollback => open.plain("ROLLBACK").await,
            Work::Batch(sql) => open.batch(&sql).await,
        }
    }
}

impl Open {
    async fn to(config: &Config) -> Result<Self, Fault> {
        let client = match config.get_ssl_mode() {
            // Reading all the roots of this machine takes longer than all else.
            SslMode::Disable => connected(config, NoTls).await?,
            _ => connected(config, Tls::new().map_err(Fault::Refused)?).await?,
        };
        let mut steered = client.batch_execute(&SETTINGS.join("; ")).await.is_ok();
        if !steered {
            steered = client.batch_execute(SETTINGS[0]).await.is_ok();
            for setting in &SETTINGS[1..] {
                drop(client.batch_execute(setting).await);
            }
        }
        Ok(Self { client, statements: HashMap::new(), steered })
    }

    async fn begin(&self, mode: Mode) -> Result<Answer, Fault> {
        let begin = match mode {
            // One picture, and nothing that anybody waits for.
            Mode::Read => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
            Mode::Write => "BEGIN ISOLATION LEVEL SERIALIZABLE",
        };
        // Whoever reads a whole table is in the way of all who write to it, and small tables are read whole by choice.
        let steer = if self.steered && mode == Mode::Write {
            format!("; SET LOCAL enable_seqscan = off; SET LOCAL idle_in_transaction_session_timeout = {LEFT_ALONE}")
        } else {
            String::new()
        };
        let told = self.client.simple_query(&format!("{begin}{steer}; SELECT {TIME}")).await.map_err(|e| fault(&e))?;
        let time = told.iter().find_map(|message| match message {
            SimpleQueryMessage::Row(row) => row.get(0)?.parse().ok(),
            _ => None,
        });
        time.map(Answer::Clock).ok_or_else(|| {
            Fault::Store(StoreError::Unexpected { detail: "the database does not tell the time".to_owned() })
        })
    }

    async fn step(&mut self, step: &Step) -> Result<Answer, Fault> {
        if step.kind != Kind::Guarded {
            return self.run(step).await.map_err(|e| fault(&e));
        }
        self.client.batch_execute("SAVEPOINT guarded").await.map_err(|e| fault(&e))?;
        let done = self.run(step).await.map_err(|e| fault(&e));
        match done {
            Ok(_) => self.client.batch_execute("RELEASE SAVEPOINT guarded").await.map_err(|e| fault(&e))?,
            Err(Fault::Taken) => {
                self.client.batch_execute("ROLLBACK TO SAVEPOINT guarded").await.map_err(|e| fault(&e))?;
            }
            Err(_) => {}
        }
        done
    }

    async fn run(&mut self, step: &Step) -> Result<Answer, tokio_postgres::Error> {
        let statement = match self.statements.get(&step.sql) {
            Some(known) => known.clone(),
            None => {
                let prepared = self.client.prepare(&translated(&step.sql)).await?;
                if self.statements.len() >= PREPARED {
                    self.statements.clear();
                }
                self.statements.insert(step.sql.clone(), prepared.clone());
                prepared
            }
        };
        let params: Vec<&(dyn ToSql + Sync)> = step.params.iter().map(|p| p as &(dyn ToSql + Sync)).collect();
        match step.kind {
            Kind::Rows => self.client.query(&statement, &params).await.map(Answer::Rows),
            Kind::Change | Kind::Guarded => self.client.execute(&statement, &params).await.map(Answer::Changed),
        }
    }

    async fn commit(&mut self, mark: Option<(Arc<Step>, i64)>) -> Result<Answer, Fault> {
        if let Some((mark, latest)) = mark {
            let marked = self.run(&mark).await.map_err(|e| fault(&e))?;
            if told_time(&marked).map_err(Fault::Store)? > latest {
                drop(self.plain("ROLLBACK").await);
                return Err(Fault::Late);
            }
        }
        self.plain("COMMIT").await
    }

    async fn plain(&self, sql: &str) -> Result<Answer, Fault> {
        self.client.batch_execute(sql).await.map(|()| Answer::Done).map_err(|e| fault(&e))
    }

    async fn batch(&self, sql: &str) -> Result<Answer, Fault> {
        let done = self.plain(sql).await;
        if let Err(Fault::Store(_) | Fault::Refused(_) | Fault::Taken | Fault::Again) = done {
            drop(self.plain("ROLLBACK").await);
        }
        done
    }
}

/// A connection that is served beside this.
async fn connected<T>(config: &Config, tls: T) -> Result<Client, Fault>
where
    T: MakeTlsConnect<Socket>,
    T::Stream: Send + 'static,
{
    let late = |_late| Fault::Lost("it did not answer in time".to_owned());
    let connected = timeout(CONNECT, config.connect(tls)).await.map_err(late)?;
    let (client, connection) = connected.map_err(|e| match (fault(&e), e.as_db_error()) {
        (refused @ Fault::Refused(_), _) => refused,
        (_, Some(told)) if told.code().code() == "53300" => Fault::Full(told.message().to_owned()),
        // Whatever else a server ends a beginning with is about what it was asked for.
        (Fault::Store(StoreError::Unexpected { .. }), Some(told)) => {
            Fault::Refused(Refusal::Told { code: told.code().code().to_owned(), words: told.message().to_owned() })
        }
        (Fault::Store(StoreError::Unexpected { .. }), None) => Fault::Refused(Refusal::Other(said(&e))),
        (store @ Fault::Store(_), _) => store,
        _ => Fault::Lost(said(&e)),
    })?;
    // Ends when the client is dropped; what broke it is said to whoever asks next.
    tokio::spawn(async move { drop(connection.await) });
    Ok(client)
}

/// The time that a statement was asked for.
pub(super) fn told_time(answer: &Answer) -> Result<i64, StoreError> {
    if let Answer::Rows(rows) = answer
        && let Some(row) = rows.first()
        && let Value::Int(time) = column(row, 0)?
    {
        return Ok(time);
    }
    Err(StoreError::Unexpected { detail: "the database does not tell the time".to_owned() })
}

/// The text as PostgreSQL wants it.
fn translated(sql: &str) -> String {
    sql.replace('?', "$")
}

fn fault(error: &tokio_postgres::Error) -> Fault {
    if let Some(refusal) = Refusal::of(error) {
        return Fault::Refused(refusal);
    }
    let Some(state) = error.code() else {
        return if error.is_closed() || error.source().is_some_and(|e| e.is::<std::io::Error>()) {
            Fault::Lost(said(error))
        } else {
            Fault::Store(StoreError::Unexpected { detail: said(error) })
        };
    };
    let detail = said(error);
    match state.code() {
        // Could not be put in an order with what others did; or each waited for the other.
        // Or there is no room just now to note who read what: it comes free as others end.
        "40001" | "40P01" | "53200" => Fault::Again,
        "23505" => Fault::Taken,
        // No such feature; or it is not even understood.
        "0A000" | "42601" => Fault::NotTaken,
        "53100" => Fault::Store(StoreError::DiskFull),
        "58030" => Fault::Store(StoreError::Io { detail }),
        "25006" => Fault::Store(StoreError::ReadOnly),
        "XX001" | "XX002" => Fault::Store(StoreError::Damaged { detail }),
        // A lock or an answer was waited for as long as the server was told to.
        "55P03" | "57014" => Fault::Store(StoreError::Busy),
        // The server ends, starts, or let this line go; or it has no more room for lines now.
        // Or the transaction was left alone for too long.
        code if ["08", "57P", "53300", "25P03"].iter().any(|class| code.starts_with(class)) => Fault::Lost(detail),
        _ => Fault::Store(StoreError::Unexpected { detail }),
    }
}

/// What the server said, without the values that it was about.
fn said(error: &tokio_postgres::Error) -> String {
    match error.as_db_error() {
        Some(told) => format!("{}, code {}", told.message(), told.code().code()),
        None => match error.source() {
            Some(why) => why.to_string(),
            None => error.to_string(),
        },
    }
}

impl ToSql for Owned {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Int(number) if *kind == Type::INT4 => i32::try_from(*number)?.to_sql(kind, out),
            Self::Int(number) if *kind == Type::INT8 => number.to_sql(kind, out),
            Self::Text(text) if matches!(*kind, Type::TEXT | Type::VARCHAR) => text.as_str().to_sql(kind, out),
            Self::Bytes(bytes) if *kind == Type::BYTEA => bytes.as_slice().to_sql(kind, out),
            _ => Err(format!("a parameter of another kind than {kind}").into()),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// The bytes of a column as they came.
pub(super) struct Raw<'a>(pub(super) &'a [u8]);

impl<'a> FromSql<'a> for Raw<'a> {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self(raw))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}
