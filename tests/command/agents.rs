//! An agent on a machine of its own, through the real command.

use crate::home::{Home, Up, talk};

impl Home {
    /// Exit code, and why.
    fn refused(&self, args: &[&str]) -> (Option<i32>, String) {
        let output = self.run(args);
        assert!(!output.status.success(), "{args:?} is refused");
        (output.status.code(), talk(&output))
    }

    fn party(&self) -> String {
        self.json(&["agent", "list"])["party"].as_str().expect("an identity").to_owned()
    }

    fn state(&self, case: &str) -> String {
        self.json(&["show", case])["actions"][0]["state"].as_str().unwrap_or_default().to_owned()
    }
}

/// A customer whose node runs, a supplier who joined its case, and the case's short form.
fn joined() -> (Home, Up, Home, String) {
    let customer = Home::new();
    let case =
        customer.ok(&["new", "Broadband price", "--with", "Northlink Ltd:supplier", "--as", "Keith:customer", "-y"]);
    let up = customer.up();
    let link = customer.ok(&["invite", &case, "-y"]);
    let supplier = Home::new();
    assert_eq!(supplier.ok(&["join", &link, "-y"]), case);
    up.until("the supplier is seen to have joined", || {
        customer.json(&["show", &case])["parties"].to_string().contains("\"joined\":true")
    });
    (customer, up, supplier, case)
}

fn agent(supplier: &Home, name: &str, rights: &[&str]) -> Home {
    let machine = Home::empty();
    let request = machine.ok(&["agent", "ask", "--name", name, "--for", &supplier.party()]);
    let grant = supplier.ok(&[&["agent", "add", &request, "-y"], rights].concat());
    machine.ok(&["agent", "take", &grant]);
    machine
}

