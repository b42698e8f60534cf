//! What lies beside the record and is named by hash from it: sealed values, the bytes of files. It may be lacking
//! here, and it can be erased; the record stays.

use std::collections::BTreeSet;

use super::Record;
use crate::{
    act::Act,
    attachment::{FileRef, NamedFile, named_by},
    graph::Ix,
    id::{EntryId, PartyId},
    seal::{self, PathStep},
};

/// A file where an entry names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    pub entry: Ix,
    pub named: NamedFile,
}

/// What can be erased of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Erasable {
    /// A sealed value.
    Value(Vec<PathStep>),
    /// The bytes of a file, by the path to its hash.
    File(Vec<PathStep>, FileRef),
}

impl Erasable {
    /// What an `erase` or `erased` names.
    #[must_use]
    pub fn path(&self) -> &[PathStep] {
        match self {
            Self::Value(path) | Self::File(path, _) => path,
        }
    }
}

/// A party's word that it erased something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Erasure {
    pub path: Vec<PathStep>,
    pub party: PartyId,
    /// The `erased`.
    pub entry: Ix,
    /// Claimed time, Unix milliseconds.
    pub at: i64,
}

/// Places, each by its entry and path.
type Places = BTreeSet<(EntryId, Vec<PathStep>)>;

impl Record {
    /// Says which files' bytes are here, whole; every other is not.
    pub fn set_files(&mut self, files: impl IntoIterator<Item = FileRef>) {
        self.files = files.into_iter().collect();
    }

    pub(crate) fn file_came(&mut self, file: FileRef) {
        self.files.insert(file);
    }

    pub(crate) fn file_went(&mut self, file: &FileRef) -> bool {
        self.files.remove(file)
    }

    /// Whether a file's bytes are here, whole.
    #[must_use]
    pub fn holds_file(&self, file: &FileRef) -> bool {
        self.files.contains(file)
    }

    /// The files whose bytes are here, whole, ascending.
    pub fn files(&self) -> impl Iterator<Item = &FileRef> {
        self.files.iter()
    }

    /// The files that an entry names, as far as the sealed values here tell.
    #[must_use]
    pub fn files_of(&self, ix: Ix) -> Vec<NamedFile> {
        let act = self.fold.act(ix);
        match act {
            Act::Attach { .. } | Act::Item { .. } | Act::Propose(_) | Act::Counter { .. } => {
                // Most have nothing sealed.
                let sealed = !self.values_of(&self.graph.id(ix)).is_empty();
                if sealed { named_by(&self.laid_open(ix)) } else { named_by(act) }
            }
            _ => Vec::new(),
        }
    }

    /// Every place where an entry that counts names a file, in the agreed order.
    #[must_use]
    pub fn attachments(&self) -> Vec<Attachment> {
        let of = |ix: Ix| self.files_of(ix).into_iter().map(move |named| Attachment { entry: ix, named });
        self.graph.ordered().into_iter().flat_map(of).collect()
    }

    /// Whether any entry names a file, as far as the sealed values here tell.
    #[must_use]
    pub fn names_file(&self, file: &FileRef) -> bool {
        self.graph.all().any(|ix| self.files_of(ix).iter().any(|named| named.file == *file))
    }

    /// Everything of an entry that can be erased, in the order of its body. What a sealed value holds goes with it.
    #[must_use]
    pub fn erasable(&self, ix: Ix) -> Vec<Erasable> {
        let sealed = seal::find_sealed(&self.graph.statement(ix).body);
        let values = sealed.into_iter().map(|(path, _)| Erasable::Value(path));
        let files = named_by(self.fold.act(ix)).into_iter().map(|named| Erasable::File(named.path, named.file));
        files.chain(values).collect()
    }

    /// Who said to have erased what of an entry, in the agreed order.
    #[must_use]
    pub fn erasures(&self, entry: &EntryId) -> Vec<Erasure> {
        let told = self.lens().about(entry).filter_map(|ix| match self.fold.act(ix) {
            Act::Erased { path, .. } => {
                let statement = self.graph.statement(ix);
                Some(Erasure { path: path.clone(), party: statement.party, entry: ix, at: statement.at })
            }
            _ => None,
        });
        told.collect()
    }

