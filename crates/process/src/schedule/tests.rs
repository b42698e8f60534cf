//! The schedule against a simulated clock.

use proptest::prelude::*;

use super::*;
use crate::holidays::Region;

fn at(text: &str) -> Timestamp {
    text.parse::<Zoned>().unwrap_or_else(|e| unreachable!("{text}: {e}")).timestamp()
}

fn calendar(zone: &str, region: Option<&str>, quiet: Quiet) -> Calendar {
    let region = region.map(|r| Region::parse(r).expect("known"));
    Calendar { zone: TimeZone::get(zone).expect("a zone"), holidays: Holidays::new(region, &[]), quiet }
}

fn usual(zone: &str) -> Calendar {
    let region = Region::of_zone(zone);
    Calendar { zone: TimeZone::get(zone).expect("a zone"), holidays: Holidays::new(region, &[]), quiet: Quiet::USUAL }
}

fn shown(slot: &Slot, calendar: &Calendar) -> String {
    let local = calendar.local(slot.goes).strftime("%a %F %H:%M").to_string();
    let why: Vec<String> = slot
        .moved
        .iter()
        .map(|moved| match moved {
            Moved::Quiet(_) => "quiet".to_owned(),
            Moved::Sunday => "Sunday".to_owned(),
            Moved::Holiday(name) => name.clone(),
        })
        .collect();
    if why.is_empty() { local } else { format!("{local} ({})", why.join(", ")) }
}

/// Zone, due, and when the first occasions of the usual rule go out.
const USUAL: &[(&str, &str, &[&str])] = &[
    // Scenario 2: a Wednesday, nothing in the way.
    (
        "Europe/London",
        "2026-03-04T17:00",
        &["Wed 2026-03-04 17:00", "Thu 2026-03-05 17:00", "Sat 2026-03-07 17:00", "Sat 2026-03-14 17:00"],
    ),
    // Due late in the evening; a day and three days later are late, too.
    (
        "Europe/London",
        "2026-03-04T21:30",
        &[
            "Thu 2026-03-05 08:00 (quiet)",
            "Fri 2026-03-06 08:00 (quiet)",
            "Mon 2026-03-09 08:00 (quiet, Sunday)",
            "Mon 2026-03-16 08:00 (quiet, Sunday)",
        ],
    ),
    // Easter: Maundy Thursday evening, then four days on which nobody is written to but the Saturday.
    (
        "Europe/London",
        "2026-04-02T18:00",
        &[
            "Thu 2026-04-02 18:00",
            "Sat 2026-04-04 08:00 (Good Friday)",
            "Tue 2026-04-07 08:00 (Sunday, Easter Monday)",
            "Mon 2026-04-13 08:00 (Sunday)",
        ],
    ),
    // Christmas on a Friday: Boxing Day on the Saturday, its substitute on the Monday.
    (
        "Europe/London",
        "2026-12-25T09:00",
        &["Tue 2026-12-29 08:00 (Christmas Day, Boxing Day, Sunday, Boxing Day (observed))"],
    ),
    (
        "America/New_York",
        "2026-11-25T19:59",
        &["Wed 2026-11-25 19:59", "Fri 2026-11-27 08:00 (Thanksgiving Day)", "Sat 2026-11-28 19:59"],
    ),
    ("America/New_York", "2026-11-25T20:00", &["Fri 2026-11-27 08:00 (quiet, Thanksgiving Day)"]),
    ("Europe/Berlin", "2027-05-06T08:00", &["Fri 2027-05-07 08:00 (Ascension Day)"]),
    ("Europe/Paris", "2026-07-14T07:59", &["Wed 2026-07-15 08:00 (National Day)"]),
    // A country that nothing is known of: only Sundays and the night.
    ("Asia/Tokyo", "2026-05-03T10:00", &["Mon 2026-05-04 08:00 (Sunday)", "Mon 2026-05-04 10:00"]),
];

