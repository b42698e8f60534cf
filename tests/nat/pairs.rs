//! The matrix: each kind of router with each, over QUIC and TCP, with a mailbox of one party on the Internet that carries
//! what cannot go directly.

use std::time::Instant;

use crate::{case::Stage, machine::Transport, router::Kind, table::Table, wire::Line, world::possible};

/// What became of a pair.
struct Became {
    path: String,
    /// From the invitation until both held the same, in milliseconds.
    joined: u128,
    /// From two acts until both held both, in milliseconds.
    acted: u128,
}

fn play(kinds: [Kind; 2], transport: Transport) -> Became {
    let stage = Stage::new(kinds, Line::GOOD, transport);
    let started = Instant::now();
    stage.join();
    stage.equal();
    let joined = started.elapsed().as_millis();
    let mut path = stage.path();
    let hard = |kind| matches!(kind, Kind::Symmetric | Kind::PortRestricted);
    let hopeless = kinds.contains(&Kind::Symmetric) && kinds.into_iter().all(hard);
    if path.contains("relayed") && !hopeless {
        // Both know each other now from the first moment on.
        stage.supplier.stop();
        stage.supplier.up(transport);
        stage.equal();
        let again = stage.path();
        if again != path {
            path = format!("{path}; {again} after a new start");
        }
    }
    let acted = stage.act_both("Once more").as_millis();
    stage.all_equal();
    Became { path, joined, acted }
}

fn long() -> bool {
    std::env::var_os("COUNTERPART_LONG").is_some()
}

/// With a public address on one side nothing has to be carried by others.
fn check(kinds: [Kind; 2], became: &Became) {
    if kinds.contains(&Kind::None) {
        assert!(!became.path.ends_with("relayed"), "{kinds:?}: {}", became.path);
    }
}

fn matrix(transport: Transport) {
    let head = [&["customer \\ supplier"][..], &Kind::ALL.map(Kind::short)].concat();
    let title = format!("How two laptops are connected over {}, by their routers", transport.name());
    let (mut paths, mut times) = (Table::new(&title, &head), Table::new("Milliseconds to join / to act", &head));
    for a in Kind::ALL {
        let mut row = [vec![a.to_string()], vec![a.to_string()]];
        for b in Kind::ALL {
            let became = play([a, b], transport);
            check([a, b], &became);
            row[0].push(became.path);
            row[1].push(format!("{} / {}", became.joined, became.acted));
        }
        let [path, time] = row;
        paths.row(path);
        times.row(time);
    }
    paths.publish();
    times.publish();
}

fn some(transport: Transport, pairs: &[[Kind; 2]]) {
    let mut table = Table::new(
        &format!("How two laptops are connected over {}", transport.name()),
        &["customer", "supplier", "path", "ms to join", "ms to act"],
    );
    for &kinds in pairs {
        let became = play(kinds, transport);
        check(kinds, &became);
        let [a, b] = kinds.map(|kind| kind.to_string());
        table.row(vec![a, b, became.path, became.joined.to_string(), became.acted.to_string()]);
    }
    table.publish();
}

#[test]
fn every_pair_ends_with_the_same_over_quic() {
    if !possible() {
        return;
    }
    if long() {
        return matrix(Transport::Quic);
    }
    some(Transport::Quic, &[[Kind::PortRestricted, Kind::PortRestricted], [Kind::Symmetric, Kind::Symmetric]]);
}

#[test]
fn every_pair_ends_with_the_same_over_tcp() {
    if !possible() {
        return;
    }
    if long() {
        return matrix(Transport::Tcp);
    }
    some(Transport::Tcp, &[[Kind::PortRestricted, Kind::None]]);
}
