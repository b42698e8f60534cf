//! What one party of a case writes does not keep the words of another from being found.

use counterpart_core::{act::Act, id::CaseId, record::Record, value::Sealable};
use counterpart_store::{Lane, QueuePlace, Store, WordsBy};
use counterpart_testkit::{
    case::{Case, case_between, sign},
    party::Party,
    rng::Rng,
};

use super::{MOST_OF_PARTY, index, values_went};

const AT: i64 = 1_800_000_000_000;

struct Kept {
    _folder: tempfile::TempDir,
    store: Store,
    parties: [Party; 2],
    case: CaseId,
    record: Record,
    rng: Rng,
}

impl Kept {
    /// A case of ours, the first party's, with another.
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut store = Store::open(&folder.path().join("a.db")).expect("a store");
        let parties = [Party::new(1), Party::new(2)];
        let Case { id: case, record, .. } = case_between(&[&parties[0], &parties[1]]);
        let place = QueuePlace { lane: Lane::Ours, due: 0, since: 0, case };
        store.write(|txn| txn.put_in_queue(&place, "", &[0])).expect("written");
        Self { _folder: folder, store, parties, case, record, rng: Rng::new(3) }
    }

    fn note(&mut self, by: usize, text: &str) {
        let (party, act) = (&self.parties[by], Act::Note { text: Sealable::Open(text.to_owned()), about: None });
        sign(&mut self.record, &party.author(0), &party.devices[0].key, &act, AT, &mut self.rng);
    }

    fn index(&mut self) {
        let (case, record, own) = (self.case, &self.record, &self.parties[0].id);
        self.store.write(|txn| index(txn, case, record, own)).expect("indexed");
    }

    fn finds(&self, word: &str) -> bool {
        self.store.spread_of(word, 1).expect("read") > 0
    }

    fn words_by(&self, party: usize) -> WordsBy {
        let all = self.store.words_by(self.case).expect("read");
        all.into_iter().find(|(of, _)| *of == self.parties[party].id).map(|(_, words)| words).unwrap_or_default()
    }

    fn flood(&mut self) {
        for round in 0..7 {
            let words: String = (0..1_000).map(|n| format!("a{round}x{n} ")).collect();
            self.note(1, &words);
        }
    }
}

#[test]
fn another_party_that_floods_a_case_hides_none_of_our_words() {
    for at_once in [false, true] {
        let mut kept = Kept::new();
        kept.flood();
        if !at_once {
            kept.index();
        }
        kept.note(0, "zebra");
        kept.note(1, "zoology");
        kept.index();
        assert_eq!(kept.words_by(1).open, MOST_OF_PARTY, "theirs are bounded");
        assert!(!kept.finds("zoology"), "they have used up their own room");
        assert!(kept.finds("zebra"), "ours are found");
        assert!(kept.finds("kitchen"), "and so is the title");
    }
}

#[test]
fn the_title_is_found_whoever_gave_it() {
    let mut kept = Kept::new();
    // Seen from the other side: the case and all of the flood are somebody else's.
    kept.parties.swap(0, 1);
    kept.flood();
    let (case, record, own) = (kept.case, &kept.record, &kept.parties[0].id);
    let full = WordsBy { open: MOST_OF_PARTY, sealed: 0 };
    let written = kept.store.write(|txn| {
        txn.put_words_by(case, kept.parties[1].id, full)?;
        index(txn, case, record, own)
    });
    written.expect("indexed");
    assert!(kept.finds("kitchen"));
}

#[test]
fn room_that_erased_words_took_is_free_again() {
    let mut kept = Kept::new();
    kept.index();
    let (case, theirs) = (kept.case, kept.parties[1].id);
    let before = kept.words_by(1);
    let full = WordsBy { sealed: MOST_OF_PARTY - before.open, ..before };
    kept.store.write(|txn| txn.put_words_by(case, theirs, full)).expect("written");
    kept.note(1, "zoology");
    kept.index();
    assert!(!kept.finds("zoology"), "there is no room");
    let (record, own) = (&kept.record, &kept.parties[0].id);
    kept.store.write(|txn| values_went(txn, case, record, own)).expect("written");
    assert_eq!(kept.words_by(1), WordsBy { sealed: 0, ..before });
    kept.note(1, "zodiac");
    kept.index();
    assert!(kept.finds("zodiac"), "there is room again");
}
