//! Contacts and promises in time: a row for each, the earliest on top, all over one axis.

use counterpart_report::{Contact, EntryName, Promise, Shape, Time, Words};
use jiff::{Timestamp, tz::TimeZone};

/// Units of its width.
pub(super) const WIDTH: usize = 720;
/// At both ends of the axis.
const MARGIN: usize = 14;
/// For the dates on top.
const HEADER: usize = 30;
const ROW: usize = 50;
/// Letters that fit above a row.
const LETTERS: usize = 84;
const DAY: i64 = 24 * 60 * 60 * 1000;

/// A contact or a promise.
#[derive(Debug)]
pub(super) enum Thing {
    Contact(Box<Contact>),
    Promise(Box<Promise>),
}

impl Thing {
    fn began(&self) -> i64 {
        match self {
            Self::Contact(contact) => contact.began.at,
            Self::Promise(promise) => promise.from.at,
        }
    }

    /// All instants of it.
    fn instants(&self) -> Vec<i64> {
        match self {
            Self::Contact(contact) => vec![contact.began.at],
            Self::Promise(promise) => {
                let others = [&promise.agreed, &promise.due, &promise.done];
                others.into_iter().flatten().chain([&promise.from]).map(|time| time.at).collect()
            }
        }
    }
}

/// Everything that is drawn, by when it began.
pub(super) fn things(contacts: Vec<Contact>, promises: Vec<Promise>) -> Vec<Thing> {
    let contacts = contacts.into_iter().map(|contact| Thing::Contact(Box::new(contact)));
    let promises = promises.into_iter().map(|promise| Thing::Promise(Box::new(promise)));
    let mut all: Vec<Thing> = contacts.chain(promises).collect();
    all.sort_by_key(Thing::began);
    all
}

/// A mark of a row.
#[derive(Debug)]
pub(super) struct Dot {
    pub(super) shape: Shape,
    pub(super) x: usize,
}

/// A row, ready to be drawn and told.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) name: EntryName,
    /// Whether that is an action's.
    pub(super) is_action: bool,
    pub(super) began: Time,
    /// A word for what it is.
    pub(super) kind: String,
    pub(super) who: Words,
    pub(super) what: Words,
    pub(super) due: Option<Time>,
    /// What became of it, or how long it took.
    pub(super) became: String,
    /// How that is set: good, bad, open or plain.
    pub(super) tone: &'static str,
    pub(super) label: String,
    pub(super) dots: Vec<Dot>,
    /// Offered, not agreed: from where to where.
    pub(super) offered: Option<(usize, usize)>,
    /// Agreed: from where to where.
    pub(super) bound: Option<(usize, usize)>,
}

/// A date on the axis.
#[derive(Debug)]
pub(super) struct Tick {
    pub(super) x: usize,
    pub(super) day: String,
    /// How its text stands to its line.
    pub(super) anchor: &'static str,
}

/// The whole.
#[derive(Debug)]
pub(super) struct Span {
    pub(super) lines: Vec<Line>,
    pub(super) ticks: Vec<Tick>,
    /// Where now is, if it is in it.
    pub(super) now: Option<usize>,
}

impl Span {
    pub(super) fn of(things: Vec<Thing>, now: i64, zone: &str) -> Self {
        let axis = Axis::over(&things, now);
        let lines = things.into_iter().map(|thing| line(&axis, thing, now)).collect();
        Self { lines, ticks: axis.ticks(zone), now: (axis.from..=axis.to).contains(&now).then(|| axis.x(now)) }
    }

    pub(super) fn height(&self) -> usize {
        HEADER + self.lines.len() * ROW + 8
    }

    /// Where the words of a row stand.
    pub(super) fn y(&self, n: &usize) -> usize {
        HEADER + n * ROW + 16
    }

    /// Where its line runs.
    pub(super) fn rail(&self, n: &usize) -> usize {
        HEADER + n * ROW + 36
    }

    pub(super) fn described(&self) -> String {
        self.lines.iter().map(|line| line.label.as_str()).collect::<Vec<_>>().join("; ")
    }
}

/// Time from left to right.
#[derive(Debug)]
struct Axis {
    from: i64,
    to: i64,
}

impl Axis {
    /// Over all that is drawn; what lies absurdly far off stands at the edge.
    fn over(things: &[Thing], now: i64) -> Self {
        let instants: Vec<i64> = things.iter().flat_map(Thing::instants).collect();
        let from = instants.iter().copied().min().unwrap_or(now).clamp(now - 20 * 366 * DAY, now);
        let last = instants.iter().copied().max().unwrap_or(now);
        let to = last.min(now + (now - from).max(120 * DAY)).max(from + DAY);
        Self { from, to }
    }

