//! `web` as a command: a link on standard output, a second link from a second command, a clean end.

use std::process::{Command, Stdio};

use counterpart_testkit::http;

use crate::home::{Home, PATIENCE, read_lines};

/// The status that a link's server answers with.
fn ask(link: &str) -> u16 {
    let (host, path) = link.strip_prefix("http://").and_then(|rest| rest.split_once('/')).expect("a link");
    http::ask(host.parse().expect("an address"), "GET", &format!("/{path}"), &[], b"").status
}

#[test]
fn pages_are_served_from_an_empty_home_until_they_are_stopped() {
    let home = Home::empty();
    let mut command = home.command(&["web", "--port", "0", "--no-node"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("it starts");
    let lines = read_lines(child.stdout.take().expect("its output"));
    let link = lines.recv_timeout(PATIENCE).expect("a link");
    assert!(link.starts_with("http://127.0.0.1:") && link.contains("/open?token="), "{link}");
    assert_eq!(ask(&link), 303);
    assert_eq!(ask(&link), 403, "it works once");

    let further = home.json(&["web"]);
    assert_eq!(further["schema"], "counterpart/web/1");
    let further = further["link"].as_str().expect("a link");
    assert_eq!(further.split("/open").next(), link.split("/open").next(), "to the same server");
    assert_eq!(ask(further), 303);

    let pid = child.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().expect("kill is there").success());
    assert!(child.wait().expect("it ends").success(), "stopping is no failure");
    assert!(!home.path().join("web").exists(), "and nothing of it is left");
}

#[test]
fn a_port_that_is_taken_is_told() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("an address").port().to_string();
    let said = Home::empty().fails(1, &["web", "--no-node", "--port", &port]);
    assert!(said.contains(&port) && said.contains("--port 0"), "{said}");
}

#[test]
fn a_node_serves_the_pages_too_when_asked_from_an_empty_home_as_well() {
    for (known, more) in [(true, &["--listen", "/ip4/127.0.0.1/tcp/0"][..]), (false, &[])] {
        let home = Home::empty();
        if known {
            home.ok(&["init"]);
        }
        let mut command = home.command(&[&["up", "--open"], more].concat());
        // No browser is to be found.
        command.env("PATH", "");
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("it starts");
        let lines = read_lines(child.stdout.take().expect("its output"));
        let mut link = String::new();
        while !link.contains("/open?token=") {
            link = lines.recv_timeout(PATIENCE).expect("a link among what it says");
        }
        assert_eq!(ask(&link), 303);
        let pid = child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().expect("kill is there").success());
        assert!(child.wait().expect("it ends").success(), "stopping is no failure");
        assert!(!home.path().join("web").exists(), "and nothing of it is left");
    }
}
