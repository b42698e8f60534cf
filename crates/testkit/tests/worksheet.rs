//! Drafting together in a simulated network: whatever the network does, every copy comes to the same worksheet; a
//! hostile or older node at the other end does no harm to the record.

use std::collections::BTreeSet;

use counterpart_core::{
    act::Act,
    id::EditId,
    keylog::{EventSigner, Grant, Kinds, RevokeReason, grant},
    sync::{
        CloseReason, LinkId, Machine, Notice, Output, PeerDevice, Persist,
        frame::{DraftTips, Frame, Tips},
    },
    value::Sealable,
    worksheet::{Choice, EpochId, Field, RowId, RowKind, SignedEdit, Wish, Worksheet, WorksheetState, WorksheetView},
};
use counterpart_testkit::{
    case::{Case, START, case_between},
    network::{Network, Trouble},
    node::Node,
    party::Party,
    rng::Rng,
};

const MOST: usize = 200_000;
const LINK: LinkId = LinkId(1);

fn seeds(few: u64) -> std::ops::Range<u64> {
    if std::env::var_os("COUNTERPART_LONG").is_some() { 0..50 * few } else { 0..few }
}

/// Three nodes of two parties, the customer's laptop and mailbox and the supplier's.
fn three_nodes(seed: u64) -> Network {
    let customer = Party::with_devices(1000, 2);
    let supplier = Party::new(2000);
    let case = case_between(&[&customer, &supplier]);
    let node = |(party, device): &(&Party, usize)| Node::new(party, *device, case.id, &[], case.store.clone());
    Network::new(seed, [(&customer, 0), (&customer, 1), (&supplier, 0)].iter().map(node).collect())
}

/// A random change to what a copy shows, or showed some time before.
fn random_wishes(rng: &mut Rng, sheet: &mut Worksheet) -> (WorksheetState, Vec<Wish>) {
    let view = sheet.view().expect("a document");
    let text: String = (0..rng.below(6)).map(|_| ['a', 'b', 'é', ' ', '\n', '👍'][rng.below(6)]).collect();
    let rows: Vec<_> = view.rows.iter().filter(|row| !row.fields.is_empty()).collect();
    let Some(row) = rng.pick(&rows).filter(|_| !rng.one_in(6)) else {
        let kind = RowKind::ALL[rng.below(3)];
        return (view.state, vec![Wish::AddRow { kind, after: None }]);
    };
    let field = rng.pick(&row.fields).expect("a field");
    let wish = match rng.below(12) {
        0 => Wish::RemoveRow { row: row.id },
        1 => Wish::RestoreRow { row: row.id },
        2 if row.kind == RowKind::Action => Wish::Choose { row: row.id, choice: Choice::By, value: text },
        3 => Wish::Rewrite { row: row.id, field: field.field, text },
        _ => {
            let chars = field.text.chars().count();
            let at = rng.below(chars + 1);
            Wish::Splice { row: row.id, field: field.field, at, delete: rng.below(3).min(chars - at), insert: text }
        }
    };
    (view.state, vec![wish])
}

fn same_everywhere(net: &Network, seed: u64) -> WorksheetView {
    let shown: Vec<WorksheetView> = net.nodes.iter().map(|node| node.worksheet().view().expect("a document")).collect();
    for (n, node) in net.nodes.iter().enumerate() {
        assert_eq!(shown[n], shown[0], "worksheets of 0 and {n}, seed {seed}: {:?}", net.closed);
        assert_eq!(node.machine.worksheet().state(), shown[0].state, "what the machine of {n} has, seed {seed}");
        let status = node.machine.peer_status();
        assert!(
            status.iter().all(counterpart_core::sync::PeerStatus::in_step),
            "links of {n}, seed {seed}: {status:?}"
        );
    }
    shown[0].clone()
}

