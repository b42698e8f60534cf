//! Files on record and their bytes; what was erased, and what is left out of a bundle.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

use crate::{
    home::{Home, succeeded, talk},
    two_homes::joined,
};

impl Home {
    fn write(&self, name: &str, bytes: &[u8]) -> String {
        let path = self.path().join(name);
        fs::write(&path, bytes).expect("written");
        path.to_string_lossy().into_owned()
    }

    /// The command run in a folder.
    fn within(&self, folder: &Path, args: &[&str]) -> Command {
        let mut command = self.command(args);
        command.current_dir(folder);
        command
    }

    fn attachments(&self, case: &str) -> Vec<Value> {
        let all = self.json(&["attachments", case]);
        assert_eq!(all["schema"], "counterpart/attachments/1");
        all["attachments"].as_array().expect("a list").clone()
    }

    /// Whether bytes stand in any file of the home.
    fn has_anywhere(&self, needle: &[u8]) -> bool {
        let mut folders = vec![self.path().to_owned()];
        let mut files: Vec<PathBuf> = Vec::new();
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).expect("listed") {
                let path = entry.expect("an entry").path();
                if path.is_dir() { folders.push(path) } else { files.push(path) }
            }
        }
        // A node's socket cannot be read, and holds nothing.
        files.into_iter().any(|f| fs::read(f).unwrap_or_default().windows(needle.len()).any(|w| w == needle))
    }
}

/// The end of a log, on one line.
fn last(home: &Home, case: &str, count: &str) -> String {
    home.ok(&["log", case, "--last", count]).split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn a_file_on_record_is_kept_listed_and_saved() {
    let (home, case) = Home::with_case();
    let bill = home.write("May bill.pdf", b"%PDF abc");
    let (_, shown) = home.said(&["attach", ".", &bill, "-y"]);
    for told in ["With it go the bytes of", "May bill.pdf: kept here", "sealed: kept beside", "8 bytes"] {
        assert!(shown.contains(told), "{told}\n{shown}");
    }
    // The person's own file is not needed any more.
    fs::remove_file(&bill).expect("removed");
    let all = home.attachments(".");
    assert_eq!(
        (&all[0]["ref"], &all[0]["name"], &all[0]["here"]),
        (&"#2".into(), &"May bill.pdf".into(), &true.into())
    );
    assert!(last(&home, ".", "1").contains("May bill.pdf: here"));
    assert!(home.ok(&["show", "."]).contains("May bill.pdf (8 bytes), of Keith: here"));
    assert_eq!(home.json(&["show", "."])["attachments"][0]["here"], true);
    assert_eq!(home.json(&["log", "."])["entries"][1]["attachments"][0]["sha256"], all[0]["sha256"]);

    let folder = tempfile::tempdir().expect("a folder");
    let run = |args: &[&str]| home.within(folder.path(), args).output().expect("the command starts");
    let (saved, _) = succeeded(&["get"], run(&["attachment", "get", &case, "2"]));
    assert_eq!(saved, "May bill.pdf");
    assert_eq!(fs::read(folder.path().join(&saved)).expect("saved"), b"%PDF abc");
    let again = run(&["attachment", "get", &case, "2"]);
    assert_eq!(again.status.code(), Some(1), "nothing is written over");
    assert!(talk(&again).contains("is there already"));
    fs::write(folder.path().join(&saved), "mine").expect("written");
    succeeded(&["get"], run(&["attachment", "get", &case, "2", "--force"]));
    assert_eq!(fs::read(folder.path().join(&saved)).expect("saved"), b"%PDF abc");
    assert_eq!(run(&["attachment", "get", &case, "2", "-"]).stdout, b"%PDF abc");
    fs::create_dir(folder.path().join("bills")).expect("made");
    succeeded(&["get"], run(&["attachment", "get", &case, "2", "bills"]));
    assert!(folder.path().join("bills/May bill.pdf").exists());
    // A link that is there is not followed.
    #[cfg(unix)]
    {
        let target = folder.path().join("target");
        fs::write(&target, "mine").expect("written");
        std::os::unix::fs::symlink(&target, folder.path().join("link")).expect("made");
        assert_eq!(run(&["attachment", "get", &case, "2", "link"]).status.code(), Some(1));
        succeeded(&["get"], run(&["attachment", "get", &case, "2", "link", "--force"]));
        assert_eq!(fs::read(&target).expect("there"), b"mine");
    }
    for (typed, why) in [("1", "names no file"), ("2/2", "names 1 files"), ("99", "there is no 99")] {
        assert!(home.fails(2, &["attachment", "get", ".", typed]).contains(why), "{typed}");
    }
    assert!(home.ok(&["doctor"]).contains("1 attached files"));
}

#[test]
fn what_a_sender_calls_a_file_leads_nowhere() {
    let (home, _) = Home::with_case();
    let file = home.write("x", b"abc");
    let folder = tempfile::tempdir().expect("a folder");
    let inner = folder.path().join("inner");
    fs::create_dir(&inner).expect("made");
    for (n, (name, saved)) in [
        ("../../outside.sh", "outside.sh"),
        ("/etc/cron.d/x", "x"),
        ("..", "attachment-ba7816bf"),
        ("$(reboot)", "_(reboot)"),
    ]
    .into_iter()
    .enumerate()
    {
        home.ok(&["attach", ".", &file, "--name", name, "-y"]);
        let typed = (n + 2).to_string();
        let output = home.within(&inner, &["attachment", "get", ".", &typed]).output().expect("the command starts");
        assert_eq!(succeeded(&["get"], output).0, saved);
        assert!(inner.join(saved).exists());
    }
    assert_eq!(fs::read_dir(folder.path()).expect("listed").count(), 1, "nothing beside the folder");
}

#[test]
fn altered_bytes_are_found_and_not_given() {
    let (home, case) = Home::with_case();
    home.ok(&["attach", ".", &home.write("x", b"abcdef"), "-y"]);
    let stored =
        fs::read_dir(home.path().join("attachments")).expect("listed").next().expect("a case").expect("an entry");
    let stored = fs::read_dir(stored.path()).expect("listed").next().expect("a file").expect("an entry").path();
    fs::write(stored, b"abcdeX").expect("written");
    let folder = tempfile::tempdir().expect("a folder");
    let got = home.within(folder.path(), &["attachment", "get", &case, "2"]).output().expect("the command starts");
    assert_eq!(got.status.code(), Some(3));
    assert_eq!(fs::read_dir(folder.path()).expect("listed").count(), 0, "no half file is left");
    let report = home.run(&["doctor"]);
    assert_eq!(report.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&report.stdout).contains("was altered"));
}

