//! `counterpart queue`

use counterpart_core::id::short_form;
use counterpart_node::{Cursor, MOST_ROWS, Page, Queue, QueueRow, now};
use counterpart_words::{
    queue::what_is_due,
    today::{Whose, short, whose},
};
use serde_json::json;

use crate::{
    error::{CommandError, Done},
    json,
    render::{line, wrapped},
    session::Session,
    terminal::{Style, styled},
    when,
};

/// List open cases as work to be done: those that wait for you first, in each part what is due soonest
///
/// Made for many cases: it shows a page, says how to see the next one, and opens no case for it. `counterpart assign` says
/// who of your side has a case.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only cases where it is your side's move
    #[arg(long)]
    ours: bool,
    /// Only cases where something was due and is not done yet
    #[arg(long)]
    overdue: bool,
    /// Only cases that this person of your side has
    #[arg(long, value_name = "NAME")]
    agent: Option<String>,
    /// Only cases that nobody of your side has
    #[arg(long, conflicts_with = "agent")]
    nobody: bool,
    /// Only cases that were begun here by this template
    #[arg(long, value_name = "NAME")]
    template: Option<String>,
    /// Only cases in which these words stand
    #[arg(long, value_name = "WORDS")]
    text: Option<String>,
    /// Also cases that are closed
    #[arg(long)]
    all: bool,
    /// Instead: who of your side has how many open cases
    #[arg(long, conflicts_with_all = ["ours", "overdue", "agent", "nobody", "template", "text", "all", "limit", "after"])]
    agents: bool,
    #[command(flatten)]
    page: PageArgs,
}

/// Which part of a list.
#[derive(Debug, clap::Args)]
pub(super) struct PageArgs {
    /// How many cases at most, up to 500
    #[arg(long, value_name = "N", default_value_t = 50)]
    limit: usize,
    /// Go on where the page before ended: the word it gave
    #[arg(long, value_name = "PLACE")]
    after: Option<String>,
}

impl PageArgs {
    pub(super) fn after(&self) -> Done<Option<Cursor>> {
        let read = |typed: &String| typed.trim().parse().map_err(|e| CommandError::usage(format!("--after: {e}")));
        self.after.as_ref().map(read).transpose()
    }

    pub(super) fn limit(&self) -> Done<usize> {
        if (1..=MOST_ROWS).contains(&self.limit) {
            return Ok(self.limit);
        }
        Err(CommandError::usage(format!("--limit is a number from 1 to {MOST_ROWS}")))
    }
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    if args.agents {
        return agents(session);
    }
    let (after, limit) = (args.page.after()?, args.page.limit()?);
    let wish = Queue {
        waiting_for_us: args.ours.then_some(true),
        overdue: args.overdue.then_some(true),
        agent: args.agent.clone(),
        template: args.template.clone(),
        text: args.text.clone(),
        assigned: args.nobody.then_some(false),
        open: (!args.all).then_some(true),
    };
    let desk = session.desk()?;
    if args.text.is_some() {
        super::search::find_words(session, &desk)?;
    }
    show(session, desk.queue(&wish, after, limit)?, "Nothing here waits for anybody.")
}

/// Shows a page, or says that there is nothing.
pub(super) fn show(session: &Session, page: Page<QueueRow>, nothing: &str) -> Done {
    let (terminal, now) = (session.terminal, now());
    if terminal.json {
        return terminal.json(&json::queue(page, now));
    }
    if page.rows.is_empty() {
        terminal.say(nothing);
        return Ok(());
    }
    let zone = when::system_zone();
    let lines: Vec<String> = page.rows.iter().map(|row| in_a_line(row, &zone, now, terminal.columns())).collect();
    terminal.data(&lines.join("\n"))?;
    if let Some(next) = page.next {
        terminal.say(&format!("There are more. Go on with: --after {next}"));
    }
    Ok(())
}

fn in_a_line(row: &QueueRow, zone: &str, now: i64, columns: usize) -> String {
    let mut text = line(&row.title);
    let mut tell = |style: Style, told: &str| text.push_str(&format!("; {}", styled(style, told)));
    match whose(&row.whose_move) {
        _ if row.state == "closed" => tell(Style::Faint, "closed"),
        Whose::Yours(asked) => tell(Style::Strong, &line(&format!("your move: {}", asked.of_you()))),
        Whose::Theirs(asked) => tell(Style::Faint, &line(&format!("waiting for them: {}", asked.of_them()))),
        Whose::Nobody => tell(Style::Faint, "nothing is waited for"),
    }
    if let Some(due) = row.next_due.filter(|_| row.state != "closed") {
        let style = if due < now { Style::Bad } else { Style::Faint };
        let what = what_is_due(row).map_or_else(String::new, |what| format!("{what} "));
        tell(style, &format!("{what}due {}, {}", short(due, row.zone.as_deref(), zone, now), when::distance(due, now)));
    }
    match &row.agent {
        Some(agent) => tell(Style::Faint, &format!("with {}", line(agent))),
        None => tell(Style::Faint, "with nobody"),
    }
    wrapped(&format!("{}  ", short_form(&row.case.0)), &text, columns)
}

fn agents(session: &Session) -> Done {
    let loads = session.desk()?.loads()?;
    let terminal = session.terminal;
    if terminal.json {
        let agents: Vec<_> = loads.iter().map(|load| json!({"agent": load.name, "open": load.cases})).collect();
        return terminal.json(&json!({"schema": "counterpart/loads/1", "agents": agents}));
    }
    if loads.is_empty() {
        terminal.say("Nobody of your side has an open case by name. `counterpart assign CASE NAME` says who does.");
        return Ok(());
    }
    let lines: Vec<String> = loads.iter().map(|load| format!("{:>7}  {}", load.cases, line(&load.name))).collect();
    terminal.data(&lines.join("\n"))
}
