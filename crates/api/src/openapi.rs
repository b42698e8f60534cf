//! The OpenAPI document, of the same table as the routes.

use std::collections::BTreeSet;

use schemars::{SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value as Json, json};

use crate::{
    asked::CASE,
    problem::Kind,
    shapes,
    table::{BASE, Does, Gives, Method, Needs, Operation, Shape, Takes, operations},
};

/// The document, as `docs/openapi.json` has it.
#[must_use]
pub fn document() -> Json {
    let mut shapes = Shapes::new();
    let mut paths: Map<String, Json> = Map::new();
    for one in operations() {
        let beside = matches!(one.path, "/healthz" | "/readyz");
        let path = if beside { one.path.to_owned() } else { format!("{BASE}{}", one.path) };
        let methods = paths.entry(path).or_insert_with(|| json!({}));
        let described = described(&mut shapes, one);
        if let Some(methods) = methods.as_object_mut() {
            drop(methods.insert(word(one.method).to_owned(), described));
        }
    }
    let schemas = shapes.all();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Counterpart",
            "version": "1",
            "description": "The cases of one party, their records, and signing in them. Every answer that goes wrong is a \
                            problem of RFC 9457, whose `type` stays the same. Times are Unix milliseconds where nothing \
                            else is said.",
            "license": {"name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A token of `counterpart token new`. Its scopes say what it is for: read, draft, sign, \
                                    notes, manage.",
                },
            },
        },
    })
}

fn word(method: Method) -> &'static str {
    match method {
        Method::Get => "get",
        Method::Post => "post",
        Method::Put => "put",
        Method::Delete => "delete",
    }
}

/// What is read and what is written have shapes of their own: what may be left out of the one is always in the other.
struct Shapes {
    read: SchemaGenerator,
    written: SchemaGenerator,
    /// Those of queries: their fields are named one by one, so the whole is no schema of the document.
    queries: BTreeSet<String>,
}

impl Shapes {
    fn new() -> Self {
        let settings = || {
            SchemaSettings::draft2020_12().with(|settings| {
                settings.definitions_path = "/components/schemas".into();
                settings.meta_schema = None;
            })
        };
        Self {
            read: settings().for_deserialize().into_generator(),
            written: settings().for_serialize().into_generator(),
            queries: BTreeSet::new(),
        }
    }

    fn all(mut self) -> Map<String, Json> {
        let mut all = self.read.take_definitions(true);
        all.retain(|name, _| !self.queries.contains(name));
        all.extend(self.written.take_definitions(true));
        all
    }
}

fn described(shapes: &mut Shapes, one: &Operation) -> Json {
    let mut said = Map::new();
    said.insert("operationId".to_owned(), json!(one.id));
    said.insert("summary".to_owned(), json!(one.summary));
    let needs = match one.needs {
        Needs::Nothing => String::new(),
        Needs::Token => "Any token.".to_owned(),
        Needs::Scope(scope) => format!("Needs the scope `{}`.", scope.as_str()),
    };
    let about =
        [one.about, needs.as_str()].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n\n");
    if !about.is_empty() {
        said.insert("description".to_owned(), json!(about));
    }
    let security = if one.needs == Needs::Nothing { json!([]) } else { json!([{"token": []}]) };
    said.insert("security".to_owned(), security);
    let parameters = parameters(shapes, one);
    if !parameters.is_empty() {
        said.insert("parameters".to_owned(), json!(parameters));
    }
    match one.takes {
        Takes::Nothing => {}
        Takes::Json(shape) => {
            let schema = shape(&mut shapes.read);
            let body = json!({"required": true, "content": {"application/json": {"schema": schema}}});
            said.insert("requestBody".to_owned(), body);
        }
        Takes::File(_) => {
            let body = json!({"required": true, "content": {"application/octet-stream": {"schema": {}}}});
            said.insert("requestBody".to_owned(), body);
        }
    }
    said.insert("responses".to_owned(), responses(shapes, one));
    Json::Object(said)
}

