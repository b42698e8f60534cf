//! The helpdesk bridge of `examples/helpdesk`, between real nodes and a stand-in for the helpdesk (`standin.py`).

#![cfg(unix)]

mod gate;
#[path = "../command/home.rs"]
#[expect(dead_code, reason = "tests of the command use all of it")]
mod home;
mod killed;
mod stage;

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    path::Path,
    process::Stdio,
};

use serde_json::{Value as Json, json};

use crate::stage::{Stage, python, script, secret};

/// Whether any file below a folder has these bytes.
fn lies_in(folder: &Path, words: &str) -> bool {
    fs::read_dir(folder).expect("a folder").map_while(Result::ok).any(|entry| {
        let path = entry.path();
        if path.is_dir() {
            return lies_in(&path, words);
        }
        // What a node takes away meanwhile is not there any more.
        fs::read(&path).is_ok_and(|bytes| bytes.windows(words.len()).any(|part| part == words.as_bytes()))
    })
}

fn bodies(articles: &[Json]) -> Vec<&str> {
    articles.iter().filter_map(|article| article["body"].as_str()).collect()
}

fn told(articles: &[Json], words: &str) -> usize {
    bodies(articles).iter().filter(|body| body.contains(words)).count()
}

#[test]
fn what_can_be_judged_without_anybody_else_is_right() {
    if !python() {
        return;
    }
    let output = script("tests/helpdesk/checks.py").output().expect("Python starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_case_is_a_ticket_and_what_agents_write_there_is_on_record() {
    if !python() {
        return;
    }
    let stage = Stage::new("Broadband price", "Keith");
    stage.customer_says("The line has been slow since Friday");
    stage.in_step();
    let ticket = stage.desk.ticket(&stage.case);
    let number = ticket["id"].as_u64().expect("a number");
    let articles = stage.desk.articles(&ticket);
    assert!(articles.iter().all(|article| article["content_type"] == "text/plain"));
    let note = articles.last().expect("articles");
    assert!(note["body"].as_str().is_some_and(|body| body.contains("since Friday")), "{note}");
    assert_eq!(
        (&note["sender"], &note["internal"], &note["from"]),
        (&json!("Customer"), &json!(false), &json!("Keith"))
    );
    assert_eq!(told(&articles, "Keith opens a case"), 1);
    assert!(ticket["tags"].to_string().contains("counterpart"), "{ticket}");
    let customers = stage.desk.all()["users"].to_string();
    assert!(customers.contains("\"firstname\":\"Keith\""), "{customers}");

    let reply = json!({"body": "<p>We raised it<br>with our network team.</p>", "content_type": "text/html"});
    stage.desk.write("priya", number, reply);
    let secretly = "rings every Monday, be kind";
    stage.desk.write("omar", number, json!({"body": secretly, "internal": true}));
    stage.desk.write("omar", number, json!({"body": "From his mailbox", "sender": "Customer", "type": "email"}));
    stage.desk.change(number, &json!({"owner_id": 4}));
    stage.in_step();
    stage.customer_hears("with our network team");
    assert_eq!(stage.signed("We raised it / with our network team."), 1);
    let asides = stage.supplier.json(&["aside", &stage.case])["asides"].to_string();
    assert!(asides.contains(secretly) && asides.contains("Omar Haddad"), "{asides}");
    assert!(stage.supplier.json(&["queue"]).to_string().contains("\"agent\":\"Priya Shah\""));
    // It is in our store, so it would be found; it is nowhere at the customer's.
    assert!(lies_in(stage.supplier.path(), secretly) && !lies_in(stage.customer.path(), secretly));
    assert!(lies_in(stage.customer.path(), "with our network team"));
    let record = stage.supplier.json(&["log", &stage.case]).to_string();
    assert!(!record.contains(secretly) && !record.contains("From his mailbox"), "{record}");

    // What came from the ticket does not come back to it, and nothing is left to do.
    let (writes, entries) = (stage.desk.writes(), stage.record_of(&stage.supplier).len());
    assert_eq!(stage.in_step(), Vec::<Json>::new());
    assert_eq!(told(&stage.desk.articles(&ticket), "network team"), 1);
    assert_eq!((stage.desk.writes(), stage.record_of(&stage.supplier).len()), (writes, entries));
    // Nor for a bridge that has forgotten where it was.
    fs::remove_file(stage.supplier.path().join("bridge.json")).expect("its file");
    assert_eq!(stage.in_step(), Vec::<Json>::new());
    assert_eq!((stage.desk.writes(), stage.record_of(&stage.supplier).len()), (writes, entries));
}

#[test]
fn a_ticket_that_is_closed_closes_no_case_and_a_case_that_is_closed_closes_its_ticket() {
    if !python() {
        return;
    }
    let stage = Stage::new("Broadband price", "Keith");
    stage.in_step();
    let number = stage.desk.ticket(&stage.case)["id"].as_u64().expect("a number");
    stage.desk.change(number, &json!({"state": "closed"}));
    stage.in_step();
    stage.in_step();
    let ticket = stage.desk.ticket(&stage.case);
    assert_eq!(told(&stage.desk.articles(&ticket), "The case is still open"), 1);
    assert_eq!(stage.supplier.json(&["show", &stage.case])["case"]["state"], "open");
    assert!(!stage.supplier.json(&["log", &stage.case]).to_string().contains("to close the case"));
    // The customer writes: it comes back.
    stage.customer_says("It is slow again");
    stage.in_step();
    assert_eq!(stage.desk.ticket(&stage.case)["state"], "open");
    // Both sides sign that it is over.
    stage.customer.ok(&["close", &stage.case, "-y"]);
    stage.supplier_hears("proposes: to close the case");
    stage.in_step();
    assert_eq!(stage.desk.ticket(&stage.case)["state"], "open");
    let entries = stage.record_of(&stage.supplier);
    let asked =
        entries.iter().find(|entry| entry["text"].as_str().is_some_and(|text| text.contains("to close the case")));
    let asked = asked.and_then(|entry| entry["ref"].as_str()).expect("it is on record");
    stage.supplier.ok(&["accept", &stage.case, asked, "-y"]);
    stage.in_step();
    let ticket = stage.desk.ticket(&stage.case);
    assert_eq!(ticket["state"], "closed");
    assert!(ticket["tags"].to_string().contains("counterpart-closed"), "{ticket}");
    assert_eq!(told(&stage.desk.articles(&ticket), "The case is still open"), 1);
}

#[test]
fn what_others_write_is_text_and_takes_the_place_of_nothing() {
    if !python() {
        return;
    }
    let title = "<script>alert(1)</script> \"; DROP TABLE tickets; --";
    let stage = Stage::new(title, "Eve <eve@bank.example>, Priya");
    let id = stage.supplier.json(&["show", &stage.case])["case"]["id"].as_str().expect("an id").to_owned();
    // A stranger's ticket that says it is this case.
    let forged = json!({
        "title": format!("[{}] mine", stage.case), "group": "Users", "customer": {"login": "eve", "firstname": "Eve"},
        "article": {"body": "x", "message_id": format!("<case.{id}@counterpart.invalid>")},
    });
    stage.desk.create("priya", &forged);
    let huge = "wall of text ".repeat(1_200);
    let markup = "<img src=x onerror=alert(2)>\nContent-Type: text/html\n\nSubject: {{7*7}} ${IFS} %0d%0a";
    stage.customer.ok(&["note", &stage.case, markup, "-y"]);
    stage.customer.ok(&["note", &stage.case, huge.trim(), "-y"]);
    stage.customer_says("after the wall");
    // A mail that carries the name of what is still to come.
    let entry = stage.record_of(&stage.supplier).pop().expect("entries")["id"].as_str().expect("an id").to_owned();
    let carries =
        json!({"body": "mail", "sender": "Customer", "message_id": format!("<entry.{entry}@counterpart.invalid>")});
    stage.desk.write("priya", 1, carries);
    stage.in_step();
    let ticket = stage.desk.ticket(&stage.case);
    assert_ne!(ticket["id"], 1);
    let articles = stage.desk.articles(&ticket);
    let markup: Vec<&Json> = articles.iter().filter(|a| a["body"].to_string().contains("onerror")).collect();
    assert_eq!((markup.len(), &markup[0]["content_type"]), (1, &json!("text/plain")));
    assert!(markup[0]["body"].as_str().is_some_and(|body| body.contains("<img src=x onerror=alert(2)>")));
    assert_eq!(told(&articles, "after the wall"), 1);
    assert_eq!(told(&articles, huge.trim()), 1);
    assert!(ticket["title"].as_str().is_some_and(|t| t.contains("<script>") && !t.contains('\n')), "{ticket}");
    for from in articles.iter().filter_map(|article| article["from"].as_str()) {
        assert!(!from.contains(['<', '>', '@', ',', '\n']), "{from}");
    }
    // What cannot be signed is told to who wrote it, once, and what follows is not held up.
    let number = ticket["id"].as_u64().expect("a number");
    stage.desk.write("priya", number, json!({"body": "x".repeat(200_000)}));
    let html = "<style>p{}</style><script>steal()</script><div>All <b>well</b>&nbsp;&lt;now&gt;\u{202e}</div>";
    stage.desk.write("priya", number, json!({"body": html, "content_type": "text/html"}));
    stage.in_step();
    stage.customer_hears("All well <now>");
    assert_eq!((stage.signed("All well <now>"), stage.signed("steal")), (1, 0));
    assert_eq!(stage.in_step(), Vec::<Json>::new());
    assert_eq!(told(&stage.desk.articles(&ticket), "was NOT signed"), 1);
}

#[test]
fn a_helpdesk_that_was_down_is_caught_up_with() {
    if !python() {
        return;
    }
    let stage = Stage::new("Broadband price", "Keith");
    let bridge = stage.follow(&["--poll", "0.2"]);
    let ticket = bridge.until_did("ticket")["ticket"].as_u64().expect("a number");
    // Nobody else gets in between.
    let second = stage.bridge(&["--once"]).output().expect("Python starts");
    assert_eq!(second.status.code(), Some(2), "{}", String::from_utf8_lossy(&second.stderr));
    stage.to_desk.shut(true);
    for n in 0..3 {
        stage.customer_says(&format!("while it is down {n}."));
    }
    stage.desk.write("priya", ticket, json!({"body": "We are looking into it"}));
    bridge.until_said("does not answer");
    // It comes back, and has much to do.
    stage.desk.refuse(&json!([{"status": 429, "retry_after": 1}, {"status": 503}]));
    stage.to_desk.shut(false);
    stage.desk.wait_for("while it is down 2.");
    stage.customer_hears("looking into it");
    bridge.until_said("answer again");
    // Now it follows what is signed and what is written.
    stage.customer_says("and up again");
    stage.desk.wait_for("and up again");
    stage.desk.write("omar", ticket, json!({"body": "Solved by a new cable"}));
    stage.customer_hears("by a new cable");
    assert_eq!(bridge.stop(), Some(0));
    stage.in_step();
    let articles = stage.desk.articles(&stage.desk.ticket(&stage.case));
    let said: Vec<&str> = bodies(&articles).into_iter().filter(|body| body.contains("while it is down")).collect();
    assert!(said.len() == 3 && said.iter().zip(0..).all(|(body, n)| body.contains(&format!("down {n}."))), "{said:?}");
    assert_eq!((stage.signed("looking into it"), stage.signed("by a new cable")), (1, 1));
}

#[test]
fn a_signed_webhook_wakes_the_bridge_and_another_does_not() {
    if !python() {
        return;
    }
    let stage = Stage::new("Broadband price", "Keith");
    let place = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").to_string();
    let url = format!("http://{place}/hook");
    let hook = stage.supplier.json(&["webhook", "add", "bridge", &url, "--allow-private", "-y"]);
    let file = stage.supplier.path().join("hook.secret");
    secret(&file, hook["secret"].as_str().expect("a secret"));
    let file = file.to_str().expect("a plain path");
    let bridge = stage.follow(&["--no-events", "--poll", "3600", "--hook", &place, "--hook-secret-file", file]);
    bridge.until_did("ticket");
    let mut forged = TcpStream::connect(&place).expect("it listens");
    let head = "webhook-id: msg_1\r\nwebhook-timestamp: 1783328400\r\nwebhook-signature: v1,AAAA\r\n";
    write!(forged, "POST /hook HTTP/1.1\r\nHost: x\r\n{head}Content-Length: 2\r\n\r\n{{}}").expect("sent");
    let mut answer = String::new();
    forged.read_to_string(&mut answer).expect("an answer");
    assert!(answer.contains(" 401 "), "{answer}");
    stage.customer_says("woken by a message");
    stage.desk.wait_for("woken by a message");
    assert_eq!(bridge.stop(), Some(0));
}

#[test]
fn an_old_reply_whose_words_are_on_record_is_not_signed_twice() {
    if !python() {
        return;
    }
    let stage = Stage::new("Broadband price", "Keith");
    stage.in_step();
    let ticket = stage.desk.ticket(&stage.case);
    let number = ticket["id"].as_u64().expect("a number");
    stage.desk.write("priya", number, json!({"body": "Is it better now?"}));
    stage.in_step();
    // As after a long outage: whether this one was signed before it is not known by its key any more.
    let old = |body: &str| json!({"body": body, "created_at": "2020-01-01T00:00:00.000Z"});
    stage.desk.write("priya", number, old("Is it better now?"));
    stage.desk.write("priya", number, old("The old cable was the cause"));
    stage.in_step();
    stage.customer_hears("the cause");
    assert_eq!((stage.signed("Is it better now?"), stage.signed("the cause")), (1, 1));
    assert_eq!(told(&stage.desk.articles(&ticket), "are on record already"), 1);
}

#[test]
fn what_is_set_up_wrongly_is_said_and_nothing_is_done() {
    if !python() {
        return;
    }
    let stage = Stage::new("Broadband price", "Keith");
    let fails = |code: i32, more: &[&str]| {
        let output = stage.bridge(more).output().expect("Python starts");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{more:?}: {said}");
        assert!(output.stdout.is_empty() && !said.contains("Traceback"), "{said}");
        said
    };
    let whole = stage.supplier.ok(&["token", "new", "whole", "--scope", "read,sign,notes", "-y"]);
    let little = stage.supplier.ok(&["token", "new", "little", "--scope", "read", "--seat", "helpdesk", "-y"]);
    let file = stage.supplier.path().join("other.token");
    let path = file.to_str().expect("a plain path").to_owned();
    for (token, word) in [(&whole, "seat"), (&little, "lacks notes, sign"), (&"cpt_x".to_owned(), "no such token")] {
        secret(&file, token);
        assert!(fails(2, &["--once", "--api-token-file", &path]).contains(word), "{word}");
    }
    assert!(fails(2, &["--once", "--helpdesk-token-file", &path]).contains("401"));
    assert!(fails(2, &["--once", "--helpdesk", "http://desk.example"]).contains("https://"));
    assert!(fails(2, &["--once", "--helpdesk-token-file", "/nowhere"]).contains("cannot be read"));
    stage.to_desk.shut(true);
    assert!(fails(5, &["--once", "--patience", "0"]).contains("nothing is lost"));
    assert_eq!(stage.desk.writes(), 0);
    let help =
        script("examples/helpdesk/bridge.py").arg("--help").stdin(Stdio::null()).output().expect("Python starts");
    assert!(help.status.success() && String::from_utf8_lossy(&help.stdout).contains("Exit codes"));
}
