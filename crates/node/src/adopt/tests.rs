//! Machines that wait, on real sockets over loopback, with those who call them rightly and otherwise.

use std::{collections::BTreeMap, fs, path::Path, time::Duration};

use counterpart_core::{
    id::PartyId,
    invitation::Secret,
    keylog::{Kinds, RevokeReason},
};
use counterpart_net::{Channel, Config, Event, Net, Protocol, TransportSecret};
use tokio::time::timeout;

use super::{
    AdoptError, DeviceLine, LineFor, WaitEvent, Waiter,
    wire::{Frame, No, log_frames},
};
use crate::{AgentRequest, Desk, DeskError, Rights, clock::now, home, random::random};

const LOOPBACK: &str = "/ip4/127.0.0.1/tcp/0";
const PATIENCE: Duration = Duration::from_secs(60);

fn mailbox() -> Rights {
    Rights { kinds: Kinds::Listed(Vec::new()), receive: true, admin: false, ceilings: Vec::new() }
}

fn laptop() -> (tempfile::TempDir, Desk) {
    let home = tempfile::tempdir().expect("a folder");
    Desk::init(home.path()).expect("an identity");
    let desk = Desk::open(home.path()).expect("a desk");
    (home, desk)
}

/// A machine that waits in a home, and its line.
async fn waiting(home: &Path) -> (Waiter, DeviceLine) {
    let mut waiter = Waiter::start(home, None, &[LOOPBACK.to_owned()], &[], now()).expect("it listens");
    let line = match next(&mut waiter).await {
        WaitEvent::Line(line) => Some(*line),
        _ => None,
    };
    (waiter, line.expect("the line comes first"))
}

async fn next(waiter: &mut Waiter) -> WaitEvent {
    timeout(PATIENCE, waiter.next()).await.expect("in time").expect("it listens")
}

/// Lets a machine wait in the background; ends when it was added.
fn attended(mut waiter: Waiter) -> tokio::task::JoinHandle<Waiter> {
    tokio::spawn(async move {
        loop {
            if matches!(waiter.next().await, None | Some(WaitEvent::Taken(_))) {
                return waiter;
            }
        }
    })
}

async fn call(net: &Net, line: &DeviceLine) -> Channel {
    net.open(line.peer.clone(), line.addresses.clone(), Protocol::Device).await.expect("it takes calls")
}

fn stranger() -> Net {
    Net::start(Config::new(TransportSecret::new(random()))).expect("a network").0
}

async fn say(channel: &mut Channel, frame: &Frame) {
    channel.send(&frame.encode()).await.expect("sent");
}

async fn hear(channel: &mut Channel) -> Option<Frame> {
    let bytes = timeout(PATIENCE, channel.recv()).await.expect("in time").ok()??;
    Some(Frame::decode(&bytes).expect("a frame"))
}

/// What a machine asks of whoever holds its line.
fn requested(frame: Option<Frame>, party: PartyId, line: &DeviceLine) -> Option<AgentRequest> {
    match frame? {
        Frame::Request { device, possession, name } => {
            Some(AgentRequest { party, device, peer: line.peer.as_bytes().to_vec(), name, possession })
        }
        _ => None,
    }
}

/// A call by one who holds the line, as far as what the machine asks of them.
async fn claimed(net: &Net, desk: &Desk, line: &DeviceLine) -> (Channel, AgentRequest) {
    let mut channel = call(net, line).await;
    say(&mut channel, &Frame::Claim { secret: line.secret.clone(), party: desk.party() }).await;
    let request = requested(hear(&mut channel).await, desk.party(), line).expect("its request");
    (channel, request)
}

