//! The rules of agreement as they are promised, said anew from the statements; the fold is held against them.

use counterpart_core::{
    act::{Act, Mode, Topic},
    fold::{InForce, Lens, Position, Scope, SubjectKey, Verdict},
    graph::Ix,
    id::EntryId,
    record::Record,
    value::Seat,
};

use crate::{
    book::{Book, Set, Signed},
    cast::Cast,
    found::{Found, invariant},
    menu::Kind,
    shown::{Force, Place, SIGNED, Shown, Subject, place},
};

/// One set being looked at.
pub(crate) struct Look<'b> {
    pub(crate) book: &'b Book,
    pub(crate) set: &'b Set,
    pub(crate) record: Record,
    /// Which item each entry of the record is.
    pub(crate) places: Vec<Option<u32>>,
    pub(crate) shown: Shown,
    pub(crate) broken: u32,
}

impl<'b> Look<'b> {
    /// Looks at a set as a copy shows it that was fed in the order of signing.
    pub(crate) fn new(book: &'b Book, set: &'b Set) -> Self {
        let order: Vec<usize> = (0..set.items.len()).collect();
        let (record, places) = book.copy(set, &order);
        let shown = Shown::of(&record, &places);
        Self { book, set, record, places, shown, broken: 0 }
    }
}

