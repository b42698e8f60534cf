//! `counterpart stamp`

use std::{
    fs,
    io::Read as _,
    path::{Path, PathBuf},
    time::Duration,
};

use counterpart_core::id::short_form;
use counterpart_node::{Desk, PATIENCE, ServiceUrl, StampError, StampSettings, Standing};
use counterpart_timestamp::{MAX_ROOTS_FILE, Roots};
use serde_json::json;

use crate::{
    case::OpenCase,
    confirm,
    error::{CommandError, Done, Kind},
    render,
    session::Session,
    stamped, when,
};

/// Have a time-stamp service sign that a case, as it stands, was there at this time
///
/// Your own clock proves nothing to others. A time-stamp service (RFC 3161) signs a hash of the case together with its
/// own time: whoever trusts it knows from then on that nothing in the case was made up later. Only the hash leaves this
/// machine.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The case: its short form such as K7F2-Q9XA-3, the first characters of it, or . for your only case
    #[arg(value_name = "CASE", required_unless_present = "configure")]
    case: Option<String>,
    /// Show the time stamps kept for the case, and what waits for one
    #[arg(long, conflicts_with_all = ["service", "configure"])]
    list: bool,
    /// The service to ask, by its http or https address; without it the one you chose with --configure
    #[arg(long, value_name = "URL", conflicts_with = "configure")]
    service: Option<String>,
    /// A file with the service's root certificate (.pem, .crt or .der), from the service's own pages
    #[arg(long, value_name = "FILE")]
    root: Option<PathBuf>,
    /// Choose the service to ask from now on; nothing is sent
    #[arg(long, value_name = "URL", conflicts_with = "case")]
    configure: Option<String>,
    /// Ask for a time stamp unasked, whenever something is agreed
    #[arg(long, requires = "configure")]
    at_agreements: bool,
    /// How many seconds the service may take
    #[arg(long, value_name = "SECONDS", default_value_t = PATIENCE.as_secs(), value_parser = clap::value_parser!(u64).range(1..=600))]
    wait: u64,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    let desk = session.desk()?;
    if let Some(url) = &args.configure {
        return configure(session, &desk, url, args);
    }
    let case = OpenCase::open(&desk, args.case.as_deref().unwrap_or("."))?;
    if args.list { list(session, &desk, &case, args.root.as_deref()) } else { stamp(session, &desk, &case, args) }
}

fn configure(session: &Session, desk: &Desk, url: &str, args: &Args) -> Done {
    let service = url_of(url)?;
    let known = desk.stamp_roots()?;
    let named = args.root.as_deref().map(roots_of).transpose()?;
    let Some(shown) = named.as_ref().or(known.as_ref()) else { return Err(no_root()) };
    if let Some(named) = &named {
        desk.trust_stamp_roots(named)?;
    }
    let settings = StampSettings { service, at_agreements: args.at_agreements };
    desk.keep_stamp_settings(&settings)?;
    let terminal = session.terminal;
    if terminal.json {
        let root = |r: &counterpart_timestamp::Root| json!({"sha256": render::hex(&r.fingerprint), "name": r.name});
        return terminal.json(&json!({
            "schema": "counterpart/stamp-service/1",
            "service": settings.service.as_str(),
            "at_agreements": settings.at_agreements,
            "roots": shown.all().iter().map(root).collect::<Vec<_>>(),
        }));
    }
    terminal.data(&render::line(settings.service.as_str()))?;
    for line in roots_in_words(shown) {
        terminal.say(&line);
    }
    terminal.say(
        "Compare this with what the service publishes, on its pages or in its policy: it decides whom you believe.",
    );
    terminal.say(if settings.at_agreements {
        "From now on a time stamp is asked for whenever something is agreed: the service gets a hash each time."
    } else {
        "Nothing is sent unasked. A time stamp: counterpart stamp CASE. With --at-agreements it goes by itself."
    });
    Ok(())
}

