//! The desk with many cases: the list of what is to be done, searching, who of us has a case, asides.

use std::{fs, path::Path};

use counterpart_core::{
    act::{Act, ActionTerms, Contact, Proposal, Role, SeatOffer},
    id::CaseId,
    seal::PathStep,
    value::{Due, ItemValue, Sealable, Seat},
};
use counterpart_node::{Cursor, Desk, DeskError, DueThing, DueWhat, Lost, Page, Queue, QueueRow, Restoring};
use counterpart_store::ExternalId;
use counterpart_testkit::case::{new_action, terms};

const NOW: i64 = 1_782_000_000_000;
const DAY: i64 = 86_400_000;

struct Home {
    folder: tempfile::TempDir,
    desk: Desk,
}

impl Home {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let home = folder.path().join("home");
        Desk::init(&home).expect("a new identity");
        let desk = Desk::open(&home).expect("an opened home");
        Self { folder, desk }
    }

    /// A case of a supplier with somebody.
    fn case(&self, title: &str) -> CaseId {
        let offer = |role, label: &str| SeatOffer { role, label: text(label) };
        let others = vec![offer(Role::Customer, "Maya Lindström")];
        let open = self.desk.open_act(title, offer(Role::Supplier, "Acme Ltd"), others, "Europe/London", None);
        self.desk.new_case(&open, NOW).expect("a new case")
    }

    fn act(&self, case: &CaseId, act: &Act) -> counterpart_core::record::Signed {
        self.desk.sign(case, act, NOW + 1).expect("signed").1
    }

    fn note(&self, case: &CaseId, words: &str) {
        self.act(case, &Act::Note { text: text(words), about: None });
    }

    fn found(&self, words: &str) -> Vec<CaseId> {
        cases(&self.desk.search(words, None, 100).expect("searched"))
    }

    fn list(&self, queue: &Queue, now: i64) -> Vec<CaseId> {
        cases(&self.desk.queue_at(queue, None, 100, now).expect("listed"))
    }
}

fn cases(page: &Page<QueueRow>) -> Vec<CaseId> {
    page.rows.iter().map(|row| row.case).collect()
}

fn text(text: &str) -> Sealable {
    Sealable::Open(text.to_owned())
}

fn contact(person: &str, number: &str, summary: &str) -> Act {
    Act::Contact(Contact {
        channel: "telephone".to_owned(),
        direction: "in".to_owned(),
        started: NOW,
        seconds: None,
        waited: None,
        seat: Some(Seat::Number(1)),
        person: Some(text(person)),
        number: Some(text(number)),
        reference: Some(text("NL-2041")),
        summary: text(summary),
        menu: Vec::new(),
    })
}

/// What seat 0 is to do for seat 1 by a day.
fn due(what: &str, at: i64) -> Act {
    let due = Due::At { instant: at, local: "2026-07-03T17:00".to_owned(), zone: "Europe/London".to_owned() };
    Act::Propose(new_action(ActionTerms { due: Some(due), ..terms(what, &[0], &[1]) }))
}

/// Whether any file below a folder holds these bytes, in whatever case.
fn holds(folder: &Path, needle: &str) -> bool {
    fs::read_dir(folder).expect("a folder").any(|entry| {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            return holds(&path, needle);
        }
        fs::read(&path)
            .is_ok_and(|bytes| bytes.windows(needle.len()).any(|part| part.eq_ignore_ascii_case(needle.as_bytes())))
    })
}

