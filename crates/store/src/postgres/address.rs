//! The address of a database: what it says, how it is shown, and what is wrong with it.

use std::{net::IpAddr, str::FromStr as _, time::Duration};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use tokio_postgres::{
    Config,
    config::{Host, SslMode},
};

use crate::{StoreError, place::is_address};

/// How long a connection may take.
pub(super) const CONNECT: Duration = Duration::from_secs(5);
/// What may stand behind the question mark, with what it takes where that is a choice.
const KNOWN: [(&str, &str); 19] = [
    ("user", ""),
    ("password", ""),
    ("dbname", ""),
    ("options", ""),
    ("host", ""),
    ("hostaddr", "addresses, not names"),
    ("port", "numbers"),
    ("sslmode", "disable, prefer or require; to another machine it is require, and the certificate is always checked"),
    ("sslnegotiation", "postgres or direct"),
    ("target_session_attrs", "any or read-write"),
    ("load_balance_hosts", "disable or random"),
    ("channel_binding", "disable or prefer"),
    // Set by this program.
    ("application_name", ""),
    ("connect_timeout", "seconds"),
    ("keepalives", "0 or 1"),
    ("tcp_user_timeout", "seconds"),
    ("keepalives_idle", "seconds"),
    ("keepalives_interval", "seconds"),
    ("keepalives_retries", "a number"),
];
/// What stands in an address as it is.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
/// Those that are offered where another one was written.
const OFFERED: usize = 12;

/// An address as it may be shown, and its parts for what is said about it.
#[derive(Debug, Clone)]
pub(super) struct Address {
    /// With host, port, user, database and schema, so that no two stores look the same; without anything secret.
    pub(super) shown: String,
    pub(super) user: String,
    pub(super) database: String,
    /// The schema that it names with `search_path`.
    pub(super) schema: Option<String>,
}

/// What an address says, and how it is shown.
pub(super) fn configured(address: &str) -> Result<(Config, Address), StoreError> {
    let bad = |reason: &str| StoreError::BadAddress { reason: reason.to_owned() };
    if !is_address(address) {
        return Err(bad("it does not begin with postgres://"));
    }
    // What the library says may show a part of the address, and with it of the password.
    let read = Config::from_str(address);
    let mut config = read.map_err(|_unsaid| bad(&unreadable(address)))?;
    if config.get_hosts().is_empty() {
        return Err(bad("it names no host"));
    }
    let near = |host: &Host| match host {
        Host::Tcp(name) => name == "localhost" || name.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback()),
        #[cfg(unix)]
        Host::Unix(_) => true,
    };
    let all_near = config.get_hosts().iter().all(near) && config.get_hostaddrs().iter().all(IpAddr::is_loopback);
    if !all_near {
        // What is in a case, and the password, go over no line that others can read.
        config.ssl_mode(SslMode::Require);
    } else if config.get_ssl_mode() == SslMode::Prefer {
        // Nobody is between, and what a server shows on its own machine is seldom a certificate that anybody confirms.
        config.ssl_mode(SslMode::Disable);
    }
    config.application_name("counterpart").connect_timeout(CONNECT);
    config.keepalives_idle(Duration::from_secs(10)).keepalives_interval(Duration::from_secs(5));
    config.keepalives_retries(3).tcp_user_timeout(Duration::from_secs(30));
    let shown = Address::of(&config);
    Ok((config, shown))
}

impl Address {
    fn of(config: &Config) -> Self {
        let ports = config.get_ports();
        let hosts: Vec<String> = config
            .get_hosts()
            .iter()
            .enumerate()
            .map(|(at, host)| {
                let name = match host {
                    Host::Tcp(name) if name.contains(':') => format!("[{name}]"),
                    Host::Tcp(name) => escaped(name),
                    #[cfg(unix)]
                    Host::Unix(path) => escaped(&path.display().to_string()),
                };
                // One port may stand for all hosts.
                let port = ports.get(at).or_else(|| ports.first()).unwrap_or(&5432);
                format!("{name}:{port}")
            })
            .collect();
        let user = config.get_user().unwrap_or_default().to_owned();
        let database = config.get_dbname().unwrap_or(&user).to_owned();
        let schema = config.get_options().and_then(search_path);
        let before = if user.is_empty() { String::new() } else { format!("{}@", escaped(&user)) };
        let addresses: Vec<String> = config.get_hostaddrs().iter().map(ToString::to_string).collect();
        let mut after = Vec::new();
        if !addresses.is_empty() {
            after.push(format!("hostaddr={}", addresses.join(",")));
        }
        if let Some(name) = &schema {
            after.push(format!("options=-c%20search_path%3D{}", escaped(name)));
        }
        let mark = if after.is_empty() { "" } else { "?" };
        let (hosts, after) = (hosts.join(","), after.join("&"));
        let shown = format!("postgres://{before}{hosts}/{}{mark}{after}", escaped(&database));
        Self { shown, user, database, schema }
    }
}

/// The last `search_path` of what is set for a session: `-c search_path=ann`, `-csearch_path=ann` or `--search_path=ann`.
fn search_path(options: &str) -> Option<String> {
    let mut found = None;
    let mut words = options.split_whitespace();
    while let Some(word) = words.next() {
        let setting = match word {
            "-c" => words.next().unwrap_or_default(),
            other => other.strip_prefix("-c").or_else(|| other.strip_prefix("--")).unwrap_or_default(),
        };
        if let Some((name, value)) = setting.split_once('=')
            && name.replace('-', "_").eq_ignore_ascii_case("search_path")
        {
            found = Some(value.to_owned());
        }
    }
    found
}

