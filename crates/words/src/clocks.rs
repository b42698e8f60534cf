//! Service clocks: the terms that agree them, the acts that stop them, and how they stand.

use counterpart_core::{
    act::{Act, Role, Topic},
    fold::SubjectKey,
    id::EntryId,
    value::{ActionId, Sealable, Seat},
};
use counterpart_process::{
    clocks::{
        Agreed, Clock, Clocks, Hours, KEY, MOST_SECONDS, PAUSE, Pause, Said, Shown, Unfit, Which, clocks, working,
    },
    holidays::{Holidays, Region},
};
use jiff::civil::Date;
use serde_json::{Value as Json, json};

use crate::{
    case::OpenCase,
    error::{CommandError, Done},
    json::{named, seat},
    render::{self, line},
    typed::typed,
    when,
};

/// The title of the terms that say how the clocks are counted.
pub const TITLE: &str = "How the service clocks are counted";

/// What people read beside the names of the items.
const LABEL: &str = "service clocks";

/// The most holidays that go into terms.
const MOST_HOLIDAYS: usize = 60;

/// Clocks as people type them.
#[derive(Debug, Clone, Default)]
pub struct ClocksTyped {
    /// A role's word; the supplier where nothing is said.
    pub by: Option<String>,
    /// "8 hours", for each clock that is wanted.
    pub lengths: Vec<(Which, String)>,
    /// "mon-fri 09:00-17:30"; Monday to Friday from nine to five where nothing is said.
    pub hours: Vec<String>,
    /// The case's where nothing is said.
    pub zone: Option<String>,
    /// "GB-ENG", "zone" for those of the zone's country, or days such as "2026-12-25 Christmas Day"; none where nothing
    /// is said.
    pub holidays: Vec<String>,
}

impl ClocksTyped {
    /// The clocks, with the holidays written out: what is agreed names every day. `zone` is the case's, `now` in Unix
    /// milliseconds.
    pub fn read(&self, zone: &str, now: i64) -> Done<Agreed> {
        let by = match self.by.as_deref().map(|word| word.trim().to_lowercase()) {
            None => Role::Supplier,
            Some(word) => Role::from_word(&word).filter(|role| role.agrees()).ok_or_else(|| {
                CommandError::usage(format!("'{word}' is no role that has clocks"))
                    .hint("write supplier, customer or third")
            })?,
        };
        let mut lengths = Vec::new();
        for which in Which::ALL {
            let Some((_, text)) = self.lengths.iter().find(|(of, _)| *of == which) else { continue };
            lengths.push((which, seconds(text)?));
        }
        if lengths.is_empty() {
            return Err(CommandError::usage("say at least one clock")
                .hint("such as --first-answer \"8 hours\", --next-update \"16 hours\" or --resolution \"40 hours\"")
                .in_fields("such as \"first_answer\": \"8 hours\", or \"next_update\" or \"resolution\" likewise"));
        }
        let zone = self.zone.as_deref().map_or(zone, str::trim);
        let usual = ["mon-fri 09:00-17:00".to_owned()];
        let lines = if self.hours.is_empty() { &usual[..] } else { &self.hours };
        let lines: Vec<String> = lines.iter().map(|l| l.trim().to_lowercase()).collect();
        let wrong = |e: counterpart_process::clocks::HoursError| CommandError::usage(e.to_string());
        let open = Hours::read(zone, &lines, &[]).map_err(wrong)?;
        let free = holidays(&self.holidays, &open, now)?;
        let hours = Hours::read(zone, &lines, &free).map_err(wrong)?;
        Ok(Agreed { by, clocks: lengths, hours })
    }
}

/// "8 hours", "90 minutes", "1h 30m": seconds of counted time.
fn seconds(text: &str) -> Done<u64> {
    let unread = || {
        CommandError::usage(format!("'{text}' is no length of a clock: write such as 8 hours, 90 minutes or 1h 30m"))
            .hint("only the hours that are named count: five days of eight hours are 40 hours")
    };
    let span: jiff::SignedDuration = text.trim().parse().map_err(|_unread| unread())?;
    let seconds = u64::try_from(span.as_secs()).map_err(|_before| unread())?;
    if seconds % 60 != 0 || !(60..=MOST_SECONDS).contains(&seconds) {
        return Err(unread());
    }
    Ok(seconds)
}

