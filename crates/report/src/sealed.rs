//! What is sealed: values that stand beside the record, those of them that are not here, and who said to have erased
//! what.

use std::collections::BTreeMap;

use counterpart_core::{
    act::Act,
    graph::Ix,
    id::EntryId,
    record::{Erasable, Erasure, Record},
    seal::{Disclosure, PathStep, find_sealed},
    value::{ItemValue, Sealable, sealed_value},
};

use crate::{
    clock::Time,
    teller::Teller,
    value::SEALED,
    words::{EntryName, Words, say},
};

/// A party's word that it erased something, in the case that this copy holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Erased {
    pub who: String,
    /// The entry in which it says so.
    pub entry: EntryName,
    /// By its own clock.
    pub at: Time,
}

/// Something kept beside the record that was erased somewhere, or is not here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beside {
    pub entry: EntryName,
    /// Who signed that entry.
    pub who: String,
    /// "the number", "the file itself".
    pub place: String,
    /// Whether this copy has it nevertheless.
    pub here: bool,
    pub erased: Vec<Erased>,
}

impl Beside {
    /// As it is shown.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match (self.here, self.erased.is_empty()) {
            (true, _) => "laid open here",
            (false, true) => "not here",
            (false, false) => "erased",
        }
    }

    #[must_use]
    pub fn tone(&self) -> &'static str {
        match (self.here, self.erased.is_empty()) {
            (true, _) => "good",
            (false, true) => "open",
            (false, false) => "plain",
        }
    }

    /// The drawn sign on it.
    #[must_use]
    pub fn sign(&self) -> &'static str {
        match (self.here, self.erased.is_empty()) {
            (true, _) => "tick",
            (false, true) => "dotted",
            (false, false) => "cross",
        }
    }
}

/// A place whose value is not here.
struct Place {
    entry: Ix,
    path: Vec<PathStep>,
}

/// Every sealed place whose value is not here. In an act that is laid open each bears its number in place of its
/// commitment: a commitment could be copied from somebody else's entry, and would be taken for that.
pub(crate) struct Missing {
    places: Vec<Place>,
    of: BTreeMap<Ix, std::ops::Range<usize>>,
}

impl Missing {
    pub(crate) fn of(record: &Record) -> Self {
        let mut missing = Self { places: Vec::new(), of: BTreeMap::new() };
        for ix in record.graph().ordered() {
            let before = missing.places.len();
            missing.places.extend(record.lacking_values(ix).into_iter().map(|path| Place { entry: ix, path }));
            if missing.places.len() > before {
                missing.of.insert(ix, before..missing.places.len());
            }
        }
        missing
    }

    /// The act of an entry with every value that is here laid open, and every place that is not numbered.
    pub(crate) fn laid_open(&self, record: &Record, ix: Ix) -> Act {
        let Some(places) = self.of.get(&ix).cloned() else { return record.laid_open(ix) };
        let (id, statement) = (record.graph().id(ix), record.graph().statement(ix));
        let mut body = statement.body.clone();
        for value in record.values_of(&id) {
            body = value.reveal(&body).unwrap_or(body);
        }
        for n in places {
            let path = self.places[n].path.clone();
            let numbered = Disclosure { entry: id, path, salt: [0; 32], value: sealed_value(&mark(n)) };
            body = numbered.reveal(&body).unwrap_or(body);
        }
        Act::read(&statement.kind, &body).unwrap_or_else(|| record.laid_open(ix))
    }

    fn place(&self, marked: &[u8; 32]) -> Option<&Place> {
        let (number, rest) = marked.split_first_chunk::<8>()?;
        let n = usize::try_from(u64::from_be_bytes(*number)).ok()?;
        self.places.get(n).filter(|_| rest.iter().all(|byte| *byte == 0))
    }
}

fn mark(n: usize) -> [u8; 32] {
    let mut mark = [0; 32];
    mark[..8].copy_from_slice(&u64::try_from(n).unwrap_or(u64::MAX).to_be_bytes());
    mark
}

