//! What real networks do to people: they block, lose, delay, cut and renumber; and laptops sleep.

use std::{fs, time::Duration};

use crate::{
    case::Stage,
    machine::{Machine, Transport},
    router::{Allowed, Kind},
    table::Table,
    wire::Line,
    world::{World, possible},
    worlds::{HOMES, HOST},
};

fn long() -> bool {
    std::env::var_os("COUNTERPART_LONG").is_some()
}

/// The other side calls a public address, from behind a router, and nobody else is there.
#[test]
fn without_a_mailbox_a_public_address_is_enough() {
    if !possible() {
        return;
    }
    let world = World::new();
    let one = world.home("one", Kind::None, HOMES[0], Line::GOOD, 1);
    let two = world.home("two", Kind::Symmetric, HOMES[1], Line::GOOD, 2);
    let customer = Machine::with_identity("customer", &one.laptop);
    let supplier = Machine::with_identity("supplier", &two.laptop);
    customer.up(Transport::Both);
    let case = customer.ok(&["new", "Broadband", "--with", "Northlink Ltd:supplier", "--as", "Ann:customer", "-y"]);
    let link = customer.ok(&["invite", &case, "-y"]);
    assert_eq!(supplier.ok(&["join", &link, "-y"]), case);
    supplier.up(Transport::Both);
    supplier.ok(&["note", &case, "I am here", "-y"]);
    customer.until("both hold the same", || customer.heads(&case) == supplier.heads(&case));
}

/// A network that lets no UDP through: joining by it, too, goes over TCP. And one that lets none through any more.
#[test]
fn where_udp_is_blocked_tcp_does_it() {
    if !possible() {
        return;
    }
    for from_the_start in [true, false] {
        let stage = Stage::new([Kind::PortRestricted, Kind::FullCone], Line::GOOD, Transport::Both);
        if from_the_start {
            stage.homes[1].allow(Allowed::NoUdp);
        }
        stage.join();
        stage.equal();
        stage.homes[1].allow(Allowed::NoUdp);
        stage.act_both("Over TCP");
        stage.all_equal();
        let when = if from_the_start { "from the start" } else { "once joined" };
        stage.told(&format!("UDP blocked at the supplier's {when}"), &stage.path());
    }
}

/// A network that lets nobody be called but the server.
#[test]
fn where_only_the_server_can_be_called_it_carries() {
    if !possible() {
        return;
    }
    let stage = Stage::new([Kind::Symmetric, Kind::PortRestricted], Line::GOOD, Transport::Both);
    stage.homes.iter().for_each(|home| home.allow(Allowed::Only(HOST)));
    stage.join();
    let path = stage.path();
    assert_eq!(path, "relayed");
    stage.act_both("Carried");
    stage.all_equal();
    stage.told("only the server can be called", &path);
}

/// Slow and lossy lines: it takes longer, and ends the same.
#[test]
fn over_bad_lines_it_takes_longer_and_ends_the_same() {
    if !possible() {
        return;
    }
    let (quic, tcp) = (Transport::Quic, Transport::Tcp);
    let slow = |ms| Line::slow(Duration::from_millis(ms));
    let mut lines = vec![("10 % lost", Line::lossy(10), quic), ("300 ms each way", slow(300), tcp)];
    if long() {
        lines = Vec::new();
        for transport in [quic, tcp] {
            for (name, line) in [
                ("good", Line::GOOD),
                ("5 % lost", Line::lossy(5)),
                ("10 % lost", Line::lossy(10)),
                ("30 % lost", Line::lossy(30)),
                ("100 ms each way", slow(100)),
                ("300 ms each way", slow(300)),
                ("600 ms each way", slow(600)),
                ("600 ms each way, 10 % lost", Line { loss: 10, ..slow(600) }),
            ] {
                lines.push((name, line, transport));
            }
        }
    }
    let head = ["the supplier's line", "over", "path", "ms until both hold both' acts", "worst of 5", "frames", "lost"];
    let mut table = Table::new("Two laptops behind port-restricted routers, over bad lines", &head);
    for (name, line, transport) in lines {
        let stage = Stage::new([Kind::PortRestricted; 2], Line::GOOD, transport);
        stage.homes[1].wire.set(line);
        stage.join();
        let path = stage.path();
        let before = stage.homes[1].wire.passed();
        let mut acted: Vec<_> = (0..5).map(|_| stage.act_both("Over a bad line").as_millis()).collect();
        acted.sort_unstable();
        stage.all_equal();
        let after = stage.homes[1].wire.passed();
        let count = |after: u64, before: u64| (after - before).to_string();
        table.row(vec![
            name.to_owned(),
            transport.name().to_owned(),
            path,
            acted[2].to_string(),
            acted[4].to_string(),
            count(after.frames, before.frames),
            count(after.lost, before.lost),
        ]);
    }
    table.publish();
}

