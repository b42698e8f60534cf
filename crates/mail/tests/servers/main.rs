//! Sending and fetching, against real servers on 127.0.0.1 and against ones that lie, hang and flood.

#[path = "../../../../tests/mail/server.rs"]
mod server;

mod fetching;
mod lying;
mod sending;

use std::time::Duration;

use counterpart_mail::{Login, Outgoing, Secret, Security, Server};

pub(crate) fn at(port: u16) -> Server {
    Server {
        host: "127.0.0.1".to_owned(),
        port,
        security: Security::Plain,
        login: None,
        roots: Vec::new(),
        patience: Duration::from_secs(20),
    }
}

pub(crate) fn by_password(password: &str) -> Option<Login> {
    Some(Login::Password { user: "ada".to_owned(), password: Secret::new(password.to_owned()) })
}

pub(crate) fn by_token(token: &str) -> Option<Login> {
    Some(Login::Token { user: "ada".to_owned(), token: Secret::new(token.to_owned()) })
}

pub(crate) fn letter(subject: &str) -> Outgoing {
    let from = "Ada Lovelace <ada@example.org>".parse().expect("an address");
    Outgoing {
        message_id: Outgoing::fresh_id([3; 16], &from),
        from,
        to: vec!["Müller & Co <help@acme.example>".parse().expect("an address")],
        subject: subject.to_owned(),
        text: "Guten Tag,\n\nSie wollten kommen.\n.\n..\nGrüße\n".to_owned(),
        in_reply_to: None,
        references: Vec::new(),
        date: 1_783_328_400_000,
        reply_to: None,
    }
}
