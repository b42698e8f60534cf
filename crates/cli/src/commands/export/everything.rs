//! `counterpart export everything`

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use counterpart_core::id::CaseId;
use counterpart_node::{Desk, DeskError, LetterState, now};
use serde_json::{Value as Json, json};
use sha2::{Digest as _, Sha256};

use super::bundle;
use crate::{
    case::OpenCase,
    commands::notebook,
    error::{CommandError, Done},
    json,
    progress::Progress,
    render::{self, line},
    session::Session,
    written::write_whole,
};

const README: &str = "\
Everything that a home of Counterpart held, for people and programs.

cases/NAME/case.zip     the case as signed, with its files: counterpart verify case.zip checks it
cases/NAME/show.json    how it stood
cases/NAME/log.json     every entry in words, oldest first
cases/NAME/beside.json  what was kept here beside the record and never sent: asides, who has it, what other systems
                        call it, private notes, letters
notebook.json           the notebook
manifest.json           all files with their SHA-256, and the cases

There are no keys in it, no passwords and no tokens: counterpart identity backup keeps the keys.
";

/// Write all cases into a folder, with what is kept beside them: to keep, to move on, to read with other programs
///
/// Of each case the file that anybody can verify, and how it stands and what was signed as JSON. Internal asides, private
/// notes and the notebook are in it, keys are not: give it to nobody whom all of that does not concern.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The folder; made, or empty
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

/// What was written so far.
struct Writing<'a> {
    folder: &'a Path,
    files: Vec<Json>,
}

impl Writing<'_> {
    fn put(&mut self, path: &str, bytes: &[u8]) -> Done {
        let file = self.folder.join(path);
        if let Some(folder) = file.parent() {
            make(folder)?;
        }
        write_whole(&file, bytes)?;
        let sha256 = render::hex(&Sha256::digest(bytes));
        self.files.push(json!({"path": path, "bytes": bytes.len(), "sha256": sha256}));
        Ok(())
    }

    fn put_json(&mut self, path: &str, value: &impl serde::Serialize) -> Done {
        let text = serde_json::to_string_pretty(value).map_err(|e| CommandError::failed(e.to_string()))?;
        self.put(path, format!("{text}\n").as_bytes())
    }
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    let desk = session.desk()?;
    let terminal = session.terminal;
    begin(&args.folder)?;
    let mut writing = Writing { folder: &args.folder, files: Vec::new() };
    writing.put("README.txt", README.as_bytes())?;
    let all = desk.summaries()?;
    let progress = Progress::new(terminal, "Cases");
    let (mut cases, mut faults) = (Vec::new(), Vec::new());
    for (done, summary) in (1..).zip(&all) {
        match write_case(&desk, &summary.case, &mut writing) {
            Ok(case) => cases.push(case),
            // The others are wanted all the same.
            Err(error) => faults.push(json!({"case": summary.case.to_hex(), "why": error.message})),
        }
        progress.at(done, all.len() as u64);
    }
    drop(progress);
    let notes = notebook::all_json(&desk)?;
    writing.put_json("notebook.json", &json!({"schema": "counterpart/notebook/1", "notes": notes}))?;
    let manifest = json!({
        "schema": "counterpart/everything/1",
        "at": now(),
        "party": desk.party().to_hex(),
        "cases": cases,
        "faults": faults,
        "files": writing.files,
    });
    writing.put_json("manifest.json", &manifest)?;
    if terminal.json {
        terminal.json(&json!({
            "schema": "counterpart/export-everything/1",
            "folder": args.folder,
            "cases": cases.len(),
            "faults": faults,
        }))?;
    } else {
        terminal.data(&args.folder.display().to_string())?;
        terminal
            .say(&format!("{} cases written. Each can be checked by itself: counterpart verify case.zip", cases.len()));
    }
    match faults.first() {
        None => Ok(()),
        Some(first) => Err(CommandError::failed(format!(
            "{} cases could not be written; the first: {}",
            faults.len(),
            line(first["why"].as_str().unwrap_or_default())
        ))
        .hint("counterpart doctor looks for what is wrong; manifest.json names all of them")),
    }
}

/// A folder for its owner alone, in which there is nothing yet.
fn begin(folder: &Path) -> Done {
    let failed = |e: io::Error| CommandError::failed(format!("{}: {e}", folder.display()));
    match fs::read_dir(folder) {
        Ok(mut inside) => {
            if inside.next().is_some() {
                return Err(CommandError::failed(format!("{} is not empty; nothing was written", folder.display()))
                    .hint("name another folder"));
            }
            Ok(())
        }
        Err(e) if e.kind() == io::ErrorKind::NotFound => make(folder),
        Err(e) => Err(failed(e)),
    }
}

fn make(folder: &Path) -> Done {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(|e| CommandError::failed(format!("{}: {e}", folder.display())))
}

fn write_case(desk: &Desk, id: &CaseId, writing: &mut Writing<'_>) -> Done<Json> {
    let case = OpenCase::open_with_stamps(desk, &id.to_hex())?;
    let folder = format!("cases/{}", case.short());
    let bundle = bundle(desk, &case)?;
    writing.put(&format!("{folder}/case.zip"), &bundle.bytes)?;
    writing.put_json(&format!("{folder}/show.json"), &json::show(&case))?;
    writing.put_json(&format!("{folder}/log.json"), &json::log(&case, render::log_lines(&case)))?;
    let external = desk.with_store(|store| store.external_ids(*id)).map_err(DeskError::from)?;
    let external: Vec<Json> = external.iter().map(|e| json!({"system": e.system, "id": e.id})).collect();
    writing.put_json(&format!("{folder}/beside.json"), &beside(desk, &case, &external)?)?;
    Ok(json!({
        "case": id.to_hex(),
        "short": case.short(),
        "title": case.title,
        "entries": case.view().entries,
        "folder": folder,
        "external": external,
    }))
}

/// What stands beside a case here, and with nobody else.
fn beside(desk: &Desk, case: &OpenCase, external: &[Json]) -> Done<Json> {
    let asides = desk.asides(&case.id)?;
    let asides: Vec<Json> =
        asides.iter().map(|a| json!({"number": a.number, "at": a.at, "agent": a.agent, "text": a.text})).collect();
    let assigned = desk.assigned(&case.id)?;
    let letters = desk.with_store(|store| store.letters_of(case.id)).map_err(DeskError::from)?;
    let letters: Vec<Json> = letters
        .iter()
        .filter(|letter| LetterState::from_word(&letter.state).is_some())
        .map(|letter| {
            let body: Json = serde_json::from_str(&letter.body).unwrap_or_else(|_| Json::from(letter.body.as_str()));
            json!({"occasion": letter.occasion, "state": letter.state, "due": letter.due, "letter": body})
        })
        .collect();
    Ok(json!({
        "schema": "counterpart/beside/1",
        "case": case.id.to_hex(),
        "asides": asides,
        "assigned": assigned.map(|a| json!({"agent": a.agent, "at": a.at})),
        "external": external,
        "private_notes": notebook::private_json(desk, case)?,
        "letters": letters,
    }))
}
