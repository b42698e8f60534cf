//! R9: what a revoked key means for what it signed without knowing.

use counterpart_core::{
    act::{Act, Outcome, Subject},
    gate::Refusal,
    id::{EntryId, EventId},
    keylog::RevokeReason::{self, Compromised, Ended},
    record::DraftError,
    value::ActionId,
};

use crate::{shown::*, world::*};

/// Work offered to B; B2's grant is revoked as B1 knows and cites, B2 accepts without knowing it.
struct Revoked {
    w: World,
    r: EntryId,
    action: ActionId,
    event: EventId,
    /// B1's statement that cites the revocation.
    over: EntryId,
    /// B2's accept.
    x: EntryId,
}

fn revoked(reason: RevokeReason) -> Revoked {
    revoked_in(World::two(), work("first"), reason)
}

fn revoked_in(mut w: World, subject: Subject, reason: RevokeReason) -> Revoked {
    let r = w.offer(vec![subject]);
    let event = w.revoke_known_to(B2, reason, &[B1]);
    let over = w.act(B1, &note("B2 is out"));
    let x = w.act(B2, &accept(r));
    Revoked { w, r, action: action_of(r, 0), event, over, x }
}

impl Revoked {
    /// A device signs after it has got the revocation, and not the accept; or the other way round.
    fn signs_over(&mut self, device: usize, revocation: bool) {
        self.w.deliver(if revocation { B1 } else { B2 }, device);
        self.w.act(device, &note("I saw this much"));
    }

    fn word(&mut self) -> &'static str {
        self.w.word(self.action)
    }
}

#[test]
fn nothing_more_is_signed_once_the_revocation_is_known() {
    let mut x = revoked(Ended);
    x.w.deliver(B1, B2);
    let refused = x.w.try_act(B2, &note("still here?"));
    assert_eq!(refused, Err(DraftError::Gate(Refusal::Revoked(Ended))));
}

#[test]
fn an_ended_agents_accept_stands_unless_all_others_had_signed_over_the_revocation() {
    let mut x = revoked(Ended);
    assert_eq!(x.word(), "agreed");
    let mut x = revoked(Ended);
    x.signs_over(A1, true);
    assert_eq!(x.word(), "contested");
    assert!(x.w.in_force(x.action).is_empty());
    assert_eq!(x.w.why(x.x), "effective", "neither in force nor void");
    // Another device of the same signer had signed over the accept first.
    let mut x = revoked(Ended);
    x.signs_over(A1, true);
    x.signs_over(A2, false);
    assert_eq!(x.word(), "agreed");
    // Over both: not over the revocation first.
    let mut x = revoked(Ended);
    x.w.deliver(B2, A1);
    x.signs_over(A1, true);
    assert_eq!(x.word(), "agreed");
}

#[test]
fn a_compromised_keys_accept_counts_only_if_somebody_relied_on_it() {
    let mut x = revoked(Compromised);
    assert_eq!(x.word(), "contested");
    assert!(x.w.in_force(x.action).is_empty());
    let mut x = revoked(Compromised);
    x.signs_over(A1, false);
    assert_eq!(x.word(), "agreed");
    assert_eq!(x.w.in_force(x.action), [x.r]);
    let mut x = revoked(Compromised);
    x.signs_over(A1, true);
    assert_eq!(x.word(), "contested");
    let mut x = revoked(Compromised);
    x.signs_over(A1, true);
    x.signs_over(A2, false);
    assert_eq!(x.word(), "agreed");
    // Who knew both relied on nothing.
    let mut x = revoked(Compromised);
    x.w.deliver(B2, A1);
    x.signs_over(A1, true);
    assert_eq!(x.word(), "contested");
}

#[test]
fn a_key_event_that_no_entry_cites_changes_nothing() {
    for reason in [Ended, Compromised] {
        let mut w = World::two();
        let r = w.offer(vec![work("first")]);
        w.act(B2, &accept(r));
        w.sync_all();
        let x = w.act(A1, &note("good"));
        w.revoke_known_to(B2, reason, &[B1]);
        assert_eq!(w.word(action_of(r, 0)), "agreed");
        assert_eq!(w.why(x), "effective");
        assert_eq!(w.in_force(action_of(r, 0)), [r]);
    }
    let mut w = World::two();
    let r = w.offer(vec![work("first")]);
    w.act(B2, &accept(r));
    w.revoke_known_to(B2, Compromised, &[B1]);
    w.sync_all();
    assert_eq!(w.word(action_of(r, 0)), "agreed");
}

