use std::path::PathBuf;

use super::*;

const DAY: i64 = 86_400_000;
const START: i64 = 1_800_000_000_000;

struct Home {
    folder: tempfile::TempDir,
    identity: Identity,
}

impl Home {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        Desk::init(folder.path()).expect("a new home");
        let store = counterpart_store::Store::open(&home::store_path(folder.path())).expect("a store");
        let identity = home::unlock(folder.path(), &store, None).expect("an identity");
        Self { folder, identity }
    }

    fn begin(&self, now: i64) -> Presence {
        Presence::new(self.folder.path(), &self.identity, now)
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join(FILE)
    }

    /// What other processes read.
    fn read(&self) -> Option<PresenceReport> {
        Desk::open(self.folder.path()).expect("a home").presence()
    }
}

fn case(n: u64) -> CaseId {
    let mut id = [0; 32];
    id[..8].copy_from_slice(&n.to_be_bytes());
    CaseId(id)
}

fn peer(n: u8) -> PeerId {
    PeerId::from_secret(&[n; 32])
}

fn online(case: CaseId, peer: &PeerId) -> Sighting<'_> {
    Sighting::Online { case, peer, party: PartyId([7; 32]), device: DeviceKey([8; 32]), way: Some(Way::Direct) }
}

#[test]
fn what_was_seen_is_read_by_others() {
    let home = Home::new();
    assert_eq!(home.read(), None, "no node ran yet");
    let mut presence = home.begin(START);
    let (ann, bob, cleo) = (peer(1), peer(2), peer(3));
    presence.note(online(case(1), &ann), START + 1);
    presence.note(Sighting::Path { peer: &ann, way: Some(Way::Relayed) }, START + 2);
    presence.note(Sighting::Unreachable { case: case(1), peer: &bob, why: "nobody answers" }, START + 3);
    presence.note(online(case(2), &bob), START + 4);
    presence.note(Sighting::Offline { case: case(2), peer: &bob }, START + 5);
    presence.note(Sighting::Refused { case: case(3), peer: &cleo, why: "not for you" }, START + 6);
    presence.note(Sighting::Join { case: case(4), standing: JoinStanding::Asking }, START + 7);
    presence.note(Sighting::Reach(OwnReach { outside: Outside::Behind, ..OwnReach::default() }), START + 8);
    presence.write_if_due(START + 9);
    let report = home.read().expect("it was written");
    assert!(!report.running, "nobody listens in this home");
    assert_eq!((report.at, report.started, report.more), (START + 9, START, 0));
    assert_eq!(report.reach.outside, Outside::Behind);
    let told: Vec<_> = report.peers.iter().map(|p| (p.standing, &p.peer, p.since, p.way, p.why.as_deref())).collect();
    assert_eq!(
        told,
        [
            (PeerStanding::Refused, &cleo, None, None, Some("not for you")),
            (PeerStanding::Never, &bob, None, None, Some("nobody answers")),
            (PeerStanding::Offline, &bob, Some(START + 5), None, None),
            (PeerStanding::Online, &ann, Some(START + 1), Some(Way::Relayed), None),
        ],
        "what is wrong first"
    );
    assert_eq!(report.connected, [Connected { peer: ann, since: START + 1, way: Some(Way::Relayed) }]);
    assert_eq!(report.joins, [JoinPresence { case: case(4), standing: JoinStanding::Asking, at: START + 7 }]);
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        assert_eq!(fs::metadata(home.file()).expect("a file").mode() & 0o777, 0o600);
    }
}

#[test]
fn the_next_node_goes_on_from_what_was_written() {
    let home = Home::new();
    let (ann, bob) = (peer(1), peer(2));
    let mut presence = home.begin(START);
    presence.note(online(case(1), &ann), START);
    presence.note(Sighting::Refused { case: case(1), peer: &bob, why: "not for you" }, START);
    let refused = |why: &str| JoinStanding::Refused(why.to_owned());
    presence.note(Sighting::Join { case: case(2), standing: refused("used") }, START);
    presence.note(Sighting::Join { case: case(3), standing: JoinStanding::Asking }, START);
    presence.write_if_due(START + 60);
    drop(presence);
    // Killed: it said no last word, and was last heard of when it wrote.
    let again = home.begin(START + DAY).report(START + DAY);
    let told: Vec<_> = again.peers.iter().map(|p| (p.standing, p.since)).collect();
    assert_eq!(told, [(PeerStanding::Refused, None), (PeerStanding::Offline, Some(START + 60))]);
    assert_eq!(again.joins.len(), 1, "what is asked is asked anew, what was refused stays told");
    assert!(again.connected.is_empty());
    assert!(home.begin(START + 31 * DAY).report(START + 31 * DAY).joins.is_empty(), "for a while");
    // Stopped in peace.
    let mut presence = home.begin(START + DAY);
    presence.note(online(case(1), &ann), START + DAY);
    presence.stopped(START + DAY + 5);
    let report = home.read().expect("written");
    assert!(report.connected.is_empty());
    assert!(report.peers.iter().any(|p| p.standing == PeerStanding::Offline && p.since == Some(START + DAY + 5)));
}