#[test]
fn files_travel_and_what_is_only_named_can_be_supplied() {
    let (customer, up, supplier, case) = joined();
    let photo: Vec<u8> = (0..400_000_u32).flat_map(u32::to_le_bytes).collect();
    customer.ok(&["attach", &case, &customer.write("meter.jpg", &photo), "-y"]);
    // One that stands in a stated fact, and one by its fingerprint alone.
    let contract = supplier.write("contract.txt", b"the contract");
    supplier.ok(&["item", &case, "contract", &contract, "--type", "file", "-y"]);
    let recording = supplier.write("call.mp3", b"a long call");
    let (_, said) = supplier.said(&["attach", &case, &recording, "--fingerprint-only", "-y"]);
    assert!(said.contains("keep the file") && !said.contains("With it go"), "{said}");
    supplier.ok(&["sync", &case]);
    let states = |home: &Home| -> Vec<(String, String)> {
        let word = |v: &Value| v.as_str().unwrap_or("(sealed)").to_owned();
        home.attachments(&case).iter().map(|a| (word(&a["name"]), word(&a["state"]))).collect()
    };
    let three = |names: [(&str, &str); 3]| names.map(|(n, s)| (n.to_owned(), s.to_owned())).to_vec();
    let mut found = states(&supplier);
    found.sort();
    assert_eq!(found, three([("call.mp3", "not here"), ("contract.txt", "here"), ("meter.jpg", "here")]));
    let mut found = states(&customer);
    found.sort();
    assert_eq!(
        found,
        three([("call.mp3", "not here"), ("contract.txt", "here"), ("meter.jpg", "here")]),
        "after one sync"
    );
    let of = |home: &Home, name: &str| -> String {
        let all = home.attachments(&case);
        let one = all.iter().find(|a| a["name"] == name).expect("on record");
        one["ref"].as_str().expect("a reference").trim_start_matches('#').to_owned()
    };
    let folder = tempfile::tempdir().expect("a folder");
    let saved = folder.path().join("saved.jpg");
    supplier.ok(&["attachment", "get", &case, &of(&supplier, "meter.jpg"), saved.to_str().expect("plain")]);
    assert!(fs::read(&saved).expect("saved") == photo);
    let call = of(&customer, "call.mp3");
    let missing = customer.fails(1, &["attachment", "get", &case, &call]);
    assert!(missing.contains("not here yet") && missing.contains("attachment put"), "{missing}");

    // It came by e-mail.
    let wrong = customer.write("wrong.mp3", b"another call");
    assert!(customer.fails(3, &["attachment", "put", &case, &call, &wrong]).contains("its bytes differ"));
    customer.ok(&["attachment", "put", &case, &call, &customer.write("right.mp3", b"a long call")]);
    assert_eq!(states(&customer).iter().filter(|(_, s)| s == "here").count(), 3);
    // The running node noticed, and gives it on.
    supplier.ok(&["sync", &case]);
    assert_eq!(states(&supplier).iter().filter(|(_, s)| s == "here").count(), 3);
    for home in [&customer, &supplier] {
        assert!(home.ok(&["doctor"]).contains("all is well"));
    }
    drop(up);
}