#[test]
fn a_machine_asks_is_granted_rights_and_takes_them() {
    let supplier = Home::new();
    let party = supplier.party();
    let priya = Home::empty();
    let (code, why) = priya.refused(&["agent", "ask", "--name", "Priya", "--for", "K7F2-Q9XA-3"]);
    assert!(code == Some(2) && why.contains("64 characters"), "{why}");
    let request = priya.ok(&["agent", "ask", "--name", "Priya", "--for", &party]);
    assert!(request.starts_with("counterpart:agent-request#") && request.lines().count() == 1);
    assert_eq!(request, priya.ok(&["agent", "ask", "--name", "Priya", "--for", &party]), "asked again: the same");
    let (code, why) = priya.refused(&["list"]);
    assert!(code == Some(4) && why.contains("counterpart agent take"), "{why}");
    assert!(priya.refused(&["init"]).1.contains("waits for the answer"));

    let (code, why) = supplier.refused(&["agent", "ask", "--name", "Me", "--for", &party]);
    assert!(code == Some(1) && why.contains("holds an identity already"), "{why}");
    let (code, why) = supplier.refused(&["agent", "add", &request, "--only", "bless", "-y"]);
    assert!(code == Some(2) && why.contains("the kinds are"), "{why}");
    assert_eq!(supplier.refused(&["agent", "add", &request]).0, Some(2), "nobody can be asked");
    let rights = ["--only", "accept,note,done", "--ceiling", "£200", "--ceiling", "100 EUR"];
    let (grant, shown) = supplier.said(&[&["agent", "add", &request, "-y"], &rights[..]].concat());
    for words in ["Priya", "only accept, note, declare", "at most £200 and €100", "binds you like your own signature"]
    {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    assert!(!grant.contains("Priya") && grant.starts_with("counterpart:agent-grant#"));
    assert!(supplier.refused(&["agent", "add", &request, "-y"]).1.contains("has a grant already"));

    let tom = Home::empty();
    assert!(tom.refused(&["agent", "take", &grant]).1.contains("counterpart agent ask"));
    tom.ok(&["agent", "ask", "--name", "Tom", "--for", &party]);
    assert!(tom.refused(&["agent", "take", &grant]).1.contains("not for this machine"));
    let (_, said) = priya.said(&["agent", "take", &grant]);
    assert!(said.contains("only accept, note, declare; at most £200 and €100; receives"), "{said}");
    assert_eq!(priya.party(), party);

    let third = Home::empty();
    let third = third.ok(&["agent", "ask", "--name", "Third", "--for", &party]);
    let (code, why) = priya.refused(&["agent", "add", &third, "-y"]);
    assert!(code == Some(1) && why.contains("this is an agent's machine"), "{why}");
    assert!(priya.refused(&["agent", "revoke", "priya", "--reason", "ended", "-y"]).1.contains("an agent's machine"));

    let (_, meant) = supplier.said(&["agent", "revoke", "Priya", "--reason", "compromised", "-y"]);
    assert!(meant.contains("for good") && meant.contains("contested"), "{meant}");
    let agents = supplier.json(&["agent", "list"]);
    let ended = &agents["agents"][1];
    assert_eq!((&ended["name"], &ended["revoked"]["reason"]), (&"Priya".into(), &"compromised".into()));
    assert!(supplier.ok(&["agent", "list"]).contains("key in wrong hands"));
    let own = agents["agents"][0]["short"].as_str().expect("a device").to_owned();
    assert!(
        supplier.refused(&["agent", "revoke", &own, "--reason", "ended", "-y"]).1.contains("another of your machines")
    );
}

#[test]
fn agents_act_in_a_case_that_the_other_side_gave_them() {
    let (customer, customer_up, supplier, case) = joined();
    let priya = agent(&supplier, "Priya", &["--only", "accept,note"]);
    let tom = agent(&supplier, "Tom", &[]);
    let link = customer.ok(&["case-address", &case]);
    assert!(link.starts_with("counterpart:case#") && link.lines().count() == 1);
    for machine in [&priya, &tom] {
        let (short, said) = machine.said(&["follow", &link]);
        assert!(short == case && said.contains("is here now"), "{said}");
    }
    let offer = customer.ok(&["propose", &case, "charge £24.99 a month for 12 months", "-y"]);
    priya.ok(&["sync", &case]);
    let offer = offer.trim_start_matches('#');
    priya.ok(&["accept", &case, offer, "-y"]);
    priya.ok(&["sync", &case]);
    assert_eq!(customer.state(&case), "agreed");
    supplier.ok(&["sync", &case]);
    assert_eq!(supplier.state(&case), "agreed", "it came by the customer's node");

    supplier.ok(&["agent", "revoke", "Priya", "--reason", "ended", "-y"]);
    supplier.ok(&["note", &case, "Priya has left us", "-y"]);
    supplier.ok(&["sync", &case]);
    priya.ok(&["note", &case, "still here", "-y"]);
    let (code, why) = priya.refused(&["sync", &case]);
    assert_eq!(code, Some(5), "{why}");
    tom.ok(&["note", &case, "Tom takes over", "-y"]);
    tom.ok(&["sync", &case]);
    let log = customer.ok(&["log", &case, "--json"]);
    assert!(log.contains("Tom takes over") && !log.contains("still here"));
    drop(customer_up);
    for home in [&customer, &supplier, &priya, &tom] {
        assert!(home.ok(&["doctor"]).contains("all is well"));
    }
}

#[test]
fn a_mandate_limits_an_agent_in_one_case() {
    let (customer, _customer_up, supplier, case) = joined();
    let tom = agent(&supplier, "Tom", &[]);
    tom.ok(&["follow", &customer.ok(&["case-address", &case])]);
    let (code, why) = supplier.refused(&["mandate", &case, "Nobody", "--ceiling", "£100", "-y"]);
    assert!(code == Some(2) && why.contains("agent list"), "{why}");
    let (_, shown) = supplier.said(&["mandate", &case, "Tom", "--ceiling", "£100", "--only", "accept,note", "-y"]);
    assert!(shown.contains("£100"), "{shown}");
    supplier.ok(&["sync", &case]);
    let dear = customer.ok(&["propose", &case, "refund", "--value", "£150", "-y"]);
    let cheap = customer.ok(&["propose", &case, "voucher", "--value", "£50", "-y"]);
    tom.ok(&["sync", &case]);
    let (code, why) = tom.refused(&["accept", &case, dear.trim_start_matches('#'), "-y"]);
    assert_eq!(code, Some(1), "{why}");
    tom.ok(&["accept", &case, cheap.trim_start_matches('#'), "-y"]);
    let (code, why) = tom.refused(&["propose", &case, "credit on the next bill", "-y"]);
    assert_eq!(code, Some(1), "a kind the mandate does not list: {why}");
}
