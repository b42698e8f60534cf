use std::str::FromStr as _;

use counterpart_core::{
    id::{DeviceKey, EventId, PartyId},
    keylog::Kinds,
};
use counterpart_node::{
    Agent, AskedBy, DeskError, Lacking, NetworkSettings, OwnReach, PeerId, RelayPlace, Rights, TheirDevice, Way,
};

use super::*;

const NOW: i64 = 1_800_014_400_000;
const HOUR: i64 = 3_600_000;
const RELAY: &str = "12D3KooWGQmdpzHXCqLno4mMxWXKNFQHASBeF99gTm2JR8Vu5Bdc";

fn peer() -> PeerId {
    PeerId::from_str(RELAY).expect("a peer id")
}

fn lacks(numbers: &[u32]) -> Lacking {
    Lacking { count: numbers.len() as u64, names: numbers.iter().map(|n| format!("#{n}")).collect() }
}

fn device(n: u8, mailbox: bool, link: PeerLink) -> TheirDevice {
    TheirDevice { device: DeviceKey([n; 32]), peer: (n == 2).then(peer), mailbox, link }
}

fn online(way: Way) -> PeerLink {
    PeerLink::Online { since: NOW - HOUR, way: Some(way) }
}

fn offline(hours: i64) -> PeerLink {
    PeerLink::Offline { since: NOW - hours * HOUR, tried: None }
}

fn side(devices: Vec<TheirDevice>) -> OtherSide {
    OtherSide {
        party: PartyId([9; 32]),
        label: "Northlink".to_owned(),
        joined: true,
        left: false,
        lacks: Lacking::default(),
        at_mailbox: Lacking::default(),
        beside: Vec::new(),
        last_receipt: Some(NOW - HOUR),
        devices,
    }
}

fn case(others: Vec<OtherSide>) -> CaseStatus {
    let case = CaseId([1; 32]);
    let title = "Broadband".to_owned();
    CaseStatus { case, title, closed: false, others, free: Vec::new(), own: Vec::new(), unnamed: Vec::new() }
}

fn own(n: u8, here: bool, kinds: Kinds, link: PeerLink) -> OwnDevice {
    let rights = Rights { kinds, receive: true, admin: here, ceilings: Vec::new() };
    let name = (!here).then(|| "vps".to_owned());
    let (grant, device) = (EventId([n; 32]), DeviceKey([n; 32]));
    let agent = Agent { grant, device, rights, name, since: 0, revoked: None, taken_back: false, here };
    OwnDevice { agent, peer: None, link, lacks: (0, 0) }
}

/// A node that runs, and one side that is there and has everything.
fn well() -> StatusReport {
    StatusReport {
        running: true,
        as_of: Some(NOW),
        reach: OwnReach { outside: Outside::Public, ..OwnReach::default() },
        network: Ok(NetworkSettings::default()),
        port: Some(20_123),
        cases: vec![case(vec![side(vec![device(1, false, online(Way::Direct))])])],
        more: 0,
        unreadable: Vec::new(),
        joins: Vec::new(),
        devices: vec![own(5, true, Kinds::All, PeerLink::Unknown)],
        used_elsewhere: false,
    }
}

fn plain(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}

/// Everything that is printed, unbroken.
fn printed(report: &StatusReport) -> String {
    plain(&told(report, "UTC", NOW, 10_000))
}

fn kinds(report: &StatusReport) -> Vec<&'static str> {
    Told { report, zone: "UTC", now: NOW }.problems().iter().map(|p| p.kind).collect()
}

/// What a change of the good state makes of it: the problems, and what is printed.
struct Row {
    what: &'static str,
    change: fn(&mut StatusReport),
    problems: &'static [&'static str],
    says: &'static [&'static str],
}

