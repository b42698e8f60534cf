//! `counterpart webhook`

use clap::Subcommand;
use counterpart_node::{HOOK_PATIENCE, Hook, HookError, HookWish, Taking, now};
use counterpart_store::ChangeKind;
use serde_json::{Value as Json, json};

use crate::{
    error::{CommandError, Done, Kind},
    render::{line, padded, wrapped},
    session::Session,
    terminal::{Style, styled},
    when,
};

/// Tell other systems, such as a helpdesk, when something comes in: by a signed message over HTTP
///
/// Your running node (`counterpart up`) sends each receiver a short message whenever an act or a receipt comes in or is
/// signed here, or something falls due: that there is something, of what kind and in which case, not what it says. Of one
/// case it is told one thing at a time, in order; what it does not take is sent again until it does. docs/webhooks.md says
/// how a receiver checks that a message is yours.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Add a receiver; the secret it checks messages with is shown this once
    Add(AddArgs),
    /// List the receivers, and whether they take what they are told
    List,
    /// Send a receiver a message that is about nothing, now, and say what it answers
    Test(NameArg),
    /// Forget a receiver: it is told nothing more
    End(NameArg),
    /// Tell a receiver again that was switched off, from where it stopped, or one that fails, at once
    On(NameArg),
}

#[derive(Debug, clap::Args)]
struct AddArgs {
    /// What to call it here: small letters, digits, - and _
    #[arg(value_name = "NAME")]
    name: String,
    /// Where it takes messages: an address that begins with https://
    #[arg(value_name = "URL")]
    url: String,
    /// Tell it of this kind only; repeat for more [default: all but receipt.signed]
    #[arg(long, value_name = "KIND", value_parser = kind)]
    kind: Vec<ChangeKind>,
    /// It is in this machine or your own network, where http:// will do: else such addresses are never called
    #[arg(long)]
    allow_private: bool,
    /// Tell it of what came in after this change, too: 0 for all [default: only of what is still to come]
    #[arg(long, value_name = "NUMBER")]
    after: Option<u64>,
}

#[derive(Debug, clap::Args)]
struct NameArg {
    /// The receiver, by name
    #[arg(value_name = "NAME")]
    name: String,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    match &args.command {
        Command::Add(args) => add(session, args),
        Command::List => list(session),
        Command::Test(NameArg { name }) => test(session, name),
        Command::End(NameArg { name }) => end(session, name),
        Command::On(NameArg { name }) => on(session, name),
    }
}

fn kind(word: &str) -> Result<ChangeKind, String> {
    ChangeKind::from_word(word).ok_or_else(|| {
        let words: Vec<&str> = ChangeKind::ALL.iter().map(|kind| kind.as_str()).collect();
        format!("the kinds are {}", words.join(", "))
    })
}

fn add(session: &Session, args: &AddArgs) -> Done {
    let desk = session.desk()?;
    let wish = HookWish {
        name: args.name.clone(),
        url: args.url.clone(),
        kinds: args.kind.clone(),
        allow_private: args.allow_private,
        after: args.after,
    };
    let (hook, secret) = desk.add_hook(&wish, now()).map_err(failed)?;
    let terminal = session.terminal;
    if terminal.json {
        let mut answer = as_json(&hook);
        answer["schema"] = json!("counterpart/webhook-added/1");
        answer["secret"] = json!(*secret.reveal());
        return terminal.json(&answer);
    }
    terminal.data(&secret.reveal())?;
    terminal.say(&format!(
        "This is the secret of {}: give it to the receiver, which checks by it that messages are yours. It is not shown \
         again; where it is lost or known to others, end this webhook and add it anew.",
        hook.name
    ));
    terminal.say(&format!("It is told while `counterpart up` runs. Try it: counterpart webhook test {}", hook.name));
    Ok(())
}

fn list(session: &Session) -> Done {
    let desk = session.desk()?;
    let hooks = desk.hooks()?;
    let terminal = session.terminal;
    if terminal.json {
        let hooks: Vec<Json> = hooks.iter().map(as_json).collect();
        let newest = desk.newest_change()?;
        return terminal.json(&json!({"schema": "counterpart/webhooks/1", "newest_change": newest, "webhooks": hooks}));
    }
    if hooks.is_empty() {
        terminal.say("No system is told of anything. To add one: counterpart webhook add NAME https://...");
        return Ok(());
    }
    let (zone, now) = (when::system_zone(), now());
    let lines: Vec<String> = hooks.iter().map(|hook| line_of(hook, &zone, now, terminal.columns())).collect();
    terminal.data(&lines.join("\n"))
}

