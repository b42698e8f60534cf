//! Files and what of them is here; what can be erased of an entry, and who erased it.

use counterpart_core::{
    attachment::{FileRef, MAX_FILE, NamedFile},
    cbor::Value,
    graph::Ix,
    id::{EntryId, PartyId},
    record::{Erasable, Erasure},
    seal::PathStep,
    value::{ItemValue, Sealable},
};

use super::{hex, line, wrapped};
use crate::{
    case::OpenCase,
    error::{CommandError, Done},
    item_value,
    style::{Style, styled},
    when,
};

/// How many bytes, for people.
pub fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["bytes", "kB", "MB", "GB"];
    let mut rest = bytes;
    let mut below = 0;
    let mut unit = 0;
    while rest >= 1000 && unit + 1 < UNITS.len() {
        below = rest % 1000 / 100;
        rest /= 1000;
        unit += 1;
    }
    match (unit, rest) {
        (0, 1) => "1 byte".to_owned(),
        (0, _) => format!("{rest} bytes"),
        (_, 100..) => format!("{rest} {}", UNITS[unit]),
        _ => format!("{rest}.{below} {}", UNITS[unit]),
    }
}

/// Where the bytes of a file are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whereabouts {
    Here,
    /// So many bytes have come.
    Coming(u64),
    NotHere,
    /// Nobody's node fetches that much unasked.
    TooLarge,
    /// By our own side.
    Erased,
}

impl Whereabouts {
    /// The word given in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Here => "here",
            Self::Coming(_) => "coming",
            Self::NotHere => "not here",
            Self::TooLarge => "too large",
            Self::Erased => "erased",
        }
    }
}

/// A file that an entry names.
#[derive(Debug, Clone)]
pub struct FileLine {
    /// What it is called in commands: `#9`, or `#9/2` where the entry names several.
    pub reference: String,
    pub entry: Ix,
    pub id: EntryId,
    pub named: NamedFile,
    /// Who put it on record.
    pub party: PartyId,
    pub whereabouts: Whereabouts,
    /// Who said to have erased its bytes.
    pub erased: Vec<Erasure>,
}

impl FileLine {
    /// The name its sender gave it, if it is here to be read.
    pub fn name(&self) -> String {
        match &self.named.name {
            Sealable::Open(name) => line(name),
            Sealable::Sealed(_) => "a file".to_owned(),
        }
    }
}

/// Every file on record, in the agreed order. `parts` says of which some bytes are here.
pub fn files(case: &OpenCase, parts: &[(FileRef, u64)]) -> Vec<FileLine> {
    case.record.graph().ordered().into_iter().flat_map(|entry| files_of(case, entry, parts)).collect()
}

/// The files that one entry names.
pub fn files_of(case: &OpenCase, entry: Ix, parts: &[(FileRef, u64)]) -> Vec<FileLine> {
    let all = case.record.files_of(entry);
    if all.is_empty() {
        return Vec::new();
    }
    let id = case.record.graph().id(entry);
    let (name, party) = (case.entry_name(&id), case.record.graph().statement(entry).party);
    let (several, erasures) = (all.len() > 1, case.record.erasures(&id));
    let one = |(n, named): (usize, NamedFile)| {
        let reference = if several { format!("{name}/{}", n + 1) } else { name.clone() };
        let erased = erasures.iter().filter(|e| e.path == named.path).cloned().collect();
        let coming = parts.iter().find(|(file, _)| *file == named.file).map(|(_, here)| *here);
        let whereabouts = if case.record.holds_file(&named.file) {
            Whereabouts::Here
        } else if case.record.file_erased_by(&case.own, &named.file).is_some() {
            Whereabouts::Erased
        } else if named.file.size > MAX_FILE {
            Whereabouts::TooLarge
        } else {
            coming.map_or(Whereabouts::NotHere, Whereabouts::Coming)
        };
        FileLine { reference, entry, id, named, party, whereabouts, erased }
    };
    all.into_iter().enumerate().map(one).collect()
}

/// The file that a person means: of an entry that names several, `7/2` is the second.
pub fn file(case: &OpenCase, typed: &str, parts: &[(FileRef, u64)]) -> Done<FileLine> {
    let found = case.names.find(typed)?;
    let mut of_entry = files_of(case, found.ix, parts);
    let name = case.entry_name(&found.id);
    let wanted = match (of_entry.len(), found.subject) {
        (0, _) => {
            return Err(CommandError::usage(format!("{name} names no file"))
                .hint(format!("`counterpart attachments {}` lists those on record", case.short())));
        }
        (1, None) => 0,
        (_, Some(n)) => n as usize,
        (_, None) => {
            let all: Vec<&str> = of_entry.iter().map(|l| l.reference.trim_start_matches('#')).collect();
            return Err(CommandError::usage(format!("{name} names several files: say which")).hint(all.join(", ")));
        }
    };
    if wanted >= of_entry.len() {
        return Err(CommandError::usage(format!("{name} names {} files", of_entry.len())));
    }
    Ok(of_entry.swap_remove(wanted))
}

