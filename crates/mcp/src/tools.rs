//! The tools that are offered.

use std::sync::Arc;

use counterpart_node::Desk;
use counterpart_words::{
    error::{CommandError, Done},
    shape,
};
use rmcp::model::{JsonObject, Tool, ToolAnnotations};
use schemars::{JsonSchema, generate::SchemaSettings};
use serde::de::DeserializeOwned;
use serde_json::Value as Json;

use crate::{acting, reading, server::May};

/// One tool.
#[derive(Debug)]
pub(crate) struct Offered {
    pub(crate) name: &'static str,
    about: &'static str,
    takes: fn() -> JsonObject,
    does: Does,
    pub(crate) run: fn(&Desk, May, JsonObject) -> Done<Json>,
}

/// What a tool changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Does {
    Nothing,
    /// A draft that both sides see, and that binds nobody.
    Draft,
    /// The record, for ever.
    Sign,
}

static TOOLS: &[Offered] = &[
    Offered {
        name: "list_cases",
        about: "Lists the cases, those that wait for us first: whose move it is in each, and what is due next.",
        takes: schema::<reading::ListArgs>,
        does: Does::Nothing,
        run: |desk, _, given| reading::list_cases(desk, &read(given)?),
    },
    Offered {
        name: "search",
        about: "Finds cases by words in their titles, texts and people; each word also stands for longer ones that begin so.",
        takes: schema::<reading::SearchArgs>,
        does: Does::Nothing,
        run: |desk, _, given| reading::search(desk, &read(given)?),
    },
    Offered {
        name: "show_case",
        about: "Shows one case as it stands: who is in it, what is agreed, proposed, due and waited for, the facts, the service \
                clocks.",
        takes: schema::<reading::CaseArgs>,
        does: Does::Nothing,
        run: |desk, _, given| reading::show_case(desk, &read(given)?),
    },
    Offered {
        name: "record",
        about: "Reads what was signed in a case, as it came in here, page by page; or one entry whole.",
        takes: schema::<reading::RecordArgs>,
        does: Does::Nothing,
        run: |desk, _, given| reading::record(desk, &read(given)?),
    },
    Offered {
        name: "summary",
        about: "One page of all that matters in a case: whose move, what is agreed, promised, said, and who the people are.",
        takes: schema::<reading::CaseArgs>,
        does: Does::Nothing,
        run: |desk, _, given| reading::summary(desk, &read(given)?),
    },
    Offered {
        name: "preview_act",
        about: "Shows the exact text that would be signed for an act, and its digest; or says why it would have no effect. \
                Signs nothing.",
        takes: schema::<acting::PreviewArgs>,
        does: Does::Nothing,
        run: |desk, may, given| acting::preview(desk, may, &read(given)?),
    },
    Offered {
        name: "draft_action",
        about: "Writes an action into the case's worksheet, where people of both sides draft together. It binds nobody, and \
                is sent to everybody in the case at once: write nothing of another case into it.",
        takes: schema::<acting::DraftArgs>,
        does: Does::Draft,
        run: |desk, _, given| acting::draft(desk, &read(given)?),
    },
    Offered {
        name: "sign_act",
        about: "Signs an act for good, as this agent, within its mandate. Show the person preview_act's text first, and \
                repeat its digest: what was shown is what is signed.",
        takes: schema::<acting::SignArgs>,
        does: Does::Sign,
        run: |desk, _, given| acting::sign(desk, &read(given)?),
    },
];

/// What is offered to a program: beside reading, only what it may.
pub(crate) fn offered(may: May) -> impl Iterator<Item = &'static Offered> {
    TOOLS.iter().filter(move |tool| match tool.does {
        Does::Nothing => true,
        Does::Draft => may.draft,
        Does::Sign => may.sign,
    })
}

impl Offered {
    /// As the protocol tells it.
    pub(crate) fn told(&self) -> Tool {
        let (reads, signs) = (self.does == Does::Nothing, self.does == Does::Sign);
        let hints = ToolAnnotations::from_raw(None, Some(reads), Some(signs), Some(reads), Some(!reads));
        Tool::new(self.name, self.about, Arc::new((self.takes)())).with_annotations(hints)
    }
}

fn schema<T: JsonSchema>() -> JsonObject {
    let schema = SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<T>();
    match schema.to_value() {
        Json::Object(schema) => schema,
        _ => JsonObject::new(),
    }
}

fn read<T: DeserializeOwned + JsonSchema + 'static>(given: JsonObject) -> Done<T> {
    shape::read_value(&Json::Object(given))
        .map_err(|misfit| CommandError::usage(format!("what was given is not understood: {misfit}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_leaves_the_home_is_offered_only_where_it_may_be_done() {
        let leaves = |draft, sign| -> Vec<&str> {
            offered(May { draft, sign }).filter(|tool| tool.does != Does::Nothing).map(|tool| tool.name).collect()
        };
        assert!(leaves(false, false).is_empty());
        assert_eq!(leaves(true, false), ["draft_action"]);
        assert_eq!(leaves(false, true), ["sign_act"]);
        assert_eq!(leaves(true, true), ["draft_action", "sign_act"]);
    }

    #[test]
    fn every_tool_takes_an_object_and_nothing_unknown() {
        for tool in offered(May { draft: true, sign: true }) {
            let schema = (tool.takes)();
            assert_eq!(schema["type"], "object", "{}", tool.name);
            assert_eq!(schema["additionalProperties"], false, "{}", tool.name);
            let fields = schema["properties"].as_object().expect("fields");
            for (name, field) in fields {
                assert!(field["description"].is_string() || field["$ref"].is_string(), "{}: {name}", tool.name);
            }
            assert!(!tool.about.is_empty());
        }
    }
}
