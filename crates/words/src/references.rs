//! What a typed reference means to a command: `#3` may be an entry, or the action that began there.

use counterpart_core::{
    act::Act,
    fold::{ActionStatus, InForce, Position, SubjectKey},
    graph::Ix,
    id::EntryId,
    view::{Expected, Waiting},
};

use crate::{
    case::OpenCase,
    error::{CommandError, Done},
    render::line,
};

/// An entry that a command acts on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target {
    pub id: EntryId,
    pub ix: Ix,
    /// Which subject of a revision, from 0.
    pub subject: u32,
    /// It is not the entry that was typed, but where the action that was typed now stands.
    pub followed: bool,
}

impl OpenCase {
    /// Any entry.
    pub fn entry(&self, typed: &str) -> Done<Target> {
        let found = self.names.find(typed)?;
        Ok(self.exactly(found.ix, found.subject))
    }

    /// A revision to answer: itself while it is open; an action stands for its one open revision.
    pub fn open_revision(&self, typed: &str) -> Done<Target> {
        let target = self.entry(typed)?;
        if self.lens().is_open(target.ix) {
            return Ok(target);
        }
        let Some(statuses) = self.begun_there(target.ix, typed)? else { return Ok(target) };
        self.one_of(statuses.iter().flat_map(|(_, s)| s.open.iter().copied()), target, typed, "open proposals")
    }

    /// The same where it is accepted, declined or confirmed: a bundle as a whole, so that a part does not stand for it.
    pub fn open_whole(&self, typed: &str) -> Done<Target> {
        let target = self.open_revision(typed)?;
        if self.record.fold().proposal(target.ix).is_none() {
            return Err(self.no_proposal(target));
        }
        self.whole(typed, target)
    }

    /// That what was typed is no proposal, and which there are.
    pub(crate) fn no_proposal(&self, target: Target) -> CommandError {
        let (name, is) = (self.entry_name(&target.id), what_it_is(self.record.fold().act(target.ix)));
        CommandError::usage(format!("{name} is not a proposal: it is {is}")).hint(self.awaited())
    }

    /// What waits for an answer of ours.
    fn awaited(&self) -> String {
        let awaits = |w: &&Waiting| self.is_own_seat(&w.seat) && w.expected == Expected::Answer;
        let open = self.view().waiting.iter().filter(awaits).filter_map(|w| w.about);
        let open: Vec<String> = open.map(|id| self.entry_typed(&id)).collect();
        match open.as_slice() {
            [] => {
                format!("no answer of yours is waited for; `counterpart show {}` says how it stands", self.short())
            }
            _ => format!("what waits for your answer: {}", open.join(", ")),
        }
    }

    /// What was found, unless but a part of it was typed.
    pub fn whole(&self, typed: &str, target: Target) -> Done<Target> {
        let parts = self.record.fold().subject_keys(target.ix).len();
        if parts < 2 || self.names.find(typed)?.subject.is_none() {
            return Ok(target);
        }
        let (asked, name, typed) =
            (typed.trim().trim_start_matches('#'), self.entry_name(&target.id), self.entry_typed(&target.id));
        let short = self.short();
        let only = match self.record.graph().statement(target.ix).party == self.own {
            true => "to offer only some of them, put other terms in its place",
            false => "to have only some of them, answer it without the others",
        };
        Err(CommandError::usage(format!(
            "#{asked} is one part of {name}, and {name} is accepted, declined or taken back as a whole"
        ))
        .hint(format!(
            "write {typed} for all {parts} parts; {only}: `counterpart counter {short} {typed} --without-part N`"
        ))
        .in_fields(format!("write {typed} for all {parts} parts")))
    }