const TABLE: &[Row] = &[
    Row {
        what: "all is well",
        change: |_| {},
        problems: &[],
        says: &[
            "Nothing is wrong.",
            "running",
            "others can call it from outside",
            "Northlink: online since 15 Jan 11:00, directly",
            "Northlink has everything (last receipt: 15 Jan 11:00)",
        ],
    },
    Row {
        what: "through a relay",
        change: |r| r.cases[0].others[0].devices[0].link = online(Way::Relayed),
        problems: &[],
        says: &["online since 15 Jan 11:00, through a relay"],
    },
    Row {
        what: "punched",
        change: |r| r.cases[0].others[0].devices[0].link = online(Way::Punched),
        problems: &[],
        says: &["directly, past the routers of both"],
    },
    Row {
        what: "away for an hour with something for them is no problem",
        change: |r| {
            r.cases[0].others[0].devices[0].link = offline(1);
            r.cases[0].others[0].lacks = lacks(&[7, 8]);
        },
        problems: &[],
        says: &["Northlink: offline since 15 Jan 11:00", "Northlink lacks #7 and #8"],
    },
    Row {
        what: "away for two days with something for them is one",
        change: |r| {
            r.cases[0].others[0].devices[0].link = offline(48);
            r.cases[0].others[0].lacks = Lacking { count: 5, ..lacks(&[7, 8]) };
        },
        problems: &["not_reached"],
        says: &[
            "Northlink was not reached since 13 Jan 12:00, and lacks 5 entries.",
            "`counterpart post ",
            "Northlink lacks #7, #8 and 3 more",
        ],
    },
    Row {
        what: "never reached",
        change: |r| {
            let tried = Some((NOW - HOUR, "nobody answers".to_owned()));
            r.cases[0].others[0].devices[0].link = PeerLink::Never { tried };
            r.cases[0].others[0].lacks = lacks(&[7]);
        },
        problems: &["not_reached"],
        says: &[
            "not reached yet; last called 15 Jan 11:00: nobody answers",
            "Northlink was not reached yet, and lacks 1 entry.",
        ],
    },
    Row {
        what: "not in touch since a backup was restored",
        change: |r| r.cases[0].others[0].devices[0].link = PeerLink::Unknown,
        problems: &[],
        says: &[
            "Northlink: not called yet",
            "Northlink has everything that is here (last receipt: 15 Jan 11:00); whether there is more comes once they are reached",
        ],
    },
    Row {
        what: "the mailbox has it, they do not",
        change: |r| {
            let other = &mut r.cases[0].others[0];
            other.devices = vec![device(1, false, offline(48)), device(2, true, online(Way::Direct))];
            other.at_mailbox = lacks(&[7, 8]);
        },
        problems: &[],
        says: &[
            "Northlink: offline since 13 Jan 12:00",
            "Northlink's mailbox: online since 15 Jan 11:00, directly",
            "stored by Northlink's mailbox, not yet by Northlink: #7 and #8 (last receipt: 15 Jan 11:00)",
        ],
    },
    Row {
        what: "some is at the mailbox, some is not",
        change: |r| {
            let other = &mut r.cases[0].others[0];
            other.devices = vec![device(1, false, offline(48)), device(2, true, offline(2))];
            (other.at_mailbox, other.lacks) = (lacks(&[7]), lacks(&[8, 9]));
        },
        problems: &[],
        says: &[
            "stored by Northlink's mailbox, not yet by Northlink: #7",
            "neither Northlink nor Northlink's mailbox has #8 and #9",
        ],
    },
    Row {
        what: "a file is lacking there",
        change: |r| r.cases[0].others[0].beside = vec!["#4".to_owned()],
        problems: &[],
        says: &["by the last receipt Northlink lacks a file or a sealed text of #4"],
    },
    Row {
        what: "refused",
        change: |r| {
            let why = "the other side does not have this case, or not for you".to_owned();
            r.cases[0].others[0].devices[0].link = PeerLink::Refused { at: Some(NOW - HOUR), why };
        },
        problems: &["refused"],
        says: &[
            "Northlink answered and did not take the case up (15 Jan 11:00): the other side does not have this case",
            "Ask them whether they still have the case",
        ],
    },
    Row {
        what: "a node that nobody named",
        change: |r| {
            let why = "the other side does not have this case, or not for you".to_owned();
            r.cases[0].unnamed = vec![(peer(), PeerLink::Refused { at: None, why })];
        },
        problems: &["refused"],
        says: &[
            "(…R8Vu5Bdc): answered, and did not take the case up",
            "a node that was to be called for this case answered, and did not take it up",
            "--address",
        ],
    },
    Row {
        what: "left",
        change: |r| {
            r.cases[0].others[0].left = true;
            r.cases[0].others[0].lacks = lacks(&[7]);
        },
        problems: &[],
        says: &["Northlink: left the case; nothing more is sent there"],
    },
    Row {
        what: "let in, silent",
        change: |r| r.cases[0].others[0].joined = false,
        problems: &[],
        says: &["Northlink was let in, and has not answered yet"],
    },
    Row {
        what: "a closed case presses nobody",
        change: |r| {
            r.cases[0].closed = true;
            r.cases[0].others[0].devices[0].link = offline(480);
            r.cases[0].others[0].lacks = lacks(&[7]);
        },
        problems: &[],
        says: &["Broadband, closed", "Northlink lacks #7"],
    },
    Row {
        what: "invited",
        change: |r| r.cases[0].free = vec![seat(Some((NOW - 72 * HOUR, NOW + 264 * HOUR)))],
        problems: &[],
        says: &["Fixit Ltd: invited 3 days ago, not yet joined; the link expires in 11 days (26 Jan 12:00)"],
    },
    Row {
        what: "an invitation that expired",
        change: |r| r.cases[0].free = vec![seat(Some((NOW - 72 * HOUR, NOW - HOUR)))],
        problems: &["invitation_expired"],
        says: &[
            "Fixit Ltd has not joined, and the invitation expired on 15 Jan 11:00.",
            "--seat 2` makes a new link to send them.",
        ],
    },
    Row {
        what: "nobody invited",
        change: |r| r.cases[0].free = vec![seat(None)],
        problems: &[],
        says: &["Fixit Ltd: not invited yet; `counterpart invite "],
    },
    Row {
        what: "not running",
        change: |r| {
            (r.running, r.as_of) = (false, Some(NOW - 2 * HOUR));
            r.cases[0].others[0].devices[0].link = offline(2);
        },
        problems: &["not_running"],
        says: &["`counterpart up` starts it", "as of 15 Jan 10:00, when it last ran", "offline since 15 Jan 10:00"],
    },
    Row {
        what: "never ran, alone",
        change: |r| {
            (r.running, r.as_of) = (false, None);
            r.cases[0].others.clear();
            r.cases[0].free = vec![seat(None)];
        },
        problems: &[],
        says: &["not running, and has not run yet", "Nothing is wrong."],
    },
    Row {
        what: "behind a router",
        change: |r| r.reach.outside = Outside::Behind,
        problems: &["not_reachable"],
        says: &[
            "Your node cannot be called from outside: a router stands before it.",
            "forward port 20123 (TCP and UDP)",
            "`counterpart device add`",
            "`counterpart post CASE`",
        ],
    },
    Row {
        what: "behind a router, with a relay",
        change: |r| {
            r.reach.outside = Outside::Behind;
            r.reach.relays = vec![RelayPlace { relay: peer(), address: None, state: RelayState::Held }];
            r.cases[0].others[0].devices.push(device(2, true, online(Way::Direct)));
        },
        problems: &[],
        says: &["behind a router; others reach it through Northlink's mailbox"],
    },
    Row {
        what: "a relay that does not",
        change: |r| {
            r.reach.outside = Outside::Unknown;
            let state = RelayState::Failed("no leave".to_owned());
            r.reach.relays = vec![RelayPlace { relay: peer(), address: None, state }];
        },
        problems: &["relay_failed"],
        says: &["carries no connections to your node: no leave", "the node 12D3KooW"],
    },
    Row {
        what: "the mailbox is away",
        change: |r| r.devices.push(own(6, false, Kinds::Listed(Vec::new()), offline(3))),
        problems: &["mailbox_away"],
        says: &["Your mailbox vps (", "was not reached since 15 Jan 09:00", "mailbox vps (", "; has everything"],
    },
    Row {
        what: "the second laptop is away, which is no problem; what it lacks",
        change: |r| {
            r.devices.push(OwnDevice { lacks: (2, 9), ..own(6, false, Kinds::All, offline(300)) });
            r.cases[0].own = vec![(DeviceKey([6; 32]), lacks(&[3, 4]))];
        },
        problems: &[],
        says: &["device vps (", "; lacks 9 entries of 2 cases", "your device vps (", "lacks #3 and #4"],
    },
    Row {
        what: "joining, about to ask",
        change: |r| r.joins = vec![join(None)],
        problems: &[],
        says: &["about to ask to be let in; the link expires on 16 Jan 12:00"],
    },
    Row {
        what: "joining, not reached",
        change: |r| r.joins = vec![join(Some(JoinStanding::Unreachable("nobody answers".to_owned())))],
        problems: &["join_unreached"],
        says: &["whoever invited you was not reached (15 Jan 11:00): nobody answers", "--file FILE"],
    },
    Row {
        what: "joining, let in",
        change: |r| r.joins = vec![join(Some(JoinStanding::Admitted))],
        problems: &[],
        says: &["let in 15 Jan 11:00; the case itself is on its way"],
    },
    Row {
        what: "joining, refused",
        change: |r| {
            let standing = Some((JoinStanding::Refused("it was revoked".to_owned()), NOW - HOUR));
            r.joins = vec![JoinStatus { case: CaseId([4; 32]), expires: None, standing, asked_by: None }];
        },
        problems: &["join_refused"],
        says: &["You were not let into", "it was revoked", "`counterpart join LINK`"],
    },
    Row {
        what: "joining, asked by another machine that shares the store",
        change: |r| {
            r.joins = vec![JoinStatus {
                asked_by: Some(AskedBy { name: Some("Priya".to_owned()), stands: true }),
                ..join(None)
            }];
        },
        problems: &[],
        says: &["your device Priya asked to be let in", "if it is gone for good", "expires on 16 Jan 12:00"],
    },
    Row {
        what: "joining, asked by a machine that may not act any more",
        change: |r| r.joins = vec![JoinStatus { asked_by: Some(AskedBy { name: None, stands: false }), ..join(None) }],
        problems: &["join_waits"],
        says: &[
            "another device of yours asked to be let in, and may not act any more",
            "`counterpart join LINK` asks from here",
        ],
    },
    Row {
        what: "joining, too late",
        change: |r| r.joins = vec![JoinStatus { expires: Some(NOW - 1), ..join(None) }],
        problems: &["invitation_expired"],
        says: &["the invitation expired", "Ask whoever invited you for a new link."],
    },
    Row {
        what: "joining, let in before it was too late",
        change: |r| r.joins = vec![JoinStatus { expires: Some(NOW - 1), ..join(Some(JoinStanding::Admitted)) }],
        problems: &[],
        says: &["let in 15 Jan 11:00; the case itself is on its way"],
    },
    Row {
        what: "signed elsewhere, settings unreadable, a case damaged: the worst first",
        change: |r| {
            r.used_elsewhere = true;
            r.network = Err(DeskError::Address("x".to_owned()));
            r.unreadable = vec![(CaseId([3; 32]), DeskError::Looking)];
        },
        problems: &["used_elsewhere", "unreadable_case", "network_settings"],
        says: &["3 problems", "`counterpart identity renew-device`", "`counterpart doctor`", "--reset"],
    },
    Row {
        what: "more than was looked into",
        change: |r| r.more = 12,
        problems: &[],
        says: &["12 further cases were not looked into this time."],
    },
];

