//! Programs that are no part of this project, and may not be here.

use std::io::Write as _;

/// Says aloud that a test tried nothing, because it needs something that is not here; where all must run, that fails it.
///
/// # Panics
/// With `COUNTERPART_TEST_ALL`.
pub fn missing(what: &str) {
    assert!(std::env::var_os("COUNTERPART_TEST_ALL").is_none(), "this test needs {what}");
    // Past the harness, which keeps the output of tests that pass to itself.
    drop(writeln!(std::io::stderr(), "skipped: needs {what}"));
}
