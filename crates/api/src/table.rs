//! What can be asked: one table, of which the routes are made and the OpenAPI document.

use counterpart_node::Scope;
use schemars::{JsonSchema, Schema, SchemaGenerator};

use crate::{
    app::Turn,
    asked::{Answer, Asked},
    problem::Problem,
    routes,
};

/// Where all of it lies.
pub(crate) const BASE: &str = "/api/v1";

/// Writes down the shape of something that goes over the line.
pub(crate) type Shape = fn(&mut SchemaGenerator) -> Schema;

/// The shape of a type.
pub(crate) fn of<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Method {
    Get,
    Post,
    Put,
    Delete,
}

/// Who may ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Needs {
    Nothing,
    /// Any token.
    Token,
    Scope(Scope),
}

/// What comes with a request.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Takes {
    Nothing,
    Json(Shape),
    /// The bytes of a file, at most so many.
    File(u64),
}

/// What is answered where all is well.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Gives {
    Nothing,
    Json(Shape),
    /// Bytes of this media type.
    File(&'static str),
    Events,
}

/// How it is done.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Does {
    /// On a thread that may wait for the disk, when it is its turn.
    Work(Turn, fn(&Asked) -> Result<Answer, Problem>),
    Events,
}

/// One thing that can be asked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Operation {
    pub(crate) method: Method,
    /// Below [`BASE`], as axum writes it.
    pub(crate) path: &'static str,
    pub(crate) id: &'static str,
    pub(crate) summary: &'static str,
    pub(crate) about: &'static str,
    pub(crate) needs: Needs,
    pub(crate) query: Option<Shape>,
    pub(crate) takes: Takes,
    /// It is done once for each Idempotency-Key, which it needs.
    pub(crate) keyed: bool,
    pub(crate) status: u16,
    pub(crate) gives: Gives,
    pub(crate) does: Does,
}

impl Operation {
    pub(crate) const fn new(method: Method, path: &'static str, id: &'static str, summary: &'static str) -> Self {
        Self {
            method,
            path,
            id,
            summary,
            about: "",
            needs: Needs::Scope(Scope::Read),
            query: None,
            takes: Takes::Nothing,
            keyed: false,
            status: 200,
            gives: Gives::Nothing,
            does: Does::Events,
        }
    }

    pub(crate) const fn get(path: &'static str, id: &'static str, summary: &'static str) -> Self {
        Self::new(Method::Get, path, id, summary)
    }

    pub(crate) const fn post(path: &'static str, id: &'static str, summary: &'static str) -> Self {
        Self::new(Method::Post, path, id, summary)
    }

    pub(crate) const fn put(path: &'static str, id: &'static str, summary: &'static str) -> Self {
        Self::new(Method::Put, path, id, summary)
    }

    /// Takes something away; nothing is answered.
    pub(crate) const fn delete(path: &'static str, id: &'static str, summary: &'static str) -> Self {
        Self { status: 204, ..Self::new(Method::Delete, path, id, summary) }
    }

    pub(crate) const fn about(self, about: &'static str) -> Self {
        Self { about, ..self }
    }

    pub(crate) const fn needs(self, needs: Needs) -> Self {
        Self { needs, ..self }
    }

    pub(crate) const fn scope(self, scope: Scope) -> Self {
        self.needs(Needs::Scope(scope))
    }

    pub(crate) const fn query(self, shape: Shape) -> Self {
        Self { query: Some(shape), ..self }
    }

    pub(crate) const fn json(self, shape: Shape) -> Self {
        Self { takes: Takes::Json(shape), ..self }
    }

    /// Takes a file of at most so many bytes.
    pub(crate) const fn file(self, most: u64) -> Self {
        Self { takes: Takes::File(most), ..self }
    }

    pub(crate) const fn keyed(self) -> Self {
        Self { keyed: true, ..self }
    }

    /// Something new comes of it.
    pub(crate) const fn created(self) -> Self {
        Self { status: 201, ..self }
    }

    pub(crate) const fn gives(self, gives: Gives) -> Self {
        Self { gives, ..self }
    }

    pub(crate) const fn answers(self, shape: Shape) -> Self {
        self.gives(Gives::Json(shape))
    }

    pub(crate) const fn does(self, work: fn(&Asked) -> Result<Answer, Problem>) -> Self {
        Self { does: Does::Work(Turn::Work, work), ..self }
    }

    /// The same one at a time, for what comes into memory whole or looks into every case.
    pub(crate) const fn does_whole(self, work: fn(&Asked) -> Result<Answer, Problem>) -> Self {
        Self { does: Does::Work(Turn::Whole, work), ..self }
    }

    /// The same with a case in memory.
    pub(crate) const fn does_in_case(self, work: fn(&Asked) -> Result<Answer, Problem>) -> Self {
        Self { does: Does::Work(Turn::Case, work), ..self }
    }
}

/// All of it, in the order of the document.
pub(crate) fn operations() -> impl Iterator<Item = &'static Operation> {
    routes::ALL.iter().flat_map(|part| part.iter())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const CHANGES_NOTHING: &[&str] = &["/preview", "/evidence", "/report", "/verify"];

    #[test]
    fn each_thing_has_a_name_and_a_place_of_its_own_and_says_what_it_is() {
        let (mut ids, mut places) = (BTreeSet::new(), BTreeSet::new());
        for one in operations() {
            assert!(ids.insert(one.id), "{}", one.id);
            assert!(places.insert(format!("{:?} {}", one.method, one.path)), "{}", one.path);
            assert!(one.path.starts_with('/') && !one.summary.is_empty(), "{}", one.id);
            let signs = one.needs == Needs::Scope(Scope::Sign);
            assert!(!signs || one.keyed, "{} signs, and could be done twice", one.id);
            // What is only shown or made changes nothing; to put and to take away comes to the same however often it is asked.
            let changes = one.method == Method::Post && !CHANGES_NOTHING.iter().any(|end| one.path.ends_with(end));
            assert!(!changes || one.keyed, "{} changes something, and could be done twice", one.id);
            assert_eq!(one.status == 204, matches!(one.gives, Gives::Nothing), "{}", one.id);
        }
    }
}
