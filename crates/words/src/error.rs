//! What went wrong, for the person at the terminal: kind, message, hint. The kind fixes the exit code.

use std::process::ExitCode;

use counterpart_core::{gate::Refusal, record::DraftError, view::NameError};
use counterpart_node::DeskError;

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
    /// Nobody could be reached.
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
}

pub type Done<T = ()> = Result<T, CommandError>;

impl CommandError {
    pub fn of(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), hint: None }
    }

    pub fn failed(message: impl Into<String>) -> Self {
        Self { kind: Kind::Failed, message: message.into(), hint: None }
    }

    pub fn usage(message: impl Into<String>) -> Self {
        Self { kind: Kind::Usage, message: message.into(), hint: None }
    }

    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.kind.code())
    }
}

impl From<DeskError> for CommandError {
    fn from(error: DeskError) -> Self {
        let kind = match &error {
            DeskError::NoIdentity { .. }
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
            _ => Kind::Failed,
        };
        Self { kind, message: error.to_string(), hint: None }
    }
}

impl From<NameError> for CommandError {
    fn from(error: NameError) -> Self {
        let hint = match &error {
            NameError::Shape(_) => "write its number alone, such as 7: with # before it most shells want it in quotes",
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
        DeskError::Draft(DraftError::Gate(_)) => {
            Some("nothing was signed; shorten or correct what you wrote and try again")
        }
        _ => None,
    };
    let mut error = CommandError::from(error);
    error.hint = hint.map(str::to_owned);
    error
}
