//! Line by line: this node, our own devices, each side of a case.

use counterpart_core::id::short_form;
use counterpart_node::{
    AskedBy, CaseStatus, FreeSeat, JoinStanding, JoinStatus, OtherSide, Outside, OwnDevice, PeerLink, RelayState,
    TheirDevice, Way,
};

use super::{Told, entries, named};
use crate::{
    render::{line, listed},
    when,
};

/// Whether the node runs, whether it can be called, what it carries.
pub fn node_lines(told: &Told<'_>) -> Vec<String> {
    let report = told.report;
    let mut lines = vec![match (report.running, report.as_of) {
        (true, _) => "running".to_owned(),
        (false, Some(at)) => format!("not running. What follows is as of {}, when it last ran.", told.time(at)),
        (false, None) => "not running, and has not run yet".to_owned(),
    }];
    if report.running || report.as_of.is_some() {
        lines.extend(reach_lines(told));
    }
    if let Ok(network) = &report.network {
        if !network.announced.is_empty() {
            lines.push(format!("you announce: {}", listed(network.announced.iter().map(|a| line(a)))));
        }
        if network.relay {
            lines.push("carries connections between those it knows who cannot reach each other".to_owned());
        }
        if network.local {
            lines.push("looks for others in the local network, and lets them find it".to_owned());
        }
        if let Some(most) = network.connections {
            lines.push(format!("takes at most {most} connections at one time"));
        }
    }
    lines
}

fn reach_lines(told: &Told<'_>) -> Vec<String> {
    let reach = &told.report.reach;
    let held: Vec<String> = reach
        .relays
        .iter()
        .filter(|place| place.state == RelayState::Held)
        .map(|place| relay_name(told, &place.relay))
        .collect();
    let through = (!held.is_empty()).then(|| listed(held.into_iter()));
    let mut lines = vec![match (reach.outside, &through) {
        (Outside::Public, _) => "others can call it from outside".to_owned(),
        (Outside::Behind, Some(relay)) => format!("behind a router; others reach it through {relay}"),
        (Outside::Behind, None) => {
            "behind a router: others cannot call it from outside; it calls them itself".to_owned()
        }
        (Outside::Unknown, Some(relay)) => {
            format!("others reach it through {relay}; whether they can call it directly is not known")
        }
        (Outside::Unknown, None) if reach.listening.is_empty() => "it only calls others, and takes no calls".to_owned(),
        (Outside::Unknown, None) => {
            "whether others can call it from outside is not known: nobody has tried; it calls them itself".to_owned()
        }
    }];
    let asked = reach.relays.iter().filter(|place| place.state == RelayState::Asked);
    let asked: Vec<String> = asked.map(|place| relay_name(told, &place.relay)).collect();
    if !asked.is_empty() {
        lines.push(format!("asks {} to carry connections to it", listed(asked.into_iter())));
    }
    lines
}

/// What a node that carries connections is called: a device of ours, or whose it is.
pub(super) fn relay_name(told: &Told<'_>, relay: &counterpart_node::PeerId) -> String {
    if let Some(own) = told.report.devices.iter().find(|d| d.peer.as_ref() == Some(relay)) {
        let kind = if own.agent.is_mailbox() { "your mailbox" } else { "your device" };
        return format!("{kind} {}", device_name(own));
    }
    let sides = told.report.cases.iter().flat_map(|case| &case.others);
    let theirs = sides.filter_map(|side| Some((side, side.devices.iter().find(|d| d.peer.as_ref() == Some(relay))?)));
    match theirs.into_iter().next() {
        Some((side, device)) if device.mailbox => format!("{}'s mailbox", line(&side.label)),
        Some((side, _)) => format!("{}'s node", line(&side.label)),
        None => format!("the node {relay}"),
    }
}

pub(super) fn device_name(device: &OwnDevice) -> String {
    let short = short_form(&device.agent.device.0);
    device.agent.name.as_ref().map_or_else(|| short.clone(), |name| format!("{} ({short})", line(name)))
}