    /// A revision in force and the subject meant: an action stands for the revision that is agreed now.
    pub fn in_force(&self, typed: &str) -> Done<Target> {
        let (target, key) = self.one_subject(typed)?;
        let Some(key) = key else { return Ok(target) };
        let (ix, id) = match self.lens().in_force(&key) {
            InForce::One { position: Position::Revision(ix), names } if !names.contains(&target.id) => {
                match names.first() {
                    Some(first) => (ix, *first),
                    None => return Ok(target),
                }
            }
            _ => return Ok(target),
        };
        if !self.begins(target.ix, &key) {
            // A revision that was replaced stays what it is: acting on it is refused, and the reason says so.
            return Ok(target);
        }
        let at = self.record.fold().subject_keys(ix).iter().position(|k| *k == key).unwrap_or(0);
        Ok(Target { id, ix, subject: u32::try_from(at).unwrap_or(0), followed: true })
    }

    /// A declaration: an action or revision stands for the one that awaits approval, needs rework or was approved.
    pub fn declaration(&self, typed: &str) -> Done<Target> {
        let target = self.entry(typed)?;
        if matches!(self.record.fold().act(target.ix), Act::Declare { .. }) {
            return Ok(target);
        }
        let (target, key) = self.one_subject(typed)?;
        let Some(key) = key else { return Ok(target) };
        match self.lens().status(&key).and_then(|s| s.declare) {
            Some(declare) => Ok(Target { followed: true, ..self.exactly(declare, None) }),
            None => Err(CommandError::failed(format!("nothing is declared done on {}", self.subject_name(&key))).hint(
                format!(
                    "the performer does that: `counterpart done {} {}`",
                    self.short(),
                    self.subject_name(&key).trim_start_matches('#')
                ),
            )),
        }
    }

    /// A request to be released, or to reopen: an action or revision stands for the one that waits for an answer.
    /// `own` asks for our own requests, else for those of others.
    pub fn request(&self, typed: &str, own: bool) -> Done<Target> {
        let target = self.entry(typed)?;
        let Some(statuses) = self.statuses(target)? else { return Ok(target) };
        let ours = |ix: &Ix| (self.record.graph().statement(*ix).party == self.own) == own;
        let pending: Vec<Ix> = statuses
            .iter()
            .flat_map(|(_, s)| s.release_requests.iter().chain(&s.reopen_requests))
            .copied()
            .filter(ours)
            .collect();
        if pending.is_empty() {
            let message = format!("nobody asks to be released from {}, or to reopen it", target_name(self, target));
            return Err(CommandError::failed(message)
                .hint(format!("`counterpart show {}` lists what waits for an answer", self.short())));
        }
        self.one_of(pending.into_iter(), target, typed, "requests")
    }

    /// What to take back: an own request or proposal itself; an action stands for the one of ours that is open.
    pub fn withdrawable(&self, typed: &str) -> Done<Target> {
        let target = self.entry(typed)?;
        let ours = |ix: &Ix| self.record.graph().statement(*ix).party == self.own;
        if self.lens().is_open(target.ix) && ours(&target.ix) {
            return self.whole(typed, target);
        }
        let Some(statuses) = self.begun_there(target.ix, typed)? else { return self.whole(typed, target) };
        let open =
            statuses.iter().flat_map(|(_, s)| s.open.iter().chain(&s.release_requests).chain(&s.reopen_requests));
        let found = self.one_of(open.copied().filter(ours), target, typed, "things of yours to take back")?;
        self.whole(typed, found)
    }

    /// A dispute: an entry, action or part of a bundle stands for the one about it that is not over.
    pub fn dispute(&self, typed: &str) -> Done<Target> {
        let target = self.entry(typed)?;
        if matches!(self.record.fold().act(target.ix), Act::Dispute { .. }) {
            return Ok(target);
        }
        let part = self.names.find(typed)?.subject;
        let about_part = |ix: &Ix| match self.record.fold().act(*ix) {
            Act::Dispute { subject, .. } => part.is_none() || subject.is_none() || *subject == part,
            _ => false,
        };
        let open: Vec<Ix> = self.disputes(target.ix).into_iter().filter(about_part).collect();
        if open.is_empty() {
            let message = format!("nothing is in dispute about {}", target_name(self, target));
            return Err(CommandError::failed(message).hint(format!(
                "`counterpart dispute {} {} REASON` raises one",
                self.short(),
                typed.trim().trim_start_matches('#')
            )));
        }
        self.one_of(open.into_iter(), target, typed, "disputes")
    }

