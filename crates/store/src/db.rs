//! What the modules with SQL in them see of a database: values, rows and parameters, the same for SQLite and PostgreSQL.
//!
//! One text serves both: `?1` is a parameter, numbers are signed 64-bit integers, what is yes or no is 1 or 0, the rest is
//! texts and bytes. Whatever only one of the two understands is asked for through [`crate::Reads::by_engine`].

use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};

use crate::{StoreError, error::sqlite};

/// One value, on its way in or out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Value<'a> {
    Null,
    Int(i64),
    Text(&'a str),
    Bytes(&'a [u8]),
}

impl ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Int(number) => ValueRef::Integer(*number),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

/// What can be given to a statement.
pub(crate) trait Param {
    fn value(&self) -> Value<'_>;
}

impl Param for i64 {
    fn value(&self) -> Value<'_> {
        Value::Int(*self)
    }
}

impl Param for u32 {
    fn value(&self) -> Value<'_> {
        Value::Int(i64::from(*self))
    }
}

impl Param for u16 {
    fn value(&self) -> Value<'_> {
        Value::Int(i64::from(*self))
    }
}

impl Param for bool {
    fn value(&self) -> Value<'_> {
        Value::Int(i64::from(*self))
    }
}

impl Param for str {
    fn value(&self) -> Value<'_> {
        Value::Text(self)
    }
}

impl Param for String {
    fn value(&self) -> Value<'_> {
        Value::Text(self)
    }
}

impl Param for [u8] {
    fn value(&self) -> Value<'_> {
        Value::Bytes(self)
    }
}

impl Param for Vec<u8> {
    fn value(&self) -> Value<'_> {
        Value::Bytes(self)
    }
}

impl<const N: usize> Param for [u8; N] {
    fn value(&self) -> Value<'_> {
        Value::Bytes(self)
    }
}

impl<T: Param> Param for Option<T> {
    fn value(&self) -> Value<'_> {
        self.as_ref().map_or(Value::Null, Param::value)
    }
}

impl<T: Param + ?Sized> Param for &T {
    fn value(&self) -> Value<'_> {
        (**self).value()
    }
}

/// The parameters of a statement, in the order of their numbers.
macro_rules! params {
    ($($param:expr),+ $(,)?) => { &[$($crate::db::Param::value(&$param)),+] };
}
pub(crate) use params;

/// What [`params!`] makes; `[]` where there are none.
pub(crate) trait Params {
    fn values(&self) -> &[Value<'_>];
}

impl Params for [Value<'static>; 0] {
    fn values(&self) -> &[Value<'_>] {
        self
    }
}

impl<const N: usize> Params for &[Value<'_>; N] {
    fn values(&self) -> &[Value<'_>] {
        *self
    }
}

/// As many as there happen to be.
pub(crate) struct Many<'a>(pub(crate) &'a [Value<'a>]);

impl Params for Many<'_> {
    fn values(&self) -> &[Value<'_>] {
        self.0
    }
}

/// A row that a statement gave.
pub(crate) enum Row<'r> {
    Sqlite(&'r rusqlite::Row<'r>),
    Postgres(&'r tokio_postgres::Row),
}

impl Row<'_> {
    /// A column, by its place.
    pub(crate) fn get<I: Place, T: FromColumn>(&self, column: I) -> Result<T, StoreError> {
        let column = column.place();
        let value = self.value(column)?;
        T::from_column(value).ok_or_else(|| odd(column, &value))
    }

    pub(crate) fn value(&self, column: usize) -> Result<Value<'_>, StoreError> {
        match self {
            Self::Sqlite(row) => match row.get_ref(column).map_err(sqlite)? {
                ValueRef::Null => Ok(Value::Null),
                ValueRef::Integer(number) => Ok(Value::Int(number)),
                ValueRef::Blob(bytes) => Ok(Value::Bytes(bytes)),
                ValueRef::Text(text) => {
                    let damaged = |e: std::str::Utf8Error| StoreError::Damaged { detail: e.to_string() };
                    str::from_utf8(text).map(Value::Text).map_err(damaged)
                }
                ValueRef::Real(_) => Err(odd(column, &Value::Null)),
            },
            Self::Postgres(row) => crate::postgres::column(row, column),
        }
    }
}

/// The tables are typed and checked, so a value of the wrong type or size was not put there by this crate. What it is stays
/// unsaid: it may be nobody's business.
fn odd(column: usize, value: &Value<'_>) -> StoreError {
    let what = match value {
        Value::Null => "nothing".to_owned(),
        Value::Int(_) => "a number".to_owned(),
        Value::Text(_) => "a text".to_owned(),
        Value::Bytes(bytes) => format!("{} bytes", bytes.len()),
    };
    StoreError::Damaged { detail: format!("column {column} of a row holds {what}, which does not belong there") }
}

/// Lets a plain number name a column.
pub(crate) trait Place {
    fn place(self) -> usize;
}

impl Place for usize {
    fn place(self) -> usize {
        self
    }
}

/// What can be read from a column.
pub(crate) trait FromColumn: Sized {
    fn from_column(value: Value<'_>) -> Option<Self>;
}

impl FromColumn for i64 {
    fn from_column(value: Value<'_>) -> Option<Self> {
        if let Value::Int(number) = value { Some(number) } else { None }
    }
}

impl FromColumn for u16 {
    fn from_column(value: Value<'_>) -> Option<Self> {
        i64::from_column(value).and_then(|number| Self::try_from(number).ok())
    }
}

impl FromColumn for bool {
    fn from_column(value: Value<'_>) -> Option<Self> {
        i64::from_column(value).map(|number| number != 0)
    }
}

impl FromColumn for String {
    fn from_column(value: Value<'_>) -> Option<Self> {
        if let Value::Text(text) = value { Some(text.to_owned()) } else { None }
    }
}

impl FromColumn for Vec<u8> {
    fn from_column(value: Value<'_>) -> Option<Self> {
        if let Value::Bytes(bytes) = value { Some(bytes.to_vec()) } else { None }
    }
}

impl<const N: usize> FromColumn for [u8; N] {
    fn from_column(value: Value<'_>) -> Option<Self> {
        if let Value::Bytes(bytes) = value { bytes.try_into().ok() } else { None }
    }
}

impl<T: FromColumn> FromColumn for Option<T> {
    fn from_column(value: Value<'_>) -> Option<Self> {
        if value == Value::Null { Some(None) } else { T::from_column(value).map(Some) }
    }
}

/// A column holding a number that is never negative.
pub(crate) fn unsigned(row: &Row<'_>, column: usize) -> Result<u64, StoreError> {
    let number: i64 = row.get(column)?;
    u64::try_from(number).map_err(|_negative| StoreError::Damaged {
        detail: format!("column {column} of a row holds a negative number, which does not belong there"),
    })
}
