//! A case by file: two homes that never meet, from the invitation to the closed case; and what can happen to files.

use std::{fs, path::PathBuf};

use counterpart_mail::Security;
use counterpart_node::{Desk, MailServer, MailSettings};
use serde_json::Value;

use crate::{
    home::{Home, succeeded, talk},
    mail_server::Smtp,
    two_homes::joined,
};

impl Home {
    fn place(&self, name: &str) -> String {
        self.path().join(name).to_str().expect("a plain path").to_owned()
    }

    /// Writes what the other side lacks; gives the file.
    pub(crate) fn posts(&self, case: &str, name: &str) -> String {
        let file = self.place(name);
        assert_eq!(self.ok(&["post", case, "--file", &file, "--force"]), file);
        file
    }

    pub(crate) fn takes(&self, file: &str) -> Value {
        self.json(&["take", file])
    }

    fn seen(&self, case: &str) -> Value {
        self.json(&["show", case])
    }

    fn heads(&self, case: &str) -> Value {
        self.seen(case)["case"]["heads"].clone()
    }

    fn count(&self, case: &str) -> usize {
        self.json(&["log", case])["entries"].as_array().map_or(0, Vec::len)
    }
}

/// A customer, and a supplier who came in by files alone; gives the case's short form. No node ever runs.
pub(crate) fn joined_by_file() -> (Home, Home, String) {
    let (customer, case) = Home::with_case();
    let supplier = Home::new();
    let link = customer.ok(&["invite", &case, "-y"]);
    let request = supplier.place("request.post");
    supplier.ok(&["join", &link, "--file", &request, "-y"]);
    customer.ok(&["take", &request, "-y"]);
    supplier.ok(&["take", &customer.posts(&case, "case.post")]);
    customer.ok(&["take", &supplier.posts(&case, "joined.post")]);
    (customer, supplier, case)
}

