//! Where a value and a shape differ. Of JSON Schema it knows what is written for the types of this program; by what it does not
//! know nothing differs.

use counterpart_core::text;
use serde_json::{Map, Value as Json};

use super::{Misfit, Step, pointer};

/// Looks at values and shapes that are taken for one answer: whoever sends more is told of no place.
const LOOKS: u32 = 500_000;

/// Names that are listed in one answer.
const LISTED: usize = 64;

/// Letters of what came that are shown.
const SHOWN: usize = 40;

/// Which differences count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Only {
    All,
    /// That something else stands where an object, a text or a number is to stand.
    Kinds,
}

/// A search for the first difference.
#[derive(Debug)]
pub(super) struct Differs<'a> {
    root: &'a Json,
    only: Only,
    looks: u32,
}

/// The first difference below, in words; the path is left where it is.
type Found = Option<String>;

impl<'a> Differs<'a> {
    pub(super) fn new(root: &'a Json, only: Only) -> Self {
        Self { root, only, looks: LOOKS }
    }

    pub(super) fn find(mut self, json: &Json) -> Option<Misfit> {
        let mut path = Vec::new();
        let why = self.differ(self.root, json, &mut path)?;
        Some(Misfit { pointer: Some(pointer(&path)), why })
    }

    fn differ(&mut self, shape: &'a Json, json: &Json, path: &mut Vec<Step>) -> Found {
        self.looks = self.looks.checked_sub(1)?;
        if *shape == Json::Bool(false) {
            return self.all(|| "nothing can stand here".to_owned());
        }
        let known = shape.as_object()?;
        if let Some(named) = referred(self.root, known) {
            let found = self.differ(named, json, path);
            if found.is_some() {
                return found;
            }
        }
        let ways = known.get("oneOf").or_else(|| known.get("anyOf")).and_then(Json::as_array);
        if let Some(ways) = ways {
            let ways: Vec<&Json> = ways.iter().map(|way| self.meant(way)).collect();
            let found = self.one_of(&ways, json, path);
            if found.is_some() {
                return found;
            }
        }
        let kinds = own_kinds(known);
        if !kinds.is_empty() && !kinds.iter().any(|kind| is_of(kind, json)) {
            return Some(format!("{} is needed here, and {} came", self.wanted(shape), came(json)));
        }
        if let Some(choices) = choices(known)
            && !choices.contains(&json)
        {
            return self.all(|| not_among(choices.iter().copied().map(said), json));
        }
        match json {
            Json::Number(_) if bounds(known).is_some_and(|(least, most)| !within(json, least, most)) => {
                self.all(|| format!("{} is needed here, and {json} came", self.wanted(shape)))
            }
            Json::String(text) if digits(known).is_some_and(|count| !is_hex(text, count)) => {
                self.all(|| format!("{} is needed here, and {} came", self.wanted(shape), quoted(text)))
            }
            Json::Object(fields) => self.fields(known, fields, path),
            Json::Array(elements) => self.elements(known, elements, path),
            _ => None,
        }
    }

    /// What counts only where everything does.
    fn all(&self, why: impl FnOnce() -> String) -> Found {
        (self.only == Only::All).then(why)
    }

