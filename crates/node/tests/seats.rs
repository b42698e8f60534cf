//! Agents' seats: several keys of one party at one store, each within its own rights; and tokens for programs.

use std::fs;

use counterpart_core::{
    act::{Act, ActionTerms, Mandate, Proposal, Role, SeatOffer},
    fold::{ActionState, Verdict},
    gate::Refusal,
    id::CaseId,
    keylog::{Kinds, RevokeReason},
    record::{DraftError, Record},
    value::{Money, Sealable},
};
use counterpart_node::{
    Agent, Desk, DeskError, HOOK_PATIENCE, HookError, HookWish, Passphrase, Rights, Scope, SeatHere, TokenWish,
};
use counterpart_testkit::case::{new_action, terms};
use tempfile::TempDir;

const NOW: i64 = 1_782_000_000_000;
const DAY: i64 = 24 * 3_600_000;

/// A supplier who opened a case alone.
struct Supplier {
    folder: TempDir,
    desk: Desk,
    case: CaseId,
}

fn rights(kinds: Kinds, ceilings: &[(&str, &str)]) -> Rights {
    let ceilings = ceilings.iter().map(|(amount, currency)| ((*amount).to_owned(), (*currency).to_owned())).collect();
    Rights { kinds, receive: false, admin: false, ceilings }
}

fn every() -> Rights {
    rights(Kinds::All, &[])
}

fn offer(role: Role, label: &str) -> SeatOffer {
    SeatOffer { role, label: Sealable::Open(label.to_owned()) }
}

impl Supplier {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let home = folder.path().join("home");
        Desk::init(&home).expect("a new identity");
        let desk = Desk::open(&home).expect("an opened home");
        let case = opened(&desk);
        Self { folder, desk, case }
    }

    fn again(&self) -> Desk {
        Desk::open(self.desk.home()).expect("an opened home")
    }

    fn seat(&self, name: &str, rights: &Rights) -> Desk {
        self.desk.add_seat(name, rights, NOW).expect("a seat");
        self.desk.at_seat(name).expect("a desk at it")
    }

    fn record(&self) -> Record {
        self.desk.record(&self.case).expect("the case")
    }
}

fn opened(desk: &Desk) -> CaseId {
    let (own, other) = (offer(Role::Supplier, "Northlink Ltd"), offer(Role::Customer, "Keith"));
    let open = desk.open_act("Broadband price", own, vec![other], "Europe/London", None);
    desk.new_case(&open, NOW).expect("a new case")
}

fn note(text: &str) -> Act {
    Act::Note { text: Sealable::Open(text.to_owned()), about: None }
}

fn promised(amount: &str, currency: &str) -> Proposal {
    let value = Some(Money::parse(amount, currency).expect("money"));
    new_action(ActionTerms { value, ..terms("refund", &[0], &[1]) })
}

/// We are to do something worth this much.
fn promise(amount: &str, currency: &str) -> Act {
    Act::Propose(promised(amount, currency))
}

