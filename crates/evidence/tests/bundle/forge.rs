//! What only a broken or hostile program signs.

use std::collections::BTreeMap;

use counterpart_core::{
    act::Act,
    change::{self, ChainEnd, Root},
    id::{Domain, EntryId, hash},
    record::Author,
    statement::{Entry, Statement},
    value::Sealable,
};

use crate::{
    case::{Case, note},
    members::sha256,
};

impl Case {
    /// A case of so many entries, with everything that a bundle can hold: files, sealed values, a forked feed, a forked key log.
    pub(crate) fn of_everything(entries: usize) -> Self {
        let mut case = Self::of(entries - 5);
        for n in 0..3_u8 {
            let bytes = vec![n; 100 * usize::from(n) + 1];
            case.attach(bytes);
        }
        let tip = case.record.graph().tips_of(&case.supplier.author.device)[0];
        let statement = case.record.graph().statement(tip).clone();
        let author = case.supplier.author;
        let prev = statement.prev.expect("not the first");
        case.sign_anyway(&author, prev, statement.deps, &note(99));
        case.customer_does(&note(100));
        case.receive();
        case
    }

    /// Names a file whose bytes the exporter has.
    pub(crate) fn attach(&mut self, bytes: Vec<u8>) -> EntryId {
        let (sha256, size) = (sha256(&bytes), i64::try_from(bytes.len()).expect("small"));
        let act = Act::Attach { sha256, size, name: Sealable::Open("photo.jpg".to_owned()), media: None, about: None };
        self.files.insert(sha256, bytes);
        self.customer_does(&act)
    }

    /// Signs what the author's own node would refuse to sign: an act without effect, or a second statement at a
    /// position (the feed goes on after `prev`; the statement knows `deps`).
    pub(crate) fn sign_anyway(&mut self, author: &Author, prev: EntryId, deps: Vec<EntryId>, act: &Act) -> EntryId {
        self.clock += 61_000;
        let graph = self.record.graph();
        let before = graph.statement(graph.find(&prev).expect("an entry of this case"));
        let statement = Statement {
            case: self.record.case(),
            party: author.party,
            device: author.device,
            seq: before.seq + 1,
            prev: Some(prev),
            deps,
            keys: Vec::new(),
            grant: author.grant,
            at: self.clock,
            kind: act.kind().to_owned(),
            body: act.body(),
        };
        let member = if *author == self.customer.author { &self.customer } else { &self.supplier };
        let key = &member.key;
        let core = statement.encode();
        let id = EntryId(hash(Domain::Entry, &[&core]));
        let (root, ends) = self.chains();
        let case = self.record.case().expect("an open case");
        let built = change::build(id, case, &statement, Some(&root), ends.get(&prev)).expect("within limits");
        let entry = Entry::sign(&statement, built.end.change, key);
        self.record.apply_bytes(entry.bytes()).expect("passes the gate");
        id
    }

    fn chains(&self) -> (Root, BTreeMap<EntryId, ChainEnd>) {
        let graph = self.record.graph();
        let mut ends: BTreeMap<EntryId, ChainEnd> = BTreeMap::new();
        let mut root: Option<Root> = None;
        for ix in graph.all() {
            let entry = &graph.node(ix).entry;
            let prev = entry.statement.prev.and_then(|p| ends.get(&p));
            let built = change::build(entry.id, entry.case, &entry.statement, root.as_ref(), prev);
            let end = built.expect("within limits").end;
            root.get_or_insert(Root { case: entry.case, opener_device: entry.statement.device, open: end });
            ends.insert(entry.id, end);
        }
        (root.expect("an open case"), ends)
    }
}
