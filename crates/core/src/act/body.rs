//! Reading and writing bodies field by field.

use crate::{
    cbor::{self, Value},
    id::EntryId,
    value::{Sealable, Seat},
};

pub(super) fn entry_id(value: &Value) -> Option<EntryId> {
    EntryId::from_slice(value.as_bytes()?)
}

pub(super) struct Fields<'v>(pub(super) &'v Value);

impl Fields<'_> {
    pub(super) fn read<T>(&self, key: &str, read: impl Fn(&Value) -> Option<T>) -> Option<T> {
        read(self.0.field(key)?)
    }

    /// `Some(None)` when absent, `None` when there and unreadable.
    pub(super) fn optional<T>(&self, key: &str, read: impl Fn(&Value) -> Option<T>) -> Option<Option<T>> {
        match self.0.field(key) {
            None => Some(None),
            Some(value) => read(value).map(Some),
        }
    }

    /// An absent list is an empty one.
    pub(super) fn list<T>(&self, key: &str, read: impl Fn(&Value) -> Option<T>) -> Option<Vec<T>> {
        match self.0.field(key) {
            None => Some(Vec::new()),
            Some(list) => list.as_array()?.iter().map(read).collect(),
        }
    }

    pub(super) fn text(&self, key: &str) -> Option<String> {
        Some(self.0.field(key)?.as_text()?.to_owned())
    }

    pub(super) fn int(&self, key: &str) -> Option<i64> {
        self.0.field(key)?.as_int()
    }

    pub(super) fn index(&self, key: &str) -> Option<u32> {
        u32::try_from(self.int(key)?).ok()
    }

    pub(super) fn entry(&self, key: &str) -> Option<EntryId> {
        entry_id(self.0.field(key)?)
    }

    pub(super) fn sealable(&self, key: &str) -> Option<Sealable> {
        Sealable::from_value(self.0.field(key)?)
    }

    pub(super) fn remark(&self, key: &str) -> Option<Option<Sealable>> {
        self.optional(key, Sealable::from_value)
    }
}

#[derive(Default)]
pub(super) struct Body(Vec<(String, Value)>);

impl Body {
    pub(super) fn put(&mut self, key: &str, value: impl Into<Value>) {
        self.0.push((key.to_owned(), value.into()));
    }

    pub(super) fn remark(&mut self, key: &str, text: Option<&Sealable>) {
        if let Some(text) = text {
            self.put(key, text.to_value());
        }
    }

    pub(super) fn entry(&mut self, key: &str, id: Option<&EntryId>) {
        if let Some(id) = id {
            self.put(key, &id.0);
        }
    }

    pub(super) fn seat(&mut self, key: &str, seat: Option<&Seat>) {
        if let Some(seat) = seat {
            self.put(key, seat.to_value());
        }
    }

    /// Empty lists are left out.
    pub(super) fn list<T>(&mut self, key: &str, items: &[T], write: impl Fn(&T) -> Value) {
        if !items.is_empty() {
            self.put(key, Value::Array(items.iter().map(write).collect()));
        }
    }

    pub(super) fn finish(self) -> Value {
        cbor::map_of(self.0)
    }
}
