//! One machine and its peer, played by the test: what is asked, and what is sent.

use counterpart_core::{
    act::Act,
    attachment::FileRef,
    sync::{
        CloseReason, LinkId, Machine, Output, PeerDevice,
        frame::{Frame, Tips},
    },
};
use counterpart_testkit::{
    case::{Case, START, case_between},
    party::Party,
    rng::Rng,
};

use crate::{CHUNK, bytes, open};

/// A machine of the customer's that lacks two files the record names, and a link to the supplier.
pub(crate) struct Setting {
    pub(crate) customer: Party,
    pub(crate) supplier: Party,
    pub(crate) case: Case,
    pub(crate) first: Vec<u8>,
    pub(crate) second: Vec<u8>,
}

impl Setting {
    pub(crate) fn new() -> Self {
        let (customer, supplier) = (Party::new(1), Party::new(2));
        let mut case = case_between(&[&customer, &supplier]);
        let mut rng = Rng::new(8);
        let (first, second) = (bytes(&mut rng, 6 * CHUNK + 9), bytes(&mut rng, 500));
        for file in [&first, &second] {
            let file = FileRef::of(file);
            let size = i64::try_from(file.size).expect("small");
            let act = Act::Attach { sha256: file.sha256, size, name: open("x"), media: None, about: None };
            let draft = case.record.draft(&supplier.author(0), &act, START + 90_000, &mut || rng.bytes());
            let signed = case.record.seal_and_sign(draft.expect("a draft"), &supplier.devices[0].key).expect("signed");
            case.store.entries.push((signed.id, signed.bytes));
        }
        Self { customer, supplier, case, first, second }
    }

    pub(crate) fn machine(&self) -> Machine {
        Machine::new(self.case.id, self.case.store.restore(), self.customer.author(0), Vec::new())
    }

    pub(crate) fn peer(&self) -> PeerDevice {
        let author = self.supplier.author(0);
        PeerDevice { party: author.party, device: author.device, grant: author.grant, version: 1 }
    }

    pub(crate) fn meet(&self, machine: &mut Machine, link: LinkId) -> Vec<Output> {
        machine.connected(link, self.peer(), START);
        machine.handle_frame(link, &Frame::Tips(Tips::default()).encode(), START);
        self.drain(machine).0
    }

    pub(crate) fn met(&self) -> (Machine, LinkId) {
        let mut machine = self.machine();
        self.meet(&mut machine, LinkId(1));
        (machine, LinkId(1))
    }

    #[expect(clippy::unused_self, reason = "reads better beside the others")]
    pub(crate) fn drain(&self, machine: &mut Machine) -> (Vec<Output>, Vec<CloseReason>) {
        let (mut out, mut closed) = (Vec::new(), Vec::new());
        while let Some(output) = machine.poll_output() {
            match output {
                Output::Close { reason, .. } => closed.push(reason),
                other => out.push(other),
            }
        }
        (out, closed)
    }
}

pub(crate) fn asks(out: &[Output]) -> Vec<(FileRef, u64, u32)> {
    let ask = |output: &Output| match output {
        Output::Send { frame, .. } => match Frame::decode(frame) {
            Ok(Frame::WantChunk { file, offset, length }) => Some((file, offset, length)),
            _ => None,
        },
        _ => None,
    };
    out.iter().filter_map(ask).collect()
}

pub(crate) fn chunk(file: &[u8], offset: u64, length: u32) -> Frame {
    let from = usize::try_from(offset).expect("small");
    let bytes = file[from..from + length as usize].to_vec();
    Frame::Chunk { sha256: FileRef::of(file).sha256, offset, bytes }
}