/// Where the bytes are, in words.
pub fn whereabouts(case: &OpenCase, file: &FileLine) -> String {
    let state = match file.whereabouts {
        Whereabouts::Here => "here".to_owned(),
        Whereabouts::Coming(here) => format!("{} of it have come", size(here)),
        Whereabouts::NotHere => "not here yet".to_owned(),
        Whereabouts::TooLarge => "not here: too large to be fetched by itself".to_owned(),
        Whereabouts::Erased => String::new(),
    };
    let erased = file.erased.iter().map(|e| erased_in_words(case, e));
    let all: Vec<String> = Some(state).filter(|s| !s.is_empty()).into_iter().chain(erased).collect();
    all.join("; ")
}

/// "erased by Keith, 3 May".
pub(super) fn erased_in_words(case: &OpenCase, erasure: &Erasure) -> String {
    let when = when::show_short(erasure.at, case.zone(), case.now);
    format!("erased by {}, {when}", case.party_label(&erasure.party))
}

/// Everything `counterpart attachments` prints, for so many columns.
pub fn write_files(case: &OpenCase, lines: &[FileLine], columns: usize) -> String {
    let one = |l: &FileLine| {
        let who = case.party_label(&l.party);
        let text = format!("{}, {}, of {who}: {}", l.name(), size(l.named.file.size), whereabouts(case, l));
        let head = format!("{}  ", styled(Style::Strong, &l.reference));
        let margin = " ".repeat(l.reference.chars().count() + 2);
        let hash = styled(Style::Faint, &format!("SHA-256 {}", hex(&l.named.file.sha256)));
        format!("{}\n{margin}{hash}", wrapped(&head, &text, columns))
    };
    lines.iter().map(one).collect::<Vec<_>>().join("\n")
}

/// What lies beside an entry, a sentence each: files and whether they are here, values and who erased them.
pub fn beside(case: &OpenCase, entry: Ix, files: &[FileLine]) -> Vec<String> {
    let id = case.record.graph().id(entry);
    let own = files.iter().filter(|l| l.entry == entry);
    let mut told: Vec<String> = own.map(|l| format!("{}: {}", l.name(), whereabouts(case, l))).collect();
    for place in places(case, entry).into_iter().filter(|p| matches!(p.what, Erasable::Value(_))) {
        let erased = place.erased.iter().map(|e| erased_in_words(case, e)).collect::<Vec<_>>();
        if !erased.is_empty() {
            told.push(format!("{}: {}", place.words, erased.join("; ")));
        } else if !case.record.values_of(&id).iter().any(|v| v.path == place.what.path()) {
            told.push(format!("{}: not here yet", place.words));
        }
    }
    told
}

/// Something of an entry that can be erased.
#[derive(Debug, Clone)]
pub struct Place {
    pub what: Erasable,
    /// As it is typed: `person`, `file`, `value/2/1`.
    pub typed: String,
    /// As it is told: "the person".
    pub words: String,
    /// Who said to have erased it.
    pub erased: Vec<Erasure>,
}

/// Everything of an entry that can be erased.
pub fn places(case: &OpenCase, entry: Ix) -> Vec<Place> {
    let id = case.record.graph().id(entry);
    let erasures = case.record.erasures(&id);
    let all = case.record.erasable(entry);
    let files = all.iter().filter(|e| matches!(e, Erasable::File(..))).count();
    let mut number = 0;
    let mut found = Vec::new();
    for what in all {
        let (typed, words) = match &what {
            Erasable::File(..) => {
                number += 1;
                match files {
                    1 => ("file".to_owned(), "the file itself".to_owned()),
                    _ => (format!("file/{number}"), format!("file {number} itself")),
                }
            }
            Erasable::Value(path) => named_place(path),
        };
        let erased = erasures.iter().filter(|e| e.path == what.path()).cloned().collect();
        found.push(Place { what, typed, words, erased });
    }
    found
}

