//! Opening a case: all that is signed for it, and all that is kept beside it, in one transaction, whoever asks for it. A case
//! stands whole or not at all.

use counterpart_core::{
    act::{Act, Role},
    id::{CaseId, EntryId},
};
use counterpart_node::{Desk, DeskError};
use counterpart_store::Txn;

use crate::{
    error::{CommandError, Done},
    limited,
    template::Plan,
    typed::typed,
};

/// Letters of a name.
const LONGEST: usize = 200;

/// What the owner of a home is called in new cases, as it is typed.
///
/// # Errors
/// Why it is no name.
pub fn own_name(input: &str) -> Done<String> {
    let name = typed("the name", input.trim())?;
    if name.contains('\n') || name.chars().count() > LONGEST {
        return Err(CommandError::usage(format!("the name is one line of at most {LONGEST} letters"))
            .hint("a person's or firm's name, as others know it"));
    }
    Ok(name)
}

/// What the owner of a home usually is in a case, by its word.
///
/// # Errors
/// When it is no role that takes part in agreements.
pub fn usual_role(word: &str) -> Done<Role> {
    let word = word.trim();
    Role::from_word(&word.to_lowercase()).filter(|role| role.agrees()).ok_or_else(|| {
        CommandError::usage(format!("'{}' is no role that you can usually have", crate::render::line(word)))
            .hint("write customer, supplier or third")
    })
}

/// What we are in a case where nobody says it: what we usually are, and a customer where that was never said either. Where
/// the others are that already, and none of them is its opposite, we are the opposite: a supplier for customers, a customer
/// for suppliers.
pub fn own_role(others: &[Role], usual: Option<Role>) -> Role {
    let role = usual.unwrap_or(Role::Customer);
    match opposite(role) {
        Some(opposite) if others.contains(&role) && !others.contains(&opposite) => opposite,
        _ => role,
    }
}

/// What somebody else is in a case of ours where nobody says it.
pub fn others_role(own: Option<Role>) -> Role {
    own.and_then(opposite).unwrap_or(Role::Supplier)
}

fn opposite(role: Role) -> Option<Role> {
    match role {
        Role::Customer => Some(Role::Supplier),
        Role::Supplier => Some(Role::Customer),
        _ => None,
    }
}

/// Whether a case would be opened so, with these acts of a template in it: to be looked at before anybody is shown anything.
/// `now` in Unix milliseconds.
///
/// # Errors
/// Why one of them would not be signed, and what would work.
pub fn check(desk: &Desk, open: &Act, plan: &[Act], now: i64) -> Done {
    desk.check_new_case(open, plan, now).map_err(|(at, why)| {
        let act = at.checked_sub(1).and_then(|at| plan.get(at)).unwrap_or(open);
        limited::beyond_at_opening(desk, act, &why).unwrap_or_else(|| why.into())
    })
}

/// Signs the opening and what a template comes to, if it is begun by one, whose name goes before its plan; keeps the plan's
/// reminders and steps, by which template it was, and what `also` keeps. Gives the case and its entries, the opening first,
/// then those of the plan in their order. `now` in Unix milliseconds.
///
/// # Errors
/// When an act is not acceptable, something cannot be kept, or what `also` answers; nothing is signed or kept then.
pub fn begin(
    desk: &Desk,
    open: &Act,
    plan: Option<(&str, &Plan)>,
    mut also: impl FnMut(&Txn<'_>, CaseId, &[EntryId]) -> Result<(), DeskError>,
    now: i64,
) -> Result<(CaseId, Vec<EntryId>), DeskError> {
    let acts = plan.map_or(&[][..], |(_, plan)| plan.acts.as_slice());
    let mut entries = Vec::new();
    let beside = |txn: &Txn<'_>, case: CaseId| {
        entries = txn.entries_after(case, 0)?.into_iter().map(|entry| entry.id).collect();
        if let Some((template, plan)) = plan {
            let planned = entries.get(1..).unwrap_or_default();
            desk.put_rules_in(txn, &case, &plan.rules(planned), now)?;
            if plan.step_count() > 0 {
                desk.put_steps_in(txn, &case, &plan.steps(planned))?;
            }
            desk.keep_template_in(txn, &case, template)?;
        }
        also(txn, case, &entries)
    };
    let case = desk.new_case_with(open, acts, beside, now)?;
    Ok((case, entries))
}