#[test]
fn random_drafting_over_a_bad_network_ends_equal() {
    for seed in seeds(60) {
        let mut net = three_nodes(seed);
        let mut rng = Rng::new(!seed);
        net.trouble = Trouble { resets: 40, duplicates: 6 };
        for (a, b) in [(0, 1), (0, 2), (1, 2)] {
            if (a, b) != (1, 2) || seed % 2 == 0 {
                net.pair(a, b);
            }
        }
        for _ in 0..40 {
            let node = rng.below(3);
            net.draft(node, |sheet| random_wishes(&mut rng, sheet));
            net.run(rng.below(12));
            match rng.below(30) {
                0 => net.crash(rng.below(3)),
                1 => net.part(0, 2),
                2 => net.part(0, 1),
                3 | 4 => net.heal(),
                5 => drop(net.act_at_random(rng.below(3))),
                6 if seed % 5 == 0 => net.restart_worksheet(rng.below(3), true),
                _ => {}
            }
        }
        net.heal();
        net.trouble.resets = 0;
        net.run_until_quiet(MOST);
        same_everywhere(&net, seed);
        let refused = net.notices.iter().find(|(_, n)| matches!(n, Notice::Refused { .. } | Notice::Held { .. }));
        assert_eq!(refused, None, "seed {seed}");
    }
}

fn first_row(net: &mut Network, node: usize, text: &str) -> RowId {
    net.draft(node, |sheet| (sheet.state(), vec![Wish::AddRow { kind: RowKind::Action, after: None }]));
    let row = net.nodes[node].worksheet().view().expect("a document").rows[0].id;
    rewrite(net, node, row, text);
    row
}

fn rewrite(net: &mut Network, node: usize, row: RowId, text: &str) {
    let wish = Wish::Rewrite { row, field: Field::What, text: text.to_owned() };
    net.draft(node, |sheet| (sheet.state(), vec![wish]));
}

#[test]
fn what_both_typed_apart_is_merged_by_characters_when_they_meet() {
    let mut net = three_nodes(3);
    net.pair(0, 2);
    net.pair(0, 1);
    let row = first_row(&mut net, 0, "Repair the boiler");
    net.run_until_quiet(MOST);
    net.part(0, 2);
    rewrite(&mut net, 0, row, "Repair the old boiler");
    rewrite(&mut net, 2, row, "Repair the boiler by Friday");
    net.run_until_quiet(MOST);
    net.heal();
    net.run_until_quiet(MOST);
    assert_eq!(same_everywhere(&net, 3).rows[0].text(Field::What), "Repair the old boiler by Friday");
}

/// Two copies of one home write at the same place: no copy shows what rests on either, and a new start mends it.
#[test]
fn a_device_with_two_histories_is_found_out_by_everybody() {
    let mut net = three_nodes(4);
    let row = first_row(&mut net, 0, "shared");
    for node in [1, 2] {
        net.nodes[node].store.edits = net.nodes[0].store.edits.clone();
        net.nodes[node].restart();
    }
    let before = net.nodes[0].store.clone();
    rewrite(&mut net, 0, row, "shared one");
    rewrite(&mut net, 0, row, "shared one and more");
    let taken: Vec<_> = net.nodes[0].store.edits[before.edits.len()..].to_vec();
    net.nodes[0].store = before;
    net.nodes[0].restart();
    net.nodes[1].store.edits.extend(taken);
    net.nodes[1].restart();
    rewrite(&mut net, 0, row, "shared two");
    rewrite(&mut net, 0, row, "shared two and others");
    for (a, b) in [(0, 1), (0, 2), (1, 2)] {
        net.pair(a, b);
    }
    net.run_until_quiet(MOST);
    let shown: Vec<_> = net.nodes.iter().map(|node| node.worksheet().view().expect("a document")).collect();
    for view in &shown {
        assert_eq!(view.rows[0].text(Field::What), "shared");
        assert_eq!(view.spoilt_by, [net.nodes[0].party.author(0).device]);
    }
    net.restart_worksheet(2, true);
    net.run_until_quiet(MOST);
    let view = same_everywhere(&net, 4);
    assert_eq!((view.rows[0].text(Field::What), view.spoilt_by.len()), ("shared", 0));
}

/// A case, the customer's machine with a link to the supplier, and edits of the supplier's.
struct Setting {
    case: Case,
    customer: Party,
    supplier: Party,
}

fn setting() -> Setting {
    let (customer, supplier) = (Party::new(1), Party::new(2));
    Setting { case: case_between(&[&customer, &supplier]), customer, supplier }
}

impl Setting {
    fn peer(&self, version: u32) -> PeerDevice {
        let author = self.supplier.author(0);
        PeerDevice { party: author.party, device: author.device, grant: author.grant, version }
    }

