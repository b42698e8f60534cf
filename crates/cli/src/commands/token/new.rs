//! `counterpart token new`

use counterpart_node::{Desk, Rights, Scope, TokenWish, now};
use counterpart_words::agents::in_short;
use serde_json::json;

use super::token_json;
use crate::{
    confirm,
    error::{CommandError, Done},
    render,
    session::Session,
    when,
};

/// Make a token for a program, and print it: this once, it is kept nowhere
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// What the program is called, for your own list, such as helpdesk
    name: String,
    /// What it may do, several with commas: read, draft (see what would be signed), sign, notes (your own, never sent),
    /// manage (tokens, webhooks, standing rules, agents, the own name)
    #[arg(long = "scope", value_name = "SCOPE", value_delimiter = ',', default_value = "read")]
    scopes: Vec<String>,
    /// The agent's seat by whose key and within whose rights it signs [default: this home's own key, with all its rights]
    #[arg(long, value_name = "NAME")]
    seat: Option<String>,
    /// For how many days it holds
    #[arg(long, default_value_t = 90, value_parser = clap::value_parser!(u16).range(1..=3650))]
    days: u16,
    /// It holds until it is ended
    #[arg(long, conflicts_with = "days")]
    no_end: bool,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    let desk = session.desk()?;
    let now = now();
    let wish = TokenWish {
        name: args.name.clone(),
        // At a seat, it is for that seat.
        seat: args.seat.clone().or_else(|| desk.seat().map(str::to_owned)),
        scopes: scopes(&args.scopes)?,
        expires: (!args.no_end).then(|| now + i64::from(args.days) * 24 * 3_600_000),
    };
    let wish = desk.check_token(&wish, now)?;
    confirm::ask_first(session, &text(&desk, &wish)?, "Make this token?", "made")?;
    let (token, info) = desk.new_token(&wish, now)?;
    let terminal = session.terminal;
    if terminal.json {
        let mut told = token_json(&info, now);
        if let Some(fields) = told.as_object_mut() {
            fields.insert("schema".to_owned(), json!("counterpart/token-new/1"));
            fields.insert("token".to_owned(), json!(token.text()));
        }
        return terminal.json(&told);
    }
    terminal.data(token.text())?;
    terminal.say("Give it to that program and keep it as you keep a password: it is not shown again.");
    terminal.say("The program sends it with every request: Authorization: Bearer TOKEN");
    Ok(())
}

fn scopes(typed: &[String]) -> Done<Vec<Scope>> {
    let known = || Scope::ALL.map(Scope::as_str).join(", ");
    let scope = |word: &String| {
        let word = word.trim().to_lowercase();
        Scope::from_word(&word).ok_or_else(|| {
            CommandError::usage(format!("'{}' is not a scope", render::line(&word)))
                .hint(format!("the scopes are {}", known()))
        })
    };
    typed.iter().map(scope).collect()
}

/// What whoever holds the token can do.
fn text(desk: &Desk, wish: &TokenWish) -> Done<String> {
    let may = |scope: &Scope| match scope {
        Scope::Read => "read: see your cases, and the files in them",
        Scope::Draft => "draft: see the exact text of what would be signed",
        Scope::Sign => "sign: sign for you",
        Scope::Notes => "notes: read and write your own notes on cases, which the other side never gets",
        Scope::Manage => {
            "manage: tokens, webhooks, agents and rules that sign (to let one in it needs sign, too), what you are called"
        }
    };
    let mut lines = vec![format!("Whoever holds this token, called {}, can:\n", render::line(&wish.name))];
    lines.extend(wish.scopes.iter().map(|scope| format!("  {}", may(scope))));
    lines.push(String::new());
    if wish.scopes.contains(&Scope::Sign) {
        lines.push(match &wish.seat {
            Some(name) => {
                let seat = desk.seat_called(name)?;
                let rights: &Rights = &seat.agent.rights;
                format!("What it signs is signed by the agent's seat {name} ({}), and binds you.", in_short(rights))
            }
            None => {
                "What it signs is signed with the key of this very home, without a limit of its own, and binds you. To \
                     limit it, add an agent's seat (counterpart seat add) and name that with --seat."
                    .to_owned()
            }
        });
    }
    lines.push(match wish.expires {
        Some(expires) => format!("It holds until {}.", when::show(expires, &when::system_zone())),
        None => "It holds until you end it.".to_owned(),
    });
    lines.push(format!("To end it: counterpart token end '{}'", render::line(&wish.name)));
    Ok(lines.join("\n"))
}
