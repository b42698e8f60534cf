//! Several devices of one party over real sockets: granted, given the case by the other side's node, ended.

use std::path::{Path, PathBuf};

use counterpart_core::{
    act::{Act, Mandate},
    fold::ActionState,
    gate::Refusal,
    id::{CaseId, PartyId},
    keylog::{Kinds, RevokeReason},
    record::{DraftError, Record},
    value::Sealable,
    view::Held,
};
use counterpart_node::{AgentGrant, AgentRequest, CaseLink, Desk, DeskError, NodeEvent, Rights, ask, now, take};

use crate::side::{Side, TCP, action, all_well, joined};

impl Side {
    async fn follow(&self, link: &CaseLink) {
        assert_eq!(self.desk().begin_follow(link, now()), Ok(true), "the case is new here");
        let own = self.desk().party();
        self.until_seen("the case arrives", |s| s.record(&link.case).lens().joined(&own)).await;
    }
}

pub(crate) fn every_right() -> Rights {
    Rights { kinds: Kinds::All, receive: true, admin: false, ceilings: Vec::new() }
}

pub(crate) fn note(text: &str) -> Act {
    Act::Note { text: Sealable::Open(text.to_owned()), about: None }
}

/// An agent's home, completed by the lines that go to and fro; its node runs.
fn agent(folder: &Path, supplier: &Side, name: &str, rights: &Rights) -> Side {
    Side::start(&further_home(folder, supplier, name, rights), &[TCP])
}