/// The days on which nothing counts, each with its name: of a region those that fall on days that would count, from today to
/// the end of the year after next.
fn holidays(asked: &[String], hours: &Hours, now: i64) -> Done<Vec<String>> {
    let today = when::local_in(now, &hours.zone).and_then(|local| local.get(..10)?.parse::<Date>().ok());
    let today = today.ok_or_else(|| CommandError::failed("this machine's clock shows an impossible time"))?;
    let mut days: Vec<(Date, String)> = Vec::new();
    for text in asked {
        let text = text.trim();
        if text.eq_ignore_ascii_case("none") {
            continue;
        }
        if text.starts_with(|c: char| c.is_ascii_digit()) {
            let own = counterpart_process::holidays::own_days(text).map_err(|e| CommandError::usage(e.to_string()))?;
            for (day, name) in own {
                days.push((day, typed("the holiday's name", &name)?));
            }
            continue;
        }
        let region = if text.eq_ignore_ascii_case("zone") {
            // Of elsewhere none are known, which is shown before anything is signed.
            Region::of_zone(&hours.zone)
        } else {
            Some(Region::parse(text).map_err(|e| CommandError::usage(e.to_string()))?)
        };
        let known = Holidays::new(region, &[]);
        let mut day = today;
        while day.year() <= today.year() + 2 {
            if let Some(name) = known.name(day).filter(|_| hours.opens_on(day)) {
                days.push((day, name.to_owned()));
            }
            let Ok(next) = day.tomorrow() else { break };
            day = next;
        }
    }
    days.sort();
    days.dedup_by_key(|(day, _)| *day);
    if days.len() > MOST_HOLIDAYS {
        return Err(CommandError::usage(format!("{} holidays are more than terms hold: {MOST_HOLIDAYS}", days.len())));
    }
    Ok(days.into_iter().map(|(day, name)| format!("{day} {name}")).collect())
}

/// What is proposed: the clocks as data, and how they are counted in words, between these seats. `whose` is what those whose
/// clocks they are are called; `continued` the words of earlier clocks that these take the place of.
pub fn topics(agreed: &Agreed, seats: Vec<Seat>, whose: &str, continued: Option<ActionId>) -> Vec<Topic> {
    let text = Sealable::Open(explained(agreed, whose));
    vec![
        Topic::Item { key: KEY.to_owned(), value: agreed.value() },
        Topic::Terms { terms: continued, title: TITLE.to_owned(), text, seats },
    ]
}

/// The clocks proposed in a case that is open: beside what is in force, which they take the place of.
pub fn proposed(case: &OpenCase, agreed: &Agreed) -> Done<Vec<Topic>> {
    let agreeing = || case.seats.iter().filter(|seat| seat.role.agrees());
    let theirs: Vec<Seat> = agreeing().filter(|seat| seat.role == agreed.by).map(|seat| seat.seat).collect();
    if theirs.is_empty() || agreeing().count() == theirs.len() {
        let role = agreed.by.as_str();
        let message =
            format!("clocks of the {role} are agreed between the {role} and somebody else; this case has no such two");
        return Err(CommandError::usage(message).hint(format!("counterpart people {} says who is in it", case.short())));
    }
    let whose = render::listed(theirs.iter().map(|seat| case.seat_text(seat)));
    let before = case.view().matters.iter().find_map(|matter| match &matter.key {
        SubjectKey::Terms(id) => {
            let (position, _) = matter.status.in_force.standing()?;
            let subject = case.lens().subject(position.revision(), &matter.key)?;
            matches!(&subject.topic, Topic::Terms { title, .. } if title == TITLE).then_some(*id)
        }
        _ => None,
    });
    Ok(topics(agreed, agreeing().map(|seat| seat.seat).collect(), &whose, before))
}