#[cfg(test)]
mod tests {
    use counterpart_core::{act::SeatOffer, value::Sealable};
    use counterpart_node::now;
    use tempfile::TempDir;

    use super::*;
    use crate::{
        item_value::{Here, no_files},
        template::{self, BUILT_IN},
    };

    #[test]
    fn we_are_what_the_others_are_not() {
        use Role::{Arbiter, Customer, Observer, Supplier, Third};
        let table: [(&[Role], Option<Role>, Role); 11] = [
            (&[Supplier], None, Customer),
            (&[Customer], None, Supplier),
            (&[Customer, Customer, Observer], None, Supplier),
            (&[Customer, Third], None, Supplier),
            (&[Customer, Supplier], None, Customer),
            (&[Observer], None, Customer),
            (&[Arbiter], Some(Supplier), Supplier),
            (&[Customer], Some(Supplier), Supplier),
            (&[Supplier], Some(Supplier), Customer),
            (&[Customer, Supplier], Some(Supplier), Supplier),
            (&[Customer], Some(Third), Third),
        ];
        for (others, usual, role) in table {
            assert_eq!(own_role(others, usual), role, "{others:?} {usual:?}");
        }
        let others = [None, Some(Customer), Some(Third), Some(Supplier)].map(others_role);
        assert_eq!(others, [Supplier, Supplier, Supplier, Customer]);
        assert_eq!(usual_role(" Supplier "), Ok(Supplier));
        assert!(["", "boss", "observer"].iter().all(|word| usual_role(word).is_err()));
    }

    #[test]
    fn what_a_template_comes_to_is_signed_and_kept_whole_or_not_at_all() {
        let home = TempDir::new().expect("a folder");
        Desk::init(home.path()).expect("an identity");
        let desk = Desk::open(home.path()).expect("a home");
        let cases = || desk.summaries().expect("a list").len();
        for (opened, (name, file)) in BUILT_IN.iter().enumerate() {
            let template = template::read(file.as_bytes()).expect("it holds together");
            let [own, other] = [(Role::Customer, "Maya"), (Role::Supplier, "Acme Ltd")]
                .map(|(role, label)| SeatOffer { role, label: Sealable::Open(label.to_owned()) });
            let open = desk.open_act(&template.title, own, vec![other], "Europe/London", None);
            let here = Here { zone: "Europe/London", now: now(), file: no_files };
            let set: Vec<String> =
                template.items.iter().map(|item| format!("{}={}", item.key, item.sample())).collect();
            let (answers, _) = template.answers(&set, here).expect("samples work");
            let plan = Plan::new(&template, &answers, template::seats(&open), here).expect("a plan");
            let by = Some((*name, &plan));

            // The last thing that is kept fails, as where the disk is full.
            let full = |_: &Txn<'_>, _: CaseId, _: &[EntryId]| Err(DeskError::Text("no more room".to_owned()));
            let failed = begin(&desk, &open, by, full, now()).expect_err("it fails");
            assert!(failed.to_string().contains("no more room"), "{name}: {failed}");
            assert_eq!(cases(), opened, "{name}: nothing is half");

            let (case, entries) = begin(&desk, &open, by, |_, _, _| Ok(()), now()).expect("a case");
            assert_eq!(entries.len(), 1 + plan.acts.len(), "{name}");
            let record = desk.record(&case).expect("a record");
            let signed: Vec<EntryId> = record.graph().all().map(|ix| record.graph().id(ix)).collect();
            assert_eq!(signed, entries, "{name}: in the order of signing");
            assert_eq!(desk.rules(&case).expect("kept").len(), plan.reminders.len(), "{name}");
            assert_eq!(desk.steps(&case).expect("kept").steps.len(), plan.step_count(), "{name}");
            assert_eq!(cases(), opened + 1, "{name}");
        }
    }
}