fn for_two() -> Subject {
    work_for("for two", &[1], &[0, 2])
}

/// The same with three signers: C has accepted, known to all.
fn revoked_three(reason: RevokeReason) -> Revoked {
    let mut w = World::three();
    let r = w.offer(vec![for_two()]);
    w.act(C1, &accept(r));
    w.sync_all();
    let event = w.revoke_known_to(B2, reason, &[B1]);
    let over = w.act(B1, &note("B2 is out"));
    let x = w.act(B2, &accept(r));
    Revoked { w, r, action: action_of(r, 0), event, over, x }
}

#[test]
fn of_two_other_signers_both_must_have_signed_over_the_revocation() {
    let mut x = revoked_three(Ended);
    x.signs_over(A1, true);
    assert_eq!(x.word(), "agreed", "C had not");
    let mut x = revoked_three(Ended);
    x.signs_over(A1, true);
    x.signs_over(C1, true);
    assert_eq!(x.word(), "contested");
    let mut x = revoked_three(Ended);
    x.signs_over(A1, true);
    x.signs_over(C1, true);
    x.signs_over(C2, false);
    assert_eq!(x.word(), "agreed", "C's other device relied on it");
}

#[test]
fn of_two_other_signers_one_relying_is_enough() {
    let mut x = revoked_three(Compromised);
    x.signs_over(A1, true);
    x.signs_over(C1, false);
    assert_eq!(x.word(), "agreed");
    let mut x = revoked_three(Compromised);
    x.signs_over(A1, true);
    x.signs_over(C1, true);
    assert_eq!(x.word(), "contested");
}

#[test]
fn who_signs_nothing_of_it_decides_nothing() {
    // C is a member and no signer.
    let mut x = revoked_in(World::three(), work("first"), Compromised);
    x.signs_over(C1, false);
    assert_eq!(x.word(), "contested");
    let mut x = revoked_in(World::three(), work("first"), Ended);
    x.signs_over(C1, true);
    assert_eq!(x.word(), "agreed");
    // Nor does the party whose key it is.
    let mut x = revoked(Compromised);
    x.w.deliver(B2, B4);
    let kept = x.w.act(A2, &note("I know of nothing"));
    assert_eq!(x.word(), "contested");
    assert_eq!(x.w.why(kept), "effective");
}

fn cut(w: &World, event: EventId, device: usize, seq: u32, entry: EntryId) -> Act {
    Act::Cut { revoke: event, tips: vec![(w.devices[device].author.device, seq, entry)] }
}

#[test]
fn what_the_cut_leaves_in_counts() {
    for reason in [Ended, Compromised] {
        let mut x = revoked(reason);
        x.signs_over(A1, true);
        assert_eq!(x.word(), "contested");
        let seq = x.w.seq(B2);
        let cut = cut(&x.w, x.event, B2, seq, x.x);
        x.w.act(B1, &cut);
        assert_eq!(x.word(), "agreed");
        assert_eq!(x.w.in_force(x.action), [x.r]);
    }
}

#[test]
fn what_comes_after_the_cut_does_not() {
    let mut w = World::two();
    let r = w.offer(vec![work("first")]);
    let before = w.act(B2, &note("still mine"));
    let seq = w.seq(B2);
    w.deliver(B2, B1);
    let event = w.revoke_known_to(B2, Compromised, &[B1]);
    let cut = cut(&w, event, B2, seq, before);
    w.act(B1, &cut);
    w.act(B2, &accept(r));
    assert_eq!(w.word(action_of(r, 0)), "contested");
}

#[test]
fn a_cut_at_a_later_entry_leaves_in_what_came_before() {
    let mut x = revoked(Compromised);
    let after = x.w.act(B2, &note("after it"));
    let seq = x.w.seq(B2);
    assert_eq!(x.word(), "contested");
    let cut = cut(&x.w, x.event, B2, seq, after);
    x.w.act(B1, &cut);
    assert_eq!(x.word(), "agreed");
}