fn stamp(session: &Session, desk: &Desk, case: &OpenCase, args: &Args) -> Done {
    let service = match &args.service {
        Some(url) => url_of(url)?,
        None => match desk.stamp_settings()? {
            Some(settings) => settings.service,
            None => {
                return Err(CommandError::usage("no time-stamp service is chosen yet").hint(
                    "counterpart stamp --configure URL --root FILE.pem; docs/time-stamps.md says how to find one",
                ));
            }
        },
    };
    let named = args.root.as_deref().map(roots_of).transpose()?;
    let Some(roots) = named.clone().map_or_else(|| desk.stamp_roots(), |named| Ok(Some(named)))? else {
        return Err(no_root());
    };
    let request = desk.stamp_request(&case.record)?;
    let heads: Vec<String> = request.heads.iter().map(|head| case.entry_name(head)).collect();
    let words = format!(
        "A time stamp for case {} ({}), up to {}: {}.\n\n  \
         What leaves this machine: a hash that tells nothing of the case, and a number made up for this request.\n  \
         SHA-256: {}\n  \
         To: {}\n  \
         The service sees this machine's network address, and nothing else of you.\n",
        render::line(&case.title),
        case.short(),
        heads.join(", "),
        match case.record.graph().len() {
            1 => "1 entry".to_owned(),
            n => format!("{n} entries"),
        },
        render::hex(&request.imprint),
        render::line(service.as_str()),
    );
    confirm::ask_first(session, &words, "Send this?", "sent")?;
    let answer = request.send(&service, Duration::from_secs(args.wait));
    let kept = answer.map_err(StampError::from).and_then(|answer| desk.keep_stamp(&request, &answer, &roots));
    let held = kept.map_err(|why| failed(why, args.root.is_some()))?;
    let new = match (&named, desk.stamp_roots()?) {
        (Some(named), known) => !named.all().iter().all(|r| known.as_ref().is_some_and(|k| k.all().contains(r))),
        (None, _) => false,
    };
    if let Some(named) = named.filter(|_| new) {
        desk.trust_stamp_roots(&named)?;
        session.terminal.say("The root certificate is kept, so that the time stamp can be checked again:");
        for line in roots_in_words(&named) {
            session.terminal.say(&line);
        }
    }
    if session.terminal.json {
        let mut answer = stamped::stamp_json(case, &held);
        answer["schema"] = json!("counterpart/stamp/1");
        answer["case"] = json!(case.id.to_hex());
        return session.terminal.json(&answer);
    }
    let Standing::Valid(stamp) = &held.standing else {
        return Err(CommandError::failed("the time stamp was kept, and is not believed"));
    };
    session.terminal.data(&when::show(stamp.at, case.zone()))?;
    session.terminal.say(&format!(
        "Kept: a {}{}. All that is in the case now was there at that time.",
        stamped::by(stamp.service.as_deref()),
        stamped::accuracy(stamp.accuracy),
    ));
    Ok(())
}

fn list(session: &Session, desk: &Desk, case: &OpenCase, root: Option<&Path>) -> Done {
    if let Some(root) = root {
        return Err(CommandError::usage(format!(
            "{} was not read: --list checks with the roots kept here",
            root.display()
        ))
        .hint("keep it: counterpart stamp --configure URL --root FILE"));
    }
    let held = desk.stamps_over(&case.record)?;
    let waiting: Vec<_> = desk.wanted_stamps()?.into_iter().filter(|wanted| wanted.case == case.id).collect();
    let settings = desk.stamp_settings()?;
    let terminal = session.terminal;
    if terminal.json {
        let waits = |w: &counterpart_store::WantedStamp| json!({"entry": w.entry.to_hex(), "ref": case.entry_name(&w.entry), "since": w.since, "trouble": w.trouble});
        return terminal.json(&json!({
            "schema": "counterpart/stamps/1",
            "case": case.id.to_hex(),
            "service": settings.as_ref().map(|s| s.service.as_str()),
            "at_agreements": settings.as_ref().is_some_and(|s| s.at_agreements),
            "stamps": held.iter().map(|stamp| stamped::stamp_json(case, stamp)).collect::<Vec<_>>(),
            "waiting": waiting.iter().map(waits).collect::<Vec<_>>(),
        }));
    }
    for stamp in &held {
        terminal.data(&stamped::in_words(case, stamp))?;
    }
    if held.is_empty() {
        terminal.say("No time stamp is kept for this case.");
    }
    for wanted in &waiting {
        let since = when::show_short(wanted.since, case.zone(), case.now);
        let why = wanted.trouble.as_ref().map(|why| format!(": {}", render::line(why))).unwrap_or_default();
        terminal.data(&format!("{} waits for a time stamp since {since}{why}", case.entry_name(&wanted.entry)))?;
    }
    if !waiting.is_empty() {
        terminal.say(&format!(
            "Nothing is lost: `counterpart up` asks again by itself, and so does `counterpart stamp {}`.",
            case.short()
        ));
    }
    Ok(())
}