#[test]
fn too_large_a_file_is_refused_before_anything_is_signed() {
    let (home, _) = Home::with_case();
    let path = home.path().join("film.mp4");
    let film = fs::File::create(&path).expect("made");
    film.set_len(256 * 1024 * 1024 + 1).expect("a sparse file");
    let path = path.to_string_lossy().into_owned();
    let refused = home.fails(2, &["attach", ".", &path, "-y"]);
    assert!(refused.contains("268 MB") && refused.contains("--fingerprint-only"), "{refused}");
    assert_eq!(home.json(&["show", "."])["case"]["entries"], 1);
    home.ok(&["attach", ".", &path, "--fingerprint-only", "-y"]);
    assert_eq!(home.attachments(".")[0]["state"], "too large");
}

#[test]
fn erased_here_at_once_and_there_when_they_agree() {
    let (customer, up, supplier, case) = joined();
    customer.ok(&[
        "call",
        &case,
        "They will ring back",
        "--with",
        "supplier:Priya Shah",
        "--number",
        "0800 11 22",
        "-y",
    ]);
    customer.ok(&["attach", &case, &customer.write("secret.jpg", b"a photo of the meter"), "-y"]);
    fs::remove_file(customer.path().join("secret.jpg")).expect("removed");
    supplier.ok(&["sync", &case]);
    let (priya, photo) = (b"Priya Shah".as_slice(), b"a photo of the meter".as_slice());
    for home in [&customer, &supplier] {
        assert!(home.has_anywhere(priya) && home.has_anywhere(photo));
    }
    let number = |kind: &str| -> String {
        let log = customer.json(&["log", &case]);
        let entry =
            log["entries"].as_array().expect("entries").iter().find(|e| e["kind"] == kind).expect("there").clone();
        entry["ref"].as_str().expect("a reference").trim_start_matches('#').to_owned()
    };
    let (call, file) = (number("contact"), number("attach"));

    assert!(customer.fails(2, &["erase", &case, &call]).contains("add --yes"));
    assert!(customer.has_anywhere(priya), "nothing is erased unasked");
    let (_, said) = customer.said(&["erase", &case, &call, "person", "--reason", "she left", "-y"]);
    for told in [
        "asks everybody to erase",
        "the person of",
        "Priya Shah",
        "now and for good",
        "Erased on this machine: the person",
    ] {
        assert!(said.contains(told), "{told}\n{said}");
    }
    assert!(!customer.has_anywhere(priya), "while the node runs");
    assert!(customer.has_anywhere(b"0800 11 22"), "the number was not asked for");
    customer.ok(&["erase", &case, &file, "-y"]);
    assert!(!customer.has_anywhere(photo) && !customer.has_anywhere(b"secret.jpg"));
    let told = customer.ok(&["log", &case]).split_whitespace().collect::<Vec<_>>().join(" ");
    for part in ["the person: erased by Keith,", "a file: erased by Keith,", "Keith has erased the person of"] {
        assert!(told.contains(part), "{part}\n{told}");
    }
    assert_eq!(customer.attachments(&case)[0]["state"], "erased");
    assert!(customer.fails(1, &["attachment", "get", &case, &file]).contains("erased by Keith"));
    assert!(customer.fails(1, &["erase", &case, &file, "-y"]).contains("erased that"));

    // The other side is asked, and keeps its copy until it says otherwise.
    supplier.ok(&["sync", &case]);
    assert!(supplier.has_anywhere(priya) && supplier.has_anywhere(photo));
    let next = supplier.ok(&["next", &case]).split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(next.contains("Erase your copy of what") && next.contains("counterpart erased"), "{next}");
    let asked = supplier.json(&["next", &case]);
    let own = asked["sides"].as_array().expect("sides").iter().find(|s| s["own"] == true).expect("ours").clone();
    let erase: Vec<&Value> =
        own["waiting"].as_array().expect("a list").iter().filter(|w| w["expected"] == "erase").collect();
    assert_eq!(erase.len(), 3, "the person, the file, its name: {own}");
    assert!(erase[0]["commands"][0].as_str().expect("a command").starts_with("counterpart erased "));
    supplier.ok(&["erased", &case, &file, "-y"]);
    assert!(!supplier.has_anywhere(photo) && !supplier.has_anywhere(b"secret.jpg"));
    let request = erase[0]["about"]["ref"].as_str().expect("a reference").trim_start_matches('#').to_owned();
    supplier.ok(&["erased", &case, &request, "-y"]);
    assert!(!supplier.has_anywhere(priya));
    assert!(supplier.fails(1, &["erased", &case, &request, "-y"]).contains("before"));
    assert!(supplier.fails(1, &["erased", &case, "1", "-y"]).contains("nobody asked"));
    assert!(!supplier.ok(&["next", &case]).contains("Erase your copy"));

    // Both come together again, and nothing comes back.
    for _ in 0..2 {
        supplier.ok(&["sync", &case]);
    }
    for home in [&customer, &supplier] {
        assert!(!home.has_anywhere(priya) && !home.has_anywhere(photo));
        assert!(home.ok(&["doctor"]).contains("all is well"));
        let told = home.ok(&["log", &case]).split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(told.contains("erased by Keith") && told.contains("erased by Northlink Ltd"), "{told}");
    }
    assert!(customer.fails(1, &["erase", &case, "1", "-y"]).contains("nothing that could be erased"));
    up.stop();
}