#[test]
fn the_usual_rule_keeps_off_nights_sundays_and_holidays() {
    let rule = Rule::usual();
    for (zone, due, expected) in USUAL {
        let calendar = usual(zone);
        let base = at(&format!("{due}[{zone}]"));
        let series = Series { calendar: &calendar, rule: &rule, base };
        for (number, wanted) in (0..).zip(*expected) {
            let slot = series.slot(number).expect("an occasion");
            assert_eq!(shown(&slot, &calendar), *wanted, "{zone} {due} #{number}");
        }
    }
}

#[test]
fn days_keep_the_local_time_over_a_change_of_the_clock() {
    let calendar = calendar("Europe/London", None, Quiet::NONE);
    // The clocks go forward on 29 March 2026 at 01:00, back on 25 October at 02:00.
    for (from, span, to) in [
        ("2026-03-28T17:00[Europe/London]", Span::days(1), "2026-03-29T17:00+01:00[Europe/London]"),
        ("2026-03-28T17:00[Europe/London]", Span::hours(24), "2026-03-29T18:00+01:00[Europe/London]"),
        ("2026-03-28T01:30[Europe/London]", Span::days(1), "2026-03-29T02:30+01:00[Europe/London]"),
        ("2026-10-24T17:00[Europe/London]", Span::days(1), "2026-10-25T17:00+00:00[Europe/London]"),
        ("2026-10-24T17:00[Europe/London]", Span::hours(24), "2026-10-25T16:00+00:00[Europe/London]"),
        ("2026-10-24T01:30[Europe/London]", Span::days(1), "2026-10-25T01:30+01:00[Europe/London]"),
        ("2026-03-27T12:00[Europe/London]", Span::new(1, Unit::WorkingDays), "2026-03-30T12:00+01:00[Europe/London]"),
    ] {
        assert_eq!(calendar.after(at(from), span), Some(at(to)), "{from} {span}");
    }
}

#[test]
fn a_quiet_hour_that_comes_twice_ends_once() {
    // Quiet until half past one; on 25 October 2026 half past one comes twice.
    let quiet = Quiet::parse("20:00-01:30").expect("hours");
    let calendar = calendar("Europe/London", None, quiet);
    for (wanted, goes) in [
        ("2026-10-25T01:10+01:00[Europe/London]", "2026-10-25T01:30+01:00[Europe/London]"),
        ("2026-10-25T01:45+01:00[Europe/London]", "2026-10-25T01:45+01:00[Europe/London]"),
        ("2026-10-25T01:10+00:00[Europe/London]", "2026-10-25T01:30+00:00[Europe/London]"),
    ] {
        let (found, _) = calendar.allowed(at(wanted), Whom::Me).expect("a time");
        assert_eq!(found, at(goes), "{wanted}");
    }
    // And one that never comes: the clocks jump from one to two on 29 March.
    let (found, _) = calendar.allowed(at("2026-03-29T00:30+00:00[Europe/London]"), Whom::Me).expect("a time");
    assert_eq!(found, at("2026-03-29T02:30+01:00[Europe/London]"));
}

#[test]
fn working_days_leave_out_holidays() {
    for (zone, region, from, count, to) in [
        ("Europe/London", "GB-ENG", "2026-04-02", 1, "2026-04-07"),
        ("Europe/London", "GB-SCT", "2026-04-02", 1, "2026-04-06"),
        ("Europe/London", "GB-ENG", "2026-12-24", 2, "2026-12-30"),
        ("Europe/Berlin", "DE-BY", "2026-01-05", 1, "2026-01-07"),
        ("Europe/Berlin", "DE-BE", "2026-01-05", 1, "2026-01-06"),
        ("America/New_York", "US", "2026-07-02", 1, "2026-07-06"),
        // Past the data only the weekend counts.
        ("America/New_York", "US", "2036-07-03", 1, "2036-07-04"),
    ] {
        let calendar = calendar(zone, Some(region), Quiet::NONE);
        let found = calendar.after(at(&format!("{from}T12:00[{zone}]")), Span::new(count, Unit::WorkingDays));
        assert_eq!(found, Some(at(&format!("{to}T12:00[{zone}]"))), "{region} {from}");
    }
}

