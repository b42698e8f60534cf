//! What goes out when, to whom, with what, and what does not.

use counterpart_core::{
    act::{Act, Mode, Proposal, Subject, Topic},
    value::{Sealable, Seat},
};
use counterpart_node::{Channel, LetterKind, LetterState, Posted};
use counterpart_process::{
    reminder::Over,
    rule::{Rule, Span, Whom},
};

use crate::{
    receiver::{Step, field},
    stage::{Stage, action, at},
};

fn state(stage: &Stage, now: &str) -> Vec<(LetterKind, LetterState)> {
    stage.letters(now).iter().map(|l| (l.kind(), l.state)).collect()
}

#[test]
fn reminders_go_out_at_their_times_and_stand_in_the_case() {
    let stage = Stage::new();
    stage.set_up_mail();
    stage.know("Dean", "dean@gasline.example");
    stage.know("Lucy", "lucy@gasline.example");
    let promise = stage.promised("Call back about the bill", "2026-03-04T17:00");
    stage.allow(Channel::Email, "2026-03-03T11:00");
    // Before it is due nothing happens; the store says when to look next.
    assert_eq!(stage.post("2026-03-04T16:59"), []);
    assert_eq!(stage.desk.next_post(), Ok(Some(at("2026-03-04T17:00"))));
    for now in ["2026-03-04T17:00", "2026-03-05T17:00", "2026-03-07T17:00", "2026-03-14T17:00"] {
        let posted = stage.post(now);
        assert!(matches!(posted.as_slice(), [Posted::Sent(_)]), "{now}: {posted:?}");
        assert_eq!(stage.post(now), [], "once");
    }
    let mails = stage.server.messages();
    assert_eq!(mails.len(), 4);
    let subjects: Vec<_> = mails.iter().map(|m| field(m, "Subject").expect("a subject")).collect();
    let tag = counterpart_core::id::short_form(&stage.case.0);
    assert!(
        subjects[0].starts_with("Reminder: Call back") && subjects[1].starts_with("Second reminder"),
        "{subjects:?}"
    );
    assert!(subjects[3].starts_with("Overdue:"), "{subjects:?}");
    for (number, mail) in mails.iter().enumerate() {
        assert!(mail.contains(&format!("[{tag}]")), "{mail}");
        assert!(field(mail, "To").expect("to").contains("dean@gasline.example"), "only who promised: {mail}");
        for words in ["Dean", "88213", "4 March 2026 at 17:00", "on the telephone on 3 March 2026"] {
            // Soft line breaks of the encoding are taken out.
            assert!(mail.replace("=\n", "").contains(words), "{words}: {mail}");
        }
        let before = number.checked_sub(1).map(|before| field(&mails[before], "Message-ID").expect("an id"));
        assert_eq!(field(mail, "In-Reply-To"), before);
    }
    // Each is an act, and about the promise.
    let record = stage.desk.record(&stage.case).expect("a record");
    let reminds: Vec<_> = record
        .graph()
        .ordered()
        .into_iter()
        .filter_map(|ix| match record.laid_open(ix) {
            Act::Remind { text: Sealable::Open(text), about, seat } => Some((text, about, seat)),
            _ => None,
        })
        .collect();
    assert_eq!(reminds.len(), 4);
    assert!(reminds.iter().all(|(_, about, seat)| *about == Some(promise) && *seat == Some(Seat::Number(1))));
    assert!(reminds[0].0.contains("Dear Dean"));
    // An answer to any of them finds the case.
    let id = field(&mails[2], "Message-ID").expect("an id").trim_matches(['<', '>']).to_owned();
    let known = stage.desk.with_store(|store| store.mails_called(&id)).expect("read");
    assert!(matches!(known.as_slice(), [row] if row.out && row.case == Some(stage.case) && row.entry.is_some()));
}

