//! One's own identity through the real command: shown, backed up, restored, its main key changed.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Output,
};

use crate::home::{Home, succeeded, talk};

impl Home {
    /// Runs it with the passphrase of its keys in a file, as a service would.
    fn unlocked(&self, file: &Path, args: &[&str]) -> Output {
        self.command(args).env("COUNTERPART_PASSPHRASE_FILE", file).output().expect("the command starts")
    }

    fn written(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path().join(name);
        fs::write(&path, text).expect("a file");
        path
    }
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a plain path")
}

#[test]
fn an_identity_is_shown_and_its_sheet_goes_out_of_the_house() {
    let home = Home::new();
    let shown = home.json(&["identity", "show"]);
    assert_eq!((&shown["main_key"], &shown["locked"]), (&"here".into(), &false.into()));
    assert!(shown["alarms"].as_array().is_some_and(Vec::is_empty));
    assert_eq!(shown["log"].as_array().map(Vec::len), Some(2));
    let (lines, said) = home.said(&["identity", "show", "--log"]);
    for words in ["Main key        in this home", "it still lies in", "(here)", "1  the identity began", "2  added"] {
        assert!(lines.contains(words), "{words}: {lines}");
    }
    assert!(said.contains("identity sheet --delete"), "{said}");

    let sheet = home.ok(&["identity", "sheet"]);
    assert!(sheet.ends_with("recovery-sheet.txt"), "{sheet}");
    // It cannot be written again, so nobody loses it unasked.
    let why = home.fails(2, &["identity", "sheet", "--delete"]);
    assert!(why.contains("nobody can be asked") && why.contains("--yes") && Path::new(&sheet).exists(), "{why}");
    let out = home.path().join("stick.txt");
    assert_eq!(home.ok(&["identity", "sheet", text(&out)]), text(&out));
    assert!(fs::read_to_string(&out).expect("the sheet").contains("Replacement key:"));
    assert!(home.said(&["identity", "sheet"]).1.contains("as it should be"));
    assert!(home.fails(1, &["identity", "sheet", "--delete"]).contains("no recovery sheet lies in this home"));
    assert!(home.ok(&["identity", "show"]).contains("not in this home, as it should be"));
}

#[test]
fn the_sheet_is_deleted_once_that_was_said_twice() {
    let home = Home::new();
    let sheet = PathBuf::from(home.ok(&["identity", "sheet"]));
    let (_, said) = home.said(&["identity", "sheet", "--delete", "--yes"]);
    assert!(said.contains("cannot be written again") && said.contains("Deleted here"), "{said}");
    assert!(!sheet.exists());
    let why = home.fails(1, &["identity", "sheet", "--delete", "--yes"]);
    assert!(why.contains("no recovery sheet lies in this home"), "{why}");
}

#[cfg(debug_assertions)]
#[test]
fn at_a_terminal_the_sheet_is_deleted_only_for_a_yes() {
    use crate::at_terminal::at_a_terminal;
    let home = Home::new();
    let sheet = PathBuf::from(home.ok(&["identity", "sheet"]));
    let Some((code, screen)) = at_a_terminal(&home, &["identity", "sheet", "--delete"], "n\n", &[]) else { return };
    assert!(code == 1 && screen.contains("nothing was deleted") && sheet.exists(), "{screen}");
    let Some((code, screen)) = at_a_terminal(&home, &["identity", "sheet", "--delete"], "y\n", &[]) else { return };
    assert!(code == 0 && !sheet.exists(), "{screen}");
}

#[test]
fn a_file_that_is_not_there_is_told_as_such() {
    let home = Home::new();
    let file = home.path().join("ann.backup");
    let why = home.fails(2, &["identity", "backup", text(&file), "--passphrase-file", "/nowhere/words"]);
    assert!(why.contains("there is no file /nowhere/words") && !file.exists(), "{why}");
    assert!(home.fails(2, &["identity", "passphrase", "--from", "/nowhere/words"]).contains("/nowhere/words"));
    assert!(home.fails(2, &["identity", "rotate", "/nowhere/sheet"]).contains("there is no file /nowhere/sheet"));
}