#[test]
fn words_are_found_wherever_they_stand_and_however_they_are_written() {
    let home = Home::new();
    let (leak, line) = (home.case("A kitchen that leaks"), home.case("Breitband in der Müllerstraße"));
    home.note(&leak, "The Ölfilter was changed; naïve façade; Москва Ёлка; 東京都の水道; pay\u{200D}pal");
    home.act(&leak, &contact("Priya Shah", "+44 20 7946 0018", "She rings back"));
    home.act(&line, &due("Send an engineer to Łódź", NOW + DAY));
    let meter = ItemValue::Integer(471_199);
    home.act(&line, &Act::Item { key: "meter reading".to_owned(), value: meter, label: None, note: None });
    for (words, expected) in [
        ("KITCHEN", vec![leak]),
        ("kitch", vec![leak]),
        ("leaks kitchen", vec![leak]),
        ("kitchen engineer", vec![]),
        ("mullerstrasse", vec![line]),
        ("MÜLLERSTRASSE", vec![line]),
        ("olfil", vec![leak]),
        ("naive facade", vec![leak]),
        ("МОСКВА елка", vec![leak]),
        ("水道", vec![leak]),
        ("paypal", vec![leak]),
        ("priya", vec![leak]),
        ("7946", vec![leak]),
        ("nl-2041", vec![leak]),
        ("471199", vec![line]),
        ("meter", vec![line]),
        ("lindstrom", vec![leak, line]),
        ("itchen", vec![]),
        ("telephone", vec![]),
        ("Europe/London", vec![]),
        ("%", vec![]),
        ("' OR 1=1 --", vec![]),
        ("kitchen*", vec![leak]),
        ("\u{202E}\u{0}", vec![]),
        ("", vec![]),
    ] {
        let (mut found, mut expected) = (home.found(words), expected);
        found.sort();
        expected.sort();
        assert_eq!(found, expected, "{words:?}");
    }
}

#[test]
fn huge_and_hostile_texts_are_taken_in_bounds() {
    let home = Home::new();
    let case = home.case("Texts");
    // As many words as one text of a statement can have, then one word as long as it.
    let many: String = (0..2_500).map(|n| format!("w{n:04} ")).collect();
    home.note(&case, &many);
    home.note(&case, &"x".repeat(15_000));
    home.note(&case, "\u{200E}left\u{200F} \u{5D0}\u{5B8}\u{5D1} right\u{200C}ward a\u{301}\u{301}\u{301}pples");
    assert_eq!(home.found("w0000"), [case]);
    assert_eq!(home.found(&"x".repeat(32)), [case]);
    assert_eq!(home.found(&"x".repeat(100_000)), [case], "what is too long is found by its beginning");
    assert_eq!(home.found("left אב rightward apples"), [case]);
    let indexed = home.desk.with_store(|store| store.indexed(case)).expect("read").expect("there");
    assert!(indexed.words < 1_100, "of one text the first thousand words: {indexed:?}");
    // Nor do many such texts of ours keep what we write later from being found.
    for round in 0..25 {
        let words: String = (0..1_000).map(|n| format!("r{round}n{n} ")).collect();
        home.note(&case, &words);
    }
    let indexed = home.desk.with_store(|store| store.indexed(case)).expect("read").expect("there");
    assert!(indexed.entries == 29 && indexed.words > 25_000, "what we write ourselves always goes in: {indexed:?}");
    home.note(&case, "kitchen");
    assert_eq!(home.found("kitchen"), [case]);
    assert_eq!(home.found("texts"), [case]);
}

#[test]
fn what_was_erased_is_not_found_and_leaves_no_trace() {
    let home = Home::new();
    let case = home.case("A kitchen that leaks");
    let signed = home.act(&case, &contact("Zebulon Quixnard", "+44 20 7946 0018", "He rings back"));
    let later = home.act(&case, &contact("Priya Shah", "0800 1", "She rings back"));
    assert_eq!(home.found("quix"), [case]);
    assert!(holds(home.folder.path(), "quixnard"));
    let path = vec![PathStep::Key("person".to_owned())];
    home.act(&case, &Act::Erased { entry: signed.id, path, reason: None });
    assert_eq!(home.found("quixnard"), Vec::<CaseId>::new());
    assert_eq!(home.found("zebulon"), Vec::<CaseId>::new());
    assert_eq!(home.found("7946"), [case], "the number was not erased");
    assert_eq!(home.found("priya"), [case]);
    assert!(home.desk.do_chores().expect("done"), "nothing is left to be done");
    assert!(!holds(home.folder.path(), "quixnard"), "in no file");
    let path = vec![PathStep::Key("person".to_owned())];
    home.act(&case, &Act::Erased { entry: later.id, path, reason: None });
    assert_eq!(home.found("priya"), Vec::<CaseId>::new());
}

