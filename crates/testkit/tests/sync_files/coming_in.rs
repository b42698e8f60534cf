//! What comes in: bytes that nobody asked for, wrong ones, and beginnings that were wrong before.

use counterpart_core::{
    attachment::FileRef,
    sync::{
        CloseReason, LinkId, Machine, Notice, Output,
        frame::{Frame, MAX_CHUNK, Tips},
    },
};
use counterpart_testkit::{case::START, node::Store};

use crate::{
    CHUNK, PART,
    setting::{Setting, asks, chunk},
};

#[test]
fn what_was_not_asked_for_ends_the_link_by_name() {
    let setting = Setting::new();
    let whole = FileRef::of(&setting.first);
    let cases: Vec<(&str, Vec<Frame>, &str)> = vec![
        ("the second part first", vec![chunk(&setting.first, CHUNK as u64, PART)], "not asked for"),
        ("too short", vec![chunk(&setting.first, 0, 10)], "not asked for"),
        ("too long", vec![chunk(&setting.first, 0, 2 * PART)], "not asked for"),
        ("another file", vec![chunk(&[1, 2, 3], 0, 3)], "not asked for"),
        ("a part twice", vec![chunk(&setting.first, 0, PART), chunk(&setting.first, 0, PART)], "not asked for"),
        ("a denial of what was not asked", vec![Frame::NotHeld { file: FileRef::of(&[1]) }], "no question"),
    ];
    for (what, frames, word) in cases {
        let mut machine = setting.machine();
        let out = setting.meet(&mut machine, LinkId(1));
        // The smaller hash is asked for first; make it the long one's turn.
        let first = asks(&out)[0].0;
        if first != whole {
            machine.handle_frame(LinkId(1), &Frame::NotHeld { file: first }.encode(), START);
        }
        let mut told = Vec::new();
        for frame in frames {
            machine.handle_frame(LinkId(1), &frame.encode(), START);
            let (out, closed) = setting.drain(&mut machine);
            told.extend(closed);
            let writes = out.iter().filter(|o| matches!(o, Output::WriteChunk { .. })).count();
            assert!(writes <= 1, "{what}");
        }
        let [CloseReason::OutOfPlace(why)] = &told[..] else { unreachable!("{what}: {told:?}") };
        assert!(why.contains(word), "{what}: {why}");
    }
    // Too large for any frame, or of nothing: no frame at all.
    for frame in [
        Frame::Chunk { sha256: whole.sha256, offset: 0, bytes: vec![0; MAX_CHUNK as usize + 1] },
        Frame::Chunk { sha256: whole.sha256, offset: 0, bytes: Vec::new() },
        Frame::WantChunk { file: whole, offset: whole.size, length: 1 },
        Frame::WantChunk { file: whole, offset: 0, length: MAX_CHUNK + 1 },
    ] {
        let (mut machine, link) = setting.met();
        machine.handle_frame(link, &frame.encode(), START);
        assert!(matches!(setting.drain(&mut machine).1[..], [CloseReason::Malformed(_)]));
    }
}

/// Plays the peer that answers every ask with what `give` makes of the right bytes; gives how the link ended.
fn answer_all(
    setting: &Setting,
    machine: &mut Machine,
    link: LinkId,
    mut give: impl FnMut(Vec<u8>) -> Vec<u8>,
) -> Told {
    let mut store = Store::default();
    let mut told = Told::default();
    let mut out = Vec::new();
    loop {
        let (more, closed) = setting.drain(machine);
        told.closed.extend(closed);
        for output in &more {
            match output {
                Output::WriteChunk { file, offset, bytes } => store.write_chunk(*file, *offset, bytes),
                Output::CheckFile { file } => {
                    let sound = store.check_file(*file);
                    machine.file_checked(*file, sound, START);
                }
                Output::Notify(notice) => told.notices.push(notice.clone()),
                _ => {}
            }
        }
        out.extend(asks(&more));
        if out.is_empty() {
            let (last, closed) = setting.drain(machine);
            if last.is_empty() && closed.is_empty() {
                break;
            }
            told.closed.extend(closed);
            told.notices.extend(last.iter().filter_map(|o| match o {
                Output::Notify(notice) => Some(notice.clone()),
                _ => None,
            }));
            out.extend(asks(&last));
            continue;
        }
        let (file, offset, length) = out.remove(0);
        told.asked.push(file);
        let source = if file == FileRef::of(&setting.first) { &setting.first } else { &setting.second };
        let from = usize::try_from(offset).expect("small");
        let bytes = give(source[from..from + length as usize].to_vec());
        let frame = Frame::Chunk { sha256: file.sha256, offset, bytes };
        machine.handle_frame(link, &frame.encode(), START);
    }
    told.held = store.files.keys().copied().collect();
    told.parts = store.parts.len();
    told
}