fn roots_in_words(roots: &Roots) -> Vec<String> {
    let name = |root: &counterpart_timestamp::Root| root.name.as_deref().map_or("(no name)".to_owned(), render::line);
    roots
        .all()
        .iter()
        .map(|r| format!("Root certificate: {}, SHA-256 {}", name(r), render::hex(&r.fingerprint)))
        .collect()
}

fn url_of(text: &str) -> Done<ServiceUrl> {
    ServiceUrl::parse(text).map_err(|why| {
        CommandError::usage(format!("'{}' is not the address of a time-stamp service: {why}", render::line(text)))
    })
}

/// Reads root certificates, but no more of a file than they take.
pub(super) fn roots_of(file: &Path) -> Done<Roots> {
    let failed = |why: String| CommandError::usage(format!("{}: {why}", file.display()));
    let most = u64::try_from(MAX_ROOTS_FILE).unwrap_or(u64::MAX).saturating_add(1);
    let mut bytes = Vec::new();
    let read = fs::File::open(file).and_then(|f| f.take(most).read_to_end(&mut bytes));
    read.map_err(|e| failed(e.to_string()))?;
    Roots::read(&bytes).map_err(|why| failed(why.to_string()))
}

fn no_root() -> CommandError {
    CommandError::usage("no root certificate is kept here, so nothing could tell a time stamp from a made-up one")
        .hint("--root FILE.pem with the root certificate that the service publishes")
}

fn failed(why: StampError, root_named: bool) -> CommandError {
    let kind = match &why {
        StampError::Service(_) => Kind::Unreachable,
        StampError::Response(_) | StampError::Token(_) | StampError::Trust(_) | StampError::TooLarge => {
            Kind::Verification
        }
        StampError::Desk(_) => Kind::Failed,
    };
    let hint = match &why {
        StampError::Service(_) => "nothing was kept, and nothing is lost: ask again later, or another service",
        StampError::Trust(_) if root_named => "is that the root certificate of this service?",
        StampError::Trust(_) => "if the service has a new root certificate, name it with --root",
        _ => "nothing was kept; another service may do better",
    };
    match why {
        StampError::Desk(why) => why.into(),
        other => CommandError::of(kind, other.to_string()).hint(hint),
    }
}

/// After an act: if something was agreed by it and this home wants a time stamp for that, asks for it, unless the node
/// does. Whatever comes of it, the act stands.
pub(crate) fn after_an_act(session: &Session, desk: &Desk, case: &OpenCase) {
    let wanted = desk.wanted_stamps().is_ok_and(|all| all.iter().any(|wanted| wanted.case == case.id));
    if !wanted || desk.node_is_running() {
        return;
    }
    let (Ok(Some(settings)), Ok(Some(roots))) = (desk.stamp_settings(), desk.stamp_roots()) else { return };
    let Ok(request) = desk.stamp_request(&case.record) else { return };
    let answer = request.send(&settings.service, SHORT_PATIENCE);
    let kept = answer.map_err(StampError::from).and_then(|answer| desk.keep_stamp(&request, &answer, &roots));
    match kept {
        Ok(held) => {
            if let Standing::Valid(stamp) = &held.standing {
                let time = when::show(stamp.at, case.zone());
                session.terminal.say(&format!("Kept: a {} of {time}.", stamped::by(stamp.service.as_deref())));
            }
        }
        Err(why) => {
            let told = desk.stamp_failed(&case.id, &why);
            let lost = told.err().map(|e| format!(" ({e})")).unwrap_or_default();
            session.terminal.say(&format!(
                "No time stamp yet: {}{lost}. `counterpart up` asks again by itself; or: counterpart stamp {}",
                render::line(&why.to_string()),
                short_form(&case.id.0)
            ));
        }
    }
}

/// Nobody waits long for what comes later by itself.
const SHORT_PATIENCE: Duration = Duration::from_secs(5);