impl Look<'_> {
    pub(crate) fn breaks(&mut self, rule: &'static str, why: impl FnOnce() -> String) {
        self.broken |= invariant(rule);
        self.book.breaks(rule, self.set, why);
    }

    pub(crate) fn lens(&self) -> Lens<'_> {
        self.record.lens()
    }

    /// Where an entry stands in the record, by its place in what is shown.
    pub(crate) fn ix(&self, at: Place) -> Option<Ix> {
        self.record.graph().all().find(|ix| place(&self.places, *ix) == at)
    }

    fn ix_of_item(&self, item: u32) -> Option<Ix> {
        self.ix(SIGNED + item)
    }

    pub(crate) fn party(&self, ix: Ix) -> usize {
        self.book.cast.number(self.record.graph().statement(ix).party)
    }

    pub(crate) fn act(&self, ix: Ix) -> &Act {
        self.record.fold().act(ix)
    }

    /// Whether an entry is its party's signature on a revision, read from the statement alone.
    pub(crate) fn signs(&self, ix: Ix, revision: Ix) -> bool {
        let id = self.record.graph().id(revision);
        match self.act(ix) {
            Act::Accept { revision, .. } | Act::Confirm { revision } => *revision == id,
            Act::Propose(p) | Act::Counter { proposal: p, .. } => ix == revision && p.mode == Mode::Firm,
            _ => false,
        }
    }

    fn signed_by(&self, party: usize, revision: Ix) -> bool {
        let lens = self.lens();
        self.record.graph().all().any(|ix| self.party(ix) == party && self.signs(ix, revision) && lens.has(ix))
    }

    fn signers(&self, revision: Ix) -> &[Seat] {
        self.record.fold().proposal(revision).map_or(&[], |p| &p.signers)
    }

    pub(crate) fn parties(&self, revision: Ix) -> Vec<usize> {
        self.signers(revision).iter().filter_map(|seat| self.book.cast.party_in(seat)).collect()
    }

    /// Every seat that what is in force binds has signed it, or an identical one.
    pub(crate) fn bound(&mut self) {
        let mut unsigned = Vec::new();
        for subject in &self.shown.subjects {
            let Force::Revision(names) = &subject.force else { continue };
            let revisions: Vec<Ix> = names.iter().filter_map(|n| self.ix(*n)).collect();
            for revision in &revisions {
                let proposal = self.record.fold().proposal(*revision).expect("only revisions are in force");
                let named = |t: &Topic| match t {
                    Topic::Action { terms, .. } => terms.seats().all(|s| proposal.signers.contains(&s)),
                    _ => true,
                };
                if !proposal.subjects.iter().all(|s| named(&s.topic)) {
                    unsigned.push(format!("{:?} binds more than its signers", subject.key));
                }
                for party in self.parties(*revision) {
                    if !revisions.iter().any(|r| self.signed_by(party, *r)) {
                        unsigned.push(format!("party {party} is bound to {subject:?}"));
                    }
                }
            }
        }
        if !unsigned.is_empty() {
            self.breaks("nobody is bound to what they did not sign", || unsigned.join("\n"));
        }
    }

    /// Verdicts follow from an entry's own past, so they are the same in every set.
    pub(crate) fn verdicts(&mut self) {
        let mut changed = Vec::new();
        for number in &self.set.items {
            let item = self.book.item(*number);
            let Some(ix) = self.ix_of_item(*number) else { continue };
            let verdict = self.record.fold().verdict(ix);
            let first = item.verdict.get_or_init(|| verdict.clone());
            if first != verdict {
                changed.push(format!("{number}: {first:?}, here {verdict:?}"));
            }
        }
        if !changed.is_empty() {
            self.breaks("what is found of an act never changes", || changed.join("\n"));
        }
    }

    /// What one more statement, the one at `head`, made of what was known before it.
    pub(crate) fn step(&mut self, before: &Found, head: usize) {
        let item = self.book.item(self.set.items[head]);
        let Signed::Entry(_) = &item.signed else {
            if before.shown != self.shown {
                let why = format!("before: {:#?}\nafter: {:#?}", before.shown, self.shown);
                self.breaks("an act without effect has none", || why);
            }
            return;
        };
        let ix = self.ix_of_item(self.set.items[head]).expect("the set is in the record");
        if matches!(self.record.fold().verdict(ix), Verdict::Without(_))
            && !before.shown.same_but_for_ticks(&self.shown)
        {
            let why = format!("e{head} changed\n{:#?}\nto\n{:#?}", before.shown, self.shown);
            self.breaks("an act without effect has none", || why);
        }
        for was in &before.shown.subjects {
            let Some(is) = self.shown.subject(&was.key).cloned() else { continue };
            self.kept(was, &is, head);
            if !self.result_kept(was, &is) {
                let why = format!("completed no more, by e{head}\nbefore: {was:#?}\nafter: {is:#?}");
                self.breaks("a completed result stays", || why);
            }
        }
        self.heard(ix);
    }

    /// Agreed stays agreed, whatever comes; an end stays an end.
    fn kept(&mut self, was: &Subject, is: &Subject, head: usize) {
        const AGREED: &str = "agreed stays agreed";
        const ENDED: &str = "an end stays an end";
        let missing = |names: &[Place], rivals: &[(bool, Place)]| !rivals.iter().any(|(_, r)| names.contains(r));
        let objection = match (&was.force, &is.force) {
            (Force::Revision(names), Force::Revision(now))
                if !names.iter().any(|n| now.contains(n)) && !self.took_over(now[0], names, &is.key) =>
            {
                Some((AGREED, "other terms took over"))
            }
            (Force::Revision(names), Force::End { of }) if !names.contains(of) || !self.ended_by_all(*of) => {
                Some((AGREED, "ended, not by all"))
            }
            (Force::Revision(names), Force::Crossed { rivals, .. }) if !self.bundled(names) => {
                if missing(names, rivals) {
                    Some((AGREED, "crossed by others"))
                } else if was.settled && !self.rival_settled(rivals, names, &is.key) {
                    Some(("a copy kept dark undoes nothing settled", "a settled one is crossed"))
                } else {
                    None
                }
            }
            (Force::Revision(names), Force::Nothing) if !self.set_aside(names) => Some((AGREED, "lost")),
            (Force::End { of }, Force::Revision(now)) if now.contains(of) && !self.set_aside(&[*of]) => {
                Some((ENDED, "back in force"))
            }
            (Force::End { of }, Force::Nothing) if !self.set_aside(&[*of]) => Some((ENDED, "lost")),
            _ => None,
        };
        if let Some((rule, what)) = objection {
            self.breaks(rule, || format!("{what} by e{head}\nbefore: {was:#?}\nafter: {is:#?}"));
        }
    }

    /// R2, said anew: by base, by supersession, or agreed in the past of the proposal; or the chooser chose it.
    fn took_over(&self, now: Place, names: &[Place], key: &SubjectKey) -> bool {
        let Some(now) = self.ix(now).filter(|now| self.record.fold().proposal(*now).is_some()) else { return false };
        let old: Vec<Ix> = names.iter().filter_map(|n| self.ix(*n)).collect();
        self.replaces(now, &old, key, 0) || self.chosen(key) || self.set_aside(names)
    }

    pub(crate) fn replaces(&self, revision: Ix, old: &[Ix], key: &SubjectKey, depth: usize) -> bool {
        if depth > 16 {
            return false;
        }
        let lens = self.lens();
        let before = lens.with(Scope::Before(revision));
        if old.iter().any(|o| before.fully_signed(*o)) {
            return true;
        }
        let find = |id: &EntryId| self.record.graph().find(id);
        let base = lens.subject(revision, key).and_then(|s| find(&s.base?));
        // A base that is an end names a request; what it asks about is what was ended.
        let base = base.map(|b| match self.act(b) {
            Act::Release { of, .. } | Act::Withdraw { of, .. } | Act::Decline { revision: of, .. } => {
                find(of).unwrap_or(b)
            }
            Act::Cancel { revision, .. } => find(revision).unwrap_or(b),
            _ => b,
        });
        let superseded = match self.act(revision) {
            Act::Counter { of, .. } => find(of),
            _ => None,
        };
        base.into_iter()
            .chain(superseded)
            .any(|replaced| old.contains(&replaced) || self.replaces(replaced, old, key, depth + 1))
    }

    fn chosen(&self, key: &SubjectKey) -> bool {
        let lens = self.lens();
        self.record.graph().all().any(|ix| {
            let Act::Choose { pick, .. } = self.act(ix) else { return false };
            let revision = self.record.graph().find(pick);
            let about = revision.is_some_and(|r| {
                self.record.fold().subject_keys(r).contains(key) || self.record.fold().proposal(r).is_none()
            });
            about && lens.has(ix)
        })
    }

    /// Everybody who had signed it asked for the end or allowed it; or a clause of it let one end it.
    fn ended_by_all(&self, of: Place) -> bool {
        let Some(revision) = self.ix(of) else { return false };
        let id = self.record.graph().id(revision);
        let lens = self.lens();
        let effective = || self.record.graph().all().filter(|ix| lens.has(*ix));
        let cancelled = effective().any(|ix| match self.act(ix) {
            Act::Cancel { revision: r, subject, clause, .. } if *r == id => {
                let clauses = lens.subject(revision, &self.record.fold().subject_keys(revision)[*subject as usize]);
                clauses.is_some_and(|s| match &s.topic {
                    Topic::Action { terms, .. } => terms
                        .cancel
                        .get(*clause as usize)
                        .is_some_and(|c| self.book.cast.party_in(&c.by) == Some(self.party(ix))),
                    _ => false,
                })
            }
            _ => false,
        });
        let asks = |ix: Ix| match self.act(ix) {
            Act::Release { of, .. } | Act::Withdraw { of, .. } => *of == id,
            Act::Decline { revision, .. } => *revision == id,
            _ => false,
        };
        let said_so = |party: usize| {
            effective().filter(|ix| self.party(*ix) == party).any(|ix| {
                let allows = match self.act(ix) {
                    Act::Allow { request, .. } => self.record.graph().find(request).is_some_and(asks),
                    _ => false,
                };
                allows || asks(ix)
            })
        };
        cancelled || self.parties(revision).into_iter().all(said_so)
    }

    /// A crossing on another subject of a bundle suspends it here.
    fn bundled(&self, names: &[Place]) -> bool {
        let subjects = |n: &Place| self.ix(*n).map_or(0, |ix| self.record.fold().subject_keys(ix).len());
        names.iter().any(|n| subjects(n) > 1)
    }

    /// Several settled rivals leave the crossing to the chooser.
    fn rival_settled(&self, rivals: &[(bool, Place)], names: &[Place], key: &SubjectKey) -> bool {
        let others = rivals.iter().filter(|(end, r)| *end || !names.contains(r));
        let settled = |(end, r): &(bool, Place)| self.ix(*r).is_some_and(|r| self.settled_without(*end, r, names, key));
        others.into_iter().any(settled)
    }

    /// R7(b), said anew: every signer has signed something whose past, itself included, holds it complete and none of
    /// the others.
    fn settled_without(&self, end: bool, revision: Ix, others: &[Place], key: &SubjectKey) -> bool {
        let others: Vec<Ix> = others.iter().filter_map(|n| self.ix(*n)).filter(|o| *o != revision).collect();
        let knows = |ix: Ix| {
            let tips = [ix];
            let lens = self.record.lens();
            let upto = lens.with(Scope::Upto(&tips));
            let ended = || match upto.in_force(key) {
                InForce::One { position, .. } => position == Position::End(revision),
                _ => false,
            };
            upto.fully_signed(revision) && (!end || ended()) && !others.iter().any(|o| upto.fully_signed(*o))
        };
        let all: Vec<Ix> = self.record.graph().all().collect();
        let signers = self.parties(revision);
        let signed = |party: &usize| all.iter().any(|ix| self.party(*ix) == *party && knows(*ix));
        !signers.is_empty() && signers.iter().all(signed)
    }

    /// A signature on it is contested, or proven to be in bad faith: the named exceptions.
    fn set_aside(&self, names: &[Place]) -> bool {
        let lens = self.lens();
        let revisions: Vec<Ix> = names.iter().filter_map(|n| self.ix(*n)).collect();
        let effective = |ix: &Ix| *self.record.fold().verdict(*ix) == Verdict::Effective;
        self.record
            .graph()
            .all()
            .filter(effective)
            .any(|ix| !lens.has(ix) && revisions.iter().any(|r| self.signs(ix, *r)))
    }

    /// No closing hurts one who had not received it, and what was signed counts.
    fn heard(&mut self, ix: Ix) {
        let Act::Accept { revision, .. } = self.act(ix) else { return };
        let Some(revision) = self.record.graph().find(revision) else { return };
        match self.record.fold().verdict(ix) {
            Verdict::Without(reason) => {
                if !self.had_cause(ix, revision) {
                    let why = format!("{reason:?}, and nothing of the kind was in its past");
                    self.breaks("no closing hurts one who had not received it", || why);
                }
            }
            Verdict::Effective => {
                let Some(proposal) = self.record.fold().proposal(revision) else { return };
                if proposal.open_until.is_some() || proposal.mode != Mode::Firm || !self.lens().has(revision) {
                    return;
                }
                let all = self.parties(revision).into_iter().all(|party| self.signed_by(party, revision));
                if self.lens().has(ix) && all != self.lens().fully_signed(revision) {
                    let why = format!("all signed: {all}, but fully signed: {}", !all);
                    self.breaks("what all signed is fully signed", || why);
                }
            }
            Verdict::NotJudged => {}
        }
    }

    /// Something in an accept's own past that may speak against it.
    fn had_cause(&self, accept: Ix, revision: Ix) -> bool {
        let graph = self.record.graph();
        let id = graph.id(revision);
        let lens = self.record.lens();
        let before = lens.with(Scope::Before(accept));
        let author = self.party(accept);
        let foreign = !self.parties(revision).contains(&author);
        let unlike = *self.record.fold().verdict(revision) != Verdict::Effective || !graph.in_past(revision, accept);
        let own = self.record.fold().proposal(revision).is_some_and(|p| p.mode == Mode::Confirm);
        let keys = self.record.fold().subject_keys(revision);
        let known = || graph.all().filter(|ix| graph.in_past(*ix, accept));
        let against = known().any(|ix| match self.act(ix) {
            Act::Withdraw { of, .. } => *of == id,
            Act::Decline { revision, .. } => *revision == id,
            Act::Counter { of, .. } if *of == id => true,
            Act::Contest { entry, .. } => *entry == id,
            Act::Propose(_) | Act::Counter { .. } => {
                graph.in_past(revision, ix) && self.record.fold().subject_keys(ix).iter().any(|k| keys.contains(k))
            }
            Act::Accept { revision: other, .. } | Act::Release { of: other, .. } => {
                *other != id && graph.in_past(revision, ix)
            }
            Act::Cancel { .. } | Act::Decide { .. } | Act::Allow { .. } => true,
            _ => false,
        });
        let agreed = known().any(|ix| ix != revision && before.fully_signed(ix));
        foreign || unlike || own || against || agreed
    }

    /// Every open state has a move: on a copy that holds everything, somebody honest can go on.
    pub(crate) fn open_moves(&mut self) {
        let mut stuck = Vec::new();
        for subject in &self.shown.subjects {
            let SubjectKey::Action(action) = &subject.key else { continue };
            if Some(*action) != self.book.cast.action {
                continue;
            }
            let kinds: &[Kind] = match subject.state {
                "proposed" | "accepted" => &[Kind::Accept, Kind::Confirm, Kind::Decline, Kind::Withdraw],
                "agreed" => &[Kind::Declare, Kind::Release],
                "declared" => &[Kind::Approve, Kind::Reject, Kind::Undeclare],
                "rework" => &[Kind::Declare, Kind::Undeclare, Kind::Release],
                "crossed" => &[Kind::Choose],
                "stopped" | "completed" | "cancelled" | "declined" | "withdrawn" | "contested" => {
                    &[Kind::Amend("on with it")]
                }
                _ => continue,
            };
            let able = &self.book.profile.able;
            let may = |holder: &usize| {
                let sight = self.sight(*holder);
                kinds.iter().any(|kind| sight.acts(*kind).iter().any(|act| sight.may(act).is_ok()))
            };
            if !able.iter().any(may) {
                stuck.push(format!("{subject:#?}"));
            }
        }
        if !stuck.is_empty() {
            self.breaks("every open state has a move", || stuck.join("\n"));
        }
    }

    /// Everybody signs new terms knowing everything: these are in force then.
    pub(crate) fn renewed(mut self) -> Self {
        let Some(action) = self.book.cast.action else { return self };
        let Some(by) = self.book.profile.able.first() else { return self };
        let Some(act) = self.sight(*by).acts(Kind::Amend("anew")).pop() else { return self };
        let signed = self.sign(*by, &act).and_then(|revision| {
            let accept = Act::Accept { revision, note: None };
            let others = self.book.profile.able.iter().skip(1);
            let mut others = others.filter(|h| {
                let ix = self.record.graph().find(&revision);
                ix.is_some_and(|ix| self.parties(ix).contains(&Cast::party_of(**h)))
            });
            let others: Vec<usize> = others.by_ref().copied().collect();
            others.into_iter().try_for_each(|h| self.sign(h, &accept).map(drop)).map(|()| revision)
        });
        let key = SubjectKey::Action(action);
        match signed {
            Err(why) => self.breaks("an agreement that all sign knowing everything comes into force", || why),
            Ok(revision) => {
                let force = self.lens().in_force(&key);
                let stands = force.standing().is_some_and(|(position, names)| {
                    matches!(position, Position::Revision(_)) && names.contains(&revision)
                });
                let crossed = matches!(force, InForce::Crossed { .. });
                if !stands || crossed {
                    let why = format!("in force instead: {force:?}");
                    self.breaks("an agreement that all sign knowing everything comes into force", || why);
                }
            }
        }
        self
    }

    fn sign(&mut self, holder: usize, act: &Act) -> Result<EntryId, String> {
        let author = self.book.cast.author(holder);
        let at = crate::cast::START + 1_000_000;
        let draft = self.record.draft(&author, act, at, &mut || [0; 32]).map_err(|e| format!("{act:?}: {e}"))?;
        let signed = self.record.seal_and_sign(draft, self.book.cast.key(holder)).map_err(|e| format!("{e}"))?;
        Ok(signed.id)
    }

    /// States that no word of the view names, as names of what is reached.
    pub(crate) fn further(&self) -> Vec<&'static str> {
        let mut names = Vec::new();
        let lens = self.lens();
        let effective = |kind: &str| {
            let graph = self.record.graph();
            graph.all().any(|ix| graph.statement(ix).kind == kind && lens.has(ix))
        };
        if self.set_aside_any() {
            names.push("set aside");
        }
        for subject in &self.shown.subjects {
            if subject.state == "agreed" && effective("approve") {
                names.push("reopened result");
            }
            let Force::Revision(standing) = &subject.force else { continue };
            let standing: Vec<Ix> = standing.iter().filter_map(|n| self.ix(*n)).collect();
            let rivals = self.record.fold().revisions_of(&subject.key).iter().filter(|r| {
                let apart = |s: &Ix| !self.replaces(*s, &[**r], &subject.key, 0);
                !standing.contains(r) && lens.fully_signed(**r) && standing.iter().all(apart)
            });
            let rivals = rivals.filter(|r| !self.replaces(**r, &standing, &subject.key, 0)).count();
            if rivals > 0 && !effective("choose") {
                names.push("a rival settled");
            }
        }
        names
    }
}
