//! R9: what an agent's limits mean for what the agent signed.

use counterpart_core::{
    act::{Act, ActionTerms, Mandate, Mode, Subject, Topic},
    id::{EntryId, EventId},
    value::Money,
};

use crate::{shown::*, world::*};

fn money(amount: &str, currency: &str) -> Money {
    Money::parse(amount, currency).expect("good money")
}

/// Work of B for A with so much at stake.
fn worth(what: &str, amount: &str, currency: &str) -> Subject {
    let terms = ActionTerms { value: Some(money(amount, currency)), ..terms(what, &[1], &[0]) };
    Subject { base: None, topic: Topic::Action { action: None, terms } }
}

fn mandate(grant: EventId, kinds: &[&str], ceilings: &[(&str, &str)]) -> Mandate {
    Mandate {
        grant,
        kinds: kinds.iter().map(|k| (*k).to_owned()).collect(),
        ceilings: ceilings.iter().map(|(amount, currency)| money(amount, currency)).collect(),
        from: None,
        until: None,
        open: true,
    }
}

fn limits(w: &World, device: usize, kinds: &[&str], ceilings: &[(&str, &str)]) -> Act {
    Act::Mandate(mandate(w.devices[device].author.grant, kinds, ceilings))
}

#[test]
fn a_ceiling_holds_to_the_cent() {
    for (amount, good) in [("99.99", true), ("100", true), ("100.00", true), ("100.01", false), ("1000", false)] {
        let mut w = World::two();
        let limits = limits(&w, B2, &[], &[("100.0", "EUR")]);
        w.act(B1, &limits);
        let r = w.offer(vec![worth("dear", amount, "EUR")]);
        let taken = w.force(B2, &accept(r));
        if good {
            assert_eq!(w.why(taken), "effective", "{amount}");
            assert_eq!(w.word(action_of(r, 0)), "agreed");
        } else {
            assert_eq!(w.why(taken), "BeyondMandate", "{amount}");
            assert_eq!(w.word(action_of(r, 0)), "proposed");
            assert_eq!(w.refuses(B2, &accept(r)), "BeyondMandate");
            // The party's other devices are not limited.
            w.act(B1, &accept(r));
            assert_eq!(w.word(action_of(r, 0)), "agreed");
        }
    }
}

#[test]
fn a_ceiling_in_the_grant_itself_holds_likewise() {
    for (amount, currency, good) in
        [("100", "EUR", true), ("100.0001", "EUR", false), ("1", "USD", false), ("0", "USD", false)]
    {
        let mut w = World::two();
        let r = w.offer(vec![worth("dear", amount, currency)]);
        let taken = w.force(B5, &accept(r));
        assert_eq!(w.why(taken), if good { "effective" } else { "BeyondMandate" }, "{amount} {currency}");
    }
    let mut w = World::two();
    let r = w.offer(vec![work("no money at stake")]);
    let taken = w.act(B5, &accept(r));
    assert_eq!(w.why(taken), "effective");
}

#[test]
fn a_bundle_is_worth_the_sum_of_its_actions() {
    for (second, good) in [("40", true), ("40.01", false)] {
        let mut w = World::two();
        let r = w.offer(vec![worth("one", "60", "EUR"), worth("two", second, "EUR"), work("free")]);
        let taken = w.force(B5, &accept(r));
        assert_eq!(w.why(taken), if good { "effective" } else { "BeyondMandate" });
    }
}

#[test]
fn a_value_counts_without_its_sign() {
    for (values, good) in [
        (&["10000", "-9951"][..], false),
        (&["-9951", "10000"], false),
        (&["-10000"], false),
        (&["-100.01"], false),
        (&["-100"], true),
        (&["60", "-40"], true),
        (&["60", "-40.01"], false),
        (&["-60", "-40.01"], false),
        (&["999999999999999", "-999999999999999"], false),
        (&["0", "-100"], true),
    ] {
        let bundle = || values.iter().map(|value| worth("part", value, "EUR")).collect::<Vec<Subject>>();
        let expected = if good { "effective" } else { "BeyondMandate" };
        // In the grant itself, and in a mandate.
        let mut w = World::two();
        let limits = limits(&w, B2, &[], &[("100", "EUR")]);
        w.act(B1, &limits);
        let r = w.offer(bundle());
        for device in [B5, B2] {
            let taken = w.force(device, &accept(r));
            assert_eq!(w.why(taken), expected, "{values:?}");
        }
        assert_eq!(w.word(action_of(r, 0)), if good { "agreed" } else { "proposed" }, "{values:?}");
        if !good {
            let proposal = w.proposal(B5, bundle());
            assert_eq!(w.idle(B5, &Act::Propose(proposal)), expected, "{values:?}");
        }
    }
    // Nor is it nothing in a currency that has no ceiling.
    let mut w = World::two();
    let r = w.offer(vec![worth("one", "100", "EUR"), worth("two", "-1", "USD")]);
    let taken = w.force(B5, &accept(r));
    assert_eq!(w.why(taken), "BeyondMandate");
}

