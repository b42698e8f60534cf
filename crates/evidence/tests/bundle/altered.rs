//! No alteration passes, and the member that was altered is named.

use counterpart_core::gate::Refusal;
use counterpart_evidence::{Failure, FailureKind, verify};

use crate::{
    case::{BEGIN, Case, contact, note},
    members::{Members, members, pack, relist},
};

fn small() -> Vec<u8> {
    let mut case = Case::new();
    case.customer_does(&contact(1));
    case.supplier_does(&note(2));
    case.receive();
    case.bundle(BEGIN)
}

fn failure(bundle: &[u8]) -> Failure {
    verify(bundle, &|_, _| {}).expect_err("an altered bundle")
}

#[test]
fn the_tests_pack_as_the_program_does() {
    let bundle = small();
    let mut parts = members(&bundle);
    assert_eq!(pack(&parts), bundle);
    relist(&mut parts);
    assert_eq!(pack(&parts), bundle);
}

#[test]
fn one_bit_in_any_member_names_that_member() {
    let good = members(&small());
    for n in 0..good.len() {
        let name = good[n].0.clone();
        let size = good[n].1.len();
        for at in [0, size / 3, size / 2, size - 40.min(size), size - 1] {
            let mut altered = good.clone();
            altered[n].1[at] ^= 1;
            let found = failure(&pack(&altered));
            assert_eq!(found.member.as_deref(), Some(name.as_str()), "byte {at} of {name}: {found}");
        }
    }
}

#[test]
fn one_bit_in_any_signed_member_is_found_under_fresh_checksums() {
    let good = members(&small());
    for n in 0..good.len() {
        let name = good[n].0.clone();
        if !name.starts_with("data/") {
            continue;
        }
        for at in [0, good[n].1.len() / 2, good[n].1.len() - 1] {
            let mut altered = good.clone();
            altered[n].1[at] ^= 1;
            relist(&mut altered);
            let found = failure(&pack(&altered));
            // Of the specification any bytes would do, had the exporter not signed for the list it stands in.
            let named = if name == "data/specification.md" { "exporter.cose" } else { name.as_str() };
            assert_eq!(found.member.as_deref(), Some(named), "byte {at} of {name}: {found}");
        }
    }
}

#[test]
fn an_altered_entry_is_named_with_the_reason() {
    let mut altered = members(&small());
    let entry = altered.iter().position(|(name, _)| name.starts_with("data/entries/000004")).expect("an entry");
    let last = altered[entry].1.len() - 1;
    altered[entry].1[last - 80] ^= 1;
    let found = failure(&pack(&altered));
    assert_eq!(found.member.as_deref(), Some(altered[entry].0.as_str()));
    match found.what {
        FailureKind::BadEntry { refusal, .. } => assert!(matches!(*refusal, Refusal::Signature(_)), "{refusal}"),
        other => unreachable!("{other:?}"),
    }
    assert!(found.message.contains("signature"), "{}", found.message);
}

#[test]
fn a_member_left_out_is_named() {
    let good = members(&small());
    for n in 0..good.len() {
        let mut fewer = good.clone();
        let (name, _) = fewer.remove(n);
        let found = failure(&pack(&fewer));
        assert_eq!((found.what, found.member.as_deref()), (FailureKind::MissingMember, Some(name.as_str())));
    }
}

#[test]
fn an_entry_left_out_under_fresh_lists_is_missed_by_what_rests_on_it() {
    let good = members(&small());
    let at = |parts: &Members, index: usize| {
        let prefix = format!("data/entries/{index:06}");
        parts.iter().position(|(name, _)| name.starts_with(&prefix))
    };
    let count = good.iter().filter(|(name, _)| name.starts_with("data/entries/")).count() + 1;
    for left_out in 2..count {
        let mut fewer = good.clone();
        let (name, _) = fewer.remove(at(&fewer, left_out).expect("an entry"));
        for index in left_out + 1..=count {
            let n = at(&fewer, index).expect("an entry");
            fewer[n].0 = fewer[n].0.replace(&format!("/{index:06}-"), &format!("/{:06}-", index - 1));
        }
        fewer.sort_unstable();
        relist(&mut fewer);
        let found = failure(&pack(&fewer));
        let id = name.trim_end_matches(".cose").rsplit('-').next().unwrap_or_default();
        match &found.what {
            FailureKind::MissingEntries(missing) => assert_eq!(missing[0].to_hex(), id, "{found}"),
            // What came in its place has no place without it.
            other => assert!(matches!(other, FailureKind::BadEntry { .. }), "{other:?}"),
        }
    }
}

#[test]
fn a_member_renamed_added_or_out_of_order_is_refused() {
    let good = members(&small());
    for n in 0..good.len() {
        let mut renamed = good.clone();
        let name = renamed[n].0.clone();
        renamed[n].0 = name.replace('a', "b");
        if renamed[n].0 == name {
            renamed[n].0.push('x');
        }
        let new = renamed[n].0.clone();
        renamed.sort_unstable();
        for relisted in [false, true] {
            let mut renamed = renamed.clone();
            if relisted {
                relist(&mut renamed);
            }
            let found = failure(&pack(&renamed));
            let named = found.member.as_deref().unwrap_or_default();
            let about = [name.as_str(), &new].contains(&named) || named.starts_with("data/keys/") || relisted;
            assert!(about, "{name} as {new}: {found}");
        }
    }
    for swap in 1..good.len() {
        let mut swapped = good.clone();
        swapped.swap(swap - 1, swap);
        let found = failure(&pack(&swapped));
        assert_eq!(found.what, FailureKind::NotCanonical);
        assert_eq!(found.member.as_deref(), Some(good[swap - 1].0.as_str()));
    }
    for name in ["data/extra.txt", "data/entries/../../x", "/etc/passwd", "..", "data/entries/x.cose", "a\\b", "data/"]
    {
        let mut more = good.clone();
        more.push((name.to_owned(), b"x".to_vec()));
        more.sort_unstable();
        let found = failure(&pack(&more));
        assert_eq!(found.member.as_deref(), Some(name), "{found}");
        relist(&mut more);
        let found = failure(&pack(&more));
        assert_eq!(found.member.as_deref(), Some(name), "{found}");
    }
}

#[test]
fn two_contents_of_one_member_are_refused() {
    let mut case = Case::new();
    case.customer_does(&note(1));
    let one = members(&case.bundle(BEGIN));
    let other = members(&case.bundle(BEGIN + 86_400_000));
    for n in 0..one.len() {
        if one[n].1 == other[n].1 {
            continue;
        }
        let mut mixed = one.clone();
        mixed[n] = other[n].clone();
        let found = failure(&pack(&mixed));
        assert!(found.member.is_some(), "{found}");
    }
}