#[test]
fn oneself_is_told_on_sundays_but_not_at_night() {
    let calendar = usual("Europe/London");
    let sunday = at("2026-03-08T12:00[Europe/London]");
    assert!(calendar.allows(sunday, Whom::Me) && !calendar.allows(sunday, Whom::Them));
    assert!(!calendar.allows(at("2026-03-08T23:00[Europe/London]"), Whom::Me));
}

#[test]
fn a_laptop_that_slept_ten_days_sends_one() {
    let (calendar, rule) = (usual("Europe/London"), Rule::usual());
    let series = Series { calendar: &calendar, rule: &rule, base: at("2026-03-04T17:00[Europe/London]") };
    // It slept from before the first until after the fourth, and woke in the night.
    let night = at("2026-03-15T02:00[Europe/London]");
    assert_eq!(series.due(None, night), None, "nobody is written to on a Sunday night");
    let next = series.next(None, night).expect("something waits");
    assert_eq!((next.number, shown(&next, &calendar)), (3, "Mon 2026-03-16 08:00 (Sunday)".to_owned()));
    let monday = at("2026-03-16T08:00[Europe/London]");
    let sent = series.due(None, monday).expect("one");
    assert_eq!(sent.number, 3);
    assert_eq!(series.due(Some(3), monday), None);
    let next = series.next(Some(3), monday).expect("the next week");
    assert_eq!((next.number, shown(&next, &calendar)), (4, "Sat 2026-03-21 17:00".to_owned()));
}

#[test]
fn a_rule_that_ends_ends() {
    let calendar = usual("Europe/London");
    let once = Rule { after: vec![Span::days(3)], then: None, ..Rule::usual() };
    let base = at("2026-03-04T17:00[Europe/London]");
    let series = Series { calendar: &calendar, rule: &once, base };
    assert_eq!(series.slot(1), None);
    let late = at("2027-03-04T17:00[Europe/London]");
    assert_eq!(series.due(None, late).expect("the one").number, 0);
    assert_eq!(series.next(Some(0), late), None);
    // What was due long ago is not brought up for ever.
    let usual = Rule::usual();
    let series = Series { calendar: &calendar, rule: &usual, base: at("1990-03-04T17:00[Europe/London]") };
    let last = series.latest(base).expect("the last");
    assert_eq!(series.next(Some(last.number), base), None);
}

#[test]
fn a_list_without_an_end_is_no_endless_search() {
    let own: Vec<(Date, String)> =
        Date::constant(2026, 1, 1).series(Length::new().days(1)).take(2000).map(|d| (d, "x".to_owned())).collect();
    let calendar = Calendar { holidays: Holidays::new(None, &own), ..usual("Europe/London") };
    assert_eq!(calendar.allowed(at("2026-03-04T17:00[Europe/London]"), Whom::Them), None);
    // Hostile times.
    for far in [Timestamp::MAX, Timestamp::MIN] {
        let rule = Rule { then: Some(Span::new(10_000, Unit::WorkingDays)), ..Rule::usual() };
        let calendar = usual("Europe/London");
        let series = Series { calendar: &calendar, rule: &rule, base: far };
        drop((series.latest(Timestamp::UNIX_EPOCH), series.next(None, Timestamp::UNIX_EPOCH)));
    }
}

#[test]
fn quiet_hours_are_read() {
    assert_eq!(Quiet::parse("20:00-08:00"), Ok(Quiet::USUAL));
    assert_eq!(Quiet::parse(" none"), Ok(Quiet::NONE));
    assert_eq!(Quiet::parse("13:00 - 14:30").map(|q| q.to_string()), Ok("13:00-14:30".to_owned()));
    for text in ["", "20:00", "20:00-20:00", "25:00-08:00", "8-20", "20:00-08:00-09:00"] {
        assert!(Quiet::parse(text).is_err(), "{text}");
    }
}

const ZONES: &[&str] =
    &["Europe/London", "America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC"];

fn spans() -> impl Strategy<Value = Span> {
    let unit = prop_oneof![Just(Unit::Hours), Just(Unit::Days), Just(Unit::WorkingDays)];
    (1_u32..40, unit).prop_map(|(count, unit)| Span::new(count, unit))
}