    fn fields(&mut self, shape: &'a Map<String, Json>, fields: &Map<String, Json>, path: &mut Vec<Step>) -> Found {
        let named = shape.get("properties").and_then(Json::as_object);
        let others = shape.get("additionalProperties");
        for (name, value) in fields {
            let below = named.and_then(|named| named.get(name)).or(others);
            path.push(Step::Field(name.clone()));
            let found = match below {
                Some(Json::Bool(false)) => self.all(|| {
                    let names = named.into_iter().flat_map(|named| named.keys()).cloned();
                    format!("nothing is called so here; what may stand here: {}", listed(names))
                }),
                Some(below) => self.differ(below, value, path),
                None => None,
            };
            if found.is_some() {
                return found;
            }
            path.pop();
        }
        let mut needed = shape.get("required").and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str);
        let missing = needed.find(|name| !fields.contains_key(*name))?;
        self.all(|| format!("`{missing}` is missing"))
    }

    fn elements(&mut self, shape: &'a Map<String, Json>, elements: &[Json], path: &mut Vec<Step>) -> Found {
        let first = shape.get("prefixItems").and_then(Json::as_array);
        for (nth, element) in elements.iter().enumerate() {
            let below = first.and_then(|first| first.get(nth)).or_else(|| shape.get("items"));
            let Some(below) = below else { break };
            path.push(Step::Element(nth));
            let found = self.differ(below, element, path);
            if found.is_some() {
                return found;
            }
            path.pop();
        }
        None
    }

    /// One of several shapes: that which the value names itself, or the only one of its kind.
    fn one_of(&mut self, ways: &[&'a Json], json: &Json, path: &mut Vec<Step>) -> Found {
        let fitting: Vec<&Json> = ways.iter().copied().filter(|way| self.is_of_kind(way, json)).collect();
        let (only, others) = match fitting.as_slice() {
            [] => {
                return Some(format!("{} is needed here, and {} came", self.wanted_of(ways), came(json)));
            }
            [only, others @ ..] => (*only, others),
        };
        if others.is_empty() {
            return self.differ(only, json, path);
        }
        if let Json::Object(fields) = json {
            return match tag(&fitting) {
                Some(tag) => self.tagged(tag, &fitting, fields, json, path),
                None => self.untagged(&fitting, fields, json, path),
            };
        }
        let mut others = Self { root: self.root, only: Only::All, looks: self.looks };
        let fits = fitting.iter().any(|way| others.differ(way, json, &mut Vec::new()).is_none());
        self.looks = others.looks;
        if fits {
            return None;
        }
        let words: Vec<&Json> = fitting.iter().filter_map(|way| choices(way.as_object()?)).flatten().collect();
        if words.is_empty() {
            return self.differ(only, json, path);
        }
        self.all(|| not_among(words.into_iter().map(said), json))
    }

    /// One of several objects, in each of which the field `tag` is another word.
    fn tagged(
        &mut self,
        tag: &str,
        ways: &[&'a Json],
        fields: &Map<String, Json>,
        json: &Json,
        path: &mut Vec<Step>,
    ) -> Found {
        let words = || ways.iter().filter_map(|way| word(way, tag)).map(said);
        let Some(named) = fields.get(tag) else {
            return self.all(|| format!("`{tag}` is missing, which says what it is; one of: {}", listed(words())));
        };
        if let Some(way) = ways.iter().find(|way| word(way, tag) == Some(named)) {
            return self.differ(way, json, path);
        }
        // It may be another name for one of them, which was understood.
        let why = self.all(|| not_among(words(), named))?;
        path.push(Step::Field(tag.to_owned()));
        Some(why)
    }

    /// One of several objects that are told apart by what their fields are called.
    fn untagged(&mut self, ways: &[&'a Json], fields: &Map<String, Json>, json: &Json, path: &mut Vec<Step>) -> Found {
        let names =
            |way: &'a Json| way.get("properties").and_then(Json::as_object).into_iter().flat_map(|all| all.keys());
        let mut like = ways.iter().filter(|way| names(way).any(|name| fields.contains_key(name)));
        if let Some(way) = like.next() {
            // Where two could be meant, it was understood or not; which of them it is cannot be told.
            return if self.only == Only::All || like.next().is_none() { self.differ(way, json, path) } else { None };
        }
        self.all(|| {
            format!("one of these is needed in it: {}", listed(ways.iter().flat_map(|way| names(way)).cloned()))
        })
    }

    /// What a shape that is only named stands for.
    fn meant(&self, shape: &'a Json) -> &'a Json {
        let mut shape = shape;
        // No name stands for a name for long.
        for _ in 0..8 {
            match shape.as_object().and_then(|known| referred(self.root, known)) {
                Some(named) => shape = named,
                None => break,
            }
        }
        shape
    }

    fn is_of_kind(&self, shape: &'a Json, json: &Json) -> bool {
        let Some(known) = shape.as_object() else { return *shape != Json::Bool(false) };
        let kinds = own_kinds(known);
        if !kinds.is_empty() {
            return kinds.iter().any(|kind| is_of(kind, json));
        }
        let ways = known.get("oneOf").or_else(|| known.get("anyOf")).and_then(Json::as_array);
        ways.is_none_or(|ways| ways.iter().any(|way| self.is_of_kind(self.meant(way), json)))
    }

    /// What is to stand where one of several may.
    fn wanted_of(&self, ways: &[&'a Json]) -> String {
        let mut wanted: Vec<String> = Vec::new();
        for one in ways.iter().map(|way| self.wanted(way)).filter(|one| one != "null") {
            if !wanted.contains(&one) {
                wanted.push(one);
            }
        }
        wanted.join(" or ")
    }

    /// What is to stand here, in words.
    fn wanted(&self, shape: &'a Json) -> String {
        let shape = self.meant(shape);
        let Some(known) = shape.as_object() else { return "something else".to_owned() };
        let kinds = own_kinds(known);
        if kinds.is_empty() {
            let ways = known.get("oneOf").or_else(|| known.get("anyOf")).and_then(Json::as_array);
            let ways: Vec<&Json> = ways.into_iter().flatten().collect();
            return if ways.is_empty() { "something else".to_owned() } else { self.wanted_of(&ways) };
        }
        let mut words: Vec<String> = Vec::new();
        for kind in kinds.iter().filter(|kind| **kind != "null" || kinds.len() == 1) {
            words.push(match (*kind, bounds(known), digits(known)) {
                ("integer", Some((least, most)), _) => format!("a whole number from {least} to {most}"),
                ("string", _, Some(count)) => format!("a text of {count} hexadecimal digits"),
                (kind, ..) => in_words(kind).to_owned(),
            });
        }
        words.join(" or ")
    }
}

/// What is wrong with the fields of an address: which, and why.
pub(super) fn of_parameters(shape: &Json, given: &[(String, String)]) -> Option<(String, String)> {
    let nothing = Map::new();
    let known = shape.get("properties").and_then(Json::as_object).unwrap_or(&nothing);
    for (nth, (name, value)) in given.iter().enumerate() {
        let cut = || name.chars().take(SHOWN).collect::<String>();
        let Some(below) = known.get(name) else {
            let why = format!("nothing is called so here; what may be asked for: {}", listed(known.keys().cloned()));
            return Some((cut(), why));
        };
        if given.iter().skip(nth + 1).any(|(other, _)| other == name) {
            return Some((cut(), "it is there twice".to_owned()));
        }
        let mut look = Differs::new(shape, Only::All);
        let ways = [number(value), value.parse().ok().map(Json::Bool), Some(Json::String(value.clone()))];
        let meant = ways.into_iter().flatten().find(|way| look.is_of_kind(look.meant(below), way));
        let why = match meant {
            None => Some(format!("{} is needed, and {} came", look.wanted(below), quoted(value))),
            Some(meant) => look.differ(below, &meant, &mut Vec::new()),
        };
        if let Some(why) = why {
            return Some((cut(), why));
        }
    }
    let mut needed = shape.get("required").and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str);
    let missing = needed.find(|name| !given.iter().any(|(given, _)| given == name))?;
    Some((missing.to_owned(), "it is missing".to_owned()))
}

fn number(text: &str) -> Option<Json> {
    let signed = || text.parse::<i64>().ok().map(Json::from);
    text.parse::<u64>().ok().map(Json::from).or_else(signed)
}

/// What a shape names by its place in the whole.
fn referred<'a>(root: &'a Json, known: &'a Map<String, Json>) -> Option<&'a Json> {
    root.pointer(known.get("$ref")?.as_str()?.strip_prefix('#')?)
}

/// The kinds that a shape itself says.
fn own_kinds(known: &Map<String, Json>) -> Vec<&str> {
    match known.get("type") {
        Some(Json::String(kind)) => vec![kind],
        Some(Json::Array(kinds)) => kinds.iter().filter_map(Json::as_str).collect(),
        _ => Vec::new(),
    }
}

/// How many hexadecimal digits a text has, where its pattern asks for nothing else.
fn digits(known: &Map<String, Json>) -> Option<usize> {
    let pattern = known.get("pattern")?.as_str()?.strip_prefix("^[0-9a-fA-F]{")?;
    pattern.strip_suffix("}$")?.parse().ok()
}

fn is_hex(text: &str, count: usize) -> bool {
    text.len() == count && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The only values that a shape allows, where it lists them.
fn choices(known: &Map<String, Json>) -> Option<Vec<&Json>> {
    match (known.get("const"), known.get("enum")) {
        (Some(only), _) => Some(vec![only]),
        (None, Some(Json::Array(all))) => Some(all.iter().collect()),
        _ => None,
    }
}

/// The field that tells several objects apart: in each it is another word.
fn tag<'a>(ways: &[&'a Json]) -> Option<&'a str> {
    let fields = ways.first()?.get("properties")?.as_object()?;
    let mut names = fields.keys().map(String::as_str);
    names.find(|name| ways.iter().all(|way| word(way, name).is_some()))
}

/// The word that a field is to be.
fn word<'a>(way: &'a Json, field: &str) -> Option<&'a Json> {
    way.get("properties")?.get(field)?.get("const")
}

