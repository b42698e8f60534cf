//! The things in a backup, one by one: deterministic CBOR arrays that begin with a word.

use counterpart_core::{
    attachment::FileRef,
    cbor::{Limits, Value},
    id::{CaseId, DeviceKey, EntryId, EventId, PartyId},
    stamp::KeptStamp,
};
use counterpart_store::{AsideRow, ExternalId, NotebookRow};
use zeroize::Zeroizing;

use super::BackupAbout;

/// Largest item; the bytes of attached files follow theirs.
pub(super) const MAX_ITEM: usize = 1 << 17;
const LIMITS: Limits = Limits { bytes: MAX_ITEM, nodes: 256, depth: 3, text: 4096 };
const VERSION: i64 = 1;

#[derive(Debug)]
pub(crate) enum Item {
    /// Stands first.
    About(BackupAbout),
    KeyEvent {
        party: PartyId,
        position: u64,
        id: EventId,
        bytes: Vec<u8>,
    },
    Entry {
        case: CaseId,
        bytes: Vec<u8>,
    },
    Value {
        case: CaseId,
        entry: EntryId,
        path: Vec<u8>,
        disclosure: Vec<u8>,
    },
    Receipt {
        case: CaseId,
        bytes: Vec<u8>,
    },
    Stamp {
        case: CaseId,
        stamp: KeptStamp,
    },
    Address {
        case: CaseId,
        party: PartyId,
        address: String,
        last_seen: i64,
    },
    /// What a device of the party was called.
    Name {
        device: DeviceKey,
        name: String,
    },
    /// A note of the notebook.
    Note(NotebookRow),
    /// What those on this side told each other.
    Aside(AsideRow),
    /// Who of this side has a case.
    Assigned {
        case: CaseId,
        agent: String,
        at: i64,
    },
    /// By which template a case was begun.
    BegunBy {
        case: CaseId,
        template: String,
    },
    /// What another system calls a case.
    External {
        case: CaseId,
        name: ExternalId,
    },
    /// So many bytes of an attached file follow.
    File {
        case: CaseId,
        file: FileRef,
    },
    /// The main key, as PKCS#8.
    Root(Zeroizing<Vec<u8>>),
    /// Stands last, with how many stand before it.
    End(u64),
}

impl Item {
    pub(super) fn encode(&self) -> Zeroizing<Vec<u8>> {
        let bytes = |b: &[u8]| Value::Bytes(b.to_vec());
        let number = |n: u64| Value::Int(i64::try_from(n).unwrap_or(i64::MAX));
        let fields = match self {
            Self::About(about) => vec![
                "about".into(),
                Value::Int(VERSION),
                bytes(&about.party.0),
                bytes(&about.device.0),
                Value::Int(about.made),
            ],
            Self::KeyEvent { party, position, id, bytes: event } => {
                vec!["key-event".into(), bytes(&party.0), number(*position), bytes(&id.0), bytes(event)]
            }
            Self::Entry { case, bytes: entry } => vec!["entry".into(), bytes(&case.0), bytes(entry)],
            Self::Value { case, entry, path, disclosure } => {
                vec!["value".into(), bytes(&case.0), bytes(&entry.0), bytes(path), bytes(disclosure)]
            }
            Self::Receipt { case, bytes: receipt } => vec!["receipt".into(), bytes(&case.0), bytes(receipt)],
            Self::Stamp { case, stamp } => {
                let heads = stamp.heads.iter().map(|head| bytes(&head.0)).collect();
                vec!["stamp".into(), bytes(&case.0), Value::Array(heads), bytes(&stamp.token)]
            }
            Self::Address { case, party, address, last_seen } => {
                vec!["address".into(), bytes(&case.0), bytes(&party.0), address.as_str().into(), Value::Int(*last_seen)]
            }
            Self::Name { device, name } => vec!["name".into(), bytes(&device.0), name.as_str().into()],
            Self::Note(note) => vec![
                "note".into(),
                bytes(&note.id),
                note.kind.as_str().into(),
                bytes(note.case.as_ref().map_or(&[], |case| case.0.as_slice())),
                bytes(note.whom.as_deref().unwrap_or_default().as_bytes()),
                bytes(note.body.as_bytes()),
                Value::Int(note.written_at),
            ],
            Self::Aside(aside) => vec![
                "aside".into(),
                bytes(&aside.case.0),
                number(aside.number),
                Value::Int(aside.at),
                bytes(aside.agent.as_bytes()),
                bytes(aside.text.as_bytes()),
            ],
            Self::Assigned { case, agent, at } => {
                vec!["assigned".into(), bytes(&case.0), bytes(agent.as_bytes()), Value::Int(*at)]
            }
            Self::BegunBy { case, template } => {
                vec!["begun-by".into(), bytes(&case.0), bytes(template.as_bytes())]
            }
            Self::External { case, name } => {
                vec!["external".into(), bytes(&case.0), bytes(name.system.as_bytes()), bytes(name.id.as_bytes())]
            }
            Self::File { case, file } => {
                vec!["file".into(), bytes(&case.0), bytes(&file.sha256), number(file.size)]
            }
            Self::Root(der) => vec!["root".into(), bytes(der)],
            Self::End(count) => vec!["end".into(), number(*count)],
        };
        Zeroizing::new(Value::Array(fields).encode())
    }

