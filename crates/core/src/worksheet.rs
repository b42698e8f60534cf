//! The worksheet: a second Automerge document of a case, in which everybody drafts together. It is no evidence and
//! binds nobody; what a proposal takes from it is signed like any other.
//!
//! What crosses the wire are signed edits of typed operations. Each copy checks them against what it holds, builds
//! the Automerge change itself and applies it: no peer's bytes reach Automerge. Whether an edit is taken depends on
//! its own past alone, so any order of arrival gives the same document.

mod document;
mod edit;
mod gate;
mod names;
mod sheet;
#[cfg(test)]
mod tests;
mod view;
mod wish;

pub use document::DocumentError;
pub use edit::{Edit, EditForm, MAX_DELETED, MAX_DEPS, MAX_EDIT, MAX_NAMES, MAX_OPS, MAX_TEXT, Op, Ref, SignedEdit};
pub use gate::{EditRefusal, MAX_CHARS, MAX_CHOICES, MAX_DEVICES, MAX_EDITS, MAX_OP_COUNT, MAX_PAST_BYTES, MAX_ROWS};
pub use names::{Choice, EpochId, Field, RowId, RowKind, WorksheetState, WrongName};
pub use sheet::{MOST_BYTES, MOST_EDITS, Taken, Worksheet};
pub use view::{Change, ChoiceView, FieldView, RowView, Run, WorksheetView};
pub use wish::{EditError, Edited, MAX_CHOICE, Wish};
