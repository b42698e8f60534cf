//! Mail servers on 127.0.0.1 for tests, each in a temporary folder, each ending with its test: SMTP by aiosmtpd (Python),
//! IMAP by Dovecot. Use it with `#[path]`.
#![expect(dead_code, reason = "each test uses a part of it")]

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// Says aloud that nothing was tried; where everything must be, that is a failure.
fn missing(what: &str) {
    assert!(std::env::var_os("COUNTERPART_TEST_ALL").is_none(), "this test needs {what}");
    drop(writeln!(std::io::stderr(), "skipped: needs {what}"));
}

fn python() -> Option<PathBuf> {
    let made = option_env!("CARGO_TARGET_TMPDIR").map(PathBuf::from).and_then(|t| Some(t.parent()?.join("python")));
    let made = made.map(|folder| folder.join("bin/python3"));
    let able = |python: &PathBuf| {
        let tried = Command::new(python).args(["-c", "import aiosmtpd"]).output();
        tried.is_ok_and(|tried| tried.status.success())
    };
    made.into_iter().chain([PathBuf::from("python3")]).find(able)
}

/// The root of the source tree: tests of several crates include this file.
fn source() -> PathBuf {
    let of_crate = Path::new(env!("CARGO_MANIFEST_DIR"));
    of_crate.ancestors().find(|folder| folder.join("tests/mail/smtp.py").exists()).expect("the source tree").to_owned()
}

/// A throw-away authority, and a certificate of it for `localhost` and `127.0.0.1`.
#[derive(Debug)]
pub(crate) struct Certificates {
    folder: tempfile::TempDir,
}

impl Certificates {
    /// Nothing where openssl is not here.
    pub(crate) fn new() -> Option<Self> {
        if !Command::new("openssl").arg("version").output().is_ok_and(|o| o.status.success()) {
            missing("the command openssl");
            return None;
        }
        let made = Self { folder: tempfile::tempdir().expect("a temporary folder") };
        let ec = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc"];
        let root = ["req", "-x509", "-keyout", "root.key", "-out", "root.pem", "-days", "3650", "-subj", "/CN=Root"];
        made.openssl(&[&root[..], &ec].concat());
        let asked = ["req", "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=localhost"];
        made.openssl(&[&asked[..], &ec].concat());
        let names = "subjectAltName=DNS:localhost,IP:127.0.0.1\nbasicConstraints=CA:FALSE\n";
        fs::write(made.path("names"), names).expect("the names");
        let signed = ["x509", "-req", "-in", "server.csr", "-CA", "root.pem", "-CAkey", "root.key", "-CAcreateserial"];
        made.openssl(&[&signed[..], &["-out", "server.pem", "-days", "3650", "-extfile", "names"]].concat());
        made.openssl(&["x509", "-in", "root.pem", "-outform", "DER", "-out", "root.der"]);
        Some(made)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The authority's own certificate, in DER; as a file `root.pem`.
    pub(crate) fn root(&self) -> Vec<u8> {
        fs::read(self.path("root.der")).expect("the root")
    }

    fn openssl(&self, arguments: &[&str]) {
        let done = Command::new("openssl").args(arguments).current_dir(self.folder.path()).output().expect("openssl");
        assert!(done.status.success(), "openssl {arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
    }
}

/// A message that the server took.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    pub(crate) from: String,
    pub(crate) to: Vec<String>,
    pub(crate) bytes: Vec<u8>,
    /// When it arrived by the machine's clock, Unix milliseconds.
    pub(crate) at: i64,
    /// Whether it came protected.
    pub(crate) tls: bool,
}

impl Received {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    /// A field of its head, unfolded.
    pub(crate) fn field(&self, name: &str) -> Option<String> {
        let text = self.text().replace("\r\n ", " ");
        let head = text.split("\r\n\r\n").next()?.to_owned();
        head.lines().find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
        })
    }
}

/// A mail server that stores what it receives.
#[derive(Debug)]
pub(crate) struct Smtp {
    pub(crate) port: u16,
    child: Child,
    folder: tempfile::TempDir,
}

impl Smtp {
    /// A server without protection and login; nothing, said aloud, where there is no Python with aiosmtpd.
    pub(crate) fn start() -> Option<Self> {
        Self::start_with(&[])
    }