/// Every file of a home with its bytes, but for those of a socket.
fn files(home: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![home.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.is_file() {
                found.insert(path.display().to_string(), fs::read(&path).expect("a file"));
            }
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_is_added_and_knows_its_line_afterwards() {
    let (_own, desk) = laptop();
    let home = tempfile::tempdir().expect("a folder");
    let (waiter, line) = waiting(home.path()).await;
    assert_eq!(desk.check_line(&line, now()).expect("it can be added"), LineFor::New);
    let waits = attended(waiter);
    let at = counterpart_net::Address::parse("/ip4/127.0.0.1/tcp/4001").expect("an address");
    desk.first_whereabouts(std::slice::from_ref(&at), false, now()).expect("kept");
    let added = desk.add_device(&line, &mailbox(), "box", now()).await.expect("added");
    assert!(!added.before && added.addresses.len() == 1, "{added:?}");
    let peer = format!("/p2p/{}", line.peer);
    assert!(added.addresses[0].starts_with("/ip4/127.0.0.1/tcp/") && added.addresses[0].ends_with(&peer), "{added:?}");
    assert_eq!(desk.device_addresses().expect("read")[&line.device], added.addresses, "every case has its route there");

    let machine = Desk::open(home.path()).expect("a home like any other");
    assert_eq!(machine.party(), desk.party());
    assert_eq!(machine.peer_id(), line.peer);
    assert!(!machine.is_admin());
    assert!(machine.network().expect("read").relay, "a mailbox carries connections for those it knows");
    assert_eq!(machine.device_addresses().expect("read")[&line.device], added.addresses);
    let known = machine.device_addresses().expect("read");
    assert_eq!(known[&desk.author().device], [at.with_peer(&desk.peer_id()).to_string()], "it can call the others");
    assert!(!files(home.path()).keys().any(|name| name.ends_with("/line")), "the secret is gone");

    // While it still listens the line is used; nobody else gets anything by it.
    let waiter = timeout(PATIENCE, waits).await.expect("in time").expect("it was added");
    let waits = attended(waiter);
    let (_other, thief) = laptop();
    let refused = thief.add_device(&line, &mailbox(), "mine", now()).await;
    assert!(matches!(refused, Err(AdoptError::Used)), "{refused:?}");
    assert_eq!(thief.agents().expect("read").len(), 1, "he granted nothing");
    assert!(desk.add_device(&line, &mailbox(), "box", now()).await.expect("told again").before);
    assert_eq!(Desk::open(home.path()).expect("as before").party(), desk.party());
    waits.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grant_given_and_not_taken_is_handed_over_by_the_same_line() {
    let (_own, desk) = laptop();
    let home = tempfile::tempdir().expect("a folder");
    let (waiter, line) = waiting(home.path()).await;
    let waits = attended(waiter);
    // What is left of a call that ended between the grant and its arrival.
    let net = stranger();
    let (mut channel, request) = claimed(&net, &desk, &line).await;
    let grant = desk.add_agent(&request, &mailbox(), "box", now()).expect("granted");
    say(&mut channel, &Frame::Log { events: grant.events[..1].to_vec(), more: true }).await;
    drop(channel);
    net.stop().await;
    assert!(matches!(Desk::open(home.path()), Err(DeskError::Waits { .. })), "nothing half");

    let granted = match desk.check_line(&line, now()).expect("known") {
        LineFor::Granted(agent) => agent.name,
        LineFor::New => None,
    };
    assert_eq!(granted.as_deref(), Some("box"));
    let full = Rights { kinds: Kinds::All, ..mailbox() };
    desk.add_device(&line, &full, "box", now()).await.expect("handed over");
    timeout(PATIENCE, waits).await.expect("in time").expect("it was added");
    let machine = Desk::open(home.path()).expect("added");
    let here = machine.agents().expect("read").into_iter().find(|a| a.here).expect("its own device");
    assert_eq!(here.rights, mailbox(), "as it was granted, whatever was asked the second time");
    assert_eq!(desk.agents().expect("read").len(), 2, "one grant");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_that_hangs_up_while_it_becomes_a_node_is_called_again() {
    let (_own, desk) = laptop();
    let home = tempfile::tempdir().expect("a folder");
    let (waiter, line) = waiting(home.path()).await;
    let waits = attended(waiter);
    let net = stranger();
    let (_channel, request) = claimed(&net, &desk, &line).await;
    desk.add_agent(&request, &mailbox(), "box", now()).expect("granted");
    net.stop().await;
    waits.abort();
    assert!(waits.await.is_err_and(|e| e.is_cancelled()), "it stopped");

    // In its place, under its key, one that takes a call and is gone.
    let folder = super::waiting::waiting_folder(home.path());
    let secret = home::read_transport(&folder, None).expect("its key").to_bytes();
    let at: Vec<String> = line.addresses.iter().map(ToString::to_string).collect();
    let mut config = Config::new(TransportSecret::new(secret));
    config.listen = vec![counterpart_net::Address::parse(&at[0]).expect("an address")];
    let (gone, mut inbound) = Net::start(config).expect("it listens");
    assert!(!gone.listen_addresses().await.is_empty());
    let rights = mailbox();
    let hung_up = async {
        while !matches!(
            timeout(PATIENCE, inbound.recv()).await.expect("in time").expect("called"),
            Event::Inbound { .. }
        ) {}
        gone.stop().await;
        let again = attended(Waiter::start(home.path(), None, &at, &[], now()).expect("it listens again"));
        timeout(PATIENCE, again).await.expect("in time").expect("it was added")
    };
    let (added, _waiter) = tokio::join!(desk.add_device(&line, &rights, "box", now()), hung_up);
    added.expect("handed over at the second call");
    assert_eq!(Desk::open(home.path()).expect("added").party(), desk.party());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grant_that_ended_is_not_taken() {
    let (_own, desk) = laptop();
    let home = tempfile::tempdir().expect("a folder");
    let (waiter, line) = waiting(home.path()).await;
    let _waits = attended(waiter);
    let net = stranger();
    let (mut channel, request) = claimed(&net, &desk, &line).await;
    desk.add_agent(&request, &mailbox(), "box", now()).expect("granted");
    let agent = desk.agent("box").expect("known");
    desk.remove_device(&agent, RevokeReason::Ended, now()).expect("ended");
    assert!(matches!(desk.check_line(&line, now()), Err(AdoptError::Desk(DeskError::AgentKnown))));
    let party = desk.party();
    let events: Vec<Vec<u8>> = desk.own_log().expect("read").of_party(&party).map(|e| e.bytes().to_vec()).collect();
    for frame in log_frames(&[], &events) {
        say(&mut channel, &frame).await;
    }
    assert_eq!(hear(&mut channel).await, Some(Frame::No(No::Ended)));
    assert!(matches!(Desk::open(home.path()), Err(DeskError::Waits { .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_lacks_the_line_hears_the_same_words_and_changes_nothing() {
    let (_own, desk) = laptop();
    let home = tempfile::tempdir().expect("a folder");
    let (mut waiter, line) = waiting(home.path()).await;
    let before = files(home.path());
    let wrong = DeviceLine { secret: Secret([0; 16]), ..line.clone() };
    let rights = mailbox();
    let calls = async {
        for _ in 0..2 {
            let refused = desk.add_device(&wrong, &rights, "box", now()).await;
            assert!(matches!(refused, Err(AdoptError::Wrong)), "{refused:?}");
        }
    };
    let turned = async {
        for _ in 0..2 {
            assert!(matches!(next(&mut waiter).await, WaitEvent::TurnedAway(_)));
        }
        // Whoever turned them away goes on until they have read it.
        next(&mut waiter).await
    };
    let ended = tokio::select! {
        () = calls => None,
        event = turned => Some(event),
    };
    assert!(ended.is_none(), "nothing else happens: {ended:?}");
    assert_eq!(desk.agents().expect("read").len(), 1, "nothing was granted");
    assert_eq!(files(home.path()), before);
    let late = DeviceLine { expires: 1, ..line.clone() };
    assert!(matches!(desk.check_line(&late, now()), Err(AdoptError::Expired)), "it spares the call");
    let own = DeviceLine { device: desk.author().device, ..line };
    assert!(matches!(desk.check_line(&own, now()), Err(AdoptError::Desk(DeskError::OwnDevice))));
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_bytes_change_nothing() {
    let (_own, desk) = laptop();
    let home = tempfile::tempdir().expect("a folder");
    let (waiter, line) = waiting(home.path()).await;
    let before = files(home.path());
    let waits = attended(waiter);
    let claim = Frame::Claim { secret: line.secret.clone(), party: PartyId([7; 32]) };
    let net = stranger();
    // First frames of every kind, then the right one followed by what is no log: random bytes, parts without end, logs
    // that grant this machine nothing.
    let party = desk.party();
    let foreign: Vec<Vec<u8>> = desk.own_log().expect("read").of_party(&party).map(|e| e.bytes().to_vec()).collect();
    for round in 0..40_u8 {
        let mut channel = call(&net, &line).await;
        let junk: [u8; 200] = random();
        match round % 5 {
            0 => drop(channel.send(&junk[..1 + usize::from(round)]).await),
            1 => {
                say(&mut channel, &claim).await;
                assert!(matches!(hear(&mut channel).await, Some(Frame::Request { .. })));
                drop(channel.send(&junk).await);
                assert_eq!(hear(&mut channel).await, Some(Frame::No(No::Unread)));
            }
            2 => {
                say(&mut channel, &claim).await;
                assert!(matches!(hear(&mut channel).await, Some(Frame::Request { .. })));
                say(&mut channel, &Frame::Log { events: vec![junk.to_vec(); 40], more: false }).await;
                assert_eq!(hear(&mut channel).await, Some(Frame::No(No::Unfit)));
            }
            3 => {
                say(&mut channel, &Frame::Claim { secret: line.secret.clone(), party }).await;
                assert!(matches!(hear(&mut channel).await, Some(Frame::Request { .. })));
                say(&mut channel, &Frame::Log { events: foreign.clone(), more: false }).await;
                assert_eq!(hear(&mut channel).await, Some(Frame::No(No::Unfit)), "a log without a grant for it");
            }
            _ => {
                say(&mut channel, &claim).await;
                assert!(matches!(hear(&mut channel).await, Some(Frame::Request { .. })));
                say(&mut channel, &Frame::Log { events: Vec::new(), more: true }).await;
                assert_eq!(hear(&mut channel).await, Some(Frame::No(No::Unread)), "an empty part goes on for ever");
            }
        }
    }
    net.stop().await;
    assert_eq!(files(home.path()), before);
    desk.add_device(&line, &mailbox(), "box", now()).await.expect("whoever holds the line comes through all the same");
    timeout(PATIENCE, waits).await.expect("in time").expect("it was added");
    assert!(home::is_initialised(home.path()));
}