    /// A machine that has met the supplier's, which has nothing of the worksheet and all of the record.
    fn met(&self, version: u32) -> Machine {
        let mut machine = Machine::new(self.case.id, self.case.store.restore(), self.customer.author(0), Vec::new());
        machine.connected(LINK, self.peer(version), START);
        let mut tips = None;
        while let Some(output) = machine.poll_output() {
            if let Output::Send { frame, .. } = output
                && let Ok(Frame::Tips(own)) = Frame::decode(&frame)
            {
                tips = Some(own);
            }
        }
        machine.handle_frame(LINK, &Frame::Tips(tips.expect("tips come first")).encode(), START);
        machine
    }

    fn typed(&self, texts: &[&str]) -> Vec<Vec<u8>> {
        let mut sheet = Worksheet::new(self.case.id);
        let (author, key) = (self.supplier.author(0), &self.supplier.devices[0].key);
        let mut edits = Vec::new();
        let add = [Wish::AddRow { kind: RowKind::Wording, after: None }];
        let (first, added) = sheet.edit(&author, key, &sheet.state(), &add, START).expect("a row");
        edits.extend(first);
        for text in texts {
            let wish = [Wish::Rewrite { row: added[0], field: Field::Text, text: (*text).to_owned() }];
            let shown = sheet.state();
            edits.extend(sheet.edit(&author, key, &shown, &wish, START).expect("a change").0);
        }
        edits.iter().map(|edit| edit.bytes().to_vec()).collect()
    }
}

struct Out {
    frames: Vec<Frame>,
    edits: Vec<EditId>,
    closed: Vec<CloseReason>,
    told: Vec<Notice>,
}

fn drain(machine: &mut Machine) -> Out {
    let mut out = Out { frames: Vec::new(), edits: Vec::new(), closed: Vec::new(), told: Vec::new() };
    while let Some(output) = machine.poll_output() {
        match output {
            Output::Send { frame, .. } => out.frames.push(Frame::decode(&frame).expect("a frame of ours")),
            Output::Persist(things) => out.edits.extend(things.iter().filter_map(|thing| match thing {
                Persist::Edit { id, .. } => Some(*id),
                _ => None,
            })),
            Output::Close { reason, .. } => out.closed.push(reason),
            Output::Notify(notice) => out.told.push(notice),
            _ => {}
        }
    }
    out
}

fn is_draft(frame: &Frame) -> bool {
    use Frame::{DraftEdits, DraftStored, DraftTips, DraftWant};
    matches!(frame, DraftTips(_) | DraftEdits { .. } | DraftStored { .. } | DraftWant { .. })
}

#[test]
fn a_node_of_the_first_version_hears_nothing_of_the_worksheet() {
    let setting = setting();
    for (version, knows) in [(1, false), (2, true)] {
        let mut machine = setting.met(version);
        let said = drain(&mut machine).frames.iter().any(is_draft);
        assert_eq!(said, knows, "version {version}");
        assert_eq!(machine.peer_status()[0].in_step(), !knows, "version {version}");
        // Frames of later versions are passed over by those who know that there may be some.
        machine.handle_frame(LINK, &[0x82, 0x18, 99, 0xF5], START);
        assert_eq!(drain(&mut machine).closed.is_empty(), knows, "version {version}");
    }
}

#[test]
fn edits_are_durable_before_they_are_told_and_said_to_be_stored() {
    let setting = setting();
    let mut machine = setting.met(2);
    drain(&mut machine);
    let edits = setting.typed(&["one", "one two"]);
    machine.handle_frame(LINK, &Frame::DraftEdits { number: 1, edits: edits.clone() }.encode(), START);
    let order: Vec<&str> = std::iter::from_fn(|| machine.poll_output())
        .map(|output| match output {
            Output::Persist(_) => "persist",
            Output::Notify(Notice::Worksheet) => "tell",
            Output::Send { .. } => "send",
            _ => "other",
        })
        .collect();
    assert_eq!(order, ["persist", "tell", "send"]);
    // Again: nothing new.
    machine.handle_frame(LINK, &Frame::DraftEdits { number: 2, edits }.encode(), START);
    let out = drain(&mut machine);
    assert_eq!((out.frames, out.edits.len(), out.told), (vec![Frame::DraftStored { number: 2 }], 0, vec![]));
}

