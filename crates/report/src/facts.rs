//! What the parties state: items with their values side by side, and files.

use counterpart_core::{
    act::{Act, Topic},
    attachment::{FileRef, NamedFile, named_by},
    fold::SubjectKey,
    graph::Ix,
    id::EntryId,
    value::ItemValue,
};

use crate::{
    sealed::{Erased, erased_file},
    teller::Teller,
    value::hex,
    words::{EntryName, Words, say},
};

/// Letters of a value that stand in its column: there are as many columns as parties.
const COLUMN: usize = 400;

/// A value that stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stated {
    pub value: Words,
    pub entry: EntryName,
    /// What the others say of it, and have not taken back.
    pub answers: Vec<Answered>,
}

impl Stated {
    /// What of it stands in its column, where it is too long to stand there whole.
    #[must_use]
    pub fn beginning(&self) -> Option<Words> {
        self.value.beginning(COLUMN)
    }
}

/// Another party's word on a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// That it is wrong; otherwise that it is right.
    pub contests: bool,
    pub who: String,
    pub entry: EntryName,
    /// "Contested by Acme Ltd in #18: “shoes not needed”".
    pub says: Words,
}

/// One item: what each party says it is, and what is agreed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    pub key: String,
    pub label: Option<Words>,
    /// By the columns of the table: each party's values that no later one of its own replaced.
    pub columns: Vec<Vec<Stated>>,
    pub agreed: Option<Stated>,
    /// The parties state different values, and none is agreed.
    pub differs: bool,
}

impl Item {
    /// The columns with whose values they hold.
    pub fn by_column<'i>(&'i self, parties: &'i [String]) -> impl Iterator<Item = (&'i String, &'i Vec<Stated>)> {
        parties.iter().zip(&self.columns)
    }

    /// The values that are too long for their columns, and who says so; nobody where it is agreed.
    #[must_use]
    pub fn long<'i>(&'i self, parties: &'i [String]) -> Vec<(Option<&'i String>, &'i Stated)> {
        let stated = self.by_column(parties).flat_map(|(who, column)| column.iter().map(move |one| (Some(who), one)));
        let agreed = self.agreed.iter().map(|one| (None, one));
        stated.chain(agreed).filter(|(_, one)| one.beginning().is_some()).collect()
    }
}

/// A file that the record names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    pub name: Words,
    /// Bytes.
    pub size: u64,
    /// Hexadecimal.
    pub sha256: String,
    pub media: Option<String>,
    /// Whether its bytes are kept with this copy.
    pub held: bool,
    /// Who said to have erased its bytes, and did not name it anew.
    pub erased: Vec<Erased>,
    /// The entries that name it, and who signed them.
    pub named_in: Vec<(EntryName, String)>,
}

/// The items, and whose values stand in which column.
pub(crate) fn items(teller: &Teller<'_>) -> (Vec<String>, Vec<Item>) {
    let view = &teller.view;
    let mut parties = Vec::new();
    for seat in &view.seats {
        for party in &seat.parties {
            let states = view.items.iter().any(|item| item.stated.iter().any(|s| s.party == *party));
            if states && !parties.contains(party) {
                parties.push(*party);
            }
        }
    }
    for stated in view.items.iter().flat_map(|item| &item.stated) {
        if !parties.contains(&stated.party) {
            parties.push(stated.party);
        }
    }
    let one = |item: &counterpart_core::view::ItemView| {
        let column = |party| {
            let own = item.stated.iter().filter(|s| s.party == party);
            own.map(|s| Stated {
                value: opened(teller, s.entry, &s.value),
                entry: teller.entry(&s.entry),
                answers: answers(teller, &s.entry),
            })
            .collect()
        };
        let agreed = item.agreed.as_ref().map(|(entry, signed)| Stated {
            value: agreed(teller, entry, &item.key, signed),
            entry: teller.entry(entry),
            answers: answers(teller, entry),
        });
        Item {
            key: counterpart_core::text::visible_line(&item.key).into_owned(),
            label: label(teller, item),
            columns: parties.iter().copied().map(column).collect(),
            agreed,
            differs: item.disputed,
        }
    };
    let items = view.items.iter().map(one).collect();
    (parties.iter().map(|party| teller.party(party)).collect(), items)
}

/// A stated value, laid open where that can be.
fn opened(teller: &Teller<'_>, entry: EntryId, signed: &ItemValue) -> Words {
    let laid_open = teller.record.graph().find(&entry).map(|ix| teller.laid_open(ix));
    match laid_open {
        Some(Act::Item { value: open, .. }) => teller.value(&open),
        _ => teller.value(signed),
    }
}

/// What the others say of an entry.
fn answers(teller: &Teller<'_>, entry: &EntryId) -> Vec<Answered> {
    let found = teller.record.graph().find(entry).map(|ix| teller.record.answers(ix)).unwrap_or_default();
    let one = |answer: &counterpart_core::view::Answer| {
        let (who, entry) = (teller.party(&answer.party), teller.name(answer.entry));
        let how = if answer.contests { "Contested by " } else { "Acknowledged as right by " };
        let says = say(how).who(&who).say(" in ").entry(entry.clone());
        let says = says.maybe(answer.text.as_ref(), |words, text| words.say(": ").then(teller.said(text)));
        Answered { contests: answer.contests, who, entry, says }
    };
    found.iter().map(one).collect()
}

/// An agreed value likewise.
fn agreed(teller: &Teller<'_>, entry: &EntryId, key: &str, signed: &ItemValue) -> Words {
    let revision = teller.record.graph().find(entry);
    let subject = revision.and_then(|ix| teller.subject_in(ix, &SubjectKey::Item(key.to_owned())));
    match subject.map(|subject| subject.topic) {
        Some(Topic::Item { value: open, .. }) => teller.value(&open),
        _ => teller.value(signed),
    }
}

/// The last name that a statement which stands gives it.
fn label(teller: &Teller<'_>, item: &counterpart_core::view::ItemView) -> Option<Words> {
    let given = |stated: &counterpart_core::view::StatedValue| match teller
        .laid_open(teller.record.graph().find(&stated.entry)?)
    {
        Act::Item { label, .. } => label.map(|text| teller.said(&text)),
        _ => None,
    };
    item.stated.iter().rev().find_map(given)
}

/// Every file that an entry with effect names, by first mention.
pub(crate) fn files(teller: &Teller<'_>) -> Vec<File> {
    let (graph, lens) = (teller.record.graph(), teller.lens());
    let mut files: Vec<File> = Vec::new();
    for ix in graph.ordered().into_iter().filter(|ix| lens.has(*ix)) {
        for named in named_by(&teller.laid_open(ix)) {
            note(teller, &mut files, ix, named);
        }
    }
    files
}

fn note(teller: &Teller<'_>, files: &mut Vec<File>, ix: Ix, named: NamedFile) {
    let FileRef { sha256, size } = named.file;
    let (hex, by) = (hex(&sha256), (teller.name(ix), teller.author(ix)));
    let name = teller.said(&named.name);
    // Another name or size for the same bytes is another line: each says what its author signed.
    match files.iter_mut().find(|f| f.sha256 == hex && f.name == name && f.size == size) {
        Some(known) if !known.named_in.contains(&by) => known.named_in.push(by),
        Some(_) => {}
        None => files.push(File {
            name,
            size,
            media: named.media.map(|m| counterpart_core::text::visible_line(&m).into_owned()),
            held: teller.record.holds_file(&named.file),
            erased: erased_file(teller, &named.file),
            sha256: hex,
            named_in: vec![by],
        }),
    }
}
