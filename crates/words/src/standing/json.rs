//! The same for programs: `counterpart/status/1`.

use counterpart_core::id::short_form;
use counterpart_node::{
    CaseStatus, FreeSeat, JoinStanding, JoinStatus, Lacking, OtherSide, OwnDevice, OwnReach, PeerLink, RelayState,
    StatusReport, TheirDevice, Way,
};
use serde_json::{Value as Json, json};

use super::{Problem, Told, lines::best};

/// Everything `counterpart status --json` says.
pub fn status(report: &StatusReport, zone: &str, now: i64) -> Json {
    let told = Told { report, zone, now };
    json!({
        "schema": "counterpart/status/1",
        "at": now,
        "node": {"running": report.running, "as_of": report.as_of},
        "problems": told.problems().iter().map(problem).collect::<Vec<_>>(),
        "reach": reach(&report.reach),
        "network": report.network.as_ref().ok().map(|n| json!({
            "listen": n.listen, "announced": n.announced, "local": n.local, "relay": n.relay,
            "connections": n.most_connections(),
        })),
        "devices": report.devices.iter().map(own_device).collect::<Vec<_>>(),
        "joining": report.joins.iter().map(join).collect::<Vec<_>>(),
        "cases": report.cases.iter().map(|c| case(report, c, now)).collect::<Vec<_>>(),
        "not_looked_into": report.more,
    })
}

fn problem(problem: &Problem) -> Json {
    json!({
        "kind": problem.kind,
        "case": problem.case.map(|case| case.to_hex()),
        "what": problem.what,
        "do": problem.mend,
    })
}

fn reach(reach: &OwnReach) -> Json {
    let relay = |place: &counterpart_node::RelayPlace| {
        let (state, why) = match &place.state {
            RelayState::Asked => ("asked", None),
            RelayState::Held => ("held", None),
            RelayState::Failed(why) => ("failed", Some(why)),
        };
        json!({"relay": place.relay.to_string(), "address": place.address, "state": state, "why": why})
    };
    json!({
        "outside": reach.outside.as_str(),
        "listening": reach.listening,
        "confirmed": reach.confirmed,
        "observed": reach.observed,
        "relays": reach.relays.iter().map(relay).collect::<Vec<_>>(),
    })
}

fn link(link: &PeerLink) -> Json {
    let tried = |tried: &Option<(i64, String)>| tried.as_ref().map(|(at, why)| json!({"at": at, "why": why}));
    match link {
        PeerLink::Online { since, way } => {
            json!({"state": "online", "since": since, "path": way.map(Way::as_str)})
        }
        PeerLink::Offline { since, tried: last } => json!({"state": "offline", "since": since, "tried": tried(last)}),
        PeerLink::Never { tried: last } => json!({"state": "never", "tried": tried(last)}),
        PeerLink::Refused { at, why } => json!({"state": "refused", "at": at, "why": why}),
        PeerLink::Unknown => json!({"state": "unknown"}),
    }
}

fn lacking(lacking: &Lacking) -> Json {
    json!({"count": lacking.count, "entries": lacking.names})
}

fn own_device(device: &OwnDevice) -> Json {
    let (cases, entries) = device.lacks;
    json!({
        "device": device.agent.device.to_hex(),
        "peer": device.peer.as_ref().map(ToString::to_string),
        "name": device.agent.name,
        "here": device.agent.here,
        "mailbox": device.agent.is_mailbox(),
        "receives": device.agent.rights.receive,
        "link": (!device.agent.here).then(|| link(&device.link)),
        "lacks": (!device.agent.here && device.agent.rights.receive).then(|| json!({"cases": cases, "entries": entries})),
    })
}

fn join(join: &JoinStatus) -> Json {
    let (state, why, at) = match &join.standing {
        None => ("waiting", None, None),
        Some((JoinStanding::Asking, at)) => ("asking", None, Some(at)),
        Some((JoinStanding::Unreachable(why), at)) => ("unreachable", Some(why), Some(at)),
        Some((JoinStanding::Admitted, at)) => ("admitted", None, Some(at)),
        Some((JoinStanding::Refused(why), at)) => ("refused", Some(why), Some(at)),
    };
    json!({
        "case": join.case.to_hex(),
        "short": short_form(&join.case.0),
        "state": state,
        "why": why,
        "at": at,
        "expires": join.expires,
        // Another machine of ours that shares the store: it has to go on asking.
        "asked_by": join.asked_by.as_ref().map(|by| json!({"name": by.name, "stands": by.stands})),
    })
}

fn case(report: &StatusReport, case: &CaseStatus, now: i64) -> Json {
    let own = |(device, lacks): &(counterpart_core::id::DeviceKey, Lacking)| {
        let known = report.devices.iter().find(|own| own.agent.device == *device);
        json!({
            "device": device.to_hex(),
            "name": known.and_then(|own| own.agent.name.as_ref()),
            "mailbox": known.is_some_and(|own| own.agent.is_mailbox()),
            "lacks": lacking(lacks),
        })
    };
    json!({
        "case": case.case.to_hex(),
        "short": short_form(&case.case.0),
        "title": case.title,
        "closed": case.closed,
        "others": case.others.iter().map(other).collect::<Vec<_>>(),
        "not_joined": case.free.iter().map(|seat| free(seat, now)).collect::<Vec<_>>(),
        "own_devices": case.own.iter().map(own).collect::<Vec<_>>(),
        "unnamed": case.unnamed.iter().map(|(peer, state)| json!({
            "peer": peer.to_string(),
            "link": link(state),
        })).collect::<Vec<_>>(),
    })
}

fn other(side: &OtherSide) -> Json {
    let device = |device: &TheirDevice| {
        json!({
            "device": device.device.to_hex(),
            "peer": device.peer.as_ref().map(ToString::to_string),
            "mailbox": device.mailbox,
            "link": link(&device.link),
        })
    };
    let of = |mailbox: bool| best(side.devices.iter().filter(|d| d.mailbox == mailbox)).map(|d| link(&d.link));
    json!({
        "party": side.party.to_hex(),
        "label": side.label,
        "joined": side.joined,
        "left": side.left,
        "link": of(false),
        "mailbox": of(true),
        "lacks": lacking(&side.lacks),
        "only_at_mailbox": lacking(&side.at_mailbox),
        "lacks_beside": side.beside,
        "last_receipt": side.last_receipt,
        "devices": side.devices.iter().map(device).collect::<Vec<_>>(),
    })
}

fn free(seat: &FreeSeat, now: i64) -> Json {
    json!({
        "label": seat.label,
        "invited": seat.invited.map(|(at, _)| at),
        "expires": seat.invited.map(|(_, expires)| expires),
        "expired": seat.invited.is_some_and(|(_, expires)| expires <= now),
    })
}
