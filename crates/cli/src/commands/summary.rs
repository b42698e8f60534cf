//! `counterpart summary`

use counterpart_words::summary::one_page;
use serde_json::{Value, json};

use super::{CaseArg, aside};
use crate::{
    case::OpenCase,
    error::Done,
    session::Session,
    terminal::{Style, styled},
};

/// Show a case on one page, for whoever takes it over: nobody is to be asked again
///
/// What is agreed, open and promised, whose move it is, who was spoken to, what was told already; and the asides of your
/// own side. It signs nothing: `counterpart handover` puts such a page on record.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    case: CaseArg,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    let desk = session.desk()?;
    let case = OpenCase::open(&desk, &args.case.case)?;
    let page = one_page(&case);
    let (assigned, asides) = (desk.assigned(&case.id)?, desk.asides(&case.id)?);
    let terminal = session.terminal;
    if terminal.json {
        let asides: Vec<Value> = asides.iter().map(aside::as_json).collect();
        return terminal.json(&json!({
            "schema": "counterpart/summary/1",
            "case": case.id.to_hex(),
            "summary": page,
            "agent": assigned.map(|assigned| assigned.agent),
            "asides": asides,
        }));
    }
    let mut out = page;
    if let Some(assigned) = assigned {
        out.push_str(&format!("\n\nWith {} on your side", crate::render::line(&assigned.agent)));
    }
    if !asides.is_empty() {
        let head = styled(Style::Strong, "Asides (of your own side; nobody else is sent them)");
        out.push_str(&format!("\n\n{head}\n{}", aside::written(&asides, terminal.columns())));
    }
    terminal.data(&out)
}
