//! The tables in a shared database. The same as in `crate::schema`, with the case first in every key where there is one, and
//! without numbers that the database counts: all would wait for the counter.

use std::{thread, time::Duration};

use crate::{
    StoreError,
    db::Value,
    marks::{COPYING, unfinished},
    postgres::line::{Answer, Kind, Step},
    postgres::{Postgres, column},
};

/// The first version that there is of a shared store, with its tables; then what takes it to the next. Versions are those of
/// `crate::schema`, which a released step is not edited in either.
const STEPS: &[(i64, &str)] = &[(7, VERSION_7), (8, VERSION_8), (9, VERSION_9)];

const VERSION_7: &str = "
-- Which version this is.
CREATE TABLE counterpart (
    name TEXT NOT NULL PRIMARY KEY,
    value BIGINT NOT NULL
);

-- A mark for each handle that writes; it changes with everything that the handle commits.
CREATE TABLE writers (
    writer BYTEA NOT NULL PRIMARY KEY,
    mark BIGINT NOT NULL,
    at BIGINT NOT NULL
);

CREATE TABLE entries (
    case_id BYTEA NOT NULL CHECK (length(case_id) = 32),
    ordinal BIGINT NOT NULL,
    id BYTEA NOT NULL CHECK (length(id) = 32),
    device BYTEA NOT NULL CHECK (length(device) = 32),
    seq BIGINT NOT NULL CHECK (seq >= 0),
    own BIGINT NOT NULL CHECK (own IN (0, 1)),
    envelope BYTEA NOT NULL,
    PRIMARY KEY (case_id, id)
);
CREATE UNIQUE INDEX entries_by_case ON entries (case_id, ordinal);
CREATE UNIQUE INDEX entries_own_position ON entries (case_id, device, seq) WHERE own = 1;
CREATE INDEX entries_by_time ON entries (ordinal);

CREATE TABLE key_events (
    party BYTEA NOT NULL CHECK (length(party) = 32),
    position BIGINT NOT NULL CHECK (position >= 0),
    id BYTEA NOT NULL CHECK (length(id) = 32),
    arrival BIGINT NOT NULL,
    envelope BYTEA NOT NULL,
    PRIMARY KEY (party, position, id)
);
CREATE INDEX key_events_by_time ON key_events (arrival);

CREATE TABLE receipts (
    case_id BYTEA NOT NULL CHECK (length(case_id) = 32),
    id BYTEA NOT NULL CHECK (length(id) = 32),
    arrival BIGINT NOT NULL,
    device BYTEA NOT NULL CHECK (length(device) = 32),
    number BIGINT NOT NULL CHECK (number >= 0),
    own BIGINT NOT NULL CHECK (own IN (0, 1)),
    envelope BYTEA NOT NULL,
    PRIMARY KEY (case_id, id)
);
CREATE INDEX receipts_by_case ON receipts (case_id, arrival);
CREATE UNIQUE INDEX receipts_own_number ON receipts (case_id, device, number) WHERE own = 1;

CREATE TABLE sealed_values (
    case_id BYTEA NOT NULL CHECK (length(case_id) = 32),
    entry BYTEA NOT NULL CHECK (length(entry) = 32),
    path BYTEA NOT NULL,
    arrival BIGINT NOT NULL,
    disclosure BYTEA NOT NULL,
    PRIMARY KEY (case_id, entry, path)
);

CREATE TABLE case_summaries (
    case_id BYTEA NOT NULL PRIMARY KEY CHECK (length(case_id) = 32),
    title TEXT NOT NULL,
    state TEXT NOT NULL,
    whose_move TEXT NOT NULL,
    next_due BIGINT,
    entries BIGINT NOT NULL CHECK (entries >= 0),
    updated_at BIGINT NOT NULL
);

