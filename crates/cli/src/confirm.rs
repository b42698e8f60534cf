//! The last word before signing: the exact text, and a question.

use counterpart_core::{act::Act, record::Signed};
use counterpart_node::Desk;

use crate::{
    case::OpenCase,
    error::{CommandError, Done, refused},
    json,
    render::{self, Speech},
    session::Session,
    terminal::{Style, styled},
};

/// Checks that an act would take effect, shows it, asks, signs it, and says what it became. Gives the case after it.
pub(crate) fn sign(session: &Session, desk: &Desk, mut case: OpenCase, act: &Act) -> Done<OpenCase> {
    desk.preview(&case.record, act, case.now).map_err(|e| refused(&case, e))?;
    agree(session, &text(&case, act))?;
    let signed = desk.sign_on(&case.id, &mut case.record, act, counterpart_node::now());
    let signed = signed.map_err(|e| refused(&case, e))?;
    let case = case.signed();
    report(session, &case, &signed)?;
    Ok(case)
}

/// The words a person signs: who, what, in which case.
pub(crate) fn text(case: &OpenCase, act: &Act) -> String {
    let speech = Speech::of_case(case);
    format!(
        "In case {} ({}), as {}:\n\n{}\n",
        render::line(&case.title),
        case.short(),
        case.party_label(&case.own),
        render::indented(&render::in_full(&speech, &case.party_label(&case.own), act), "  ")
    )
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

/// Says what was signed: its name on standard output, what comes next beside it.
fn report(session: &Session, case: &OpenCase, signed: &Signed) -> Done {
    let name = case.entry_name(&signed.id);
    if session.terminal.json {
        return session.terminal.json(&json::signed(case, &signed.id));
    }
    session.terminal.data(&name)?;
    session.terminal.say(&format!("Signed and stored as {name}."));
    for line in render::delivery(case) {
        session.terminal.say(&line);
    }
    Ok(())
}