#[test]
fn a_case_from_invitation_to_closing_by_files_alone() {
    let (customer, case) = Home::with_case();
    customer.ok(&["note", &case, "They promised a lower price", "-y"]);
    let supplier = Home::new();
    assert!(customer.fails(1, &["post", &case]).contains("nobody else is in the case yet"));
    let link = customer.ok(&["invite", &case, "-y"]);

    // The request is written only once it was shown and agreed to.
    let request = supplier.place("request.post");
    assert!(supplier.fails(2, &["join", &link, "--file", &request]).contains("nobody can be asked"));
    let (written, said) = supplier.said(&["join", &link, "--file", &request, "-y"]);
    assert_eq!(written, request);
    assert!(said.contains("not encrypted") && said.contains("counterpart take"), "{said}");
    assert!(supplier.fails(1, &["join", &link, "--file", &request, "-y"]).contains("is there already"));

    // The opener sees what is signed, and who asks, before it is.
    let before = customer.count(&case);
    let said = customer.fails(2, &["take", &request]);
    assert!(said.contains("nothing was signed"), "{said}");
    assert_eq!(customer.count(&case), before);
    let (admitted, said) = customer.said(&["take", &request, "-y"]);
    assert!(said.contains("Keith admits Northlink Ltd") && said.contains("check number"), "{said}");
    assert!(said.contains(&format!("counterpart post {case}")), "{said}");
    assert_eq!(customer.count(&case), before + 1);
    // Once more is no second time.
    assert_eq!(customer.ok(&["take", &request, "-y"]), admitted);
    assert_eq!(customer.count(&case), before + 1);

    let file = customer.place("case.post");
    let (_, said) = customer.said(&["post", &case, "--file", &file]);
    assert!(said.contains("In it for Northlink Ltd: 4 entries"), "{said}");
    assert!(said.contains("not encrypted: whoever gets hold of it can read"), "{said}");
    let (taken, said) = supplier.said(&["take", &file]);
    assert!(taken.starts_with(&format!("{case}: 4 new entries")), "{taken}");
    assert!(said.contains("You are in: Broadband price") && said.contains("counterpart post"), "{said}");
    assert!(supplier.takes(&file)["cases"][0]["entries"].as_array().is_some_and(Vec::is_empty), "twice is harmless");

    // Not a word of theirs is here yet; then they have received everything.
    assert!(customer.ok(&["show", &case]).contains("Not yet received by Northlink Ltd"));
    customer.ok(&["take", &supplier.posts(&case, "joined.post")]);
    assert!(customer.ok(&["show", &case]).contains("Northlink Ltd has received everything"));
    assert_eq!(customer.heads(&case), supplier.heads(&case));

    // Proposed, countered, accepted, done, approved, closed.
    let there = |from: &Home, to: &Home| {
        let file = from.posts(&case, "next.post");
        to.takes(&file);
        assert_eq!(from.heads(&case), to.heads(&case));
    };
    let offer = customer.ok(&["propose", &case, "charge £24.99 a month for 12 months", "-y"]);
    there(&customer, &supplier);
    let said = supplier.said(&["take", &customer.posts(&case, "again.post")]).1;
    assert!(said.contains("Your move:") && said.contains("charge £24.99"), "whose move it is: {said}");
    let counter = supplier.ok(&["counter", &case, &offer, "--what", "charge £26.99 a month for 12 months", "-y"]);
    there(&supplier, &customer);
    customer.ok(&["accept", &case, &counter, "-y"]);
    there(&customer, &supplier);
    assert_eq!(supplier.seen(&case)["actions"][0]["state"], "agreed");
    let done = supplier.ok(&["done", &case, &counter, "-y"]);
    there(&supplier, &customer);
    customer.ok(&["approve", &case, &done, "-y"]);
    let close = customer.ok(&["close", &case, "-y"]);
    there(&customer, &supplier);
    supplier.ok(&["accept", &case, &close, "-y"]);
    there(&supplier, &customer);
    for home in [&customer, &supplier] {
        let seen = home.seen(&case);
        assert_eq!(
            (&seen["case"]["state"], &seen["actions"][0]["state"]),
            (&"closed".into(), &"completed".into()),
            "{seen}"
        );
        assert!(home.ok(&["doctor"]).contains("all is well"));
    }
    // What the last one signed is received as well, once a receipt came back.
    there(&customer, &supplier);
    let told = supplier.ok(&["show", &case]);
    assert!(told.contains("Keith has received everything"), "{told}");
    // Now by what both signed there is nothing left to write.
    let (_, said) = supplier.said(&["post", &case, "--file", &supplier.place("last.post")]);
    assert!(said.contains("has every entry already"), "{said}");
}

#[test]
fn what_a_file_says_in_json_and_where_it_goes() {
    let (customer, supplier, case) = joined_by_file();
    customer.ok(&["note", &case, "one", "-y"]);
    let folder = tempfile::tempdir().expect("a folder");
    // Without a name it lies where the person is, under a name that nothing has there.
    for name in [format!("{case}.post"), format!("{case}-2.post")] {
        let args = ["post", &case, "--to", "supplier"];
        let output = customer.command(&args).current_dir(folder.path()).output().expect("the command starts");
        assert_eq!(succeeded(&args, output).0, name);
        assert!(folder.path().join(&name).is_file());
    }
    assert!(customer.fails(2, &["post", &case, "--to", "me"]).contains("your own"));
    let there = folder.path().join(format!("{case}.post"));
    let there = there.to_str().expect("a plain path");
    assert!(customer.fails(1, &["post", &case, "--file", there]).contains("is there already"));
    let told = customer.json(&["post", &case, "--file", there, "--force"]);
    assert_eq!((&told["schema"], &told["entries"]), (&"counterpart/post/1".into(), &1.into()), "{told}");
    assert_eq!(told["bytes"], fs::metadata(there).expect("written").len());
    let all = customer.json(&["post", &case, "--file", there, "--force", "--all"]);
    assert!(all["entries"].as_u64() > Some(4) && all["key_events"].as_u64() > Some(2), "{all}");

    let told = supplier.takes(there);
    assert_eq!(told["schema"], "counterpart/take/1");
    assert_eq!((&told["files"][0]["whole"], &told["cases"][0]["first"]), (&true.into(), &false.into()), "{told}");
    assert_eq!(told["cases"][0]["entries"].as_array().map(Vec::len), Some(1));
}