#[test]
fn a_cut_is_for_the_own_party_and_for_its_own_revocation() {
    let mut x = revoked(Compromised);
    assert_eq!(x.word(), "contested");
    let seq = x.w.seq(B2);
    let theirs = cut(&x.w, x.event, B2, seq, x.x);
    x.w.idle(A1, &theirs);
    assert_eq!(x.word(), "contested");
    let other = cut(&x.w, EventId([8; 32]), B2, seq, x.x);
    x.w.force(B1, &other);
    assert_eq!(x.word(), "contested");
}

#[test]
fn a_cut_may_not_drop_what_the_own_party_cited() {
    for reason in [Ended, Compromised] {
        let mut w = World::two();
        let r = w.offer(vec![work("first")]);
        let first = w.act(B2, &note("before"));
        w.act(B2, &accept(r));
        // Another device of B has seen and signed over it, before the revocation.
        w.deliver(B2, B4);
        w.act(B4, &note("good"));
        w.deliver(B4, B1);
        let event = w.revoke_known_to(B2, reason, &[B1]);
        let cut = cut(&w, event, B2, 1, first);
        w.act(B1, &cut);
        w.deliver(B1, A1);
        w.act(A1, &note("I see"));
        assert_eq!(w.word(action_of(r, 0)), "agreed");
    }
}

#[test]
fn what_the_own_party_cited_along_with_the_revocation_is_not_within() {
    let mut x = revoked(Compromised);
    // B4 learns of both at once.
    x.w.deliver(B2, B4);
    x.w.deliver(B1, B4);
    x.w.act(B4, &note("what is this?"));
    assert_eq!(x.word(), "contested");
}

#[test]
fn ratified_it_counts() {
    for reason in [Ended, Compromised] {
        let mut x = revoked(reason);
        x.signs_over(A1, true);
        assert_eq!(x.word(), "contested");
        let entries = vec![x.x];
        x.w.act(B1, &Act::Ratify { entries });
        assert_eq!(x.word(), "agreed");
        assert_eq!(x.w.in_force(x.action), [x.r]);
    }
}

#[test]
fn only_the_own_party_ratifies_and_only_what_it_names() {
    let mut x = revoked(Compromised);
    assert_eq!(x.word(), "contested");
    let entries = vec![x.x];
    x.w.idle(A1, &Act::Ratify { entries });
    assert_eq!(x.word(), "contested");
    let entries = vec![x.over];
    x.w.force(B1, &Act::Ratify { entries });
    assert_eq!(x.word(), "contested");
}

#[test]
fn ratified_without_knowing_of_the_revocation_is_being_cited() {
    // B4 signs over the accept and does not know the revocation: within, whatever the act says.
    let mut x = revoked(Compromised);
    x.w.deliver(B2, B4);
    let entries = vec![x.x];
    x.w.force(B4, &Act::Ratify { entries });
    assert_eq!(x.word(), "agreed");
}

#[test]
fn allowing_the_cut_makes_it_void_and_the_offer_open_again() {
    let mut x = revoked(Compromised);
    assert_eq!(x.word(), "contested");
    let cut = x.w.act(B1, &Act::Cut { revoke: x.event, tips: Vec::new() });
    x.w.sync_all();
    x.w.act(A1, &allow(cut));
    assert_eq!(x.word(), "proposed");
    assert_eq!(x.w.open_on(x.action), [x.r]);
    x.w.act(B1, &accept(x.r));
    assert_eq!(x.word(), "agreed");
}

#[test]
fn every_other_signer_must_allow_the_cut() {
    let mut x = revoked_three(Compromised);
    assert_eq!(x.word(), "contested");
    let cut = x.w.act(B1, &Act::Cut { revoke: x.event, tips: Vec::new() });
    x.w.sync_all();
    x.w.act(A1, &allow(cut));
    assert_eq!(x.word(), "contested");
    x.w.act(C1, &allow(cut));
    assert_eq!(x.word(), "accepted", "by C; B has to answer anew");
    assert_eq!(x.w.open_on(x.action), [x.r]);
    x.w.act(B1, &accept(x.r));
    assert_eq!(x.word(), "agreed");
}

