//! `counterpart propose`

use counterpart_core::act::Act;

use super::CaseArg;
use crate::{
    case::OpenCase,
    confirm,
    error::{CommandError, Done},
    session::Session,
    terms::{self, TermsArgs},
};

/// Propose terms: who is to do what by when; it binds once everybody it names has accepted
///
/// Between two parties, the supplier does it for the other, whoever of them proposes it, unless you say otherwise with --by and
/// --for; what they promised (--promised-in), they do. Parts given together (an action, --also, --item, --terms) are accepted or
/// declined as a whole. Proposing is signing: you are bound if they accept.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    case: CaseArg,
    /// What is to be done, such as "Refund the double charge of 3 June"
    #[arg(value_name = "WHAT")]
    what: Option<String>,
    #[command(flatten)]
    terms: TermsArgs,
    /// Change an agreed action, by number: what you do not say anew stays as agreed
    #[arg(long, value_name = "REF")]
    amend: Option<String>,
    /// Record this as something they promised in a contact, by its number; it is graded as your word until they accept
    #[arg(long, value_name = "REF")]
    promised_in: Option<String>,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    let desk = session.desk()?;
    let case = OpenCase::open(&desk, &args.case.case)?;
    if args.promised_in.is_some() && args.terms.says_of_offer() {
        return Err(CommandError::usage("what they promised is recorded as it was said, not offered")
            .hint("leave out --open-until and --confirm"));
    }
    let promised = args.promised_in.is_some();
    let mut topics = Vec::new();
    match &args.amend {
        Some(typed) => {
            let (id, known) = terms::in_force(&case, typed)?;
            topics.push(args.terms.action(&case, Some(id), Some(&known), args.what.as_deref(), promised)?);
        }
        None if args.what.is_some() => {
            topics.push(args.terms.action(&case, None, None, args.what.as_deref(), promised)?);
        }
        None if args.terms.says_of_action() => {
            return Err(
                CommandError::usage("say what is to be done").hint("counterpart propose CASE \"What they are to do\"")
            );
        }
        None => {}
    }
    topics.extend(args.terms.others(&case, promised)?);
    if topics.is_empty() {
        return Err(CommandError::usage("a proposal needs something to agree on")
            .hint("say what is to be done, or use --item KEY=VALUE, --terms TITLE TEXT, or --admit SEAT"));
    }
    let alleged = args.promised_in.as_ref().map(|c| Ok::<_, CommandError>(case.entry(c)?.id)).transpose()?;
    let proposal = terms::proposal(&case, topics, alleged, args.terms.note()?);
    let proposal = args.terms.offer(&case, proposal)?;
    confirm::sign(session, &desk, case, &Act::Propose(proposal)).map(drop)
}
