//! Files that are no bundles, or bundles that another program packed.

use std::io::{Cursor, Write as _};

use counterpart_evidence::{FailureKind, verify};
use proptest::prelude::*;
use zip::{DateTime, System, ZipWriter};

use crate::{
    case::{BEGIN, Case},
    members::{members, pack, pack_with, plain},
};

fn smallest() -> Vec<u8> {
    Case::new().bundle(BEGIN)
}

fn refusal(bundle: &[u8]) -> FailureKind {
    verify(bundle, &|_, _| {}).expect_err("no bundle").what
}

#[test]
fn other_tools_forms_are_refused_by_name() {
    let parts = members(&smallest());
    let time = DateTime::from_date_and_time(2026, 6, 1, 9, 0, 0).expect("a date");
    for options in [plain().last_modified_time(time), plain().unix_permissions(0o755), plain().system(System::Dos)] {
        assert_eq!(refusal(&pack_with(&parts, options)), FailureKind::NotCanonical);
    }
    // Sizes that stand elsewhere are beyond the file where they should stand.
    assert_eq!(refusal(&pack_with(&parts, plain().large_file(true))), FailureKind::NotABundle);
    let mut writer = ZipWriter::new_stream(Vec::new());
    for (name, bytes) in &parts {
        writer.start_file(name.as_str(), plain()).expect("memory");
        writer.write_all(bytes).expect("memory");
    }
    assert_eq!(refusal(&writer.finish().expect("memory").into_inner()), FailureKind::NotCanonical);

    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in &parts {
        let mut options: zip::write::FullFileOptions<'_, '_> = plain().into_full_options();
        options.add_extra_field(0xBEEF, b"hidden".as_slice(), false).expect("a free field");
        writer.start_file(name.as_str(), options).expect("memory");
        writer.write_all(bytes).expect("memory");
    }
    assert_eq!(refusal(&writer.finish().expect("memory").into_inner()), FailureKind::NotCanonical);

    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in &parts {
        writer.start_file(name.as_str(), plain()).expect("memory");
        writer.write_all(bytes).expect("memory");
    }
    writer.set_comment("hello").expect("short");
    assert_eq!(refusal(&writer.finish().expect("memory").into_inner()), FailureKind::NotCanonical);
}

#[test]
fn a_compressed_member_is_refused() {
    // Another program's compression, by the header alone: method 8 in both headers of the first member.
    let mut bundle = smallest();
    bundle[8] = 8;
    let directory = bundle.windows(4).position(|w| w == b"PK\x01\x02").expect("a directory");
    bundle[directory + 10] = 8;
    assert_eq!(refusal(&bundle), FailureKind::NotCanonical);
}

#[test]
fn a_doubled_member_is_refused_and_named() {
    let bundle = smallest();
    let parts = members(&bundle);
    for (n, (name, _)) in parts.iter().enumerate() {
        // The library writes no name twice, so the second is packed under a name as long and renamed in the bytes.
        let alias: String =
            name.chars().rev().map(|c| if c == '/' { '_' } else { c }).collect::<String>().replace('.', ",");
        for before in [n, n + 1, parts.len()] {
            let mut doubled = parts.clone();
            doubled.insert(before, (alias.clone(), b"another".to_vec()));
            let mut bytes = pack(&doubled);
            while let Some(at) = bytes.windows(alias.len()).position(|w| w == alias.as_bytes()) {
                bytes[at..at + alias.len()].copy_from_slice(name.as_bytes());
            }
            let found = verify(&bytes, &|_, _| {}).expect_err("a doubled member");
            assert_eq!(found.what, FailureKind::NotCanonical, "{found}");
            assert_eq!(found.member.as_deref(), Some(name.as_str()), "{found}");
        }
    }
}

#[test]
fn sizes_that_lie_are_refused_before_anything_is_allocated() {
    let bundle = smallest();
    let directory = bundle.windows(4).position(|w| w == b"PK\x01\x02").expect("a directory");
    for size in [0_u32, 1, 0x7FFF_FFFF, 0xFFFF_FFFE, u32::MAX] {
        for places in [vec![18, 22], vec![directory + 20, directory + 24], vec![18, 22, directory + 20, directory + 24]]
        {
            let mut lying = bundle.clone();
            for at in places {
                lying[at..at + 4].copy_from_slice(&size.to_le_bytes());
            }
            assert!(verify(&lying, &|_, _| {}).is_err());
        }
    }
    let end = bundle.len() - 22;
    for (at, len) in [(8, 2), (10, 2), (12, 4), (16, 4)] {
        let mut lying = bundle.clone();
        lying[end + at..end + at + len].fill(0xFF);
        assert!(verify(&lying, &|_, _| {}).is_err());
    }
}

#[test]
fn a_bundle_cut_short_or_wrapped_is_refused() {
    let bundle = smallest();
    for len in (0..bundle.len()).step_by(97).chain([bundle.len() - 1]) {
        assert!(verify(&bundle[..len], &|_, _| {}).is_err(), "{len}");
    }
    let wrapped = |before: &[u8], after: &[u8]| [before, &bundle, after].concat();
    for bytes in
        [wrapped(b"x", b""), wrapped(b"", b"x"), wrapped(&bundle, b""), wrapped(b"", &bundle), wrapped(b"", b"\0\0")]
    {
        assert!(verify(&bytes, &|_, _| {}).is_err());
    }
}

proptest! {
    #[test]
    fn random_bytes_are_no_bundle(bytes in proptest::collection::vec(any::<u8>(), 0..4096)) {
        let found = verify(&bytes, &|_, _| {});
        prop_assert!(found.is_err());
    }

    #[test]
    fn random_bytes_within_a_bundle_are_refused(
        at in 0.0..1.0_f64,
        bytes in proptest::collection::vec(any::<u8>(), 1..64),
    ) {
        let mut bundle = smallest();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place within the bundle")]
        let at = (at * (bundle.len() - bytes.len()) as f64) as usize;
        let place = &mut bundle[at..at + bytes.len()];
        let same = *place == *bytes;
        place.copy_from_slice(&bytes);
        let found = verify(&bundle, &|_, _| {});
        prop_assert_eq!(found.is_ok(), same);
    }
}
