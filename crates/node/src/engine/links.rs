//! Links: streams whose frames go to a machine. How they come about, how they end, and who is called next.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use counterpart_core::{
    attachment::FileRef,
    id::CaseId,
    sync::{
        CloseReason, LinkId, PeerDevice,
        frame::Frame,
        hello::{Ask, Greeted, Reached},
    },
};
use counterpart_net::{Address, Channel, Path, PeerId, Protocol};
use tokio::{sync::mpsc, time::Instant};

use super::{
    Command, Engine,
    call::{Call, Dialed, Pumped, pump},
    files,
    routes::{MOST_LINKS, Route},
};
use crate::{
    clock::now,
    metrics::{self, Went},
    node::NodeEvent,
    presence::{Sighting, Way},
};

/// The word with which a link is given up on which there is nothing to do, because others wait.
const RESTING: &str = "resting";
/// A link on which nothing was said for so long may be given up for others.
const QUIET: Duration = Duration::from_secs(1);
/// How often it is looked for room while somebody waits for it.
pub(super) const CROWDED: Duration = Duration::from_millis(500);
/// Most places of a peer that are called at once, and how many of them may lead through relays where others are known.
const MOST_PLACES: usize = 16;
const RELAYED_PLACES: usize = 4;

/// A stream whose frames go to a machine.
pub(super) struct LinkHandle {
    pub(super) case: CaseId,
    pub(super) peer: PeerDevice,
    pub(super) remote: PeerId,
    pub(super) in_step: bool,
    /// We called.
    dialed: bool,
    relayed: bool,
    /// Frames that came.
    frames_in: u64,
    /// When something was last said on it.
    last: Instant,
    ends: Pumped,
}

impl LinkHandle {
    /// Queues a frame. The machine's window bounds what waits here.
    pub(super) fn send(&mut self, frame: Vec<u8>) {
        metrics::here().frame(Went::Out, frame.len());
        self.last = Instant::now();
        // A stream that is gone says so by its own way.
        drop(self.ends.frames.send(frame));
    }

    /// Queues the answer to one who asked for a part of a file, behind all frames. The machine bounds how many wait.
    pub(super) fn answer(&mut self, file: FileRef, part: Option<(u64, u32)>) {
        self.last = Instant::now();
        drop(self.ends.answers.send(files::Answer { file, part }));
    }

    pub(super) fn route(&self) -> Route {
        Route { case: self.case, peer: self.remote.as_bytes().to_vec() }
    }
}

impl Drop for LinkHandle {
    fn drop(&mut self) {
        self.ends.reader.abort();
    }
}

/// How a link came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    /// The stream broke or was closed.
    Broke,
    /// One side refused what the other sent, or will have no more of it.
    Refused,
    /// There is a better way to the peer.
    Moves,
    /// Both hold the same and others wait.
    Rests,
}

impl From<&CloseReason> for Ended {
    fn from(reason: &CloseReason) -> Self {
        match reason {
            CloseReason::Bye(word) if word == RESTING => Self::Rests,
            CloseReason::Bye(word) if word == "bye" || word == CloseReason::Held.word() => Self::Broke,
            CloseReason::Held => Self::Broke,
            _ => Self::Refused,
        }
    }
}

impl Engine {
    /// A stream is ready for a case's frames.
    pub(super) fn met(&mut self, case: CaseId, peer: PeerDevice, channel: Channel, dialed: bool) {
        if self.offline {
            return;
        }
        let remote = channel.peer().clone();
        let route = Route { case, peer: remote.as_bytes().to_vec() };
        if dialed && !self.routes.contains(&route) {
            return;
        }
        if !self.one_of_two(&route, dialed) {
            return;
        }
        self.make_room(&remote, 1);
        if peer.party == self.desk.party() {
            self.routes.called_by(&route, peer.party);
        }
        self.routes.linked(&route);
        self.unreached.reached(&route);
        if let Err(why) = self.open_case(case).map(drop) {
            return self.unopened(&route, &why);
        }
        self.absorb_stored(case);
        if let Err(why) = self.open_case(case).map(drop) {
            return self.unopened(&route, &why);
        }
        let link = LinkId(self.next_link);
        self.next_link += 1;
        let path = self.net.path(&remote);
        let relayed = path == Some(Path::Relayed);
        let source = files::Source { files: self.desk.files(), case };
        let ends = pump(link, source, channel, self.commands.clone());
        let (in_step, frames_in, last) = (false, 0, Instant::now());
        let way = path.map(Way::from);
        let sighting = Sighting::Online { case, peer: &remote, party: peer.party, device: peer.device, way };
        self.presence.note(sighting, now());
        self.links.insert(link, LinkHandle { case, peer, remote, in_step, dialed, relayed, frames_in, last, ends });
        let time = self.ticks.now();
        if let Some(open) = self.cases.get_mut(&case) {
            open.machine.narrow(link, relayed);
            open.machine.connected(link, peer, time);
        }
        self.tell(NodeEvent::Connected { case, party: peer.party, way });
        self.drain(case);
    }

