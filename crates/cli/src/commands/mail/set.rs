//! `counterpart mail set`

use std::path::PathBuf;

use clap::ValueEnum;
use counterpart_mail::{Address, Security};
use counterpart_node::{MailFetch, MailSecret, MailServer, MailSettings};
use serde_json::json;

use super::{
    provider,
    show::{as_json, in_words},
};
use crate::{
    commands::stamp,
    error::{CommandError, Done},
    session::Session,
};

/// Say from which address you write, by which server mail goes out, and where answers arrive
///
/// What is not given as an option is asked. Of large providers the address is enough. A password is never taken from the
/// command line: it is asked for and kept in your home folder, in a file that you alone can read, or it stays in a file of
/// yours that is read each time.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Your address: "Ada Lovelace <ada@example.org>"
    #[arg(long, value_name = "ADDRESS")]
    address: Option<String>,
    /// The server for sending (SMTP): HOST or HOST:PORT; none for none
    #[arg(long, value_name = "HOST")]
    send: Option<String>,
    /// How the connection for sending is protected [default: by the port]
    #[arg(long, value_enum, value_name = "HOW")]
    send_security: Option<How>,
    /// The server of the mailbox (IMAP): HOST or HOST:PORT; none for none
    #[arg(long, value_name = "HOST")]
    fetch: Option<String>,
    /// How the connection to the mailbox is protected [default: by the port]
    #[arg(long, value_enum, value_name = "HOW")]
    fetch_security: Option<How>,
    /// The folder to look into; in INBOX only what belongs to a case is read, in a folder of its own everything
    #[arg(long, value_name = "NAME")]
    folder: Option<String>,
    /// Every so many minutes `counterpart up` looks for answers; 0: only `counterpart mail fetch` does
    #[arg(long, value_name = "MINUTES", value_parser = clap::value_parser!(u32).range(0..=10_080))]
    every: Option<u32>,
    /// The name to log in with [default: the address]
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
    /// The name to log in with at the mailbox, if it is another
    #[arg(long, value_name = "NAME")]
    fetch_user: Option<String>,
    /// A file whose first line is the password
    #[arg(long, value_name = "FILE", conflicts_with = "token_file")]
    password_file: Option<PathBuf>,
    /// A file whose first line is an access token (XOAUTH2) that another program keeps fresh
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// The servers ask for no login
    #[arg(long, conflicts_with_all = ["user", "fetch_user", "password_file", "token_file"])]
    no_login: bool,
    /// A file with the root certificate (.pem, .crt or .der) of a server of your own
    #[arg(long, value_name = "FILE")]
    root: Option<PathBuf>,
    /// Forget all of it
    #[arg(long, exclusive = true)]
    forget: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum How {
    /// TLS from the first byte
    Tls,
    /// TLS after a first exchange
    Starttls,
    /// Not at all: for a server on this machine itself
    Plain,
}

impl From<How> for Security {
    fn from(how: How) -> Self {
        match how {
            How::Tls => Self::Tls,
            How::Starttls => Self::StartTls,
            How::Plain => Self::Plain,
        }
    }
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    let desk = session.desk()?;
    let terminal = session.terminal;
    if args.forget {
        let known = desk.forget_mail_settings()?;
        if terminal.json {
            return terminal
                .json(&json!({"schema": "counterpart/mail-settings/1", "address": null, "forgotten": known}));
        }
        terminal.say(if known {
            "Forgotten: address, servers and password. Nothing is sent or fetched any more."
        } else {
            "Nothing was set up."
        });
        return Ok(());
    }
    // What cannot be read any more is written anew.
    let before = desk.mail_settings().ok().flatten();
    let settings = Asking { session, args, before: before.as_ref() }.settings()?;
    desk.keep_mail_settings(&settings)?;
    if terminal.json {
        return terminal.json(&as_json(Some(&settings), None));
    }
    terminal.data(&in_words(&settings))?;
    terminal.say("Kept in your home folder; nothing was sent. `counterpart mail test` tries whether it works.");
    if settings.fetch.as_ref().is_some_and(|fetch| fetch.every.is_none()) {
        terminal
            .say("Answers are fetched by `counterpart mail fetch`; with --every MINUTES `counterpart up` does it too.");
    }
    Ok(())
}

