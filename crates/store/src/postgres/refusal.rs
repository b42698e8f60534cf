//! Why a database lets this program not in, or not do what it must: mostly a setting, on the one side or the other. Said in
//! words that name what helps, and never the password.

use std::{error::Error as _, io};

use tokio_rustls::rustls::{self, CertificateError};

use crate::{StoreError, postgres::address::Address};

/// What was refused for good: trying again does not help.
#[derive(Debug)]
pub(super) enum Refusal {
    /// By the server, with its code and words.
    Told {
        code: String,
        words: String,
    },
    /// It wants a password, and the address has none.
    NoPassword,
    /// It speaks no TLS, and without it nothing is sent.
    NoTls,
    /// Its certificate does not hold.
    Certificate(String),
    /// The roots that were named cannot be read.
    Roots(String),
    Other(String),
}

impl Refusal {
    /// What the error says of a refusal; nothing where it is another kind of trouble.
    pub(super) fn of(error: &tokio_postgres::Error) -> Option<Self> {
        if let Some(told) = error.as_db_error() {
            let (code, words) = (told.code().code().to_owned(), told.message().to_owned());
            // Who may come in; what is there; what may be done with it; what is no table of this program's.
            let known =
                matches!(code.as_str(), "28000" | "28P01" | "3D000" | "3F000" | "42501" | "42P07" | "42P01" | "42703");
            return known.then_some(Self::Told { code, words });
        }
        let source = error.source()?;
        if let Some(io) = source.downcast_ref::<io::Error>() {
            let tls = io.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
            return match tls? {
                rustls::Error::InvalidCertificate(why) => Some(Self::Certificate(certificate(why))),
                _ => None,
            };
        }
        match source.to_string().as_str() {
            "password missing" => Some(Self::NoPassword),
            "server does not support TLS" => Some(Self::NoTls),
            _ => None,
        }
    }

    pub(super) fn told(&self, address: &Address) -> StoreError {
        StoreError::Unusable { place: address.shown.clone(), why: self.why(address) }
    }

    fn why(&self, address: &Address) -> String {
        const PASSWORD: &str = "write it into a file that only you can read, and name that with --password-file when you \
                                say `counterpart store use` with this address, also where the home uses it already";
        let Address { user, database, schema, .. } = address;
        let (quoted_user, quoted_database) = (name(user), name(database));
        match self {
            Self::NoPassword => format!("it wants a password for the user {user}, and none was given: {PASSWORD}"),
            Self::NoTls => "its server speaks no TLS, and the line must be encrypted: switch TLS on there (ssl = on, and a \
                            certificate, in postgresql.conf); only to the same machine it may be plain, without sslmode in \
                            the address"
                .to_owned(),
            Self::Certificate(why) | Self::Roots(why) | Self::Other(why) => why.clone(),
            Self::Told { code, words } => match code.as_str() {
                "28P01" => format!("the password for the user {user} is not the right one ({words}): {PASSWORD}"),
                "28000" => format!(
                    "it does not let in the user {user} from here ({words}): where there is no such user, make it with \
                     `createuser --pwprompt {user}`; else let pg_hba.conf there take this user, database and machine"
                ),
                "3D000" => format!(
                    "there is no database {database} on that server: correct its name, or make it with `createdb --owner \
                     {user} --template template0 --encoding UTF8 --locale C {database}`"
                ),
                "42501" => {
                    let grant = grant(words, &quoted_user, &quoted_database, schema.as_deref().unwrap_or("public"));
                    format!(
                        "the user {user} lacks a right in it ({words}): whoever runs the database gives it with `{grant}`, or \
                         all of them with `ALTER DATABASE {quoted_database} OWNER TO {quoted_user}` before anything is in it"
                    )
                }
                "42P07" => format!(
                    "there are tables of something else in it ({words}): name an empty database, or a schema of its own, \
                     with ?options=-c%20search_path%3Dcounterpart behind the address"
                ),
                "42P01" | "42703" | "3F000" => format!(
                    "what is in it is not as this program makes it ({words}): name the right database, or an empty one; if \
                     something was changed or removed in it, restore it"
                ),
                _ => format!("it refuses ({words}, code {code}): correct the address, or what the server allows"),
            },
        }
    }
}