/// How the clocks are counted, as it is signed.
fn explained(agreed: &Agreed, whose: &str) -> String {
    let part = |(which, seconds): &(Which, u64)| {
        let within = working(*seconds);
        match which {
            Which::FirstAnswer => format!("gives a first answer within {within} of this agreement"),
            Which::NextUpdate => format!("says how it stands within {within} of what it said last"),
            Which::Resolution => format!("has it resolved within {within} of this agreement"),
        }
    };
    let promised = render::listed(agreed.clocks.iter().map(part));
    let free = if agreed.hours.free.is_empty() { "" } else { ", without the holidays listed" };
    let resolved = agreed.clocks.iter().any(|(which, _)| *which == Which::Resolution).then_some(
        " Resolved is what was agreed together with these clocks, or with those they take the place of, once it is declared \
         done and not rejected; where nothing was, the case once it is closed by agreement, from when they agreed to close it.",
    );
    format!(
        "{whose} {promised}. Only working hours count: {}, in the time zone {}{free}. An answer is whatever {whose} signs \
         that says something to the other side; having seen or received something is none.{} Either side may stop the \
         clocks by saying why ({PAUSE}); they run on once either side says so, or the side other than {whose} says \
         anything. No pause stops the first answer. Clocks agreed anew count anew. A clock that ran out changes no terms \
         by itself.",
        agreed.hours.lines.join(", "),
        agreed.hours.zone,
        resolved.unwrap_or_default(),
    )
}

/// The clocks of a case now; nothing where none are agreed.
pub fn of(case: &OpenCase) -> Option<Result<Clocks, (EntryId, Unfit)>> {
    clocks(&case.record, case.view(), case.now)
}

/// The act that stops the clocks.
pub fn pause(case: &OpenCase, reason: &str) -> Done<Act> {
    good(case)?;
    Ok(said(&Said::Paused { reason: typed("the reason", reason.trim())? }))
}

/// The act by which they run on.
pub fn resume(case: &OpenCase) -> Done<Act> {
    if good(case)?.standing_still().is_none() {
        return Err(CommandError::failed("the clocks are not stopped, so there is nothing to end")
            .hint(format!("counterpart clock {} says how they stand", case.short())));
    }
    Ok(said(&Said::Running))
}

fn said(said: &Said) -> Act {
    let label = Some(Sealable::Open(LABEL.to_owned()));
    Act::Item { key: PAUSE.to_owned(), value: said.value(), label, note: None }
}

/// The clocks, or that there are none to stop.
fn good(case: &OpenCase) -> Done<Clocks> {
    match of(case) {
        Some(Ok(clocks)) => Ok(clocks),
        Some(Err((entry, why))) => Err(CommandError::failed(format!(
            "the clocks agreed in {} cannot be counted: {}",
            case.entry_name(&entry),
            line(&why.to_string())
        ))),
        None => Err(CommandError::failed("no service clocks are agreed in this case")
            .hint(format!("propose some: counterpart clock {} propose --first-answer \"8 hours\"", case.short()))
            .in_fields("the act `propose_clocks` proposes some")),
    }
}

/// How the clocks stand: a line each, then why they stand still if they do. Nothing where none are agreed.
pub fn lines(case: &OpenCase) -> Vec<String> {
    match of(case) {
        None => Vec::new(),
        Some(Err((entry, why))) => {
            let name = case.entry_name(&entry);
            vec![format!("The clocks agreed in {name} cannot be counted: {}.", line(&why.to_string()))]
        }
        Some(Ok(clocks)) => {
            let shown = Shown { time: &when::show, entry: &|id| case.entry_name(id) };
            let mut lines = clocks.lines(&shown);
            lines.extend(clocks.standing_still().map(|pause| stopped(case, pause)));
            lines
        }
    }
}

/// "Stopped by Acme Ltd since 8 Jul 17:00 (#9): which serial number?"
pub fn stopped(case: &OpenCase, pause: &Pause) -> String {
    stopped_as_of(case, pause, case.now)
}

