//! A new device key in place of one that cannot be used any more.

use counterpart_core::keylog::{Kinds, RevokeReason};
use counterpart_node::{DeskError, Rights, ask, take};

use crate::homes::{Homes, NOW, lived_in, note, notes};

#[test]
fn a_device_is_renewed_and_the_old_one_cut_off_where_it_stands() {
    let homes = Homes::new();
    let (desk, case) = lived_in(&homes);
    let old = desk.author();
    let plan = desk.plan_renewal().expect("a plan");
    assert_eq!(plan.cuts.iter().map(|c| (c.case, c.tips.len())).collect::<Vec<_>>(), [(case, 1)]);
    let peer = desk.peer_id();
    let renewed = desk.renew_device(&plan, RevokeReason::Ended, NOW).expect("renewed");
    assert_eq!((renewed.cut.as_slice(), renewed.uncut.len()), (&[case][..], 0));
    let desk = homes.open("keith");
    assert_eq!((desk.author().device, desk.peer_id()), (renewed.device, peer.clone()));
    assert_ne!(desk.author().device, old.device);
    desk.sign(&case, &note("four"), NOW).expect("a note");
    assert_eq!(notes(&desk, case), 4);
    // Compromised: another peer id as well.
    let plan = desk.plan_renewal().expect("a plan");
    desk.renew_device(&plan, RevokeReason::Compromised, NOW).expect("renewed");
    assert_ne!(homes.open("keith").peer_id(), peer);
    assert_eq!(homes.open("keith").doctor(&mut |_, _| {}).expect("a check-up").faults, Vec::<String>::new());
}

#[test]
fn an_agents_machine_asks_for_its_new_device() {
    let homes = Homes::new();
    let desk = homes.init("keith");
    let plain = Rights { kinds: Kinds::All, receive: true, admin: false, ceilings: Vec::new() };
    let request = ask(&homes.at("priya"), desk.party(), "Priya").expect("a request");
    let grant = desk.add_agent(&request, &plain, "Priya", NOW).expect("a grant");
    take(&homes.at("priya"), &grant).expect("a whole home");
    let priya = homes.open("priya");
    assert_eq!(priya.plan_renewal().expect_err("not hers to grant"), DeskError::NoRoot);
    let asked = priya.ask_renewal().expect("a request");
    assert_eq!(priya.ask_renewal().expect("the same"), asked);
    assert!(asked.device != request.device && asked.name == "Priya");
    let old = desk.agent("Priya").expect("by name");
    desk.revoke_agent(&old.grant, RevokeReason::Ended, NOW).expect("ended");
    let grant = desk.add_agent(&asked, &plain, "Priya", NOW).expect("a grant");
    let taken = homes.open("priya").take_renewal(&grant).expect("taken");
    assert_eq!(taken.agent.device, asked.device);
    assert_eq!(homes.open("priya").author().device, asked.device);
    assert!(!homes.at("priya").join("keys.asked").exists());
}
