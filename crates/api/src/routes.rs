//! What can be asked, by what it is about.

mod acts;
mod case;
mod cases;
mod changes;
mod files;
mod invitations;
mod manage;
mod meta;
mod notes;
mod open;

use crate::table::Operation;

/// All of it, in the order of the document.
pub(crate) const ALL: &[&[Operation]] = &[
    meta::ALL,
    cases::ALL,
    open::ALL,
    case::ALL,
    acts::ALL,
    invitations::ALL,
    files::ALL,
    notes::ALL,
    changes::ALL,
    manage::ALL,
];