fn stopped_as_of(case: &OpenCase, pause: &Pause, now: i64) -> String {
    let who = by(case, &pause.entry);
    let since = when::show_short(pause.from, case.zone(), now);
    format!("Stopped by {who} since {since} ({}): {}", case.entry_name(&pause.entry), line(&pause.reason))
}

fn by(case: &OpenCase, entry: &EntryId) -> String {
    let graph = case.record.graph();
    graph.find(entry).map_or_else(String::new, |ix| case.party_label(&graph.statement(ix).party))
}

/// Everything there is to say of them, for so many columns: the lines, the hours, the pauses.
pub fn in_full(case: &OpenCase, columns: usize) -> Vec<String> {
    let wrapped = |text: &str| render::wrapped("  ", text, columns);
    let mut out: Vec<String> = lines(case).iter().map(|l| wrapped(l)).collect();
    let Some(Ok(clocks)) = of(case) else { return out };
    let whose = render::listed(clocks.by.iter().map(|seat| case.seat_label(seat)));
    let agreed = case.entry_name(&clocks.agreement);
    let began = when::show(clocks.began, &clocks.agreed.hours.zone);
    out.push(String::new());
    out.push(wrapped(&format!("Clocks of {whose}, agreed in {agreed}, counted from {began}")));
    out.push(wrapped(&format!("Working hours: {}", clocks.hours_in_words())));
    out.extend(clocks.pauses.iter().filter_map(|pause| stood_still(case, pause, case.now)).map(|text| wrapped(&text)));
    out
}

/// "Stood still from 8 Jul 17:00 to 9 Jul 10:00 (#9 to #11): which serial number?"; nothing of a pause that lasts.
fn stood_still(case: &OpenCase, pause: &Pause, now: i64) -> Option<String> {
    let (until, end) = pause.ended.as_ref()?;
    let [from, until] = [pause.from, *until].map(|at| when::show_short(at, case.zone(), now));
    let (name, end) = (case.entry_name(&pause.entry), case.entry_name(end));
    Some(format!("Stood still from {from} to {until} ({name} to {end}): {}", line(&pause.reason)))
}

/// The clocks for programs: null where none are agreed.
pub fn as_json(case: &OpenCase) -> Json {
    match of(case) {
        None => Json::Null,
        Some(Err((entry, why))) => json!({"agreement": named(case, &entry), "problem": line(&why.to_string())}),
        Some(Ok(clocks)) => json!({
            "agreement": named(case, &clocks.agreement),
            "problem": null,
            "by": clocks.by.iter().map(seat).collect::<Vec<_>>(),
            "counted_from": clocks.began,
            "zone": clocks.agreed.hours.zone,
            "hours": clocks.agreed.hours.lines,
            "holidays": clocks.agreed.hours.free.iter().map(|(day, name)| json!({"day": day.to_string(), "name": name}))
                .collect::<Vec<_>>(),
            "clocks": clocks.clocks.iter().map(|clock| one(case, &clocks, clock)).collect::<Vec<_>>(),
            "pauses": clocks.pauses.iter().map(|pause| json!({
                "entry": named(case, &pause.entry),
                "reason": pause.reason,
                "from": pause.from,
                "until": pause.ended.map(|(at, _)| at),
                "ended_by": pause.ended.map(|(_, by)| named(case, &by)),
            })).collect::<Vec<_>>(),
        }),
    }
}

fn one(case: &OpenCase, clocks: &Clocks, clock: &Clock) -> Json {
    let shown = Shown { time: &when::show, entry: &|id| case.entry_name(id) };
    json!({
        "clock": clock.which.as_str(),
        "standing": clock.standing.as_str(),
        "within_seconds": clock.within,
        "since": clock.since,
        "until": clock.until,
        "left_seconds": clock.left / 1000,
        "over_seconds": clock.over / 1000,
        "met": clock.met.map(|(at, by)| json!({"at": at, "entry": named(case, &by)})),
        "before": {"in_time": clock.before.0, "late": clock.before.1},
        "says": clock.in_words(clocks, &shown),
    })
}

mod handed_over;

pub(crate) use handed_over::HandedOver;

#[cfg(test)]
mod tests;
