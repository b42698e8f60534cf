//! Addresses that mail is sent to and from: checked, with nothing in them that could end a line.

use std::{fmt, str::FromStr};

use lettre::message::Mailbox;

/// RFC 5321 section 4.5.3.1.3.
const LONGEST: usize = 254;
const LONGEST_NAME: usize = 200;

/// An e-mail address with, perhaps, the name of whoever reads there. As text: `Acme Ltd <help@acme.example>`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Address {
    name: Option<String>,
    email: lettre::Address,
}

/// Why a text is no address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadAddress {
    #[error("it should look like name@example.org, or Name <name@example.org>")]
    Form,
    #[error("it is too long")]
    Long,
    #[error("the name in it holds a line end or another character that nobody sees")]
    Name,
}

impl Address {
    /// # Errors
    /// When one of the two is not acceptable.
    pub fn new(name: Option<&str>, email: &str) -> Result<Self, BadAddress> {
        let (email, name) = (email.trim(), name.map(str::trim).filter(|name| !name.is_empty()));
        if email.len() > LONGEST || name.is_some_and(|name| name.len() > LONGEST_NAME) {
            return Err(BadAddress::Long);
        }
        if name.is_some_and(|name| name.chars().any(crate::words::is_unseen)) {
            return Err(BadAddress::Name);
        }
        // Quoted local parts may hold blanks and brackets; nobody has such an address, and no command needs one.
        if email.contains(|c: char| c.is_whitespace() || matches!(c, '"' | '<' | '>' | ',')) {
            return Err(BadAddress::Form);
        }
        let email = lettre::Address::from_str(email).map_err(|_not_one| BadAddress::Form)?;
        Ok(Self { name: name.map(str::to_owned), email })
    }

    /// The address alone: `help@acme.example`.
    #[must_use]
    pub fn email(&self) -> &str {
        self.email.as_ref()
    }

    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// What stands behind the `@`.
    #[must_use]
    pub fn domain(&self) -> &str {
        self.email.domain()
    }

    pub(crate) fn bare(&self) -> lettre::Address {
        self.email.clone()
    }

    pub(crate) fn mailbox(&self) -> Mailbox {
        Mailbox::new(self.name.clone(), self.email.clone())
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.mailbox().fmt(f)
    }
}

impl FromStr for Address {
    type Err = BadAddress;

    fn from_str(text: &str) -> Result<Self, BadAddress> {
        let text = text.trim();
        if text.len() > LONGEST + LONGEST_NAME + 8 {
            return Err(BadAddress::Long);
        }
        let Some(inner) = text.strip_suffix('>') else { return Self::new(None, text) };
        let (name, email) = inner.rsplit_once('<').ok_or(BadAddress::Form)?;
        let name = name.trim();
        match name.strip_prefix('"').and_then(|name| name.strip_suffix('"')) {
            Some(quoted) => Self::new(Some(&quoted.replace("\\\"", "\"").replace("\\\\", "\\")), email),
            None => Self::new(Some(name), email),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_come_back_as_they_were_written() {
        for (text, name, email) in [
            ("help@acme.example", None, "help@acme.example"),
            (" help@acme.example ", None, "help@acme.example"),
            ("Acme Ltd <help@acme.example>", Some("Acme Ltd"), "help@acme.example"),
            ("\"Acme, Ltd. \\\"Help\\\"\" <help@acme.example>", Some("Acme, Ltd. \"Help\""), "help@acme.example"),
            ("<help@acme.example>", None, "help@acme.example"),
            ("Zoë Müller <zoe@exämple.org>", Some("Zoë Müller"), "zoe@exämple.org"),
        ] {
            let address: Address = text.parse().expect(text);
            assert_eq!((address.name(), address.email()), (name, email), "{text}");
            assert_eq!(address.to_string().parse(), Ok(address), "{text}");
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in [
            "",
            "acme",
            "@",
            "a@",
            "@b",
            "a b@c.example",
            "a@b@c",
            "a@b.example\r\nBcc: c@d.example",
            "a@b.example, c@d.example",
            "<a@b.example",
            "\"a\nb\"@c.example",
            "a@b.example>\r\nRCPT TO:<c@d.example",
        ] {
            assert_eq!(text.parse::<Address>(), Err(BadAddress::Form), "{text:?}");
        }
        assert_eq!(Address::new(Some("a\r\nBcc: c@d.example"), "a@b.example"), Err(BadAddress::Name));
        assert_eq!(Address::new(Some("a\u{202E}b"), "a@b.example"), Err(BadAddress::Name));
        assert_eq!(format!("{}@b.example", "a".repeat(300)).parse::<Address>(), Err(BadAddress::Long));
    }
}