/// As it stands in an address.
pub(crate) fn escaped(text: &str) -> String {
    utf8_percent_encode(text, PLAIN).to_string()
}

/// Why an address cannot be read, without a word of it that could be of a password.
fn unreadable(address: &str) -> String {
    let rest = address.split_once("://").map_or("", |(_, rest)| rest);
    // As it is read: what is before the first of these is the user, with the password.
    let rest = rest.split_once('@').map_or(rest, |(_, rest)| rest);
    if rest.contains('@') {
        return "it cannot be read: write an @ in a name or password as %40".to_owned();
    }
    for parameter in rest.split_once('?').map_or("", |(_, parameters)| parameters).split('&') {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        let plain = name.len() <= 40 && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
        if name == "password" {
            // What comes next may be the rest of it.
            break;
        }
        if name.is_empty() || !plain {
            continue;
        }
        let known = KNOWN.iter().find(|(known, _)| *known == name);
        let Some((_, takes)) = known else {
            let offered: Vec<&str> = KNOWN[..OFFERED].iter().map(|(known, _)| *known).collect();
            return format!("it knows no parameter '{name}', but {}", offered.join(", "));
        };
        // With this one alone.
        if !takes.is_empty() && Config::from_str(&format!("postgres://h/?{name}={value}")).is_err() {
            return format!("what it says for '{name}' is not taken: {takes}");
        }
    }
    "it cannot be read".to_owned()
}

#[cfg(test)]
mod tests {
    use tokio_postgres::config::SslMode;

    use super::configured;

    #[test]
    fn only_a_line_within_this_machine_may_be_plain() {
        for (address, wanted) in [
            ("postgres://ann@db.example/cases", SslMode::Require),
            ("postgres://ann@db.example/cases?sslmode=disable", SslMode::Require),
            ("postgres://ann@192.0.2.1/cases?sslmode=prefer", SslMode::Require),
            ("postgres://ann@localhost,db.example/cases", SslMode::Require),
            ("postgres://ann@localhost/cases?hostaddr=192.0.2.1", SslMode::Require),
            ("postgres://ann@localhost.example/cases", SslMode::Require),
            ("postgres://ann@127.0.0.1:5433/cases", SslMode::Disable),
            ("postgres://ann@[::1]/cases", SslMode::Disable),
            ("postgres://ann@localhost/cases?sslmode=require", SslMode::Require),
        ] {
            let (config, _) = configured(address).expect("an address");
            assert_eq!(config.get_ssl_mode(), wanted, "{address}");
        }
        #[cfg(unix)]
        assert_eq!(configured("postgres://ann@%2Frun%2Fdb/x").expect("one").0.get_ssl_mode(), SslMode::Disable);
        for address in
            ["postgres://", "postgres:///cases", "http://db.example", "postgres://ann@db.example:x/cases", ""]
        {
            assert!(configured(address).is_err(), "{address}");
        }
    }

    #[test]
    fn what_is_shown_tells_stores_apart_and_can_be_typed() {
        for (address, shown) in [
            ("postgres://ann@db.example/cases", "postgres://ann@db.example:5432/cases"),
            ("postgres://ann:pw@db.example:5433/cases", "postgres://ann@db.example:5433/cases"),
            ("postgres://ann@a.example:1,b.example:2/cases", "postgres://ann@a.example:1,b.example:2/cases"),
            ("postgres://[::1]/?user=ann&dbname=cases", "postgres://ann@[::1]:5432/cases"),
            ("postgres://ann@%2Frun%2Fdb/x", "postgres://ann@%2Frun%2Fdb:5432/x"),
            ("postgres://ann@db.example", "postgres://ann@db.example:5432/ann"),
            (
                "postgres://ann@db.example/cases?options=-c%20jit%3Doff%20-c%20search_path%3Dbob&password=pw",
                "postgres://ann@db.example:5432/cases?options=-c%20search_path%3Dbob",
            ),
            (
                "postgres://ann@db.example/cases?hostaddr=192.0.2.1&options=--search-path%3Dbob",
                "postgres://ann@db.example:5432/cases?hostaddr=192.0.2.1&options=-c%20search_path%3Dbob",
            ),
        ] {
            let told = configured(address).expect("an address").1.shown;
            assert_eq!(told, shown);
            assert_eq!(configured(&told).expect("an address").1.shown, shown, "it leads to the same");
        }
    }

    #[test]
    fn what_is_wrong_with_an_address_is_named_without_its_password() {
        for (address, why) in [
            ("postgres://ann:secret@db.example/cases?bogus=1", "no parameter 'bogus', but user, password, dbname"),
            ("postgres://ann:secret@db.example/cases?sslmode=verify-full", "'sslmode' is not taken: disable, prefer"),
            ("postgres://ann:se?cret=x@db.example/cases?bogus=1", "no parameter 'bogus'"),
            ("postgres://ann:se@cret?secret=1@db.example/x", "%40"),
            ("postgres://db.example/cases?user=ann&password=se&cret=x", "cannot be read"),
            ("postgres://ann:secret@db.example:port/cases", "cannot be read"),
        ] {
            let told = configured(address).expect_err("none").to_string();
            assert!(told.contains(why) && !told.contains("secret") && !told.contains("cret="), "{address}: {told}");
        }
    }
}