CREATE TABLE peers (
    case_id BYTEA NOT NULL CHECK (length(case_id) = 32),
    party BYTEA NOT NULL CHECK (length(party) = 32),
    device BYTEA CHECK (length(device) = 32),
    address TEXT NOT NULL,
    last_seen BIGINT NOT NULL
);
CREATE INDEX peers_by_case ON peers (case_id, party);
CREATE INDEX peers_by_party ON peers (party);

CREATE TABLE invites (
    case_id BYTEA NOT NULL CHECK (length(case_id) = 32),
    invite BYTEA NOT NULL CHECK (length(invite) = 32),
    secret BYTEA NOT NULL,
    link TEXT NOT NULL,
    PRIMARY KEY (case_id, invite)
);
CREATE INDEX invites_by_id ON invites (invite);

CREATE TABLE joins (
    case_id BYTEA NOT NULL PRIMARY KEY CHECK (length(case_id) = 32),
    link TEXT NOT NULL,
    request BYTEA NOT NULL,
    expires BIGINT NOT NULL
);

CREATE TABLE chores (
    number BIGINT NOT NULL PRIMARY KEY,
    case_id BYTEA CHECK (length(case_id) = 32),
    sha256 BYTEA CHECK (length(sha256) = 32),
    size BIGINT CHECK (size >= 0)
);

CREATE TABLE stamps (
    case_id BYTEA NOT NULL CHECK (length(case_id) = 32),
    id BYTEA NOT NULL CHECK (length(id) = 32),
    arrival BIGINT NOT NULL,
    heads BYTEA NOT NULL CHECK (length(heads) > 0 AND length(heads) % 32 = 0),
    token BYTEA NOT NULL,
    PRIMARY KEY (case_id, id)
);

CREATE TABLE wanted_stamps (
    case_id BYTEA NOT NULL CHECK (length(case_id) = 32),
    entry BYTEA NOT NULL CHECK (length(entry) = 32),
    since BIGINT NOT NULL,
    trouble TEXT,
    PRIMARY KEY (case_id, entry)
);

CREATE TABLE notebook (
    id BYTEA NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    kind TEXT NOT NULL,
    case_id BYTEA CHECK (length(case_id) = 32),
    whom TEXT,
    body TEXT NOT NULL,
    written_at BIGINT NOT NULL
);
CREATE INDEX notebook_by_kind ON notebook (kind);
CREATE INDEX notebook_by_case ON notebook (case_id);

CREATE TABLE letters (
    case_id BYTEA NOT NULL CHECK (length(case_id) = 32),
    occasion TEXT NOT NULL,
    id BYTEA NOT NULL CHECK (length(id) = 16),
    state TEXT NOT NULL,
    due BIGINT NOT NULL,
    next_try BIGINT,
    body TEXT NOT NULL,
    PRIMARY KEY (case_id, occasion)
);
CREATE INDEX letters_by_id ON letters (id);
CREATE INDEX letters_to_try ON letters (next_try);

CREATE TABLE mails (
    sha256 BYTEA NOT NULL PRIMARY KEY CHECK (length(sha256) = 32),
    message_id TEXT,
    out BIGINT NOT NULL CHECK (out IN (0, 1)),
    case_id BYTEA CHECK (length(case_id) = 32),
    entry BYTEA CHECK (length(entry) = 32),
    at BIGINT NOT NULL
);
CREATE INDEX mails_by_message_id ON mails (message_id);
CREATE INDEX mails_by_case ON mails (case_id);

CREATE TABLE agendas (
    case_id BYTEA NOT NULL PRIMARY KEY CHECK (length(case_id) = 32),
    entries BIGINT NOT NULL CHECK (entries >= 0),
    body TEXT NOT NULL,
    steps_rest_on BIGINT CHECK (steps_rest_on >= 0),
    steps TEXT
);