    /// The disputes about an entry, or about what it is a revision of, that are not over.
    pub fn disputes(&self, about: Ix) -> Vec<Ix> {
        let (graph, lens) = (self.record.graph(), self.lens());
        let keys = self.record.fold().subject_keys(about);
        let on_matter = keys.iter().flat_map(|key| lens.disputes(key));
        let all = on_matter.chain(lens.disputes_about(about));
        let mut found: Vec<Ix> = all.filter(|d| d.ended_by.is_none()).map(|d| d.dispute).collect();
        found.sort_unstable_by_key(|ix| graph.order(*ix));
        found.dedup();
        found
    }

    /// What a dispute names: an entry; of an action the revision that is agreed, with the part where it has several.
    pub fn disputable(&self, typed: &str) -> Done<(EntryId, Option<u32>)> {
        let found = self.names.find(typed)?;
        let parts = |ix: Ix| self.record.fold().subject_keys(ix).len();
        if parts(found.ix) == 0 || (parts(found.ix) > 1 && found.subject.is_none()) {
            return Ok((found.id, None));
        }
        let target = self.in_force(typed)?;
        Ok((target.id, (parts(target.ix) > 1).then_some(target.subject)))
    }

    /// The subject of an action, for amending it or stating something about it; with its status.
    pub fn subject(&self, typed: &str) -> Done<(SubjectKey, ActionStatus)> {
        let (target, key) = self.one_subject(typed)?;
        let found = key.and_then(|key| Some((key.clone(), self.lens().status(&key)?)));
        found.ok_or_else(|| {
            CommandError::usage(format!("{} is not an agreement or proposal", self.entry_name(&target.id)))
                .hint(format!("`counterpart show {}` lists them", self.short()))
        })
    }

    fn exactly(&self, ix: Ix, subject: Option<u32>) -> Target {
        Target { id: self.record.graph().id(ix), ix, subject: subject.unwrap_or(0), followed: false }
    }

    /// The entry and the one subject of it that is meant; no subject where the entry is no revision.
    fn one_subject(&self, typed: &str) -> Done<(Target, Option<SubjectKey>)> {
        let found = self.names.find(typed)?;
        let target = self.exactly(found.ix, found.subject);
        let keys = self.record.fold().subject_keys(found.ix);
        let name = self.entry_name(&found.id);
        match (keys, found.subject) {
            ([], _) => Ok((target, None)),
            ([one], None) => Ok((target, Some(one.clone()))),
            (several, Some(part)) => match several.get(part as usize) {
                Some(key) => Ok((target, Some(key.clone()))),
                None => Err(CommandError::usage(format!("{name} has {} parts", several.len()))
                    .hint(format!("the first is {}/1", self.entry_typed(&found.id)))),
            },
            (several, None) => {
                let parts: Vec<String> =
                    (1..=several.len()).map(|n| format!("{}/{n}", self.entry_typed(&found.id))).collect();
                Err(CommandError::usage(format!("{name} has {} parts: say which", several.len()))
                    .hint(parts.join(", ")))
            }
        }
    }

    /// The statuses of what a revision is about; nothing for other entries.
    fn statuses(&self, target: Target) -> Done<Option<Vec<(SubjectKey, ActionStatus)>>> {
        let keys = self.record.fold().subject_keys(target.ix);
        if keys.is_empty() {
            return Ok(None);
        }
        let lens = self.lens();
        Ok(Some(keys.iter().filter_map(|key| Some((key.clone(), lens.status(key)?))).collect()))
    }

    /// As [`Self::statuses`], where the entry is the first of its action, so that it names the action.
    fn begun_there(&self, ix: Ix, typed: &str) -> Done<Option<Vec<(SubjectKey, ActionStatus)>>> {
        let target = self.entry(typed)?;
        let keys = self.record.fold().subject_keys(ix);
        if !keys.iter().any(|key| self.begins(ix, key)) {
            return Ok(None);
        }
        // Of a part that was typed, not what became of the others.
        let part = self.names.find(typed)?.subject.and_then(|part| keys.get(part as usize));
        let here = |(key, _): &(SubjectKey, ActionStatus)| part.is_none_or(|part| part == key);
        Ok(self.statuses(target)?.map(|all| all.into_iter().filter(here).collect()))
    }