#[test]
fn files_that_are_no_use_are_refused_by_name_and_nothing_is_lost() {
    let (customer, supplier, case) = joined_by_file();
    customer.ok(&["note", &case, "one", "-y"]);
    let first = customer.posts(&case, "1.post");
    supplier.ok(&["take", &first]);
    supplier.ok(&["note", &case, "received", "-y"]);
    customer.ok(&["take", &supplier.posts(&case, "r.post")]);
    customer.ok(&["note", &case, "two", "-y"]);
    let second = customer.posts(&case, "2.post");

    // A third home that was never asked.
    let stranger = Home::new();
    let said = stranger.fails(1, &["take", &second]);
    assert!(said.contains("which is not here") && said.contains("counterpart join LINK --file"), "{said}");
    assert!(stranger.fails(2, &["take", &stranger.place("nothing.post")]).contains("there is no file"));
    fs::write(stranger.place("photo.post"), b"\x89PNG\r\n").expect("written");
    assert!(
        stranger.fails(2, &["take", &stranger.place("photo.post")]).contains("no file that `counterpart post` wrote")
    );
    fs::write(stranger.place("later.post"), b"counterpart post 9\n\0\0\0\x01\xa0").expect("written");
    assert!(stranger.fails(2, &["take", &stranger.place("later.post")]).contains("another version"));

    // Somebody who lost what came before: a gap, and how to fill it.
    let before = fs::read(&second).expect("the file");
    let lost = joined_by_file().1;
    assert!(lost.fails(1, &["take", &second]).contains("which is not here"), "it is another case");

    // Cut off anywhere: what came whole stays, and it is said.
    let cut = supplier.place("cut.post");
    for at in (0..before.len()).step_by(before.len() / 12) {
        fs::write(&cut, &before[..at]).expect("written");
        let output = supplier.run(&["take", &cut]);
        let said = talk(&output);
        assert!(matches!(output.status.code(), Some(1 | 2)), "{at}: {said}");
        assert!(
            said.contains("cut off") || said.contains("no file that") || said.contains("another version"),
            "{at}: {said}"
        );
    }
    // Altered: refused by name, and no entry that nobody signed.
    let genuine: Vec<Value> = log_of(&customer, &case);
    for at in (20..before.len()).step_by(before.len() / 40) {
        let mut bytes = before.clone();
        bytes[at] ^= 0x15;
        fs::write(&cut, &bytes).expect("written");
        let output = supplier.run(&["take", &cut, "--json"]);
        assert!(output.status.code().is_some_and(|code| code <= 3), "{at}: {}", talk(&output));
        assert!(log_of(&supplier, &case).iter().all(|entry| genuine.contains(entry)), "byte {at}");
    }
    supplier.ok(&["take", &second]);
    assert_eq!(customer.heads(&case), supplier.heads(&case));
    assert!(supplier.ok(&["doctor"]).contains("all is well"));
}

/// What was signed, by id.
fn log_of(home: &Home, case: &str) -> Vec<Value> {
    let log = home.json(&["log", case]);
    log["entries"].as_array().into_iter().flatten().map(|entry| entry["id"].clone()).collect()
}