    fn x(&self, at: i64) -> usize {
        let whole = (WIDTH - 2 * MARGIN) as i64;
        let part =
            i128::from(at.clamp(self.from, self.to) - self.from) * i128::from(whole) / i128::from(self.to - self.from);
        MARGIN + usize::try_from(part).unwrap_or(0)
    }

    fn ticks(&self, zone: &str) -> Vec<Tick> {
        let zone = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
        let tick = |n: i64| {
            let at = self.from + (self.to - self.from) / 3 * n;
            let day = Timestamp::from_millisecond(at).ok()?.to_zoned(zone.clone()).strftime("%-d %b %Y").to_string();
            Some(Tick {
                x: self.x(at),
                day,
                anchor: ["start", "middle", "middle", "end"].get(usize::try_from(n).ok()?)?,
            })
        };
        (0..4).filter_map(tick).collect()
    }
}

fn line(axis: &Axis, thing: Thing, now: i64) -> Line {
    match thing {
        Thing::Contact(contact) => of_contact(axis, *contact),
        Thing::Promise(promise) => of_promise(axis, *promise, now),
    }
}

fn of_contact(axis: &Axis, contact: Contact) -> Line {
    let length = contact.length();
    let kind = format!("{} {}", contact.channel, contact.way);
    let label = format!("{} {kind} {}", contact.entry.shown, contact.with.plain());
    let label = if length.is_empty() { label } else { format!("{label}, {length}") };
    Line {
        dots: vec![Dot { shape: Shape::Fact, x: axis.x(contact.began.at) }],
        name: contact.entry,
        is_action: false,
        began: contact.began,
        kind,
        who: contact.with,
        what: contact.summary,
        due: None,
        became: length,
        tone: "plain",
        label: short(&label),
        offered: None,
        bound: None,
    }
}

fn of_promise(axis: &Axis, promise: Promise, now: i64) -> Line {
    let outcome = promise.outcome;
    let open = outcome.tone() == "open" || outcome.word() == "agreed, not done in time";
    let until = |due: Option<&Time>| {
        let last = due.map_or(promise.from.at, |due| due.at);
        if open { last.max(now) } else { last }
    };
    let end = promise.done.as_ref().map_or_else(|| until(promise.due.as_ref()), |done| done.at);
    let stretch = |from: i64, to: i64| (to > from).then(|| (axis.x(from), axis.x(to)));
    let agreed = promise.agreed.as_ref().map(|agreed| agreed.at);
    let mut dots = vec![Dot { shape: Shape::Offer, x: axis.x(promise.from.at) }];
    let mut dot = |shape, time: Option<&Time>| dots.extend(time.map(|time| Dot { shape, x: axis.x(time.at) }));
    dot(Shape::Assent, promise.agreed.as_ref());
    dot(Shape::Due, promise.due.as_ref());
    dot(Shape::Work, promise.done.as_ref());
    let label = format!("{} {}: {}, {}", promise.name.shown, outcome.word(), promise.what.plain(), promise.by.plain());
    Line {
        offered: stretch(promise.from.at, agreed.unwrap_or(if open { end } else { promise.from.at })),
        bound: agreed.and_then(|agreed| stretch(agreed, end)),
        dots,
        name: promise.name,
        is_action: true,
        began: promise.from,
        kind: "a promise".to_owned(),
        who: promise.by,
        what: promise.what,
        due: promise.due,
        became: outcome.word().to_owned(),
        tone: outcome.tone(),
        label: short(&label),
    }
}

/// What fits above a row, on one line.
fn short(text: &str) -> String {
    let line = counterpart_words::render::in_one_line(text);
    match line.char_indices().nth(LETTERS) {
        Some((at, _)) => format!("{}\u{2026}", line.get(..at).unwrap_or_default()),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_far_off_stands_at_the_edge() {
        let now = 1_780_000_000_000;
        let axis = Axis { from: now - DAY, to: now + DAY };
        assert_eq!(
            [i64::MIN / 2, now - DAY, now, now + DAY, i64::MAX / 2].map(|at| axis.x(at)),
            [14, 14, 360, 706, 706]
        );
        let empty = Axis::over(&[], now);
        assert!(empty.to > empty.from);
        assert_eq!(empty.ticks("Mars/Olympus").len(), 4);
    }
}