/// The provider gives another address while a file is under way; then the other one's does.
#[test]
fn an_address_that_changes_under_way_loses_nothing() {
    if !possible() {
        return;
    }
    let mut stage = Stage::new([Kind::PortRestricted, Kind::Restricted], Line::GOOD, Transport::Both);
    stage.join();
    stage.equal();
    let path = stage.path();
    stage.homes[1].wire.cut(true);
    for number in 0..12 {
        stage.customer.ok(&["note", &stage.case, &format!("Number {number}"), "-y"]);
    }
    let size = 8 << 20;
    let file = stage.customer.folder().join("photo.bin");
    fs::write(&file, patterned(size)).expect("a file");
    stage.customer.ok(&["attach", &stage.case, file.to_str().expect("a plain path"), "-y"]);
    stage.homes[1].wire.cut(false);
    let before = stage.homes[1].wire.passed().bytes;
    stage.customer.until("much of it is under way", || stage.homes[1].wire.passed().bytes > before + (1 << 20));
    stage.homes[0].renumber(HOMES[0].octets().map(|o| if o == 101 { 151 } else { o }).into());
    let so_far = stage.homes[1].wire.passed().bytes;
    let here = format!("a file of {size} bytes is here now");
    // Or all of it was through before: the line is quick where a direct way was found.
    let goes_on = || stage.homes[1].wire.passed().bytes > so_far + (1 << 20) || stage.supplier.has_said(&here);
    stage.customer.until("it goes on", goes_on);
    stage.homes[1].renumber(HOMES[1].octets().map(|o| if o == 102 { 152 } else { o }).into());
    stage.supplier.line_with(&here);
    stage.act_both("At new addresses");
    stage.all_equal();
    let after = stage.path();
    stage.told("addresses changed under way", &format!("{path}, then {after}"));
}

/// A public address that moved while the other laptop was off is found again through the mailbox, which was told.
#[test]
fn who_moved_is_found_through_a_third() {
    if !possible() {
        return;
    }
    let mut stage = Stage::new([Kind::Symmetric, Kind::None], Line::GOOD, Transport::Both);
    stage.join();
    stage.equal();
    stage.customer.stop();
    stage.supplier.stop();
    stage.homes[1].renumber([203, 0, 113, 152].into());
    stage.supplier.up(stage.transport);
    stage.supplier.ok(&["note", &stage.case, "I moved", "-y"]);
    stage.mailbox.until("the mailbox has it", || stage.mailbox.heads(&stage.case) == stage.supplier.heads(&stage.case));
    stage.customer.up(stage.transport);
    stage.act_both("Found again");
    let path = stage.path();
    stage.told("moved while the other was off", &path);
}

/// A network that lets nothing through at all: the same case goes on by files, from the invitation on; and when the network
/// is back, by both.
#[test]
fn where_nothing_gets_through_files_do() {
    if !possible() {
        return;
    }
    let stage = Stage::new([Kind::PortRestricted, Kind::FullCone], Line::GOOD, Transport::Both);
    let (case, customer, supplier) = (&stage.case, &stage.customer, &stage.supplier);
    stage.homes[1].allow(Allowed::Nothing);
    let link = customer.ok(&["invite", case, "-y"]);
    let bag = tempfile::tempdir().expect("a temporary folder");
    let file = |name: &str| bag.path().join(name).to_str().expect("a plain path").to_owned();
    supplier.ok(&["join", &link, "--file", &file("request"), "-y"]);
    customer.ok(&["take", &file("request"), "-y"]);
    let mut number = 0;
    let mut hand_over = |from: &Machine, to: &Machine| {
        number += 1;
        let name = file(&format!("{number}"));
        from.ok(&["post", case, "--file", &name]);
        to.ok(&["take", &name, "-y"]);
    };
    hand_over(customer, supplier);
    hand_over(supplier, customer);
    supplier.ok(&["propose", case, "charge £24.99 a month for 12 months", "-y"]);
    hand_over(supplier, customer);
    customer.ok(&["accept", case, &offer(customer, case), "-y"]);
    hand_over(customer, supplier);
    hand_over(supplier, customer);
    assert_eq!(customer.heads(case), supplier.heads(case));
    for side in [customer, supplier] {
        let action = &side.show(case)["actions"][0];
        assert_eq!((&action["state"], &action["settled"]), (&"agreed".into(), &true.into()));
    }
    stage.homes[1].allow(Allowed::All);
    supplier.up(stage.transport);
    stage.act_both("Connected after all");
    stage.all_equal();
    stage.told("nothing gets through at the supplier's", "file");
}