    fn unopened(&mut self, route: &Route, why: &dyn std::fmt::Display) {
        self.routes.unlinked_in_vain(route, Instant::now());
        self.trouble(why);
    }

    /// Two nodes that call each other at the same time would keep two links for one case: of these the one remains
    /// that was called by the smaller peer id. Of several in one direction it is the latest: the others are dead. Gives
    /// whether the new link is taken.
    fn one_of_two(&mut self, route: &Route, dialed: bool) -> bool {
        let ours_yields = self.net.peer_id().as_bytes() > route.peer.as_slice();
        let time = self.ticks.now();
        let twins: Vec<(LinkId, bool)> =
            self.links.iter().filter(|(_, link)| link.route() == *route).map(|(id, link)| (*id, link.dialed)).collect();
        if dialed && ours_yields && twins.iter().any(|(_, ours)| !ours) {
            self.routes.linked(route);
            return false;
        }
        let replaced = |ours: bool| if ours == dialed { true } else { ours && ours_yields };
        for (twin, _) in twins.into_iter().filter(|(_, ours)| replaced(*ours)) {
            if let Some(open) = self.cases.get_mut(&route.case) {
                open.machine.disconnected(twin, time);
            }
            // Its case stays open: another link is about to stand.
            self.closed(twin, Ended::Moves);
        }
        true
    }

    pub(super) fn frame(&mut self, link: LinkId, bytes: &[u8]) {
        let Some(handle) = self.links.get_mut(&link) else { return };
        handle.frames_in += 1;
        metrics::here().frame(Went::In, bytes.len());
        handle.last = Instant::now();
        let case = handle.case;
        if let Some(open) = self.cases.get_mut(&case) {
            open.machine.handle_frame(link, bytes, self.ticks.now());
        }
        self.drain(case);
    }

    /// A stream ended by itself.
    pub(super) fn gone(&mut self, link: LinkId) {
        self.end_link(link, Ended::Broke);
    }

    fn end_link(&mut self, link: LinkId, how: Ended) {
        let Some(case) = self.closed(link, how) else { return };
        let time = self.ticks.now();
        if let Some(open) = self.cases.get_mut(&case) {
            open.machine.disconnected(link, time);
        }
        self.drain(case);
    }

    /// Forgets a stream; gives its case.
    pub(super) fn closed(&mut self, link: LinkId, how: Ended) -> Option<CaseId> {
        let handle = self.links.remove(&link)?;
        let (case, party, route) = (handle.case, handle.peer.party, handle.route());
        self.tell(NodeEvent::Disconnected { case, party });
        if self.links.values().any(|other| other.route() == route) {
            return Some(case);
        }
        let time = Instant::now();
        // Only with what came over it can it be said to have got on; the first frame says what the other side holds.
        let got_on = handle.in_step || handle.frames_in > 1;
        match how {
            Ended::Rests => self.routes.rest(&route, time),
            Ended::Moves => self.routes.unlinked(&route, true, time),
            // A relay carries only so much, and for so long.
            Ended::Broke if handle.relayed && got_on => self.routes.unlinked(&route, true, time),
            Ended::Broke if handle.frames_in > 0 => self.routes.unlinked(&route, false, time),
            Ended::Broke | Ended::Refused => self.routes.unlinked_in_vain(&route, time),
        }
        // Where the connection stands, a link that rests or moves does not make the peer absent.
        let stays = matches!(how, Ended::Rests | Ended::Moves) && self.finding.is_connected(&handle.remote);
        if !stays {
            self.presence.note(Sighting::Offline { case, peer: &handle.remote }, now());
        }
        Some(case)
    }

