//! `counterpart search`

use counterpart_node::Desk;

use super::queue::{PageArgs, show};
use crate::{
    error::{CommandError, Done},
    session::Session,
};

/// Cases of an earlier version whose words are found at a time.
const AT_ONCE: usize = 200;

/// Find cases by words that stand in them: titles, what was said and agreed, names, facts
///
/// Every word must be found; each also finds longer words that begin with it. Capitals and accents do not matter. Closed
/// cases are found as well, after the open ones. What was erased is not found.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The words
    #[arg(required = true, value_name = "WORD")]
    words: Vec<String>,
    /// First note the words of all cases anew: after damage, or where something is not found that is there
    #[arg(long)]
    anew: bool,
    #[command(flatten)]
    page: PageArgs,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    let text = args.words.join(" ");
    if !text.chars().any(char::is_alphanumeric) {
        return Err(CommandError::usage("there is no word to look for").hint("write letters or digits of it"));
    }
    let (after, limit) = (args.page.after()?, args.page.limit()?);
    let desk = session.desk()?;
    if args.anew {
        desk.forget_words()?;
    }
    find_words(session, &desk)?;
    let page = desk.search(&text, after, limit)?;
    show(session, page, "No case holds all of these words. Fewer words, or only their beginnings, find more.")
}

/// After an update of the program the words of cases that were there before are noted once.
pub(super) fn find_words(session: &Session, desk: &Desk) -> Done {
    let mut told = false;
    while desk.index_words(AT_ONCE)? {
        if !told {
            session.terminal.say("The words of your cases are being noted; once after an update this takes a while.");
            told = true;
        }
    }
    Ok(())
}