#[test]
fn several_files_in_any_order_and_a_gap() {
    let (customer, supplier, case) = joined_by_file();
    // Files of a customer who takes the supplier to have each when it was written: his statement says so.
    let spare = Home::empty();
    copy(supplier.path(), spare.path());
    let mut files = Vec::new();
    for n in 0..3 {
        customer.ok(&["note", &case, &format!("of the customer {n}"), "-y"]);
        let file = customer.posts(&case, &format!("{n}.post"));
        supplier.ok(&["take", &file]);
        supplier.ok(&["note", &case, &format!("of the supplier {n}"), "-y"]);
        customer.ok(&["take", &supplier.posts(&case, "back.post")]);
        files.push(file);
    }
    // In the home as it was before, the last one has a gap.
    let output = spare.run(&["take", &files[2], "--json"]);
    assert_eq!(output.status.code(), Some(1), "{}", talk(&output));
    let told: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert!(told["files"][0]["waiting"].as_u64() > Some(0), "{told}");
    let said = spare.fails_somehow(&["take", &files[2]]);
    assert!(said.contains("rests on entries that are not here") && said.contains("--all"), "{said}");
    // What waits for its own feed waits for entries of the supplier as well: those it signed after the copy was made. A
    // copy learns from them that it is one, and signs nothing more.
    let all = customer.place("all.post");
    customer.ok(&["post", &case, "--file", &all, "--all"]);
    let output = spare.run(&["take", &files[2], &all, &files[0]]);
    assert!(output.status.success(), "{}", talk(&output));
    assert!(talk(&output).contains("was used elsewhere"), "{}", talk(&output));
    assert_eq!(spare.heads(&case), customer.heads(&case));
}

impl Home {
    fn fails_somehow(&self, args: &[&str]) -> String {
        let output = self.run(args);
        assert!(!output.status.success());
        talk(&output)
    }
}

fn copy(from: &std::path::Path, to: &std::path::Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("listed") {
        let path = entry.expect("an entry").path();
        let target = to.join(path.file_name().expect("a name"));
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).expect("copied");
        }
    }
}

#[test]
fn attached_files_go_along_up_to_a_size() {
    let (customer, supplier, case) = joined_by_file();
    let file = |name: &str, size: usize, seed: u8| -> PathBuf {
        let path = customer.path().join(name);
        let bytes: Vec<u8> = (0..size).map(|n| u8::try_from(n * usize::from(seed) % 251).expect("a byte")).collect();
        fs::write(&path, bytes).expect("written");
        path
    };
    let (small, large) = (file("bill.pdf", 300_000, 3), file("film.mp4", 12_000_000, 5));
    for path in [&small, &large] {
        customer.ok(&["attach", &case, path.to_str().expect("a plain path"), "-y"]);
    }
    let post = customer.place("files.post");
    let (_, said) = customer.said(&["post", &case, "--file", &post]);
    assert!(said.contains("1 attached file") && said.contains("film.mp4"), "{said}");
    assert!(said.contains("--files takes all of them along"), "{said}");
    let told = supplier.takes(&post);
    assert_eq!(told["files"][0]["files"].as_array().map(Vec::len), Some(1), "{told}");
    let here = |home: &Home| -> Vec<Value> {
        let all = home.json(&["attachments", &case]);
        all["attachments"].as_array().into_iter().flatten().map(|file| file["state"].clone()).collect()
    };
    assert_eq!(here(&supplier), ["here", "not here"]);
    // Their receipt says what is lacking: only that goes now.
    customer.ok(&["take", &supplier.posts(&case, "r.post")]);
    let told = customer.json(&["post", &case, "--file", &post, "--force", "--files"]);
    assert_eq!((&told["entries"], told["files"].as_array().map(Vec::len)), (&0.into(), Some(1)), "{told}");
    assert!(told["bytes"].as_u64() > Some(12_000_000), "{told}");
    // Cut off in the middle of the film nothing of it is kept, and what was there stays.
    let bytes = fs::read(&post).expect("the file");
    let cut = supplier.place("cut.post");
    fs::write(&cut, &bytes[..bytes.len() / 2]).expect("written");
    assert!(supplier.fails_somehow(&["take", &cut]).contains("cut off"));
    assert_eq!(here(&supplier), ["here", "not here"]);
    // Another byte in it: refused, and not kept.
    let mut altered = bytes.clone();
    let at = bytes.len() / 2;
    altered[at] ^= 1;
    fs::write(&cut, &altered).expect("written");
    let said = supplier.fails_somehow(&["take", &cut]);
    assert!(said.contains("other bytes than the record names"), "{said}");
    assert_eq!(here(&supplier), ["here", "not here"]);
    supplier.ok(&["take", &post]);
    assert_eq!(here(&supplier), ["here", "here"]);
    let out = supplier.place("out.mp4");
    supplier.ok(&["attachment", "get", &case, &last_file(&supplier, &case), &out]);
    assert!(fs::read(out).expect("saved") == fs::read(large).expect("there"), "every byte");
    let left = fs::read_dir(supplier.path()).expect("listed").filter_map(Result::ok);
    let left: Vec<_> = left.map(|e| e.file_name()).filter(|n| n.to_string_lossy().ends_with(".taking")).collect();
    assert!(left.is_empty(), "{left:?}");
    // A receipt for it comes back, and nothing goes any more.
    customer.ok(&["take", &supplier.posts(&case, "r.post")]);
    let told = customer.json(&["post", &case, "--file", &post, "--force", "--files"]);
    assert_eq!((&told["entries"], told["files"].as_array().map(Vec::len)), (&0.into(), Some(0)), "{told}");
}

