//! The models, each about one part of the rules.

use std::{
    fmt::Debug,
    hash::Hash,
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use counterpart_core::{
    act::{Act, ActionTerms, CancelClause, Mode, Proposal, Subject, Topic},
    id::EntryId,
    keylog::RevokeReason,
    value::{Due, Seat, Unit},
};
use stateright::{Checker, Model};

use crate::{
    book::Book,
    cast::{A1, A2, A2_AGAIN, B1, B2, C1, Cast, HOLDERS, terms, text},
    copies::CopiesModel,
    found::INVARIANTS,
    histories::HistoriesModel,
    menu::{
        Kind::{
            Accept, Allow, Amend, AmendBoth, AmendSecond, Approve, Cancel, Choose, Close, Confirm, Counter, Cut,
            Declare, Decline, Deem, Item, Note, Prove, Ratify, Receipt, Refuse, Reject, Release, Reopen, Revoke, Stop,
            Undeclare, Withdraw,
        },
        OPEN_UNTIL,
    },
    profile::{Profile, asked_for_long, asked_for_more},
};

/// One model at a time: each uses both cores.
static ONE: Mutex<()> = Mutex::new(());

/// Explores a model to its end: every copy by itself, or where more was asked for, only the histories, but longer.
fn explore(profile: Profile) {
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let began = Instant::now();
    let book = Arc::new(Book::new(profile));
    if asked_for_long() {
        let checker = HistoriesModel { book: Arc::clone(&book) }.checker().threads(2).spawn_dfs().join();
        judge(&book, &checker, began);
    } else {
        let checker = CopiesModel { book: Arc::clone(&book) }.checker().threads(2).spawn_dfs().join();
        judge(&book, &checker, began);
    }
}

#[expect(clippy::print_stdout, reason = "the figures of a model are what its run is for")]
fn judge<M: Model>(book: &Book, checker: &impl Checker<M>, began: Instant)
where
    M::State: Clone + Debug + Hash + PartialEq,
    M::Action: Clone + Debug + PartialEq,
{
    let (name, to_reach) = (book.profile.name, book.profile.to_reach());
    let reached: Vec<&str> = to_reach.iter().copied().filter(|s| checker.discovery(s).is_some()).collect();
    let broken = book.broken.lock().expect("no thread panics while it holds this");
    println!(
        "{name}: {} states, {} histories, depth {}, {:.1} s; {} rules hold; reached: {}",
        checker.unique_state_count(),
        book.sets(),
        checker.max_depth(),
        began.elapsed().as_secs_f32(),
        INVARIANTS.len() - broken.len(),
        reached.join(", "),
    );
    let told: Vec<String> = broken.iter().map(|(rule, (_, story))| format!("{name}: {rule}\n{story}")).collect();
    assert!(told.is_empty(), "{}", told.join("\n"));
    for rule in INVARIANTS {
        assert!(checker.discovery(rule).is_none(), "{name}: {rule}");
    }
    assert_eq!(reached, to_reach, "{name} does not get everywhere it should");
}

/// Acts of each holder, and of all together.
type Bounds = ([usize; HOLDERS], usize);

/// The bounds of a run without wishes, of one where everything is to be tried, and of a long one.
fn bounds(few: Bounds, all: Bounds, long: Bounds) -> Bounds {
    match (asked_for_long(), asked_for_more()) {
        (true, _) => long,
        (false, true) => all,
        (false, false) => few,
    }
}

fn accept(revision: EntryId) -> Act {
    Act::Accept { revision, note: None }
}

fn for_a(what: &str) -> ActionTerms {
    terms(what, &[1], &[0])
}

fn for_two(what: &str) -> ActionTerms {
    terms(what, &[1], &[0, 2])
}

/// A may cancel, whatever B says.
fn cancellable(what: &str) -> ActionTerms {
    ActionTerms {
        cancel: vec![CancelClause { by: Seat::Number(0), text: text("any day"), until: None }],
        ..for_a(what)
    }
}

pub(crate) fn offered() -> Cast {
    let mut cast = Cast::new(2);
    cast.offer(A1, for_a("first"));
    cast
}

fn offered_to_two() -> Cast {
    let mut cast = Cast::new(3);
    cast.offer(A1, for_two("first"));
    cast
}

pub(crate) fn agreed() -> Cast {
    let mut cast = Cast::new(2);
    let first = cast.offer(A1, for_a("first"));
    cast.act(B1, &accept(first));
    cast
}

fn agreed_cancellable() -> Cast {
    let mut cast = Cast::new(2);
    let first = cast.offer(A1, cancellable("first"));
    cast.act(B1, &accept(first));
    cast
}

/// Two actions, agreed as one.
fn agreed_bundle() -> Cast {
    let mut cast = Cast::new(2);
    let subject = |what: &str| Subject { base: None, topic: Topic::Action { action: None, terms: for_a(what) } };
    let bundle = cast.proposal(vec![subject("first"), subject("second")]);
    let first = cast.offer_as(A1, bundle);
    cast.act(B1, &accept(first));
    cast
}

/// Silence of a minute accepts the result.
fn deemed(what: &str) -> ActionTerms {
    ActionTerms { deemed: Some((1, Unit::Minutes)), ..for_a(what) }
}

fn declared_deemed() -> Cast {
    let mut cast = Cast::new(2);
    let revision = cast.offer(A1, deemed("first"));
    cast.act(B1, &accept(revision));
    cast.act(B1, &Act::Declare { revision, subject: 0, note: None, evidence: Vec::new() });
    cast
}

fn agreed_for_two() -> Cast {
    let mut cast = Cast::new(3);
    let first = cast.offer(A1, for_two("first"));
    cast.act(B1, &accept(first));
    cast.act(C1, &accept(first));
    cast
}

pub(crate) fn declared() -> Cast {
    let mut cast = agreed();
    let revision = cast.first.expect("just agreed");
    cast.act(B1, &Act::Declare { revision, subject: 0, note: None, evidence: Vec::new() });
    cast
}

fn declared_for_two() -> Cast {
    let mut cast = agreed_for_two();
    let revision = cast.first.expect("just agreed");
    cast.act(B1, &Act::Declare { revision, subject: 0, note: None, evidence: Vec::new() });
    cast
}

/// Two amendments, each agreed by devices that did not know of the other.
pub(crate) fn crossed() -> Cast {
    let mut cast = agreed();
    let amend = |cast: &Cast, what: &str| {
        let topic = Topic::Action { action: cast.action, terms: for_a(what) };
        Act::Propose(cast.proposal(vec![Subject { base: cast.first, topic }]))
    };
    let (ours, theirs) = (amend(&cast, "A's"), amend(&cast, "B's"));
    let ours = cast.act(A1, &ours);
    let theirs = cast.act_without(B1, &theirs, &[ours]);
    let accepted = cast.act_without(B2, &accept(ours), &[theirs]);
    cast.act_without(A2, &accept(theirs), &[ours, accepted]);
    cast
}

/// Offered by A with an end to the offer. C has joined and signs nothing of it: a witness.
fn open_for_a_while() -> Cast {
    let mut cast = Cast::new(3);
    let until = Due::At { instant: OPEN_UNTIL, local: "2023-11-14T23:15".into(), zone: "Europe/Berlin".into() };
    let subject = Subject { base: None, topic: Topic::Action { action: None, terms: for_a("first") } };
    let proposal = Proposal { open_until: Some(until), ..cast.proposal(vec![subject]) };
    cast.offer_as(A1, proposal);
    cast
}

fn to_be_confirmed() -> Cast {
    let mut cast = Cast::new(2);
    let subject = Subject { base: None, topic: Topic::Action { action: None, terms: for_a("first") } };
    let proposal = Proposal { mode: Mode::Confirm, ..cast.proposal(vec![subject]) };
    cast.offer_as(A1, proposal);
    cast
}

/// What most models have in common.
pub(crate) fn profile(name: &'static str) -> Profile {
    Profile {
        name,
        cast: offered,
        people: 4,
        terms: for_a,
        menu: &[],
        tick: 1_000,
        acts: 0,
        each: [0; HOLDERS],
        careless: &[],
        able: &[A1, B1],
        sometimes: &[],
        far: &[],
        sampled: 16,
    }
}

#[test]
fn negotiation() {
    let (each, acts) = bounds(([1, 1, 1, 1, 0, 0], 3), ([2, 1, 2, 1, 0, 0], 4), ([2, 1, 2, 1, 0, 0], 5));
    explore(Profile {
        menu: &[
            (&[A1], &[Accept, Withdraw, Counter("A's")]),
            (&[A2], &[Accept, Decline]),
            (&[B1], &[Accept, Decline, Counter("B's")]),
            (&[B2], &[Accept, Decline]),
        ],
        acts,
        each,
        sometimes: &["proposed", "agreed", "declined", "withdrawn", "release_asked"],
        ..profile("negotiation")
    });
}

#[test]
fn three_signers() {
    let (each, acts) = bounds(([1, 0, 1, 1, 1, 0], 3), ([1, 0, 1, 1, 1, 0], 4), ([2, 0, 2, 1, 2, 0], 5));
    explore(Profile {
        cast: offered_to_two,
        people: 9,
        terms: for_two,
        menu: &[
            (&[A1], &[Accept, Withdraw]),
            (&[B1], &[Accept, Decline]),
            (&[B2], &[Accept, Counter("B's")]),
            (&[C1], &[Accept, Decline, Allow]),
        ],
        acts,
        each,
        able: &[A1, B1, C1],
        sometimes: &["proposed", "accepted", "agreed", "declined", "withdrawn", "release_asked"],
        ..profile("three signers")
    });
}

#[test]
fn crossing() {
    let (each, acts) = bounds(([1, 1, 1, 1, 0, 0], 4), ([2, 1, 2, 1, 0, 0], 5), ([2, 1, 2, 2, 0, 0], 6));
    explore(Profile {
        cast: agreed,
        menu: &[
            (&[A1], &[Amend("A's"), Accept]),
            (&[A2], &[Accept]),
            (&[B1], &[Amend("B's"), Accept]),
            (&[B2], &[Accept, Choose]),
        ],
        acts,
        each,
        sometimes: &["agreed", "settled", "crossed", "change_proposed"],
        far: &["a rival settled"],
        ..profile("crossing")
    });
}

#[test]
fn choosing() {
    let (each, acts) = bounds(([1, 1, 1, 1, 0, 0], 3), ([1, 1, 1, 1, 0, 0], 4), ([1, 1, 1, 2, 0, 0], 5));
    explore(Profile {
        cast: crossed,
        menu: &[
            (&[A1], &[Amend("anew"), Note]),
            (&[A2], &[Note]),
            (&[B1], &[Choose, Accept]),
            (&[B2], &[Choose, Note]),
        ],
        acts,
        each,
        sometimes: &["crossed", "chosen", "agreed"],
        ..profile("choosing")
    });
}

#[test]
fn identical_terms() {
    let (each, acts) = bounds(([1, 1, 1, 1, 0, 0], 4), ([2, 1, 1, 2, 0, 0], 5), ([2, 1, 2, 2, 0, 0], 6));
    explore(Profile {
        cast: agreed,
        menu: &[
            (&[A1], &[Amend("one"), Release]),
            (&[A2], &[Amend("one")]),
            (&[B1], &[Accept]),
            (&[B2], &[Accept, Allow]),
        ],
        acts,
        each,
        sometimes: &["agreed", "identical terms"],
        ..profile("identical terms")
    });
}

#[test]
fn bundles() {
    let (each, acts) = bounds(([1, 1, 1, 1, 0, 0], 3), ([1, 1, 2, 2, 0, 0], 4), ([1, 1, 2, 2, 0, 0], 5));
    explore(Profile {
        cast: agreed_bundle,
        menu: &[
            (&[A1], &[Amend("A's"), AmendBoth("A's")]),
            (&[A2], &[Accept, Release]),
            (&[B1], &[Amend("B's"), AmendSecond("B's")]),
            (&[B2], &[Accept, Allow, Choose]),
        ],
        acts,
        each,
        sometimes: &["agreed", "change_proposed", "cancelled"],
        ..profile("bundles")
    });
}

#[test]
fn silence() {
    let (each, acts) = bounds(([1, 1, 1, 1, 0, 0], 3), ([1, 1, 2, 1, 0, 0], 4), ([2, 1, 2, 1, 0, 0], 5));
    explore(Profile {
        cast: declared_deemed,
        terms: deemed,
        menu: &[
            (&[A1], &[Note, Reject]),
            (&[A2], &[Receipt, Reject]),
            (&[B1], &[Deem, Note, Prove]),
            (&[B2], &[Deem, Undeclare]),
        ],
        tick: 40_000,
        acts,
        each,
        sometimes: &["declared", "rework", "completed"],
        ..profile("silence")
    });
}

#[test]
fn performance() {
    let (each, acts) = bounds(([1, 1, 1, 1, 0, 0], 3), ([2, 1, 1, 1, 0, 0], 4), ([2, 1, 2, 1, 0, 0], 5));
    explore(Profile {
        cast: declared,
        menu: &[
            (&[A1], &[Approve, Reject, Amend("A's")]),
            (&[A2], &[Approve, Reopen, Reject]),
            (&[B1], &[Undeclare, Accept, Allow]),
            (&[B2], &[Declare, Stop, Allow]),
        ],
        acts,
        each,
        sometimes: &["agreed", "declared", "rework", "completed", "reopen_asked", "against_old_terms", "stopped"],
        ..profile("performance")
    });
}

#[test]
fn two_beneficiaries() {
    let (each, acts) = bounds(([1, 1, 1, 0, 1, 0], 3), ([1, 1, 1, 0, 1, 0], 4), ([1, 1, 1, 1, 1, 0], 5));
    explore(Profile {
        cast: declared_for_two,
        people: 9,
        terms: for_two,
        menu: &[
            (&[A1], &[Approve, Reject]),
            (&[A2], &[Approve, Reopen]),
            (&[B1], &[Undeclare, Allow]),
            (&[B2], &[Declare]),
            (&[C1], &[Approve, Reject, Allow]),
        ],
        acts,
        each,
        able: &[A1, B1, C1],
        sometimes: &["declared", "rework", "completed", "reopen_asked"],
        ..profile("two beneficiaries")
    });
}

#[test]
fn releasing() {
    let (each, acts) = bounds(([1, 1, 1, 1, 0, 0], 3), ([2, 1, 2, 1, 0, 0], 4), ([2, 1, 2, 1, 0, 0], 5));
    explore(Profile {
        cast: agreed,
        menu: &[
            (&[A1], &[Release, Withdraw, Amend("A's")]),
            (&[A2], &[Withdraw, Allow]),
            (&[B1], &[Allow, Refuse, Release]),
            (&[B2], &[Allow, Declare, Accept]),
        ],
        acts,
        each,
        sometimes: &["agreed", "release_asked", "cancelled", "declared"],
        far: &["crossed"],
        ..profile("releasing")
    });
}

#[test]
fn cancelling() {
    let (each, acts) = bounds(([1, 1, 1, 1, 0, 0], 3), ([2, 1, 2, 1, 0, 0], 4), ([2, 1, 2, 2, 0, 0], 5));
    explore(Profile {
        cast: agreed_cancellable,
        terms: cancellable,
        menu: &[
            (&[A1], &[Cancel, Amend("A's")]),
            (&[A2], &[Cancel, Approve]),
            (&[B1], &[Accept, Declare]),
            (&[B2], &[Choose, Stop]),
        ],
        acts,
        each,
        sometimes: &["agreed", "cancelled", "crossed", "stopped"],
        ..profile("cancelling")
    });
}

#[test]
fn in_time() {
    let (each, acts) = bounds(([1, 1, 1, 0, 1, 0], 3), ([2, 1, 2, 0, 1, 0], 4), ([2, 1, 2, 0, 1, 0], 5));
    explore(Profile {
        cast: open_for_a_while,
        people: 9,
        menu: &[
            (&[A1], &[Note, Withdraw, Accept]),
            (&[A2], &[Receipt]),
            (&[B1], &[Accept, Prove, Counter("B's")]),
            (&[C1], &[Receipt, Note]),
        ],
        tick: 1_500,
        acts,
        each,
        sometimes: &["proposed", "arrival_unproven", "agreed", "late"],
        ..profile("in time")
    });
}

#[test]
fn confirming() {
    let (each, acts) = bounds(([1, 1, 1, 1, 0, 0], 3), ([2, 1, 1, 1, 0, 0], 4), ([2, 1, 2, 1, 0, 0], 5));
    explore(Profile {
        cast: to_be_confirmed,
        menu: &[
            (&[A1], &[Confirm, Withdraw, Counter("A's")]),
            (&[A2], &[Confirm, Accept]),
            (&[B1], &[Accept, Decline]),
            (&[B2], &[Accept, Decline]),
        ],
        acts,
        each,
        sometimes: &["proposed", "agreed", "confirmed"],
        ..profile("confirming")
    });
}

fn revoked(name: &'static str, menu: &'static [(&'static [usize], &'static [crate::menu::Kind])]) {
    let (each, acts) = bounds(([1, 1, 1, 2, 0, 0], 4), ([1, 1, 1, 2, 0, 0], 5), ([2, 1, 2, 2, 0, 0], 6));
    explore(Profile { menu, acts, each, able: &[A1, B2], sometimes: &["agreed", "contested"], ..profile(name) });
}

#[test]
fn agent_ended() {
    revoked(
        "agent ended",
        &[
            (&[A1], &[Note]),
            (&[A2], &[Note, Accept]),
            (&[B1], &[Accept, Counter("B's")]),
            (&[B2], &[Revoke(B1, RevokeReason::Ended), Cut, Ratify]),
        ],
    );
}

#[test]
fn agent_compromised() {
    revoked(
        "agent compromised",
        &[
            (&[A1], &[Note, Allow]),
            (&[A2], &[Note]),
            (&[B1], &[Accept]),
            (&[B2], &[Revoke(B1, RevokeReason::Compromised), Cut, Ratify]),
        ],
    );
}

#[test]
fn forking() {
    let (each, acts) = bounds(([0, 1, 1, 1, 0, 1], 3), ([0, 2, 1, 1, 0, 1], 4), ([1, 2, 2, 1, 0, 1], 5));
    explore(Profile {
        menu: &[
            (&[A1], &[Accept]),
            (&[A2], &[Amend("one"), Accept]),
            (&[A2_AGAIN], &[Amend("other"), Accept]),
            (&[B1], &[Accept, Counter("B's")]),
            (&[B2], &[Accept]),
        ],
        acts,
        each,
        sometimes: &["agreed", "forked", "crossed"],
        ..profile("forking")
    });
}

#[test]
fn bad_faith() {
    let (each, acts) = bounds(([0, 1, 2, 1, 0, 1], 4), ([0, 1, 2, 1, 0, 1], 5), ([0, 1, 2, 2, 0, 2], 6));
    explore(Profile {
        menu: &[
            (&[A2], &[Receipt]),
            (&[A2_AGAIN], &[Accept, Note]),
            (&[B1], &[Counter("B's"), Withdraw]),
            (&[B2], &[Prove]),
        ],
        acts,
        each,
        sometimes: &["agreed", "set aside"],
        ..profile("bad faith")
    });
}

#[test]
fn closing() {
    let (each, acts) = bounds(([1, 0, 1, 1, 0, 0], 3), ([1, 1, 1, 1, 0, 0], 4), ([2, 1, 2, 1, 0, 0], 5));
    explore(Profile {
        cast: agreed,
        menu: &[
            (&[A1], &[Close, Item(1)]),
            (&[A2], &[Item(2), Note]),
            (&[B1], &[Accept, Close]),
            (&[B2], &[Note, Declare]),
        ],
        acts,
        each,
        sometimes: &["case closed", "case reopened"],
        ..profile("closing")
    });
}

#[test]
fn careless() {
    let (each, acts) = bounds(([1, 1, 1, 1, 0, 0], 3), ([1, 1, 1, 1, 0, 0], 4), ([2, 1, 2, 1, 0, 0], 5));
    explore(Profile {
        cast: agreed,
        menu: &[
            (&[A1], &[Amend("A's"), Approve]),
            (&[A2], &[Accept, Release]),
            (&[B1], &[Accept, Declare, Choose]),
            (&[B2], &[Withdraw, Decline, Allow]),
        ],
        acts,
        each,
        careless: &[A2, B1, B2],
        sometimes: &["agreed", "without effect"],
        ..profile("careless")
    });
}