#[test]
fn allowing_a_cut_that_leaves_it_in_voids_nothing() {
    let mut x = revoked(Compromised);
    let seq = x.w.seq(B2);
    x.w.sync_all();
    let cut = cut(&x.w, x.event, B2, seq, x.x);
    let cut = x.w.act(B1, &cut);
    x.w.sync_all();
    x.w.act(A1, &allow(cut));
    assert_eq!(x.word(), "agreed");
}

#[test]
fn a_contested_change_leaves_the_agreement_in_force() {
    let mut w = World::two();
    let (r, action) = w.agreed();
    let change = w.offer(vec![change_of(action, Some(r), "second")]);
    let event = w.revoke_known_to(B2, Compromised, &[B1]);
    w.act(B1, &note("B2 is out"));
    w.act(B2, &accept(change));
    assert_eq!(w.word(action), "agreed");
    assert_eq!(w.in_force(action), [r]);
    assert!(w.shows(action, "contested"));
    let seq = w.seq(B2);
    let tip = w.record(A1).graph().tips_of(&w.devices[B2].author.device)[0];
    let tip = w.record(A1).graph().id(tip);
    let cut = cut(&w, event, B2, seq, tip);
    w.act(B1, &cut);
    assert_eq!(w.word(action), "agreed");
    assert_eq!(w.in_force(action), [change]);
    assert!(!w.shows(action, "contested"));
}

#[test]
fn a_new_agreement_replaces_what_was_contested_for_good() {
    let mut x = revoked(Compromised);
    assert_eq!(x.word(), "contested");
    let anew = x.w.amend(A1, x.action, "anew");
    x.w.sync_all();
    x.w.act(B1, &accept(anew));
    assert_eq!(x.word(), "agreed");
    assert_eq!(x.w.in_force(x.action), [anew]);
    // Ratified afterwards, it is replaced, not a rival.
    let entries = vec![x.x];
    x.w.act(B1, &Act::Ratify { entries });
    assert_eq!(x.word(), "agreed");
    assert_eq!(x.w.in_force(x.action), [anew]);
}

#[test]
fn a_contested_declare_and_approve_count_nowhere() {
    let mut w = World::two();
    let (r, action) = w.agreed();
    w.revoke_known_to(B2, Compromised, &[B1]);
    w.act(B1, &note("B2 is out"));
    w.act(B2, &declare(r));
    assert_eq!(w.word(action), "agreed");
    // And the same for the side that judges.
    let mut w = World::two();
    let (_, action, done) = w.declared();
    w.revoke_known_to(A2, Compromised, &[A1]);
    w.act(A1, &note("A2 is out"));
    w.act(A2, &approve(done));
    assert_eq!(w.word(action), "declared");
    // Ended without anybody signing over it: they count.
    let mut w = World::two();
    let (r, action) = w.agreed();
    w.revoke_known_to(B2, Ended, &[B1]);
    w.act(B1, &note("B2 is out"));
    w.act(B2, &declare(r));
    assert_eq!(w.word(action), "declared");
}

#[test]
fn a_contested_refusal_counts_nowhere() {
    // A compromised key's decline does not close the offer for those who know it.
    let mut w = World::two();
    let r = w.offer(vec![work("first")]);
    w.revoke_known_to(B2, Compromised, &[B1]);
    w.act(B1, &note("B2 is out"));
    w.act(B2, &decline(r));
    w.deliver(B2, B1);
    w.act(B1, &accept(r));
    assert_eq!(w.word(action_of(r, 0)), "agreed");
    // A compromised performer's stop does not stop.
    let mut w = World::two();
    let (r, action) = w.agreed();
    w.revoke_known_to(B2, Compromised, &[B1]);
    w.act(B1, &note("B2 is out"));
    w.act(B2, &stop(r));
    assert_eq!(w.word(action), "agreed");
    // Nor does a compromised key's consent end anything.
    let mut w = World::two();
    let (r, action) = w.agreed();
    let asked = w.act(A1, &release(r));
    w.sync_all();
    w.revoke_known_to(B2, Compromised, &[B1]);
    w.act(B1, &note("B2 is out"));
    w.act(B2, &allow(asked));
    assert_eq!(w.word(action), "agreed");
}

