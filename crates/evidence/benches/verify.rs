//! Verification of a bundle of 10,000 entries against the bare signature checks in it, both on all cores.
//!
//! The two are measured in turns and the best of each is taken, so that whatever else the machine does hits both.

#[path = "../tests/bundle/case.rs"]
mod case;

use std::time::{Duration, Instant};

use counterpart_core::id::{DeviceKey, Domain};
use counterpart_evidence::verify;
use ed25519_dalek::{Signature, VerifyingKey};

const ENTRIES: usize = 10_000;
const ROUNDS: usize = 9;

#[expect(clippy::print_stdout, reason = "a benchmark is read on the terminal")]
fn main() {
    let case = case::Case::of(ENTRIES);
    let began = Instant::now();
    let bundle = case.bundle(case::BEGIN);
    let exported = began.elapsed();
    let checks = signatures(&case);
    let (mut bare, mut whole) = (Duration::MAX, Duration::MAX);
    for _ in 0..ROUNDS {
        bare = bare.min(time(|| check(&checks)));
        whole = whole.min(time(|| drop(verify(&bundle, &|_, _| {}).expect("a good bundle"))));
    }
    let rate = |time: Duration| ENTRIES as f64 / time.as_secs_f64();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let receipts = case.record.receipts().len();
    println!("bundle of {ENTRIES} entries, {receipts} receipts, {} bytes; {cores} cores", bundle.len());
    println!("{:32} {:>10.1} ms", "export", exported.as_secs_f64() * 1e3);
    println!(
        "{:32} {:>10.1} ms {:>10.0} entries/s",
        "verify_strict, nothing else",
        bare.as_secs_f64() * 1e3,
        rate(bare)
    );
    println!("{:32} {:>10.1} ms {:>10.0} entries/s", "verify the bundle", whole.as_secs_f64() * 1e3, rate(whole));
    println!("{:32} {:>10.2}", "ratio", rate(whole) / rate(bare));
}

fn time(work: impl FnOnce()) -> Duration {
    let began = Instant::now();
    work();
    began.elapsed()
}

type Check = (VerifyingKey, Vec<u8>, Signature);

/// What is signed of each entry (RFC 9052 section 4.4), with its key, parsed, and its signature.
fn signatures(case: &case::Case) -> Vec<Check> {
    let graph = case.record.graph();
    let signed = |ix| {
        let entry = &graph.node(ix).entry;
        let DeviceKey(key) = entry.statement.device;
        let bytes = entry.bytes();
        let signature = bytes.last_chunk::<64>().expect("a signed envelope");
        // Before the payload stand the array, the protected header and the empty unprotected one.
        let payload = &bytes[6..bytes.len() - 66];
        let mut message = vec![0x84, 0x6A];
        message.extend(b"Signature1");
        message.extend([0x43, 0xA1, 0x01, 0x32]);
        message.push(0x40 | u8::try_from(Domain::Entry.as_bytes().len()).expect("short"));
        message.extend(Domain::Entry.as_bytes());
        message.extend(payload);
        (VerifyingKey::from_bytes(&key).expect("a good key"), message, Signature::from_bytes(signature))
    };
    graph.all().map(signed).collect()
}

fn check(checks: &[Check]) {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for part in checks.chunks(checks.len().div_ceil(threads)) {
            scope.spawn(move || {
                for (key, message, signature) in part {
                    key.verify_strict(message, signature).expect("a good signature");
                }
            });
        }
    });
}