#[test]
fn a_backup_is_written_and_restored() {
    let (home, case) = Home::with_case();
    home.ok(&["note", &case, "before the backup", "-y"]);
    let words = home.written("words", "correct horse battery staple\n");
    let file = home.path().join("keith.backup");
    // Nobody can be asked here.
    let why = home.fails(4, &["identity", "backup", text(&file)]);
    assert!(why.contains("--passphrase-file") && !file.exists(), "{why}");
    let (path, said) = home.said(&["identity", "backup", text(&file), "--passphrase-file", text(&words)]);
    assert!(
        path == text(&file) && said.contains("Cases in it: 1, with 2 entries") && said.contains("main key is in it"),
        "{said}"
    );

    let new = Home::empty();
    let restore = ["identity", "restore", text(&file)];
    assert!(new.fails(4, &restore).contains("passphrase"));
    let wrong = home.written("wrong", "something else\n");
    let why = new.fails(4, &[&restore[..], &["--passphrase-file", text(&wrong), "-y"]].concat());
    assert!(why.contains("not the passphrase"), "{why}");
    let asking = [&restore[..], &["--passphrase-file", text(&words)]].concat();
    assert_eq!(new.run(&asking).status.code(), Some(2), "nobody can be asked");
    let full = [&asking[..], &["-y", "--lost", "compromised"]].concat();
    let (short, said) = new.said(&full);
    for words in
        ["You sign in its key log", "as compromised", "another signer had already built on it", "counterpart sync"]
    {
        assert!(said.contains(words), "{words}: {said}");
    }
    assert_eq!(short, home.json(&["identity", "show"])["short"].as_str().expect("a short form"));
    assert!(new.ok(&["log", &case]).contains("before the backup"));
    new.ok(&["note", &case, "from the new machine", "-y"]);
    let agents = new.json(&["identity", "show"])["agents"].as_array().expect("devices").clone();
    assert_eq!((agents.len(), &agents[0]["revoked"]["reason"]), (2, &"compromised".into()));
    assert!(new.ok(&["doctor"]).contains("all is well"));
    assert!(new.fails(1, &full).contains("holds an identity already"));

    let damaged = home.path().join("damaged.backup");
    let bytes = fs::read(&file).expect("bytes");
    fs::write(&damaged, &bytes[..bytes.len() - 7]).expect("written");
    let third = Home::empty();
    let args = ["identity", "restore", text(&damaged), "--passphrase-file", text(&words), "-y"];
    assert!(third.fails(1, &args).contains("not whole"));
    assert!(third.fails(1, &["identity", "restore", text(&words), "-y"]).contains("no backup of this program"));
    assert_eq!(fs::read_dir(third.path()).expect("a folder").count(), 0, "nothing is left");
}

#[test]
fn the_main_key_is_changed_by_the_sheet_alone() {
    let (home, case) = Home::with_case();
    let sheet = home.path().join("recovery-sheet.txt");
    let used = home.written("used.txt", &fs::read_to_string(&sheet).expect("a sheet"));
    let key: String = "a7".repeat(32);
    assert!(home.fails(2, &["identity", "rotate", &key, "-y"]).contains("never typed into a command"));
    let other = home.written("other.txt", &key);
    assert!(home.fails(1, &["identity", "rotate", text(&other), "-y"]).contains("not the recovery sheet"));
    assert!(home.fails(2, &["identity", "rotate", text(&home.written("letter", "Dear Sir")), "-y"]).contains("no key"));
    assert_eq!(home.run(&["identity", "rotate", text(&used)]).status.code(), Some(2), "nobody can be asked");
    let (path, said) = home.said(&["identity", "rotate", text(&used), "-y"]);
    assert_eq!(path, text(&sheet));
    assert!(said.contains("Nothing is taken back by it") && said.contains("cannot be undone"), "{said}");
    assert!(home.fails(1, &["identity", "rotate", text(&used), "-y"]).contains("used up"));
    let shown = home.json(&["identity", "show"]);
    assert_eq!(shown["rotations"].as_array().map(Vec::len), Some(1));
    home.ok(&["note", &case, "all goes on", "-y"]);
    assert!(home.fails(1, &["identity", "mend", "-y"]).contains("no branch"));
}