/// The home of a further device, completed by the lines that go to and fro.
pub(crate) fn further_home(folder: &Path, supplier: &Side, name: &str, rights: &Rights) -> PathBuf {
    let home = folder.join(name);
    let asked = ask(&home, supplier.desk().party(), name).expect("a request").to_text();
    let request = AgentRequest::parse(&asked).expect("a request");
    let granted = supplier.desk().add_agent(&request, rights, name, now()).expect("a grant").to_text();
    let taken = take(&home, &AgentGrant::parse(&granted).expect("a grant")).expect("a whole home");
    assert_eq!((taken.party, &taken.agent.rights), (supplier.desk().party(), rights));
    home
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_accepts_through_the_customers_node_until_its_rights_end() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (customer, supplier, case) = joined(folder.path(), &[TCP], &[TCP]).await;
    let priya = agent(folder.path(), &supplier, "Priya", &every_right());
    let tom = agent(folder.path(), &supplier, "Tom", &every_right());
    let addresses = customer.node.addresses().await;
    let link = customer.desk().case_link(&case, &addresses).expect("a line");
    let link = CaseLink::parse(&link.to_text()).expect("a line");
    priya.follow(&link).await;
    tom.follow(&link).await;

    let (_, proposed) = customer.desk().sign(&case, &action("charge 24.99 a month"), now()).expect("a proposal");
    priya.until_seen("the proposal arrives", |p| p.state(&case) == Some(ActionState::Proposed)).await;
    let accept = Act::Accept { revision: proposed.id, note: None };
    let (_, accepted) = priya.desk().sign(&case, &accept, now()).expect("an accept");
    for side in [&customer, &supplier, &tom] {
        side.until_seen("agreed everywhere", |s| s.state(&case) == Some(ActionState::Agreed)).await;
    }
    let record = supplier.record(&case);
    let by = record.graph().statement(record.graph().find(&accepted.id).expect("the accept"));
    assert_eq!((by.party, by.device), (supplier.desk().party(), priya.desk().author().device));

    let agents = supplier.desk().agents().expect("the agents");
    let names: Vec<_> = agents.iter().map(|a| a.name.as_deref()).collect();
    assert_eq!(names, [None, Some("Priya"), Some("Tom")]);
    let gone = supplier.desk().agent("priya").expect("by name");
    supplier.desk().revoke_agent(&gone.grant, RevokeReason::Ended, now()).expect("a revocation");
    let party = supplier.desk().party();
    let known = |s: &Side| s.record(&case).logs().revocation_of(&party, &gone.grant).is_some();
    customer.until_seen("the customer knows", known).await;
    // With its last word the customer's node tells Priya's why it hears her no more.
    priya.until_seen("she is told", known).await;
    let late = priya.desk().sign(&case, &note("one more thing"), now());
    let refusal = DeskError::Draft(DraftError::Gate(Refusal::Revoked(RevokeReason::Ended)));
    assert_eq!(late.expect_err("refused at the gate"), refusal);

    let (_, signed) = tom.desk().sign(&case, &note("Tom goes on"), now()).expect("a note");
    for side in [&customer, &supplier] {
        side.until_seen("his note arrives", |s| s.record(&case).graph().find(&signed.id).is_some()).await;
    }
    let cited = tom.record(&case);
    let last = cited.graph().statement(cited.graph().find(&signed.id).expect("the note"));
    assert!(last.grant != gone.grant && known(&tom), "Tom's machine knows too");
    all_well([customer, supplier, priya, tom].map(|side| side.home));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_signed_at_a_seat_goes_out_by_the_homes_own_node() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (customer, supplier, case) = joined(folder.path(), &[TCP], &[TCP]).await;
    let rights = Rights { receive: false, ..every_right() };
    supplier.desk().add_seat("priya", &rights, now()).expect("a seat");
    supplier.desk().add_seat("tom", &rights, now()).expect("a seat");
    let (priya, tom) =
        (supplier.desk().at_seat("priya").expect("a desk"), supplier.desk().at_seat("tom").expect("a desk"));

    let (_, proposed) = customer.desk().sign(&case, &action("charge 24.99 a month"), now()).expect("a proposal");
    supplier.until_seen("the proposal arrives", |s| s.state(&case) == Some(ActionState::Proposed)).await;
    let accept = Act::Accept { revision: proposed.id, note: None };
    let (_, accepted) = priya.sign(&case, &accept, now()).expect("an accept");
    customer.until_seen("agreed", |c| c.state(&case) == Some(ActionState::Agreed)).await;
    let (_, noted) = tom.sign(&case, &note("it is done on Monday"), now()).expect("a note");
    customer.until_seen("the note arrives", |c| c.record(&case).graph().find(&noted.id).is_some()).await;
    let record = customer.record(&case);
    let by = |id| record.graph().statement(record.graph().find(id).expect("there")).device;
    assert_eq!((by(&accepted.id), by(&noted.id)), (priya.author().device, tom.author().device));

    // The home alone says what is in the store that it shares with them.
    let (_, last) = customer.desk().sign(&case, &note("thank you"), now()).expect("a note");
    let party = supplier.desk().party();
    let covered = |r: &Record| r.held(&party, &[r.graph().find(&last.id).expect("own")]) == [Held::Themselves];
    customer.until_seen("a receipt of the home", |c| covered(&c.record(&case))).await;
    let record = customer.record(&case);
    assert!(
        record
            .receipts()
            .iter()
            .all(|r| r.receipt.party != party || r.receipt.device == supplier.desk().author().device)
    );
    let status = customer.desk().status(Some(&case), now()).expect("a report");
    assert_eq!(status.cases[0].others[0].devices.len(), 1, "the supplier is at one place");

    let gone = supplier.desk().end_seat("priya", RevokeReason::Ended, now()).expect("an end");
    let known = |c: &Side| c.record(&case).logs().revocation_of(&party, &gone.agent.grant).is_some();
    customer.until_seen("the customer knows", known).await;
    let refusal = DeskError::Draft(DraftError::Gate(Refusal::Revoked(RevokeReason::Ended)));
    assert_eq!(priya.sign(&case, &note("late"), now()).map(drop), Err(refusal));
    let (_, after) = tom.sign(&case, &note("Tom goes on"), now()).expect("a note");
    customer.until_seen("his note arrives", |c| c.record(&case).graph().find(&after.id).is_some()).await;
    drop((priya, tom));
    all_well([customer, supplier].map(|side| side.home));
}

