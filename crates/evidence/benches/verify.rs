//! Verification of a bundle of 10,000 entries against the bare signature checks in it, both on all cores.
//!
//! The two are measured in turns and the best of each is taken, so that whatever else the machine does hits both. Of a
//! busy machine the processor time (Linux only) says more than the time that went by.

#[path = "../tests/bundle/case.rs"]
mod case;

use std::{
    sync::Mutex,
    time::{Duration, Instant},
};

use counterpart_core::id::{DeviceKey, Domain};
use counterpart_evidence::verify;
use ed25519_dalek::{Signature, VerifyingKey};

const ENTRIES: usize = 10_000;
const ROUNDS: usize = 15;

#[expect(clippy::print_stdout, reason = "a benchmark is read on the terminal")]
fn main() {
    let case = case::Case::of(ENTRIES);
    let began = Instant::now();
    let bundle = case.bundle(case::BEGIN);
    let exported = began.elapsed();
    // `-- --bundle FILE` keeps it, to measure a program that verifies it.
    let mut words = std::env::args().skip_while(|word| word != "--bundle").skip(1);
    if let Some(path) = words.next() {
        std::fs::write(path, &bundle).expect("a place to write to");
    }
    let checks = signatures(&case);
    let (mut bare, mut whole) = (Duration::MAX, Duration::MAX);
    let mut ticks = [0; 2];
    for _ in 0..ROUNDS {
        let begin = spent();
        bare = bare.min(time(|| check(&checks)));
        let between = spent();
        whole = whole.min(time(|| drop(verify(&bundle, &|_, _| {}).expect("a good bundle"))));
        ticks[0] += between - begin;
        ticks[1] += spent() - between;
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
    if ticks[1] > 0 {
        println!("{:32} {:>10.2}", "ratio of processor time", f64::from(ticks[0]) / f64::from(ticks[1]));
    }
}

/// Processor time that this process has used so far, in ticks; 0 where that cannot be known.
fn spent() -> u32 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // Behind the name in brackets, which may hold anything: the 12th and 13th are user's and system's.
    let words = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    words.skip(11).take(2).filter_map(|word| word.parse::<u32>().ok()).sum()
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

/// Each thread takes the next few, as verifying does: none waits for another that the machine kept busy elsewhere.
fn check(checks: &[Check]) {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let parts = Mutex::new(checks.chunks(16));
    let next = || parts.lock().expect("no thread panics").next();
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(part) = next() {
                    for (key, message, signature) in part {
                        key.verify_strict(message, signature).expect("a good signature");
                    }
                }
            });
        }
    });
}
