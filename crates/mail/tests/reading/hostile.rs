//! Messages made to break a reader. Each comes from a seed that a failure prints.

use std::{
    io::Write as _,
    time::{Duration, Instant},
};

use counterpart_mail::{Incoming, LARGEST, ReadError};

use crate::generator::{self, KINDS};

/// What holds for whatever was read.
fn check(read: &Incoming) {
    let texts = [&read.subject, &read.text]
        .into_iter()
        .chain(read.from.iter().chain(&read.to).flat_map(|one| one.name.iter().chain([&one.email])))
        .chain(read.attachments.iter().flat_map(|file| [&file.name, &file.kind]))
        .chain(read.message_id.iter().chain(&read.in_reply_to).chain(&read.references));
    for text in texts {
        let unseen = |c: char| {
            (c.is_control() && c != '\n')
                || matches!(c, '\u{061C}' | '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}')
                || matches!(c, '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{E0000}'..='\u{E007F}')
        };
        assert!(!text.contains(unseen), "{text:?}");
    }
    assert!(!read.subject.contains('\n') && read.subject.chars().count() <= 501);
    assert!(read.text.chars().count() <= 100_000 && read.text.len() <= 400_000);
    assert!(read.from.len() <= 10 && read.to.len() <= 50 && read.references.len() <= 100);
    assert!(read.attachments.len() <= 100);
    assert!(read.attachments.iter().all(|file| file.name.chars().count() <= 121 && file.size <= LARGEST as u64));
}

#[test]
fn a_thousand_hostile_messages_are_read_or_refused() {
    let count: u64 = if std::env::var_os("COUNTERPART_LONG").is_some() { 50_000 } else { 1000 };
    let (mut read, mut refused, mut bytes) = (0, 0, 0);
    let (mut slowest, mut slow_seed) = (Duration::ZERO, 0);
    for seed in 0..count {
        let message = generator::message(seed);
        let began = Instant::now();
        let caught = std::panic::catch_unwind(|| {
            drop(Incoming::file_that_begins(&message, b"%PDF"));
            Incoming::read(&message)
        });
        let took = began.elapsed();
        assert!(caught.is_ok(), "seed {seed} ({})", KINDS[generator::kind(seed)]);
        let Ok(result) = caught else { continue };
        match &result {
            Ok(incoming) => {
                check(incoming);
                read += 1;
            }
            Err(_) => refused += 1,
        }
        assert_eq!(result, Incoming::read(&message), "seed {seed}: read twice");
        bytes += message.len();
        if took > slowest {
            (slowest, slow_seed) = (took, seed);
        }
    }
    assert!(read > count / 2, "most are messages, if odd ones: {read} of {count}");
    let told = format!(
        "{count} hostile messages of {} kinds, {} KiB in all: {read} read, {refused} refused, none panicked; the slowest \
         took {slowest:?} (seed {slow_seed}, {})",
        KINDS.len(),
        bytes / 1024,
        KINDS[generator::kind(slow_seed)]
    );
    drop(writeln!(std::io::stderr(), "{told}"));
}

/// How much memory this process held at most, in KiB.
fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}

#[test]
fn the_largest_messages_cost_little() {
    let before = peak();
    for (name, message) in generator::largest(LARGEST) {
        assert!(message.len() <= LARGEST, "{name}: {}", message.len());
        let began = Instant::now();
        let read = Incoming::read(&message);
        drop(writeln!(std::io::stderr(), "{name}: {} KiB in {:?}", message.len() / 1024, began.elapsed()));
        if let Ok(read) = &read {
            check(read);
        }
    }
    if let (Some(before), Some(after)) = (before, peak()) {
        let more = after.saturating_sub(before) / 1024;
        drop(writeln!(std::io::stderr(), "memory: {more} MiB more at most, beside messages of 25 MiB"));
        // Two of them are held by the test itself while it makes them.
        assert!(more < 160, "{more} MiB");
    }
    let over = vec![b'a'; LARGEST + 1];
    assert_eq!(Incoming::read(&over), Err(ReadError::Large));
}
