//! What can go wrong at the desk, in words for the person at it.

use std::path::PathBuf;

use counterpart_core::{
    id::{CaseId, DeviceKey, PartyId, short_form},
    invitation::LinkError,
    record::DraftError,
    worksheet::EditError,
};
use counterpart_process::steps::PathError;
use counterpart_store::{FilesError, StoreError};

use crate::agent::LineError;

/// Why something at the desk did not happen. Nothing was changed or lost.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DeskError {
    #[error("there is no identity in {}: run `counterpart init` first", .home.display())]
    NoIdentity { home: PathBuf },
    #[error(
        "this account may not read the home {}{}: run the command as the account whose it is, such as by `runuser -u \
         ACCOUNT -- counterpart`",
        .home.display(), .owner.as_ref().map(|owner| format!(", which belongs to {owner}")).unwrap_or_default()
    )]
    NotReadable { home: PathBuf, owner: Option<String> },
    #[error("{} holds an identity already; nothing was changed", .home.display())]
    AlreadyInitialised { home: PathBuf },
    #[error("the key file {} cannot be read: {why}", .path.display())]
    Key { path: PathBuf, why: String },
    #[error("the keys are locked: the passphrase is needed")]
    Locked,
    #[error("that is not the passphrase; nothing was changed")]
    WrongPassphrase,
    #[error("the passphrase is empty: take several words that nobody guesses")]
    NoPassphrase,
    #[error(
        "no key was found on the recovery sheet: it stands behind 'Replacement key:', 64 characters, 0 to 9 and A to F"
    )]
    SheetUnreadable,
    #[error("that is not the recovery sheet for this identity as its key log stands: {0}. Nothing was changed")]
    WrongSheet(String),
    #[error(
        "no recovery sheet lies in this home, and none can be made again for the same key: `counterpart identity rotate` \
         makes a new one, with the sheet that was printed"
    )]
    NoSheet,
    #[error("{why}. Nothing was changed")]
    Rotation { why: String },
    #[error(
        "the main key in this home is no longer the identity's: it was changed elsewhere, with the recovery sheet. Add and \
         end devices where that was done"
    )]
    RootReplaced,
    #[error(
        "this identity's device was used elsewhere: this home is a copy or an old backup of another one, and its key signed \
         there what was not here. Nothing more is signed with it: a second history would count against you. \
         `counterpart identity renew-device` gives this home a key of its own"
    )]
    UsedElsewhere,
    #[error(
        "the other side shows entries of this very device that are not here: they are being fetched first. Try again"
    )]
    Looking,
    #[error("stop `counterpart up` first: it runs with the keys as they are now")]
    Running,
    #[error("{}: {why}. Nothing was changed", .path.display())]
    Backup { path: PathBuf, why: String },
    #[error(
        "this backup holds no main key that is in force: it was made on an agent's machine, or the key was changed since. \
         Restore with the recovery sheet: --sheet FILE"
    )]
    NoRootInBackup,
    #[error("{} is not empty: a backup is restored into a folder that holds nothing yet", .home.display())]
    NotEmpty { home: PathBuf },
    #[error(
        "the store at {place} is behind the one in use, so nothing was changed: it lacks {lacks}. What is signed there next would \
         stand where something else does already, and this machine's key could not be used any more. Copy the store in use \
         into an empty place (`counterpart store copy`), or bring that one up to date, then try again"
    )]
    StoreBehind { place: String, lacks: String },
    #[error("cannot find a folder for your data: set COUNTERPART_HOME to one")]
    NoFolder,
    #[error("{}: {why}", .path.display())]
    File { path: PathBuf, why: String },
    #[error("{}", no_such_case(.0))]
    UnknownCase(String),
    #[error("'{0}' is not a case's name: {1}")]
    CaseName(String, String),
    #[error("{}", several_cases(typed, cases))]
    AmbiguousCase { typed: String, cases: Vec<CaseId> },
    #[error("that is too long for a note: keep it under 60,000 letters, or put it into several")]
    NoteTooLong,
    #[error("{0}")]
    Store(#[from] StoreError),
    #[error("{0}")]
    Files(#[from] FilesError),
    #[error("the files of this case are more than {most} bytes together, too much for one bundle: leave some out")]
    TooManyFiles { most: u64 },
    #[error("{0}")]
    Draft(#[from] DraftError),
    #[error("{0}")]
    Worksheet(#[from] EditError),
    #[error("the stored copy of case {} is damaged: {why}. Run `counterpart doctor`", short_form(&.case.0))]
    Damaged { case: CaseId, why: String },
    #[error("{0}")]
    Link(#[from] LinkError),
    #[error("that invitation expired; ask for a new one")]
    Expired,
    #[error("this is your own invitation; send it to the other side")]
    OwnInvitation,
    #[error("you are in this case already")]
    AlreadyMember,
    #[error("that address cannot be used: {0}")]
    Address(String),
    #[error("{wrong} connections make no sense: choose from {least} to {most}")]
    Connections { wrong: u32, least: u32, most: u32 },
    #[error("there is nothing to stamp: the case has not arrived yet")]
    NothingToStamp,
    #[error("{0}")]
    Text(String),
    #[error(
        "the machine of {} asked to act for somebody and waits for the answer: `counterpart agent take GRANT` completes \
         it. For an identity of its own use another home",
        .home.display()
    )]
    Asked { home: PathBuf },
    #[error(
        "the machine of {} waits to be added: `counterpart up --mailbox` shows its line, for `counterpart device add LINE` on \
         your own machine. For an identity of its own use another home",
        .home.display()
    )]
    Waits { home: PathBuf },
    #[error("a node of this home runs already, in another window or in the background")]
    RunsAlready,
    #[error("this machine asked to act for {} before: take that grant, or use another home", short_form(&.party.0))]
    AskedElsewhere { party: PartyId },
    #[error("this machine asked nobody to act for them: begin with `counterpart agent ask`")]
    NotAsked,
    #[error("{0}")]
    Line(#[from] LineError),
    #[error("that grant is not for this machine: it names another device, or another identity than was asked")]
    NotForThisDevice,
    #[error("that grant was ended again; ask whoever holds the identity")]
    GrantRevoked,
    #[error("this is an agent's machine, without the right to add or end agents; ask whoever holds the identity")]
    NoRoot,
    #[error("that request is made to {}, which is not your identity: nothing was granted", short_form(&.party.0))]
    OtherParty { party: PartyId },
    #[error("that device has a grant already; one that ended is never granted anew: a new one needs new keys")]
    AgentKnown,
    #[error("that agent's rights ended before")]
    EndedBefore,
    #[error("that is this machine's own device: end its rights from another of your machines")]
    OwnDevice,
    #[error("the name: {0}")]
    AgentName(String),
    #[error("there is an agent called '{0}' already: give another name with --name")]
    NameTaken(String),
    #[error("there is no agent '{0}': `counterpart agent list` shows them")]
    UnknownAgent(String),
    #[error("'{typed}' could be {}: name the device", .devices.iter().map(|d| short_form(&d.0)).collect::<Vec<_>>().join(" or "))]
    AmbiguousAgent { typed: String, devices: Vec<DeviceKey> },
    #[error("your own party set limits for this machine that do not cover this; ask whoever holds the identity")]
    OwnLimit,
    #[error(
        "this machine may not sign that for its party (its rights leave out '{0}'): do it on another of your machines"
    )]
    MayNotSign(&'static str),
    #[error(
        "the time in which this machine may act for its party {}; ask whoever holds the identity",
        if *.begun { "is over" } else { "has not begun" }
    )]
    OutOfTime { begun: bool },
    #[error("{0}; nothing was changed")]
    Steps(#[from] PathError),
    #[error("this very mail is on record already")]
    MailKnown,
    #[error("the seat's name: {0}")]
    SeatName(String),
    #[error("there is no agent's seat '{0}' in this home: `counterpart seat list` shows them")]
    UnknownSeat(String),
    #[error("there is an agent's seat called '{0}' here already: choose another name, or end that one first")]
    SeatTaken(String),
    #[error("the rights of the agent's seat '{0}' ended: nothing is signed with its key any more")]
    SeatEnded(String),
    #[error("the seat's rights: {0}")]
    SeatRights(String),
    #[error(
        "the key of this agent's seat was used elsewhere: this home is a copy or an old backup of another one. Nothing more \
         is signed with it: end the seat and add it again, `counterpart seat end NAME --reason ended`"
    )]
    SeatUsedElsewhere,
    #[error("that is not done from an agent's seat, but by whoever runs the home: leave out the seat")]
    OnlyHome,
    #[error("there is a token called '{0}' already: choose another name, or end that one first")]
    TokenTaken(String),
    #[error("there is no token '{0}': `counterpart token list` shows them")]
    UnknownToken(String),
    #[error("the token: {0}")]
    TokenWish(String),
    #[error("your key log cannot take that: {0}")]
    KeyLog(String),
}

/// A dot stands for the only case: where it finds none, none is here.
fn no_such_case(typed: &str) -> String {
    if typed == "." {
        return "there is no case here yet: `counterpart new` begins one, `counterpart join` comes into one".to_owned();
    }
    format!("there is no case '{typed}' here: `counterpart list` shows them")
}

/// A dot stands for the only case, of which nobody can write more.
fn several_cases(typed: &str, cases: &[CaseId]) -> String {
    let names: Vec<String> = cases.iter().take(8).map(|case| short_form(&case.0)).collect();
    let more = if cases.len() > names.len() { " or others" } else { "" };
    let names = names.join(" or ");
    if typed == "." {
        return format!(
            "there are several cases: write which in place of the dot, {names}{more}; `counterpart list` shows them"
        );
    }
    format!("'{typed}' could be {names}{more}: write more of it")
}