#[test]
fn what_a_seat_signs_is_its_own_partys_by_its_own_key() {
    let supplier = Supplier::new();
    let (priya, tom) = (supplier.seat("priya", &every()), supplier.seat("Tom", &every()));
    let home = supplier.desk.author();
    assert_eq!((priya.seat(), tom.seat(), supplier.desk.seat()), (Some("priya"), Some("Tom"), None));
    for desk in [&priya, &tom] {
        assert_eq!(
            (desk.party(), desk.home(), desk.peer_id()),
            (home.party, supplier.desk.home(), supplier.desk.peer_id())
        );
    }
    for (desk, text) in [(&priya, "one"), (&supplier.desk, "two"), (&tom, "three"), (&priya, "four"), (&tom, "five")] {
        desk.sign(&supplier.case, &note(text), NOW).expect("a note");
    }
    let record = supplier.record();
    let graph = record.graph();
    let by = |desk: &Desk| {
        let device = desk.author().device;
        let of = graph.ordered().into_iter().map(|ix| graph.statement(ix)).filter(|s| s.device == device);
        of.map(|s| (s.seq, s.grant == desk.author().grant)).collect::<Vec<_>>()
    };
    assert_eq!(by(&priya), [(1, true), (2, true)], "each key has positions of its own");
    assert_eq!(by(&tom), [(1, true), (2, true)]);
    assert_eq!(by(&supplier.desk), [(1, true), (2, true)]);
    assert_eq!((graph.heads().len(), graph.len()), (1, 6), "each knew of what was signed before");
    assert_eq!(supplier.desk.doctor(&mut |_, _| {}).expect("a check-up").faults, Vec::<String>::new());

    let seats = supplier.desk.seats().expect("the seats");
    let told: Vec<_> = seats.iter().map(|s| (s.name.as_str(), s.agent.name.as_deref(), s.stands())).collect();
    assert_eq!(told, [("Tom", Some("Tom"), true), ("priya", Some("priya"), true)]);
    assert!(seats.iter().all(|seat| !seat.agent.rights.receive && !seat.agent.rights.admin));
    let status = supplier.desk.status(None, NOW).expect("a report");
    assert_eq!(
        status.devices.iter().map(|d| d.agent.here).collect::<Vec<_>>(),
        [true],
        "seats are no further machines"
    );
}

#[test]
fn two_who_sign_at_one_seat_at_once_never_take_the_same_position() {
    let supplier = Supplier::new();
    supplier.desk.add_seat("priya", &every(), NOW).expect("a seat");
    supplier.desk.add_seat("tom", &every(), NOW).expect("a seat");
    std::thread::scope(|scope| {
        for name in ["priya", "priya", "tom", "priya"] {
            let desk = supplier.desk.at_seat(name).expect("a desk at it");
            let case = supplier.case;
            scope.spawn(move || {
                for n in 0..5 {
                    desk.sign(&case, &note(&format!("note {n}")), NOW).expect("a note");
                }
            });
        }
    });
    let record = supplier.record();
    let graph = record.graph();
    for (name, count) in [("priya", 15), ("tom", 5)] {
        let device = supplier.desk.seat_called(name).expect("a seat").agent.device;
        let mut seqs: Vec<u32> = graph
            .ordered()
            .into_iter()
            .map(|ix| graph.statement(ix))
            .filter(|s| s.device == device)
            .map(|s| s.seq)
            .collect();
        seqs.sort_unstable();
        assert_eq!(seqs, (1..=count).collect::<Vec<_>>(), "{name}");
        assert_eq!(graph.tips_of(&device).len(), 1, "{name}: no fork");
    }
}