CREATE TABLE edits (
    case_id BYTEA NOT NULL CHECK (length(case_id) = 32),
    id BYTEA NOT NULL CHECK (length(id) = 32),
    arrival BIGINT NOT NULL,
    epoch BIGINT NOT NULL CHECK (epoch >= 1),
    epoch_id BYTEA NOT NULL CHECK (length(epoch_id) = 32),
    device BYTEA NOT NULL CHECK (length(device) = 32),
    seq BIGINT NOT NULL CHECK (seq >= 1),
    own BIGINT NOT NULL CHECK (own IN (0, 1)),
    envelope BYTEA NOT NULL,
    PRIMARY KEY (case_id, id)
);
CREATE UNIQUE INDEX edits_by_case ON edits (case_id, arrival);
CREATE UNIQUE INDEX edits_own_position ON edits (case_id, epoch, epoch_id, device, seq) WHERE own = 1;

CREATE TABLE whereabouts (
    party BYTEA NOT NULL CHECK (length(party) = 32),
    device BYTEA NOT NULL CHECK (length(device) = 32),
    arrival BIGINT NOT NULL,
    number BIGINT NOT NULL CHECK (number >= 1),
    envelope BYTEA NOT NULL,
    PRIMARY KEY (party, device)
);
CREATE INDEX whereabouts_by_time ON whereabouts (arrival);

-- Attached files: what is here of each, and the bytes, in pieces.
CREATE TABLE attached (
    case_id BYTEA NOT NULL CHECK (length(case_id) = 32),
    sha256 BYTEA NOT NULL CHECK (length(sha256) = 32),
    size BIGINT NOT NULL CHECK (size >= 0),
    came BIGINT NOT NULL CHECK (came >= 0),
    whole BIGINT NOT NULL CHECK (whole IN (0, 1)),
    PRIMARY KEY (case_id, sha256, size)
);
CREATE TABLE pieces (
    case_id BYTEA NOT NULL CHECK (length(case_id) = 32),
    sha256 BYTEA NOT NULL CHECK (length(sha256) = 32),
    size BIGINT NOT NULL CHECK (size >= 0),
    place BIGINT NOT NULL CHECK (place >= 0),
    bytes BYTEA NOT NULL,
    PRIMARY KEY (case_id, sha256, size, place)
);
";

const VERSION_8: &str = "
-- What lets programs in. Of a token only its hash is kept; one that was ended stays, and its name is free again.
CREATE TABLE tokens (
    hash BYTEA NOT NULL PRIMARY KEY CHECK (length(hash) = 32),
    name TEXT NOT NULL,
    seat TEXT,
    scopes TEXT NOT NULL,
    made BIGINT NOT NULL,
    expires BIGINT,
    ended BIGINT,
    used BIGINT,
    made_by BYTEA CHECK (length(made_by) = 32),
    root BYTEA NOT NULL CHECK (length(root) = 32)
);
CREATE UNIQUE INDEX tokens_by_name ON tokens (name) WHERE ended IS NULL;
CREATE INDEX tokens_by_maker ON tokens (made_by) WHERE made_by IS NOT NULL;

-- What came into the store. It is written without a number, which all would have to agree on, and numbered when it is read;
-- until then it is told from others by when it was written, and by which handle.
CREATE TABLE changes (
    case_id BYTEA NOT NULL CHECK (length(case_id) = 32),
    written BIGINT NOT NULL,
    writer BYTEA NOT NULL,
    number BIGINT,
    at BIGINT NOT NULL,
    kind TEXT NOT NULL,
    what BYTEA,
    PRIMARY KEY (case_id, written, writer)
);
CREATE UNIQUE INDEX changes_in_order ON changes (number) WHERE number IS NOT NULL;
CREATE INDEX changes_by_case ON changes (case_id, number) WHERE number IS NOT NULL;
CREATE INDEX changes_not_numbered ON changes (written) WHERE number IS NULL;