#[test]
fn edits_that_come_too_early_wait_within_bounds() {
    let setting = setting();
    let mut machine = setting.met(2);
    drain(&mut machine);
    let texts: Vec<String> = (0..20).map(|n| "x".repeat(n)).collect();
    let edits = setting.typed(&texts.iter().map(String::as_str).collect::<Vec<_>>());
    for (number, edit) in (1..).zip(edits.iter().rev()) {
        machine.handle_frame(LINK, &Frame::DraftEdits { number, edits: vec![edit.clone()] }.encode(), START);
    }
    let out = drain(&mut machine);
    let wants: Vec<_> = out.frames.iter().filter(|frame| matches!(frame, Frame::DraftWant { .. })).collect();
    assert_eq!((wants.len(), out.edits.len(), out.closed), (1, edits.len(), vec![]), "asked once, and all are in");
}

#[test]
fn who_may_not_write_is_refused_and_the_record_goes_on() {
    let setting = setting();
    let stranger = Party::new(77);
    let forge = |author, key| {
        let mut sheet = Worksheet::new(setting.case.id);
        let add = [Wish::AddRow { kind: RowKind::Item, after: None }];
        let shown = sheet.state();
        sheet.edit(&author, key, &shown, &add, START).expect("a row").0[0].bytes().to_vec()
    };
    // A stranger's edit waits for ever: perhaps its author is about to be admitted.
    let mut machine = setting.met(2);
    drain(&mut machine);
    let edits = vec![forge(stranger.author(0), &stranger.devices[0].key)];
    machine.handle_frame(LINK, &Frame::DraftEdits { number: 1, edits }.encode(), START);
    let out = drain(&mut machine);
    assert_eq!((out.edits.len(), out.told, out.closed), (0, vec![], vec![]));

    // A member's name over another's key.
    let named = forge(setting.customer.author(0), &setting.supplier.devices[0].key);
    machine.handle_frame(LINK, &Frame::DraftEdits { number: 2, edits: vec![named] }.encode(), START);
    let out = drain(&mut machine);
    assert!(
        matches!(&out.told[..], [Notice::Refused { refusal, .. }] if refusal.contains("signature")),
        "{:?}",
        out.told
    );
    assert_eq!((out.edits.len(), out.closed), (0, vec![]));

    // Nothing more of the worksheet is taken from there, and entries still are.
    let edits = setting.typed(&["later"]);
    machine.handle_frame(LINK, &Frame::DraftEdits { number: 3, edits }.encode(), START);
    assert_eq!(drain(&mut machine).edits.len(), 0);
    let mut theirs = Node::new(&setting.supplier, 0, setting.case.id, &[], setting.case.store.clone());
    let note = Act::Note { text: Sealable::Open("still here".to_owned()), about: None };
    theirs.act(&note, START + 9_000_000, &mut Rng::new(5)).expect("a note");
    let bytes = std::iter::from_fn(|| theirs.machine.poll_output()).find_map(|output| match output {
        Output::Persist(things) => things.into_iter().find_map(|thing| match thing {
            Persist::Entry { bytes, .. } => Some(bytes),
            _ => None,
        }),
        _ => None,
    });
    let entries = vec![bytes.expect("an entry")];
    machine.handle_frame(LINK, &Frame::Entries { number: 1, entries }.encode(), START + 9_000_001);
    assert!(drain(&mut machine).told.iter().any(|notice| matches!(notice, Notice::Entries(_))));
}

