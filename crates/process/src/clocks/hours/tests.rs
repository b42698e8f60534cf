use proptest::prelude::*;

use super::*;

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;

fn at(text: &str) -> i64 {
    text.parse::<Timestamp>().expect("a good time").as_millisecond()
}

fn said(at: i64) -> String {
    Timestamp::from_millisecond(at).expect("a time").to_string()
}

fn hours(zone: &str, lines: &[&str], free: &[&str]) -> Hours {
    let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    Hours::read(zone, &owned(lines), &owned(free)).expect("good hours")
}

fn stops(stretches: &[(&str, &str)]) -> Stops {
    Stops::new(stretches.iter().map(|(from, until)| (at(from), (!until.is_empty()).then(|| at(until)))))
}

const OFFICE: &[&str] = &["mon-fri 09:00-17:00"];

#[test]
fn counted_time_ends_when_the_calendar_says() {
    // Zone, hours, free days, from, so many minutes, pauses, until ("" for none).
    type Row<'a> = (&'a str, &'a [&'a str], &'a [&'a str], &'a str, i64, &'a [(&'a str, &'a str)], &'a str);
    let rows: &[Row<'_>] = &[
        // Within a day, over a night, over a weekend.
        ("UTC", OFFICE, &[], "2026-07-01T09:30:00Z", 60, &[], "2026-07-01T10:30:00Z"),
        ("UTC", OFFICE, &[], "2026-07-01T16:30:00Z", 60, &[], "2026-07-02T09:30:00Z"),
        ("UTC", OFFICE, &[], "2026-07-03T16:30:00Z", 60, &[], "2026-07-06T09:30:00Z"),
        // From a closed hour it counts from the next open one; used up exactly at the close it ends there.
        ("UTC", OFFICE, &[], "2026-07-04T12:00:00Z", 60, &[], "2026-07-06T10:00:00Z"),
        ("UTC", OFFICE, &[], "2026-07-01T09:00:00Z", 480, &[], "2026-07-01T17:00:00Z"),
        ("UTC", OFFICE, &[], "2026-07-01T09:00:00Z", 481, &[], "2026-07-02T09:01:00Z"),
        // Christmas and the day after, 2026: Friday and, in lieu, Monday.
        (
            "Europe/London",
            OFFICE,
            &["2026-12-25 Christmas Day", "2026-12-28 Boxing Day (in lieu)"],
            "2026-12-24T16:00:00Z",
            120,
            &[],
            "2026-12-29T10:00:00Z",
        ),
        // The clocks go forward in the night to Sunday 29 March 2026: local hours stay, the instants move.
        ("Europe/London", OFFICE, &[], "2026-03-27T16:00:00Z", 120, &[], "2026-03-30T09:00:00Z"),
        // Back in the night to Sunday 25 October 2026.
        ("Europe/London", OFFICE, &[], "2026-10-23T15:00:00Z", 120, &[], "2026-10-26T10:00:00Z"),
        // Around the clock the night without an hour has 23, that with one more 25.
        ("Europe/Berlin", &["daily 00:00-24:00"], &[], "2026-03-28T23:00:00Z", 1380, &[], "2026-03-29T22:00:00Z"),
        ("Europe/Berlin", &["daily 00:00-24:00"], &[], "2026-10-24T22:00:00Z", 1500, &[], "2026-10-25T23:00:00Z"),
        // Hours that lie in the gap are put after it, and never counted twice: 02:00-03:00 do not exist that night.
        (
            "Europe/Berlin",
            &["sun 01:00-02:30", "sun 02:30-04:00"],
            &[],
            "2026-03-29T00:00:00Z",
            120,
            &[],
            "2026-03-29T02:00:00Z",
        ),
        // A lunch break, Saturdays; half an hour's zone.
        (
            "Asia/Kolkata",
            &["mon-fri 09:00-12:00", "mon-fri 13:00-18:00", "sat 10:00-12:00"],
            &[],
            "2026-07-03T06:00:00Z",
            30 + 300 + 90,
            &[],
            "2026-07-04T06:00:00Z",
        ),
        // Pauses: in the open, over the weekend only, overlapping, touching, one in another.
        (
            "UTC",
            OFFICE,
            &[],
            "2026-07-01T09:00:00Z",
            120,
            &[("2026-07-01T10:00:00Z", "2026-07-01T12:00:00Z")],
            "2026-07-01T13:00:00Z",
        ),
        (
            "UTC",
            OFFICE,
            &[],
            "2026-07-03T16:00:00Z",
            120,
            &[("2026-07-03T18:00:00Z", "2026-07-05T12:00:00Z")],
            "2026-07-06T10:00:00Z",
        ),
        (
            "UTC",
            OFFICE,
            &[],
            "2026-07-01T09:00:00Z",
            120,
            &[
                ("2026-07-01T12:00:00Z", "2026-07-01T13:00:00Z"),
                ("2026-07-01T10:00:00Z", "2026-07-01T11:30:00Z"),
                ("2026-07-01T11:00:00Z", "2026-07-01T12:00:00Z"),
                ("2026-07-01T10:15:00Z", "2026-07-01T10:20:00Z"),
            ],
            "2026-07-01T14:00:00Z",
        ),
        // One that has not ended: nothing is known but that it ends later; one that begins after the end changes nothing.
        ("UTC", OFFICE, &[], "2026-07-01T09:00:00Z", 120, &[("2026-07-01T10:00:00Z", "")], ""),
        ("UTC", OFFICE, &[], "2026-07-01T09:00:00Z", 60, &[("2026-07-01T10:00:00Z", "")], "2026-07-01T10:00:00Z"),
    ];
    for (zone, lines, free, from, minutes, paused, until) in rows {
        let found = hours(zone, lines, free).after(at(from), minutes * MINUTE, &stops(paused));
        let wanted = if until.is_empty() { None } else { Some((*until).to_owned()) };
        assert_eq!(found.map(said), wanted, "{zone} {lines:?} {free:?} {from} {minutes} {paused:?}");
    }
}

