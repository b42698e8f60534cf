//! JSON, in which nothing is said twice: of two fields with one name programs take the one or the other.

use std::{cell::RefCell, fmt};

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value as Json, error::Category};

use super::{Misfit, Step, pointer};

const TWICE: &str = "it is there twice";

/// What is read of these bytes.
pub(super) fn of(bytes: &[u8]) -> Result<Json, Misfit> {
    let path = RefCell::new(Vec::new());
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let read = Tree(&path).deserialize(&mut reader).and_then(|json| reader.end().map(|()| json));
    read.map_err(|why| match why.classify() {
        // What was said twice, by this module: the place is where the reading stopped.
        Category::Data => Misfit { pointer: Some(pointer(&path.borrow())), why: TWICE.to_owned() },
        Category::Eof if bytes.iter().all(u8::is_ascii_whitespace) => {
            Misfit { pointer: None, why: "nothing came: JSON is needed".to_owned() }
        }
        Category::Eof => Misfit { pointer: None, why: "the JSON breaks off before its end".to_owned() },
        Category::Syntax | Category::Io => Misfit {
            pointer: None,
            why: if std::str::from_utf8(bytes).is_err() {
                "it is no JSON, which is written in UTF-8".to_owned()
            } else if why.to_string().starts_with("recursion limit") {
                "it is nested too deep".to_owned()
            } else if bytes.contains(&b'\n') {
                format!("it is no JSON from line {}, column {} on", why.line(), why.column())
            } else {
                format!("it is no JSON from column {} on", why.column())
            },
        },
    })
}

/// Reads one value. The way down to it is only taken back where all went well.
struct Tree<'a>(&'a RefCell<Vec<Step>>);

impl<'de> DeserializeSeed<'de> for Tree<'_> {
    type Value = Json;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Json, D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Tree<'_> {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
        Ok(Json::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
        Ok(Json::Number(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Json, E> {
        Ok(Number::from_f64(value).map_or(Json::Null, Json::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Json, E> {
        Ok(Json::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Json, E> {
        Ok(Json::String(value))
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Json, A::Error> {
        let mut all = Vec::new();
        self.0.borrow_mut().push(Step::Element(0));
        while let Some(element) = elements.next_element_seed(Tree(self.0))? {
            all.push(element);
            self.went_on(Step::Element(all.len()));
        }
        self.0.borrow_mut().pop();
        Ok(Json::Array(all))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Json, A::Error> {
        let mut all = Map::new();
        while let Some(name) = fields.next_key::<String>()? {
            self.0.borrow_mut().push(Step::Field(name.clone()));
            if all.contains_key(&name) {
                return Err(A::Error::custom(TWICE));
            }
            let value = fields.next_value_seed(Tree(self.0))?;
            self.0.borrow_mut().pop();
            all.insert(name, value);
        }
        Ok(Json::Object(all))
    }
}

impl Tree<'_> {
    /// The last step leads elsewhere now.
    fn went_on(&self, step: Step) {
        let mut path = self.0.borrow_mut();
        path.pop();
        path.push(step);
    }
}