fn last_file(home: &Home, case: &str) -> String {
    let all = home.json(&["attachments", case]);
    let last = all["attachments"].as_array().and_then(|all| all.last()).expect("a file").clone();
    last["ref"].as_str().expect("its reference").trim_start_matches('#').to_owned()
}

#[test]
fn files_and_nodes_side_by_side() {
    let (customer, up, supplier, case) = joined();
    // Written while a node runs, taken where none does.
    customer.ok(&["note", &case, "by file", "-y"]);
    let file = customer.posts(&case, "1.post");
    supplier.ok(&["take", &file]);
    supplier.ok(&["note", &case, "seen", "-y"]);
    // The running node is told of what was taken beside it.
    let back = supplier.posts(&case, "2.post");
    customer.ok(&["take", &back]);
    assert_eq!(customer.heads(&case), supplier.heads(&case));
    // Then live, and what is taken afterwards brings nothing.
    supplier.ok(&["note", &case, "and now live", "-y"]);
    supplier.ok(&["sync", &case]);
    up.until("what was sent live arrives", || customer.heads(&case) == supplier.heads(&case));
    for (home, file) in [(&customer, &back), (&supplier, &file)] {
        let told = home.takes(file);
        assert!(told["cases"][0]["entries"].as_array().is_some_and(Vec::is_empty), "{told}");
    }
    customer.ok(&["note", &case, "written while they are linked", "-y"]);
    let supplier_up = supplier.up();
    let late = customer.posts(&case, "3.post");
    supplier.ok(&["take", &late]);
    supplier_up.until("both have the same", || customer.heads(&case) == supplier.heads(&case));
    supplier.ok(&["note", &case, "thanks", "-y"]);
    up.until("and go on live", || customer.heads(&case) == supplier.heads(&case));
    up.until("with receipts", || customer.ok(&["show", &case]).contains("has received everything"));
    supplier_up.stop();
    up.stop();
    for home in [&customer, &supplier] {
        assert!(home.ok(&["doctor"]).contains("all is well"));
    }
}

