//! The mail server of a walkthrough, and the command `mails`, which shows what came in since it was typed last.

use counterpart_mail::Incoming;

use crate::mail::{Received, Smtp};

/// A mail server that takes everything.
pub(crate) struct Post {
    server: Smtp,
    shown: usize,
}

impl Post {
    /// Nothing, said aloud, where what the server needs is not here.
    pub(crate) fn open() -> Option<Self> {
        Some(Self { server: Smtp::start()?, shown: 0 })
    }

    /// Where it listens, as mail settings have it.
    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.server.port)
    }

    /// The `Message-ID` of the mail that came in last, for an answer to name.
    pub(crate) fn last(&self) -> String {
        self.server.received().last().and_then(|mail| mail.field("Message-ID")).unwrap_or_default()
    }

    /// What came in since the last time, in the order of arrival, as a mail program shows it.
    pub(crate) fn mails(&mut self) -> String {
        let all = self.server.received();
        let new: Vec<String> = all[self.shown..].iter().map(told).collect();
        self.shown = all.len();
        if new.is_empty() { "no new mail\n".to_owned() } else { new.join("\n") }
    }
}

fn told(mail: &Received) -> String {
    let read = Incoming::read(&mail.bytes).expect("a message of ours");
    let field = |name: &str| format!("{name}: {}\n", mail.field(name).unwrap_or_default());
    format!("{}{}{}Subject: {}\n\n{}\n", field("Date"), field("From"), field("To"), read.subject, read.text.trim_end())
}