#[test]
fn rights_and_mandates_bind_a_seat() {
    let supplier = Supplier::new();
    let case = supplier.case;
    let kinds = Kinds::Listed(vec!["propose".to_owned(), "note".to_owned()]);
    let priya = supplier.seat("priya", &rights(kinds, &[("200.00", "GBP")]));

    let (record, signed) = priya.sign(&case, &promise("199.99", "GBP"), NOW).expect("within the ceiling");
    let ix = record.graph().find(&signed.id).expect("there");
    assert_eq!(*record.fold().verdict(ix), Verdict::Effective);
    let before = supplier.record().graph().len();
    // What is less than nothing takes nothing off what stands beside it.
    let mut adjusted = promised("10000.00", "GBP");
    adjusted.subjects.extend(promised("-9951.00", "GBP").subjects);
    let adjusted = Act::Propose(adjusted);
    for beyond in [promise("200.01", "GBP"), promise("1.00", "EUR"), promise("-200.01", "GBP"), adjusted] {
        let refused = priya.sign(&case, &beyond, NOW).map(drop).expect_err("beyond the ceiling");
        assert!(matches!(refused, DeskError::Draft(DraftError::WithoutEffect(_))), "{refused:?}");
    }
    let other = Act::Withdraw { of: signed.id, reason: None };
    assert!(priya.sign(&case, &other, NOW).is_err(), "a kind that it was not given");
    assert_eq!(supplier.record().graph().len(), before, "nothing was kept");
    supplier.desk.sign(&case, &promise("900.00", "EUR"), NOW).expect("the home has no limit");

    // Narrower in this case, for everybody to see.
    let mandate = |internal: bool, most: &str| {
        Act::Mandate(Mandate {
            grant: priya.author().grant,
            kinds: Vec::new(),
            ceilings: vec![Money::parse(most, "GBP").expect("money")],
            from: None,
            until: None,
            open: !internal,
        })
    };
    supplier.desk.sign(&case, &mandate(false, "50.00"), NOW).expect("a mandate");
    assert!(priya.sign(&case, &promise("60.00", "GBP"), NOW).is_err(), "beyond the mandate");
    priya.sign(&case, &promise("49.00", "GBP"), NOW).expect("within it");
    supplier.desk.sign(&case, &mandate(true, "10.00"), NOW).expect("an internal mandate");
    assert_eq!(priya.sign(&case, &promise("20.00", "GBP"), NOW).map(drop), Err(DeskError::OwnLimit));
    assert_eq!(priya.sign(&case, &promise("-150.00", "GBP"), NOW).map(drop), Err(DeskError::OwnLimit));
    let mut adjusted = promised("60.00", "GBP");
    adjusted.subjects.extend(promised("-55.00", "GBP").subjects);
    assert_eq!(priya.sign(&case, &Act::Propose(adjusted), NOW).map(drop), Err(DeskError::OwnLimit));
    priya.sign(&case, &promise("10.00", "GBP"), NOW).expect("within both");
}

#[test]
fn a_seat_whose_rights_ended_signs_nothing_more() {
    let supplier = Supplier::new();
    let case = supplier.case;
    let (priya, tom) = (supplier.seat("priya", &every()), supplier.seat("tom", &every()));
    priya.sign(&case, &note("before"), NOW).expect("a note");
    let wish =
        TokenWish { name: "bot".to_owned(), seat: Some("Priya".to_owned()), scopes: vec![Scope::Sign], expires: None };
    let (token, _) = supplier.desk.new_token(&wish, NOW).expect("a token");

    let ended = supplier.desk.end_seat("PRIYA", RevokeReason::Ended, NOW + 1).expect("an end");
    assert_eq!(ended.name, "priya");
    let late = priya.sign(&case, &note("after"), NOW + 2).map(drop);
    assert_eq!(late, Err(DeskError::Draft(DraftError::Gate(Refusal::Revoked(RevokeReason::Ended)))));
    assert_eq!(supplier.desk.at_seat("priya").map(drop), Err(DeskError::UnknownSeat("priya".to_owned())));
    assert!(!supplier.desk.home().join("seats/priya").exists(), "its key is gone");
    assert_eq!(supplier.desk.token(token.text(), NOW + 2), Ok(None), "and its token holds no more");
    tom.sign(&case, &note("tom goes on"), NOW + 2).expect("a note");

    // Ended as any agent is, its key is still here, and of no use.
    supplier.desk.revoke_agent(&tom.author().grant, RevokeReason::Compromised, NOW + 3).expect("a revocation");
    assert_eq!(supplier.desk.at_seat("tom").map(drop), Err(DeskError::SeatEnded("tom".to_owned())));
    assert!(!supplier.desk.seat_called("tom").expect("still listed").stands());
    supplier.desk.end_seat("tom", RevokeReason::Ended, NOW + 4).expect("its key is deleted");
    assert_eq!(supplier.desk.seats(), Ok(Vec::<SeatHere>::new()));

    let again = supplier.seat("priya", &every());
    assert_ne!(again.author().device, priya.author().device, "the same name, another key");
    again.sign(&case, &note("a new one"), NOW + 5).expect("a note");
    let agents: Vec<Agent> = supplier.desk.agents().expect("the agents");
    assert_eq!(agents.iter().filter(|agent| agent.stands()).count(), 2);
}