#[test]
fn keys_under_a_passphrase_serve_services_by_a_file() {
    let (home, case) = Home::with_case();
    let words = home.written("words", "correct horse\n");
    let better = home.written("better", "battery staple\n");
    let set = ["identity", "passphrase", "--from", text(&words)];
    assert!(home.said(&set).1.contains("rest under the passphrase"));
    let why = home.fails(4, &["list"]);
    assert!(why.contains("COUNTERPART_PASSPHRASE_FILE"), "{why}");
    let wrong = home.unlocked(&better, &["list"]);
    assert!(wrong.status.code() == Some(4) && talk(&wrong).contains("not the passphrase"), "{}", talk(&wrong));
    let note = ["note", &case, "signed by a service", "-y"];
    succeeded(&note, home.unlocked(&words, &note));
    let change = ["identity", "passphrase", "--from", text(&better)];
    assert!(succeeded(&change, home.unlocked(&words, &change)).1.contains("is changed"));
    assert_eq!(home.unlocked(&words, &["list"]).status.code(), Some(4));
    let remove = ["identity", "passphrase", "--remove"];
    succeeded(&remove, home.unlocked(&better, &remove));
    assert!(home.ok(&["log", &case]).contains("signed by a service"));

    let service = Home::empty();
    let init = ["init", "--passphrase"];
    succeeded(&init, service.unlocked(&words, &init));
    let pem = fs::read_to_string(service.path().join("keys/root.pem")).expect("a key");
    assert!(pem.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----"));
    assert_eq!(service.run(&["list"]).status.code(), Some(4));
}

#[test]
fn a_device_is_renewed_or_asks_for_it() {
    let (home, case) = Home::with_case();
    let before = home.json(&["identity", "show"])["agents"][0]["device"].clone();
    let (short, said) = home.said(&["identity", "renew-device", "-y"]);
    for words in ["The end of the old one", "as ended", "Broadband price", "): #1"] {
        assert!(said.contains(words), "{words}: {said}");
    }
    let agents = home.json(&["identity", "show"])["agents"].clone();
    assert!(agents[1]["here"] == true && agents[1]["short"] == *short && agents[0]["device"] == before);
    assert!(home.ok(&["log", &case]).lines().count() >= 2, "the cut stands in the case");
    home.ok(&["note", &case, "with the new key", "-y"]);

    // A second copy asks the first.
    let party = home.json(&["agent", "list"])["party"].as_str().expect("an identity").to_owned();
    let laptop = Home::empty();
    let request = laptop.ok(&["agent", "ask", "--name", "laptop", "--for", &party]);
    laptop.ok(&["agent", "take", &home.ok(&["agent", "add", &request, "-y"])]);
    let (line, said) = laptop.said(&["identity", "renew-device"]);
    assert!(line.starts_with("counterpart:agent-request#") && said.contains("agent revoke"), "{said}");
    home.ok(&["agent", "revoke", "laptop", "--reason", "ended", "-y"]);
    let grant = home.ok(&["agent", "add", &line, "-y"]);
    laptop.ok(&["agent", "take", &grant]);
    assert!(laptop.fails(1, &["agent", "take", &grant]).contains("holds an identity already"));
    let agents = laptop.json(&["agent", "list"])["agents"].clone();
    let here: Vec<bool> = agents.as_array().expect("agents").iter().map(|a| a["here"] == true).collect();
    assert_eq!(here.iter().filter(|h| **h).count(), 1);
}