#[test]
fn sealed_things_are_left_out_of_a_bundle_one_by_one() {
    let (home, _) = Home::with_case();
    home.ok(&["call", ".", "They will ring back", "--with", "supplier:Priya Shah", "--number", "0800 11 22", "-y"]);
    home.ok(&["attach", ".", &home.write("x.jpg", b"a photo"), "-y"]);
    home.ok(&["handover", ".", "--person", "Ann", "--summary", "Ring them about the refund", "-y"]);
    let bundle = |name: &str, args: &[&str]| -> (Vec<u8>, Value) {
        let path = home.path().join(name).to_string_lossy().into_owned();
        let told = home.json(&[&["export", ".", &path], args].concat());
        home.ok(&["verify", &path]);
        (fs::read(&path).expect("written"), told)
    };
    let has = |bytes: &[u8], text: &str| bytes.windows(text.len()).any(|w| w == text.as_bytes());
    let all = ["Priya Shah", "0800 11 22", "a photo", "x.jpg", "Ann", "Ring them about the refund"];
    for (name, args, kept) in [
        ("all.zip", &[][..], &all[..]),
        ("some.zip", &["--withhold", "2/person", "--withhold", "3/file"], &["0800 11 22", "x.jpg", "Ann", all[5]]),
        ("less.zip", &["--withhold", "2", "--withhold", "4/summary"], &["a photo", "x.jpg", "Ann"]),
        ("one.zip", &["--only-disclose", "4/summary"], &[all[5]]),
        ("file.zip", &["--only-disclose", "3"], &["a photo", "x.jpg"]),
    ] {
        let (bytes, told) = bundle(name, args);
        for text in all {
            assert_eq!(has(&bytes, text), kept.contains(&text), "{text} in {name}");
        }
        let left_out = told["withheld"]["values"].as_u64().expect("a number")
            + told["withheld"]["attachments"].as_u64().expect("a number");
        assert_eq!(left_out, (all.len() - kept.len()) as u64, "{name}: {told}");
    }
    let path = home.path().join("none.zip").to_string_lossy().into_owned();
    assert!(home.fails(2, &["export", ".", &path, "--withhold", "2/summary"]).contains("names nothing"));
    assert!(!Path::new(&path).exists());
    // The store keeps it all.
    assert!(home.ok(&["log", "."]).contains("Priya Shah"));
}