#[test]
fn the_list_says_what_waits_for_whom() {
    let home = Home::new();
    let (quiet, soon, late, done) = (home.case("Quiet"), home.case("Soon"), home.case("Late"), home.case("Done"));
    home.act(&soon, &due("Send the bill", NOW + 5 * DAY));
    let alleged = |case: &CaseId, at: i64| {
        // What the other side said it would do is tracked at once.
        let said = home.act(case, &contact("Maya", "1", "She said so"));
        let Act::Propose(proposal) = due("Ring back", at) else { unreachable!("a proposal") };
        home.act(case, &Act::Propose(Proposal { alleged: Some(said.id), ..proposal }));
    };
    alleged(&late, NOW + DAY);
    let rows = home.desk.queue_at(&Queue::default(), None, 100, NOW).expect("listed").rows;
    assert_eq!(rows.len(), 4);
    for row in &rows {
        let summary = home.desk.with_store(|store| store.summary(row.case)).expect("read").expect("there");
        assert_eq!(
            (&row.title, &row.whose_move, row.next_due),
            (&summary.title, &summary.whose_move, summary.next_due)
        );
        assert_eq!(row.waiting_for_us, summary.whose_move.starts_with("yours"), "{row:?}");
    }
    let overdue = Queue { overdue: Some(true), ..Queue::default() };
    let due_rows: Vec<CaseId> = rows.iter().filter(|row| row.next_due.is_some()).map(|row| row.case).collect();
    assert_eq!(home.list(&overdue, NOW), Vec::<CaseId>::new());
    let (mut found, mut expected) = (home.list(&overdue, NOW + 30 * DAY), due_rows);
    found.sort();
    expected.sort();
    assert_eq!(found, expected);
    // Within a part what is due comes before what is not.
    let others: Vec<&QueueRow> = rows.iter().filter(|row| !row.waiting_for_us).collect();
    let first_without = others.iter().position(|row| row.next_due.is_none()).unwrap_or(others.len());
    assert!(others.iter().skip(first_without).all(|row| row.next_due.is_none()), "{others:#?}");
    assert!(rows.iter().any(|row| row.case == quiet) && rows.iter().any(|row| row.case == done));
}

#[test]
fn pages_go_on_where_they_ended_while_cases_change() {
    let home = Home::new();
    let all: Vec<CaseId> = (0..23).map(|n| home.case(&format!("Case {n}"))).collect();
    let (mut seen, mut after): (Vec<CaseId>, Option<Cursor>) = (Vec::new(), None);
    loop {
        let page = home.desk.queue_at(&Queue::default(), after, 5, NOW).expect("listed");
        assert!(page.rows.len() <= 5);
        seen.extend(cases(&page));
        // A case that is there already moves up or down, and a new one comes.
        home.act(&all[0], &due("Send the bill", NOW + DAY));
        if seen.len() < 40 {
            home.case("New");
        }
        match page.next {
            // As a program would hand it back.
            Some(next) => after = Some(next.to_string().parse().expect("the place it gave")),
            None => break,
        }
    }
    for case in &all[1..] {
        assert_eq!(seen.iter().filter(|one| *one == case).count(), 1, "{case:?}");
    }
}

