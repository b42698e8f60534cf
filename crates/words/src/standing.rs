//! How it stands with everybody, in words: what is wrong and what to do about it, who is reached and how, who lacks what.

mod json;
mod lines;

use counterpart_core::id::{CaseId, short_form};
use counterpart_node::{
    CaseStatus, FreeSeat, JoinStanding, JoinStatus, OtherSide, Outside, OwnDevice, PeerLink, RelayState, StatusReport,
};

pub use json::status as json;
pub use lines::{case_lines, device_lines, join_line, node_lines, side_lines};

use lines::asker;

use crate::{
    render::{self, line, listed},
    style::{Style, styled},
    when,
};

/// Whoever lacks something and was not reached for so long has not got it in the usual way: a day, in milliseconds.
const LONG: i64 = 86_400_000;

/// A mailbox is to be there always: ten minutes, in milliseconds.
const MAILBOX_AWAY: i64 = 600_000;

/// So many lines of what is wrong are shown at once.
const SHOWN: usize = 20;

/// Something that does not work, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// A word for programs.
    pub kind: &'static str,
    pub case: Option<CaseId>,
    pub what: String,
    /// What to do about it.
    pub mend: String,
}

/// A report, with the clock and zone of whoever reads it.
#[derive(Debug, Clone, Copy)]
pub struct Told<'r> {
    pub report: &'r StatusReport,
    pub zone: &'r str,
    /// Unix milliseconds.
    pub now: i64,
}