#[test]
fn a_request_that_does_not_hold_lets_nobody_in() {
    let (customer, case) = Home::with_case();
    let link = customer.ok(&["invite", &case, "-y"]);
    let (first, second) = (Home::new(), Home::new());
    let request = |home: &Home| {
        let file = home.place("request.post");
        home.ok(&["join", &link, "--file", &file, "-y"]);
        file
    };
    let (of_first, of_second) = (request(&first), request(&second));
    // Altered anywhere it lets nobody in.
    let bytes = fs::read(&of_first).expect("the request");
    let altered = first.place("altered.post");
    for at in (20..bytes.len()).step_by(bytes.len() / 40) {
        let mut other = bytes.clone();
        other[at] ^= 0x21;
        fs::write(&altered, &other).expect("written");
        let output = customer.run(&["take", &altered, "-y"]);
        let harmless = output.status.success() && customer.count(&case) == 3;
        if harmless {
            // What the head says of who wrote it is nobody's word: the request itself was whole.
            assert!(at < 200, "byte {at}: {}", talk(&output));
            break;
        }
        assert_eq!(customer.count(&case), 2, "byte {at}: {}", talk(&output));
    }
    customer.ok(&["take", &of_first, "-y"]);
    let said = customer.fails(1, &["take", &of_second, "-y"]);
    assert!(said.contains("somebody else came in"), "{said}");
    assert!(second.fails(1, &["take", &of_first, "-y"]).contains("rests on no invitation made on this machine"));
    // Who was not let in gets nothing out of the file that the other was given.
    let file = customer.posts(&case, "case.post");
    let said = second.said(&["take", &file]).1;
    assert!(said.contains("not let in"), "{said}");
}

#[test]
fn by_mail_and_out_of_a_saved_mail() {
    let Some(server) = Smtp::start() else { return };
    let (customer, supplier, case) = joined_by_file();
    let no_mail = customer.fails(2, &["post", &case, "--mail", "dean@northlink.example", "-y"]);
    assert!(no_mail.contains("counterpart mail set"), "{no_mail}");
    let desk = Desk::open(customer.path()).expect("an opened home");
    let send = MailServer { host: "127.0.0.1".to_owned(), port: server.port, security: Security::Plain, login: None };
    let own = "Keith <keith@home.example>".parse().expect("an address");
    desk.keep_mail_settings(&MailSettings { own, send: Some(send), fetch: None, roots: Vec::new() }).expect("kept");
    drop(desk);
    customer.ok(&["note", &case, "by mail", "-y"]);
    // Only with a person's yes, and the exact mail shown first.
    let said = customer.fails(2, &["post", &case, "--mail", "dean@northlink.example"]);
    assert!(said.contains("nothing was sent") && server.received().is_empty(), "{said}");
    let (_, said) = customer.said(&["post", &case, "--mail", "dean@northlink.example", "-y"]);
    assert!(
        said.contains("to       dean@northlink.example") && said.contains(&format!("[{case}] Broadband price")),
        "{said}"
    );
    assert!(said.contains(&format!("{case}.post")) && said.contains("encrypted"), "{said}");
    let received = server.received();
    assert_eq!(received.len(), 1);
    let saved = supplier.place("mail.eml");
    fs::write(&saved, received[0].text()).expect("written");
    let told = supplier.takes(&saved);
    assert_eq!(told["cases"][0]["entries"].as_array().map(Vec::len), Some(1), "{told}");
    assert_eq!(customer.heads(&case), supplier.heads(&case));

    // A mail that was fetched is taken in by itself, and is no contact.
    customer.ok(&["note", &case, "by mail once more", "-y"]);
    customer.ok(&["post", &case, "--mail", "dean@northlink.example", "-y"]);
    let desk = Desk::open(supplier.path()).expect("an opened home");
    assert_eq!(desk.put_mail_aside(&server.received()[1].bytes), Ok(true));
    assert_eq!(desk.take_waiting_mail(counterpart_node::now()).map(|taken| taken.len()), Ok(1));
    assert_eq!(desk.mail_aside().map(|waiting| waiting.len()), Ok(0));
    drop(desk);
    assert_eq!(customer.heads(&case), supplier.heads(&case));
    // A request to join waits for a person, whoever mailed it.
    let (other, theirs) = Home::with_case();
    let link = other.ok(&["invite", &theirs, "-y"]);
    let request = supplier.place("other.post");
    supplier.ok(&["join", &link, "--file", &request, "-y"]);
    let mail = format!(
        "From: dean@northlink.example\r\nTo: keith@home.example\r\nSubject: [{theirs}] a request\r\nDate: Mon, 6 Jul 2026 10:00:00 \
         +0100\r\nMessage-ID: <r@northlink.example>\r\nContent-Type: application/octet-stream\r\nContent-Disposition: \
         attachment; filename=\"../../r.post\"\r\nContent-Transfer-Encoding: base64\r\n\r\n{}\r\n",
        in_base64(&fs::read(&request).expect("the request")),
    );
    let desk = Desk::open(other.path()).expect("an opened home");
    assert_eq!(desk.put_mail_aside(mail.as_bytes()), Ok(true));
    assert_eq!(desk.take_waiting_mail(counterpart_node::now()).map(|taken| taken.len()), Ok(0));
    assert_eq!(desk.mail_aside().map(|waiting| waiting.len()), Ok(1));
    drop(desk);
    let saved = other.place("request.eml");
    fs::write(&saved, mail).expect("written");
    assert!(other.said(&["take", &saved, "-y"]).1.contains("is let in"));
}

