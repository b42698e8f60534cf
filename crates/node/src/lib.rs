//! The shell that joins core, store and net: keys, the home folder, the clock, the one event loop.
//!
//! Core decides, store keeps, net carries; this crate only connects them. It is the only one that reads the clock
//! and draws random bytes.

mod adopt;
mod agent;
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
mod home;
mod identity;
mod keyfile;
mod letters;
mod limits;
mod load;
mod log;
mod network;
mod node;
mod notebook;
mod place;
mod poke;
mod post;
mod post_file;
mod presence;
mod random;
mod restore;
mod sheet;
mod stamps;
mod standing;
mod steps;
mod today;
mod worksheet;

pub use adopt::{AdoptError, Adopted, DeviceLine, LineFor, WaitEvent, Waiter};
pub use agent::{Agent, AgentGrant, AgentRequest, CaseLink, LineError, Rights, Taken, ask, take};
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
pub use home::{InitReport, home_folder};
pub use identity::{
    CaseCut, IdentityAlarm, IdentityReport, LogEvent, LogPlace, LogWhat, MainKey, Mending, Renewal, Renewed, Rotation,
};
pub use keyfile::{PASSPHRASE_FILE, Passphrase};
pub use letters::{
    CaseOutlook, Channel, Consent, Hours, Letter, LetterKind, LetterState, LetterText, Notice, Parcel, Planned, Posted,
    Watched, show_notice, wait_after,
};
pub use network::NetworkSettings;
pub use node::{Node, NodeConfig, NodeError, NodeEvent, Outcome};
pub use notebook::{Lesson, NotebookEntry, is_mail_address};
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
pub use random::random;
pub use restore::{Lost, Restored, Restoring};
pub use sheet::SheetKey;
pub use stamps::{
    BadUrl, Claims, HeldStamp, PATIENCE, ServiceError, ServiceUrl, StampError, StampRequest, StampSettings, Standing,
};
pub use standing::{
    CaseStatus, FreeSeat, JoinStatus, Lacking, OtherSide, OwnDevice, PeerLink, StatusReport, TheirDevice,
};