impl Teller<'_> {
    /// An entry's act with every sealed value that is here laid open. What is not here is told by [`Teller::said`] and
    /// [`Teller::value`] from such an act, and from no other.
    pub(crate) fn laid_open(&self, ix: Ix) -> Act {
        self.missing.laid_open(self.record, ix)
    }

    /// A party's text; where it is not here, whether somebody erased it.
    pub(crate) fn said(&self, text: &Sealable) -> Words {
        match text {
            Sealable::Open(text) => Words::new().quote(text),
            Sealable::Sealed(marked) => self.not_here(marked),
        }
    }

    /// A value; what is listed in it one after another.
    pub(crate) fn value(&self, value: &ItemValue) -> Words {
        crate::value::value(value, &|marked| self.not_here(marked))
    }

    fn not_here(&self, marked: &[u8; 32]) -> Words {
        let Some(place) = self.missing.place(marked) else { return say(SEALED) };
        let erased = erased(self, &self.record.graph().id(place.entry), &place.path);
        if erased.is_empty() {
            return say(SEALED);
        }
        let one = |erased: &Erased| {
            let words = say("by ").who(&erased.who).say(" in ").entry(erased.entry.clone());
            words.say(format!(", {}", erased.at.day))
        };
        say("(erased ").joined(erased.iter().map(one), "; ").say(")")
    }
}

/// Who said to have erased what stands at a place, in the agreed order.
fn erased(teller: &Teller<'_>, entry: &EntryId, path: &[PathStep]) -> Vec<Erased> {
    let all = teller.record.erasures(entry);
    all.iter().filter(|erasure| erasure.path == path).map(|erasure| told(teller, erasure)).collect()
}

fn told(teller: &Teller<'_>, erasure: &Erasure) -> Erased {
    Erased { who: teller.party(&erasure.party), entry: teller.name(erasure.entry), at: teller.time(erasure.at) }
}

/// Who said to have erased the bytes of a file, and did not want it anew.
pub(crate) fn erased_file(teller: &Teller<'_>, file: &counterpart_core::attachment::FileRef) -> Vec<Erased> {
    let record = teller.record;
    let mut found: Vec<Ix> = teller.parties().filter_map(|party| record.file_erased_by(party, file)).collect();
    found.sort_unstable_by_key(|ix| record.graph().order(*ix));
    let one = |ix: Ix| Erased {
        who: teller.author(ix),
        entry: teller.name(ix),
        at: teller.time(record.graph().statement(ix).at),
    };
    found.into_iter().map(one).collect()
}

/// What is kept beside the record and was erased somewhere, or is not here; and how many sealed values are laid open.
pub(crate) fn beside(teller: &Teller<'_>) -> (usize, Vec<Beside>) {
    let record = teller.record;
    let (mut open, mut told) = (0, Vec::new());
    for ix in record.graph().ordered() {
        let id = record.graph().id(ix);
        let known = record.values_of(&id);
        open += known.len();
        let lacking = find_sealed(&record.graph().statement(ix).body).len() > known.len();
        if !lacking && record.erasures(&id).is_empty() {
            continue;
        }
        for what in record.erasable(ix) {
            let erased = erased(teller, &id, what.path());
            let here = match &what {
                Erasable::Value(path) => known.iter().any(|value| value.path == *path),
                Erasable::File(_, file) => record.holds_file(file),
            };
            // A file that is merely not here stands among the files.
            let of_note = !erased.is_empty() || (!here && matches!(what, Erasable::Value(_)));
            if of_note {
                let place = place(teller, &id, what.path());
                told.push(Beside { entry: teller.name(ix), who: teller.author(ix), place, here, erased });
            }
        }
    }
    (open, told)
}

/// What of an entry an erasure names: "the number", "the file itself".
pub(crate) fn place(teller: &Teller<'_>, entry: &EntryId, path: &[PathStep]) -> String {
    let erasable = teller.record.graph().find(entry).map(|ix| teller.record.erasable(ix)).unwrap_or_default();
    let files: Vec<&Erasable> = erasable.iter().filter(|e| matches!(e, Erasable::File(..))).collect();
    if let Some(n) = files.iter().position(|file| file.path() == path) {
        return if files.len() == 1 { "the file itself".to_owned() } else { format!("file {} itself", n + 1) };
    }
    let shown = |key: &str| counterpart_core::text::visible_line(key).replace('_', " ");
    match path {
        // Of a stated value: the words of an address or number, the name of a file.
        [PathStep::Key(key)] if key == "value" => "the value".to_owned(),
        [PathStep::Key(key), PathStep::Index(1)] if key == "value" => "the value".to_owned(),
        [PathStep::Key(key), PathStep::Index(3)] if key == "value" => "the name".to_owned(),
        [PathStep::Key(seats), PathStep::Index(n), ..] if seats == "seats" => format!("the name of seat {n}"),
        [PathStep::Key(key)] => format!("the {}", shown(key)),
        [PathStep::Key(key), ..] => format!("a part of the {}", shown(key)),
        _ => "a value".to_owned(),
    }
}
