//! Which mail servers, whose address, and with what one logs in: one file in the home, which its owner alone can read.

use std::{
    fmt::Write as _,
    fs,
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use counterpart_mail::{Address, Login, PATIENCE, Secret, Security, Server};
use data_encoding::BASE64;

use crate::{desk::Desk, error::DeskError, home::write_private};

const FILE: &str = "mail";
/// The largest file with a password or token that is read, in bytes.
const LARGEST_SECRET: u64 = 16 * 1024;

/// Where the password for a mail server comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MailSecret {
    /// From these settings.
    Kept(Secret),
    /// From the first line of a file, read each time.
    PasswordFile(PathBuf),
    /// An access token (XOAUTH2) from the first line of a file that another program keeps fresh, read each time.
    TokenFile(PathBuf),
}

/// A mail server as it was set up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailServer {
    pub host: String,
    pub port: u16,
    pub security: Security,
    /// The name to log in with, and with what; nothing where the server asks for none.
    pub login: Option<(String, MailSecret)>,
}

/// A mailbox's folder as it was set up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailFetch {
    pub server: MailServer,
    pub folder: String,
    /// Every so many minutes the running node looks there; nothing: only when asked.
    pub every: Option<u32>,
}

/// How this home sends and fetches mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailSettings {
    /// The person's own address, with the name that stands beside it.
    pub own: Address,
    pub send: Option<MailServer>,
    pub fetch: Option<MailFetch>,
    /// Root certificates trusted for these servers beside those of the system, in DER.
    pub roots: Vec<Vec<u8>>,
}

impl MailSettings {
    /// The server to send by, with its password read.
    ///
    /// # Errors
    /// When a file with the password or token cannot be read.
    pub fn sending(&self) -> Result<Option<Server>, DeskError> {
        self.send.as_ref().map(|server| self.ready(server)).transpose()
    }

    /// The server and folder to fetch from, with its password read.
    ///
    /// # Errors
    /// As [`MailSettings::sending`].
    pub fn fetching(&self) -> Result<Option<(Server, String)>, DeskError> {
        let ready = |fetch: &MailFetch| Ok((self.ready(&fetch.server)?, fetch.folder.clone()));
        self.fetch.as_ref().map(ready).transpose()
    }

    fn ready(&self, server: &MailServer) -> Result<Server, DeskError> {
        let login = match &server.login {
            None => None,
            Some((user, MailSecret::Kept(password))) => {
                Some(Login::Password { user: user.clone(), password: password.clone() })
            }
            Some((user, MailSecret::PasswordFile(path))) => {
                Some(Login::Password { user: user.clone(), password: secret_of(path)? })
            }
            Some((user, MailSecret::TokenFile(path))) => {
                Some(Login::Token { user: user.clone(), token: secret_of(path)? })
            }
        };
        Ok(Server {
            host: server.host.clone(),
            port: server.port,
            security: server.security,
            login,
            roots: self.roots.clone(),
            patience: PATIENCE,
        })
    }

    fn read(text: &str) -> Option<Self> {
        let (mut own, mut every, mut folder) = (None, None, None);
        let mut servers = [Half::default(), Half::default()];
        let mut roots = Vec::new();
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            let (key, value) = line.split_once(' ')?;
            match key {
                "own" => own = Some(value.parse().ok()?),
                "root" => roots.push(BASE64.decode(value.as_bytes()).ok()?),
                "fetch-folder" => folder = Some(value.to_owned()),
                "fetch-every" => every = Some(value.parse().ok()?),
                _ => match key.split_once('-')? {
                    ("send", key) => servers[0].take(key, value)?,
                    ("fetch", key) => servers[1].take(key, value)?,
                    _ => return None,
                },
            }
        }
        let [send, fetch] = servers;
        let fetch = match (fetch.whole()?, folder) {
            (Some(server), Some(folder)) => Some(MailFetch { server, folder, every }),
            (None, None) => None,
            _ => return None,
        };
        Some(Self { own: own?, send: send.whole()?, fetch, roots })
    }

    fn write(&self) -> String {
        let mut out = format!("own {}\n", self.own);
        let mut line = |key: &str, value: &str| {
            writeln!(out, "{key} {value}").expect("writing to memory does not fail");
        };
        let servers = [("send", self.send.as_ref()), ("fetch", self.fetch.as_ref().map(|fetch| &fetch.server))];
        for (which, server) in servers {
            let Some(server) = server else { continue };
            line(&format!("{which}-host"), &server.host);
            line(&format!("{which}-port"), &server.port.to_string());
            line(&format!("{which}-security"), server.security.as_str());
            if let Some((user, secret)) = &server.login {
                line(&format!("{which}-user"), user);
                match secret {
                    MailSecret::Kept(password) => line(&format!("{which}-password"), password.reveal()),
                    MailSecret::PasswordFile(path) => {
                        line(&format!("{which}-password-file"), &path.display().to_string());
                    }
                    MailSecret::TokenFile(path) => line(&format!("{which}-token-file"), &path.display().to_string()),
                }
            }
        }
        if let Some(fetch) = &self.fetch {
            line("fetch-folder", &fetch.folder);
            if let Some(every) = fetch.every {
                line("fetch-every", &every.to_string());
            }
        }
        for root in &self.roots {
            line("root", &BASE64.encode(root));
        }
        out
    }
}

