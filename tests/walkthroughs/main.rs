//! The walkthroughs in `examples/` do what they say: every command is run, and prints what stands below it.
//!
//! `...` alone on a line stands for any lines, `[..]` within a line for any text. With `COUNTERPART_BLESS=1` what is
//! printed now is written down instead, prose and those signs apart.
//!
//! A walkthrough that names `$SMTP` has a mail server there, a real one on 127.0.0.1; `mails` shows what it received.
//!
//! Clock and keys are fixed, which only debug builds can do.

#[path = "../mail/server.rs"]
mod mail;
mod post;
mod script;
mod stage;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use snapbox::{
    Data,
    filter::NormalizeToExpected,
    report::{Palette, write_diff},
};

use crate::{
    post::Post,
    script::{What, read, with_outcomes},
    stage::Stage,
};

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples")
}

/// Plays one walkthrough, and compares or rewrites what it prints.
fn play(name: &str) {
    let path = examples().join(name);
    let text = fs::read_to_string(&path).expect("a walkthrough");
    let steps = read(&text).map_err(|why| format!("examples/{name}: {why}")).expect("it can be read");
    let post = if text.contains("$SMTP") {
        let Some(post) = Post::open() else { return };
        Some(post)
    } else {
        None
    };
    let mut stage = Stage::new(&steps, post);
    let mut outcomes = Vec::new();
    let mut differences = String::new();
    let mut cut_short = false;
    for step in steps {
        match step.what {
            What::Clock(clock) => stage.set_clock(clock),
            What::Sync(parties) => {
                if let Err(why) = stage.sync(&parties) {
                    differences.push_str(&format!("\nexamples/{name}:{}: {why}\n", step.line + 1));
                    cut_short = true;
                    break;
                }
            }
            What::Run(command) => {
                let (code, printed) = stage.run(&command.party, &command.text);
                let expected = outcome(command.code, &command.output);
                let pattern = Data::text(expected.clone());
                let actual = Data::text(outcome(code, &unlike_a_prompt(&printed)));
                let actual = NormalizeToExpected::new().redact().normalize(actual, &pattern).to_string();
                if actual != expected {
                    differences.push_str(&format!("\nexamples/{name}:{}: {}\n", step.line + 1, command.text));
                    let actual = Data::text(actual.clone());
                    write_diff(&mut differences, &pattern, &actual, None, None, Palette::plain()).expect("text");
                }
                outcomes.push((command.below, actual));
            }
        }
    }
    if std::env::var_os("COUNTERPART_BLESS").is_some() {
        fs::write(&path, with_outcomes(&text, &outcomes)).expect("the walkthrough is written");
        assert!(!cut_short, "{differences}");
    } else {
        assert!(differences.is_empty(), "COUNTERPART_BLESS=1 writes down what is printed now:\n{differences}");
    }
}

fn outcome(code: i32, output: &str) -> String {
    let code = if code == 0 { String::new() } else { format!("? {code}\n") };
    let output = output.trim_end();
    if output.is_empty() { code } else { format!("{code}{output}\n") }
}

/// What ends a block must not be printed inside one, and nobody needs spaces before a line's end.
fn unlike_a_prompt(printed: &str) -> String {
    assert!(!printed.contains("```"), "a walkthrough cannot hold this: {printed}");
    printed.lines().map(|l| format!("{}\n", l.trim_end())).collect()
}

macro_rules! walkthroughs {
    ($($test:ident: $file:literal,)*) => {
        const ALL: &[&str] = &[$($file),*];
        $(
            #[test]
            #[cfg_attr(not(debug_assertions), ignore = "clock and keys are fixed in debug builds only")]
            fn $test() {
                play($file);
            }
        )*
    };
}

walkthroughs! {
    washing_machine: "washing-machine.md",
    saas_incident: "saas-incident.md",
    missed_callback: "missed-callback.md",
    kitchen_refit: "kitchen-refit.md",
    energy_bill: "energy-bill.md",
    broadband_price: "broadband-price.md",
    two_laptops: "two-laptops.md",
}

#[test]
fn every_walkthrough_is_played() {
    let mut found: Vec<String> = fs::read_dir(examples())
        .expect("the examples")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .filter(|name| name.ends_with(".md") && name != "README.md")
        .collect();
    found.sort();
    let mut played = ALL.to_vec();
    played.sort_unstable();
    assert_eq!(found, played);
}

#[test]
fn clock_and_keys_are_fixed_in_debug_builds_only() {
    let identity = |seed: &str| {
        let home = tempfile::tempdir().expect("a temporary folder");
        let output = Command::new(env!("CARGO_BIN_EXE_counterpart"))
            .args(["init", "--quiet"])
            .env_clear()
            .env("COUNTERPART_HOME", home.path().join("home"))
            .env("COUNTERPART_TEST_CLOCK", "2026-07-06T10:00+01:00[Europe/London]")
            .env("COUNTERPART_TEST_SEED", seed)
            .output()
            .expect("the command starts");
        assert!(output.status.success());
        String::from_utf8(output.stdout).expect("text")
    };
    assert_eq!(identity("ann") == identity("ann"), cfg!(debug_assertions));
    assert_ne!(identity("ann"), identity("bob"));
}