    /// Reads an item; nothing for what none of this version is.
    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let value = Value::decode(bytes, LIMITS).ok()?;
        let (kind, fields) = value.as_array()?.split_first()?;
        let id = |value: &Value| <[u8; 32]>::try_from(value.as_bytes()?).ok();
        let number = |value: &Value| u64::try_from(value.as_int()?).ok();
        let text = |value: &Value| value.as_text().map(str::to_owned);
        let raw = |value: &Value| value.as_bytes().map(<[u8]>::to_vec);
        let words = |value: &Value| String::from_utf8(raw(value)?).ok();
        Some(match (kind.as_text()?, fields) {
            ("about", [version, party, device, made]) if version.as_int()? == VERSION => Self::About(BackupAbout {
                party: PartyId(id(party)?),
                device: DeviceKey(id(device)?),
                made: made.as_int()?,
            }),
            ("key-event", [party, position, event, envelope]) => Self::KeyEvent {
                party: PartyId(id(party)?),
                position: number(position)?,
                id: EventId(id(event)?),
                bytes: raw(envelope)?,
            },
            ("entry", [case, entry]) => Self::Entry { case: CaseId(id(case)?), bytes: raw(entry)? },
            ("value", [case, entry, path, disclosure]) => Self::Value {
                case: CaseId(id(case)?),
                entry: EntryId(id(entry)?),
                path: raw(path)?,
                disclosure: raw(disclosure)?,
            },
            ("receipt", [case, receipt]) => Self::Receipt { case: CaseId(id(case)?), bytes: raw(receipt)? },
            ("stamp", [case, heads, token]) => {
                let heads = heads.as_array()?.iter().map(|head| id(head).map(EntryId)).collect::<Option<_>>()?;
                Self::Stamp { case: CaseId(id(case)?), stamp: KeptStamp { heads, token: raw(token)? } }
            }
            ("address", [case, party, address, last_seen]) => Self::Address {
                case: CaseId(id(case)?),
                party: PartyId(id(party)?),
                address: text(address)?,
                last_seen: last_seen.as_int()?,
            },
            ("name", [device, name]) => Self::Name { device: DeviceKey(id(device)?), name: text(name)? },
            ("note", [note, kind, case, whom, body, written_at]) => Self::Note(NotebookRow {
                id: <[u8; 16]>::try_from(note.as_bytes()?).ok()?,
                kind: text(kind)?,
                case: if case.as_bytes()?.is_empty() { None } else { Some(CaseId(id(case)?)) },
                whom: Some(words(whom)?).filter(|whom| !whom.is_empty()),
                body: words(body)?,
                written_at: written_at.as_int()?,
            }),
            ("aside", [case, n, at, agent, text]) => Self::Aside(AsideRow {
                case: CaseId(id(case)?),
                number: number(n)?,
                at: at.as_int()?,
                agent: words(agent)?,
                text: words(text)?,
            }),
            ("external", [case, system, name]) => Self::External {
                case: CaseId(id(case)?),
                name: ExternalId { system: words(system)?, id: words(name)? },
            },
            ("assigned", [case, agent, at]) => {
                Self::Assigned { case: CaseId(id(case)?), agent: words(agent)?, at: at.as_int()? }
            }
            ("begun-by", [case, template]) => Self::BegunBy { case: CaseId(id(case)?), template: words(template)? },
            ("file", [case, sha256, size]) => {
                Self::File { case: CaseId(id(case)?), file: FileRef { sha256: id(sha256)?, size: number(size)? } }
            }
            ("root", [der]) => Self::Root(Zeroizing::new(raw(der)?)),
            ("end", [count]) => Self::End(number(count)?),
            _ => return None,
        })
    }
}
