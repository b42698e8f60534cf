//! What of the things beside the record goes into a bundle: each may be left out by itself.

use std::collections::BTreeSet;

use counterpart_core::{attachment::FileRef, id::EntryId, record::Erasable, seal::PathStep};

use crate::{
    case::OpenCase,
    error::{CommandError, Done},
    render::{self, Place, listed},
};

/// Which sealed values and files to hand over.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Disclosure {
    /// What is left out, by entry and place: `7/person`, `9/file`; `7` for all of that entry.
    pub withhold: Vec<String>,
    /// If there is any, everything else is left out.
    pub only: Vec<String>,
}

/// What was left out, counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Withheld {
    pub values: usize,
    pub files: usize,
}

impl Disclosure {
    /// Takes what is not to be handed over out of this copy in memory; the store keeps it.
    pub fn apply(&self, case: &mut OpenCase) -> Done<Withheld> {
        let mut values: Vec<(EntryId, Vec<PathStep>)> = Vec::new();
        let mut files: BTreeSet<FileRef> = BTreeSet::new();
        if self.only.is_empty() {
            for (entry, place) in self.chosen(case, &self.withhold)? {
                match place.what {
                    Erasable::Value(path) => values.push((entry, path)),
                    Erasable::File(_, file) => drop(files.insert(file)),
                }
            }
        } else {
            let (mut open, mut given) = (Vec::new(), BTreeSet::new());
            for (entry, place) in self.chosen(case, &self.only)? {
                match place.what {
                    Erasable::Value(path) => open.push((entry, path)),
                    Erasable::File(_, file) => drop(given.insert(file)),
                }
            }
            values.extend(sealed(case).into_iter().filter(|place| !open.contains(place)));
            files.extend(case.record.files().filter(|file| !given.contains(file)));
        }
        let mut withheld = Withheld::default();
        for (entry, path) in values {
            withheld.values += usize::from(case.record.forget_value(&entry, &path));
        }
        let kept: Vec<FileRef> = case.record.files().filter(|file| !files.contains(file)).copied().collect();
        withheld.files = case.record.files().count() - kept.len();
        case.record.set_files(kept);
        Ok(withheld)
    }

    fn chosen(&self, case: &OpenCase, typed: &[String]) -> Done<Vec<(EntryId, Place)>> {
        let mut chosen = Vec::new();
        for typed in typed {
            let (entry, place) = match typed.trim().split_once('/') {
                Some((entry, place)) => (entry, Some(place.trim().to_lowercase())),
                None => (typed.trim(), None),
            };
            let target = case.entry(entry)?;
            let all = render::places(case, target.ix);
            let known = listed(all.iter().map(|p| p.typed.clone()));
            let fits = |p: &Place| place.as_ref().is_none_or(|place| p.typed == *place);
            let found: Vec<Place> = all.into_iter().filter(fits).collect();
            if found.is_empty() {
                let error = CommandError::usage(format!("'{typed}' names nothing that is kept beside the record"));
                let name = case.entry_name(&target.id);
                return Err(match known.is_empty() {
                    true => error.hint(format!("{name} stands in the record as a whole; that cannot be left out")),
                    false => error.hint(format!("{name} has {known}")),
                });
            }
            chosen.extend(found.into_iter().map(|p| (target.id, p)));
        }
        Ok(chosen)
    }
}

/// Takes every sealed value, or every file, out of this copy in memory; the store keeps them.
pub fn leave_out_all(case: &mut OpenCase, values: bool, files: bool) -> Withheld {
    let mut withheld = Withheld::default();
    if values {
        for (entry, path) in sealed(case) {
            withheld.values += usize::from(case.record.forget_value(&entry, &path));
        }
    }
    if files {
        withheld.files = case.record.files().count();
        case.record.set_files(Vec::new());
    }
    withheld
}

/// Every sealed value that this copy holds, by entry and place.
fn sealed(case: &OpenCase) -> Vec<(EntryId, Vec<PathStep>)> {
    let graph = case.record.graph();
    let places = |entry: EntryId| case.record.values_of(&entry).iter().map(move |value| (entry, value.path.clone()));
    graph.all().flat_map(|ix| places(graph.id(ix))).collect()
}

#[cfg(test)]
mod tests {
    use counterpart_core::{
        act::{Act, Contact},
        value::Sealable,
    };

    use super::*;
    use crate::fixture::{Two, open};

    fn chosen(withhold: &[&str], only: &[&str]) -> Disclosure {
        let owned = |list: &[&str]| list.iter().map(|s| (*s).to_owned()).collect();
        Disclosure { withhold: owned(withhold), only: owned(only) }
    }

    /// #5 has a person and a number, #6 a file with a name.
    fn case() -> OpenCase {
        let mut two = Two::new();
        let some = |text: &str| Some(Sealable::Open(text.to_owned()));
        two.act(
            0,
            &Act::Contact(Contact {
                channel: "telephone".to_owned(),
                direction: "out".to_owned(),
                started: 1_700_000_000_000,
                seconds: None,
                waited: None,
                seat: None,
                person: some("Priya"),
                number: some("0800 1"),
                reference: None,
                summary: open("they ring back"),
                menu: Vec::new(),
            }),
        );
        two.act(0, &Act::Attach { sha256: [7; 32], size: 9, name: open("x.pdf"), media: None, about: None });
        let mut case = two.seen_by(0);
        case.record.set_files([FileRef { sha256: [7; 32], size: 9 }]);
        case
    }

    fn left(case: &OpenCase) -> (usize, usize) {
        let graph = case.record.graph();
        let values = graph.all().map(|ix| case.record.values_of(&graph.id(ix)).len()).sum();
        (values, case.record.files().count())
    }

    #[test]
    fn each_value_and_file_can_be_left_out_by_itself() {
        for (withhold, only, values, files) in [
            (&[][..], &[][..], 3, 1),
            (&["5/person"], &[], 2, 1),
            (&["5"], &[], 1, 1),
            (&["6/file", "5/number"], &[], 2, 0),
            (&[], &["5/person"], 1, 0),
            (&[], &["6"], 1, 1),
        ] {
            let mut case = case();
            let withheld = chosen(withhold, only).apply(&mut case).expect("understood");
            assert_eq!(left(&case), (values, files), "{withhold:?} {only:?}");
            assert_eq!(withheld, Withheld { values: 3 - values, files: 1 - files });
        }
        for (values, files) in [(true, false), (false, true), (true, true)] {
            let mut case = case();
            let withheld = leave_out_all(&mut case, values, files);
            assert_eq!(withheld, Withheld { values: if values { 3 } else { 0 }, files: usize::from(files) });
            assert_eq!(left(&case), (3 - withheld.values, 1 - withheld.files));
        }
        for wrong in ["5/name", "1", "1/title", "99"] {
            assert!(chosen(&[wrong], &[]).apply(&mut case()).expect_err(wrong).hint.is_some(), "{wrong}");
        }
    }
}