/// A mailbox may keep what others write, and write nothing; a device whose grant ended writes no more over its own link.
#[test]
fn a_grant_must_stand_and_let_its_device_sign() {
    let mut setting = setting();
    let mut rng = Rng::new(8);
    let mailbox = ed25519_dalek::SigningKey::from_bytes(&rng.bytes());
    let leave = Grant {
        device: counterpart_core::envelope::public_half(&mailbox),
        peer: vec![1; 38],
        kinds: Kinds::Listed(Vec::new()),
        receive: true,
        admin: false,
        ceilings: Vec::new(),
        from: None,
        until: None,
    };
    let signer = EventSigner::Root(&setting.supplier.root);
    let event = grant(&setting.supplier.head, &signer, &leave, &mailbox, 0);
    setting.case.store.key_events.push(event);
    let author = counterpart_core::record::Author { device: leave.device, ..setting.supplier.author(0) };
    let mut sheet = Worksheet::new(setting.case.id);
    let shown = sheet.state();
    let add = [Wish::AddRow { kind: RowKind::Item, after: None }];
    let edit = sheet.edit(&author, &mailbox, &shown, &add, START).expect("a row").0[0].bytes().to_vec();
    let mut machine = setting.met(2);
    drain(&mut machine);
    machine.handle_frame(LINK, &Frame::DraftEdits { number: 1, edits: vec![edit] }.encode(), START);
    let out = drain(&mut machine);
    assert!(
        matches!(&out.told[..], [Notice::Refused { refusal, .. }] if refusal.contains("may not")),
        "{:?}",
        out.told
    );

    let mut ended = self::setting();
    let typed = ended.typed(&["before the end"]);
    let event = ended.supplier.revoke_device(0, RevokeReason::Ended);
    ended.case.store.key_events.push(event);
    let mut machine = Machine::new(ended.case.id, ended.case.store.restore(), ended.customer.author(0), Vec::new());
    machine.connected(LINK, ended.peer(2), START);
    machine.handle_frame(LINK, &Frame::Tips(Tips::default()).encode(), START);
    machine.handle_frame(LINK, &Frame::DraftEdits { number: 1, edits: typed }.encode(), START);
    assert_eq!(drain(&mut machine).edits.len(), 0);
}

/// Thousands of altered frames: nothing panics, nothing but a named end comes of them, and the record stays.
#[test]
fn altered_frames_do_no_harm() {
    let setting = setting();
    let edits = setting.typed(&["one", "one two", "two", ""]);
    let tip = SignedEdit::decode(&edits[4]).expect("an edit");
    let tips = DraftTips { epoch: EpochId::FIRST, tips: vec![(tip.edit.device, tip.edit.seq, tip.id)] };
    let frames: Vec<Vec<u8>> = [
        Frame::DraftTips(tips),
        Frame::DraftEdits { number: 1, edits: edits[..2].to_vec() },
        Frame::DraftEdits { number: 2, edits: edits[2..].to_vec() },
        Frame::DraftStored { number: 1 },
        Frame::DraftWant { device: tip.edit.device, from: 1 },
    ]
    .iter()
    .map(Frame::encode)
    .collect();
    for seed in seeds(2000) {
        let mut rng = Rng::new(seed);
        let mut machine = setting.met(2);
        let entries = machine.record().graph().len();
        drain(&mut machine);
        for frame in &frames {
            let mut bytes = frame.clone();
            for _ in 0..rng.below(3) {
                let at = rng.below(bytes.len());
                bytes[at] = rng.bytes::<1>()[0];
            }
            let times = 1 + rng.below(2);
            for _ in 0..times {
                machine.handle_frame(LINK, &bytes, START);
            }
        }
        drain(&mut machine);
        assert_eq!(machine.record().graph().len(), entries, "seed {seed}");
        assert!(machine.worksheet().len() <= edits.len(), "seed {seed}");
    }
}

#[test]
fn entries_go_before_edits() {
    let setting = setting();
    let mut machine =
        Machine::new(setting.case.id, setting.case.store.restore(), setting.customer.author(0), Vec::new());
    let typed = setting.typed(&["a text"]);
    machine.edits_found(typed).expect("stored edits come back");
    machine.connected(LINK, setting.peer(2), START);
    // It holds nothing: all entries are to be sent, and no window is left for long.
    machine.handle_frame(LINK, &Frame::Tips(Tips::default()).encode(), START);
    let tips = DraftTips { epoch: EpochId::FIRST, tips: Vec::new() };
    machine.handle_frame(LINK, &Frame::DraftTips(tips).encode(), START);
    let mut acked = BTreeSet::new();
    let mut seen = Vec::new();
    while let Some(output) = machine.poll_output() {
        let Output::Send { frame, .. } = output else { continue };
        let frame = Frame::decode(&frame).expect("a frame of ours");
        if let Frame::KeyEvents { number, .. } | Frame::Entries { number, .. } = frame
            && acked.insert(number)
        {
            machine.handle_frame(LINK, &Frame::Stored { number }.encode(), START);
        }
        seen.push(frame);
    }
    let last_entries = seen.iter().rposition(|frame| matches!(frame, Frame::Entries { .. })).expect("entries");
    let first_edits = seen.iter().position(|frame| matches!(frame, Frame::DraftEdits { .. })).expect("edits");
    assert!(last_entries < first_edits, "{seen:?}");
}