#[test]
fn without_a_yes_nothing_goes_out() {
    let stage = Stage::new();
    stage.set_up_mail();
    stage.know("Dean", "dean@gasline.example");
    stage.promised("Call back", "2026-03-04T17:00");
    let posted = stage.post("2026-03-04T17:00");
    let [Posted::Waits(letter)] = posted.as_slice() else { unreachable!("{posted:?}") };
    assert_eq!(stage.post("2026-03-04T17:01"), []);
    assert!(stage.server.messages().is_empty());
    // A later one takes its place; it does not pile up.
    assert!(matches!(stage.post("2026-03-05T17:00").as_slice(), [Posted::Waits(_)]));
    let letters = stage.letters("2026-03-05T17:00");
    assert_eq!(letters.iter().filter(|l| l.state == LetterState::Waiting).count(), 1);
    let first = letters.iter().find(|l| l.id == letter.id).expect("kept");
    assert_eq!((first.state, first.error()), (LetterState::Over, Some("a later reminder takes its place")));
    // One yes sends one, at any hour.
    let waiting = letters.iter().find(|l| l.state == LetterState::Waiting).expect("one");
    let (now, to) = (at("2026-03-05T23:30"), stage.desk.addresses_for(waiting).expect("addresses"));
    let allowed = stage.desk.allow_letter(waiting, Channel::Email, &to, now).expect("stored").expect("still there");
    let posted = stage.desk.send_letter(allowed.clone(), now).expect("sent");
    assert!(matches!(posted, Posted::Sent(_)), "{posted:?}");
    assert_eq!(stage.server.messages().len(), 1);
    assert!(matches!(stage.desk.send_letter(allowed, now).expect("told"), Posted::Failed { .. }), "not twice");
    assert_eq!(stage.server.messages().len(), 1);
}

#[test]
fn a_consent_that_ended_holds_letters_back() {
    let stage = Stage::new();
    stage.know("Dean", "dean@gasline.example");
    stage.promised("Call back", "2026-03-04T17:00");
    stage.allow(Channel::Email, "2026-03-03T11:00");
    // No mail is set up yet: it waits, and goes when there is.
    assert!(matches!(stage.post("2026-03-04T17:00").as_slice(), [Posted::Waits(_)]));
    stage.set_up_mail();
    stage.server.at_each_step(|step| (step == Step::Receiver).then(|| "451 not now".to_owned()));
    let posted = stage.post("2026-03-04T18:05");
    assert!(matches!(posted.as_slice(), [Posted::Later { .. }]), "{posted:?}");
    assert!(stage.desk.revoke_letters(&stage.case, Channel::Email).expect("ended"));
    assert_eq!(state(&stage, "2026-03-04T18:10"), [(LetterKind::Reminder, LetterState::Waiting)]);
    stage.server.at_each_step(|_| None);
    assert_eq!(stage.post("2026-03-04T19:00"), []);
    assert!(stage.server.messages().is_empty());
}

#[test]
fn a_server_that_is_down_is_tried_again_and_one_that_refuses_is_believed() {
    let stage = Stage::new();
    stage.set_up_mail();
    stage.know("Dean", "dean@gasline.example");
    stage.promised("Call back", "2026-03-04T09:00");
    stage.allow(Channel::Email, "2026-03-03T11:00");
    stage.server.at_each_step(|step| (step == Step::Receiver).then(|| "451 mailbox busy".to_owned()));
    // A minute, then twice as long each time.
    let mut waits = Vec::new();
    let mut now = at("2026-03-04T09:00");
    for _ in 0..4 {
        let posted = crate::stage::post(&stage.desk, now);
        let [Posted::Later { letter, why }] = posted.as_slice() else { unreachable!("{posted:?}") };
        assert!(why.contains("451") && why.contains("mailbox busy"), "{why}");
        let next = letter.next_try.expect("a next time");
        waits.push((next - now) / 60_000);
        assert_eq!(crate::stage::post(&stage.desk, next - 1), []);
        now = next;
    }
    assert_eq!(waits, [1, 2, 4, 8]);
    let longest = counterpart_node::wait_after(u32::MAX);
    assert_eq!(longest, 12 * 3_600_000);
    // A refusal for good is told with the server's words, and not tried again.
    stage.server.at_each_step(|step| (step == Step::Receiver).then(|| "550 no such person here".to_owned()));
    let posted = crate::stage::post(&stage.desk, now);
    let [Posted::Failed { letter, why }] = posted.as_slice() else { unreachable!("{posted:?}") };
    assert!(why.contains("550") && why.contains("no such person here") && letter.next_try.is_none(), "{why}");
    assert_eq!(crate::stage::post(&stage.desk, now + 3_600_000), []);
    // The next occasion comes all the same, and the same message id was used in every attempt.
    stage.server.at_each_step(|_| None);
    assert!(matches!(stage.post("2026-03-05T09:00").as_slice(), [Posted::Sent(_)]));
    assert_eq!(stage.desk.failed_letters().expect("read").len(), 1);
}