    /// Gives up links to a peer on which all is said, for cases that wait; so many at most.
    fn make_room(&mut self, remote: &PeerId, wanted: usize) {
        let of_peer = |link: &&LinkHandle| link.remote == *remote;
        let count = self.links.values().filter(of_peer).count();
        let over = (count + wanted).saturating_sub(MOST_LINKS);
        if over == 0 {
            return;
        }
        let time = Instant::now();
        let quiet = |link: &LinkHandle| link.in_step && link.last + QUIET <= time;
        let owes = |link: &LinkHandle| self.cases.get(&link.case).is_some_and(|open| open.machine.owes_receipt());
        let mut idle: Vec<(Instant, LinkId)> = self
            .links
            .iter()
            .filter(|(_, link)| link.remote == *remote && quiet(link) && !owes(link))
            .map(|(id, link)| (link.last, *id))
            .collect();
        idle.sort_unstable();
        for (_, link) in idle.into_iter().take(over.min(wanted)) {
            if let Some(handle) = self.links.get_mut(&link) {
                handle.send(Frame::Bye { reason: RESTING.to_owned() }.encode());
            }
            self.end_link(link, Ended::Rests);
        }
    }

    /// How many links there are to each peer.
    fn taken(&self) -> BTreeMap<Vec<u8>, usize> {
        let mut taken: BTreeMap<Vec<u8>, usize> = BTreeMap::new();
        for link in self.links.values() {
            *taken.entry(link.remote.as_bytes().to_vec()).or_default() += 1;
        }
        taken
    }

    /// Calls where it is time, as far as there is room.
    pub(super) fn dial_due(&mut self) {
        for (peer, waiting) in self.routes.crowded() {
            if let Ok(peer) = PeerId::from_bytes(&peer) {
                self.make_room(&peer, waiting);
            }
        }
        let taken = self.taken();
        for route in self.routes.take_due(&taken, Instant::now()) {
            self.call(route);
        }
    }

    fn call(&mut self, route: Route) {
        let Ok(peer) = PeerId::from_bytes(&route.peer) else { return };
        let addresses = match self.addresses_of(&route) {
            Ok(addresses) => addresses,
            Err(why) => {
                self.routes.failed(&route, why.to_string(), Instant::now());
                return self.trouble(&why);
            }
        };
        if addresses.is_empty() && !self.finding.is_connected(&peer) {
            let why = "it is not known where it can be called";
            self.presence.note(Sighting::Unreachable { case: route.case, peer: &peer, why }, now());
            return self.routes.lost(&route, why.to_owned());
        }
        let call = Call {
            net: Arc::clone(&self.net),
            peer,
            addresses: best(addresses),
            own: self.identity.clone(),
            key: self.desk.identity().device.clone(),
        };
        let commands: mpsc::UnboundedSender<Command> = self.commands.clone();
        tokio::spawn(async move {
            let outcome = match call.place(Ask::Open(route.case), Protocol::Case).await {
                Ok((Reached::Ready(greeted), channel)) => Dialed::Ready { greeted, channel },
                Ok((Reached::NotAvailable, _)) => Dialed::NotAvailable,
                Ok(_) => Dialed::Failed("the other side answered out of turn".to_owned()),
                Err(why) => Dialed::Failed(why),
            };
            drop(commands.send(Command::Dialed { route, outcome }));
        });
    }