#[test]
fn a_peer_that_comes_back_loses_nothing_of_its_story() {
    let home = Home::new();
    let ann = peer(1);
    let mut presence = home.begin(START);
    let state = |presence: &Presence| presence.peers.values().next().cloned().expect("one");
    presence.note(online(case(1), &ann), START);
    presence.note(online(case(1), &ann), START + 5);
    assert_eq!(state(&presence).since, Some(START), "a second link is the same presence");
    presence.note(Sighting::Offline { case: case(1), peer: &ann }, START + 10);
    presence.note(Sighting::Unreachable { case: case(1), peer: &ann, why: "no answer" }, START + 20);
    let gone = state(&presence);
    assert_eq!((gone.standing, gone.since, gone.tried), (PeerStanding::Offline, Some(START + 10), Some(START + 20)));
    presence.note(Sighting::Refused { case: case(1), peer: &ann, why: "not for you" }, START + 30);
    presence.note(Sighting::Unreachable { case: case(1), peer: &ann, why: "no answer" }, START + 40);
    assert_eq!(state(&presence).standing, PeerStanding::Offline, "what it said before it went is old");
    presence.note(online(case(1), &ann), START + 50);
    let back = state(&presence);
    assert_eq!((back.standing, back.since, back.why), (PeerStanding::Online, Some(START + 50), None));
    presence.note(Sighting::Path { peer: &ann, way: None }, START + 55);
    assert_eq!((state(&presence).standing, state(&presence).since), (PeerStanding::Offline, Some(START + 55)));
    presence.note(Sighting::Forgotten { case: case(1), peer: &ann }, START + 60);
    assert!(presence.peers.is_empty());
}

#[test]
fn it_is_bounded_and_harmless_whatever_was_seen() {
    let home = Home::new();
    let mut presence = home.begin(START);
    let hostile = format!("\u{1b}[2J\u{202e}gone\u{0007}\n{}", "x".repeat(10_000));
    for n in 0..1_000 {
        let all_at_once = peer(u8::try_from(n % 200).expect("small"));
        presence.note(Sighting::Unreachable { case: case(n), peer: &all_at_once, why: &hostile }, START);
        presence.note(Sighting::Join { case: case(n), standing: JoinStanding::Refused(hostile.clone()) }, START);
    }
    presence.note(Sighting::Refused { case: case(5_000), peer: &peer(1), why: "no" }, START);
    presence.write_if_due(START);
    let size = fs::metadata(home.file()).expect("a file").len();
    assert!(size < LONGEST / 2, "{size} bytes");
    let report = home.read().expect("it was written");
    assert_eq!((report.peers.len(), report.more, report.joins.len()), (MOST, 1_001 - MOST as u64, MOST));
    assert_eq!(report.peers[0].standing, PeerStanding::Refused, "what is wrong comes first, however much there is");
    for why in report.peers.iter().filter_map(|p| p.why.as_deref()) {
        assert!(why.chars().count() <= LONGEST_WHY && !why.contains(['\u{1b}', '\u{202e}', '\n']), "{why}");
    }
}

#[test]
fn it_is_written_at_most_each_second_and_now_and_then() {
    let home = Home::new();
    let mut presence = home.begin(START);
    let mut instant = Instant::now();
    let wrote = |presence: &mut Presence, instant: Instant| {
        drop(fs::remove_file(home.file()));
        presence.write_if_due_at(instant, START);
        home.file().exists()
    };
    assert!(wrote(&mut presence, instant));
    assert!(!wrote(&mut presence, instant), "nothing changed");
    presence.note(online(case(1), &peer(1)), START);
    assert!(!wrote(&mut presence, instant), "too soon");
    instant += PAUSE;
    assert!(wrote(&mut presence, instant));
    instant += PAUSE;
    assert!(!wrote(&mut presence, instant), "nothing changed");
    instant += BEAT;
    assert!(wrote(&mut presence, instant), "that it still runs");
}

#[test]
fn a_file_that_was_altered_is_of_no_use_and_no_harm() {
    let home = Home::new();
    let mut presence = home.begin(START);
    presence.note(online(case(1), &peer(1)), START);
    presence.write_if_due(START);
    let whole = fs::read(home.file()).expect("a file");
    for at in 0..whole.len() {
        for flip in [1, 0x80] {
            let mut bytes = whole.clone();
            bytes[at] ^= flip;
            // Read or not: it never panics, and says nothing that may not be shown.
            let read = file::decode(&bytes, &presence.party, &presence.device);
            for why in read.iter().flat_map(|r| &r.peers).filter_map(|p| p.why.as_deref()) {
                assert!(!why.contains('\u{1b}'));
            }
        }
        assert!(file::decode(&whole[..at], &presence.party, &presence.device).is_none());
    }
    // Of another home, of no home, huge, a folder, gone.
    let other = Home::new();
    fs::write(other.file(), &whole).expect("written");
    assert_eq!(other.read(), None, "another device's");
    fs::write(home.file(), b"{\"schema\":").expect("written");
    assert_eq!(home.read(), None);
    let file = fs::File::create(home.file()).expect("a file");
    file.set_len(LONGEST * 64).expect("it only seems large");
    assert_eq!(home.read(), None);
    fs::remove_file(home.file()).expect("removed");
    fs::create_dir(home.file()).expect("a folder");
    assert_eq!(home.read(), None);
    assert_eq!(home.begin(START).report(START).peers, []);
}