struct Asking<'a> {
    session: &'a Session,
    args: &'a Args,
    before: Option<&'a MailSettings>,
}

impl Asking<'_> {
    fn settings(&self) -> Done<MailSettings> {
        let own = self.address()?;
        let known = provider::of(own.domain());
        if let Some(provider) = known.filter(|provider| !provider.about.is_empty()) {
            self.session.terminal.say(&format!("To know: {}.", provider.about));
        }
        let before = self.before.and_then(|before| before.send.as_ref());
        let default = before.map(typed).or_else(|| known.map(|known| host_port(known.send)));
        let send = self.server("Server for sending (SMTP)", self.args.send.as_deref(), default)?;
        let send = send.map(|given| server(&given, self.args.send_security, before, [465, 587])).transpose()?;

        let before = self.before.and_then(|before| before.fetch.as_ref());
        let default = before.map(|fetch| typed(&fetch.server)).or_else(|| known.map(|known| host_port(known.fetch)));
        let fetch = self.server("Server of the mailbox (IMAP)", self.args.fetch.as_deref(), default)?;
        let of_before = before.map(|fetch| &fetch.server);
        let fetch = fetch.map(|given| server(&given, self.args.fetch_security, of_before, [993, 143])).transpose()?;
        let every = match self.args.every {
            Some(minutes) => Some(minutes).filter(|minutes| *minutes > 0),
            None => before.and_then(|fetch| fetch.every),
        };
        let folder = self.args.folder.clone().or_else(|| before.map(|fetch| fetch.folder.clone()));
        let folder = folder.unwrap_or_else(|| "INBOX".to_owned());
        let fetch = fetch.map(|server| MailFetch { server, folder, every });
        if send.is_none() && fetch.is_none() {
            return Err(CommandError::usage("without a server for sending or a mailbox there is nothing to set up")
                .hint("counterpart mail set --send smtp.example.org --fetch imap.example.org"));
        }
        let mut settings = MailSettings { own, send, fetch, roots: self.roots()? };
        self.log_in(&mut settings)?;
        Ok(settings)
    }

    fn address(&self) -> Done<Address> {
        let read = |text: &str| {
            text.parse::<Address>().map_err(|why| CommandError::usage(format!("your address cannot be used: {why}")))
        };
        if let Some(given) = &self.args.address {
            return read(given);
        }
        let known = self.before.map(|before| before.own.clone());
        if self.can_ask() {
            let known_text = known.as_ref().map(|known| format!(" [{known}]")).unwrap_or_default();
            let answer =
                self.session.terminal.ask(&format!("Your address, such as Ada <ada@example.org>{known_text}:"))?;
            if !answer.is_empty() {
                return read(&answer);
            }
        }
        known.ok_or_else(|| {
            CommandError::usage("your address is needed")
                .hint("counterpart mail set --address \"Ada <ada@example.org>\"")
        })
    }

    /// HOST or HOST:PORT; nothing where none is wanted.
    fn server(&self, what: &str, given: Option<&str>, default: Option<String>) -> Done<Option<String>> {
        let none = |text: &str| matches!(text, "none" | "-");
        match given {
            Some(given) => return Ok(Some(given.to_owned()).filter(|given| !none(given))),
            // Whoever named one thing wants to be asked for nothing else.
            None if !self.can_ask() || self.args.send.is_some() || self.args.fetch.is_some() => return Ok(default),
            None => {}
        }
        let shown = default.as_deref().unwrap_or("none");
        let answer = self.session.terminal.ask(&format!("{what}, HOST or HOST:PORT [{shown}]:"))?;
        Ok(if answer.is_empty() { default } else { Some(answer).filter(|answer| !none(answer)) })
    }

    fn log_in(&self, settings: &mut MailSettings) -> Done {
        // A password goes to the host that it was given for, and to no other.
        let before = |send: bool, host: &str| {
            let before = self.before?;
            let server = if send { before.send.as_ref() } else { before.fetch.as_ref().map(|fetch| &fetch.server) };
            server.filter(|server| server.host == host).and_then(|server| server.login.clone())
        };
        let own = settings.own.email().to_owned();
        let mut asked: Option<MailSecret> = None;
        let servers = [(true, settings.send.as_mut()), (false, settings.fetch.as_mut().map(|fetch| &mut fetch.server))];
        for (send, server) in servers {
            let Some(server) = server else { continue };
            if self.args.no_login {
                server.login = None;
                continue;
            }
            let known = before(send, &server.host);
            let named = if send { None } else { self.args.fetch_user.clone() }.or_else(|| self.args.user.clone());
            let user = named.or_else(|| known.as_ref().map(|(user, _)| user.clone())).unwrap_or_else(|| own.clone());
            let secret = match (&self.args.password_file, &self.args.token_file) {
                (Some(file), _) => MailSecret::PasswordFile(absolute(file)?),
                (None, Some(file)) => MailSecret::TokenFile(absolute(file)?),
                (None, None) => match (known, &asked) {
                    (Some((_, secret)), _) => secret,
                    (None, Some(secret)) => secret.clone(),
                    (None, None) => {
                        let secret = self.session.terminal.mail_password(&format!("Password for {user}"))?;
                        let secret = MailSecret::Kept(secret);
                        asked = Some(secret.clone());
                        secret
                    }
                },
            };
            server.login = Some((user, secret));
        }
        Ok(())
    }

    fn roots(&self) -> Done<Vec<Vec<u8>>> {
        let mut all = self.before.map(|before| before.roots.clone()).unwrap_or_default();
        if let Some(file) = &self.args.root {
            let read = stamp::roots_of(file)?;
            for root in read.all() {
                if !all.iter().any(|known| known == root.der()) {
                    all.push(root.der().to_vec());
                }
            }
        }
        Ok(all)
    }

    fn can_ask(&self) -> bool {
        self.session.terminal.can_ask() && !self.session.terminal.json
    }
}