    /// Whether a party said to have erased a sealed value.
    #[must_use]
    pub fn erased_by(&self, party: &PartyId, entry: &EntryId, path: &[PathStep]) -> bool {
        !self.fold.erasures().is_empty() && self.erasures(entry).iter().any(|e| e.party == *party && e.path == path)
    }

    /// Every place a party said to have erased.
    fn all_erased_by(&self, party: &PartyId) -> Places {
        let lens = self.lens();
        let own = |ix: &&Ix| lens.has(**ix) && self.graph.statement(**ix).party == *party;
        let place = |ix: &Ix| match self.fold.act(*ix) {
            Act::Erased { entry, path, .. } => Some((*entry, path.clone())),
            _ => None,
        };
        self.fold.erasures().iter().filter(own).filter_map(place).collect()
    }

    /// A party's word that it erased the bytes of a file, unless an entry named the file again, knowing that word:
    /// then it is wanted anew.
    #[must_use]
    pub fn file_erased_by(&self, party: &PartyId, file: &FileRef) -> Option<Ix> {
        let (graph, lens) = (&self.graph, self.lens());
        let names = |ix: Ix, path: &[PathStep]| {
            named_by(self.fold.act(ix)).iter().any(|named| named.path == path && named.file == *file)
        };
        let of_file = |ix: &Ix| match self.fold.act(*ix) {
            Act::Erased { entry, path, .. } => graph.find(entry).is_some_and(|named| names(named, path)),
            _ => false,
        };
        let said = self.fold.erasures().iter().copied().filter(|ix| graph.statement(*ix).party == *party);
        let again = |erased: Ix| {
            graph.all().any(|ix| graph.in_past(erased, ix) && self.files_of(ix).iter().any(|named| named.file == *file))
        };
        said.filter(|ix| lens.has(*ix)).filter(of_file).find(|erased| !again(*erased))
    }

    /// Forgets a sealed value; gives whether it was here.
    pub fn forget_value(&mut self, entry: &EntryId, path: &[PathStep]) -> bool {
        let Some(known) = self.values.get_mut(entry) else { return false };
        let before = known.len();
        known.retain(|value| value.path != path);
        let gone = known.len() < before;
        if known.is_empty() {
            self.values.remove(entry);
        }
        gone
    }

    /// Forgets the sealed values that a party said to have erased: of a copy of its own nothing else may be made.
    pub fn forget_erased(&mut self, party: &PartyId) {
        for (entry, path) in self.all_erased_by(party) {
            self.forget_value(&entry, &path);
        }
    }

    /// Entries of which a sealed value or the bytes of a file are not here, although this party did not erase them, in
    /// order of arrival.
    #[must_use]
    pub fn lacking(&self, party: &PartyId) -> Vec<EntryId> {
        let erased = self.all_erased_by(party);
        self.graph.all().filter(|ix| self.lacks(party, &erased, *ix)).map(|ix| self.graph.id(ix)).collect()
    }

    /// Whether only some of these entries, and no others, lack something by now.
    pub(super) fn lacks_less(&self, party: &PartyId, before: &[EntryId]) -> bool {
        if before.is_empty() {
            return false;
        }
        let now = self.lacking(party);
        now.len() < before.len() && now.iter().all(|id| before.contains(id))
    }

    fn lacks(&self, party: &PartyId, erased: &Places, ix: Ix) -> bool {
        let lacks_file = |file: &FileRef| {
            !self.holds_file(file) && (erased.is_empty() || self.file_erased_by(party, file).is_none())
        };
        self.lacks_value(erased, ix) || self.files_of(ix).iter().any(|named| lacks_file(&named.file))
    }

    /// Entries with sealed values that are not here, although this party did not erase them, in order of arrival.
    #[must_use]
    pub fn lacking_values_for(&self, party: &PartyId) -> Vec<EntryId> {
        let erased = self.all_erased_by(party);
        self.graph.all().filter(|ix| self.lacks_value(&erased, *ix)).map(|ix| self.graph.id(ix)).collect()
    }

    fn lacks_value(&self, erased: &Places, ix: Ix) -> bool {
        let id = self.graph.id(ix);
        self.lacking_values(ix).into_iter().any(|path| !erased.contains(&(id, path)))
    }
}