fn seat(invited: Option<(i64, i64)>) -> FreeSeat {
    FreeSeat { label: "Fixit Ltd".to_owned(), typed: Some("2".to_owned()), ours: true, invited }
}

fn join(standing: Option<JoinStanding>) -> JoinStatus {
    let standing = standing.map(|standing| (standing, NOW - HOUR));
    JoinStatus { case: CaseId([4; 32]), expires: Some(NOW + 24 * HOUR), standing, asked_by: None }
}

#[test]
fn each_state_is_told_with_what_to_do() {
    for row in TABLE {
        let mut report = well();
        (row.change)(&mut report);
        assert_eq!(kinds(&report), row.problems, "{}", row.what);
        let printed = printed(&report);
        for part in row.says {
            assert!(printed.contains(part), "{}: {part}\n{printed}", row.what);
        }
        // Programs are told the same.
        let json = json(&report, "UTC", NOW);
        let told: Vec<&str> =
            json["problems"].as_array().expect("a list").iter().filter_map(|p| p["kind"].as_str()).collect();
        assert_eq!(told, row.problems, "{}", row.what);
        assert_eq!(json["schema"], "counterpart/status/1");
        for problem in json["problems"].as_array().expect("a list") {
            let (what, mend) = (problem["what"].as_str(), problem["do"].as_str());
            assert!(what.is_some_and(|t| t.len() > 10) && mend.is_some_and(|t| t.len() > 10), "{problem}");
        }
    }
}