#[test]
fn no_letter_is_given_up_for_how_the_server_is_set_up() {
    let stage = Stage::new();
    stage.set_up_mail();
    stage.know("Dean", "dean@gasline.example");
    stage.promised("Call back", "2026-03-04T09:00");
    stage.allow(Channel::Email, "2026-03-03T11:00");
    stage.server.at_each_step(|step| (step == Step::Connected).then(|| "554 not from there".to_owned()));
    let posted = stage.post("2026-03-04T09:00");
    let [Posted::Later { letter, why }] = posted.as_slice() else { unreachable!("{posted:?}") };
    assert!(why.contains("554") && why.contains("not from there"), "{why}");
    // Put right, it goes out at the next try.
    stage.server.at_each_step(|_| None);
    let next = letter.next_try.expect("a next time");
    assert!(matches!(crate::stage::post(&stage.desk, next).as_slice(), [Posted::Sent(_)]));
}

#[test]
fn nothing_is_sent_at_night_on_sundays_or_holidays_even_after_a_failure() {
    let stage = Stage::new();
    stage.set_up_mail();
    stage.know("Dean", "dean@gasline.example");
    // Maundy Thursday 2026, ten minutes before the quiet hours.
    stage.promised("Refund", "2026-04-02T19:50");
    stage.allow(Channel::Email, "2026-03-03T11:00");
    stage.server.at_each_step(|step| (step == Step::Receiver).then(|| "451 later".to_owned()));
    for minutes in [50, 51, 53, 57] {
        let posted = stage.post(&format!("2026-04-02T19:{minutes}"));
        assert!(matches!(posted.as_slice(), [Posted::Later { .. }]), "{posted:?}");
    }
    stage.server.at_each_step(|_| None);
    // The next try falls into the night, and the day after is Good Friday.
    assert_eq!(stage.post("2026-04-02T20:05"), []);
    assert_eq!(stage.desk.next_post(), Ok(Some(at("2026-04-04T08:00"))));
    assert_eq!(stage.post("2026-04-03T12:00"), []);
    assert!(matches!(stage.post("2026-04-04T08:00").as_slice(), [Posted::Sent(_)]));
    assert_eq!(stage.server.messages().len(), 1);
}

#[test]
fn a_laptop_that_slept_sends_one_letter() {
    let stage = Stage::new();
    stage.set_up_mail();
    stage.know("Dean", "dean@gasline.example");
    stage.promised("Call back", "2026-03-04T17:00");
    stage.allow(Channel::Email, "2026-03-03T11:00");
    // It slept from before the first to after the fourth, and wakes on a Monday.
    let posted = stage.post("2026-03-16T09:00");
    assert!(matches!(posted.as_slice(), [Posted::Sent(_)]), "{posted:?}");
    let mails = stage.server.messages();
    assert_eq!(mails.len(), 1);
    assert!(field(&mails[0], "Subject").expect("a subject").starts_with("Reminder:"), "the first is polite: {mails:?}");
    assert_eq!(stage.desk.next_post(), Ok(Some(at("2026-03-21T17:00"))));
}

#[test]
fn what_is_kept_answered_or_dropped_is_not_reminded_of() {
    let stage = Stage::new();
    let promise = stage.promised("Call back", "2026-03-04T17:00");
    assert!(matches!(stage.post("2026-03-04T17:00").as_slice(), [Posted::Waits(_)]));
    // Withdrawn before the yes: the letter is over.
    stage.sign(&Act::Withdraw { of: promise, reason: None }, "2026-03-04T18:00");
    let letters = stage.letters("2026-03-04T18:01");
    assert_eq!((letters[0].state, letters[0].error()), (LetterState::Over, Some("it is withdrawn now")));
    assert_eq!(stage.post("2026-03-05T17:00"), []);
}