fn typed(server: &MailServer) -> String {
    format!("{}:{}", server.host, server.port)
}

fn host_port((host, port): (&str, u16)) -> String {
    format!("{host}:{port}")
}

/// A server from what was typed: the usual ports are those of TLS from the first byte, and of STARTTLS.
fn server(given: &str, how: Option<How>, before: Option<&MailServer>, [tls, starttls]: [u16; 2]) -> Done<MailServer> {
    let odd = || {
        CommandError::usage(format!("'{}' is not a server's name", crate::render::line(given)))
            .hint("write it as smtp.example.org, or with a port as smtp.example.org:587")
    };
    let (host, port) = match given.rsplit_once(':') {
        Some((host, port)) => (host, Some(port.parse::<u16>().map_err(|_not_a_port| odd())?)),
        None => (given, None),
    };
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    if host.is_empty() || host.len() > 253 || !host.chars().all(fits) || port == Some(0) {
        return Err(odd());
    }
    let kept = before.filter(|before| before.host == host && Some(before.port) == port).map(|before| before.security);
    let security = match (how, port) {
        (Some(how), _) => how.into(),
        (None, Some(port)) if port == starttls => kept.unwrap_or(Security::StartTls),
        (None, _) => kept.unwrap_or(Security::Tls),
    };
    let port = port.unwrap_or(if security == Security::Tls { tls } else { starttls });
    Ok(MailServer { host: host.to_owned(), port, security, login: None })
}

/// The path by which it is found from anywhere.
fn absolute(file: &PathBuf) -> Done<PathBuf> {
    let path = std::path::absolute(file);
    let path = path.map_err(|e| CommandError::usage(format!("{}: {e}", file.display())))?;
    if !path.is_file() {
        return Err(CommandError::usage(format!("there is no file {}", file.display())));
    }
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_read_from_what_was_typed() {
        let read = |given: &str, how| server(given, how, None, [465, 587]).map(|s| (s.host, s.port, s.security));
        let is = |host: &str, port, security| Ok((host.to_owned(), port, security));
        assert_eq!(read("a.example", None), is("a.example", 465, Security::Tls));
        assert_eq!(read("a.example:587", None), is("a.example", 587, Security::StartTls));
        assert_eq!(read("a.example:2525", None), is("a.example", 2525, Security::Tls));
        assert_eq!(read("a.example", Some(How::Starttls)), is("a.example", 587, Security::StartTls));
        assert_eq!(read("127.0.0.1:25", Some(How::Plain)), is("127.0.0.1", 25, Security::Plain));
        for odd in ["", ":25", "a b", "a.example:x", "a.example:0", "a.example:99999", "http://a.example"] {
            assert!(read(odd, None).is_err(), "{odd}");
        }
    }
}
