//! The text of the unit.

use std::path::{Path, PathBuf};

/// Who runs the node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Account {
    /// Whoever's session manager it is.
    Own,
    /// An account of the system.
    Named(String),
    /// One that systemd makes, with a folder of this name.
    Made(String),
    /// The package's: an account and a folder of this name are there for good, and options stand in a file of the system.
    Packaged(String),
}

impl Account {
    pub(super) fn is_own(&self) -> bool {
        *self == Self::Own
    }
}

/// A unit to be written.
#[derive(Debug)]
pub(super) struct Unit {
    pub(super) program: PathBuf,
    pub(super) home: PathBuf,
    pub(super) account: Account,
    pub(super) mailbox: bool,
    /// A file with what the keys rest under.
    pub(super) passphrase: Option<PathBuf>,
    /// A file with the authorities to believe, instead of the machine's.
    pub(super) roots: Option<PathBuf>,
}

/// What no service of this kind needs, whoever runs it. Networks change, so their news (netlink) may be heard.
const BOUNDS: &str = "\
NoNewPrivileges=yes
ProtectSystem=strict
PrivateTmp=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
SystemCallErrorNumber=EPERM
UMask=0077
";

/// What only the system's own manager can take away.
const SYSTEM_BOUNDS: &str = "\
CapabilityBoundingSet=
PrivateDevices=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
RemoveIPC=yes
";

/// The node itself refuses connections from half a gibibyte on.
const MEASURE: &str = "\
MemoryHigh=512M
MemoryMax=768M
TasksMax=256
LimitNOFILE=8192
";

impl Unit {
    /// The text; or the path that no unit can hold.
    pub(super) fn text(&self) -> Result<String, &Path> {
        let program = quoted(&self.program, true)?;
        let home = quoted(&self.home, false)?;
        let what = if self.mailbox { "Counterpart mailbox" } else { "Counterpart node" };
        let mut text = String::from("# Written by `counterpart service`.\n[Unit]\n");
        let mut put = |line: &str| {
            text.push_str(line);
            text.push('\n');
        };
        put(&format!("Description={what}"));
        if !self.account.is_own() {
            put("Wants=network-online.target");
            put("After=network-online.target");
        }
        put("\n[Service]");
        let options = if matches!(self.account, Account::Packaged(_)) { " $COUNTERPART_OPTIONS" } else { "" };
        put(&format!("ExecStart={program} up{}{options}", if self.mailbox { " --mailbox" } else { "" }));
        put(&format!("Environment={}", environment("COUNTERPART_HOME", &self.home)?));
        if let Some(file) = &self.passphrase {
            put(&format!("LoadCredential=passphrase:{}", unquotable(file)?));
            put("Environment=COUNTERPART_PASSPHRASE_FILE=%d/passphrase");
        }
        if let Some(file) = &self.roots {
            put(&format!("Environment={}", environment("SSL_CERT_FILE", file)?));
        }
        match &self.account {
            Account::Own => {}
            Account::Named(name) => put(&format!("User={name}")),
            Account::Made(folder) => {
                put("DynamicUser=yes");
                put(&format!("StateDirectory={folder}\nStateDirectoryMode=0700"));
            }
            Account::Packaged(name) => {
                put(&format!("EnvironmentFile=-/etc/default/{name}\nUser={name}"));
                put(&format!("StateDirectory={name}\nStateDirectoryMode=0700"));
            }
        }
        put("Restart=on-failure\nRestartSec=10\n");
        put("# It may write to its home and nowhere else, and needs nothing else of the machine but the network.");
        put(&format!("ReadWritePaths={home}"));
        let lives_at_home = [&self.home, &self.program].into_iter().any(|path| is_at_home(path));
        put(if lives_at_home { "ProtectHome=read-only" } else { "ProtectHome=yes" });
        put(BOUNDS.trim_end());
        if !self.account.is_own() {
            put(SYSTEM_BOUNDS.trim_end());
        }
        put(MEASURE);
        put("[Install]");
        put(if self.account.is_own() { "WantedBy=default.target" } else { "WantedBy=multi-user.target" });
        Ok(text)
    }
}

/// Whether something lies where `ProtectHome` hides it.
fn is_at_home(path: &Path) -> bool {
    ["/home", "/root", "/run/user"].iter().any(|home| path.starts_with(home))
}

fn plain(path: &Path) -> Result<&str, &Path> {
    path.to_str().filter(|text| !text.chars().any(char::is_control)).ok_or(path)
}