-- Whom to tell of changes over HTTP.
CREATE TABLE hooks (
    name TEXT NOT NULL PRIMARY KEY,
    url TEXT NOT NULL,
    secret TEXT NOT NULL,
    kinds TEXT NOT NULL,
    private BIGINT NOT NULL CHECK (private IN (0, 1)),
    made BIGINT NOT NULL,
    seen BIGINT NOT NULL CHECK (seen >= 0),
    tries BIGINT NOT NULL CHECK (tries >= 0),
    failing BIGINT,
    next BIGINT NOT NULL,
    trouble TEXT,
    told BIGINT,
    off BIGINT,
    why TEXT
);
CREATE TABLE hook_state (
    case_id BYTEA NOT NULL CHECK (length(case_id) = 32),
    hook TEXT NOT NULL,
    number BIGINT NOT NULL CHECK (number >= 0),
    tries BIGINT NOT NULL CHECK (tries >= 0),
    next BIGINT NOT NULL,
    taken BIGINT,
    failing BIGINT,
    trouble TEXT,
    PRIMARY KEY (case_id, hook)
);
CREATE INDEX hook_state_to_try ON hook_state (hook, next);

-- Words by which cases are found; those of sealed values apart, because they go with them.
CREATE TABLE terms (
    case_id BYTEA NOT NULL CHECK (length(case_id) = 32),
    term TEXT NOT NULL,
    PRIMARY KEY (case_id, term)
);
CREATE INDEX terms_by_term ON terms (term, case_id);
CREATE TABLE sealed_terms (
    case_id BYTEA NOT NULL CHECK (length(case_id) = 32),
    term TEXT NOT NULL,
    PRIMARY KEY (case_id, term)
);
CREATE INDEX sealed_terms_by_term ON sealed_terms (term, case_id);
-- Used where a database is a file, which is scrubbed by moving them; here only what was copied from there is in it.
CREATE TABLE sealed_terms_anew (
    case_id BYTEA NOT NULL CHECK (length(case_id) = 32),
    term TEXT NOT NULL,
    PRIMARY KEY (case_id, term)
);
CREATE INDEX sealed_terms_anew_by_term ON sealed_terms_anew (term, case_id);

CREATE TABLE words_by (
    case_id BYTEA NOT NULL CHECK (length(case_id) = 32),
    party BYTEA NOT NULL CHECK (length(party) = 32),
    open BIGINT NOT NULL CHECK (open >= 0),
    sealed BIGINT NOT NULL CHECK (sealed >= 0),
    PRIMARY KEY (case_id, party)
);

-- Who of us has a case, and by which template it was begun here.
CREATE TABLE assigned (
    case_id BYTEA NOT NULL PRIMARY KEY CHECK (length(case_id) = 32),
    agent TEXT NOT NULL,
    at BIGINT NOT NULL
);
CREATE TABLE begun_by (
    case_id BYTEA NOT NULL PRIMARY KEY CHECK (length(case_id) = 32),
    template TEXT NOT NULL
);

-- Where each case stands among what is to be done.
CREATE TABLE queue (
    case_id BYTEA NOT NULL PRIMARY KEY CHECK (length(case_id) = 32),
    lane BIGINT NOT NULL CHECK (lane IN (0, 1, 2)),
    due BIGINT NOT NULL,
    since BIGINT NOT NULL,
    agent TEXT NOT NULL,
    template TEXT NOT NULL,
    entries BIGINT NOT NULL CHECK (entries >= 0),
    words BIGINT NOT NULL CHECK (words >= 0)
);
CREATE INDEX queue_in_order ON queue (lane, due, since, case_id, agent, template);
CREATE INDEX queue_by_agent ON queue (agent, lane, due, since, case_id, template);
CREATE INDEX queue_by_template ON queue (template, lane, due, since, case_id, agent) WHERE template <> '';

-- Cases of earlier versions, whose words are yet to be found.
CREATE TABLE unindexed (
    case_id BYTEA NOT NULL PRIMARY KEY CHECK (length(case_id) = 32)
);
INSERT INTO unindexed (case_id) SELECT case_id FROM case_summaries;
INSERT INTO queue (case_id, lane, due, since, agent, template, entries, words)
    SELECT case_id, CASE WHEN state = 'closed' THEN 2 WHEN whose_move LIKE 'yours:%' THEN 0 ELSE 1 END,
           coalesce(next_due, 9223372036854775807), updated_at, '', '', 0, 0
    FROM case_summaries;