#[test]
fn a_row_says_what_it_is_that_is_due() {
    let home = Home::new();
    let case = home.case("Two things to do");
    let row = || home.desk.queue_at(&Queue::default(), None, 10, NOW).expect("listed").rows.remove(0);
    assert_eq!((row().due, row().due_is_the_move), (Vec::new(), false));
    // They are to do it, as was said; it waits for them to join.
    let said = |what: &str| {
        let contact = home.act(&case, &contact("Maya", "1", "She said so"));
        let due =
            Due::At { instant: NOW + DAY, local: "2026-07-03T17:00".to_owned(), zone: "Europe/London".to_owned() };
        let promised = new_action(ActionTerms { due: Some(due), ..terms(what, &[1], &[0]) });
        let signed = home.act(&case, &Act::Propose(Proposal { alleged: Some(contact.id), ..promised }));
        let record = home.desk.record(&case).expect("the case");
        record.names().of(&signed.id).trim_start_matches('#').to_owned()
    };
    let first = said("Send the bill");
    let told = row();
    let thing =
        |about: &str| DueThing { what: DueWhat::Action, about: about.to_owned(), clock: None, ours: false, said: true };
    assert_eq!((told.next_due, told.due), (Some(NOW + DAY), vec![thing(&first)]));
    assert!(!told.due_is_the_move, "{}", told.whose_move);
    // Of two that are due at one time both are named.
    let second = said("Send the forms");
    let mut both = row().due;
    both.sort_by(|one, other| one.about.cmp(&other.about));
    assert_eq!(both, [thing(&first), thing(&second)]);
    // What is to be done by one agreement, and is waited for, is no other matter than the move.
    let waits = |about: &str| format!(r#"[{{"who":"x","expected":"perform","about":"{about}","since":1}}]"#);
    for (about, same) in [(first.as_str(), true), ("99", false)] {
        let dues = format!(r#"[{{"who":"x","action":"x","about":"{first}","at":{}}}]"#, NOW + DAY);
        let agenda = format!(r#"{{"waits":{},"dues":{dues}}}"#, waits(about));
        let entries = row().entries;
        home.desk.with_store(|store| store.write(|txn| txn.put_agenda(case, entries, &agenda))).expect("written");
        assert_eq!((row().due.len(), row().due_is_the_move), (1, same), "{about}");
    }
    // An agenda that lags behind the case says nothing of now.
    home.desk.with_store(|store| store.write(|txn| txn.put_agenda(case, 1, "{}"))).expect("written");
    assert_eq!(row().due, Vec::new());
}

#[test]
fn who_of_us_has_a_case_is_found_however_it_is_written() {
    let home = Home::new();
    let (one, two) = (home.case("One"), home.case("Two"));
    home.desk.assign(&one, Some("  Änne Müller "), NOW).expect("assigned");
    home.desk.keep_template(&two, "broadband-price").expect("kept");
    let of = |name: &str| home.list(&Queue { agent: Some(name.to_owned()), ..Queue::default() }, NOW);
    assert_eq!(of("anne muller"), [one]);
    assert_eq!(of("ÄNNE MÜLLER"), [one]);
    assert_eq!(of("anne"), Vec::<CaseId>::new(), "a name is whole");
    // What happens in the case later leaves it with them.
    home.note(&one, "still with her");
    let row =
        home.desk.queue(&Queue { assigned: Some(true), ..Queue::default() }, None, 10).expect("listed").rows.remove(0);
    assert_eq!((row.case, row.agent.as_deref(), row.assigned_at), (one, Some("Änne Müller"), Some(NOW)));
    assert_eq!(home.list(&Queue { assigned: Some(false), ..Queue::default() }, NOW), [two]);
    let template = Queue { template: Some("broadband-price".to_owned()), ..Queue::default() };
    assert_eq!(home.list(&template, NOW), [two]);
    let loads = || -> Vec<_> {
        let loads = home.desk.loads().expect("counted").into_iter();
        loads.map(|load| (load.agent, load.name, load.cases)).collect()
    };
    let held = |name: &str, cases| [("anne muller".to_owned(), name.to_owned(), cases)];
    assert_eq!(loads(), held("Änne Müller", 1));
    home.desk.assign(&two, Some("Anne Müller"), NOW + 1).expect("assigned");
    assert_eq!(loads(), held("Anne Müller", 2), "as it was written last");
    home.desk.assign(&one, None, NOW).expect("taken from her");
    assert_eq!(home.desk.assigned(&one), Ok(None));
    for name in ["", "  ", "two\nlines", "\u{202E}evil", "\u{200D}\u{200E}", &"x".repeat(101)] {
        let Err(DeskError::Text(why)) = home.desk.assign(&one, Some(name), NOW) else { unreachable!("{name:?}") };
        assert!(!why.contains("signed"), "nobody signs it: {why}");
    }
    assert!(matches!(home.desk.assign(&CaseId([9; 32]), Some("Bo"), NOW), Err(DeskError::UnknownCase(_))));
}

#[test]
fn asides_change_nothing_of_the_case_and_are_in_the_own_backup_alone() {
    let home = Home::new();
    let case = home.case("A kitchen that leaks");
    let before = home.desk.record(&case).expect("the case").graph().heads();
    let changes = home.desk.with_store(|store| store.newest_change()).expect("read");
    home.desk.keep_own_name("Keith", NOW).expect("kept");
    let first = home.desk.write_aside(&case, None, "ask Bo canary-51 first", NOW).expect("kept");
    let second = home.desk.write_aside(&case, Some("Änne"), "line one\nline two", NOW + 1).expect("kept");
    assert_eq!((first.number, first.agent.as_str(), second.number), (1, "Keith", 2));
    assert_eq!(home.desk.record(&case).expect("the case").graph().heads(), before, "nothing of it is an entry");
    assert_eq!(
        home.desk.with_store(|store| store.newest_change()),
        Ok(changes),
        "nor something that programs are told"
    );
    assert_eq!(home.found("canary"), Vec::<CaseId>::new(), "nor found by others who search");
    for wrong in ["", " \n ", "a\u{202E}b", &"x".repeat(20_000)] {
        assert!(matches!(home.desk.write_aside(&case, None, wrong, NOW), Err(DeskError::Text(_))), "{wrong:?}");
    }
    home.desk.assign(&case, Some("Änne"), NOW).expect("assigned");
    home.desk.keep_template(&case, "leak").expect("kept");
    let ticket = ExternalId { system: "zammad".to_owned(), id: "T-4711".to_owned() };
    let named = home.desk.with_store(|store| store.write(|txn| txn.put_external_id(case, &ticket)));
    assert_eq!(named, Ok(true));

    let file = home.folder.path().join("keith.backup");
    home.desk.backup(&file, None, NOW).expect("a backup");
    let new = home.folder.path().join("new");
    let restoring = Restoring::read(&new, &file, None).expect("read");
    restoring.finish(None, &Lost::default(), None, NOW).expect("restored");
    let restored = Desk::open(&new).expect("an opened home");
    assert_eq!(restored.asides(&case), home.desk.asides(&case));
    assert_eq!(restored.assigned(&case), home.desk.assigned(&case));
    let known = restored.with_store(|store| store.case_called(&ticket.system, &ticket.id));
    assert_eq!(known, Ok(Some(case)), "a ticket that was taken over is not taken over again");
    let row = restored.search("kitchen", None, 10).expect("searched").rows.remove(0);
    assert_eq!((row.agent.as_deref(), row.template.as_deref()), (Some("Änne"), Some("leak")));

    assert_eq!(home.desk.remove_aside(&case, 1), Ok(true));
    assert_eq!(home.desk.remove_aside(&case, 1), Ok(false));
    assert_eq!(home.desk.asides(&case).expect("read").len(), 1);
    assert!(!format!("{second:?}").contains("line one"), "what is written reaches no log");
}

#[test]
fn words_of_cases_of_before_are_found_once_they_are_looked_for() {
    let home = Home::new();
    let all: Vec<CaseId> = (0..7).map(|n| home.case(&format!("Kitchen {n}"))).collect();
    // As a store of an earlier version is once it was brought up to date.
    let desk = &home.desk;
    desk.forget_words().expect("forgotten");
    assert_eq!(desk.queue(&Queue::default(), None, 100).expect("listed").rows.len(), 7, "the list is whole at once");
    assert!(!desk.queue(&Queue::default(), None, 100).expect("listed").words_missing, "it was not searched for words");
    let found = || {
        let page = desk.search("kitchen", None, 100).expect("searched");
        (page.rows.len(), page.words_missing)
    };
    assert_eq!(found(), (0, true), "a search opens no case, and says that it is not all");
    assert_eq!(desk.index_words(3), Ok(true));
    assert_eq!(found(), (3, true));
    assert_eq!(desk.index_words(3), Ok(true));
    assert_eq!(desk.index_words(3), Ok(false));
    assert_eq!(found(), (all.len(), false));
}