fn why(event: &NodeEvent) -> Option<&str> {
    match event {
        NodeEvent::Unreachable { why, .. } => Some(why),
        _ => None,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_an_agent_signs_in_the_dark_after_its_end_reaches_nobody() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (customer, supplier, case) = joined(folder.path(), &[TCP], &[TCP]).await;
    let mut priya = agent(folder.path(), &supplier, "Priya", &every_right());
    let addresses = customer.node.addresses().await;
    let link = customer.desk().case_link(&case, &addresses).expect("a line");
    priya.follow(&link).await;
    priya.node.disconnect();
    priya.wait(|e| matches!(e, NodeEvent::Disconnected { .. })).await;
    let gone = supplier.desk().agent("Priya").expect("by name");
    supplier.desk().revoke_agent(&gone.grant, RevokeReason::Compromised, now()).expect("a revocation");
    let party = supplier.desk().party();
    customer
        .until_seen("the customer knows", |s| s.record(&case).logs().revocation_of(&party, &gone.grant).is_some())
        .await;
    let (_, signed) = priya.desk().sign(&case, &note("nobody told me"), now()).expect("she cannot know");
    priya.node.reconnect();
    let refused = priya.wait(|e| matches!(e, NodeEvent::Unreachable { .. })).await;

    // A stranger, and one who asks for a case that is not there, hear the very same.
    let mut stranger = Side::new(&folder.path().join("stranger"), &[TCP]);
    for asked in [case, CaseId([9; 32])] {
        let link = CaseLink { case: asked, addresses: link.addresses.clone() };
        assert_eq!(stranger.desk().begin_follow(&link, now()), Ok(true));
        let heard = stranger.wait(|e| matches!(e, NodeEvent::Unreachable { case: c, .. } if *c == asked)).await;
        assert_eq!(why(&heard), why(&refused));
    }
    for side in [&customer, &supplier] {
        assert!(side.record(&case).graph().find(&signed.id).is_none());
    }
    assert!(stranger.record(&case).graph().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_partys_own_node_gives_the_case_and_a_mailbox_only_receives() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (customer, supplier, case) = joined(folder.path(), &[TCP], &[TCP]).await;
    let receives = Rights { kinds: Kinds::Listed(Vec::new()), ..every_right() };
    let mailbox = agent(folder.path(), &supplier, "mailbox", &receives);
    let addresses = supplier.node.addresses().await;
    let link = supplier.desk().case_link(&case, &addresses).expect("a line");
    assert!(link.addresses.len() > addresses.len(), "the customer's node is named as well");
    let own = CaseLink { addresses: link.addresses[..addresses.len()].to_vec(), ..link };
    mailbox.follow(&own).await;
    let receipt = |r: &Record| r.last_receipt(&mailbox.desk().author().device).is_some();
    supplier.until_seen("the mailbox says what it stored", |s| receipt(&s.record(&case))).await;
    customer.until_seen("the customer hears so", |s| receipt(&s.record(&case))).await;
    assert!(mailbox.desk().sign(&case, &note("not mine to say"), now()).is_err(), "it signs no acts");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn limits_that_a_party_keeps_to_itself_hold_on_its_own_machines() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (customer, supplier, case) = joined(folder.path(), &[TCP], &[TCP]).await;
    let tom = agent(folder.path(), &supplier, "Tom", &every_right());
    let addresses = customer.node.addresses().await;
    tom.follow(&customer.desk().case_link(&case, &addresses).expect("a line")).await;
    let limit = |kinds: &[&str], until| Mandate {
        grant: tom.desk().author().grant,
        kinds: kinds.iter().map(|k| (*k).to_owned()).collect(),
        ceilings: Vec::new(),
        from: None,
        until,
        open: false,
    };
    let own = tom.desk().sign(&case, &Act::Mandate(limit(&[], None)), now());
    assert!(own.is_err(), "nobody sets his own limits");
    let later = now() + 1_000_000;
    let acts = [limit(&["note", "accept"], None), limit(&["note"], Some(later))];
    for (n, mandate) in acts.into_iter().enumerate() {
        let (_, set) = supplier.desk().sign(&case, &Act::Mandate(mandate), now()).expect("a mandate");
        tom.until_seen("it arrives", |t| t.record(&case).graph().find(&set.id).is_some()).await;
        let proposed = tom.desk().sign(&case, &action("not his to offer"), now());
        assert_eq!(proposed.expect_err("beyond"), DeskError::OwnLimit, "mandate {n}");
        tom.desk().sign(&case, &note("his to note"), now()).expect("within");
    }
    let late = tom.desk().sign(&case, &note("too late"), later + 1).expect_err("over");
    assert_eq!(late, DeskError::OutOfTime { begun: true });
    supplier.desk().sign(&case, &note("others are not limited"), later + 1).expect("no limit");
}

#[test]
fn requests_and_grants_that_do_not_fit_are_refused() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (main, agent) = (folder.path().join("main"), folder.path().join("agent"));
    Desk::init(&main).expect("a new identity");
    let desk = Desk::open(&main).expect("a home");
    let (party, time) = (desk.party(), now());
    assert!(matches!(ask(&main, party, "Priya"), Err(DeskError::AlreadyInitialised { .. })));
    assert!(matches!(take(&agent, &AgentGrant { events: vec![vec![0]] }), Err(DeskError::NotAsked)));
    assert!(matches!(ask(&agent, party, " "), Err(DeskError::AgentName(_))));
    let request = ask(&agent, party, "Priya").expect("a request");
    assert_eq!(ask(&agent, party, "Priya"), Ok(request.clone()), "the same again");
    assert_eq!(ask(&agent, PartyId([7; 32]), "Priya"), Err(DeskError::AskedElsewhere { party }));
    assert!(matches!(Desk::init(&agent), Err(DeskError::Asked { .. })));
    assert!(matches!(Desk::open(&agent), Err(DeskError::Asked { .. })));

    let other = folder.path().join("other");
    Desk::init(&other).expect("a new identity");
    let stranger = Desk::open(&other).expect("a home");
    let foreign = stranger.add_agent(&request, &every_right(), "Priya", time);
    assert_eq!(foreign, Err(DeskError::OtherParty { party }));
    let second = ask(&folder.path().join("second"), party, "Priya").expect("a request");
    let not_hers = desk.add_agent(&second, &every_right(), "Second", time).expect("a grant");
    assert_eq!(take(&agent, &not_hers).expect_err("another's"), DeskError::NotForThisDevice);

    let admin = Rights { admin: true, ..every_right() };
    let grant = desk.add_agent(&request, &admin, "Priya", time).expect("a grant");
    assert_eq!(desk.add_agent(&request, &admin, "Again", time), Err(DeskError::AgentKnown));
    take(&agent, &grant).expect("a whole home");
    let priya = Desk::open(&agent).expect("a home");
    let third = ask(&folder.path().join("third"), party, "Third").expect("a request");
    priya.add_agent(&third, &every_right(), "Third", time).expect("she may add agents, too");
    let own = priya.agents().expect("agents").into_iter().find(|a| a.here).expect("herself");
    assert_eq!(priya.revoke_agent(&own.grant, RevokeReason::Ended, time), Err(DeskError::OwnDevice));
    assert_eq!(priya.check_revocation(&own), Err(DeskError::OwnDevice));
    let second_home = folder.path().join("second");
    take(&second_home, &not_hers).expect("a whole home");
    let plain = Desk::open(&second_home).expect("a home");
    assert!(!plain.is_admin() && priya.is_admin() && desk.is_admin());
    let fourth = ask(&folder.path().join("fourth"), party, "Fourth").expect("a request");
    assert_eq!(plain.add_agent(&fourth, &every_right(), "Fourth", time), Err(DeskError::NoRoot));
    assert!(matches!(desk.agent("nobody"), Err(DeskError::UnknownAgent(_))));
    let found = desk.agent("priya").expect("by name");
    let short = counterpart_core::id::short_form(&found.device.0);
    assert_eq!(desk.agent(&short), Ok(found.clone()));
    desk.revoke_agent(&found.grant, RevokeReason::Ended, time).expect("ended");
    assert_eq!(desk.revoke_agent(&found.grant, RevokeReason::Ended, time), Err(DeskError::EndedBefore));
}