/// In lines, as mail has it.
fn in_base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let letters = bytes.chunks(3).flat_map(|three| {
        let number = three.iter().chain(&[0; 2]).take(3).fold(0_usize, |n, byte| n << 8 | usize::from(*byte));
        let all = [18, 12, 6, 0].map(|shift| char::from(LETTERS[number >> shift & 63]));
        let used = three.len() + 1;
        (0..4).map(move |n| if n < used { all[n] } else { '=' })
    });
    let letters: Vec<char> = letters.collect();
    letters.chunks(76).map(|line| line.iter().collect::<String>()).collect::<Vec<_>>().join("\r\n")
}

#[test]
fn a_third_comes_in_by_file_while_two_are_linked() {
    let customer = Home::new();
    let case = customer.ok(&[
        "new",
        "Broadband price",
        "--with",
        "Northlink Ltd:supplier",
        "--with",
        "Resolve:third",
        "--as",
        "Keith:customer",
        "-y",
    ]);
    let up = customer.up();
    let link = customer.ok(&["invite", &case, "--seat", "supplier", "-y"]);
    let supplier = Home::new();
    assert_eq!(supplier.ok(&["join", &link, "-y"]), case);
    let supplier_up = supplier.up();
    let admission = customer.ok(&["propose", &case, "--admit", "Resolve", "-y"]);
    supplier_up.until("the proposal arrives", || customer.heads(&case) == supplier.heads(&case));
    supplier.ok(&["accept", &case, &admission, "-y"]);
    up.until("the answer arrives", || customer.heads(&case) == supplier.heads(&case));
    let link = customer.ok(&["invite", &case, "--seat", "Resolve", "-y"]);
    let third = Home::new();
    let request = third.place("request.post");
    third.ok(&["join", &link, "--file", &request, "-y"]);
    // What the running node passes on rests on a key log that only the file brought.
    customer.ok(&["take", &request, "-y"]);
    supplier_up.until("it is passed on", || customer.heads(&case) == supplier.heads(&case));
    let file = third.place("case.post");
    customer.ok(&["post", &case, "--to", "Resolve", "--file", &file]);
    third.ok(&["take", &file]);
    third.ok(&["note", &case, "We look into it", "-y"]);
    customer.ok(&["take", &third.posts(&case, "back.post")]);
    assert_eq!(customer.heads(&case), third.heads(&case));
    supplier_up.until("what the file brought is passed on", || third.heads(&case) == supplier.heads(&case));
    let received = |home: &Home| home.ok(&["show", &case]).matches("has received everything").count();
    up.until("receipts of the linked one", || received(&customer) >= 1);
    up.stop();
    supplier_up.stop();
    for home in [&customer, &supplier, &third] {
        assert!(home.ok(&["doctor"]).contains("all is well"));
    }
}
