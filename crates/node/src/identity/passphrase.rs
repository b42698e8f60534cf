//! The passphrase under which the keys rest: set, changed, taken away.

use crate::{
    desk::Desk,
    error::DeskError,
    home,
    keyfile::{Passphrase, Rest},
    random::Source,
};

impl Desk {
    /// Whether the keys of this home rest under a passphrase.
    #[must_use]
    pub fn is_locked(&self) -> bool {
        self.identity().passphrase.is_some()
    }

    /// Writes all keys anew, under another passphrase or none. A running node goes on: it holds its keys in memory.
    ///
    /// # Errors
    /// When the keys cannot be read or written; then all stays as it was.
    pub fn rest_under(self, passphrase: Option<&Passphrase>) -> Result<(), DeskError> {
        self.must_be_home()?;
        let home = self.home();
        let seats = self.seats_next(passphrase)?;
        let next = home::next_folder(home)?;
        let random = Source::new(|| Ok::<_, DeskError>(0))?;
        let rest = Rest { under: passphrase, random: &random };
        home::copy_keys(home, &next, self.identity().passphrase.as_ref(), rest)?;
        // The home's own last: until then the change can be made again with the passphrase that opens it.
        for seat in seats {
            home::swap_keys(&seat)?;
        }
        home::swap_keys(home)
    }
}