fn rules() -> impl Strategy<Value = Rule> {
    let to = prop_oneof![Just(Whom::Them), Just(Whom::Me)];
    (proptest::collection::vec(spans(), 0..3), proptest::option::of(spans()), to).prop_map(|(mut after, then, to)| {
        after.insert(0, Span::NONE);
        Rule { after, then, to, ..Rule::usual() }
    })
}

fn cases() -> u32 {
    if std::env::var_os("COUNTERPART_LONG").is_some() { 5_000 } else { 300 }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    /// Whenever a machine wakes: each occasion goes out at most once, at a time at which somebody may be told; and at the
    /// first such time nothing that has come is left.
    #[test]
    fn whatever_wakes_send_each_once_and_lose_none(
        zone in 0..ZONES.len(),
        rule in rules(),
        base in 1_767_225_600_i64..1_830_000_000,
        quiet in prop_oneof![Just(Quiet::USUAL), Just(Quiet::NONE), Just(Quiet { from: Time::constant(1, 0, 0, 0), until: Time::constant(2, 30, 0, 0) })],
        naps in proptest::collection::vec(0_i64..(20 * 86_400), 1..25),
        obedient in proptest::bool::ANY,
    ) {
        let calendar = Calendar { quiet, ..usual(ZONES[zone]) };
        let base = Timestamp::from_second(base).expect("a time");
        let series = Series { calendar: &calendar, rule: &rule, base };
        let mut handled: Option<u32> = None;
        let mut sent: Vec<u32> = Vec::new();
        let mut now = base;
        for nap in naps {
            // Either it sleeps as long as it likes, or it wakes when it was told to.
            now = match series.next(handled, now).filter(|_| obedient) {
                Some(next) => { prop_assert!(next.goes >= now); next.goes }
                None => now.checked_add(Length::new().seconds(nap)).expect("a time"),
            };
            let come = series.latest(now).filter(|slot| handled.is_none_or(|h| slot.number > h));
            match series.due(handled, now) {
                Some(slot) => {
                    prop_assert!(calendar.allows(now, rule.to));
                    prop_assert!(!sent.contains(&slot.number) && sent.last().is_none_or(|last| *last < slot.number));
                    // Nothing later has come: what is sent stands for all before it.
                    prop_assert!(series.slot(slot.number + 1).is_none_or(|later| later.goes > now));
                    sent.push(slot.number);
                    handled = Some(slot.number);
                }
                None => {
                    prop_assert!(come.is_none() || !calendar.allows(now, rule.to), "lost: {come:?}");
                    if obedient {
                        prop_assert!(series.next(handled, now).is_none(), "woken for nothing");
                        break;
                    }
                }
            }
        }
        // Told to wake at the right times, it sends them all, one by one, but those that fell on one moment.
        if obedient {
            for pair in sent.windows(2) {
                for between in pair[0] + 1..pair[1] {
                    let (skipped, next) = (series.slot(between).expect("there"), series.slot(pair[1]).expect("there"));
                    prop_assert_eq!(skipped.goes, next.goes);
                }
            }
        }
    }

    /// A later occasion never goes out before an earlier one.
    #[test]
    fn occasions_keep_their_order(zone in 0..ZONES.len(), rule in rules(), base in 1_767_225_600_i64..1_830_000_000) {
        let calendar = usual(ZONES[zone]);
        let series = Series { calendar: &calendar, rule: &rule, base: Timestamp::from_second(base).expect("a time") };
        let slots: Vec<Slot> = (0..30).map_while(|number| series.slot(number)).collect();
        for pair in slots.windows(2) {
            prop_assert!(pair[0].goes <= pair[1].goes && pair[0].wanted <= pair[1].wanted);
        }
        for slot in &slots {
            prop_assert!(slot.goes >= slot.wanted && calendar.allows(slot.goes, rule.to));
            prop_assert_eq!(slot.moved.is_empty(), slot.goes == slot.wanted);
        }
    }
}