/// Our own devices beside this one: whether they are reached, and what they lack.
pub fn device_lines(told: &Told<'_>) -> Vec<String> {
    let others = told.report.devices.iter().filter(|device| !device.agent.here);
    let one = |device: &OwnDevice| {
        let kind = if device.agent.is_mailbox() { "mailbox" } else { "device" };
        let lacks = match device.lacks {
            _ if !device.agent.rights.receive => String::new(),
            (0, _) => "; has everything".to_owned(),
            (1, sum) => format!("; lacks {} of 1 case", entries(sum)),
            (cases, sum) => format!("; lacks {} of {cases} cases", entries(sum)),
        };
        format!("{kind} {}: {}{lacks}", device_name(device), link(told, &device.link))
    };
    others.map(one).collect()
}

/// A connection in words: "online since 14:02, directly".
fn link(told: &Told<'_>, link: &PeerLink) -> String {
    let tried = |tried: &Option<(i64, String)>| match tried {
        Some((at, why)) if why.is_empty() => format!("; last called {}", told.time(*at)),
        Some((at, why)) => format!("; last called {}: {}", told.time(*at), line(why)),
        None => String::new(),
    };
    match link {
        PeerLink::Online { since, way } => {
            let way = match way {
                None => "",
                Some(Way::Direct) => ", directly",
                Some(Way::Punched) => ", directly, past the routers of both",
                Some(Way::Relayed) => ", through a relay",
            };
            format!("online since {}{way}", told.time(*since))
        }
        PeerLink::Offline { since, tried: last } => format!("offline since {}{}", told.time(*since), tried(last)),
        PeerLink::Never { tried: None } => "not reached yet".to_owned(),
        PeerLink::Never { tried: last } => format!("not reached yet{}", tried(last)),
        PeerLink::Refused { why, .. } => format!("answered, and did not take the case up: {}", line(why)),
        PeerLink::Unknown => "not called yet".to_owned(),
    }
}

/// The device of several that is best connected.
pub(super) fn best<'d>(devices: impl Iterator<Item = &'d TheirDevice>) -> Option<&'d TheirDevice> {
    devices.max_by_key(|device| match &device.link {
        PeerLink::Online { way, .. } => (5, i64::from(*way == Some(Way::Direct))),
        PeerLink::Offline { since, .. } => (4, *since),
        PeerLink::Never { tried: Some((at, _)) } => (3, *at),
        PeerLink::Never { tried: None } => (2, 0),
        PeerLink::Refused { .. } => (1, 0),
        PeerLink::Unknown => (0, 0),
    })
}

/// Everything there is to say of one case.
pub fn case_lines(told: &Told<'_>, case: &CaseStatus) -> Vec<String> {
    let mut lines: Vec<String> = case.others.iter().flat_map(|side| side_lines(told, side)).collect();
    let short = short_form(&case.case.0);
    lines.extend(case.free.iter().map(|seat| seat_line(told, &short, seat)));
    for (device, lacking) in case.own.iter().filter(|(_, lacking)| lacking.count > 0) {
        let own = told.report.devices.iter().find(|own| own.agent.device == *device);
        let name = own.map_or_else(|| short_form(&device.0), device_name);
        let kind = if own.is_some_and(|own| own.agent.is_mailbox()) { "mailbox" } else { "device" };
        lines.push(format!("your {kind} {name} lacks {}", named(lacking)));
    }
    lines.extend(case.unnamed.iter().map(|(peer, state)| {
        let tail: String = peer.to_string().chars().rev().take(8).collect::<Vec<_>>().into_iter().rev().collect();
        format!("a node that nobody in the case has named (…{tail}): {}", link(told, state))
    }));
    lines
}

