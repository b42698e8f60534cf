//! The shell that joins core, store and net: keys, the home folder, the clock, the one event loop.
//!
//! Core decides, store keeps, net carries; this crate only connects them. It is the only one that reads the clock
//! and draws random bytes.

mod account;
mod adopt;
mod agent;
mod asides;
mod assigned;
mod backup;
mod beside;
mod calendar;
mod checks;
mod clock;
mod desk;
mod doctor;
mod due;
mod engine;
mod error;
mod followed;
mod home;
mod identity;
mod inviting;
mod keyfile;
mod letters;
mod limits;
mod load;
mod log;
mod logged;
mod metrics;
mod network;
mod node;
mod notebook;
mod overdue;
mod place;
mod poke;
mod post;
mod post_file;
mod presence;
mod queue;
mod random;
mod restore;
mod search;
mod seats;
mod sheet;
mod stamps;
mod standing;
mod standing_rules;
mod steps;
mod today;
mod tokens;
mod webhooks;
mod worksheet;

pub use account::{account_name, owner};
pub use adopt::{AdoptError, Adopted, DeviceLine, LineFor, WaitEvent, Waiter};
pub use agent::{Agent, AgentGrant, AgentRequest, CaseLink, LineError, Rights, Taken, ask, take};
pub use asides::{InternalAside, MOST_ASIDE};
pub use assigned::{Assigned, Load};
pub use backup::{BackupAbout, BackupContents, is_backup_encrypted};
pub use calendar::KeptCalendar;
pub use checks::{Check, CheckedBy};
pub use clock::now;
pub use counterpart_net::{Address, PeerId, RelayLimits};
pub use counterpart_store::{Copied, StorePlace};
pub use counterpart_timestamp::{Root, Roots};
pub use desk::Desk;
pub use doctor::DoctorReport;
pub use due::due_instant;
pub use error::DeskError;
pub use followed::Followed;
pub use home::{InitReport, home_folder};
pub use identity::{
    CaseCut, IdentityAlarm, IdentityReport, LogEvent, LogPlace, LogWhat, MainKey, Mending, Renewal, Renewed, Rotation,
};
pub use inviting::NewInvitation;
pub use keyfile::{PASSPHRASE_FILE, Passphrase};
pub use letters::{
    CaseOutlook, Channel, Consent, Hours, Letter, LetterKind, LetterState, LetterText, Notice, Parcel, Planned, Posted,
    Watched, show_notice, wait_after,
};
pub use limits::mandates_of;
pub use logged::{Level, Logged};
pub use metrics::{METRICS_TYPE, Pulse, StoreNumbers, api as api_numbers};
pub use network::NetworkSettings;
pub use node::{Node, NodeConfig, NodeError, NodeEvent, Outcome};
pub use notebook::{Lesson, NotebookEntry, is_mail_address};
pub use overdue::{DueThing, DueWhat, Overdue};
pub use place::{own_store_place, store_place_of, use_store_unchecked};
pub use post::{
    Aside, Collected, Fit, FitBy, Known, MailFetch, MailFinding, MailSecret, MailServer, MailSettings, MailState,
    PostError, sent_row, subject_tag,
};
pub use post_file::{
    JoinAsked, MOST_POSTS, PostFile, PostMail, PostOutcome, PostReport, PostWish, ReceiptGiven, RequestVerdict,
    TakenCase, TakenPosts, WriteError, Written,
};
pub use presence::{
    Connected, JoinPresence, JoinStanding, Outside, OwnReach, PeerPresence, PeerStanding, PresenceReport, RelayPlace,
    RelayState, Way,
};
pub use queue::{BadCursor, Cursor, MOST_ROWS, Page, Queue, QueueRow};
pub use random::random;
pub use restore::{Lost, Restored, Restoring};
pub use seats::SeatHere;
pub use sheet::SheetKey;
pub use stamps::{
    BadUrl, Claims, HeldStamp, PATIENCE, ServiceError, ServiceUrl, StampError, StampRequest, StampSettings, Standing,
};
pub use standing::{
    AskedBy, CaseStatus, FreeSeat, JoinStatus, Lacking, OtherSide, OwnDevice, PeerLink, StatusReport, TheirDevice,
};
pub use standing_rules::{
    RuleBehind, RuleCount, RuleDone, RuleOutcome, RuleStands, RuleWish, RulesLooked, count_rule, keep_rule_acted,
};
pub use tokens::{Scope, Token, TokenInfo, TokenWish};
pub use webhooks::{
    BadHookUrl, HOOK_PATIENCE, Hook, HookError, HookNews, HookSecret, HookTold, HookWish, NotTaken, Taking, Telling,
};
