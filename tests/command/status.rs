//! `counterpart status` and `counterpart network`, with and without running nodes.

use std::{
    fs, thread,
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::{
    devices::Machine,
    home::{Home, LOOPBACK, PATIENCE, Up},
    two_homes::joined,
};

impl Home {
    fn status(&self, more: &[&str]) -> Value {
        self.json(&[&["status"], more].concat())
    }

    /// What the node writes down appears within seconds, and nothing says when: it is looked for again.
    fn status_until(&self, what: &str, holds: impl Fn(&Value) -> bool) -> Value {
        let until = Instant::now() + PATIENCE;
        loop {
            let status = self.status(&[]);
            if holds(&status) {
                return status;
            }
            assert!(Instant::now() < until, "in time: {what}: {status:#}");
            thread::sleep(Duration::from_millis(100));
        }
    }

    fn presence(&self) -> std::path::PathBuf {
        self.path().join("node.presence")
    }
}

fn kinds(status: &Value) -> Vec<&str> {
    status["problems"].as_array().expect("a list").iter().filter_map(|p| p["kind"].as_str()).collect()
}

fn other(status: &Value) -> &Value {
    &status["cases"][0]["others"][0]
}

#[test]
fn one_who_has_nothing_yet_has_no_problems() {
    let home = Home::empty();
    home.fails(4, &["status"]);
    let home = Home::new();
    let said = home.ok(&["status", "--check"]);
    assert!(said.starts_with("Nothing is wrong.") && said.contains("has not run yet"), "{said}");
    let status = home.status(&[]);
    assert_eq!(status["schema"], "counterpart/status/1");
    assert_eq!(status["node"], serde_json::json!({"running": false, "as_of": null}));
    home.fails(2, &["status", "K7F2"]);
}

#[test]
fn an_invitation_is_followed_until_somebody_joins() {
    let (home, case) = Home::with_case();
    let alone = home.ok(&["status"]);
    assert!(alone.contains("Northlink Ltd: not invited yet; `counterpart invite"), "{alone}");
    assert!(kinds(&home.status(&[])).is_empty(), "a case kept alone needs nobody");
    let link = home.ok(&["invite", &case, "-y"]);
    let status = home.status(&[&case]);
    assert_eq!(kinds(&status), ["not_running"], "somebody is waited for now");
    assert_eq!(status["cases"][0]["not_joined"][0]["expired"], false);
    let said = home.ok(&["status", &case]);
    assert!(said.contains("Northlink Ltd: invited ") && said.contains("the link expires in "), "{said}");
    let output = home.run(&["status", "--check"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stdout).contains("`counterpart up` starts it"), "told all the same");

    // The other side, while nobody answers.
    let other = Home::new();
    other.run(&["join", &link, "-y", "--wait", "1"]);
    let status = other.status(&[]);
    assert_eq!(status["joining"][0]["short"], *case, "{status:#}");
    assert_eq!(kinds(&status)[0], "not_running", "{status:#}");
    let other_up = other.up();
    let status = other.status_until("nobody answers", |s| s["joining"][0]["state"] == "unreachable");
    assert_eq!(kinds(&status), ["join_unreached"], "{status:#}");
    let of_it = other.status(&[&case]);
    assert_eq!(of_it["joining"][0]["state"], "unreachable", "a case that is not here yet can be asked for");
    other_up.stop();
}

#[test]
fn one_who_was_refused_is_told_why() {
    let (home, case) = Home::with_case();
    let up = home.up();
    let link = home.ok(&["invite", &case, "-y"]);
    let log = home.json(&["log", &case]);
    let invite = log["entries"].as_array().expect("entries").last().expect("one")["ref"].as_str().expect("a name");
    home.ok(&["uninvite", &case, invite.trim_start_matches('#'), "-y"]);
    let other = Home::new();
    assert!(!other.run(&["join", &link, "-y"]).status.success());
    let status = other.status(&[]);
    assert!(kinds(&status).contains(&"join_refused"), "{status:#}");
    assert_eq!(status["joining"][0]["state"], "refused");
    assert!(status["joining"][0]["why"].as_str().is_some_and(|why| why.contains("revoked")), "{status:#}");
    up.stop();
}

#[test]
fn two_nodes_see_each_other_come_and_go() {
    let (customer, customer_up, supplier, case) = joined();
    let supplier_up = supplier.up();
    let status = customer.status_until("the other side is online", |s| other(s)["link"]["state"] == "online");
    assert_eq!(other(&status)["link"]["path"], "direct");
    assert_eq!(other(&status)["joined"], true);
    assert_eq!(status["node"]["running"], true);
    supplier.status_until("and the other way", |s| other(s)["link"]["state"] == "online");
    let status = customer.status_until("they have everything", |s| other(s)["lacks"]["count"] == 0);
    assert!(!kinds(&status).contains(&"not_running"));

    supplier_up.stop();
    let status = customer.status_until("the other side is away", |s| other(s)["link"]["state"] == "offline");
    assert!(other(&status)["link"]["since"].is_i64());
    let offer = customer.ok(&["propose", &case, "charge £24.99 a month", "-y"]);
    let status = customer.status(&[]);
    assert_eq!(other(&status)["lacks"]["count"], 1, "{status:#}");
    assert_eq!(other(&status)["lacks"]["entries"][0], format!("#{}", offer.trim_start_matches('#')));
    let said = customer.ok(&["status", &case]);
    assert!(said.contains("Northlink Ltd: offline since ") && said.contains("Northlink Ltd lacks #"), "{said}");

    let supplier_up = supplier.up();
    customer.status_until("they have it", |s| other(s)["lacks"]["count"] == 0);

    customer_up.stop();
    let status = customer.status(&[]);
    assert_eq!(status["node"]["running"], false);
    assert!(status["node"]["as_of"].is_i64());
    assert_eq!(other(&status)["link"]["state"], "offline", "nobody is connected with one that does not run");
    assert_eq!(kinds(&status)[0], "not_running");
    let said = customer.ok(&["status"]);
    assert!(said.contains("not running. What follows is as of "), "{said}");
    supplier_up.stop();
}

#[test]
fn what_only_the_mailbox_has_is_told_apart() {
    let (customer, customer_up, supplier, case) = joined();
    let server = Home::empty();
    let (mut server_up, line) = Machine::mailbox(&server);
    customer.ok(&["device", "add", &line, "--name", "attic", "-y"]);
    let mailbox = |s: &Value| s["devices"].as_array().expect("a list").iter().find(|d| d["mailbox"] == true).cloned();
    let status = customer.status_until("the mailbox is there and has the case", |s| {
        mailbox(s).is_some_and(|m| m["link"]["state"] == "online" && m["lacks"]["entries"] == 0)
    });
    assert_eq!(mailbox(&status).expect("one")["name"], "attic");
    assert!(customer.ok(&["status"]).contains("mailbox attic ("));

    let supplier_up = supplier.up();
    supplier.status_until("the supplier knows the mailbox", |s| other(s)["mailbox"]["state"] == "online");
    supplier.status_until("they have all", |s| {
        other(s)["lacks"]["count"] == 0 && other(s)["only_at_mailbox"]["count"] == 0
    });
    customer_up.stop();
    supplier.ok(&["propose", &case, "charge £24.99 a month", "-y"]);
    let status = supplier.status_until("their mailbox has it", |s| other(s)["only_at_mailbox"]["count"] == 1);
    assert_eq!(other(&status)["lacks"]["count"], 0, "{status:#}");
    let said = supplier.ok(&["status", &case]);
    for words in
        ["stored by Keith's mailbox, not yet by Keith: #", "Keith: offline since ", "Keith's mailbox: online since "]
    {
        assert!(said.contains(words), "{words}: {said}");
    }
    let customer_up = customer.up();
    supplier.status_until("they have it", |s| other(s)["only_at_mailbox"]["count"] == 0);
    server_up.kill();
    customer.status_until("the mailbox is away", |s| mailbox(s).is_some_and(|m| m["link"]["state"] == "offline"));
    customer_up.stop();
    supplier_up.stop();
}

#[test]
fn a_node_that_was_killed_is_not_said_to_run() {
    let (customer, customer_up, supplier, _case) = joined();
    let supplier_up = supplier.up();
    customer.status_until("the other side is online", |s| other(s)["link"]["state"] == "online");
    // Without a last word, as by a power cut.
    drop(customer_up);
    assert!(fs::read_to_string(customer.presence()).expect("its last word").contains("\"online\""));
    let status = customer.status(&[]);
    assert_eq!(status["node"]["running"], false);
    assert_eq!(other(&status)["link"]["state"], "offline");
    assert_eq!(kinds(&status)[0], "not_running");
    supplier_up.stop();
}

#[test]
fn a_node_without_the_case_refuses_and_that_is_told() {
    let (home, case) = Home::with_case();
    let stranger = Home::new();
    let stranger_up = stranger.up();
    let address = stranger.json(&["network"])["found"]["listening"].clone();
    let address = match address[0].as_str() {
        Some(address) => address.to_owned(),
        None => {
            let network = stranger.json_until(&["network"], |n| n["found"]["listening"][0].is_string());
            network["found"]["listening"][0].as_str().expect("an address").to_owned()
        }
    };
    let peer = stranger.json(&["network"])["peer"].as_str().expect("a peer id").to_owned();
    let address = if address.contains("/p2p/") { address } else { format!("{address}/p2p/{peer}") };
    home.run(&["sync", &case, "--address", &address]);
    let status = home.status(&[]);
    assert_eq!(status["cases"][0]["unnamed"][0]["link"]["state"], "refused", "{status:#}");
    assert!(kinds(&status).contains(&"refused"));
    stranger_up.stop();
}

impl Home {
    fn json_until(&self, args: &[&str], holds: impl Fn(&Value) -> bool) -> Value {
        let until = Instant::now() + PATIENCE;
        loop {
            let value = self.json(args);
            if holds(&value) {
                return value;
            }
            assert!(Instant::now() < until, "in time: {args:?}: {value:#}");
            thread::sleep(Duration::from_millis(100));
        }
    }
}

#[test]
fn whatever_lies_where_the_node_writes_is_no_harm() {
    let (home, case) = Home::with_case();
    home.ok(&["invite", &case, "-y"]);
    let up = home.up();
    home.json_until(&["network"], |n| n["running"] == true);
    up.stop();
    let whole = fs::read(home.presence()).expect("the node wrote it");
    let before = home.status(&[]);
    let check = |what: &str| {
        let status = home.status(&[]);
        assert_eq!(status["cases"][0]["not_joined"], before["cases"][0]["not_joined"], "{what}");
        assert_eq!(kinds(&status), kinds(&before), "{what}");
    };
    let kept = home.path().join("status.ready");
    for (what, bytes) in [
        ("nothing", Vec::new()),
        ("half of it", whole[..whole.len() / 2].to_vec()),
        ("no text", vec![0xff; 4096]),
        ("deep", b"[".repeat(200_000)),
        ("huge", vec![b' '; 8 * 1024 * 1024]),
    ] {
        fs::write(home.presence(), &bytes).expect("written");
        check(what);
        fs::write(&kept, &bytes).expect("written");
        check(what);
    }
    // Another home's.
    let foreign = Home::new();
    let foreign_up = foreign.up();
    foreign.json_until(&["network"], |n| n["running"] == true);
    foreign_up.stop();
    fs::copy(foreign.presence(), home.presence()).expect("copied");
    assert_eq!(home.status(&[])["node"]["as_of"], Value::Null, "what another device wrote is not believed");
    fs::remove_file(home.presence()).expect("removed");
    fs::create_dir(home.presence()).expect("a folder in its place");
    check("a folder");
    // A node goes on, and others still work with it.
    let up = home.up();
    assert_eq!(home.status(&[])["node"]["running"], true);
    up.stop();
}

#[test]
fn how_a_node_is_on_the_network_is_chosen_and_kept() {
    let home = Home::new();
    let usual = home.json(&["network"]);
    assert_eq!(
        (&usual["schema"], &usual["local"], &usual["relay"]),
        (&"counterpart/network/1".into(), &false.into(), &false.into())
    );
    let home_port = usual["usual"][0].as_str().expect("an address").to_owned();
    assert!(home.ok(&["network"]).contains(&home_port));

    let refused = home.fails(2, &["network", "set", "--announce", "me.example:4001"]);
    assert!(refused.contains("me.example:4001"), "{refused}");
    let refused = home.fails(2, &["network", "set", "--announce", "/ip4/0.0.0.0/tcp/4001"]);
    assert!(refused.contains("nobody can call this one"), "{refused}");
    let refused = home.fails(2, &["network", "set", "--relay", "perhaps"]);
    assert!(refused.contains("perhaps"), "{refused}");
    assert_eq!(home.json(&["network"]), usual, "nothing was changed");

    home.ok(&["network", "set", "--announce", "/dns/me.example/tcp/4001", "--relay", "on", "--listen", LOOPBACK]);
    home.ok(&["network", "set", "--local", "on"]);
    let kept = home.json(&["network"]);
    assert_eq!(kept["announced"], serde_json::json!(["/dns/me.example/tcp/4001"]));
    assert_eq!((&kept["relay"], &kept["local"]), (&true.into(), &true.into()), "what is not named stays");
    let status = home.status(&[]);
    assert_eq!(status["network"]["announced"][0], "/dns/me.example/tcp/4001");
    home.ok(&["network", "set", "--local", "off"]);

    // A node started without a word listens there.
    let up = Up::start(home.command(&["up", "--json"]));
    let running = home.json_until(&["network"], |n| n["found"]["listening"][0].is_string());
    let listening = running["found"]["listening"].as_array().expect("a list");
    assert!(listening.iter().all(|a| a.as_str().is_some_and(|a| a.contains("/ip4/127.0.0.1/tcp/"))), "{running:#}");
    up.stop();

    fs::write(home.path().join("network"), b"\xff\xffnonsense").expect("written");
    let said = home.fails(1, &["network"]);
    assert!(said.contains("network set --reset"), "{said}");
    assert!(kinds(&home.status(&[])).contains(&"network_settings"));
    home.ok(&["network", "set", "--reset"]);
    assert_eq!(home.json(&["network"]), usual);
}