#[test]
fn a_value_below_nothing_can_be_neither_chosen_nor_confirmed_beyond_a_ceiling() {
    let mut w = World::two();
    let both = vec![worth("one", "10000", "EUR"), worth("two", "-9951", "EUR")];
    let proposal = w.proposal_with(B1, both, Mode::Confirm, None);
    let r = w.act(B1, &Act::Propose(proposal));
    w.sync_all();
    w.act(A1, &accept(r));
    w.sync_all();
    assert_eq!(w.idle(B5, &confirm(r)), "BeyondMandate");
    let mut w = World::two();
    let (r, action) = w.agreed();
    let change = |amount: &str| {
        let Topic::Action { terms, .. } = worth("dear", amount, "EUR").topic else { unreachable!("an action") };
        vec![Subject { base: Some(r), topic: Topic::Action { action: Some(action), terms } }]
    };
    let cheap = w.propose(A1, change("-100"));
    let dear = w.propose(B1, change("-101"));
    w.deliver(A1, B2);
    w.act(B2, &accept(cheap));
    w.deliver(B1, A2);
    w.act(A2, &accept(dear));
    assert_eq!(w.word(action), "crossed");
    assert_eq!(w.idle(B5, &choose(dear)), "BeyondMandate");
    w.act(B5, &choose(cheap));
}

#[test]
fn currencies_are_added_up_apart() {
    let mut w = World::two();
    let two_currencies = limits(&w, B2, &[], &[("100", "EUR"), ("50", "USD")]);
    w.act(B1, &two_currencies);
    let fits = w.offer(vec![worth("one", "100", "EUR"), worth("two", "50", "USD")]);
    let taken = w.act(B2, &accept(fits));
    assert_eq!(w.why(taken), "effective");
    for (eur, usd) in [("100", "51"), ("101", "50")] {
        let r = w.offer(vec![worth("one", eur, "EUR"), worth("two", usd, "USD")]);
        let taken = w.force(B2, &accept(r));
        assert_eq!(w.why(taken), "BeyondMandate", "{eur} {usd}");
    }
    let r = w.offer(vec![worth("one", "1", "CHF")]);
    let taken = w.force(B2, &accept(r));
    assert_eq!(w.why(taken), "BeyondMandate", "a currency without a ceiling where any is given");
}

#[test]
fn a_ceiling_limits_proposing_countering_accepting_and_choosing() {
    let dear = || vec![worth("dear", "101", "EUR")];
    let mut w = World::two();
    let proposal = w.proposal(B5, dear());
    assert_eq!(w.idle(B5, &Act::Propose(proposal)), "BeyondMandate");
    let (r, action) = w.offered();
    let Topic::Action { terms, .. } = worth("dear", "101", "EUR").topic else { unreachable!("an action") };
    let change = vec![Subject { base: None, topic: Topic::Action { action: Some(action), terms } }];
    let proposal = w.proposal(B5, change);
    assert_eq!(w.idle(B5, &Act::Counter { of: r, proposal }), "BeyondMandate");
    assert_eq!(w.word(action), "proposed");
    // Declining binds to nothing.
    let r = w.offer(dear());
    let declined = w.act(B5, &decline(r));
    assert_eq!(w.why(declined), "effective");
    assert_eq!(w.word(action_of(r, 0)), "declined");
}

