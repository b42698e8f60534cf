//! R9, R10: what forked key logs and rotations mean for acts that rely on them.

use counterpart_core::{
    act::Act,
    gate::Refusal,
    id::{EntryId, EventId},
    keylog::{self, EventSigner, RevokeReason},
    record::DraftError,
    statement::KeyCitation,
    value::ActionId,
};

use crate::{shown::*, world::*};

/// B's root key is in two hands: one branch of its log grants T, the other N. T accepts work offered to B.
struct Forked {
    w: World,
    r: EntryId,
    action: ActionId,
    before: KeyCitation,
    t: usize,
    n: usize,
    /// T's accept.
    x: EntryId,
}

/// Nobody who signed yet knows of N's branch.
fn forked() -> Forked {
    let mut w = World::two();
    let r = w.offer(vec![work("first")]);
    let before = w.log_end(B1);
    let t = w.grant_after(B1, &before, 0, &[]);
    let n = w.grant_after(B1, &before, 0, &[B1]);
    for device in [t, n] {
        w.deliver(A1, device);
    }
    let x = w.act(t, &accept(r));
    Forked { action: action_of(r, 0), w, r, before, t, n, x }
}

impl Forked {
    fn word(&mut self) -> &'static str {
        self.w.word(self.action)
    }

    /// B rotates after some event; these devices know it.
    fn rotate(&mut self, after: &KeyCitation, knowing: &[usize]) -> KeyCitation {
        let next = counterpart_core::envelope::public_half(&World::root_key(B1, 2));
        let event = keylog::rotate(after, &World::root_key(B1, 1), &next, 5);
        self.w.log_event(event, knowing)
    }

    fn ratify(&mut self, device: usize) -> Result<EntryId, DraftError> {
        let entries = vec![self.x];
        self.w.try_act(device, &Act::Ratify { entries })
    }

    fn disputes(&self) -> Vec<(u32, bool)> {
        let found = self.w.record(A1).lens().disputed_identities();
        found.into_iter().map(|(_, dispute)| (dispute.position, dispute.for_good)).collect()
    }
}

#[test]
fn a_branch_that_no_entry_cites_changes_nothing() {
    let mut x = forked();
    assert_eq!(x.word(), "agreed");
    assert_eq!(x.disputes(), []);
}

#[test]
fn what_binds_beyond_the_fork_waits_for_the_partys_word() {
    let mut x = forked();
    x.w.act(B1, &note("our new machine is N"));
    assert_eq!(x.word(), "contested");
    assert!(x.w.in_force(x.action).is_empty());
    assert_eq!(x.disputes(), [(x.before.position + 1, false)]);
    assert_eq!(x.w.why(x.x), "effective", "neither in force nor void");
    x.ratify(B1).expect("B stands by it");
    assert_eq!(x.word(), "agreed");
    assert_eq!(x.w.in_force(x.action), [x.r]);
}

#[test]
fn who_had_built_on_it_is_not_let_down() {
    let mut x = forked();
    x.w.deliver(x.t, A1);
    x.w.act(A1, &note("then we are agreed"));
    x.w.act(B1, &note("our new machine is N"));
    assert_eq!(x.word(), "agreed", "a party cannot fork its own log to get out");
    // Who knew both relied on nothing.
    let mut x = forked();
    x.w.act(B1, &note("our new machine is N"));
    x.w.deliver(B1, A1);
    x.w.deliver(x.t, A1);
    x.w.act(A1, &note("then we are agreed?"));
    assert_eq!(x.word(), "contested");
}

#[test]
fn the_word_is_given_knowing_both_branches() {
    let mut x = forked();
    // N knows its own branch alone, then T's accept, which brings the other.
    let blind = x.w.act(x.n, &note("I am N"));
    assert_eq!(x.word(), "contested");
    assert_eq!(x.w.why(blind), "effective");
    // Two ends at one position: which of them counts as cited is chance, and on one of them N has no grant. Its own
    // branch goes on by an event, and with it N.
    let after = x.w.granted_at(x.n);
    x.w.grant_after(B1, &after, 0, &[x.n]);
    x.ratify(x.n).expect("knowing both");
    assert_eq!(x.word(), "agreed");
}

#[test]
fn devices_from_before_the_fork_are_not_in_doubt() {
    let mut w = World::two();
    let r = w.offer(vec![work("first")]);
    let before = w.log_end(B1);
    let t = w.grant_after(B1, &before, 0, &[B1]);
    let n = w.grant_after(B1, &before, 0, &[B2]);
    w.deliver(A1, t);
    w.deliver(A1, n);
    w.act(t, &note("one branch"));
    w.act(n, &note("the other"));
    w.sync_all();
    w.act(B1, &accept(r));
    assert_eq!(w.word(action_of(r, 0)), "agreed", "both branches say that B1 is B's");
    assert_eq!(w.record(A1).lens().disputed_identities().len(), 1);
}

#[test]
fn only_what_binds_waits() {
    let mut w = World::two();
    let r = w.offer(vec![work("first")]);
    let before = w.log_end(B1);
    let t = w.grant_after(B1, &before, 0, &[]);
    w.grant_after(B1, &before, 0, &[B1]);
    w.deliver(A1, t);
    w.act(B1, &note("our new machine is N"));
    w.act(t, &decline(r));
    assert_eq!(w.word(action_of(r, 0)), "declined", "a refusal binds nobody");
    let stated = Act::Item {
        key: "price".to_owned(),
        value: counterpart_core::value::ItemValue::Integer(7),
        label: None,
        note: None,
    };
    let stated = w.act(t, &stated);
    assert_eq!(w.why(stated), "effective");
}