#[test]
fn a_seat_has_no_say_over_the_home() {
    let supplier = Supplier::new();
    let desk = &supplier.desk;
    for bad in ["", "a b", "../x", "a/b", ".hidden", "-x"] {
        assert!(matches!(desk.add_seat(bad, &every(), NOW), Err(DeskError::SeatName(_))), "{bad:?}");
    }
    let admin = Rights { admin: true, ..every() };
    assert!(matches!(desk.add_seat("x", &admin, NOW), Err(DeskError::SeatRights(_))));
    assert!(matches!(desk.add_seat("x", &rights(Kinds::Listed(Vec::new()), &[]), NOW), Err(DeskError::SeatRights(_))));
    let priya = supplier.seat("priya", &every());
    assert_eq!(desk.add_seat("PRIYA", &every(), NOW), Err(DeskError::SeatTaken("PRIYA".to_owned())));
    assert_eq!(desk.at_seat("nobody").map(drop), Err(DeskError::UnknownSeat("nobody".to_owned())));

    assert!(!priya.is_admin(), "though the main key lies in the same home");
    assert_eq!(priya.add_seat("more", &every(), NOW), Err(DeskError::OnlyHome));
    assert_eq!(priya.end_seat("priya", RevokeReason::Ended, NOW), Err(DeskError::OnlyHome));
    let tom = supplier.seat("tom", &every());
    assert_eq!(priya.at_seat("tom").map(drop), Err(DeskError::OnlyHome));
    assert_eq!(priya.revoke_agent(&tom.author().grant, RevokeReason::Ended, NOW), Err(DeskError::OnlyHome));
    assert_eq!(priya.backup(&supplier.folder.path().join("backup"), None, NOW).map(drop), Err(DeskError::OnlyHome));
    assert_eq!(priya.delete_sheet(), Err(DeskError::OnlyHome));
    assert_eq!(priya.rest_under(None), Err(DeskError::OnlyHome));
    let wish = |seat: Option<&str>| TokenWish {
        name: "mine".to_owned(),
        seat: seat.map(str::to_owned),
        scopes: vec![Scope::Sign],
        expires: None,
    };
    assert_eq!(tom.new_token(&wish(None), NOW).map(drop), Err(DeskError::OnlyHome), "no token of another's key");
    assert_eq!(tom.new_token(&wish(Some("priya")), NOW).map(drop), Err(DeskError::OnlyHome));
    tom.new_token(&wish(Some("tom")), NOW).expect("one of its own");

    // Nor over who is told of everybody's cases.
    let hook = |name: &str| HookWish {
        name: name.to_owned(),
        url: "https://hooks.example/in".to_owned(),
        kinds: Vec::new(),
        allow_private: false,
        after: None,
    };
    desk.add_hook(&hook("helpdesk"), NOW).expect("the home's own");
    let refused = HookError::Desk(DeskError::OnlyHome);
    assert_eq!(tom.add_hook(&hook("other"), NOW).map(drop), Err(refused.clone()));
    assert_eq!(tom.test_hook("helpdesk", NOW, HOOK_PATIENCE), Err(refused.clone()), "nobody is called");
    assert_eq!(tom.hook_on("helpdesk", NOW).map(drop), Err(refused.clone()));
    assert_eq!(tom.end_hook("helpdesk"), Err(refused.clone()));
    assert_eq!(tom.end_hook("nobody"), Err(refused), "nor told which there are by that");
    let hooks = tom.hooks().expect("the receivers");
    assert_eq!(hooks.iter().map(|hook| hook.name.as_str()).collect::<Vec<_>>(), ["helpdesk"]);
    assert_eq!(desk.seats().expect("the seats").len(), 2);
}

#[test]
fn an_aside_says_at_which_seat_it_was_written() {
    let supplier = Supplier::new();
    let priya = supplier.seat("priya", &every());
    let by = |desk: &Desk, name: Option<&str>| desk.write_aside(&supplier.case, name, "ring", NOW).expect("kept").agent;
    assert_eq!(by(&priya, None), "priya");
    assert_eq!(by(&priya, Some("priya")), "priya");
    assert_eq!(by(&priya, Some("Director")), "Director (priya)");
    assert_eq!(by(&priya, Some("tom")), "tom (priya)");
    assert_eq!(by(&supplier.desk, Some("Director")), "Director", "the home itself says who");
}