#[test]
fn hours_are_read_or_it_is_said_why_not() {
    let week = |lines: &[&str]| {
        let week = hours("UTC", lines, &[]).week;
        week.iter().map(|day| day.iter().map(|(from, until)| until - from).sum::<u32>()).collect::<Vec<_>>()
    };
    assert_eq!(week(&["mon-fri 09:00-17:30"]), [510, 510, 510, 510, 510, 0, 0]);
    assert_eq!(week(&["Mon,wed 08:00-12:00", "sat-sun 23:00-24:00"]), [240, 0, 240, 0, 0, 60, 60]);
    // What is named twice counts once.
    assert_eq!(week(&["daily 09:00-12:00", "mon 11:00-13:00"]), [240, 180, 180, 180, 180, 180, 180]);
    let wrong =
        |zone: &str, line: &str, day: &str| Hours::read(zone, &[line.to_owned()], &[day.to_owned()]).expect_err(line);
    for line in [
        "",
        "mon",
        "09:00-17:00",
        "mon-fri",
        "fri-mon 09:00-17:00",
        "mon 09:00-09:00",
        "mon 9:00-17:00",
        "mon 09:00-24:01",
        "mon 24:00-24:00",
        "day 09:00-17:00",
        "mon 09:60-17:00",
        "mon +9:00-17:00",
        "mon 09.00-17.00",
        "mon- 09:00-17:00",
        "mon 09:00-17:00-18:00",
    ] {
        assert_eq!(wrong("UTC", line, "2026-12-25"), HoursError::Line(line.to_owned()), "{line}");
    }
    // Of a night it is said how it is written, and what is said reads.
    for (line, instead) in [
        ("mon-fri 17:00-09:00", &["mon,tue,wed,thu,fri 17:00-24:00", "tue,wed,thu,fri,sat 00:00-09:00"][..]),
        ("sun 22:00-06:00", &["sun 22:00-24:00", "mon 00:00-06:00"]),
        ("daily 22:30-06:00", &["daily 22:30-24:00", "daily 00:00-06:00"]),
        ("sat 17:00-00:00", &["sat 17:00-24:00"]),
    ] {
        let said = wrong("UTC", line, "2026-12-25").to_string();
        let lines: Vec<String> = instead.iter().map(|line| (*line).to_owned()).collect();
        for line in &lines {
            assert!(said.contains(&format!("\"{line}\"")), "{said}");
        }
        assert!(Hours::read("UTC", &lines, &[]).is_ok(), "{said}");
    }
    assert!(matches!(wrong("Mars/Olympus", "mon 09:00-17:00", "2026-12-25"), HoursError::Zone(_)));
    for day in ["", "25.12.2026 no", "2026-02-30", "Christmas"] {
        assert!(matches!(wrong("UTC", "mon 09:00-17:00", day), HoursError::Day(_)), "{day}");
    }
    assert!(matches!(Hours::read("UTC", &[], &[]), Err(HoursError::None)));
}

