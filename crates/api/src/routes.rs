//! What can be asked, by what it is about.

mod acts;
mod agents;
mod case;
mod cases;
mod changes;
mod evidence;
mod files;
mod invitations;
mod joins;
mod letters;
mod manage;
mod meta;
mod new_case;
mod notebook;
mod own;
mod rules;
mod standing;
mod steps;
mod today;
mod worksheet;

use crate::table::Operation;

/// All of it, in the order of the document.
pub(crate) const ALL: &[&[Operation]] = &[
    meta::ALL,
    cases::ALL,
    today::ALL,
    new_case::ALL,
    joins::ALL,
    case::ALL,
    standing::ALL,
    acts::ALL,
    worksheet::ALL,
    invitations::ALL,
    files::ALL,
    evidence::ALL,
    letters::ALL,
    steps::ALL,
    own::ALL,
    notebook::ALL,
    changes::ALL,
    agents::ALL,
    rules::ALL,
    manage::ALL,
];