#[test]
fn an_answer_ends_a_series_and_a_new_rule_begins_one() {
    let stage = Stage::new();
    stage.set_up_mail();
    stage.know("Dean", "dean@gasline.example");
    let promise = stage.promised("Refund", "2026-03-04T17:00");
    stage.allow(Channel::Email, "2026-03-03T11:00");
    assert!(matches!(stage.post("2026-03-04T17:00").as_slice(), [Posted::Sent(_)]));
    let mut answer = counterpart_core::act::Contact {
        channel: "e-mail".to_owned(),
        direction: "in".to_owned(),
        // Within a minute: a machine's.
        started: at("2026-03-04T17:01"),
        seconds: None,
        waited: None,
        seat: Some(Seat::Number(1)),
        person: None,
        number: None,
        reference: None,
        summary: Sealable::Open("We are looking into it".to_owned()),
        menu: Vec::new(),
    };
    stage.sign(&Act::Contact(answer.clone()), "2026-03-04T17:30");
    assert!(matches!(stage.post("2026-03-05T17:00").as_slice(), [Posted::Sent(_)]));
    answer.started = at("2026-03-06T08:00");
    stage.sign(&Act::Contact(answer), "2026-03-06T08:05");
    assert_eq!(stage.post("2026-03-07T17:00"), []);
    let outlook = stage.desk.reminders(&stage.case, at("2026-03-07T17:00")).expect("looked");
    assert!(matches!(outlook.watched[0].over, Some(Over::Answered { .. })));
    let rule = Rule { about: Some(action(promise)), after: vec![Span::days(7)], then: None, ..Rule::usual() };
    stage.desk.put_rules(&stage.case, &[rule], at("2026-03-07T18:00")).expect("kept");
    assert_eq!(stage.post("2026-03-10T17:00"), []);
    assert!(matches!(stage.post("2026-03-11T17:00").as_slice(), [Posted::Sent(_)]));
    assert_eq!(stage.post("2026-06-01T12:00"), [], "once, as the rule says");
    // To look again changes nothing: pages that are told of changes would look, and look again.
    stage.desk.reminders(&stage.case, at("2026-06-01T12:00")).expect("looked");
    let logs = ["counterpart.db", "counterpart.db-wal"].map(|name| stage.folder.path().join("home").join(name));
    let stamp = || logs.each_ref().map(|log| std::fs::read(log).ok());
    let before = stamp();
    stage.desk.reminders(&stage.case, at("2026-06-01T12:05")).expect("looked");
    assert!(stamp() == before, "nothing was written");
}

#[test]
fn a_reminder_by_hand_counts() {
    let stage = Stage::new();
    let promise = stage.promised("Call back", "2026-03-04T17:00");
    let act = Act::Remind {
        text: Sealable::Open("You said you would ring".to_owned()),
        about: Some(promise),
        seat: Some(Seat::Number(1)),
    };
    stage.sign(&act, "2026-03-04T17:30");
    assert_eq!(stage.post("2026-03-04T17:31"), []);
    assert!(matches!(stage.post("2026-03-05T17:00").as_slice(), [Posted::Waits(_)]));
}

#[test]
fn a_rule_for_oneself_tells_nobody_else() {
    let stage = Stage::new();
    let promise = stage.promised("Repair visit", "2026-03-08T12:00");
    let rule = Rule {
        about: Some(action(promise)),
        after: vec![Span::NONE],
        then: None,
        to: Whom::Me,
        text: "Did somebody come?".to_owned(),
        letter: None,
    };
    stage.desk.put_rules(&stage.case, &[rule], at("2026-03-03T11:00")).expect("kept");
    // A Sunday: one may tell oneself; the other side hears on Monday.
    let posted = stage.post("2026-03-08T12:00");
    let [Posted::Notice { letter, shown: false }] = posted.as_slice() else { unreachable!("{posted:?}") };
    assert_eq!((letter.text(), letter.act()), ("Did somebody come?", None));
    assert_eq!(stage.post("2026-03-08T12:01"), []);
    assert!(matches!(stage.post("2026-03-09T08:00").as_slice(), [Posted::Waits(_)]));
    let before = stage.desk.record(&stage.case).expect("a record").graph().len();
    assert_eq!(before, 3, "opening, contact, promise: nothing of it is signed");
}

#[test]
fn a_broken_letter_is_told_and_nothing_is_lost() {
    let stage = Stage::new();
    stage.set_up_mail();
    stage.know("Dean", "dean@gasline.example");
    stage.promised("Call back", "2026-03-04T09:00");
    stage.allow(Channel::Email, "2026-03-03T11:00");
    let file = stage.desk.copy_letter("reminder-polite", "reminder-polite").expect("a copy");
    std::fs::write(&file, "Subject: x\n\nDear {{ nobody }},\n").expect("written");
    let posted = stage.post("2026-03-04T09:00");
    let [Posted::Problem { why, .. }] = posted.as_slice() else { unreachable!("{posted:?}") };
    assert!(
        why.contains("reminder-polite") && why.contains("line 3") && why.contains("letters/reminder-polite.txt"),
        "{why}"
    );
    assert!(stage.server.messages().is_empty(), "the built-in text is not sent in its place");
    assert_eq!(stage.post("2026-03-04T09:10"), []);
    std::fs::write(&file, "Subject: Mine\n\nDear {{ person }}, {{ what }}!\n").expect("written");
    assert!(matches!(stage.post("2026-03-04T10:00").as_slice(), [Posted::Sent(_)]));
    assert!(stage.server.messages()[0].contains("Dear Dean, Call back!"));
}