#[test]
fn what_no_calendar_holds_is_nothing() {
    let office = hours("UTC", OFFICE, &[]);
    for from in [i64::MIN, i64::MAX, at("9999-12-30T00:00:00Z"), -400_000_000_000_000_000] {
        assert_eq!(office.after(from, HOUR * 400, &Stops::default()), None, "{from}");
        assert!(office.between(from, i64::MAX, &Stops::default()) >= 0);
    }
    // Ten years off is no clock.
    assert_eq!(office.after(at("2026-07-01T09:00:00Z"), HOUR * 100_000, &Stops::default()), None);
}

/// The same by going through the minutes one by one.
fn by_minutes(hours: &Hours, from: i64, until: i64, paused: &[(i64, Option<i64>)]) -> i64 {
    let counts = |at: i64| {
        let local = Timestamp::from_millisecond(at).expect("a time").to_zoned(hours.tz.clone());
        let minute = u32::try_from(local.hour()).expect("good") * 60 + u32::try_from(local.minute()).expect("good");
        let open = hours.week[weekday(local.date())].iter().any(|(from, until)| (*from..*until).contains(&minute));
        let stopped = paused.iter().any(|(from, until)| *from <= at && until.is_none_or(|until| at < until));
        open && !hours.free.contains_key(&local.date()) && !stopped
    };
    let minutes = (from..until).step_by(usize::try_from(MINUTE).expect("good")).filter(|at| counts(*at)).count();
    i64::try_from(minutes).expect("few") * MINUTE
}

prop_compose! {
    /// Minutes from 20 March 2026: over the change of the clock on the 29th.
    fn some_pauses()(pauses in prop::collection::vec((0_i64..20_000, prop::option::weighted(0.9, 0_i64..4_000)), 0..6))
        -> Vec<(i64, Option<i64>)>
    {
        let base = at("2026-03-20T00:00:00Z");
        pauses.into_iter().map(|(from, long)| {
            let from = base + from * MINUTE;
            (from, long.map(|long| from + long * MINUTE))
        }).collect()
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn what_is_reckoned_is_what_minutes_say(
        start in 0_i64..15_000,
        long in 0_i64..12_000,
        which in 0_usize..3,
        paused in some_pauses(),
    ) {
        let office = match which {
            0 => hours("Europe/Berlin", OFFICE, &["2026-04-03 Good Friday", "2026-04-06 Easter Monday"]),
            1 => hours("Europe/Berlin", &["daily 00:00-24:00"], &[]),
            _ => hours("America/New_York", &["mon-sat 08:00-12:00", "mon-sat 13:00-23:30"], &["2026-04-03"]),
        };
        let from = at("2026-03-20T00:00:00Z") + start * MINUTE;
        let until = from + long * MINUTE;
        let still = Stops::new(paused.clone());
        prop_assert_eq!(office.between(from, until, &still), by_minutes(&office, from, until, &paused));
    }

    #[test]
    fn a_pause_never_shortens_and_nothing_is_below_none(
        start in 0_i64..15_000,
        minutes in 1_i64..5_000,
        paused in some_pauses(),
        more in some_pauses(),
    ) {
        let office = hours("Europe/London", OFFICE, &["2026-04-03 Good Friday"]);
        let from = at("2026-03-20T00:00:00Z") + start * MINUTE;
        let few = Stops::new(paused.clone());
        let many = Stops::new(paused.into_iter().chain(more));
        let (early, late) = (office.after(from, minutes * MINUTE, &few), office.after(from, minutes * MINUTE, &many));
        // None is later than any.
        match (early, late) {
            (Some(early), Some(late)) => prop_assert!(early <= late),
            (None, late) => prop_assert_eq!(late, None),
            _ => {}
        }
        for (until, still) in [(early, &few), (late, &many)] {
            let Some(until) = until else { continue };
            prop_assert!(until > from);
            prop_assert_eq!(office.between(from, until, still), minutes * MINUTE, "as much as was given");
            prop_assert!(office.between(from, until - 1, still) < minutes * MINUTE, "and no earlier");
            prop_assert_eq!(office.between(until, from, still), 0);
        }
    }
}