fn parameters(shapes: &mut Shapes, one: &Operation) -> Vec<Json> {
    let mut all: Vec<Json> =
        one.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).map(in_path).collect();
    if let Some(shape) = one.query {
        all.extend(in_query(shapes, shape));
    }
    if one.keyed {
        all.push(json!({
            "name": "Idempotency-Key",
            "in": "header",
            "required": true,
            "description": "A word of your own choosing for what is to be done, new for each. The same request sent again \
                            under it is done once, and answered as before; it is known for seven days.",
            "schema": {"type": "string", "minLength": 1, "maxLength": 128, "pattern": "^[!-~]+$"},
        }));
    }
    if matches!(one.does, Does::Events) {
        all.push(json!({
            "name": "Last-Event-ID",
            "in": "header",
            "required": false,
            "description": "The number of the last event that was read: the stream goes on behind it.",
            "schema": {"type": "string", "pattern": "^[0-9]{1,15}$"},
        }));
    }
    all
}

fn in_path(name: &str) -> Json {
    let hex = "^[0-9a-f]{64}$";
    let (about, schema) = match name {
        "case" => {
            ("The case: its id, or its whole short form as K7F2-Q9XA-3.", json!({"type": "string", "pattern": CASE}))
        }
        "sha256" => ("The SHA-256 of the file's bytes.", json!({"type": "string", "pattern": "^[0-9a-fA-F]{64}$"})),
        "entry" => (
            "The entry: its number in the record, or its id.",
            json!({"type": "string", "pattern": "^([1-9][0-9]{0,8}|[0-9a-fA-F]{64})$"}),
        ),
        "party" => ("The party, by id.", json!({"type": "string", "pattern": hex})),
        "device" => ("The device, by its key.", json!({"type": "string", "pattern": hex})),
        "join" => ("The case that is to be joined, by its id.", json!({"type": "string", "pattern": hex})),
        "letter" => ("The letter, by id.", json!({"type": "string", "pattern": "^[0-9a-f]{32}$"})),
        "note" => ("The note, by id.", json!({"type": "string", "pattern": "^[0-9a-f]{32}$"})),
        "step" => ("The step, by name.", json!({"type": "string", "pattern": "^[a-z0-9][a-z0-9-]{0,63}$"})),
        "by" => ("The way: email, node or notice.", json!({"type": "string", "enum": ["email", "node", "notice"]})),
        "what" => (
            "An action or entry by number, such as 7 or 7.2 for the second part of a bundle, or an item by its key.",
            json!({"type": "string", "minLength": 1, "maxLength": 100}),
        ),
        "number" => ("Its number.", json!({"type": "integer", "minimum": 1, "maximum": 1_000_000_000})),
        "key" => ("What the fact is called.", json!({"type": "string", "minLength": 1, "maxLength": 100})),
        "id" => ("What that system calls it.", json!({"type": "string", "minLength": 1, "maxLength": 200})),
        _ => ("Its name.", json!({"type": "string", "pattern": "^[a-z0-9][a-z0-9_-]{0,39}$"})),
    };
    json!({"name": name, "in": "path", "required": true, "description": about, "schema": schema})
}

/// A query's fields, each a parameter of its own.
fn in_query(shapes: &mut Shapes, shape: Shape) -> Vec<Json> {
    let schema = shape(&mut shapes.read).to_value();
    let name = schema.get("$ref").and_then(Json::as_str).and_then(|place| place.rsplit('/').next());
    let name = name.map(str::to_owned);
    let whole = name.as_ref().and_then(|name| shapes.read.definitions().get(name)).cloned().unwrap_or(schema);
    shapes.queries.extend(name);
    let required: Vec<&str> =
        whole.get("required").and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str).collect();
    let fields = whole.get("properties").and_then(Json::as_object).into_iter().flatten();
    let one = |(name, schema): (&String, &Json)| {
        let mut schema = not_null(schema.clone());
        let about = schema.as_object_mut().and_then(|schema| schema.remove("description"));
        let mut said = json!({"name": name, "in": "query", "required": required.contains(&name.as_str())});
        if let Some(said) = said.as_object_mut() {
            said.extend(about.map(|about| ("description".to_owned(), about)));
            drop(said.insert("schema".to_owned(), schema));
        }
        said
    };
    fields.map(one).collect()
}

