//! What a holder of a copy may sign: a bounded choice of acts, and of these what its own node lets pass.

use std::sync::Arc;

use counterpart_core::{
    act::{Act, Proof, Subject, Topic},
    change::{self, Root},
    fold::{InForce, Position, SubjectKey},
    graph::Ix,
    id::{CaseId, EntryId},
    keylog::{EventBody, RevokeReason},
    receipt::Receipt,
    record::{DraftError, Record},
    statement::{Entry, Statement},
    value::{ActionId, ItemValue},
};

use crate::{
    book::{Book, Set, Signed},
    cast::{self, START, text},
};

/// A kind of act on the menu; one kind gives as many acts as there are entries it can be about.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Kind {
    /// New terms for the action, on what is in force.
    Amend(&'static str),
    /// The same for the second action of a bundle.
    AmendSecond(&'static str),
    /// The same for both as one.
    AmendBoth(&'static str),
    Counter(&'static str),
    Accept,
    Confirm,
    Decline,
    Withdraw,
    Release,
    /// Asks to reopen a completed result.
    Reopen,
    Allow,
    Refuse,
    Declare,
    Undeclare,
    Approve,
    /// The performer's own approval, where silence counts as one.
    Deem,
    Reject,
    Stop,
    Cancel,
    Choose,
    /// Receipts do not stand in the record; they count where they are embedded.
    Receipt,
    Prove,
    Revoke(usize, RevokeReason),
    /// Sets the cut at what is known of the revoked feed.
    Cut,
    Ratify,
    Close,
    Item(i64),
    Note,
}

/// When the clock of this model passes what is open for a while, Unix milliseconds.
pub(crate) const OPEN_UNTIL: i64 = START + 2_500;

/// A copy as its holder sees it.
pub(crate) struct Sight<'s> {
    pub(crate) book: &'s Book,
    pub(crate) record: &'s Record,
    pub(crate) set: &'s Set,
    pub(crate) holder: usize,
}

/// What a holder of this set may sign, as items of the book.
pub(crate) fn moves(sight: &Sight<'_>) -> Vec<u32> {
    let mut items = Vec::new();
    let kinds = sight.book.profile.menu.iter().filter(|(holders, _)| holders.contains(&sight.holder));
    for kind in kinds.flat_map(|(_, kinds)| *kinds) {
        match kind {
            Kind::Revoke(of, reason) => items.extend(sight.revocation(*of, *reason)),
            Kind::Receipt => items.extend(sight.receipt()),
            _ => items.extend(sight.acts(*kind).iter().filter_map(|act| sight.sign(act))),
        }
    }
    items.dedup();
    items
}

impl Sight<'_> {
    fn entries(&self) -> impl Iterator<Item = Ix> {
        // Who is in the case stays as it is.
        self.record.graph().all().skip(self.book.profile.people)
    }

    fn of_kind(&self, kinds: &'static [&'static str]) -> Vec<EntryId> {
        let graph = self.record.graph();
        let fits = |ix: &Ix| kinds.contains(&graph.statement(*ix).kind.as_str());
        self.entries().filter(fits).map(|ix| graph.id(ix)).collect()
    }

    fn own(&self, id: &EntryId) -> bool {
        let graph = self.record.graph();
        let party = self.book.cast.author(self.holder).party;
        graph.find(id).is_some_and(|ix| graph.statement(ix).party == party)
    }

    /// New terms for an action, on what is in force on it.
    fn subject(&self, action: Option<ActionId>, what: &str) -> Option<Vec<Subject>> {
        let force = self.record.lens().in_force(&SubjectKey::Action(action?));
        let base = force.standing().and_then(|(_, names)| names.first().copied());
        let terms = (self.book.profile.terms)(what);
        Some(vec![Subject { base, topic: Topic::Action { action, terms } }])
    }

    /// All acts of a kind that could be meant.
    pub(crate) fn acts(&self, kind: Kind) -> Vec<Act> {
        let revisions = || self.of_kind(&["propose", "counter"]);
        let first = |what: &str| self.subject(self.book.cast.action, what);
        let second = |what: &str| self.subject(self.book.cast.second, what);
        let propose = |subjects: Vec<Subject>| Some(Act::Propose(cast::proposal(self.record, subjects)));
        let foreign = |ids: Vec<EntryId>| ids.into_iter().filter(|id| !self.own(id));
        let mine = |ids: Vec<EntryId>| ids.into_iter().filter(|id| self.own(id));
        let requests = || self.of_kind(&["release", "withdraw", "decline", "reject", "undeclare"]);
        let declares = || self.of_kind(&["declare"]);
        match kind {
            Kind::Amend(what) => first(what).and_then(propose).into_iter().collect(),
            Kind::AmendSecond(what) => second(what).and_then(propose).into_iter().collect(),
            Kind::AmendBoth(what) => {
                let both = || Some(first(what)?.into_iter().chain(second(what)?).collect());
                both().and_then(propose).into_iter().collect()
            }
            Kind::Counter(what) => {
                let proposal = first(what).map(|subjects| cast::proposal(self.record, subjects));
                revisions()
                    .into_iter()
                    .filter_map(|of| Some(Act::Counter { of, proposal: proposal.clone()? }))
                    .collect()
            }
            Kind::Accept => revisions().into_iter().map(|revision| Act::Accept { revision, note: None }).collect(),
            Kind::Confirm => mine(revisions()).map(|revision| Act::Confirm { revision }).collect(),
            Kind::Decline => foreign(revisions()).map(|revision| Act::Decline { revision, reason: None }).collect(),
            Kind::Withdraw => {
                let all = mine(revisions()).chain(mine(requests()));
                all.map(|of| Act::Withdraw { of, reason: None }).collect()
            }
            Kind::Release => revisions().into_iter().map(|of| Act::Release { of, reason: None }).collect(),
            Kind::Reopen => declares().into_iter().map(|of| Act::Release { of, reason: None }).collect(),
            Kind::Allow => foreign(requests()).map(|request| Act::Allow { request, note: None }).collect(),
            Kind::Refuse => foreign(requests()).map(|request| Act::Refuse { request, reason: None }).collect(),
            Kind::Declare => {
                let declare = |revision| Act::Declare { revision, subject: 0, note: None, evidence: Vec::new() };
                revisions().into_iter().map(declare).collect()
            }
            Kind::Undeclare => mine(declares()).map(|declare| Act::Undeclare { declare, reason: None }).collect(),
            Kind::Approve => foreign(declares()).map(|declare| Act::Approve { declare, note: None }).collect(),
            Kind::Deem => mine(declares()).map(|declare| Act::Approve { declare, note: None }).collect(),
            Kind::Reject => {
                let reject = |declare| Act::Reject { declare, unmet: Vec::new(), reason: text("it drips") };
                foreign(declares()).map(reject).collect()
            }
            Kind::Stop => {
                let stop = |revision| Act::Stop { revision, subject: 0, reason: text("we cannot") };
                revisions().into_iter().map(stop).collect()
            }
            Kind::Cancel => {
                let cancel = |revision| Act::Cancel { revision, subject: 0, clause: 0, reason: None };
                revisions().into_iter().map(cancel).collect()
            }
            Kind::Choose => self.rivals().into_iter().map(|pick| Act::Choose { pick, reason: None }).collect(),
            Kind::Prove => self.proofs(),
            Kind::Cut => self.cut().into_iter().collect(),
            Kind::Ratify => self.ratify().into_iter().collect(),
            Kind::Close => {
                let close = Subject { base: None, topic: Topic::Close { close: None, summary: None } };
                propose(vec![close]).into_iter().collect()
            }
            Kind::Item(n) => {
                vec![Act::Item { key: "price".into(), value: ItemValue::Integer(n), label: None, note: None }]
            }
            Kind::Note => vec![Act::Note { text: text("seen"), about: None }],
            Kind::Receipt | Kind::Revoke(..) => Vec::new(),
        }
    }

    fn rivals(&self) -> Vec<EntryId> {
        let lens = self.record.lens();
        let mut picks: Vec<EntryId> = Vec::new();
        for key in self.record.fold().all_subjects() {
            if let InForce::Crossed { rivals, .. } = lens.in_force(key) {
                picks.extend(rivals.iter().map(|p: &Position| lens.name(*p, key)));
            }
        }
        picks.sort_unstable();
        picks.dedup();
        picks
    }

    /// The receipts that came here, each embedded.
    fn proofs(&self) -> Vec<Act> {
        let items = self.set.items.iter().map(|i| self.book.item(*i));
        let embedded = self.of_kind(&["prove"]);
        let graph = self.record.graph();
        let stands = |data: &[u8]| {
            embedded
                .iter()
                .filter_map(|id| graph.find(id))
                .any(|ix| graph.statement(ix).body.field("data").and_then(|d| d.as_bytes()).is_some_and(|d| d == data))
        };
        items
            .filter_map(|item| match &item.signed {
                Signed::Receipt(receipt) => Some(receipt.bytes().to_vec()),
                _ => None,
            })
            .filter(|data| !stands(data))
            .map(|data| Act::Prove { what: Proof::Receipt, data, about: None })
            .collect()
    }

    fn revoked(&self) -> Option<(counterpart_core::id::EventId, counterpart_core::id::EventId)> {
        let party = self.book.cast.author(self.holder).party;
        self.record.logs().of_party(&party).find_map(|e| match &e.body {
            EventBody::Revoke { grant, .. } => Some((e.id, *grant)),
            _ => None,
        })
    }

    /// The statements under the grant that was taken back.
    fn by_the_revoked(&self) -> Vec<Ix> {
        let Some((_, grant)) = self.revoked() else { return Vec::new() };
        self.entries().filter(|ix| self.record.graph().statement(*ix).grant == grant).collect()
    }

    fn cut(&self) -> Option<Act> {
        let (revoke, _) = self.revoked()?;
        let graph = self.record.graph();
        let tips = self.by_the_revoked().last().map(|ix| {
            let statement = graph.statement(*ix);
            (statement.device, statement.seq, graph.id(*ix))
        });
        Some(Act::Cut { revoke, tips: tips.into_iter().collect() })
    }

    fn ratify(&self) -> Option<Act> {
        let graph = self.record.graph();
        let mut entries: Vec<EntryId> = self.by_the_revoked().into_iter().map(|ix| graph.id(ix)).collect();
        entries.sort_unstable();
        (!entries.is_empty()).then_some(Act::Ratify { entries })
    }

    fn receipt(&self) -> Option<u32> {
        let cast = &self.book.cast;
        let author = cast.author(self.holder);
        let graph = self.record.graph();
        let tips = graph.tips_of(&author.device);
        let receipt = Receipt {
            case: self.record.case()?,
            party: author.party,
            device: author.device,
            last_seq: tips.iter().map(|ix| graph.statement(*ix).seq).max().unwrap_or(0),
            number: 1,
            previous: None,
            heads: graph.heads(),
            keys: self.record.logs().head(&author.party).into_iter().collect(),
            lacking: Vec::new(),
            at: self.now(),
        };
        let past = self.past(&receipt.heads, &[]);
        let covers = past.iter().any(|p| self.book.item(*p).entry().is_some_and(|e| e.statement.party != author.party));
        let signed = Signed::Receipt(Box::new(receipt.sign(cast.key(self.holder))));
        covers.then(|| self.book.intern(self.holder, signed, past))
    }

    fn revocation(&self, of: usize, reason: RevokeReason) -> Option<u32> {
        if self.revoked().is_some() {
            return None;
        }
        let event = self.book.cast.revocation(of, reason);
        let mut logs = self.record.logs().clone();
        let (id, new) = logs.apply(&event).expect("a good event");
        new.then(|| self.book.intern(self.holder, Signed::Key(id, event), Vec::new()))
    }

    /// Later by a tick for every entry known.
    fn now(&self) -> i64 {
        START + self.book.profile.tick * i64::try_from(self.set.items.len()).expect("few")
    }

    /// Whether the holder's own node would sign it.
    pub(crate) fn may(&self, act: &Act) -> Result<(), DraftError> {
        let author = self.book.cast.author(self.holder);
        self.record.draft(&author, act, self.now(), &mut || [0; 32]).map(drop)
    }

    /// Signs an act, if the holder's own node lets it pass; a careless holder asks nobody what it means.
    pub(crate) fn sign(&self, act: &Act) -> Option<u32> {
        let author = self.book.cast.author(self.holder);
        let entry = match self.record.draft(&author, act, self.now(), &mut || [0; 32]) {
            Ok(draft) => {
                // A draft hands out no change id; it is what the statement's own change has.
                self.sealed(&draft.statement)
            }
            Err(DraftError::WithoutEffect(_)) if self.book.profile.careless.contains(&self.holder) => {
                self.sealed(&self.statement(act))
            }
            Err(_) => return None,
        };
        let statement = &entry.statement;
        let keys: Vec<u32> = statement.keys.iter().filter_map(|k| self.book.named(&k.event.0)).collect();
        let mut past = self.past(&statement.deps, &keys);
        if let Act::Prove { data, .. } = act {
            let embeds = |i: &&u32| matches!(&self.book.item(**i).signed, Signed::Receipt(r) if r.bytes() == data);
            let receipt = self.set.items.iter().find(embeds).copied()?;
            past.extend(self.book.item(receipt).past.iter().chain([&receipt]));
            past.sort_unstable();
            past.dedup();
        }
        Some(self.book.intern(self.holder, Signed::Entry(Box::new(entry)), past))
    }

    fn past(&self, deps: &[EntryId], keys: &[u32]) -> Vec<u32> {
        let direct = deps.iter().filter_map(|d| self.book.named(&d.0)).chain(keys.iter().copied());
        let items: Vec<(u32, Arc<crate::book::Item>)> = direct.map(|i| (i, self.book.item(i))).collect();
        let mut past: Vec<u32> = items.iter().flat_map(|(i, item)| item.past.iter().chain([i])).copied().collect();
        past.sort_unstable();
        past.dedup();
        past
    }

    fn statement(&self, act: &Act) -> Statement {
        let author = self.book.cast.author(self.holder);
        let graph = self.record.graph();
        let tip = graph.tips_of(&author.device).first().copied();
        let (seq, prev) = tip.map_or((1, None), |ix| (graph.statement(ix).seq + 1, Some(graph.id(ix))));
        let own = self.record.logs().head(&author.party).filter(|_| seq == 1);
        Statement {
            case: self.record.case(),
            party: author.party,
            device: author.device,
            seq,
            prev,
            deps: graph.heads(),
            keys: own.into_iter().collect(),
            grant: author.grant,
            at: self.now(),
            kind: act.kind().to_owned(),
            body: act.body(),
        }
    }

    fn sealed(&self, statement: &Statement) -> Entry<counterpart_core::envelope::Verified> {
        let graph = self.record.graph();
        let core = statement.encode();
        let id = EntryId(counterpart_core::id::hash(counterpart_core::id::Domain::Entry, &[&core]));
        let case: CaseId = self.record.case().expect("a case is open");
        let first = graph.nth(0).expect("a case is open");
        let root = Root { case, opener_device: graph.statement(first).device, open: self.record.change_of(first).end };
        let prev = statement.prev.and_then(|p| graph.find(&p)).map(|ix| self.record.change_of(ix).end);
        let change = change::build(id, case, statement, Some(&root), prev.as_ref()).expect("few operations").end.change;
        Entry::sign(statement, change, self.book.cast.key(self.holder))
    }
}