    /// With options of `smtp.py`, such as `["--do", "rcpt:550 no such person"]`.
    pub(crate) fn start_with(options: &[&str]) -> Option<Self> {
        let Some(python) = python() else {
            missing("Python 3.11 with aiosmtpd, which `.ci/python` installs into the target folder");
            return None;
        };
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut command = Command::new(python);
        command.arg(source().join("tests/mail/smtp.py")).arg(folder.path()).args(options);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("a mail server");
        let mut line = String::new();
        let out = child.stdout.take().expect("its output");
        BufReader::new(out).read_line(&mut line).expect("its port");
        let port = line.trim().parse().expect("its port");
        Some(Self { port, child, folder })
    }

    /// With TLS (`starttls` or `wrapped`) under these certificates.
    pub(crate) fn start_tls(tls: &str, certificates: &Certificates, more: &[&str]) -> Option<Self> {
        let (certificate, key) = (certificates.path("server.pem"), certificates.path("server.key"));
        let (certificate, key) = (certificate.display().to_string(), key.display().to_string());
        Self::start_with(&[&["--tls", tls, "--certificate", &certificate, "--key", &key], more].concat())
    }

    /// What it received, in order.
    pub(crate) fn received(&self) -> Vec<Received> {
        let mut all = Vec::new();
        for number in 1.. {
            let path = self.folder.path().join(format!("{number:04}.eml"));
            let Ok(bytes) = fs::read(&path) else { break };
            let about = fs::read(path.with_extension("json")).expect("what it says of a message");
            let about: serde_json::Value = serde_json::from_slice(&about).expect("JSON");
            let to = about["to"].as_array().into_iter().flatten().filter_map(|to| to.as_str()).map(str::to_owned);
            all.push(Received {
                from: about["from"].as_str().unwrap_or_default().to_owned(),
                to: to.collect(),
                bytes,
                at: about["at"].as_i64().unwrap_or_default(),
                tls: about["tls"] == true,
            });
        }
        all
    }
}

impl Drop for Smtp {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// A mailbox behind IMAP, by Dovecot; its user is `ada`, the password and token `secret`.
#[derive(Debug)]
pub(crate) struct Imap {
    /// In the open, or with STARTTLS.
    pub(crate) port: u16,
    /// Under TLS from the first byte.
    pub(crate) tls_port: u16,
    child: Child,
    folder: tempfile::TempDir,
}

/// Nobody, where the test itself is root: Dovecot serves no mail to root.
const NOBODY: u32 = 65534;

impl Imap {
    /// Nothing, said aloud, where Dovecot is not here.
    pub(crate) fn start(certificates: &Certificates) -> Option<Self> {
        let Some(dovecot) = ["/usr/sbin/dovecot", "/usr/local/sbin/dovecot", "/opt/homebrew/sbin/dovecot"]
            .into_iter()
            .find(|path| Path::new(path).exists())
        else {
            missing("Dovecot (dovecot-imapd)");
            return None;
        };
        let folder = tempfile::tempdir().expect("a temporary folder");
        let id = |what: &str| {
            let said = Command::new("id").arg(what).output().expect("id").stdout;
            String::from_utf8_lossy(&said).trim().to_owned()
        };
        let root = id("-u") == "0";
        let (user, group) = if root { ("nobody".to_owned(), "nogroup".to_owned()) } else { (id("-un"), id("-gn")) };
        let (uid, gid) = if root { (NOBODY.to_string(), NOBODY.to_string()) } else { (id("-u"), id("-g")) };
        let at = folder.path().display().to_string();
        for name in ["server.pem", "server.key"] {
            fs::copy(certificates.path(name), folder.path().join(name)).expect("the certificate");
        }
        fs::create_dir(folder.path().join("mail")).expect("a folder");
        let (port, tls_port) = (free_port(), free_port());
        let config = format!(
            "base_dir = {at}/run\nstate_dir = {at}/state\nlog_path = {at}/log\ninfo_log_path = {at}/log\nprotocols = imap\n\
             listen = 127.0.0.1\ndefault_internal_user = {user}\ndefault_internal_group = {group}\ndefault_login_user = {user}\n\
             first_valid_uid = 1\nfirst_valid_gid = 1\nmail_location = maildir:{at}/mail\nmail_home = {at}\n\
             ssl = yes\nssl_cert = <{at}/server.pem\nssl_key = <{at}/server.key\ndisable_plaintext_auth = no\n\
             auth_mechanisms = plain login xoauth2\n\
             passdb {{\n driver = static\n args = password=secret\n}}\n\
             userdb {{\n driver = static\n args = uid={uid} gid={gid} home={at}\n}}\n\
             service imap-login {{\n chroot =\n inet_listener imap {{\n port = {port}\n }}\n inet_listener imaps {{\n port = \
             {tls_port}\n }}\n}}\nservice anvil {{\n chroot =\n}}\nservice stats {{\n chroot =\n}}\n"
        );
        fs::write(folder.path().join("config"), config).expect("its configuration");
        // It ends when whoever started it has gone, however that came.
        let mut command = Command::new("sh");
        let script = "\"$0\" -F -c \"$1\" & read -r _; kill $!; wait";
        command.args(["-c", script, dovecot]).arg(folder.path().join("config")).stdin(Stdio::piped());
        #[cfg(unix)]
        if root {
            own(folder.path());
            std::os::unix::process::CommandExt::gid(&mut command, NOBODY);
            std::os::unix::process::CommandExt::uid(&mut command, NOBODY);
        }
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("dovecot");
        let started = Self { port, tls_port, child, folder };
        started.wait();
        Some(started)
    }

