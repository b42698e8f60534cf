//! The last word before signing: the exact text, and a question.

use counterpart_core::act::Act;
use counterpart_node::Desk;

use crate::{
    case::OpenCase,
    error::{CommandError, Done},
    json,
    possible::refused,
    render::{self, Speech},
    session::Session,
    terminal::{Style, styled},
};

/// Checks that an act would take effect, shows it, asks, signs it, and says what it became. Gives the case after it.
pub(crate) fn sign(session: &Session, desk: &Desk, case: OpenCase, act: &Act) -> Done<OpenCase> {
    sign_all(session, desk, case, std::slice::from_ref(act))
}

/// As [`sign`], for several acts that belong together: all are shown, then asked for once, then signed in order. Should
/// one be refused after all, those before it stand and were reported.
pub(crate) fn sign_all(session: &Session, desk: &Desk, mut case: OpenCase, acts: &[Act]) -> Done<OpenCase> {
    for act in acts {
        desk.preview(&case.record, act, case.now).map_err(|e| refused(&case, act, e))?;
    }
    agree(session, &text(&case, acts))?;
    let mut answers = Vec::new();
    for act in acts {
        let signed = desk.sign_on(&case.id, &mut case.record, act, counterpart_node::now());
        let signed = signed.map_err(|e| refused(&case, act, e))?;
        case = case.signed();
        if session.terminal.json {
            answers.push(json::signed(&case, &signed.id));
        } else {
            let name = case.entry_name(&signed.id);
            session.terminal.data(&name)?;
            session.terminal.say(&format!("Signed and stored as {name}."));
        }
    }
    match answers.as_slice() {
        [] => render::delivery(&case).iter().for_each(|line| session.terminal.say(line)),
        [one] => session.terminal.json(one)?,
        several => session.terminal.json(&several)?,
    }
    Ok(case)
}

/// The words a person signs: who, what, in which case.
pub(crate) fn text(case: &OpenCase, acts: &[Act]) -> String {
    let (speech, own) = (Speech::of_case(case), case.party_label(&case.own));
    let mut text = format!("In case {} ({}), as {own}:\n", render::line(&case.title), case.short());
    for act in acts {
        text.push_str(&format!("\n{}\n", render::indented(&render::in_full(&speech, &own, act), "  ")));
    }
    text
}

/// Shows what will be signed and asks, unless `--yes`.
pub(crate) fn agree(session: &Session, text: &str) -> Done {
    if session.yes {
        session.terminal.say(text);
        return Ok(());
    }
    if !session.terminal.can_ask() {
        return Err(CommandError::usage("nobody can be asked here whether to sign this, so nothing was signed")
            .hint("add --yes to sign without being asked"));
    }
    session.terminal.always(text);
    let answer = session.terminal.ask(&styled(Style::Strong, "Sign this? [y/N]"))?;
    if matches!(answer.to_lowercase().as_str(), "y" | "yes") {
        return Ok(());
    }
    Err(CommandError::failed("nothing was signed"))
}
