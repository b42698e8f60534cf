//! Many cases: the list of what is to be done, and templates for new ones.

use counterpart_node::{Cursor, Queue, now};
use counterpart_words::{
    json,
    template::{self, Template},
};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    asked::{Answer, Asked},
    paging::{self, Page},
    problem::{Kind, Problem},
    shapes::{CasesSaid, TemplateAsks, TemplateSaid, Templates},
    table::{Operation, of},
};

/// What a place in the list of templates is a place in.
const TEMPLATES: &str = "templates";

pub(super) const ALL: &[Operation] = &[
    Operation::get("/cases", "list_cases", "The cases, a page at a time: first what waits for us")
        .about(
            "First what waits for us, then what waits for others, then what is closed; in each what is due soonest, then \
             what waits longest. A case that does not change while the pages are read comes exactly once.",
        )
        .query(of::<Wish>)
        .answers(of::<CasesSaid>)
        .does(list),
    Operation::get("/templates", "list_templates", "The templates that a case can be begun with, by name")
        .query(of::<Page>)
        .answers(of::<Templates>)
        .does(templates),
];

/// Which cases.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Wish {
    /// Only those where it is our move; with `false` those where it is not.
    waiting_for_us: Option<bool>,
    /// Only those where something was due and is not done; with `false` the others, those that are closed among them.
    overdue: Option<bool>,
    /// Only those that are not closed; with `false` those that are.
    open: Option<bool>,
    /// Only those that somebody of us has; with `false` those that nobody has.
    assigned: Option<bool>,
    /// Only those that this one of us has, by name.
    #[schemars(length(min = 1, max = 100))]
    agent: Option<String>,
    /// Only those that were begun here by this template.
    #[schemars(length(min = 1, max = 64))]
    template: Option<String>,
    /// Only those in which all of these words stand, or ones that begin with them. Signs are no words: by them nothing is found.
    #[schemars(length(min = 1, max = 400))]
    text: Option<String>,
    /// Where to go on: `next` of the page before, as it came. Without it the first page.
    #[schemars(length(min = 1, max = 400))]
    after: Option<String>,
    /// How many rows at most; 50 unless another number is asked for.
    #[schemars(range(min = 1, max = 200))]
    limit: Option<u32>,
}

fn list(asked: &Asked) -> Result<Answer, Problem> {
    let wish: Wish = asked.query()?;
    let limit = paging::limit(wish.limit)?;
    for (name, text, most) in [("agent", &wish.agent, 100), ("template", &wish.template, 64), ("text", &wish.text, 400)]
    {
        let Some(text) = text else { continue };
        if text.trim().is_empty() {
            return Err(Problem::of_parameter(name, "it is empty: leave it out where nothing is meant by it"));
        }
        if text.chars().count() > most {
            return Err(Problem::of_parameter(name, format!("at most {most} letters")));
        }
    }
    let after = wish.after.as_deref().map(str::parse::<Cursor>).transpose();
    let after = after.map_err(|why| Problem::of_parameter("after", why))?;
    let queue = Queue {
        waiting_for_us: wish.waiting_for_us,
        overdue: wish.overdue,
        open: wish.open,
        assigned: wish.assigned,
        agent: wish.agent,
        template: wish.template,
        text: wish.text,
    };
    let page = asked.desk()?.queue(&queue, after, limit)?;
    Answer::of(&json::queue(page, now()))
}

fn templates(asked: &Asked) -> Result<Answer, Problem> {
    let page: Page = asked.query()?;
    let all = template::all(asked.app.home()).map_err(|why| Problem::new(Kind::Failed, why.message))?;
    // One of our own that is broken is told where it is checked; the others are of use.
    let good = all.iter().filter_map(|found| found.problems().ok());
    let good = good.map(|template| (template.name.clone(), template)).collect();
    let (templates, next) = paging::page(TEMPLATES, &page, good)?;
    let templates = templates.into_iter().map(told).collect();
    Answer::of(&Templates { schema: "counterpart/templates/1".to_owned(), templates, next })
}

fn told(template: Template) -> TemplateSaid {
    let Template { name, title, about, version, country, items, .. } = template;
    let asks = items.into_iter().map(|item| TemplateAsks {
        key: item.key,
        ask: item.ask,
        kind: item.kind,
        choices: item.choices,
        required: item.required,
        default: item.default,
        example: item.example,
    });
    TemplateSaid { name, title, about, version, country, asks: asks.collect() }
}