/// What stands behind a question mark is there or not: it is never null.
fn not_null(mut schema: Json) -> Json {
    let Some(fields) = schema.as_object_mut() else { return schema };
    if let Some(Json::Array(kinds)) = fields.get_mut("type") {
        kinds.retain(|kind| kind != "null");
        if let [one] = kinds.as_slice() {
            let one = one.clone();
            drop(fields.insert("type".to_owned(), one));
        }
    }
    if let Some(Json::Array(ways)) = fields.get_mut("anyOf") {
        ways.retain(|way| way.get("type").is_none_or(|kind| kind != "null"));
    }
    schema
}

/// What may be answered: what is asked for, and every problem that can come of it.
fn responses(shapes: &mut Shapes, one: &Operation) -> Json {
    let mut all = Map::new();
    let good = match one.gives {
        Gives::Nothing => json!({"description": "Done."}),
        Gives::Json(shape) => {
            let schema = shape(&mut shapes.written);
            json!({"description": "Done.", "content": {"application/json": {"schema": schema}}})
        }
        Gives::File(media) => json!({"description": "The bytes.", "content": {media: {"schema": {}}}}),
        Gives::Events => json!({
            "description": "Events without end: `id` is the number, `event` the kind, `data` the change as in the list of changes.",
            "content": {"text/event-stream": {"schema": {"type": "string"}}},
        }),
    };
    all.insert(one.status.to_string(), good);
    let schema = problem(&mut shapes.written);
    for status in statuses(one) {
        let kinds: Vec<&str> =
            problems(one).filter(|kind| kind.said().1.as_u16() == status).map(|kind| kind.said().0).collect();
        all.insert(
            status.to_string(),
            json!({
                "description": format!("A problem: {}.", kinds.join(", ")),
                "content": {"application/problem+json": {"schema": schema}},
            }),
        );
    }
    Json::Object(all)
}

fn problem(generator: &mut SchemaGenerator) -> Json {
    generator.subschema_for::<shapes::ProblemSaid>().to_value()
}

fn statuses(one: &Operation) -> Vec<u16> {
    let mut all: Vec<u16> = problems(one).map(|kind| kind.said().1.as_u16()).collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// The problems that can come of a request.
fn problems(one: &Operation) -> impl Iterator<Item = Kind> {
    let one = *one;
    let (open, takes) = (one.needs == Needs::Nothing, !matches!(one.takes, Takes::Nothing));
    let writes = one.method != Method::Get;
    let work = matches!(one.does, Does::Work(..));
    Kind::ALL.into_iter().filter(move |kind| match kind {
        Kind::Method | Kind::Failed | Kind::Malformed | Kind::Head => true,
        Kind::NoToken | Kind::BadToken | Kind::Rate => !open,
        Kind::Scope => matches!(one.needs, Needs::Scope(_)),
        Kind::NoCase => one.path.contains("{case}"),
        // What was done under a key may be gone when it is asked again.
        Kind::NotFound => one.path.contains('{') || one.keyed,
        Kind::Slow | Kind::Large => takes,
        Kind::Media => matches!(one.takes, Takes::Json(_)),
        Kind::Changed => one.keyed,
        Kind::UnderWay | Kind::BrokenOff | Kind::KeyReused => one.keyed,
        Kind::Beyond => matches!(one.path, "/changes" | "/events" | "/cases/{case}/record"),
        Kind::Taken => writes,
        Kind::Refused => writes || one.query.is_some() || one.path.contains('{'),
        Kind::Busy => work || one.path == "/readyz",
        Kind::Disk => writes || matches!(one.gives, Gives::File(_)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reference_leads_somewhere_and_no_two_shapes_share_a_name() {
        let document = document();
        let schemas = document["components"]["schemas"].as_object().expect("schemas");
        let text = document.to_string();
        for part in text.split("\"$ref\":\"").skip(1) {
            let place = part.split('"').next().expect("a place");
            let name = place.strip_prefix("#/components/schemas/").expect("a place in the document");
            assert!(schemas.contains_key(name), "{name}");
        }
        let mut shapes = Shapes::new();
        for one in operations() {
            drop(described(&mut shapes, one));
        }
        let (read, written) = (shapes.read.take_definitions(true), shapes.written.take_definitions(true));
        for (name, schema) in &read {
            assert!(written.get(name).is_none_or(|other| other == schema), "{name} is read and written otherwise");
        }
    }
}