#[test]
fn programs_are_told_everything() {
    let mut report = well();
    let other = &mut report.cases[0].others[0];
    other.devices = vec![device(1, false, offline(2)), device(2, true, online(Way::Relayed))];
    (other.lacks, other.at_mailbox) = (lacks(&[9]), lacks(&[7, 8]));
    let json = json(&report, "UTC", NOW);
    let told = &json["cases"][0]["others"][0];
    assert_eq!(told["link"], serde_json::json!({"state": "offline", "since": NOW - 2 * HOUR, "tried": null}));
    assert_eq!(told["mailbox"], serde_json::json!({"state": "online", "since": NOW - HOUR, "path": "relayed"}));
    assert_eq!(told["lacks"], serde_json::json!({"count": 1, "entries": ["#9"]}));
    assert_eq!(told["only_at_mailbox"], serde_json::json!({"count": 2, "entries": ["#7", "#8"]}));
    assert_eq!(json["node"], serde_json::json!({"running": true, "as_of": NOW}));
    assert_eq!(json["reach"]["outside"], "public");
}

#[test]
fn texts_of_others_deceive_nobody() {
    let hostile = "\u{1b}[2JNorth\u{202e}link\nYour node is broken";
    let mut report = well();
    report.cases[0].title = hostile.to_owned();
    report.cases[0].others[0].label = hostile.to_owned();
    report.cases[0].others[0].devices[0].link = PeerLink::Refused { at: None, why: hostile.to_owned() };
    report.cases[0].others[0].lacks = Lacking { count: 1, names: vec![hostile.to_owned()] };
    report.cases[0].free = vec![FreeSeat { label: hostile.to_owned(), ..seat(Some((0, 1))) }];
    report.joins = vec![join(Some(JoinStanding::Refused(hostile.to_owned())))];
    let raw = told(&report, "UTC", NOW, 80);
    assert!(!raw.contains("\u{1b}[2J") && !raw.contains('\u{202e}'), "{raw:?}");
    assert!(!printed(&report).lines().any(|line| line.trim_start().starts_with("Your node is broken")));
}

#[test]
fn it_fits_narrow_screens() {
    let mut report = well();
    report.reach.outside = Outside::Behind;
    report.running = false;
    for columns in [30, 80, 120] {
        for line in plain(&told(&report, "UTC", NOW, columns)).lines() {
            assert!(line.chars().count() <= columns, "{columns}: {line}");
        }
    }
}