    fn begins(&self, ix: Ix, key: &SubjectKey) -> bool {
        let id = self.record.graph().id(ix);
        match key {
            SubjectKey::Action(a) | SubjectKey::Terms(a) | SubjectKey::Close(a) | SubjectKey::NewSeat(a) => {
                a.proposal == id
            }
            SubjectKey::Item(_) | SubjectKey::Seat(_) | SubjectKey::Level => false,
        }
    }

    /// The single candidate; what was typed if there is none, so that the refusal gives the reason.
    fn one_of(&self, candidates: impl Iterator<Item = Ix>, typed_as: Target, typed: &str, what: &str) -> Done<Target> {
        let mut found: Vec<Ix> = candidates.collect();
        found.sort_unstable();
        found.dedup();
        match found.as_slice() {
            [] => Ok(typed_as),
            [one] => Ok(Target { followed: *one != typed_as.ix, ..self.exactly(*one, None) }),
            several => {
                let list: Vec<String> =
                    several.iter().map(|ix| self.entry_typed(&self.record.graph().id(*ix))).collect();
                Err(CommandError::usage(format!("'{typed}' has several {what}: say which")).hint(list.join(", ")))
            }
        }
    }
}

/// What an entry is that was taken for a proposal.
fn what_it_is(act: &Act) -> String {
    let is = match act {
        Act::Open(_) => "the opening of the case",
        Act::Invite { .. } => "an invitation",
        Act::Accept { .. } | Act::Confirm { .. } | Act::Decline { .. } => "an answer to a proposal",
        Act::Withdraw { .. } => "a withdrawal",
        Act::Declare { .. } => "a declaration that something is done",
        Act::Approve { .. } | Act::Reject { .. } => "an answer to such a declaration",
        Act::Release { .. } => "a request, which is allowed or refused",
        Act::Item { .. } => "a fact that somebody stated",
        Act::Contact(contact) => return format!("a note of a contact ({})", line(&contact.channel)),
        Act::Note { .. } => "a note",
        Act::Attach { .. } => "a file",
        Act::Remind { .. } => "a reminder",
        Act::Dispute { .. } => "a dispute",
        other => return format!("an entry of another kind ({})", other.kind()),
    };
    is.to_owned()
}

fn target_name(case: &OpenCase, target: Target) -> String {
    case.entry_name(&target.id)
}

#[cfg(test)]
mod tests {
    use counterpart_core::act::Act;

    use crate::{
        error::Kind,
        fixture::{Two, open},
    };

    #[test]
    fn an_action_stands_for_its_one_open_revision() {
        let mut two = Two::new();
        let first = two.propose(0, "Mend the pipe");
        let counter = two.counter(1, first, "Mend the pipe on Monday");
        let case = two.seen_by(0);
        let target = case.open_revision(&case.entry_typed(&first)).expect("one is open");
        assert_eq!((target.id, target.followed), (counter, true));
        let exact = case.open_revision(&case.entry_typed(&counter)).expect("open");
        assert_eq!((exact.id, exact.followed), (counter, false));
    }

    #[test]
    fn several_open_revisions_are_listed() {
        let mut two = Two::new();
        let first = two.propose(0, "Mend the pipe");
        two.accept(1, first);
        let mine = two.amend(0, first, first, "Mend the pipe on Monday");
        let theirs = two.amend(1, first, first, "Mend the pipe on Tuesday");
        let case = two.seen_by(0);
        let error = case.open_revision(&case.entry_typed(&first)).expect_err("two are open");
        assert_eq!(error.kind, Kind::Usage);
        assert_eq!(error.hint, Some([mine, theirs].map(|id| case.entry_typed(&id)).join(", ")));
    }