/// One side of a case: how it is connected, and what it lacks.
pub fn side_lines(told: &Told<'_>, side: &OtherSide) -> Vec<String> {
    let who = line(&side.label);
    if side.left {
        return vec![format!("{who}: left the case; nothing more is sent there")];
    }
    let mut lines = Vec::new();
    let (boxes, themselves): (Vec<&TheirDevice>, Vec<&TheirDevice>) = side.devices.iter().partition(|d| d.mailbox);
    let own = best(themselves.into_iter()).map_or(&PeerLink::Unknown, |device| &device.link);
    lines.push(format!("{who}: {}", link(told, own)));
    if let Some(mailbox) = best(boxes.into_iter()) {
        lines.push(format!("{who}'s mailbox: {}", link(told, &mailbox.link)));
    }
    if !side.joined {
        lines.push(format!("{who} was let in, and has not answered yet: the first word of theirs is not here"));
    }
    let last = side.last_receipt.map(|at| format!(" (last receipt: {})", told.time(at))).unwrap_or_default();
    match (side.lacks.count, side.at_mailbox.count) {
        // What was signed since on the other side, such as after a backup that this home is restored from, is not known.
        (0, 0)
            if best(side.devices.iter())
                .is_none_or(|d| matches!(d.link, PeerLink::Never { .. } | PeerLink::Unknown)) =>
        {
            lines.push(format!(
                "{who} has everything that is here{last}; whether there is more comes once they are reached"
            ));
        }
        (0, 0) => lines.push(format!("{who} has everything{last}")),
        (0, _) => lines.push(format!("stored by {who}'s mailbox, not yet by {who}: {}{last}", named(&side.at_mailbox))),
        (_, 0) => lines.push(format!("{who} lacks {}{last}", named(&side.lacks))),
        (_, _) => {
            lines.push(format!("stored by {who}'s mailbox, not yet by {who}: {}", named(&side.at_mailbox)));
            lines.push(format!("neither {who} nor {who}'s mailbox has {}{last}", named(&side.lacks)));
        }
    }
    if !side.beside.is_empty() {
        let of = listed(side.beside.iter().map(|name| line(name)));
        lines.push(format!("by the last receipt {who} lacks a file or a sealed text of {of}"));
    }
    lines
}

pub(super) fn invite_command(short: &str, seat: &FreeSeat) -> String {
    let which = seat.typed.as_ref().map(|number| format!(" --seat {number}")).unwrap_or_default();
    format!("`counterpart invite {short}{which}`")
}

fn seat_line(told: &Told<'_>, short: &str, seat: &FreeSeat) -> String {
    let who = line(&seat.label);
    match seat.invited {
        Some((at, expires)) if expires > told.now => {
            let ago = when::lasting(told.now.abs_diff(at) / 1000);
            let left = when::lasting(told.now.abs_diff(expires) / 1000);
            format!("{who}: invited {ago} ago, not yet joined; the link expires in {left} ({})", told.time(expires))
        }
        Some((_, expires)) => format!("{who}: not joined; the invitation expired on {}", told.time(expires)),
        None if seat.ours => {
            format!("{who}: not invited yet; {} makes a link to send them", invite_command(short, seat))
        }
        None => format!("{who}: not joined yet"),
    }
}

/// Another machine of ours that asked to join.
pub(super) fn asker(by: Option<&AskedBy>) -> String {
    match by.and_then(|by| by.name.as_deref()) {
        Some(name) => format!("your device {}", line(name)),
        None => "another device of yours".to_owned(),
    }
}

/// A case that we want to join.
pub fn join_line(told: &Told<'_>, join: &JoinStatus) -> String {
    let short = short_form(&join.case.0);
    let until = match join.expires {
        Some(at) if at > told.now => format!("; the link expires on {}", told.time(at)),
        _ => String::new(),
    };
    let state = match &join.standing {
        _ if told.is_too_late(join) => "not joined: the invitation expired".to_owned(),
        None if join.asked_by.is_some() => {
            let by = asker(join.asked_by.as_ref());
            format!(
                "{by} asked to be let in, and joins as soon as it runs and the other side answers; if it is gone for good, \
                 `counterpart join` with the same link here asks from here{until}"
            )
        }
        None if told.report.running => format!("about to ask to be let in{until}"),
        None => format!("asks to be let in as soon as your node runs{until}"),
        Some((JoinStanding::Asking, at)) => format!("asking to be let in since {}{until}", told.time(*at)),
        Some((JoinStanding::Unreachable(why), at)) => {
            format!("not let in yet: whoever invited you was not reached ({}): {}{until}", told.time(*at), line(why))
        }
        Some((JoinStanding::Admitted, at)) => format!("let in {}; the case itself is on its way", told.time(*at)),
        Some((JoinStanding::Refused(why), at)) => format!("not let in ({}): {}", told.time(*at), line(why)),
    };
    format!("{short}: {state}")
}