/// What gives the right of which the server says that it is lacking. It says so in one of many languages, but names what is
/// meant behind it.
fn grant(words: &str, user: &str, database: &str, schema: &str) -> String {
    let schema = name(schema);
    if words.contains("for database") {
        format!("GRANT CONNECT, CREATE ON DATABASE {database} TO {user}")
    } else if words.contains("for schema") {
        let named = words.rsplit(' ').next().filter(|named| !named.is_empty()).unwrap_or(&schema);
        format!("GRANT USAGE, CREATE ON SCHEMA {named} TO {user}")
    } else if words.contains("must be owner") {
        format!("REASSIGN OWNED BY whoever-owns-the-tables TO {user}")
    } else {
        format!("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO {user}")
    }
}

/// A name as a statement has it.
fn name(text: &str) -> String {
    let plain = text.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if plain { text.to_owned() } else { format!("\"{}\"", text.replace('"', "\"\"")) }
}

fn certificate(why: &CertificateError) -> String {
    const NAMED: &str = "SSL_CERT_FILE names a file (PEM) with the certificate of an authority to believe, for each command \
                         and for the service";
    match why {
        // Also where one that it knows only bears the same name.
        CertificateError::UnknownIssuer | CertificateError::BadSignature => {
            format!("its certificate is by an authority that this machine does not know: {NAMED}")
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => format!(
            "its certificate is for another name than the address has: write the name that it is for, or give the server one \
             for this name. {NAMED}"
        ),
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            format!("its certificate is over: give the server a new one. {NAMED}")
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            format!("its certificate is not valid yet: look whether the clocks here and there are right. {NAMED}")
        }
        other if format!("{other:?}").contains("CaUsedAsEndEntity") => format!(
            "its certificate is an authority's own (self-signed), which no server may show: give the server one that it \
             signed, or make the self-signed one with `-addext basicConstraints=critical,CA:FALSE`. {NAMED}"
        ),
        other => format!("its certificate does not hold ({other}): give the server another one. {NAMED}"),
    }
}

#[cfg(test)]
mod tests {
    use super::{Refusal, grant};
    use crate::postgres::address::configured;

    #[test]
    fn each_refusal_names_what_it_is_about_and_what_helps() {
        let (_, address) = configured("postgres://ann:secret@db.example/Cases").expect("an address");
        for (code, words, wanted) in [
            ("28P01", "password authentication failed for user \"ann\"", &["ann", "--password-file"][..]),
            ("28000", "no pg_hba.conf entry for host", &["ann", "pg_hba.conf", "createuser"]),
            ("3D000", "database \"Cases\" does not exist", &["no database Cases", "createdb --owner ann"]),
            ("42501", "permission denied for schema public", &["ON SCHEMA public TO ann", "OWNER TO ann"]),
            ("42P07", "relation \"entries\" already exists", &["tables of something else", "search_path"]),
            (
                "42704",
                "unrecognized configuration parameter \"x\"",
                &["unrecognized configuration parameter", "address"],
            ),
        ] {
            let refusal = Refusal::Told { code: code.to_owned(), words: words.to_owned() };
            let told = refusal.told(&address).to_string();
            assert!(told.contains("postgres://ann@db.example:5432/Cases cannot be used"), "{told}");
            for word in wanted {
                assert!(told.contains(word), "{word}: {told}");
            }
            assert!(!told.contains("secret") && !told.contains("report"), "{told}");
        }
    }

    #[test]
    fn the_right_that_is_lacking_is_the_one_that_is_given() {
        for (words, wanted) in [
            ("permission denied for database x", "GRANT CONNECT, CREATE ON DATABASE x TO ann"),
            ("permission denied for schema desk", "GRANT USAGE, CREATE ON SCHEMA desk TO ann"),
            (
                "permission denied for table entries",
                "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA \"Desk\" TO ann",
            ),
            ("must be owner of table entries", "REASSIGN OWNED BY whoever-owns-the-tables TO ann"),
        ] {
            assert_eq!(grant(words, "ann", "x", "Desk"), wanted);
        }
    }
}
