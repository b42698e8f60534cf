//! The tables in a shared database. The same as in `crate::schema`, with the case first in every key where there is one, and
//! without numbers that the database counts: all would wait for the counter.

use std::{thread, time::Duration};

use crate::{
    StoreError,
    db::Value,
    postgres::line::{Answer, Kind, Step},
    postgres::{Postgres, column},
};

/// The first version that there is of a shared store, with its tables; then what takes it to the next. Versions are those of
/// `crate::schema`, which a released step is not edited in either.
const STEPS: &[(i64, &str)] = &[(7, VERSION_7)];

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

/// How often it is looked again whether somebody else is making the tables.
const TRIES: u32 = 50;

/// Makes the tables where there are none and `make` says so, and brings older ones up to date.
pub(super) fn prepare(postgres: &Postgres, make: bool) -> Result<(), StoreError> {
    let known = crate::schema::known_version();
    let mut failed = None;
    for _ in 0..TRIES {
        let found = version(postgres)?;
        match found {
            Some(found) if found == known => return Ok(()),
            Some(found) if found > known => return Err(StoreError::NewerVersion { found, known }),
            None if !make => {
                let reason = "there is no store in it".to_owned();
                return Err(StoreError::Unreachable { place: postgres.line.place().to_owned(), reason });
            }
            Some(_) if !make => return Err(StoreError::ReadOnly),
            _ => {}
        }
        let steps: String = STEPS
            .iter()
            .filter(|(version, _)| found.is_none_or(|found| *version > found))
            .map(|(_, sql)| *sql)
            .collect();
        let sql = format!(
            "BEGIN;{steps}
             INSERT INTO counterpart (name, value) VALUES ('version', {known})
             ON CONFLICT (name) DO UPDATE SET value = excluded.value;
             COMMIT"
        );
        match postgres.batch(&sql) {
            Ok(()) => return Ok(()),
            // Somebody else is perhaps doing the same at this moment.
            Err(why) => failed = Some(why),
        }
        thread::sleep(Duration::from_millis(100));
    }
    Err(failed.unwrap_or(StoreError::Busy))
}

fn version(postgres: &Postgres) -> Result<Option<i64>, StoreError> {
    let there = "SELECT count(*) FROM information_schema.tables
                 WHERE table_schema = current_schema() AND table_name = 'counterpart'";
    if number(postgres, there)? != Some(1) {
        return Ok(None);
    }
    number(postgres, "SELECT value FROM counterpart WHERE name = 'version'")
}

fn number(postgres: &Postgres, sql: &str) -> Result<Option<i64>, StoreError> {
    let Answer::Rows(rows) = postgres.alone(&Step::new(Kind::Rows, sql, &[]))? else { return Ok(None) };
    match rows.first().map(|row| column(row, 0)).transpose()? {
        Some(Value::Int(number)) => Ok(Some(number)),
        _ => Ok(None),
    }
}
