//! The last word before signing: the exact text, and a question.

use counterpart_core::{act::Act, attachment::FileRef, fold::Reason, record::DraftError};
use counterpart_node::{Desk, DeskError};

use crate::{
    attachment,
    case::OpenCase,
    commands::stamp::after_an_act,
    error::{CommandError, Done, Kind},
    json,
    possible::refused,
    render,
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
        desk.preview(&case.record, act, case.now).map_err(|e| not_signed(&case, act, e))?;
    }
    let files = attachment::going_along(acts);
    attachment::room_for(&case, &files)?;
    let mut shown = text(&case, acts);
    for (_, path) in &files {
        let path = render::line(&path.display().to_string());
        shown.push_str(&format!("\nWith it go the bytes of {path}: kept here, and sent to everybody in the case.\n"));
    }
    agree(session, &shown)?;
    // Durable before what names them is signed.
    for (file, path) in &files {
        desk.keep_file(&case.id, file, path)?;
        let held: Vec<FileRef> = case.record.files().copied().chain([*file]).collect();
        case.record.set_files(held);
    }
    let mut answers = Vec::new();
    for act in acts {
        let signed = desk.sign_on(&case.id, &mut case.record, act, counterpart_node::now());
        let signed = signed.map_err(|e| not_signed(&case, act, e))?;
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
    after_an_act(session, desk, &case);
    Ok(case)
}

/// Why an act was not signed. What cannot be about the entry that was named was not understood.
fn not_signed(case: &OpenCase, act: &Act, error: DeskError) -> CommandError {
    let other_kind = matches!(error, DeskError::Draft(DraftError::WithoutEffect(Reason::UnknownReference)));
    let refusal = refused(case, act, error);
    if !other_kind {
        return refusal;
    }
    let hint = format!("`counterpart log {}` lists all entries with what they are", case.short());
    CommandError { kind: Kind::Usage, hint: refusal.hint.clone().or(Some(hint)), ..refusal }
}

/// The words a person signs: who, what, in which case.
pub(crate) fn text(case: &OpenCase, acts: &[Act]) -> String {
    render::to_be_signed(case, acts)
}

/// Shows what will be signed and asks, unless `--yes`.
pub(crate) fn agree(session: &Session, text: &str) -> Done {
    ask_first(session, text, "Sign this?", "signed")
}

/// Shows what will be done and asks, unless `--yes`; `done` is what nothing was otherwise.
pub(crate) fn ask_first(session: &Session, text: &str, question: &str, done: &str) -> Done {
    if session.yes {
        session.terminal.say(text);
        return Ok(());
    }
    if !session.terminal.can_ask() {
        return Err(CommandError::usage(format!("nobody can be asked here, so nothing was {done}"))
            .hint("add --yes to go on without being asked"));
    }
    session.terminal.always(text);
    let answer = session.terminal.ask(&styled(Style::Strong, &format!("{question} [y/N]")))?;
    if matches!(answer.to_lowercase().as_str(), "y" | "yes") {
        return Ok(());
    }
    Err(CommandError::failed(format!("nothing was {done}")))
}
