//! Servers of large providers as they are commonly published, so that most people need to know their address alone. They are
//! shown before they are kept, `mail test` tries them, and others can be named; whoever is not in here is asked.

/// Where a provider sends and where it keeps mail; all under TLS from the first byte unless a port says otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Provider {
    pub(super) send: (&'static str, u16),
    pub(super) fetch: (&'static str, u16),
    /// What to know about its passwords.
    pub(super) about: &'static str,
}

const APP: &str =
    "this provider wants a password made for programs alone (an app password), which its pages on security make";
const ALLOW: &str = "with this provider, access by programs (IMAP) must be switched on first, on its pages";
const TOKEN: &str =
    "this provider takes no passwords from programs any more: name a file with an access token, --token-file";
const USUAL: &str = "";

const ALL: &[(&[&str], Provider)] = &[
    (
        &["gmail.com", "googlemail.com"],
        Provider { send: ("smtp.gmail.com", 465), fetch: ("imap.gmail.com", 993), about: APP },
    ),
    (
        &["outlook.com", "hotmail.com", "live.com", "msn.com", "outlook.de", "hotmail.co.uk"],
        Provider { send: ("smtp-mail.outlook.com", 587), fetch: ("outlook.office365.com", 993), about: TOKEN },
    ),
    (
        &["yahoo.com", "yahoo.co.uk", "yahoo.de", "ymail.com"],
        Provider { send: ("smtp.mail.yahoo.com", 465), fetch: ("imap.mail.yahoo.com", 993), about: APP },
    ),
    (
        &["icloud.com", "me.com", "mac.com"],
        Provider { send: ("smtp.mail.me.com", 587), fetch: ("imap.mail.me.com", 993), about: APP },
    ),
    (
        &["gmx.de", "gmx.net", "gmx.at", "gmx.ch"],
        Provider { send: ("mail.gmx.net", 465), fetch: ("imap.gmx.net", 993), about: ALLOW },
    ),
    (&["gmx.com"], Provider { send: ("mail.gmx.com", 465), fetch: ("imap.gmx.com", 993), about: ALLOW }),
    (&["web.de"], Provider { send: ("smtp.web.de", 587), fetch: ("imap.web.de", 993), about: ALLOW }),
    (&["posteo.de", "posteo.net"], Provider { send: ("posteo.de", 465), fetch: ("posteo.de", 993), about: USUAL }),
    (&["mailbox.org"], Provider { send: ("smtp.mailbox.org", 465), fetch: ("imap.mailbox.org", 993), about: USUAL }),
    (
        &["fastmail.com", "fastmail.fm"],
        Provider { send: ("smtp.fastmail.com", 465), fetch: ("imap.fastmail.com", 993), about: APP },
    ),
    (
        &["t-online.de"],
        Provider { send: ("securesmtp.t-online.de", 465), fetch: ("secureimap.t-online.de", 993), about: APP },
    ),
];

/// The provider of addresses in this domain.
pub(super) fn of(domain: &str) -> Option<Provider> {
    let domain = domain.to_lowercase();
    ALL.iter().find(|(domains, _)| domains.contains(&domain.as_str())).map(|(_, provider)| *provider)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn providers_are_found_by_their_domains() {
        assert_eq!(of("GMail.com").map(|p| p.send), Some(("smtp.gmail.com", 465)));
        assert_eq!(of("example.org"), None);
        let mut seen = Vec::new();
        for (domains, _) in ALL {
            for domain in *domains {
                assert!(!seen.contains(domain), "{domain}");
                seen.push(domain);
            }
        }
    }
}