#[test]
fn a_case_that_a_seat_may_not_open_is_told_before_it_is_signed() {
    let supplier = Supplier::new();
    let only = |kinds: &[&str]| rights(Kinds::Listed(kinds.iter().map(|kind| (*kind).to_owned()).collect()), &[]);
    let desks = [supplier.seat("notes", &only(&["note"])), supplier.seat("opens", &only(&["open", "note"]))];
    let [notes, opens] = &desks;
    let open = |desk: &Desk| {
        let (own, other) = (offer(Role::Supplier, "Northlink Ltd"), offer(Role::Customer, "Keith"));
        desk.open_act("Another", own, vec![other], "Europe/London", None)
    };
    let not_granted = |why: &DeskError| {
        matches!(why, DeskError::Draft(DraftError::WithoutEffect(counterpart_core::fold::Reason::KindNotGranted)))
    };
    let (at, why) = notes.check_new_case(&open(notes), &[], NOW).expect_err("it may not");
    assert!(at == 0 && not_granted(&why), "{at} {why}");
    let acts = [note("it may"), promise("10.00", "GBP")];
    assert_eq!(opens.check_new_case(&open(opens), &acts[..1], NOW), Ok(()));
    let (at, why) = opens.check_new_case(&open(opens), &acts, NOW).expect_err("it may not propose");
    assert!(at == 2 && not_granted(&why), "{at} {why}");
    assert_eq!(supplier.desk.check_new_case(&open(&supplier.desk), &acts, NOW), Ok(()));
    assert_eq!(supplier.desk.summaries().expect("the cases").len(), 1, "nothing of it was kept");
}

#[test]
fn keys_of_seats_rest_as_the_homes_do() {
    let supplier = Supplier::new();
    let case = supplier.case;
    supplier.seat("priya", &every()).sign(&case, &note("in the open"), NOW).expect("a note");
    let passphrase = Passphrase::new("correct horse").expect("a passphrase");
    let key = || fs::read_to_string(supplier.desk.home().join("seats/priya/keys/device.pem")).expect("a key file");
    assert!(key().starts_with("-----BEGIN PRIVATE KEY-----"));
    #[cfg(unix)]
    for (path, mode) in [("seats", 0o700), ("seats/priya", 0o700), ("seats/priya/keys/device.pem", 0o600)] {
        use std::os::unix::fs::PermissionsExt as _;
        let found = fs::metadata(supplier.desk.home().join(path)).expect("there").permissions().mode();
        assert_eq!(found & 0o777, mode, "{path}");
    }

    supplier.again().rest_under(Some(&passphrase)).expect("encrypted");
    assert!(key().starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----"));
    let desk = Desk::open_with(supplier.desk.home(), Some(&passphrase)).expect("opened");
    desk.at_seat("priya").expect("a desk").sign(&case, &note("unlocked"), NOW).expect("a note");
    desk.add_seat("tom", &every(), NOW).expect("a seat");
    let toms = fs::read_to_string(desk.home().join("seats/tom/keys/device.pem")).expect("a key file");
    assert!(toms.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----"), "a new one rests as the others");

    let second = Passphrase::new("battery staple").expect("a passphrase");
    desk.rest_under(Some(&second)).expect("changed");
    let desk = Desk::open_with(supplier.desk.home(), Some(&second)).expect("opened");
    for name in ["priya", "tom"] {
        desk.at_seat(name).expect("a desk").sign(&case, &note("again"), NOW).expect("a note");
    }
    desk.rest_under(None).expect("taken away");
    assert!(key().starts_with("-----BEGIN PRIVATE KEY-----"));
    assert!(supplier.again().at_seat("tom").is_ok());
}

#[test]
fn a_copy_of_a_seat_that_signed_elsewhere_signs_no_more() {
    let supplier = Supplier::new();
    let case = supplier.case;
    supplier.desk.add_seat("priya", &every(), NOW).expect("a seat");
    let copied = supplier.folder.path().join("copy");
    copy(supplier.desk.home(), &copied);
    let copy = Desk::open(&copied).expect("a copy");
    let (_, elsewhere) =
        copy.at_seat("priya").expect("a desk").sign(&case, &note("there"), NOW).expect("nobody can know");

    // It comes back, as from the other side.
    supplier.desk.with_store(|store| {
        let row = counterpart_store::EntryRow {
            case,
            id: elsewhere.id,
            device: copy.seat_called("priya").expect("a seat").agent.device,
            seq: 1,
            own: false,
            envelope: &elsewhere.bytes,
        };
        store.write(|txn| txn.insert_entry(&row)).expect("kept")
    });
    let priya = supplier.desk.at_seat("priya").expect("a desk");
    for _ in 0..2 {
        assert_eq!(priya.sign(&case, &note("here"), NOW).map(drop), Err(DeskError::SeatUsedElsewhere));
    }
    supplier.desk.sign(&case, &note("the home goes on"), NOW).expect("a note");
}

fn copy(from: &std::path::Path, to: &std::path::Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).expect("a copy");
        }
    }
}