/// A server while its lines are read.
#[derive(Default)]
struct Half {
    host: Option<String>,
    port: Option<u16>,
    security: Option<Security>,
    user: Option<String>,
    secret: Option<MailSecret>,
}

impl Half {
    fn take(&mut self, key: &str, value: &str) -> Option<()> {
        match key {
            "host" => self.host = Some(value.to_owned()),
            "port" => self.port = Some(value.parse().ok()?),
            "security" => self.security = Some(security(value)?),
            "user" => self.user = Some(value.to_owned()),
            "password" => self.secret = Some(MailSecret::Kept(Secret::new(value.to_owned()))),
            "password-file" => self.secret = Some(MailSecret::PasswordFile(PathBuf::from(value))),
            "token-file" => self.secret = Some(MailSecret::TokenFile(PathBuf::from(value))),
            _ => return None,
        }
        Some(())
    }

    /// Nothing where no line was about it.
    fn whole(self) -> Option<Option<MailServer>> {
        let login = match (self.user, self.secret) {
            (Some(user), Some(secret)) => Some((user, secret)),
            (None, None) => None,
            _ => return None,
        };
        match (self.host, self.port, self.security) {
            (Some(host), Some(port), Some(security)) => Some(Some(MailServer { host, port, security, login })),
            (None, None, None) if login.is_none() => Some(None),
            _ => None,
        }
    }
}

fn security(word: &str) -> Option<Security> {
    [Security::Tls, Security::StartTls, Security::Plain].into_iter().find(|security| security.as_str() == word)
}

fn secret_of(path: &Path) -> Result<Secret, DeskError> {
    let failed = |why: String| DeskError::File { path: path.to_owned(), why };
    let mut text = String::new();
    let read = fs::File::open(path).and_then(|file| file.take(LARGEST_SECRET).read_to_string(&mut text));
    read.map_err(|e| failed(e.to_string()))?;
    match text.lines().next().filter(|line| !line.is_empty()) {
        Some(line) => Ok(Secret::new(line.to_owned())),
        None => Err(failed("it is empty; the password or token is to be its first line".to_owned())),
    }
}

impl Desk {
    /// How this home sends and fetches mail; nothing until it was told.
    ///
    /// # Errors
    /// When that cannot be read.
    pub fn mail_settings(&self) -> Result<Option<MailSettings>, DeskError> {
        let path = self.home().join(FILE);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(DeskError::File { path, why: e.to_string() }),
        };
        let why = "it cannot be understood; `counterpart mail set` writes it anew";
        MailSettings::read(&text).map(Some).ok_or_else(|| DeskError::File { path, why: why.to_owned() })
    }

    /// Chooses how this home sends and fetches mail.
    ///
    /// # Errors
    /// When something in them holds a line end, or they cannot be written.
    pub fn keep_mail_settings(&self, settings: &MailSettings) -> Result<(), DeskError> {
        let (path, written) = (self.home().join(FILE), self.home().join("mail.new"));
        let text = settings.write();
        if MailSettings::read(&text).as_ref() != Some(settings) {
            let why = "one of the settings holds a line end or is empty; nothing was written".to_owned();
            return Err(DeskError::File { path, why });
        }
        let kept = write_private(&written, text.as_bytes()).and_then(|()| fs::rename(&written, &path));
        kept.map_err(|e| DeskError::File { path, why: e.to_string() })
    }

    /// Forgets how mail is sent and fetched; tells whether anything was known of it.
    ///
    /// # Errors
    /// When the file cannot be removed.
    pub fn forget_mail_settings(&self) -> Result<bool, DeskError> {
        let path = self.home().join(FILE);
        match fs::remove_file(&path) {
            Ok(()) => Ok(true),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(e) => Err(DeskError::File { path, why: e.to_string() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn full() -> MailSettings {
        let server = |host: &str, secret| MailServer {
            host: host.to_owned(),
            port: 587,
            security: Security::StartTls,
            login: Some(("ada".to_owned(), secret)),
        };
        MailSettings {
            own: "Ada L. <ada@example.org>".parse().expect("an address"),
            send: Some(server("smtp.example.org", MailSecret::Kept(Secret::new(" two words ".to_owned())))),
            fetch: Some(MailFetch {
                server: server("imap.example.org", MailSecret::TokenFile(PathBuf::from("/tmp/a b/token"))),
                folder: "Cases/Open ones".to_owned(),
                every: Some(15),
            }),
            roots: vec![vec![1, 2, 3]],
        }
    }

    #[test]
    fn settings_come_back_as_they_were_written() {
        let full = full();
        assert_eq!(MailSettings::read(&full.write()), Some(full.clone()));
        let bare = MailSettings { send: None, fetch: None, roots: Vec::new(), ..full };
        assert_eq!(MailSettings::read(&bare.write()), Some(bare));
        for text in ["", "own x\n", "own a@b.example\nsend-host x\n", "own a@b.example\nelse 1\n"] {
            assert_eq!(MailSettings::read(text), None, "{text}");
        }
    }

    #[test]
    fn passwords_are_not_shown() {
        let shown = format!("{:?}", full());
        assert!(!shown.contains("two words"), "{shown}");
    }
}
