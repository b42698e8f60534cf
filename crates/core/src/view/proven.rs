//! Between which times entries were signed, by the word of others: an author's own clock proves nothing.

use crate::{
    graph::Ix,
    id::{EntryId, PartyId, ReceiptId},
    receipt::Receipt,
    record::Record,
};

/// Between which times something was signed, by what others signed before and after it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Proven {
    /// The newest time that another party claims in an entry that this one rests on.
    pub not_before: Option<Bound>,
    /// The oldest time that another party claims in a statement or receipt that covers this one.
    pub not_after: Option<Bound>,
}

/// A time, and whose word it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bound {
    /// Unix milliseconds.
    pub at: i64,
    pub party: PartyId,
    pub by: Evidence,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Evidence {
    Entry(Ix),
    Receipt(ReceiptId),
}

impl Record {
    /// For every entry, in order of arrival, between which times it was signed by the word of others, as far as the
    /// receipts held tell. Branches that count nowhere prove nothing.
    #[must_use]
    pub fn proven_times(&self) -> Vec<Proven> {
        let receipts: Vec<(ReceiptId, &Receipt)> = self.receipts().iter().map(|r| (r.id, &r.receipt)).collect();
        self.proven_by(&receipts)
    }

    /// As [`Record::proven_times`], by these receipts.
    #[must_use]
    pub fn proven_by(&self, receipts: &[(ReceiptId, &Receipt)]) -> Vec<Proven> {
        let graph = self.graph();
        let words = Words { record: self, receipts };
        let counted = || graph.all().filter(|ix| graph.counts(*ix));
        let deps = |ix: Ix| graph.statement(ix).deps.iter().filter_map(|dep| graph.find(dep));

        // Causes come before effects: one pass each way, which hands on what is known so far.
        let mut before = vec![Best::default(); graph.len()];
        for ix in counted() {
            let mut own = Best::default();
            for dep in deps(ix) {
                own.join(before[dep.at()], |word, than| words.later(word, than), &words);
                own.take(word_of(dep), |word, than| words.later(word, than), &words);
            }
            before[ix.at()] = own;
        }
        let mut after = vec![Best::default(); graph.len()];
        for (n, (_, receipt)) in (graph.len()..).zip(receipts) {
            for head in receipt.heads.iter().filter_map(|head| graph.find(head)) {
                after[head.at()].take(n, |word, than| words.earlier(word, than), &words);
            }
        }
        for ix in counted().rev() {
            let own = after[ix.at()];
            for dep in deps(ix) {
                after[dep.at()].join(own, |word, than| words.earlier(word, than), &words);
                after[dep.at()].take(word_of(ix), |word, than| words.earlier(word, than), &words);
            }
        }
        let proven = |ix: Ix| {
            let own = graph.statement(ix).party;
            Proven { not_before: words.bound(before[ix.at()], &own), not_after: words.bound(after[ix.at()], &own) }
        };
        graph.all().map(proven).collect()
    }
}

/// A statement by its place in the graph, or behind them all a receipt by its place in the list.
type Word = usize;

fn word_of(ix: Ix) -> Word {
    ix.at()
}

struct Words<'r> {
    record: &'r Record,
    receipts: &'r [(ReceiptId, &'r Receipt)],
}

/// What decides between words of one time: statements before receipts, then the smaller id.
type Rank<'r> = (bool, &'r [u8; 32]);

impl Words<'_> {
    fn said(&self, word: Word) -> (i64, PartyId, Rank<'_>) {
        let graph = self.record.graph();
        match graph.nth(word) {
            Some(ix) => {
                let entry = &graph.node(ix).entry;
                let EntryId(id) = &entry.id;
                (entry.statement.at, entry.statement.party, (false, id))
            }
            None => {
                let (ReceiptId(id), receipt) = &self.receipts[word - graph.len()];
                (receipt.at, receipt.party, (true, id))
            }
        }
    }

    fn party(&self, word: Word) -> PartyId {
        self.said(word).1
    }

    fn later(&self, word: Word, than: Word) -> bool {
        let ((at, _, rank), (other, _, other_rank)) = (self.said(word), self.said(than));
        at > other || (at == other && rank < other_rank)
    }

    fn earlier(&self, word: Word, than: Word) -> bool {
        let ((at, _, rank), (other, _, other_rank)) = (self.said(word), self.said(than));
        at < other || (at == other && rank < other_rank)
    }

    /// The best word of somebody else.
    fn bound(&self, best: Best, own: &PartyId) -> Option<Bound> {
        let word = best.0.into_iter().flatten().find(|word| self.party(*word) != *own)?;
        let (at, party, _) = self.said(word);
        let by = match self.record.graph().nth(word) {
            Some(ix) => Evidence::Entry(ix),
            None => Evidence::Receipt(self.receipts[word - self.record.graph().len()].0),
        };
        Some(Bound { at, party, by })
    }
}

/// The best word, and the best of any other party: whoever asks, one of them is of somebody else.
#[derive(Debug, Clone, Copy, Default)]
struct Best([Option<Word>; 2]);

impl Best {
    fn take(&mut self, word: Word, better: impl Fn(Word, Word) -> bool, words: &Words<'_>) {
        let Self([first, second]) = self;
        let same = |other: Word| other == word || words.party(other) == words.party(word);
        match *first {
            None => *first = Some(word),
            Some(known) if same(known) => {
                if better(word, known) {
                    *first = Some(word);
                }
            }
            Some(known) if better(word, known) => {
                *second = Some(known);
                *first = Some(word);
            }
            Some(_) => {
                // Of one party the better word stays; of two others as well.
                if second.is_none_or(|known| better(word, known)) {
                    *second = Some(word);
                }
            }
        }
    }

    fn join(&mut self, other: Self, better: impl Fn(Word, Word) -> bool, words: &Words<'_>) {
        for word in other.0.into_iter().flatten() {
            self.take(word, &better, words);
        }
    }
}