/// Bytes that are not all the same.
fn patterned(size: usize) -> Vec<u8> {
    let mut chance = crate::wire::Chance(5);
    (0..size).map(|_| u8::try_from(chance.below(256)).expect("a byte")).collect()
}

/// The lid is closed with everything running: no goodbye, no network; and opened again.
#[test]
fn a_laptop_that_stood_still_goes_on_by_itself() {
    if !possible() {
        return;
    }
    let stage = Stage::new([Kind::PortRestricted, Kind::Symmetric], Line::GOOD, Transport::Both);
    stage.join();
    stage.equal();
    stage.customer.freeze(true);
    stage.homes[0].wire.cut(true);
    stage.supplier.ok(&["note", &stage.case, "While you sleep", "-y"]);
    stage.mailbox.until("the mailbox has it", || stage.mailbox.heads(&stage.case) == stage.supplier.heads(&stage.case));
    if long() {
        // Longer than any connection is kept without an answer.
        std::thread::sleep(Duration::from_secs(60));
    }
    stage.homes[0].wire.cut(false);
    stage.customer.freeze(false);
    stage.act_both("Awake again");
    stage.all_equal();
}

/// Both write for three days and reach nobody; then the line is mended.
#[test]
fn three_days_apart_end_with_the_same() {
    if !possible() {
        return;
    }
    let stage = Stage::new_at(Some(DAYS[0]), [Kind::PortRestricted; 2], QUICK, Transport::Both);
    stage.join();
    let (case, customer, supplier) = (&stage.case, &stage.customer, &stage.supplier);
    customer.ok(&["propose", case, "charge £24.99 a month for 12 months", "-y"]);
    stage.equal();
    stage.homes[1].wire.cut(true);
    for (day, clock) in DAYS.iter().enumerate() {
        stage.at(clock);
        for number in 0..3 {
            customer.ok(&["note", case, &format!("Day {day}, {number}: nobody answers"), "-y"]);
            supplier.ok(&["note", case, &format!("Day {day}, {number}: nobody calls"), "-y"]);
        }
        if day == 1 {
            customer.ok(&["withdraw", case, &offer(customer, case), "-y"]);
        }
        if day == 2 {
            supplier.ok(&["accept", case, &offer(supplier, case), "-y"]);
        }
    }
    assert_ne!(customer.heads(case), supplier.heads(case), "they were apart");
    stage.homes[1].wire.cut(false);
    stage.all_equal();
    let states = [customer, supplier].map(|side| {
        let view = side.show(case);
        (view["actions"][0]["state"].clone(), view["actions"][0]["overlays"].clone())
    });
    assert_eq!(states[0], states[1]);
    assert_eq!(states[0].0, "agreed", "withdrawn by one while the other accepts");
    assert!(states[0].1.to_string().contains("release_asked"), "{}", states[0].1);
}

/// The supplier's laptop is off for a day and the customer's is off when it comes back: the mailbox has what was said.
#[test]
fn a_laptop_that_slept_for_a_day_finds_it_at_the_mailbox() {
    if !possible() {
        return;
    }
    let stage = Stage::new_at(Some(DAYS[0]), [Kind::Symmetric, Kind::PortRestricted], QUICK, Transport::Both);
    stage.join();
    stage.equal();
    let case = &stage.case;
    stage.supplier.kill();
    stage.customer.ok(&["propose", case, "repair the line by Friday", "-y"]);
    stage.mailbox.until("the mailbox has it", || stage.mailbox.heads(case) == stage.customer.heads(case));
    stage.customer.stop();
    stage.at(DAYS[1]);
    stage.supplier.up(stage.transport);
    stage.supplier.until("the laptop has it", || stage.supplier.heads(case) == stage.mailbox.heads(case));
    stage.supplier.ok(&["accept", case, &offer(&stage.supplier, case), "-y"]);
    stage.mailbox.until("the mailbox has it", || stage.mailbox.heads(case) == stage.supplier.heads(case));
    stage.supplier.stop();
    stage.at(DAYS[2]);
    stage.customer.up(stage.transport);
    stage.customer.until("the laptop has it", || stage.customer.show(case)["actions"][0]["state"] == "agreed");
}

/// One day after another.
const DAYS: [&str; 3] = ["2026-07-06T10:00+00:00[UTC]", "2026-07-07T10:00+00:00[UTC]", "2026-07-08T10:00+00:00[UTC]"];

/// Where clocks stand still nothing may take long: whoever waits for a time has it at once.
const QUICK: Line = Line { delay: Duration::ZERO, jitter: Duration::ZERO, loss: 0 };

/// What the revision on the table is called, on this copy.
fn offer(machine: &Machine, case: &str) -> String {
    machine.show(case)["actions"][0]["revision"]["ref"].as_str().expect("a revision").to_owned()
}