/// A sealed value's place as typed, and as told.
fn named_place(path: &[PathStep]) -> (String, String) {
    let step = |step: &PathStep| match step {
        PathStep::Key(key) => line(key),
        PathStep::Index(index) => index.to_string(),
    };
    let steps: Vec<String> = path.iter().map(step).collect();
    match path {
        // Of a stated value: the words of an address or number, the name of a file.
        [PathStep::Key(key), PathStep::Index(1)] if key == "value" => ("value".to_owned(), "the value".to_owned()),
        [PathStep::Key(key), PathStep::Index(3)] if key == "value" => ("name".to_owned(), "the name".to_owned()),
        [PathStep::Key(key)] => (line(key), format!("the {}", line(key).replace('_', " "))),
        [PathStep::Key(key), ..] => (steps.join("/"), format!("part {} of the {}", steps[1..].join("/"), line(key))),
        _ => (steps.join("/"), "a value".to_owned()),
    }
}

/// The place of an `erase` or `erased` in words; by its path alone where the entry is not here.
pub(super) fn place_in_words(case: Option<&OpenCase>, entry: &EntryId, path: &[PathStep]) -> String {
    let here = case.and_then(|case| Some(places(case, case.record.graph().find(entry)?)));
    let known = here.and_then(|places| places.into_iter().find(|p| p.what.path() == path));
    known.map_or_else(|| named_place(path).1, |place| place.words)
}

/// What stands at a place now, for whoever is about to erase it.
pub(super) fn content(case: &OpenCase, entry: &EntryId, path: &[PathStep]) -> String {
    let named = case.record.graph().find(entry).map(|ix| files_of(case, ix, &[])).unwrap_or_default();
    let file = named.into_iter().find(|l| l.named.path == path);
    if let Some(file) = file {
        let hash = hex(&file.named.file.sha256);
        return format!("{}, {}, SHA-256 {hash}", file.name(), size(file.named.file.size));
    }
    let value = case.record.values_of(entry).iter().find(|v| v.path == path);
    match value.map(|v| &v.value) {
        None => "(not here)".to_owned(),
        Some(Value::Text(text)) => super::visible(text),
        Some(other) => ItemValue::from_value(other).map_or_else(|| "(a value)".to_owned(), |v| item_value::show(&v)),
    }
}

#[cfg(test)]
mod tests {
    use counterpart_core::act::Act;

    use super::*;
    use crate::fixture::{Two, open};

    #[test]
    fn sizes_are_short() {
        for (bytes, told) in [
            (0, "0 bytes"),
            (1, "1 byte"),
            (999, "999 bytes"),
            (1000, "1.0 kB"),
            (12_345, "12.3 kB"),
            (999_999, "999 kB"),
            (268_435_456, "268 MB"),
            (1_073_741_824, "1.0 GB"),
        ] {
            assert_eq!(size(bytes), told);
        }
    }

    #[test]
    fn files_and_what_can_be_erased_are_named() {
        let mut two = Two::new();
        let attach = Act::Attach { sha256: [7; 32], size: 1234, name: open("bill.pdf"), media: None, about: None };
        let attached = two.act(0, &attach);
        let file = |n: u8| ItemValue::File { sha256: [n; 32], size: 5, name: open("x.jpg"), media: None };
        let value = ItemValue::List(vec![file(1), file(2)]);
        let listed = two.act(1, &Act::Item { key: "photos".to_owned(), value, label: None, note: None });
        let erased = Act::Erased { entry: attached, path: vec![PathStep::Key("name".to_owned())], reason: None };
        two.act(1, &erased);
        let case = two.seen_by(0);
        let lines = files(&case, &[(FileRef { sha256: [1; 32], size: 5 }, 3)]);
        let told: Vec<String> =
            lines.iter().map(|l| format!("{} {}: {}", l.reference, l.name(), whereabouts(&case, l))).collect();
        // The fixture keeps no values beside what is signed.
        assert_eq!(
            told,
            ["#5 bill.pdf: not here yet", "#6/1 x.jpg: 3 bytes of it have come", "#6/2 x.jpg: not here yet"]
        );
        assert!(write_files(&case, &lines, 80).contains("1.2 kB, of party 0"));
        let typed = |id: &EntryId| {
            let ix = case.record.graph().find(id).expect("here");
            places(&case, ix).into_iter().map(|p| p.typed).collect::<Vec<_>>()
        };
        assert_eq!(typed(&attached), ["file", "name"]);
        assert_eq!(typed(&listed), ["file/1", "file/2", "value/1/3", "value/2/3"]);
        let ix = case.record.graph().find(&attached).expect("here");
        let told = beside(&case, ix, &lines).join(" | ");
        assert!(told.contains("the name: erased by party 1"), "{told}");
        for (typed, error) in [("6", "several"), ("5/2", "names 1 files"), ("1", "names no file"), ("6/3", "2 files")] {
            let found = super::file(&case, typed, &[]);
            assert!(found.expect_err(typed).message.contains(error), "{typed}");
        }
        assert_eq!(super::file(&case, "6/2", &[]).expect("there").named.file.sha256, [2; 32]);
    }
}
