//! Terms as people give them on the command line.

mod action;
mod also;

pub(crate) use action::{ActionArgs, Droppable};

use counterpart_core::{
    act::{ActionTerms, Proposal, Topic},
    value::{ActionId, Sealable},
};
use counterpart_words::terms::{Offer, admit_new, free_seat, free_terms, item_in_one};

pub(crate) use counterpart_words::terms::{answer, close, in_force, proposal};

use crate::{attachment, case::OpenCase, error::Done, session::typed};

/// The options that `propose` and `counter` share.
#[derive(Debug, clap::Args)]
pub(crate) struct TermsArgs {
    #[command(flatten)]
    action: ActionArgs,
    /// A term to leave out that was there before; repeat for more
    #[arg(long, value_name = "TERM", value_enum)]
    without: Vec<Droppable>,
    /// A further action of the same proposal: "WHAT; by WHO; for WHO; due TIME; value MONEY"; repeat for more
    #[arg(long, value_name = "WHAT; TERMS")]
    also: Vec<String>,
    /// A fact to agree on: KEY=VALUE, or KEY=VALUE:TYPE such as price=24.99:money:GBP; repeat for more
    #[arg(long, value_name = "KEY=VALUE[:TYPE]")]
    item: Vec<String>,
    /// Other terms to agree on, with a title, between everybody who takes part; repeat for more
    #[arg(long, value_names = ["TITLE", "TEXT"], num_args = 2)]
    terms: Vec<String>,
    /// Let a further party take a seat of the case that is free; repeat for more
    #[arg(long, value_name = "SEAT")]
    admit: Vec<String>,
    /// Add a seat and let a party take it: role (customer, supplier, third, observer, arbiter) and name; repeat for more
    #[arg(long, value_names = ["ROLE", "LABEL"], num_args = 2)]
    admit_new: Vec<String>,
    /// Until when it can be accepted: "2026-07-08 17:00", or "in 3 days" from now; a later answer binds only if all agree
    #[arg(long, value_name = "TIME")]
    open_until: Option<String>,
    /// Binds you only once you confirm it, after the others have accepted
    #[arg(long)]
    confirm: bool,
    /// A remark to go with it; it is not part of the terms
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
}

impl TermsArgs {
    /// Whether anything is said of an action's terms.
    pub(crate) fn says_of_action(&self) -> bool {
        !self.without.is_empty() || self.action.says_anything()
    }

    /// Whether anything is said of how long the offer holds, or of its mode.
    pub(crate) fn says_of_offer(&self) -> bool {
        self.said_of_offer().says_anything()
    }

    pub(crate) fn said_of_offer(&self) -> Offer {
        Offer { open_until: self.open_until.clone(), confirm: self.confirm }
    }

    pub(crate) fn note(&self) -> Done<Option<Sealable>> {
        self.note.as_deref().map(|n| Ok(Sealable::Open(typed("the note", n)?))).transpose()
    }

    /// An action's terms: what is said here, over what `known` says; of what the other side promised, where it was.
    pub(crate) fn action(
        &self,
        case: &OpenCase,
        action: Option<ActionId>,
        known: Option<&ActionTerms>,
        what: Option<&str>,
        promised: bool,
    ) -> Done<Topic> {
        self.action.topic(case, action, known, what, promised, &self.without)
    }

    /// What else to agree on: further actions, items, free terms, letting in.
    pub(crate) fn others(&self, case: &OpenCase, promised: bool) -> Done<Vec<Topic>> {
        let also = |text: &String| {
            let (what, args) = also::parse(text)?;
            args.topic(case, None, None, Some(&what), promised, &[])
        };
        let mut topics = self.also.iter().map(also).collect::<Done<Vec<_>>>()?;
        for text in &self.item {
            topics.push(item_in_one(case, text, attachment::read_item)?);
        }
        for pair in self.terms.chunks_exact(2) {
            topics.push(free_terms(case, &pair[0], &pair[1])?);
        }
        for text in &self.admit {
            topics.push(Topic::AdmitSeat { seat: free_seat(case, text)? });
        }
        for pair in self.admit_new.chunks_exact(2) {
            topics.push(admit_new(&pair[0], &pair[1])?);
        }
        Ok(topics)
    }

    /// Puts how long the offer holds, and its mode, into a proposal.
    pub(crate) fn offer(&self, case: &OpenCase, proposal: Proposal) -> Done<Proposal> {
        self.said_of_offer().put(case, proposal)
    }
}