#[test]
fn facts_a_revoked_key_stated_stay_facts() {
    let mut w = World::two();
    w.revoke_known_to(B2, Compromised, &[B1]);
    w.act(B1, &note("B2 is out"));
    let value = counterpart_core::value::ItemValue::Integer(7);
    let stated = w.act(B2, &Act::Item { key: "price".to_owned(), value, label: None, note: None });
    assert_eq!(w.why(stated), "effective");
    let view = w.record(A1).view().expect("a view");
    assert_eq!(view.items[0].stated.len(), 1);
}

#[test]
fn a_contested_proposal_is_not_in_force_when_the_other_side_accepts_knowing_all() {
    // A compromised key proposes; A accepts knowing the revocation.
    let mut w = World::two();
    w.revoke_known_to(B2, Compromised, &[B1]);
    w.act(B1, &note("B2 is out"));
    let r = w.propose(B2, vec![work("B2's idea")]);
    w.sync_all();
    let accepted = w.force(A1, &accept(r));
    assert_eq!(w.why(accepted), "effective", "what it speaks of is neither in force nor void");
    assert_eq!(w.word(action_of(r, 0)), "contested");
    w.act(B1, &Act::Ratify { entries: vec![r] });
    assert_eq!(w.word(action_of(r, 0)), "agreed");
}

#[test]
fn an_arbiter_decides_what_is_contested() {
    for (outcome, word) in [(Outcome::Agreed, "agreed"), (Outcome::Cancelled, "proposed")] {
        let mut x = revoked_in(World::with_arbiter(), work("first"), Compromised);
        assert_eq!(x.word(), "contested");
        let about = x.w.act(A1, &dispute(x.x));
        x.w.sync_all();
        let decision = text("so be it");
        x.w.act(E1, &Act::Decide { dispute: about, decision, outcome: Some(outcome) });
        assert_eq!(x.word(), word);
    }
}

#[test]
fn the_assent_of_one_agent_stands_against_anothers_refusal() {
    let mut w = World::two();
    let (r, action) = w.offered();
    w.act(B1, &accept(r));
    let declined = w.act(B2, &decline(r));
    w.act(B4, &note("we are at odds"));
    assert_eq!(w.word(action), "agreed");
    assert_eq!(w.requests_on(action), [declined]);
}

#[test]
fn what_one_cut_leaves_in_another_does_not_drop() {
    for wide_first in [true, false] {
        let mut x = revoked(Compromised);
        assert_eq!(x.word(), "contested");
        let seq = x.w.seq(B2);
        let wide = cut(&x.w, x.event, B2, seq, x.x);
        let narrow = Act::Cut { revoke: x.event, tips: Vec::new() };
        let (first, second) = if wide_first { (wide, narrow) } else { (narrow, wide) };
        x.w.act(B1, &first);
        x.w.sync_all();
        x.w.act(B4, &second);
        assert_eq!(x.word(), "agreed");
    }
}

#[test]
fn a_revocation_of_one_device_leaves_the_others_acts_alone() {
    let mut w = World::two();
    let r = w.offer(vec![work("first")]);
    w.revoke_known_to(B2, Compromised, &[B1]);
    w.act(B1, &note("B2 is out"));
    w.act(B4, &accept(r));
    w.deliver(B1, A1);
    w.act(A1, &note("understood"));
    assert_eq!(w.word(action_of(r, 0)), "agreed");
}

#[test]
fn what_was_signed_and_covered_before_the_revocation_is_not_touched() {
    for reason in [Ended, Compromised] {
        let mut w = World::two();
        let r = w.offer(vec![work("first")]);
        w.act(B2, &accept(r));
        w.sync_all();
        // The revocation is cited by a statement that holds the accept.
        w.revoke_known_to(B2, reason, &[B1]);
        let over = w.act(B1, &note("B2 is out"));
        w.sync_all();
        w.act(A1, &note("understood"));
        let word = w.word(action_of(r, 0));
        // B1's statement has the revocation in its past, so it does not keep the accept within by itself.
        assert_eq!(word, if reason == Ended { "agreed" } else { "contested" });
        assert_eq!(w.why(over), "effective");
    }
}