impl Told<'_> {
    fn time(&self, at: i64) -> String {
        when::show_short(at, self.zone, self.now)
    }

    /// What does not work, what is worst first.
    pub fn problems(&self) -> Vec<Problem> {
        let report = self.report;
        let mut problems = Vec::new();
        let mut add = |kind, case, what: String, mend: String| problems.push(Problem { kind, case, what, mend });
        if report.used_elsewhere {
            let what =
                "This device signed somewhere else: this home is a copy or an old backup, and signs nothing more.";
            let mend = "`counterpart identity renew-device` gives this home a key of its own.";
            add("used_elsewhere", None, what.to_owned(), mend.to_owned());
        }
        for (case, why) in &report.unreadable {
            let what = format!("Case {} cannot be read: {}", short_form(&case.0), line(&why.to_string()));
            add("unreadable_case", Some(*case), what, "`counterpart doctor` says what is damaged.".to_owned());
        }
        if let Err(why) = &report.network {
            let mend = "`counterpart network set --reset` writes it anew.".to_owned();
            add("network_settings", None, format!("How your node is on the network cannot be read: {why}"), mend);
        }
        if !report.running && self.anybody() {
            let what = "Your node is not running: nothing is sent, and nothing comes in.".to_owned();
            let mend = "`counterpart up` starts it; `counterpart sync` looks once. On a machine that is always on: \
                        `counterpart device add`.";
            add("not_running", None, what, mend.to_owned());
        }
        for join in &report.joins {
            if let Some((what, mend, kind)) = self.join_problem(join) {
                add(kind, Some(join.case), what, mend);
            }
        }
        for case in &report.cases {
            for side in case.others.iter().filter(|side| !side.left) {
                if let Some((kind, what, mend)) = self.side_problem(case, side) {
                    add(kind, Some(case.case), what, mend);
                }
            }
            if case.unnamed.iter().any(|(_, link)| matches!(link, PeerLink::Refused { .. })) {
                let short = short_form(&case.case.0);
                let what =
                    format!("{short}: a node that was to be called for this case answered, and did not take it up.");
                let mend = format!(
                    "Compare the address with the one that their `counterpart network` shows; another one: \
                     `counterpart sync {short} --address ADDRESS`."
                );
                add("refused", Some(case.case), what, mend);
            }
        }
        for device in &report.devices {
            if let Some((what, mend)) = self.mailbox_problem(device) {
                add("mailbox_away", None, what, mend);
            }
        }
        if let Some((kind, what, mend)) = self.reach_problem() {
            add(kind, None, what, mend);
        }
        for case in report.cases.iter().filter(|case| !case.closed) {
            for seat in &case.free {
                if let Some((what, mend)) = self.invitation_problem(case, seat) {
                    add("invitation_expired", Some(case.case), what, mend);
                }
            }
        }
        problems
    }

    /// Whether there is anybody whom a running node would connect with.
    fn anybody(&self) -> bool {
        let open = self.report.cases.iter().filter(|case| !case.closed);
        let awaited = |case: &CaseStatus| {
            case.others.iter().any(|side| !side.left) || case.free.iter().any(|seat| seat.invited.is_some())
        };
        let waiting = self.report.joins.iter().any(|join| join.expires.is_some_and(|at| at > self.now));
        waiting || self.report.devices.len() > 1 || self.report.more > 0 || open.into_iter().any(awaited)
    }

    /// Whether nobody lets us in any more by the invitation. Whoever was let in before is in.
    fn is_too_late(&self, join: &JoinStatus) -> bool {
        let let_in = matches!(join.standing, Some((JoinStanding::Admitted, _)));
        !let_in && join.expires.is_some_and(|at| at <= self.now)
    }

    fn join_problem(&self, join: &JoinStatus) -> Option<(String, String, &'static str)> {
        let short = short_form(&join.case.0);
        if self.is_too_late(join) {
            let what = format!("You have not joined {short}: the invitation expired.");
            return Some((what, "Ask whoever invited you for a new link.".to_owned(), "invitation_expired"));
        }
        if let Some(by) = join.asked_by.as_ref().filter(|by| !by.stands)
            && join.standing.is_none()
        {
            let what = format!(
                "You have not joined {short}: {} asked to be let in, and may not act any more.",
                asker(Some(by))
            );
            let mend = "`counterpart join LINK` asks from here, with the same link or a new one.".to_owned();
            return Some((what, mend, "join_waits"));
        }
        match &join.standing {
            Some((JoinStanding::Refused(why), at)) => {
                let what = format!("You were not let into {short} ({}): {}", self.time(*at), line(why));
                let mend = "`counterpart join LINK` asks again, with the same link or a new one.".to_owned();
                Some((what, mend, "join_refused"))
            }
            Some((JoinStanding::Unreachable(why), at)) => {
                let what = format!(
                    "You are not in {short} yet: whoever invited you was not reached ({}): {}",
                    self.time(*at),
                    line(why)
                );
                let until = join.expires.map(|at| format!(", until the link expires on {}", self.time(at)));
                let mend = format!(
                    "Ask them to run `counterpart up`. Your node calls again by itself while it runs{}. Without a \
                     connection: `counterpart join LINK --file FILE` makes a file to send them.",
                    until.unwrap_or_default()
                );
                Some((what, mend, "join_unreached"))
            }
            _ => None,
        }
    }

    fn side_problem(&self, case: &CaseStatus, side: &OtherSide) -> Option<(&'static str, String, String)> {
        let (short, who) = (short_form(&case.case.0), line(&side.label));
        let refused = side.devices.iter().find_map(|device| match &device.link {
            PeerLink::Refused { at, why } => Some((device, at, why)),
            _ => None,
        });
        if let Some((device, at, why)) = refused {
            let whose = if device.mailbox { format!("{who}'s mailbox") } else { who };
            let when = at.map(|at| format!(" ({})", self.time(at))).unwrap_or_default();
            let what = format!("{short}: {whose} answered and did not take the case up{when}: {}", line(why));
            let mend =
                "Ask them whether they still have the case: perhaps they joined with another identity, or restored \
                        an old backup. Your node asks again by itself."
                    .to_owned();
            return Some(("refused", what, mend));
        }
        if side.lacks.count == 0 || case.closed {
            return None;
        }
        let best = lines::best(side.devices.iter())?;
        let since = match &best.link {
            PeerLink::Offline { since, .. } if self.now - since >= LONG => format!("since {}", self.time(*since)),
            PeerLink::Never { tried: Some(_) } => "yet".to_owned(),
            _ => return None,
        };
        let entries = entries(side.lacks.count);
        let what = format!("{short}: {who} was not reached {since}, and lacks {entries}.");
        let mend = format!(
            "Nothing is lost: it is sent as soon as they are reached. `counterpart post {short}` writes it as a file, to \
             send them by mail."
        );
        Some(("not_reached", what, mend))
    }

    fn mailbox_problem(&self, device: &OwnDevice) -> Option<(String, String)> {
        if !self.report.running || device.agent.here || !device.agent.is_mailbox() {
            return None;
        }
        let since = match &device.link {
            PeerLink::Offline { since, .. } if self.now - since >= MAILBOX_AWAY => {
                format!("since {}", self.time(*since))
            }
            PeerLink::Never { tried: Some(_) } => "yet".to_owned(),
            _ => return None,
        };
        let what = format!(
            "Your mailbox {} was not reached {since}: what others send while you are away stays with them.",
            lines::device_name(device)
        );
        let mend = "Look whether that machine is on and `counterpart up` runs there; `counterpart network` there says where \
                    it can be called.";
        Some((what, mend.to_owned()))
    }

    fn reach_problem(&self) -> Option<(&'static str, String, String)> {
        let report = self.report;
        if !report.running || !self.anybody() {
            return None;
        }
        let held = report.reach.relays.iter().any(|place| place.state == RelayState::Held);
        if report.reach.outside == Outside::Behind && !held {
            let announced = report.network.as_ref().is_ok_and(|network| !network.announced.is_empty());
            let what = if announced {
                "Nobody got through to your node from outside, though you announce where it can be called: others reach you \
                 only while your node calls them."
            } else {
                "Your node cannot be called from outside: a router stands before it. Others reach you only while your node \
                 calls them."
            };
            return Some(("not_reachable", what.to_owned(), self.mend_reach()));
        }
        let failed = report.reach.relays.iter().find_map(|place| match &place.state {
            RelayState::Failed(why) => Some((place, why)),
            _ => None,
        });
        let (place, why) = failed.filter(|_| !held && report.reach.outside != Outside::Public)?;
        let relay = lines::relay_name(self, &place.relay);
        let what = format!("{relay} carries no connections to your node: {}", line(why));
        let mend = "It is asked again by itself. On that machine `counterpart network set --relay on` lets it carry \
                    connections between those it knows.";
        Some(("relay_failed", what, mend.to_owned()))
    }

    /// How a node comes to be reachable.
    fn mend_reach(&self) -> String {
        let port = self.report.port.map(|port| format!(" {port}")).unwrap_or_default();
        format!(
            "Any of these helps: in your router, forward port{port} (TCP and UDP) to this machine, and start your node \
             again; or let a machine of yours that is always on take in what comes: `counterpart device add`; or exchange files, by mail or otherwise: \
             `counterpart post CASE`. docs/network.md says more."
        )
    }

    fn invitation_problem(&self, case: &CaseStatus, seat: &FreeSeat) -> Option<(String, String)> {
        let (_, expires) = seat.invited.filter(|(_, expires)| *expires <= self.now)?;
        let short = short_form(&case.case.0);
        let what = format!(
            "{short}: {} has not joined, and the invitation expired on {}.",
            line(&seat.label),
            self.time(expires)
        );
        let mend = if seat.ours {
            format!("{} makes a new link to send them.", lines::invite_command(&short, seat))
        } else {
            "Whoever opened the case can make a new link.".to_owned()
        };
        Some((what, mend))
    }
}