fn line_of(hook: &Hook, zone: &str, now: i64, columns: usize) -> String {
    let time = |at: i64| when::show_short(at, zone, now);
    let mut text = match &hook.standing {
        Taking::On => hook.told.map_or_else(|| "on".to_owned(), |at| format!("on; last told {}", time(at))),
        Taking::Failing { since, again } => {
            let why = hook.trouble.as_deref().unwrap_or("it takes nothing");
            let failing = styled(Style::Bad, &format!("fails since {}", time(*since)));
            format!("{failing}: {}; tried again {}", line(why), time(hook.again().unwrap_or(*again)))
        }
        Taking::Off { since, why } => {
            let off = styled(Style::Bad, &format!("switched off {}", time(*since)));
            format!("{off}: {}; `counterpart webhook on {}` when it is well again", line(why), hook.name)
        }
    };
    match hook.cases_waiting {
        0 => {}
        1 => text.push_str("; something of 1 case waits"),
        several => text.push_str(&format!("; something of {several} cases waits")),
    }
    if hook.standing == Taking::On
        && let Some(again) = hook.again().filter(|again| *again > now)
    {
        text.push_str(&format!("; it is being told now, and again from {} if that comes to nothing", time(again)));
    }
    let kinds: Vec<&str> = hook.kinds.iter().map(|kind| kind.as_str()).collect();
    let private = if hook.allow_private { "; may be in your own network" } else { "" };
    let text = format!("{}; {text}; told of {}{private}", line(&hook.url), kinds.join(", "));
    wrapped(&format!("{}  ", padded(&hook.name, 12)), &text, columns)
}

fn test(session: &Session, name: &str) -> Done {
    let desk = session.desk()?;
    let status = desk.test_hook(name, now(), HOOK_PATIENCE).map_err(failed)?;
    if session.terminal.json {
        let answer = json!({"schema": "counterpart/webhook-test/1", "name": name, "status": status});
        return session.terminal.json(&answer);
    }
    session.terminal.say(&format!("{name} took it, and answered with HTTP status {status}."));
    Ok(())
}

fn end(session: &Session, name: &str) -> Done {
    let desk = session.desk()?;
    desk.end_hook(name).map_err(failed)?;
    if session.terminal.json {
        return session.terminal.json(&json!({"schema": "counterpart/webhook-ended/1", "name": name}));
    }
    session.terminal.say(&format!("{name} is told nothing more. A message that is on its way may still arrive."));
    Ok(())
}

fn on(session: &Session, name: &str) -> Done {
    let desk = session.desk()?;
    let hook = desk.hook_on(name, now()).map_err(failed)?;
    if session.terminal.json {
        let mut answer = as_json(&hook);
        answer["schema"] = json!("counterpart/webhook/1");
        return session.terminal.json(&answer);
    }
    let running = if desk.node_is_running() { "" } else { " with the next start of `counterpart up`" };
    session.terminal.say(&format!("{name} is told again{running}, from where it stopped."));
    Ok(())
}

/// A receiver for programs: all but its secret.
fn as_json(hook: &Hook) -> Json {
    let kinds: Vec<&str> = hook.kinds.iter().map(|kind| kind.as_str()).collect();
    let since = match &hook.standing {
        Taking::On => None,
        Taking::Failing { since, .. } | Taking::Off { since, .. } => Some(*since),
    };
    let why = match &hook.standing {
        Taking::Off { why, .. } => Some(why),
        _ => hook.trouble.as_ref(),
    };
    json!({
        "name": hook.name,
        "url": hook.url,
        "kinds": kinds,
        "allow_private": hook.allow_private,
        "made": hook.made,
        "standing": hook.standing.as_str(),
        "since": since,
        "again": hook.again(),
        "why": why,
        "told": hook.told,
        "cases_waiting": hook.cases_waiting,
    })
}

fn failed(why: HookError) -> CommandError {
    let kind = match &why {
        HookError::Desk(why) => return why.clone().into(),
        HookError::NotTaken(_) => Kind::Unreachable,
        HookError::TooMany | HookError::Altered(_) => Kind::Failed,
        _ => Kind::Usage,
    };
    CommandError::of(kind, why.to_string())
}
