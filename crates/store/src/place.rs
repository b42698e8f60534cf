//! Where a store is.

use std::{
    fmt,
    path::{Path, PathBuf},
};

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