#[test]
fn a_ceiling_limits_what_is_chosen_and_confirmed() {
    let mut w = World::two();
    let (r, action) = w.agreed();
    let change = |amount: &str| {
        let Topic::Action { terms, .. } = worth("dear", amount, "EUR").topic else { unreachable!("an action") };
        vec![Subject { base: Some(r), topic: Topic::Action { action: Some(action), terms } }]
    };
    let cheap = w.propose(A1, change("100"));
    let dear = w.propose(B1, change("101"));
    w.deliver(A1, B2);
    w.act(B2, &accept(cheap));
    w.deliver(B1, A2);
    w.act(A2, &accept(dear));
    assert_eq!(w.word(action), "crossed");
    assert_eq!(w.idle(B5, &choose(dear)), "BeyondMandate");
    assert_eq!(w.word(action), "crossed");
    w.act(B5, &choose(cheap));
    assert_eq!(w.in_force(action), [] as [EntryId; 0], "not yet known to all");
    assert_eq!(w.word(action), "agreed");
    assert_eq!(w.in_force(action), [cheap]);
    // The author's confirm is his signature.
    let mut w = World::two();
    let proposal = w.proposal_with(B1, vec![worth("dear", "101", "EUR")], Mode::Confirm, None);
    let r = w.act(B1, &Act::Propose(proposal));
    w.sync_all();
    w.act(A1, &accept(r));
    w.sync_all();
    assert_eq!(w.idle(B5, &confirm(r)), "BeyondMandate");
    w.act(B1, &confirm(r));
    assert_eq!(w.word(action_of(r, 0)), "agreed");
}

#[test]
fn a_ceiling_does_not_limit_performing() {
    let mut w = World::two();
    let r = w.offer(vec![worth("dear", "5000", "EUR")]);
    w.act(B1, &accept(r));
    w.sync_all();
    let done = w.act(B5, &declare(r));
    assert_eq!(w.why(done), "effective");
    assert_eq!(w.word(action_of(r, 0)), "declared");
}

#[test]
fn only_the_listed_kinds() {
    let mut w = World::two();
    let only = limits(&w, B2, &["accept", "note"], &[]);
    w.act(B1, &only);
    let r = w.offer(vec![work("plain")]);
    let declined = w.force(B2, &decline(r));
    let why = w.why(declined);
    assert!(why == "BeyondMandate" || why == "KindNotGranted", "{why}");
    assert_eq!(w.word(action_of(r, 0)), "proposed");
    let noted = w.act(B2, &note("fine"));
    assert_eq!(w.why(noted), "effective");
    w.act(B2, &accept(r));
    assert_eq!(w.word(action_of(r, 0)), "agreed");
    let other = w.act(B4, &note("not limited"));
    assert_eq!(w.why(other), "effective");
}

#[test]
fn a_mandate_gives_no_kind_that_the_grant_does_not() {
    let mut w = World::two();
    let more = limits(&w, B3, &["accept", "note"], &[]);
    w.act(B1, &more);
    let r = w.offer(vec![work("plain")]);
    assert_eq!(w.idle(B3, &accept(r)), "KindNotGranted");
}

#[test]
fn limits_bind_only_acts_that_know_them() {
    let mut w = World::two();
    let r = w.offer(vec![worth("dear", "101", "EUR")]);
    let limits = limits(&w, B2, &[], &[("100", "EUR")]);
    w.act(B1, &limits);
    let taken = w.act(B2, &accept(r));
    assert_eq!(w.why(taken), "effective");
    assert_eq!(w.word(action_of(r, 0)), "agreed");
}

#[test]
fn limits_that_are_not_open_bind_nobodys_judgement() {
    let mut w = World::two();
    let inner = Mandate { open: false, ..mandate(w.devices[B2].author.grant, &["note"], &[("100", "EUR")]) };
    w.act(B1, &Act::Mandate(inner));
    let r = w.offer(vec![worth("dear", "101", "EUR")]);
    let taken = w.force(B2, &accept(r));
    assert_eq!(w.why(taken), "effective");
}

#[test]
fn a_window_voids_nothing() {
    let mut w = World::two();
    let past = Mandate { from: Some(1), until: Some(2), ..mandate(w.devices[B2].author.grant, &[], &[]) };
    w.act(B1, &Act::Mandate(past));
    let r = w.offer(vec![work("plain")]);
    let taken = w.force(B2, &accept(r));
    assert_eq!(w.why(taken), "effective");
}

#[test]
fn the_newest_limits_hold() {
    for (first, second, good) in [("100", "200", true), ("200", "100", false)] {
        let mut w = World::two();
        let one = limits(&w, B2, &[], &[(first, "EUR")]);
        w.act(B1, &one);
        w.sync_all();
        let two = limits(&w, B2, &[], &[(second, "EUR")]);
        w.act(B4, &two);
        let r = w.offer(vec![worth("dear", "150", "EUR")]);
        let taken = w.force(B2, &accept(r));
        assert_eq!(w.why(taken), if good { "effective" } else { "BeyondMandate" });
    }
}