#[test]
fn an_adding_that_was_cut_short_can_be_done_again() {
    let supplier = Supplier::new();
    supplier.desk.add_seat("priya", &every(), NOW).expect("a seat");
    // Keys were made, and no grant came.
    let seats = supplier.desk.home().join("seats");
    copy(&seats.join("priya"), &seats.join("tom"));
    fs::write(seats.join("tom/keys/device"), "ab".repeat(32)).expect("another key");
    fs::create_dir_all(seats.join("lee/keys.making")).expect("a folder");
    let names = || supplier.desk.seats().expect("the seats").into_iter().map(|s| s.name).collect::<Vec<_>>();
    assert_eq!(names(), ["priya"]);
    for name in ["tom", "lee"] {
        supplier.seat(name, &every()).sign(&supplier.case, &note("here"), NOW).expect("a note");
    }
    assert_eq!(names(), ["lee", "priya", "tom"]);
}

#[test]
fn of_a_token_only_the_hash_is_kept() {
    let supplier = Supplier::new();
    let desk = &supplier.desk;
    let wish = TokenWish {
        name: "help desk".to_owned(),
        seat: None,
        scopes: vec![Scope::Draft, Scope::Read, Scope::Read],
        expires: Some(NOW + DAY),
    };
    let (token, info) = desk.new_token(&wish, NOW).expect("a token");
    let text = token.text();
    assert!(text.starts_with("cpt_") && text.len() == 56, "{}", text.len());
    assert_eq!(format!("{token:?}"), "Token");
    assert_eq!((info.name.as_str(), info.scopes.as_slice()), ("help desk", &[Scope::Read, Scope::Draft][..]));
    assert!(info.may(Scope::Draft) && !info.may(Scope::Sign) && !info.may(Scope::Manage));

    let letters = text.trim_start_matches("cpt_").as_bytes();
    for entry in fs::read_dir(desk.home()).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_file() {
            let bytes = fs::read(&path).expect("read");
            assert!(!bytes.windows(letters.len()).any(|w| w == letters), "{} holds the token", path.display());
        }
    }
    let found = desk.token(text, NOW + 1).expect("a store").expect("known");
    assert_eq!((found.id, found.used), (info.id, None));
    let used = |desk: &Desk| desk.tokens().expect("the tokens")[0].used;
    assert_eq!(used(desk), Some(NOW + 1), "noted when it was used");
    desk.token(text, NOW + 30_000).expect("a store").expect("known");
    assert_eq!(used(desk), Some(NOW + 1), "and not with every use");
    desk.token(text, NOW + 90_000).expect("a store").expect("known");
    assert_eq!(used(&supplier.again()), Some(NOW + 90_000));
}