-- What we tell each other about a case.
CREATE TABLE asides (
    case_id BYTEA NOT NULL CHECK (length(case_id) = 32),
    number BIGINT NOT NULL CHECK (number >= 1),
    at BIGINT NOT NULL,
    agent TEXT NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (case_id, number)
);

-- What a program asked for under a key of its own choosing, so that asking again does it once.
CREATE TABLE idempotency (
    token BYTEA NOT NULL CHECK (length(token) = 32),
    key TEXT NOT NULL,
    at BIGINT NOT NULL,
    digest BYTEA NOT NULL CHECK (length(digest) = 32),
    status BIGINT,
    body BYTEA,
    PRIMARY KEY (token, key)
);
CREATE INDEX idempotency_by_age ON idempotency (at);

-- What other systems call a case.
CREATE TABLE external (
    case_id BYTEA NOT NULL CHECK (length(case_id) = 32),
    system TEXT NOT NULL,
    id TEXT NOT NULL,
    PRIMARY KEY (case_id, system)
);
CREATE UNIQUE INDEX external_by_id ON external (system, id);
";

const VERSION_9: &str = "
-- That something fell due is a change of its own: when, and what; of one case and time there is one.
ALTER TABLE changes ADD COLUMN due BIGINT;
ALTER TABLE changes ADD COLUMN dues TEXT;
CREATE UNIQUE INDEX changes_by_due ON changes (case_id, due) WHERE due IS NOT NULL;

-- The first time at which something is due in a case of which nobody was told; nothing where there is none.
ALTER TABLE queue ADD COLUMN alarm BIGINT;
CREATE INDEX queue_by_alarm ON queue (alarm, case_id) WHERE alarm IS NOT NULL;
UPDATE queue SET alarm = due WHERE lane < 2 AND due < 9223372036854775807;
";

/// How often it is looked again whether somebody else is making the tables.
const TRIES: u32 = 50;

/// Makes the tables where there are none and `make` says so, and brings older ones up to date.
pub(super) fn prepare(postgres: &Postgres, make: bool) -> Result<(), StoreError> {
    let known = crate::schema::known_version();
    let mut failed = None;
    for _ in 0..TRIES {
        let seen = Seen::of(postgres)?;
        let unfit = match (seen.in_utf8, seen.sorted_by_bytes) {
            (true, true) => None,
            (false, _) => Some("it keeps texts in another encoding than UTF8"),
            (true, false) => Some("it sorts texts by the rules of a language"),
        };
        if let Some(unfit) = unfit {
            let why = format!("{unfit}; make one with `createdb --template template0 --encoding UTF8 --locale C`");
            return Err(StoreError::Unusable { place: postgres.line.place().to_owned(), why });
        }
        let marks = format!(
            "SELECT value, (SELECT count(*) FROM counterpart WHERE name = '{COPYING}') FROM counterpart
             WHERE name = 'version'"
        );
        let found = match if seen.tables { numbers::<2>(postgres, &marks)? } else { None } {
            Some([_, copying]) if copying > 0 => return Err(unfinished(postgres.line.place().to_owned(), true)),
            found => found.map(|[version, _]| version),
        };
        match found {
            Some(found) if found == known => return Ok(()),
            Some(found) if found > known => return Err(StoreError::NewerVersion { found, known }),
            None if !make => {
                let why = "there is no store in it: name the right database".to_owned();
                return Err(StoreError::Unusable { place: postgres.line.place().to_owned(), why });
            }
            Some(_) if !make => return Err(StoreError::ReadOnly),
            _ => {}
        }
        let own = if seen.schema { None } else { named_schema(postgres)? };
        let own = own.map_or_else(String::new, |name| format!("CREATE SCHEMA IF NOT EXISTS {name};"));
        let steps: String = STEPS
            .iter()
            .filter(|(version, _)| found.is_none_or(|found| *version > found))
            .map(|(_, sql)| *sql)
            .collect();
        let sql = format!(
            "BEGIN;{own}{steps}
             INSERT INTO counterpart (name, value) VALUES ('version', {known})
             ON CONFLICT (name) DO UPDATE SET value = excluded.value;
             COMMIT"
        );
        match postgres.batch(&sql) {
            Ok(()) => return Ok(()),
            // Refused, or tables of something else; the first time it could be that somebody else just made the same.
            Err(why @ StoreError::Unusable { .. }) if matches!(failed, Some(StoreError::Unusable { .. })) => {
                return Err(why);
            }
            // Somebody else is perhaps doing the same at this moment.
            Err(why) => failed = Some(why),
        }
        thread::sleep(Duration::from_millis(100));
    }
    Err(failed.unwrap_or(StoreError::Busy))
}