#[test]
fn later_limits_without_a_ceiling_lift_it() {
    let mut w = World::two();
    let one = limits(&w, B2, &["accept"], &[("100", "EUR")]);
    w.act(B1, &one);
    let two = limits(&w, B2, &[], &[]);
    w.act(B1, &two);
    let r = w.offer(vec![worth("dear", "150", "EUR")]);
    let taken = w.act(B2, &accept(r));
    assert_eq!(w.why(taken), "effective");
}

#[test]
fn later_inner_limits_take_the_place_of_open_ones() {
    let mut w = World::two();
    let one = limits(&w, B2, &[], &[("100", "EUR")]);
    w.act(B1, &one);
    let inner = Mandate { open: false, ..mandate(w.devices[B2].author.grant, &[], &[("100", "EUR")]) };
    w.act(B1, &Act::Mandate(inner));
    let r = w.offer(vec![worth("dear", "150", "EUR")]);
    let taken = w.force(B2, &accept(r));
    assert_eq!(w.why(taken), "effective");
}

#[test]
fn of_limits_made_without_knowing_of_each_other_all_bind() {
    for (first, second) in [("100", "200"), ("200", "100")] {
        let mut w = World::two();
        let one = limits(&w, B2, &[], &[(first, "EUR")]);
        let two = limits(&w, B2, &[], &[(second, "EUR")]);
        w.act(B1, &one);
        w.act(B4, &two);
        let r = w.offer(vec![worth("dear", "150", "EUR")]);
        let taken = w.force(B2, &accept(r));
        assert_eq!(w.why(taken), "BeyondMandate");
        // Only the larger one known: only that one binds.
        let mut w = World::two();
        let r = w.offer(vec![worth("dear", "150", "EUR")]);
        let known = limits(&w, B2, &[], &[("200", "EUR")]);
        let unknown = limits(&w, B2, &[], &[("100", "EUR")]);
        w.act(B1, &known);
        w.act(B4, &unknown);
        w.deliver(B1, B2);
        let taken = w.act(B2, &accept(r));
        assert_eq!(w.why(taken), "effective");
    }
}

#[test]
fn limits_for_one_agent_leave_those_for_another() {
    let mut w = World::two();
    let one = limits(&w, B2, &[], &[("100", "EUR")]);
    w.act(B1, &one);
    let two = limits(&w, B4, &[], &[("500", "EUR")]);
    w.act(B1, &two);
    let r = w.offer(vec![worth("dear", "150", "EUR")]);
    let taken = w.force(B2, &accept(r));
    assert_eq!(w.why(taken), "BeyondMandate");
    let taken = w.act(B4, &accept(r));
    assert_eq!(w.why(taken), "effective");
}

#[test]
fn limits_are_set_by_the_own_party_for_its_own_grants_and_not_for_oneself() {
    let mut w = World::two();
    let own = limits(&w, B2, &[], &[("100000", "EUR")]);
    assert_eq!(w.refuses(B2, &own), "OwnMandate");
    assert_eq!(w.idle(B2, &own), "OwnMandate");
    // A says that B's agent may do nothing: that is not for A to say.
    let theirs = limits(&w, B2, &["note"], &[]);
    w.idle(A1, &theirs);
    let nobodys = Act::Mandate(mandate(EventId([9; 32]), &[], &[]));
    w.idle(B1, &nobodys);
    let r = w.offer(vec![worth("dear", "150", "EUR")]);
    let taken = w.act(B2, &accept(r));
    assert_eq!(w.why(taken), "effective");
}

#[test]
fn an_agent_cannot_lift_its_own_limits() {
    let mut w = World::two();
    let one = limits(&w, B2, &[], &[("100", "EUR")]);
    w.act(B1, &one);
    w.sync_all();
    let lifted = limits(&w, B2, &[], &[]);
    assert_eq!(w.idle(B2, &lifted), "OwnMandate");
    let r = w.offer(vec![worth("dear", "150", "EUR")]);
    let taken = w.force(B2, &accept(r));
    assert_eq!(w.why(taken), "BeyondMandate");
}

#[test]
fn amounts_are_compared_as_numbers() {
    for (ceiling, amount, good) in
        [("100", "9.5", true), ("9.5", "100", false), ("0.5", "0.50", true), ("0", "0.01", false)]
    {
        let mut w = World::two();
        let limits = limits(&w, B2, &[], &[(ceiling, "EUR")]);
        w.act(B1, &limits);
        let r = w.offer(vec![worth("dear", amount, "EUR")]);
        let taken = w.force(B2, &accept(r));
        assert_eq!(w.why(taken), if good { "effective" } else { "BeyondMandate" }, "{ceiling} {amount}");
    }
}