/// Between which numbers it is to be, as far as that is said.
fn bounds(known: &Map<String, Json>) -> Option<(i128, i128)> {
    let said = |name: &str| known.get(name).and_then(Json::as_i64).map(i128::from);
    let of_kind = match known.get("format").and_then(Json::as_str)? {
        "uint8" => (0, i128::from(u8::MAX)),
        "uint16" => (0, i128::from(u16::MAX)),
        "uint32" => (0, i128::from(u32::MAX)),
        "uint64" | "uint" => (0, i128::from(u64::MAX)),
        "int32" => (i128::from(i32::MIN), i128::from(i32::MAX)),
        "int64" | "int" => (i128::from(i64::MIN), i128::from(i64::MAX)),
        _ => return None,
    };
    Some((said("minimum").unwrap_or(of_kind.0), said("maximum").unwrap_or(of_kind.1)))
}

fn within(json: &Json, least: i128, most: i128) -> bool {
    let number = json.as_u64().map(i128::from).or_else(|| json.as_i64().map(i128::from));
    number.is_some_and(|number| (least..=most).contains(&number))
}

fn is_of(kind: &str, json: &Json) -> bool {
    match kind {
        "object" => json.is_object(),
        "array" => json.is_array(),
        "string" => json.is_string(),
        "boolean" => json.is_boolean(),
        "integer" => json.is_u64() || json.is_i64(),
        "number" => json.is_number(),
        "null" => json.is_null(),
        _ => true,
    }
}

