//! What went wrong, for the person at the terminal: kind, message, hint. The kind fixes the exit code.

use std::process::ExitCode;

use counterpart_core::{gate::Refusal, record::DraftError, view::NameError};
use counterpart_node::DeskError;
use counterpart_store::{FilesError, StoreError};

use crate::{case::OpenCase, possible};

/// What sort of failure it is; scripts tell them apart by the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It was understood and could not be done.
    Failed,
    /// It was not understood, or names something that is not there.
    Usage,
    /// Something that was to be verified does not hold.
    Verification,
    /// There is no identity here, or it is locked.
    Identity,
    /// Nobody could be reached, or not the database.
    Unreachable,
}

impl Kind {
    /// The published exit code.
    pub fn code(self) -> u8 {
        match self {
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Verification => 3,
            Self::Identity => 4,
            Self::Unreachable => 5,
        }
    }

    /// The word given in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Usage => "usage",
            Self::Verification => "verification",
            Self::Identity => "identity",
            Self::Unreachable => "unreachable",
        }
    }
}

/// Why a command did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandError {
    pub kind: Kind,
    pub message: String,
    /// What would work.
    pub hint: Option<String>,
    /// The same for programs, which name fields where people type options; nothing where the hint does for both.
    pub in_fields: Option<Box<str>>,
    /// What was wrong one by one, for programs: of a file, its lines.
    pub bad: Box<[BadLine]>,
}

/// A line of a file that cannot be understood.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct BadLine {
    /// Counted from 1.
    pub line: u64,
    pub why: String,
}

pub type Done<T = ()> = Result<T, CommandError>;

impl CommandError {
    pub fn of(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), hint: None, in_fields: None, bad: Box::default() }
    }

    pub fn failed(message: impl Into<String>) -> Self {
        Self::of(Kind::Failed, message)
    }

    pub fn usage(message: impl Into<String>) -> Self {
        Self::of(Kind::Usage, message)
    }

    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Names the lines that are meant.
    pub fn bad(mut self, bad: Vec<BadLine>) -> Self {
        self.bad = bad.into_boxed_slice();
        self
    }

    /// Says the hint otherwise to programs.
    pub fn in_fields(mut self, hint: impl Into<String>) -> Self {
        self.in_fields = Some(hint.into().into_boxed_str());
        self
    }

    /// The hint for a program.
    pub fn hint_for_programs(&self) -> Option<&str> {
        self.in_fields.as_deref().or(self.hint.as_deref())
    }

    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.kind.code())
    }
}

impl From<DeskError> for CommandError {
    fn from(error: DeskError) -> Self {
        let kind = match &error {
            DeskError::NoIdentity { .. }
            | DeskError::NotReadable { .. }
            | DeskError::Key { .. }
            | DeskError::Asked { .. }
            | DeskError::Waits { .. }
            | DeskError::Locked
            | DeskError::WrongPassphrase
            | DeskError::SeatEnded(_)
            | DeskError::SeatUsedElsewhere
            | DeskError::UsedElsewhere => Kind::Identity,
            DeskError::UnknownCase(_)
            | DeskError::CaseName(..)
            | DeskError::AmbiguousCase { .. }
            | DeskError::Link(_)
            | DeskError::Address(_)
            | DeskError::Connections { .. }
            | DeskError::Line(_)
            | DeskError::AgentName(_)
            | DeskError::NameTaken(_)
            | DeskError::UnknownAgent(_)
            | DeskError::AmbiguousAgent { .. }
            | DeskError::SeatName(_)
            | DeskError::UnknownSeat(_)
            | DeskError::SeatTaken(_)
            | DeskError::SeatRights(_)
            | DeskError::OnlyHome
            | DeskError::TokenTaken(_)
            | DeskError::UnknownToken(_)
            | DeskError::TokenWish(_)
            | DeskError::NoPassphrase
            | DeskError::NoteTooLong
            | DeskError::SheetUnreadable
            | DeskError::Text(_) => Kind::Usage,
            DeskError::Store(StoreError::Unreachable { .. })
            | DeskError::Files(FilesError::Store(StoreError::Unreachable { .. })) => Kind::Unreachable,
            _ => Kind::Failed,
        };
        Self::of(kind, error.to_string())
    }
}

impl From<NameError> for CommandError {
    fn from(error: NameError) -> Self {
        let hint = match &error {
            NameError::Shape(_) => "write its number alone, such as 7, or 7/2 for the second part of it",
            NameError::Unknown(_) => "`counterpart log CASE` lists all entries with their numbers",
            NameError::Ambiguous(..) => {
                "two entries made without knowing of each other share the number; add the letters behind it"
            }
        };
        Self::usage(error.to_string()).hint(hint)
    }
}

/// Why an act of ours was not signed, and what would be possible instead.
pub fn refused(case: &OpenCase, error: DeskError) -> CommandError {
    let hint = match &error {
        DeskError::Draft(DraftError::WithoutEffect(reason)) => {
            let message = format!("this would have no effect, so it was not signed: {reason}");
            let error = CommandError::failed(message);
            return match possible::in_general(case, reason) {
                Some(hint) => error.hint(hint),
                None => error,
            };
        }
        DeskError::Draft(DraftError::Unseen(_)) => {
            Some("the missing values come with the next connection to the other side")
        }
        DeskError::Draft(DraftError::Gate(Refusal::NoGrant | Refusal::KeysShape)) => {
            let message = "your key log as this case knows it does not let this machine sign: it has several branches, or its \
                           main key was changed";
            return CommandError::failed(message).hint("`counterpart identity show` says what is wrong and what to do");
        }
        DeskError::Draft(DraftError::Gate(Refusal::Revoked(reason))) => {
            let message = format!("the rights of the key that would sign this have ended ({})", reason.word());
            return CommandError::of(Kind::Identity, message)
                .hint("nothing was signed; let somebody sign it whose rights have not ended");
        }
        DeskError::Draft(DraftError::Gate(_)) => {
            Some("nothing was signed; shorten or correct what you wrote and try again")
        }
        _ => None,
    };
    let mut error = CommandError::from(error);
    error.hint = hint.map(str::to_owned);
    error
}
