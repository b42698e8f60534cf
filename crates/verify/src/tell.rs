//! The only place of this program that prints. Standard output is data, standard error is talk.

use std::io::Write as _;

use crate::Code;

/// How to talk.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Teller {
    pub(crate) json: bool,
    pub(crate) quiet: bool,
}

impl Teller {
    /// Writes to standard output as it is. A reader that went away (`| head`) has what it wanted.
    pub(crate) fn data(self, text: &str) -> Code {
        let mut out = std::io::stdout().lock();
        match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
            Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
                self.error(&format!("the output could not be written: {error}"), "write it elsewhere");
                Code::Failed
            }
            _ => Code::Verified,
        }
    }

    /// Why it did not do what it was asked, and what would help.
    pub(crate) fn error(self, what: &str, hint: &str) {
        // Nobody left to talk to changes nothing.
        drop(writeln!(std::io::stderr(), "error: {}\nhint: {hint}", counterpart_evidence::visible(what)));
    }
}