    #[test]
    fn an_action_stands_for_what_is_agreed_declared_and_asked() {
        let mut two = Two::new();
        let first = two.propose(0, "Mend the pipe");
        two.accept(1, first);
        let amended = two.amend(1, first, first, "Mend the pipe on Monday");
        two.accept(0, amended);
        let request = two.act(1, &Act::Release { of: amended, reason: None });
        let declare = two.act(1, &Act::Declare { revision: amended, subject: 0, note: None, evidence: Vec::new() });
        let mut case = two.seen_by(0);
        let typed = case.entry_typed(&first);
        assert_eq!(case.in_force(&typed).expect("agreed").id, amended);
        assert_eq!(case.declaration(&typed).expect("declared").id, declare);
        // Declaring dropped the request for release.
        assert_eq!(case.request(&typed, false).expect_err("dropped").kind, Kind::Failed);
        assert_eq!(case.request(&case.entry_typed(&request), false).expect("itself").id, request);
        case.own = case.seats[1].parties[0];
        assert_eq!(case.withdrawable(&case.entry_typed(&request)).expect("own").id, request);
    }

    #[test]
    fn a_part_does_not_stand_for_the_whole_that_is_answered() {
        let mut two = Two::new();
        let bundle = two.bundle(0, &["Mend the pipe", "Paint the wall"]);
        let mut case = two.seen_by(1);
        let (typed, short) = (case.entry_typed(&bundle), case.short());
        assert_eq!(case.open_whole(&typed).expect("all of it").id, bundle);
        // Other terms may be offered for one of them.
        assert_eq!(case.open_revision(&format!("{typed}/2")).expect("one of it").subject, 1);
        let error = case.open_whole(&format!("#{typed}/2")).expect_err("but a part");
        assert_eq!(error.kind, Kind::Usage);
        assert!(error.message.contains(&format!("#{typed}/2 is one part of #{typed}")), "{}", error.message);
        let hint = error.hint.expect("what to do");
        assert!(hint.contains(&format!("counterpart counter {short} {typed} --without-part N")), "{hint}");
        case.own = case.seats[0].parties[0];
        assert!(case.withdrawable(&format!("{typed}/1")).is_err());
        assert_eq!(case.withdrawable(&typed).expect("all of it").id, bundle);
    }

    #[test]
    fn requests_are_found_by_who_asks() {
        let mut two = Two::new();
        let first = two.propose(0, "Mend the pipe");
        two.accept(1, first);
        let request = two.act(1, &Act::Release { of: first, reason: Some(open("no plumber")) });
        let case = two.seen_by(0);
        let typed = case.entry_typed(&first);
        assert_eq!(case.request(&typed, false).expect("theirs").id, request);
        assert!(case.request(&typed, true).is_err());
    }

    #[test]
    fn what_names_nothing_or_too_much_is_not_understood() {
        let mut two = Two::new();
        two.propose(0, "Mend the pipe");
        let case = two.seen_by(0);
        for typed in ["#99", "pipe", "5/7", "5/0", "-1"] {
            let error = case.subject(typed).expect_err(typed);
            assert_eq!(error.kind, Kind::Usage, "{typed}");
            assert!(error.hint.is_some(), "{typed}");
        }
        assert!(case.subject("1").is_err(), "opening a case is no agreement");
        assert!(case.declaration("5").expect_err("not agreed").message.contains("nothing is declared done on #5"));
    }

    #[test]
    fn seats_are_named_by_number_label_role_or_me() {
        let case = Two::new().seen_by(0);
        let seat = |typed: &str| case.seat(typed).map(|s| s.to_string());
        for (typed, number) in
            [("0", 0), ("1", 1), ("Party 1", 1), ("supplier", 1), ("Customer", 0), ("me", 0), ("seat 1", 1)]
        {
            assert_eq!(seat(typed), Ok(format!("seat {number}")), "{typed}");
        }
        assert!(seat("party").expect_err("two begin so").message.contains("several seats"));
        assert!(seat("Northlink").expect_err("nobody").hint.is_some_and(|h| h.contains("party 1, supplier")));
        let (found, person) = case.seat_and_person("supplier:Priya").expect("a person there");
        assert_eq!((found.to_string().as_str(), person.as_deref()), ("seat 1", Some("Priya")));
    }
}
