//! Killed while sending: no reminder is lost, and what comes twice is the same message.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Write as _,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    time::Duration,
};

use counterpart_node::{Channel, Desk, Hours, LetterState};

use crate::{
    receiver::{Step, field},
    stage::{Stage, at, post},
};

const HOME: &str = "COUNTERPART_LETTERS_HOME";
const NOW: &str = "COUNTERPART_LETTERS_NOW";

/// Longer than a letter under way belongs to whoever handed it over.
const LATER: i64 = 11 * 60 * 1000;
const WEEK: i64 = 7 * 86_400_000;

/// Sends what is due, as a running node does. Only a child of the other test does anything here.
#[test]
fn sending_child() {
    let Some(home) = std::env::var_os(HOME) else { return };
    let now = std::env::var(NOW).expect("a time").parse().expect("a number");
    let desk = Desk::open(home.as_ref()).expect("an opened home");
    drop(post(&desk, now));
}

fn child(stage: &Stage, now: i64) -> Child {
    let mut command = Command::new(std::env::current_exe().expect("this test"));
    command.args(["--exact", "crash::sending_child", "--nocapture"]);
    command.env(HOME, stage.desk.home()).env(NOW, now.to_string());
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the child starts")
}

/// When the child is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum When {
    At(Step),
    /// After so many milliseconds: while it opens its home, composes, or signs.
    After(u64),
}

#[test]
fn killed_while_sending_loses_none_and_repeats_only_the_same() {
    let rounds: i64 = if std::env::var_os("COUNTERPART_LONG").is_some() { 200 } else { 10 };
    let stage = Stage::new();
    stage.set_up_mail();
    stage.know("Dean", "dean@gasline.example");
    stage.promised("Call back", "2026-03-04T12:00");
    let none = || Some("none".to_owned());
    let hours = Hours { country: none(), quiet: none() };
    stage.desk.keep_hours(None, &hours, at("2026-03-03T11:00")).expect("kept");
    stage.allow(Channel::Email, "2026-03-03T11:00");
    let victim: Arc<Mutex<Option<(Child, When)>>> = Arc::default();
    let watched = Arc::clone(&victim);
    stage.server.at_each_step(move |step| {
        let mut victim = watched.lock().expect("whole");
        if let Some((child, When::At(wanted))) = victim.as_mut()
            && *wanted == step
        {
            // SIGKILL: nothing of it runs on.
            child.kill().expect("killed");
            child.wait().expect("ended");
            *victim = None;
        }
        None
    });
    let mut killed: BTreeMap<String, u32> = BTreeMap::new();
    for round in 0..rounds {
        // Every week there is one more to send: the fourth occasion and those after it, on Saturdays at noon.
        let now = at("2026-03-07T13:00") + WEEK * round;
        let when = match round % 5 {
            0 => When::At(Step::Taken),
            1 => When::At(Step::Confirmed),
            2 => When::At(Step::Receiver),
            3 => When::At(Step::Connected),
            _ => When::After(u64::try_from(round * 13 % 120).expect("a delay")),
        };
        // Watched before it starts: it may come to its step at once.
        let mut watch = victim.lock().expect("whole");
        *watch = Some((child(&stage, now), when));
        drop(watch);
        match when {
            When::After(delay) => {
                // The moment is random on purpose; nothing waits for it.
                std::thread::sleep(Duration::from_millis(delay));
                if let Some((mut child, _)) = victim.lock().expect("whole").take() {
                    child.kill().expect("killed");
                    child.wait().expect("ended");
                }
            }
            When::At(_) => wait_for_end(&victim),
        }
        let named = match when {
            When::At(step) => format!("{step:?}"),
            When::After(_) => "any moment".to_owned(),
        };
        *killed.entry(named).or_default() += 1;
        // The machine is up again, some minutes later.
        let ended = child(&stage, now + LATER).wait().expect("ended");
        assert!(ended.success(), "round {round}, killed {when:?}");
        let letters = stage.desk.reminders(&stage.case, now + LATER).expect("looked").letters;
        let sent = letters.iter().filter(|l| l.state == LetterState::Sent).count();
        assert_eq!(i64::try_from(sent).expect("few"), round + 1, "round {round}, killed {when:?}: lost");
        assert!(letters.iter().all(|l| l.state == LetterState::Sent), "round {round}, killed {when:?}: {letters:?}");
    }
    // Every letter arrived; what arrived twice is the same message, byte for byte.
    let mails = stage.server.messages();
    let mut by_id: BTreeMap<&str, Vec<&String>> = BTreeMap::new();
    for mail in &mails {
        by_id.entry(field(mail, "Message-ID").expect("an id")).or_default().push(mail);
    }
    let letters = stage.desk.reminders(&stage.case, at("2026-03-03T11:00")).expect("looked").letters;
    let wanted: BTreeSet<String> = letters.iter().map(|l| format!("<{}>", l.message_id())).collect();
    let arrived: BTreeSet<String> = by_id.keys().map(|id| (*id).to_owned()).collect();
    assert_eq!(arrived, wanted, "lost, or of another id");
    assert!(by_id.values().all(|same| same.iter().all(|mail| mail == &same[0])), "one id, two messages");
    // And each is on record once.
    let record = stage.desk.record(&stage.case).expect("a record");
    let reminds = record.graph().ordered().into_iter();
    let reminds = reminds.filter(|ix| record.fold().act(*ix).kind() == "remind").count();
    assert_eq!(i64::try_from(reminds).expect("few"), rounds);
    let twice = mails.len() - by_id.len();
    let told = format!(
        "killed {rounds} times ({killed:?}): {} reminders, 0 lost, {twice} arrived twice with the same id",
        by_id.len()
    );
    drop(writeln!(std::io::stderr(), "{told}"));
}

/// Until the child was killed, or ended by itself because its step had come before.
fn wait_for_end(victim: &Mutex<Option<(Child, When)>>) {
    loop {
        {
            let mut victim = victim.lock().expect("whole");
            match victim.as_mut() {
                None => return,
                Some((child, when)) => {
                    if let Some(status) = child.try_wait().expect("watched") {
                        unreachable!("the child ended by itself before {when:?}: {status}");
                    }
                }
            }
        }
        std::thread::yield_now();
    }
}
