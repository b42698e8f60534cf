//! `counterpart mail show`

use counterpart_mail::Security;
use counterpart_node::{MailSecret, MailServer, MailSettings, MailState};
use serde_json::{Value as Json, json};

use crate::{
    error::{CommandError, Done},
    render,
    session::Session,
    when,
};

/// Show how your mail is set up, and when the mailbox was last looked into; never a password
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

pub(crate) fn run(session: &Session, _args: &Args) -> Done {
    let desk = session.desk()?;
    let (settings, state) = (desk.mail_settings()?, desk.mail_state());
    let terminal = session.terminal;
    if terminal.json {
        return terminal.json(&as_json(settings.as_ref(), Some(&state)));
    }
    let Some(settings) = settings else {
        return Err(
            CommandError::failed("no mail is set up here; nothing needs it").hint("`counterpart mail set` sets it up")
        );
    };
    terminal.data(&in_words(&settings))?;
    if settings.fetch.is_some() && state.at > 0 {
        let zone = jiff::tz::TimeZone::system();
        let at = when::show(state.at, zone.iana_name().unwrap_or("UTC"));
        let came = state.trouble.as_ref().map_or("it went well".to_owned(), |why| render::line(why));
        terminal.data(&format!("last look  {at}: {came}"))?;
    }
    Ok(())
}

/// The settings for people.
pub(super) fn in_words(settings: &MailSettings) -> String {
    let mut lines = vec![format!("address    {}", render::line(&settings.own.to_string()))];
    if let Some(send) = &settings.send {
        lines.push(format!("sending    {}", server_in_words(send)));
    }
    if let Some(fetch) = &settings.fetch {
        lines.push(format!("mailbox    {}", server_in_words(&fetch.server)));
        let every = match fetch.every {
            Some(minutes) => format!("every {minutes} minutes while `counterpart up` runs"),
            None => "only when asked: counterpart mail fetch".to_owned(),
        };
        lines.push(format!("folder     {}, {every}", render::line(&fetch.folder)));
    }
    if !settings.roots.is_empty() {
        lines.push(format!("trusted    {} root certificate of your own choice", settings.roots.len()));
    }
    lines.join("\n")
}

fn server_in_words(server: &MailServer) -> String {
    let how = match server.security {
        Security::Tls => "TLS",
        Security::StartTls => "STARTTLS",
        Security::Plain => "not protected",
    };
    let login = match &server.login {
        None => "no login".to_owned(),
        Some((user, secret)) => format!("as {}, {}", render::line(user), secret_in_words(secret)),
    };
    format!("{}:{} ({how}), {login}", render::line(&server.host), server.port)
}

fn secret_in_words(secret: &MailSecret) -> String {
    match secret {
        MailSecret::Kept(_) => "password kept here".to_owned(),
        MailSecret::PasswordFile(path) => format!("password in {}", render::line(&path.display().to_string())),
        MailSecret::TokenFile(path) => format!("token in {}", render::line(&path.display().to_string())),
    }
}

/// The settings for programs; the state where it was asked for.
pub(super) fn as_json(settings: Option<&MailSettings>, state: Option<&MailState>) -> Json {
    let server = |server: &MailServer| {
        let (user, secret) = server.login.as_ref().map_or((None, None), |(user, secret)| (Some(user), Some(secret)));
        let secret = secret.map(|secret| match secret {
            MailSecret::Kept(_) => json!({"kind": "kept"}),
            MailSecret::PasswordFile(path) => json!({"kind": "password-file", "file": path.display().to_string()}),
            MailSecret::TokenFile(path) => json!({"kind": "token-file", "file": path.display().to_string()}),
        });
        json!({
            "host": server.host, "port": server.port, "security": server.security.as_str(), "user": user, "secret": secret,
        })
    };
    let fetch = settings.and_then(|settings| settings.fetch.as_ref());
    json!({
        "schema": "counterpart/mail-settings/1",
        "address": settings.map(|settings| settings.own.to_string()),
        "send": settings.and_then(|settings| settings.send.as_ref()).map(server),
        "fetch": fetch.map(|fetch| server(&fetch.server)),
        "folder": fetch.map(|fetch| fetch.folder.clone()),
        "every_minutes": fetch.and_then(|fetch| fetch.every),
        "roots": settings.map_or(0, |settings| settings.roots.len()),
        "last_look": state.filter(|state| state.at > 0).map(|state| json!({"at": state.at, "trouble": state.trouble})),
    })
}
