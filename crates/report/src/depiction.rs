//! What a case looks like: its lanes, contacts and promises in time, and what became of the promises; for a page that
//! draws them and needs nothing else of the report.

use std::collections::BTreeMap;

use counterpart_core::value::ActionId;

use crate::{
    actions::actions,
    attested::Attestations,
    clock::Time,
    contacts::{Contacts, contacts},
    lanes::{Order, Picture, picture},
    outcome::Outcome,
    report::{Ledger, ledgers},
    source::Source,
    teller::Teller,
    words::{EntryName, Words},
};

/// Something promised, and how long that took.
#[derive(Debug, Clone)]
pub struct Promise {
    pub name: EntryName,
    /// Cut short where it is long.
    pub what: Words,
    pub by: Words,
    /// When it was first offered or noted.
    pub from: Time,
    /// When all had signed it, by the last signer's clock.
    pub agreed: Option<Time>,
    pub due: Option<Time>,
    /// When it was last declared done.
    pub done: Option<Time>,
    pub outcome: Outcome,
}

/// A case as it is drawn.
#[derive(Debug, Clone)]
pub struct Depiction {
    pub picture: Picture,
    pub contacts: Contacts,
    /// By when they were first offered.
    pub promises: Vec<Promise>,
    pub ledgers: Vec<Ledger>,
}

impl Depiction {
    /// What a record looks like; nothing while the case's opening has not arrived.
    #[must_use]
    pub fn of(source: &Source<'_>, order: Order) -> Option<Self> {
        let teller = Teller::of(source)?;
        let attested = Attestations::of(source.record, source.stamps);
        let actions = actions(&teller, &attested);
        let (graph, lens) = (source.record.graph(), source.record.lens());
        let views: BTreeMap<ActionId, _> = teller.view.actions.iter().map(|view| (view.id, view)).collect();
        let promise = |action: &crate::Action| {
            let view = views.get(&ActionId { proposal: action.id, index: action.index })?;
            let said = |ix| teller.time(graph.statement(ix).at);
            let revision = view.status.revision;
            let signed = || lens.signatures(revision).into_iter().map(|ix| graph.statement(ix).at).max();
            Some(Promise {
                name: action.name.clone(),
                what: action.title.clone(),
                by: action.by.clone(),
                from: said(graph.find(&action.id)?),
                agreed: lens.fully_signed(revision).then(signed).flatten().map(|at| teller.time(at)),
                due: action.due_at.map(|at| teller.time(at)),
                done: view.status.declare.map(said),
                outcome: action.outcome,
            })
        };
        let mut promises: Vec<Promise> = actions.iter().filter_map(promise).collect();
        promises.sort_by_key(|promise| promise.from.at);
        Some(Self {
            picture: picture(&teller, &actions, order),
            contacts: contacts(&teller),
            promises,
            ledgers: ledgers(&teller),
        })
    }
}