const IN_UTF8: &str = "CASE WHEN current_setting('server_encoding') = 'UTF8' THEN 1 ELSE 0 END";

/// What there is before anything is made. It is asked whenever a store is opened, hence in one question.
struct Seen {
    /// Any character of a text can be kept.
    in_utf8: bool,
    /// Words are looked for from a beginning on, and pages of texts follow each other: in the order that their bytes are in,
    /// which is that of SQLite, and not that of a language.
    sorted_by_bytes: bool,
    /// A schema for tables.
    schema: bool,
    /// The tables.
    tables: bool,
}

impl Seen {
    fn of(postgres: &Postgres) -> Result<Self, StoreError> {
        let asked = &format!(
            "SELECT {IN_UTF8},
                            CASE WHEN CAST('a' AS TEXT) > CAST('B' AS TEXT) AND CAST('ä' AS TEXT) > CAST('z' AS TEXT) THEN 1 ELSE 0 END,
                            CASE WHEN current_schema() IS NULL THEN 0 ELSE 1 END,
                            CASE WHEN to_regclass(quote_ident(CAST(current_schema() AS TEXT)) || '.counterpart') IS NULL
                                 THEN 0 ELSE 1 END"
        );
        let [in_utf8, sorted, schema, tables] = match numbers::<4>(postgres, asked) {
            Ok(seen) => seen.unwrap_or_default(),
            // Another encoding may not even have the letters that are asked about.
            Err(why) => match numbers::<1>(postgres, &format!("SELECT {IN_UTF8}"))? {
                Some([0]) => [0; 4],
                _ => return Err(why),
            },
        };
        Ok(Self { in_utf8: in_utf8 == 1, sorted_by_bytes: sorted == 1, schema: schema == 1, tables: tables == 1 })
    }
}

/// The schema that the address names with `search_path`, where it is not there yet: several stores can be in one database.
fn named_schema(postgres: &Postgres) -> Result<Option<String>, StoreError> {
    let asked = Step::new(Kind::Rows, "SELECT CAST(current_setting('search_path') AS TEXT)", &[]);
    let Answer::Rows(rows) = postgres.alone(&asked)? else { return Ok(None) };
    let plain = |name: &&str| {
        name.starts_with(|c: char| c.is_ascii_lowercase())
            && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
    };
    match rows.first().map(|row| column(row, 0)).transpose()? {
        Some(Value::Text(name)) => Ok(Some(name).filter(plain).map(str::to_owned)),
        _ => Ok(None),
    }
}

/// The numbers of the first row; nothing where there is none.
fn numbers<const N: usize>(postgres: &Postgres, sql: &str) -> Result<Option<[i64; N]>, StoreError> {
    let Answer::Rows(rows) = postgres.alone(&Step::new(Kind::Rows, sql, &[]))? else { return Ok(None) };
    let Some(row) = rows.first() else { return Ok(None) };
    let mut found = [0; N];
    for (at, number) in found.iter_mut().enumerate() {
        let Value::Int(told) = column(row, at)? else { return Ok(None) };
        *number = told;
    }
    Ok(Some(found))
}