    fn wait(&self) {
        let began = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            let log = fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
            assert!(began.elapsed() < Duration::from_secs(30), "dovecot does not answer: {log}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Puts a message into a folder, as if it had just come.
    pub(crate) fn deliver(&self, folder: &str, bytes: &[u8]) {
        let mut stream = self.logged_in();
        let said = stream.ask(&format!("a3 CREATE {folder}"));
        assert!(folder == "INBOX" || said.contains("a3 OK") || said.contains("ALREADYEXISTS"), "{said}");
        stream.tell(&format!("a4 APPEND {folder} {{{}+}}\r\n", bytes.len()));
        stream.0.get_mut().write_all(bytes).expect("the message");
        stream.tell("\r\n");
        let said = stream.until("a4 ");
        assert!(said.contains("a4 OK"), "{said}");
    }

    /// The answer to a command in a folder, such as what flags its messages have.
    pub(crate) fn ask(&self, folder: &str, command: &str) -> String {
        let mut stream = self.logged_in();
        stream.ask(&format!("a3 EXAMINE {folder}"));
        stream.ask(&format!("a4 {command}"))
    }

    /// Throws a folder away.
    pub(crate) fn remove(&self, folder: &str) {
        let said = self.logged_in().ask(&format!("a3 DELETE {folder}"));
        assert!(said.contains("a3 OK"), "{said}");
    }

    fn logged_in(&self) -> Talk {
        let stream = std::net::TcpStream::connect(("127.0.0.1", self.port)).expect("a connection");
        let mut talk = Talk(BufReader::new(stream));
        talk.until("* OK");
        let said = talk.ask("a1 LOGIN ada secret");
        let log = fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
        assert!(said.contains("a1 OK"), "{said}\n{log}");
        talk
    }
}

struct Talk(BufReader<std::net::TcpStream>);

impl Talk {
    fn tell(&mut self, text: &str) {
        self.0.get_mut().write_all(text.as_bytes()).expect("a command");
    }

    fn ask(&mut self, command: &str) -> String {
        self.tell(&format!("{command}\r\n"));
        let tag = command.split(' ').next().unwrap_or_default();
        self.until(&format!("{tag} "))
    }

    fn until(&mut self, end: &str) -> String {
        let mut all = String::new();
        loop {
            let mut line = Vec::new();
            let count = self.0.read_until(b'\n', &mut line).expect("an answer");
            let line = String::from_utf8_lossy(&line).into_owned();
            all.push_str(&line);
            if count == 0 || line.starts_with(end) {
                return all;
            }
        }
    }
}

impl Drop for Imap {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        drop(self.child.wait());
    }
}

#[cfg(unix)]
fn own(path: &Path) {
    std::os::unix::fs::chown(path, Some(NOBODY), Some(NOBODY)).expect("the folder given away");
    if path.is_dir() {
        for entry in fs::read_dir(path).expect("a folder") {
            own(&entry.expect("a file").path());
        }
    }
}

fn free_port() -> u16 {
    let held = TcpListener::bind("127.0.0.1:0").expect("a port");
    held.local_addr().expect("its address").port()
}
