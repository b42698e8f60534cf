//! What of the things beside the record goes into a bundle, as options.

use counterpart_words::disclosure::{Disclosure, Withheld};

use crate::{case::OpenCase, error::Done};

/// Which sealed values and files to hand over.
#[derive(Debug, clap::Args)]
pub(crate) struct DisclosureArgs {
    /// Leave this out: a sealed name, number or text, or a file, by entry and place, such as 7/person or 9/file; 7 leaves
    /// out all of that entry. Repeat for more. Whoever verifies sees that it is there, and not what it says
    #[arg(long, value_name = "REF[/PLACE]", conflicts_with = "only_disclose")]
    withhold: Vec<String>,
    /// Leave out everything that is kept beside the record but this. Repeat for more
    #[arg(long, value_name = "REF[/PLACE]")]
    only_disclose: Vec<String>,
}

impl DisclosureArgs {
    /// Takes what is not to be handed over out of this copy in memory; the store keeps it.
    pub(crate) fn apply(&self, case: &mut OpenCase) -> Done<Withheld> {
        Disclosure { withhold: self.withhold.clone(), only: self.only_disclose.clone() }.apply(case)
    }
}