/// "1 entry", "5 entries".
fn entries(count: u64) -> String {
    if count == 1 { "1 entry".to_owned() } else { format!("{count} entries") }
}

/// "#7, #8 and 3 more".
fn named(lacking: &counterpart_node::Lacking) -> String {
    let more = lacking.count.saturating_sub(lacking.names.len() as u64);
    let rest = (more > 0).then(|| format!("{more} more"));
    listed(lacking.names.iter().map(|name| line(name)).chain(rest))
}

/// Everything `counterpart status` prints, for so many columns: what is wrong first.
pub fn told(report: &StatusReport, zone: &str, now: i64, columns: usize) -> String {
    let told = Told { report, zone, now };
    let problems = told.problems();
    let mut out = Vec::new();
    if problems.is_empty() {
        out.push(styled(Style::Good, "Nothing is wrong."));
    } else {
        let count = if problems.len() == 1 { "1 problem".to_owned() } else { format!("{} problems", problems.len()) };
        out.push(styled(Style::Bad, &count));
    }
    for problem in problems.iter().take(SHOWN) {
        out.push(render::wrapped("  ", &styled(Style::Strong, &problem.what), columns));
        out.push(render::wrapped("    → ", &problem.mend, columns));
    }
    if problems.len() > SHOWN {
        out.push(format!("  and {} more: `counterpart status CASE` tells those of one case", problems.len() - SHOWN));
    }
    section(&mut out, "This node", node_lines(&told), columns);
    section(&mut out, "Your devices", device_lines(&told), columns);
    section(&mut out, "Joining", report.joins.iter().map(|join| join_line(&told, join)).collect(), columns);
    for case in &report.cases {
        let closed = if case.closed { ", closed" } else { "" };
        let head = format!("{}  {}{closed}", short_form(&case.case.0), line(&case.title));
        section(&mut out, &head, case_lines(&told, case), columns);
    }
    if report.more > 0 {
        let more = match report.more {
            1 => "1 further case was not looked into".to_owned(),
            n => format!("{n} further cases were not looked into"),
        };
        out.push(String::new());
        let text = format!("{more} this time. Run it again: those it knows already cost no time.");
        out.push(render::wrapped("", &styled(Style::Faint, &text), columns));
    }
    out.join("\n")
}

fn section(out: &mut Vec<String>, head: &str, lines: Vec<String>, columns: usize) {
    if lines.is_empty() {
        return;
    }
    out.push(String::new());
    out.push(render::wrapped("", &styled(Style::Strong, head), columns));
    out.extend(lines.into_iter().map(|line| render::wrapped("  ", &line, columns)));
}

#[cfg(test)]
mod tests;
