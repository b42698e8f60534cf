//! What a model is about: who takes part, what they may sign, how much of it, and what must come of it.

use counterpart_core::act::ActionTerms;

use crate::{
    cast::{Cast, HOLDERS},
    menu::Kind,
};

pub(crate) struct Profile {
    pub(crate) name: &'static str,
    pub(crate) cast: fn() -> Cast,
    /// Entries that bring the parties in: 4 for two, 9 for three.
    pub(crate) people: usize,
    /// Terms for the action under talk, by what is to be done.
    pub(crate) terms: fn(&str) -> ActionTerms,
    pub(crate) menu: &'static [(&'static [usize], &'static [Kind])],
    /// What a clock goes on by for every entry known, milliseconds.
    pub(crate) tick: i64,
    /// Most acts in all.
    pub(crate) acts: usize,
    /// Most acts of each holder; a holder of none takes no part.
    pub(crate) each: [usize; HOLDERS],
    /// Holders who sign what their own node advises against.
    pub(crate) careless: &'static [usize],
    /// A holder of each party whose signature is beyond doubt, for what is tried after everything has arrived.
    pub(crate) able: &'static [usize],
    /// What must be reached, and what takes more acts than a run without wishes has.
    pub(crate) sometimes: &'static [&'static str],
    pub(crate) far: &'static [&'static str],
    /// One set in so many has its whole digest compared, the document included.
    pub(crate) sampled: u32,
}

impl Profile {
    /// What must be reached in this run.
    pub(crate) fn to_reach(&self) -> Vec<&'static str> {
        let far = if asked_for_more() { self.far } else { &[] };
        self.sometimes.iter().chain(far).copied().collect()
    }

    pub(crate) fn holders(&self) -> impl Iterator<Item = usize> + use<> {
        let each = self.each;
        (0..HOLDERS).filter(move |h| each[*h] > 0)
    }
}

/// Whether everything is to be tried.
pub(crate) fn asked_for_more() -> bool {
    asked_for_long() || std::env::var_os("COUNTERPART_TEST_ALL").is_some()
}

pub(crate) fn asked_for_long() -> bool {
    std::env::var_os("COUNTERPART_LONG").is_some()
}