    pub(super) fn dialed(&mut self, route: Route, outcome: Dialed) {
        let case = route.case;
        let (refused, why) = match outcome {
            Dialed::Ready { greeted, channel } => match self.admitted(case, &greeted) {
                // Draining closes a case that has no link, so the link comes first.
                Ok(peer) => return self.met(case, peer, channel, true),
                Err(why) => {
                    self.drain(case);
                    (true, why)
                }
            },
            Dialed::NotAvailable => (true, "the other side does not have this case, or not for you".to_owned()),
            Dialed::Failed(why) => (false, why),
        };
        if let Ok(peer) = &PeerId::from_bytes(&route.peer) {
            let sighting = if refused {
                Sighting::Refused { case, peer, why: &why }
            } else {
                Sighting::Unreachable { case, peer, why: &why }
            };
            self.presence.note(sighting, now());
        }
        let time = Instant::now();
        self.routes.failed(&route, why.clone(), time);
        let (party, first) = (self.routes.party_of(&route), self.unreached.again(&route, time));
        self.tell(NodeEvent::Unreachable { case, why, party, first });
    }

    /// Whether who answered may have the case.
    fn admitted(&mut self, case: CaseId, greeted: &Greeted) -> Result<PeerDevice, String> {
        let (time, own) = (self.ticks.now(), self.desk.party());
        let open = self.open_case(case).map_err(|why| why.to_string())?;
        // Whoever answers where a person told us to ask may give us the case, as long as our own part in it is not
        // here. What it is, its id says; and nothing goes to one who is no member.
        if !open.machine.record().lens().joined(&own) {
            open.machine.trust(greeted.party);
        }
        open.machine.admit(greeted, time).map_err(|why| why.to_string())
    }

    /// Where only a relay leads to a peer it is called wherever it may be, too, now and later.
    pub(super) fn seek(&self, peer: &PeerId) {
        if self.offline || self.net.path(peer) != Some(Path::Relayed) {
            return;
        }
        let route = self.routes.iter().map(|(route, _)| route).find(|route| route.peer == peer.as_bytes());
        if let Some(Ok(addresses)) = route.map(|route| self.addresses_of(route)) {
            self.net.seek(peer.clone(), best(addresses));
        }
    }

    /// The way to a peer is another one. Links that lead through a relay move over once there is a direct one.
    pub(super) fn path_changed(&mut self, peer: &PeerId, path: Option<Path>) {
        self.presence.note(Sighting::Path { peer, way: path.map(Way::from) }, now());
        self.seek(peer);
        if !matches!(path, Some(Path::Direct | Path::Punched)) {
            return;
        }
        let relayed = |(_, link): &(&LinkId, &LinkHandle)| link.relayed && link.remote == *peer;
        let links: Vec<LinkId> = self.links.iter().filter(relayed).map(|(id, _)| *id).collect();
        for link in links {
            // Where we cannot call, the other side does.
            if self.links.get(&link).is_some_and(|handle| self.routes.contains(&handle.route())) {
                self.end_link(link, Ended::Moves);
            }
        }
        self.dial_due();
    }
}

/// The places to call: direct ones first, but room for some that lead through relays.
fn best(mut addresses: Vec<Address>) -> Vec<Address> {
    let relayed = addresses.iter().filter(|address| address.is_relayed()).count().min(RELAYED_PLACES);
    addresses.sort_by_key(Address::is_relayed);
    let direct = addresses.iter().filter(|address| !address.is_relayed()).count();
    let most_direct = direct.min(MOST_PLACES - relayed);
    addresses.drain(most_direct..direct);
    addresses.truncate(MOST_PLACES);
    addresses
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn direct_places_come_first_and_leave_room_for_relayed_ones() {
        let relay = PeerId::from_secret(&[1; 32]);
        let direct = |n: usize| Address::parse(&format!("/ip4/192.0.2.1/tcp/{}", n + 1)).expect("an address");
        let relayed = |n: usize| Address::parse(&format!("{}/p2p/{relay}/p2p-circuit", direct(n))).expect("an address");
        let all: Vec<Address> = (0..20).map(relayed).chain((0..20).map(direct)).collect();
        let best_of_all = best(all);
        assert_eq!(best_of_all.len(), MOST_PLACES);
        let first: Vec<bool> = best_of_all.iter().map(Address::is_relayed).collect();
        assert_eq!(first, [vec![false; MOST_PLACES - RELAYED_PLACES], vec![true; RELAYED_PLACES]].concat());
        let few = best(vec![relayed(1), direct(1)]);
        assert_eq!(few, [direct(1), relayed(1)]);
        assert_eq!(best((0..20).map(relayed).collect()).len(), MOST_PLACES);
    }
}