fn in_words(kind: &str) -> &str {
    match kind {
        "object" => "an object",
        "array" => "a list",
        "string" => "a text",
        "boolean" => "true or false",
        "integer" => "a whole number",
        "number" => "a number",
        other => other,
    }
}

/// What stands there, by its kind.
fn came(json: &Json) -> &'static str {
    match json {
        Json::Object(_) => "an object",
        Json::Array(_) => "a list",
        Json::String(_) => "a text",
        Json::Bool(true) => "true",
        Json::Bool(false) => "false",
        Json::Number(number) if number.is_f64() => "a number with a point",
        Json::Number(_) => "a number",
        Json::Null => "null",
    }
}

/// A word among those that are allowed.
fn said(json: &Json) -> String {
    json.as_str().map_or_else(|| json.to_string(), str::to_owned)
}

fn not_among(words: impl Iterator<Item = String>, json: &Json) -> String {
    let shown = match json {
        Json::String(text) => quoted(text),
        other => came(other).to_owned(),
    };
    format!("one of these is needed here, and {shown} came: {}", listed(words))
}

fn listed(names: impl Iterator<Item = String>) -> String {
    names.take(LISTED).collect::<Vec<_>>().join(", ")
}

/// The beginning of what came, with nothing hidden in it.
fn quoted(text: &str) -> String {
    let cut: String = text.chars().take(SHOWN).collect();
    let dots = if cut.len() < text.len() { "..." } else { "" };
    format!("'{}{dots}'", text::visible_line(&cut))
}