#[test]
fn a_rotation_takes_back_the_other_branch() {
    // From before the fork, or from the end of N's branch: T is out either way.
    for at_end in [false, true] {
        let mut x = forked();
        let after = if at_end { x.w.granted_at(x.n) } else { x.before };
        x.rotate(&after, &[B1, B2]);
        assert_eq!(x.word(), "agreed", "nobody cites it yet");
        let mut x = forked();
        x.rotate(&after, &[B1, B2]);
        x.w.act(B1, &note("we changed our main key"));
        assert_eq!(x.word(), "contested");
        assert_eq!(x.disputes(), [], "it is decided");
        // T's own word for itself is worth nothing: it signs no more, once it knows.
        x.w.deliver(B1, x.t);
        assert_eq!(x.ratify(x.t), Err(DraftError::Gate(Refusal::NoGrant)));
        x.ratify(B2).expect("B stands by it");
        assert_eq!(x.word(), "agreed");
    }
}

#[test]
fn beside_a_rotation_only_reliance_makes_an_act_count() {
    let mut x = forked();
    x.rotate(&x.before.clone(), &[B1]);
    x.w.deliver(x.t, A1);
    x.w.act(A1, &note("then we are agreed"));
    x.w.act(B1, &note("we changed our main key"));
    assert_eq!(x.word(), "agreed");
    // T ratified itself without knowing: not for those who know.
    let mut x = forked();
    x.ratify(x.t).expect("it thinks it is B");
    x.rotate(&x.before.clone(), &[B1]);
    x.w.act(B1, &note("we changed our main key"));
    assert_eq!(x.word(), "contested");
}

#[test]
fn a_rotation_goes_before_a_longer_branch() {
    let mut x = forked();
    // The thief's branch grows, ends B1 and B2 on it, and A cites it.
    let mut end = x.w.granted_at(x.t);
    for device in [B1, B2, B3] {
        let root = World::root_key(B1, 0);
        let grant = x.w.devices[device].author.grant;
        let event = keylog::revoke(&end, &EventSigner::Root(&root), &grant, RevokeReason::Compromised, 6);
        end = x.w.log_event(event, &[x.t, A1]);
    }
    x.w.deliver(x.t, A1);
    let cited = x.w.act(A1, &note("B told me something"));
    x.w.deliver(A1, B1);
    let refused = x.w.try_act(B1, &note("that was not us"));
    assert_eq!(refused, Err(DraftError::Gate(Refusal::Revoked(RevokeReason::Compromised))));
    let short = x.rotate(&x.before.clone(), &[B1]);
    assert!(short.position < end.position);
    let on = x.w.act(B1, &note("that was not us, this is our new main key"));
    x.w.deliver(B1, A1);
    x.w.act(A1, &note("I see"));
    x.w.deliver(A1, x.t);
    assert_eq!(x.w.try_act(x.t, &note("I am B")), Err(DraftError::Gate(Refusal::NoGrant)));
    let statement = |w: &World, id: EntryId| {
        let graph = w.record(A1).graph();
        graph.statement(graph.find(&id).expect("here")).clone()
    };
    assert_eq!(statement(&x.w, on).keys, [short]);
    assert!(statement(&x.w, cited).keys.contains(&end));
    assert_eq!(x.word(), "agreed", "A had built on T's accept");
}

#[test]
fn a_revocation_that_was_taken_back_revokes_nothing() {
    let mut w = World::two();
    let r = w.offer(vec![work("first")]);
    let before = w.log_end(B1);
    // Whoever stole the root ends B1 as compromised; B2 cites it in good faith.
    let event = w.revoke_known_to(B1, RevokeReason::Compromised, &[B2]);
    w.act(B1, &accept(r));
    w.act(B2, &note("B1 is out?"));
    let action = action_of(r, 0);
    assert_eq!(w.word(action), "contested");
    let next = counterpart_core::envelope::public_half(&World::root_key(B1, 2));
    let rotation = keylog::rotate(&before, &World::root_key(B1, 1), &next, 5);
    w.log_event(rotation, &[B1]);
    w.act(B1, &note("it is not"));
    assert_eq!(w.word(action), "agreed");
    assert!(w.record(A1).logs().event(&event).is_some(), "it stays on record");
    assert_ne!(event, EventId([0; 32]));
}

#[test]
fn two_rotations_leave_the_identity_in_dispute_for_good() {
    let mut x = forked();
    x.rotate(&x.before.clone(), &[B1]);
    let next = counterpart_core::envelope::public_half(&World::root_key(A1, 2));
    let other = keylog::rotate(&x.w.granted_at(x.t), &World::root_key(B1, 1), &next, 5);
    x.w.log_event(other, &[x.t]);
    x.w.act(x.t, &note("our new main key"));
    x.w.act(B1, &note("no, this one"));
    assert_eq!(x.word(), "contested");
    assert_eq!(x.disputes(), [(x.before.position + 1, true)]);
    x.w.sync_all();
    x.ratify(B1).expect("B1 is from before");
    assert_eq!(x.word(), "agreed");
}