#[test]
fn a_token_lets_in_only_while_it_holds() {
    let supplier = Supplier::new();
    let desk = &supplier.desk;
    let wish = |name: &str, expires: Option<i64>| TokenWish {
        name: name.to_owned(),
        seat: None,
        scopes: vec![Scope::Read],
        expires,
    };
    let (short, _) = desk.new_token(&wish("short", Some(NOW + DAY)), NOW).expect("a token");
    let (long, _) = desk.new_token(&wish("long", None), NOW).expect("a token");
    assert!(desk.token(short.text(), NOW + DAY - 1).expect("a store").is_some());
    assert_eq!(desk.token(short.text(), NOW + DAY), Ok(None), "too old");
    assert!(desk.token(long.text(), NOW + 100 * DAY).expect("a store").is_some());

    assert_eq!(desk.new_token(&wish("long", None), NOW).map(drop), Err(DeskError::TokenTaken("long".to_owned())));
    assert_eq!(desk.end_token("long", NOW + 1).expect("an end").ended, Some(NOW + 1));
    assert_eq!(desk.token(long.text(), NOW + 2), Ok(None), "ended");
    assert_eq!(desk.end_token("long", NOW + 3).map(drop), Err(DeskError::UnknownToken("long".to_owned())));
    let (again, _) = desk.new_token(&wish("long", None), NOW).expect("the name is free");
    assert!(desk.token(again.text(), NOW).expect("a store").is_some());
    assert_eq!(desk.token(long.text(), NOW), Ok(None), "the old one stays ended");
    assert_eq!(desk.tokens().expect("the tokens").len(), 3);

    let capitals = again.text().to_uppercase();
    let long = "cpt_".to_owned() + &"a".repeat(1_000_000);
    for nothing in
        ["", "cpt_", "Bearer", capitals.as_str(), long.as_str(), again.text().get(..55).expect("letters"), "cpt_\u{0}"]
    {
        assert_eq!(desk.token(nothing, NOW), Ok(None));
    }
    for (bad, why) in [
        (TokenWish { scopes: Vec::new(), ..wish("x", None) }, "for nothing"),
        (wish("x", Some(NOW)), "too old at once"),
    ] {
        assert!(matches!(desk.new_token(&bad, NOW), Err(DeskError::TokenWish(_))), "{why}");
    }
    for bad in ["two\nlines", "line\n", " before", "behind ", " both ", "\t", "", "tab\tbed"] {
        assert!(matches!(desk.new_token(&wish(bad, None), NOW), Err(DeskError::AgentName(_))), "{bad:?}");
    }
    let unknown = Err(DeskError::UnknownToken(" short".to_owned()));
    assert_eq!(
        desk.token_called(" short").map(drop),
        unknown,
        "nor is another ended by a name that is not quite its own"
    );
    let seat = TokenWish { seat: Some("nobody".to_owned()), ..wish("x", None) };
    assert_eq!(desk.new_token(&seat, NOW).map(drop), Err(DeskError::UnknownSeat("nobody".to_owned())));
}

#[test]
fn what_a_seat_signed_is_agreed_to_by_the_other_side() {
    let supplier = Supplier::new();
    let priya = supplier.seat("priya", &rights(Kinds::All, &[("100.00", "GBP")]));
    let (record, proposed) = priya.sign(&supplier.case, &promise("25.00", "GBP"), NOW).expect("a proposal");
    let view = record.view().expect("a case");
    assert_eq!(view.actions[0].status.state, ActionState::Proposed);
    let by = record.graph().statement(record.graph().find(&proposed.id).expect("there"));
    assert_eq!((by.party, by.device), (supplier.desk.party(), priya.author().device));
    // And the home takes back what its agent offered: they speak for one party.
    let (record, _) = supplier
        .desk
        .sign(&supplier.case, &Act::Withdraw { of: proposed.id, reason: None }, NOW)
        .expect("a withdrawal");
    assert_eq!(record.view().expect("a case").actions[0].status.state, ActionState::Withdrawn);
}