#[test]
fn hostile_words_stay_words() {
    let stage = Stage::new();
    stage.set_up_mail();
    stage.know("Dean", "dean@gasline.example");
    stage.promised("Refund\nBcc: all@example.org\n\n{{ me }} {% raw %}<script>", "2026-03-04T17:00");
    stage.allow(Channel::Email, "2026-03-03T11:00");
    assert!(matches!(stage.post("2026-03-04T17:00").as_slice(), [Posted::Sent(_)]));
    let mails = stage.server.messages();
    let (head, _) = mails[0].split_once("\n\n").expect("a head");
    assert!(!head.lines().any(|line| line.starts_with("Bcc:")), "{head}");
    assert!(mails[0].contains("{{ me }} {% raw %}<script>"), "what a party wrote is no template: {}", mails[0]);
}

#[test]
fn thanks_go_out_once() {
    let stage = Stage::new();
    stage.set_up_mail();
    stage.know("Dean", "dean@gasline.example");
    stage.promised("Call back", "2026-03-04T17:00");
    stage.allow(Channel::Email, "2026-03-03T11:00");
    let topic = Topic::Close { close: None, summary: None };
    let closing = Proposal {
        subjects: vec![Subject { base: None, topic }],
        signers: vec![Seat::Number(0)],
        mode: Mode::Firm,
        open_until: None,
        alleged: None,
        note: None,
    };
    stage.sign(&Act::Propose(closing), "2026-03-03T21:00");
    assert_eq!(stage.post("2026-03-03T21:01"), [], "not at night");
    let posted = stage.post("2026-03-04T08:00");
    let [Posted::Sent(letter)] = posted.as_slice() else { unreachable!("{posted:?}") };
    assert_eq!((letter.kind(), letter.person()), (LetterKind::Thanks, Some("Dean")));
    assert_eq!(stage.post("2026-03-05T17:00"), [], "once, and no reminder in a closed case");
    let mails = stage.server.messages();
    assert!(field(&mails[0], "Subject").expect("a subject").starts_with("Thank you: Overcharged"), "{mails:?}");
    let record = stage.desk.record(&stage.case).expect("a record");
    let entry = record.graph().find(&letter.entry().expect("on record")).expect("there");
    let thanks = record.laid_open(entry);
    assert!(matches!(&thanks, Act::Thank { person: Some(Sealable::Open(name)), .. } if name == "Dean"), "{thanks:?}");
    let view = record.view().expect("a case");
    assert!(matches!(view.state, counterpart_core::view::CaseState::Closed(_)), "thanks open nothing again");
}

#[test]
fn whose_promise_was_overdue_at_the_end_is_not_thanked() {
    let stage = Stage::new();
    stage.promised("Call back", "2026-03-04T17:00");
    let topic = Topic::Close { close: None, summary: None };
    let closing = Proposal {
        subjects: vec![Subject { base: None, topic }],
        signers: vec![Seat::Number(0)],
        mode: Mode::Firm,
        open_until: None,
        alleged: None,
        note: None,
    };
    stage.sign(&Act::Propose(closing), "2026-03-06T11:00");
    assert_eq!(stage.post("2026-03-06T11:01"), []);
    assert!(stage.letters("2026-03-06T11:01").iter().all(|letter| letter.kind() != LetterKind::Thanks));
}

#[test]
fn an_answer_by_mail_is_answered_in_its_thread() {
    let stage = Stage::new();
    stage.set_up_mail();
    stage.know("Dean", "dean@gasline.example");
    stage.promised("Call back", "2026-03-04T17:00");
    stage.allow(Channel::Email, "2026-03-03T11:00");
    assert!(matches!(stage.post("2026-03-04T17:00").as_slice(), [Posted::Sent(_)]));
    let came = |id: &str, byte: u8| counterpart_store::MailRow {
        sha256: [byte; 32],
        message_id: Some(id.to_owned()),
        out: false,
        case: Some(stage.case),
        entry: None,
        at: at("2026-03-04T17:05") + i64::from(byte),
    };
    for row in [came("a@gasline.example", 1), came("b\r\nBcc: x@y", 2)] {
        stage.desk.with_store(|store| store.write(|txn| txn.insert_mail(&row))).expect("kept");
    }
    assert!(matches!(stage.post("2026-03-05T17:00").as_slice(), [Posted::Sent(_)]));
    let mails = stage.server.messages();
    assert_eq!(field(&mails[1], "In-Reply-To"), Some("<a@gasline.example>"));
    let first = field(&mails[0], "Message-ID").expect("an id");
    assert!(mails[1].contains(first) && !mails[1].contains("Bcc:"), "{}", mails[1]);
}