/// A path as a unit has it: specifiers doubled, in quotes where it needs them. In a command line a dollar sign stands for
/// a variable.
fn quoted(path: &Path, command: bool) -> Result<String, &Path> {
    let mut text = plain(path)?.replace('%', "%%");
    if command {
        text = text.replace('$', "$$");
    }
    Ok(in_quotes(text))
}

fn environment<'a>(name: &str, path: &'a Path) -> Result<String, &'a Path> {
    Ok(in_quotes(format!("{name}={}", plain(path)?.replace('%', "%%"))))
}

/// For a place that takes no quotes.
fn unquotable(path: &Path) -> Result<String, &Path> {
    Ok(plain(path)?.replace('%', "%%"))
}

fn in_quotes(text: String) -> String {
    let usual = |c: char| c.is_alphanumeric() || matches!(c, '/' | '.' | '_' | '-' | '+' | '@' | ':' | '=' | '%' | '$');
    if !text.is_empty() && text.chars().all(usual) {
        return text;
    }
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit(account: Account, home: &str) -> Unit {
        let program = PathBuf::from("/usr/local/bin/counterpart");
        Unit { program, home: home.into(), account, mailbox: true, passphrase: None, roots: None }
    }

    #[test]
    fn each_account_has_what_it_needs() {
        let made = unit(Account::Made("counterpart".to_owned()), "/var/lib/counterpart").text().expect("a unit");
        for line in [
            "ExecStart=/usr/local/bin/counterpart up --mailbox",
            "Environment=COUNTERPART_HOME=/var/lib/counterpart",
            "DynamicUser=yes",
            "StateDirectory=counterpart",
            "NoNewPrivileges=yes",
            "ProtectSystem=strict",
            "ProtectHome=yes",
            "ReadWritePaths=/var/lib/counterpart",
            "MemoryMax=768M",
            "Restart=on-failure",
            "WantedBy=multi-user.target",
        ] {
            assert!(made.lines().any(|l| l == line), "{line}: {made}");
        }
        let named =
            unit(Account::Named("ann".to_owned()), "/home/ann/.local/share/counterpart").text().expect("a unit");
        assert!(
            named.contains("User=ann\n") && named.contains("ProtectHome=read-only") && !named.contains("DynamicUser")
        );
        let own = unit(Account::Own, "/home/ann/.local/share/counterpart").text().expect("a unit");
        assert!(
            own.contains("WantedBy=default.target") && !own.contains("User=") && !own.contains("CapabilityBounding")
        );
    }

    #[test]
    fn the_packages_has_an_account_of_its_own_and_options_to_set() {
        let packaged =
            unit(Account::Packaged("counterpart".to_owned()), "/var/lib/counterpart").text().expect("a unit");
        for line in [
            "ExecStart=/usr/local/bin/counterpart up --mailbox $COUNTERPART_OPTIONS",
            "EnvironmentFile=-/etc/default/counterpart",
            "User=counterpart",
            "StateDirectory=counterpart",
            "CapabilityBoundingSet=",
        ] {
            assert!(packaged.lines().any(|l| l == line), "{line}: {packaged}");
        }
        assert!(!packaged.contains("DynamicUser"), "{packaged}");
    }

    #[test]
    fn odd_paths_stay_one_word() {
        let odd = Unit { program: "/opt/a b/100%$x\"".into(), ..unit(Account::Own, "/srv/my home") };
        let text = odd.text().expect("a unit");
        assert!(text.contains("ExecStart=\"/opt/a b/100%%$$x\\\"\" up"), "{text}");
        assert!(text.contains("Environment=\"COUNTERPART_HOME=/srv/my home\""), "{text}");
        assert!(text.contains("ReadWritePaths=\"/srv/my home\""), "{text}");
        let bad = Unit { home: "/srv/a\nExecStart=/bin/sh".into(), ..unit(Account::Own, "/") };
        assert!(bad.text().is_err());
    }

    #[test]
    fn authorities_to_believe_are_named() {
        let named = Unit { roots: Some("/etc/my roots.pem".into()), ..unit(Account::Own, "/srv/x") };
        assert!(named.text().expect("a unit").contains("Environment=\"SSL_CERT_FILE=/etc/my roots.pem\"\n"));
        assert!(!unit(Account::Own, "/srv/x").text().expect("a unit").contains("SSL_CERT_FILE"));
    }

    #[test]
    fn a_passphrase_comes_as_a_credential() {
        let locked = Unit { passphrase: Some("/etc/counterpart/pass".into()), ..unit(Account::Own, "/srv/x") };
        let text = locked.text().expect("a unit");
        assert!(text.contains("LoadCredential=passphrase:/etc/counterpart/pass\n"));
        assert!(text.contains("COUNTERPART_PASSPHRASE_FILE=%d/passphrase\n"));
    }
}
