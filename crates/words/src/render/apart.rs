//! What is written from right to left, set apart within our sentences, so that it does not turn them round.

use std::cell::Cell;

/// Begins a text of others in a sentence that [`set_apart`] made: U+2068, which no text of others has in it raw.
pub const ISOLATE: char = '\u{2068}';

/// Ends it.
pub const ISOLATE_END: char = '\u{2069}';

thread_local! {
    static APART: Cell<bool> = const { Cell::new(false) };
}

/// What this tells, with every text of others that is written from right to left between [`ISOLATE`] and
/// [`ISOLATE_END`]. For whoever puts elements of a page in their place; a terminal would show the marks themselves, and
/// nothing that is signed may hold them.
pub fn set_apart<T>(tell: impl FnOnce() -> T) -> T {
    /// What it was before, put back however the telling ends.
    struct Before(bool);
    impl Drop for Before {
        fn drop(&mut self) {
            APART.set(self.0);
        }
    }
    let _before = Before(APART.replace(true));
    tell()
}

/// A text of others that may be shown, marked where that is asked for.
pub(super) fn set(shown: String) -> String {
    if APART.get() && shown.chars().any(is_from_the_right) { format!("{ISOLATE}{shown}{ISOLATE_END}") } else { shown }
}

/// The blocks of scripts that are written from right to left, digits and signs of theirs with them.
fn is_from_the_right(c: char) -> bool {
    matches!(c, '\u{590}'..='\u{8FF}' | '\u{FB1D}'..='\u{FDFF}' | '\u{FE70}'..='\u{FEFC}' | '\u{10800}'..='\u{10FFF}' | '\u{1E800}'..='\u{1EFFF}')
}

#[cfg(test)]
mod tests {
    use super::{super::line, *};

    #[test]
    fn what_is_written_from_the_right_is_set_apart_only_where_asked() {
        let name = "\u{5E9}\u{5DC} 5";
        assert_eq!(line(name), name);
        assert_eq!(set_apart(|| line(name)), format!("\u{2068}{name}\u{2069}"));
        assert_eq!(set_apart(|| line("a\u{2068}b")), "a<U+2068>b", "what somebody wrote is no mark of ours");
        assert_eq!(set_apart(|| line("\u{5D0}\u{2069}x")), "\u{2068}\u{5D0}<U+2069>x\u{2069}");
        assert_eq!(set_apart(|| line("Мария \u{4F60}")), "Мария \u{4F60}");
        assert_eq!(line(name), name, "and no longer");
        drop(std::panic::catch_unwind(|| set_apart(|| assert!(name.is_empty()))));
        assert_eq!(line(name), name);
    }
}
