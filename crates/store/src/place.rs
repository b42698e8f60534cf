//! Where a store is.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use crate::StoreError;

/// Where a store is. The debug form shows no address: there may be a password in it.
#[derive(Clone, PartialEq, Eq)]
pub enum StorePlace {
    /// One file on SQLite.
    File(PathBuf),
    /// A database on PostgreSQL, by its address: `postgres://NAME@HOST/DATABASE`.
    Postgres(String),
}

impl StorePlace {
    /// The place that a person names: an address of a database, else the path of a file.
    #[must_use]
    pub fn named(text: &str) -> Self {
        if is_address(text) { Self::Postgres(text.to_owned()) } else { Self::File(PathBuf::from(text)) }
    }

    /// Whether it can be opened at all, as far as its name says.
    ///
    /// # Errors
    /// [`StoreError::BadAddress`], with what is wrong with it.
    pub fn check(&self) -> Result<(), StoreError> {
        match self {
            Self::File(_) => Ok(()),
            Self::Postgres(address) => crate::postgres::check(address),
        }
    }

    /// Whether the address holds a password.
    #[must_use]
    pub fn has_password(&self) -> bool {
        matches!(self, Self::Postgres(address) if crate::postgres::has_password(address))
    }

    /// The same place, with the password for it.
    #[must_use]
    pub fn with_password(&self, password: &str) -> Self {
        let Self::Postgres(address) = self else { return self.clone() };
        let mark = if address.contains('?') { '&' } else { '?' };
        // Whatever is in it, it ends nothing in an address.
        Self::Postgres(format!("{address}{mark}password={}", crate::postgres::escaped(password)))
    }

    /// The file, if it is one.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        if let Self::File(path) = self { Some(path) } else { None }
    }
}

/// Without a password.
impl fmt::Display for StorePlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Postgres(address) => match crate::postgres::shown(address) {
                Ok(shown) => f.write_str(&shown),
                Err(_) => f.write_str("postgres://"),
            },
        }
    }
}

impl fmt::Debug for StorePlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StorePlace({self})")
    }
}

pub(crate) fn is_address(text: &str) -> bool {
    text.starts_with("postgres://") || text.starts_with("postgresql://")
}

#[cfg(test)]
mod tests {
    use super::StorePlace;

    #[test]
    fn no_password_is_shown() {
        let bare = StorePlace::named("postgres://ann@db.example:5433/cases");
        assert!(!bare.has_password());
        for (place, port) in [
            (bare.with_password("se&cr?et#@:/ %"), 5433),
            (StorePlace::named("postgresql://ann:secret@db.example/cases"), 5432),
            (StorePlace::named("postgres://db.example/cases?user=ann&password=secret"), 5432),
        ] {
            assert!(place.has_password());
            assert_eq!(place.to_string(), format!("postgres://ann@db.example:{port}/cases"));
            assert!(!format!("{place:?}").contains("sec"), "{place:?}");
        }
        let broken = StorePlace::named("postgres://ann:secret@db.example:port/cases");
        assert_eq!(broken.to_string(), "postgres://");
        assert_eq!(StorePlace::named("/home/ann/counterpart.db").to_string(), "/home/ann/counterpart.db");
    }
}
