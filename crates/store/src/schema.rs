//! The tables, and how a file is known to be a store of a version this program can use.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use rusqlite::Connection;

use crate::{
    error::{StoreError, sqlite},
    marks::unfinished,
};

/// "CtPt" in ASCII, so that `file` and this program can tell a store from any other SQLite file.
pub(crate) const APPLICATION_ID: i64 = 0x4374_5074;

/// "CtPu": a store that is being copied into, and is none until that has come to its end.
pub(crate) const COPYING_ID: i64 = 0x4374_5075;

/// Step n takes a store from version n to version n + 1. A released step is never edited: a change is a new step.
const STEPS: &[&str] =
    &[VERSION_1, VERSION_2, VERSION_3, VERSION_4, VERSION_5, VERSION_6, VERSION_7, VERSION_8, VERSION_9];

const VERSION_1: &str = "
CREATE TABLE entries (
    ordinal INTEGER PRIMARY KEY AUTOINCREMENT,
    case_id BLOB NOT NULL CHECK (length(case_id) = 32),
    id BLOB NOT NULL CHECK (length(id) = 32),
    device BLOB NOT NULL CHECK (length(device) = 32),
    seq INTEGER NOT NULL CHECK (seq >= 0),
    own INTEGER NOT NULL CHECK (own IN (0, 1)),
    envelope BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX entries_by_id ON entries (case_id, id);
-- An index row ends with the row's number, so this one and receipts_by_case are in order of arrival within a case.
CREATE INDEX entries_by_case ON entries (case_id);
CREATE UNIQUE INDEX entries_own_position ON entries (case_id, device, seq) WHERE own = 1;

CREATE TABLE key_events (
    arrival INTEGER PRIMARY KEY AUTOINCREMENT,
    id BLOB NOT NULL UNIQUE CHECK (length(id) = 32),
    party BLOB NOT NULL CHECK (length(party) = 32),
    position INTEGER NOT NULL CHECK (position >= 0),
    envelope BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX key_events_by_party ON key_events (party, position, id);

CREATE TABLE receipts (
    arrival INTEGER PRIMARY KEY AUTOINCREMENT,
    id BLOB NOT NULL UNIQUE CHECK (length(id) = 32),
    case_id BLOB NOT NULL CHECK (length(case_id) = 32),
    device BLOB NOT NULL CHECK (length(device) = 32),
    number INTEGER NOT NULL CHECK (number >= 0),
    own INTEGER NOT NULL CHECK (own IN (0, 1)),
    envelope BLOB NOT NULL
) STRICT;
CREATE INDEX receipts_by_case ON receipts (case_id);
CREATE UNIQUE INDEX receipts_own_number ON receipts (case_id, device, number) WHERE own = 1;

-- Values are rows by arrival, not by key: a deleted one then seldom had neighbours moved past it (see scrub).
CREATE TABLE sealed_values (
    arrival INTEGER PRIMARY KEY AUTOINCREMENT,
    case_id BLOB NOT NULL CHECK (length(case_id) = 32),
    entry BLOB NOT NULL CHECK (length(entry) = 32),
    path BLOB NOT NULL,
    disclosure BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX sealed_values_by_path ON sealed_values (case_id, entry, path);

CREATE TABLE case_summaries (
    case_id BLOB NOT NULL PRIMARY KEY CHECK (length(case_id) = 32),
    title TEXT NOT NULL,
    state TEXT NOT NULL,
    whose_move TEXT NOT NULL,
    next_due INTEGER,
    entries INTEGER NOT NULL CHECK (entries >= 0),
    updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE peers (
    case_id BLOB NOT NULL CHECK (length(case_id) = 32),
    party BLOB NOT NULL CHECK (length(party) = 32),
    device BLOB CHECK (length(device) = 32),
    address TEXT NOT NULL,
    last_seen INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX peers_by_address ON peers (case_id, party, ifnull(device, x''), address);

CREATE TABLE invites (
    invite BLOB NOT NULL PRIMARY KEY CHECK (length(invite) = 32),
    case_id BLOB NOT NULL CHECK (length(case_id) = 32),
    secret BLOB NOT NULL,
    link TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX invites_by_case ON invites (case_id);

CREATE TABLE joins (
    case_id BLOB NOT NULL PRIMARY KEY CHECK (length(case_id) = 32),
    link TEXT NOT NULL,
    request BLOB NOT NULL,
    expires INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
";

const VERSION_2: &str = "
-- What is left to be done about erased things: a scrub where nothing else is said, else a file to erase.
CREATE TABLE chores (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    case_id BLOB CHECK (length(case_id) = 32),
    sha256 BLOB CHECK (length(sha256) = 32),
    size INTEGER CHECK (size >= 0),
    CHECK ((case_id IS NULL) = (sha256 IS NULL) AND (sha256 IS NULL) = (size IS NULL))
) STRICT;
";

const VERSION_3: &str = "
CREATE TABLE stamps (
    arrival INTEGER PRIMARY KEY AUTOINCREMENT,
    id BLOB NOT NULL UNIQUE CHECK (length(id) = 32),
    case_id BLOB NOT NULL CHECK (length(case_id) = 32),
    -- Entry ids, one behind the other.
    heads BLOB NOT NULL CHECK (length(heads) > 0 AND length(heads) % 32 = 0),
    token BLOB NOT NULL
) STRICT;
CREATE INDEX stamps_by_case ON stamps (case_id);

-- Entries that are to be covered by a time stamp and are not yet.
CREATE TABLE wanted_stamps (
    case_id BLOB NOT NULL CHECK (length(case_id) = 32),
    entry BLOB NOT NULL CHECK (length(entry) = 32),
    since INTEGER NOT NULL,
    trouble TEXT,
    PRIMARY KEY (case_id, entry)
) STRICT, WITHOUT ROWID;
";

const VERSION_4: &str = "
-- What a person keeps for themselves. Never sent to another party.
CREATE TABLE notebook (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    kind TEXT NOT NULL,
    case_id BLOB CHECK (length(case_id) = 32),
    whom TEXT,
    body TEXT NOT NULL,
    written_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX notebook_by_kind ON notebook (kind, whom);
CREATE INDEX notebook_by_case ON notebook (case_id) WHERE case_id IS NOT NULL;

-- What is to be sent, or was, one a case and occasion: nothing is sent twice for the same reason.
CREATE TABLE letters (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    case_id BLOB NOT NULL CHECK (length(case_id) = 32),
    occasion TEXT NOT NULL,
    state TEXT NOT NULL,
    due INTEGER NOT NULL,
    next_try INTEGER,
    body TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX letters_by_occasion ON letters (case_id, occasion);
CREATE INDEX letters_to_try ON letters (next_try) WHERE next_try IS NOT NULL;

-- Mail that came in or went out, so that an answer finds its case and nothing is taken in twice.
CREATE TABLE mails (
    sha256 BLOB NOT NULL PRIMARY KEY CHECK (length(sha256) = 32),
    message_id TEXT,
    out INTEGER NOT NULL CHECK (out IN (0, 1)),
    case_id BLOB CHECK (length(case_id) = 32),
    entry BLOB CHECK (length(entry) = 32),
    at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX mails_by_message_id ON mails (message_id) WHERE message_id IS NOT NULL;
";

const VERSION_5: &str = "
-- What each case keeps ready of what is to be done. A cache: rebuildable from the entries and the notebook.
CREATE TABLE agendas (
    case_id BLOB NOT NULL PRIMARY KEY CHECK (length(case_id) = 32),
    entries INTEGER NOT NULL CHECK (entries >= 0),
    body TEXT NOT NULL,
    steps_rest_on INTEGER CHECK (steps_rest_on >= 0),
    steps TEXT,
    CHECK ((steps_rest_on IS NULL) = (steps IS NULL))
) STRICT, WITHOUT ROWID;
";

const VERSION_6: &str = "
-- Edits of worksheets, of the present epoch. Drafts: no evidence, and in no backup.
CREATE TABLE edits (
    arrival INTEGER PRIMARY KEY AUTOINCREMENT,
    case_id BLOB NOT NULL CHECK (length(case_id) = 32),
    id BLOB NOT NULL CHECK (length(id) = 32),
    epoch INTEGER NOT NULL CHECK (epoch >= 1),
    epoch_id BLOB NOT NULL CHECK (length(epoch_id) = 32),
    device BLOB NOT NULL CHECK (length(device) = 32),
    seq INTEGER NOT NULL CHECK (seq >= 1),
    own INTEGER NOT NULL CHECK (own IN (0, 1)),
    envelope BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX edits_by_id ON edits (case_id, id);
CREATE INDEX edits_by_case ON edits (case_id);
CREATE UNIQUE INDEX edits_own_position ON edits (case_id, epoch, epoch_id, device, seq) WHERE own = 1;
";

const VERSION_7: &str = "
-- Where devices can be reached, of each its newest word; for all cases.
CREATE TABLE whereabouts (
    arrival INTEGER PRIMARY KEY AUTOINCREMENT,
    party BLOB NOT NULL CHECK (length(party) = 32),
    device BLOB NOT NULL CHECK (length(device) = 32),
    number INTEGER NOT NULL CHECK (number >= 1),
    envelope BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX whereabouts_by_device ON whereabouts (party, device);
";

const VERSION_8: &str = "
-- What lets programs in. Of a token only its hash is kept; one that was ended stays, and its name is free again.
CREATE TABLE tokens (
    hash BLOB NOT NULL PRIMARY KEY CHECK (length(hash) = 32),
    name TEXT NOT NULL,
    -- Whose key signs for it: an agent's seat in this home, else the home's own.
    seat TEXT,
    scopes TEXT NOT NULL,
    made INTEGER NOT NULL,
    expires INTEGER,
    ended INTEGER,
    used INTEGER,
    -- The token that made it, with which it ends; nothing where somebody at the machine made it.
    made_by BLOB CHECK (length(made_by) = 32),
    -- The first in that line, which may be itself.
    root BLOB NOT NULL CHECK (length(root) = 32)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX tokens_by_name ON tokens (name) WHERE ended IS NULL;
CREATE INDEX tokens_by_maker ON tokens (made_by) WHERE made_by IS NOT NULL;

-- What came into the store, in one order over all cases. A row is written with that of which it tells.
CREATE TABLE changes (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    case_id BLOB NOT NULL CHECK (length(case_id) = 32),
    kind TEXT NOT NULL,
    what BLOB
) STRICT;
CREATE INDEX changes_by_case ON changes (case_id, number);

-- Whom to tell of changes over HTTP.
CREATE TABLE hooks (
    name TEXT NOT NULL PRIMARY KEY,
    url TEXT NOT NULL,
    secret TEXT NOT NULL,
    kinds TEXT NOT NULL,
    private INTEGER NOT NULL CHECK (private IN (0, 1)),
    made INTEGER NOT NULL,
    -- The changes up to this number are not for it, or their cases are in hook_state.
    seen INTEGER NOT NULL CHECK (seen >= 0),
    -- How often in a row it was told and did not take it, since when, and not before when it is told again.
    tries INTEGER NOT NULL CHECK (tries >= 0),
    failing INTEGER,
    next INTEGER NOT NULL,
    trouble TEXT,
    -- When it last took something.
    told INTEGER,
    off INTEGER,
    why TEXT
) STRICT, WITHOUT ROWID;

-- The cases of which a hook is yet to be told.
CREATE TABLE hook_state (
    case_id BLOB NOT NULL CHECK (length(case_id) = 32),
    hook TEXT NOT NULL,
    -- The last change of the case that it was told of.
    number INTEGER NOT NULL CHECK (number >= 0),
    tries INTEGER NOT NULL CHECK (tries >= 0),
    next INTEGER NOT NULL,
    -- Until when somebody is telling it.
    taken INTEGER,
    failing INTEGER,
    trouble TEXT,
    PRIMARY KEY (case_id, hook)
) STRICT, WITHOUT ROWID;
CREATE INDEX hook_state_to_try ON hook_state (hook, next);

-- Words of open texts, by which cases are found. A cache: rebuildable from the entries. A row says in which cases of a block a
-- word stands, by their numbers in queue (see numbers.rs).
CREATE TABLE terms (
    term TEXT NOT NULL,
    block INTEGER NOT NULL CHECK (block >= 0),
    cases BLOB NOT NULL CHECK (length(cases) BETWEEN 2 AND 512),
    PRIMARY KEY (term, block)
) STRICT, WITHOUT ROWID;

-- The same of sealed values, apart because they go with them, and a row for each case, so that nothing of another one is
-- written anew. They stand in one of two tables; a scrub moves them over to the other, a slice at a time, so that every page
-- that they were in is freed. Meanwhile they stand in both.
CREATE TABLE sealed_terms (
    number INTEGER NOT NULL,
    term TEXT NOT NULL,
    PRIMARY KEY (number, term)
) STRICT, WITHOUT ROWID;
CREATE INDEX sealed_terms_by_term ON sealed_terms (term, number);
CREATE TABLE sealed_terms_anew (
    number INTEGER NOT NULL,
    term TEXT NOT NULL,
    PRIMARY KEY (number, term)
) STRICT, WITHOUT ROWID;
CREATE INDEX sealed_terms_anew_by_term ON sealed_terms_anew (term, number);

-- How far scrubs are: always one row.
CREATE TABLE scrubbing (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    -- Where new words go, and all are moved to: sealed_terms with 0, sealed_terms_anew with 1.
    side INTEGER NOT NULL CHECK (side IN (0, 1)),
    -- The chores up to this number are being seen to, or were.
    begun INTEGER NOT NULL CHECK (begun >= 0),
    -- For those up to this one all is written anew; only the log is yet to be emptied.
    rewritten INTEGER NOT NULL CHECK (rewritten >= 0)
) STRICT;
INSERT INTO scrubbing (one, side, begun, rewritten) VALUES (1, 0, 0, 0);

-- How many words of a case a party brought into the three tables: none uses up the room of another.
CREATE TABLE words_by (
    case_id BLOB NOT NULL CHECK (length(case_id) = 32),
    party BLOB NOT NULL CHECK (length(party) = 32),
    open INTEGER NOT NULL CHECK (open >= 0),
    sealed INTEGER NOT NULL CHECK (sealed >= 0),
    PRIMARY KEY (case_id, party)
) STRICT, WITHOUT ROWID;

-- Who of us has a case. Never sent to another party.
CREATE TABLE assigned (
    case_id BLOB NOT NULL PRIMARY KEY CHECK (length(case_id) = 32),
    agent TEXT NOT NULL,
    at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- By which template a case was begun here. Never sent to another party.
CREATE TABLE begun_by (
    case_id BLOB NOT NULL PRIMARY KEY CHECK (length(case_id) = 32),
    template TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Where each case stands among what is to be done. A cache: rebuildable from its entries and the two tables above.
CREATE TABLE queue (
    -- By which its words tell of it. No case ever goes, so none has the number that another one had.
    number INTEGER PRIMARY KEY,
    case_id BLOB NOT NULL CHECK (length(case_id) = 32),
    -- 0 waits for us, 1 for others or for nothing, 2 closed.
    lane INTEGER NOT NULL CHECK (lane IN (0, 1, 2)),
    -- Unix milliseconds; the greatest number where nothing is due.
    due INTEGER NOT NULL,
    since INTEGER NOT NULL,
    -- Folded, so that it is found however it is typed; empty where nobody has it.
    agent TEXT NOT NULL,
    -- Empty where there was none.
    template TEXT NOT NULL,
    -- Of how many entries the words are in terms, and how many words there are.
    entries INTEGER NOT NULL CHECK (entries >= 0),
    words INTEGER NOT NULL CHECK (words >= 0)
) STRICT;
CREATE UNIQUE INDEX queue_by_case ON queue (case_id);
CREATE INDEX queue_in_order ON queue (lane, due, since, case_id, agent, template);
CREATE INDEX queue_by_agent ON queue (agent, lane, due, since, case_id, template);
CREATE INDEX queue_by_template ON queue (template, lane, due, since, case_id, agent) WHERE template <> '';

-- Cases of earlier versions, whose words are yet to be found; their place is what their summaries say.
CREATE TABLE unindexed (
    case_id BLOB NOT NULL PRIMARY KEY CHECK (length(case_id) = 32)
) STRICT, WITHOUT ROWID;
INSERT INTO unindexed (case_id) SELECT case_id FROM case_summaries;
INSERT INTO queue (case_id, lane, due, since, agent, template, entries, words)
    SELECT case_id, CASE WHEN state = 'closed' THEN 2 WHEN whose_move LIKE 'yours:%' THEN 0 ELSE 1 END,
           coalesce(next_due, 9223372036854775807), updated_at, '', '', 0, 0
    FROM case_summaries;

-- What we tell each other about a case. Never sent to another party.
CREATE TABLE asides (
    case_id BLOB NOT NULL CHECK (length(case_id) = 32),
    number INTEGER NOT NULL CHECK (number >= 1),
    at INTEGER NOT NULL,
    agent TEXT NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (case_id, number)
) STRICT, WITHOUT ROWID;

-- What a program asked for under a key of its own choosing, so that asking again does it once.
CREATE TABLE idempotency (
    token BLOB NOT NULL CHECK (length(token) = 32),
    key TEXT NOT NULL,
    at INTEGER NOT NULL,
    digest BLOB NOT NULL CHECK (length(digest) = 32),
    status INTEGER,
    -- Ids alone: no text of what was signed, of which parts may be erased later.
    body BLOB,
    PRIMARY KEY (token, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_by_age ON idempotency (at);

-- What other systems call a case.
CREATE TABLE external (
    case_id BLOB NOT NULL CHECK (length(case_id) = 32),
    system TEXT NOT NULL,
    id TEXT NOT NULL,
    PRIMARY KEY (case_id, system)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX external_by_id ON external (system, id);
";

const VERSION_9: &str = "
-- That something fell due is a change of its own: when, and what; of one case and time there is one.
ALTER TABLE changes ADD COLUMN due INTEGER;
ALTER TABLE changes ADD COLUMN dues TEXT;
CREATE UNIQUE INDEX changes_by_due ON changes (case_id, due) WHERE due IS NOT NULL;

-- The first time at which something is due in a case of which nobody was told; nothing where there is none.
ALTER TABLE queue ADD COLUMN alarm INTEGER;
CREATE INDEX queue_by_alarm ON queue (alarm, case_id) WHERE alarm IS NOT NULL;
UPDATE queue SET alarm = due WHERE lane < 2 AND due < 9223372036854775807;
";

/// The version this program writes.
pub(crate) fn known_version() -> i64 {
    i64::try_from(STEPS.len()).expect("a handful of steps")
}

/// What a file says of itself.
enum Found {
    Nothing,
    Version(i64),
}

/// Makes an empty file a store, and brings an older store up to date.
pub(crate) fn prepare(conn: &Connection, path: &Path) -> Result<(), StoreError> {
    if let Found::Version(version) = identify(conn, path)?
        && version == known_version()
    {
        return Ok(());
    }
    conn.execute_batch("BEGIN IMMEDIATE").map_err(sqlite)?;
    let outcome = bring_up_to_date(conn, path);
    // After a failure the transaction may be gone already; closing the connection ends it in any case.
    match outcome {
        Ok(()) => conn.execute_batch("COMMIT").map_err(sqlite),
        Err(e) => {
            drop(conn.execute_batch("ROLLBACK"));
            Err(e)
        }
    }
}

fn bring_up_to_date(conn: &Connection, path: &Path) -> Result<(), StoreError> {
    // Read again: another process may have done it while this one waited.
    let from = match identify(conn, path)? {
        Found::Nothing => 0,
        Found::Version(version) => version,
    };
    let done = usize::try_from(from).expect("identify gives no negative version");
    for step in &STEPS[done..] {
        conn.execute_batch(step).map_err(sqlite)?;
    }
    conn.pragma_update(None, "application_id", APPLICATION_ID).map_err(sqlite)?;
    conn.pragma_update(None, "user_version", known_version()).map_err(sqlite)
}

/// For a store opened for reading only: it must be of this very version already.
pub(crate) fn check(conn: &Connection, path: &Path) -> Result<(), StoreError> {
    match identify(conn, path)? {
        Found::Version(version) if version == known_version() => Ok(()),
        // Bringing it up to date would be writing.
        Found::Version(_) => Err(StoreError::ReadOnly),
        Found::Nothing => Err(StoreError::NotAStore { path: path.to_owned() }),
    }
}

fn identify(conn: &Connection, path: &Path) -> Result<Found, StoreError> {
    // One statement, hence one picture: another process may be making the store at this moment.
    const SQL: &str = "SELECT (SELECT application_id FROM pragma_application_id),
                              (SELECT user_version FROM pragma_user_version),
                              (SELECT count(*) FROM sqlite_schema)";
    let (application, version, tables): (i64, i64, i64) =
        conn.query_row(SQL, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).map_err(sqlite)?;
    match (application, version, tables) {
        (0, 0, 0) => Ok(Found::Nothing),
        (APPLICATION_ID, found, _) if found > known_version() => {
            Err(StoreError::NewerVersion { found, known: known_version() })
        }
        (APPLICATION_ID, found, _) if found > 0 => Ok(Found::Version(found)),
        (COPYING_ID, ..) => Err(unfinished(path.display().to_string(), false)),
        _ => Err(StoreError::NotAStore { path: path.to_owned() }),
    }
}

/// Switches to the write-ahead log, which lets readers go on while one process writes.
pub(crate) fn use_wal(conn: &Connection, path: &Path) -> Result<(), StoreError> {
    // Where several do this at once SQLite answers some of them without waiting.
    let until = Instant::now() + crate::BUSY_TIMEOUT;
    let mode: String = loop {
        match conn.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0)).map_err(sqlite) {
            Err(StoreError::Busy) if Instant::now() < until => std::thread::sleep(Duration::from_millis(5)),
            other => break other?,
        }
    };
    if mode == "wal" {
        return Ok(());
    }
    let reason = "its file system does not let programs share memory through a file".to_owned();
    Err(StoreError::CannotOpen { path: path.to_owned(), reason })
}