#[derive(Debug, Default)]
struct Told {
    closed: Vec<CloseReason>,
    notices: Vec<Notice>,
    asked: Vec<FileRef>,
    held: Vec<FileRef>,
    parts: usize,
}

#[test]
fn wrong_bytes_are_refused_forgotten_and_not_asked_for_again() {
    let setting = Setting::new();
    let wrong = FileRef::of(&setting.first);
    let mut machine = setting.machine();
    machine.connected(LinkId(1), setting.peer(), START);
    machine.handle_frame(LinkId(1), &Frame::Tips(Tips::default()).encode(), START);
    // One byte of the long file differs.
    let mut altered = false;
    let told = answer_all(&setting, &mut machine, LinkId(1), |mut bytes| {
        if bytes.len() == CHUNK && !altered {
            bytes[77] ^= 1;
            altered = true;
        }
        bytes
    });
    assert!(
        matches!(&told.closed[..], [CloseReason::Refused(why)] if why.contains("not those of the file")),
        "{told:?}"
    );
    let device = setting.peer().device;
    assert!(told.notices.contains(&Notice::WrongFile { file: wrong, device }));
    assert!(!told.held.contains(&wrong) && told.parts == 0, "nothing of it is kept: {told:?}");
    assert!(!machine.record().holds_file(&wrong));
    // On the next connection that device is asked for the other file only; a machine made anew is told.
    for anew in [false, true] {
        if anew {
            machine = setting.machine();
            machine.distrust(device, wrong);
        }
        let link = LinkId(if anew { 3 } else { 2 });
        machine.connected(link, setting.peer(), START);
        machine.handle_frame(link, &Frame::Tips(Tips::default()).encode(), START);
        let told = answer_all(&setting, &mut machine, link, |bytes| bytes);
        assert!(told.closed.is_empty() && !told.asked.contains(&wrong), "{told:?}");
        assert!(machine.record().holds_file(&FileRef::of(&setting.second)));
        machine.disconnected(link, START);
    }
    // Another device of theirs, honest, gives it.
    let mut machine = setting.machine();
    machine.distrust(counterpart_core::id::DeviceKey([9; 32]), wrong);
    machine.connected(LinkId(4), setting.peer(), START);
    machine.handle_frame(LinkId(4), &Frame::Tips(Tips::default()).encode(), START);
    let told = answer_all(&setting, &mut machine, LinkId(4), |bytes| bytes);
    assert_eq!(told.held.len(), 2, "{told:?}");
    assert!(setting.drain(&mut machine).1.is_empty());
}

/// A part kept from before may be wrong: whoever sends the rest is not to blame.
#[test]
fn who_resumes_a_wrong_beginning_is_not_blamed() {
    let setting = Setting::new();
    let file = FileRef::of(&setting.first);
    let mut machine = setting.machine();
    machine.parts_found(&[(file, 2 * CHUNK as u64)]);
    machine.connected(LinkId(1), setting.peer(), START);
    machine.handle_frame(LinkId(1), &Frame::Tips(Tips::default()).encode(), START);
    // The simulated store is told the same wrong beginning by zeros.
    let mut first = true;
    let mut parts = 0;
    loop {
        let (out, closed) = setting.drain(&mut machine);
        assert_eq!(closed, []);
        if out.is_empty() {
            break;
        }
        for output in &out {
            if let Output::CheckFile { file: whole } = output {
                // Unsound the first time.
                let sound = *whole != file || !std::mem::take(&mut first);
                machine.file_checked(*whole, sound, START);
            }
        }
        for (asked, offset, length) in asks(&out) {
            parts += usize::from(asked == file);
            let source = if asked == file { &setting.first } else { &setting.second };
            machine.handle_frame(LinkId(1), &chunk(source, offset, length).encode(), START);
        }
    }
    assert!(machine.record().holds_file(&file));
    assert_eq!(parts, 5 + 7, "the rest, then all of it from the beginning");
}
