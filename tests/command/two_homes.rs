//! Two homes, two running commands, as two people would use them.

use std::process::{Command, Stdio};

use serde_json::Value;

use crate::home::{Home, PATIENCE, Up, read_lines};

impl Home {
    fn show(&self, case: &str) -> Value {
        self.json(&["show", case])
    }
}

fn action(view: &Value) -> &Value {
    &view["actions"][0]
}

fn state(view: &Value) -> (&str, bool) {
    (action(view)["state"].as_str().unwrap_or_default(), action(view)["settled"].as_bool().unwrap_or_default())
}

/// A customer whose node runs, and a supplier who joined its case; gives the case's short form.
pub(crate) fn joined() -> (Home, Up, Home, String) {
    let customer = Home::new();
    let case =
        customer.ok(&["new", "Broadband price", "--with", "Northlink Ltd:supplier", "--as", "Keith:customer", "-y"]);
    let up = customer.up();
    let link = customer.ok(&["invite", &case, "-y"]);
    let supplier = Home::new();
    assert_eq!(supplier.ok(&["join", &link, "-y"]), case);
    up.until("the supplier is seen to have joined", || {
        customer.show(&case)["parties"].to_string().contains("\"joined\":true")
    });
    (customer, up, supplier, case)
}

#[test]
fn propose_counter_accept_between_two_running_nodes() {
    let (customer, customer_up, supplier, case) = joined();
    let supplier_up = supplier.up();
    let offer = customer.ok(&["propose", &case, "charge £24.99 a month for 12 months", "-y"]);
    supplier_up.until("the proposal arrives", || !supplier.show(&case)["actions"].as_array().is_none_or(Vec::is_empty));
    let counter = supplier.ok(&["counter", &case, &offer, "--what", "charge £26.99 a month for 12 months", "-y"]);
    customer_up.until("the counter arrives", || customer.show(&case).to_string().contains("26.99"));
    customer.ok(&["accept", &case, &counter, "-y"]);
    supplier_up.until("agreed at the other side", || state(&supplier.show(&case)).0 == "agreed");
    supplier_up.until("settled at the other side", || state(&supplier.show(&case)) == ("agreed", true));
    customer_up.until("settled here", || state(&customer.show(&case)) == ("agreed", true));
    assert_eq!(customer.show(&case)["case"]["heads"], supplier.show(&case)["case"]["heads"]);

    customer_up.stop();
    supplier_up.stop();
    let bundle = customer.path().join("case.zip");
    let bundle = bundle.to_str().expect("a plain path");
    customer.ok(&["export", &case, bundle]);
    let stranger = tempfile::tempdir().expect("a temporary folder");
    let verified = Command::new(env!("CARGO_BIN_EXE_counterpart"))
        .args(["verify", bundle, "--json"])
        .env_clear()
        .env("COUNTERPART_HOME", stranger.path())
        .output()
        .expect("the command starts");
    assert!(verified.status.success(), "a third person needs no identity");
    for home in [&customer, &supplier] {
        assert!(home.ok(&["doctor"]).contains("all is well"));
    }
}

#[test]
fn withdrawn_by_one_while_the_other_accepts() {
    let (customer, customer_up, supplier, case) = joined();
    let offer = customer.ok(&["propose", &case, "charge £24.99 a month for 12 months", "-y"]);
    supplier.ok(&["sync", &case]);
    customer_up.stop();
    // Both offline from here on.
    customer.ok(&["withdraw", &case, &offer, "-y"]);
    supplier.ok(&["accept", &case, &offer, "-y"]);
    let unreachable = supplier.run(&["sync", &case, "--wait", "20"]);
    assert_eq!(unreachable.status.code(), Some(5), "nobody is there: {}", String::from_utf8_lossy(&unreachable.stderr));

    // The node comes back on another port; the supplier is told where.
    let customer_up = customer.up();
    let link = customer.run(&["invite", &case, "-y"]);
    assert_ne!(link.status.code(), Some(0), "the seat is taken, so no second invitation");
    let supplier_up = supplier.up();
    drop(supplier_up);
    let address = std::fs::read_to_string(customer.path().join("node.addresses")).expect("the node's addresses");
    let address = address.lines().next().expect("an address").to_owned();
    supplier.ok(&["sync", &case, "--address", &address]);
    for home in [&customer, &supplier] {
        let view = home.show(&case);
        assert_eq!(action(&view)["state"], "agreed");
        assert!(action(&view)["overlays"].to_string().contains("release_asked"), "{}", action(&view));
    }
    assert_eq!(customer.show(&case)["case"]["heads"], supplier.show(&case)["case"]["heads"]);
    customer_up.stop();
}

#[test]
fn killed_while_writing_loses_nothing_acknowledged() {
    let home = Home::new();
    let case = home.ok(&["new", "Crash", "--with", "Northlink Ltd:supplier", "--as", "Keith:customer", "-y"]);
    let mut acknowledged = 0;
    for round in 0..4 {
        let script = format!(
            "i=0; while [ $i -lt 200 ]; do i=$((i+1)); \"{}\" note {case} \"round {round} note $i\" -y -q || exit 1; done",
            env!("CARGO_BIN_EXE_counterpart")
        );
        let mut child = Command::new("sh")
            .args(["-c", &script])
            .env("COUNTERPART_HOME", home.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .process_group_of_its_own()
            .spawn()
            .expect("the shell starts");
        let lines = read_lines(child.stdout.take().expect("its output"));
        for _ in 0..10 {
            lines.recv_timeout(PATIENCE).expect("an acknowledged note");
            acknowledged += 1;
        }
        let group = format!("-{}", child.id());
        let killed = Command::new("kill").args(["-KILL", "--", &group]).status().expect("kill is there");
        assert!(killed.success());
        child.wait().expect("the shell ends");
        acknowledged += lines.try_iter().count();
    }
    let log: Value = serde_json::from_str(&home.ok(&["log", &case, "--json"])).expect("JSON");
    let notes = log["entries"].as_array().expect("entries").iter().filter(|e| e["kind"] == "note").count();
    assert!(notes >= acknowledged, "{notes} of {acknowledged} acknowledged notes are there");
    assert!(home.ok(&["doctor"]).contains("all is well"));
}

trait OwnGroup {
    fn process_group_of_its_own(&mut self) -> &mut Self;
}

impl OwnGroup for Command {
    fn process_group_of_its_own(&mut self) -> &mut Self {
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(self, 0);
        self
    }
}
