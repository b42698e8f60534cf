//! `counterpart pack`

mod cover;

use std::{
    fs,
    path::{Path, PathBuf},
};

use counterpart_core::attachment::FileRef;
use counterpart_evidence::stamps_over;
use counterpart_node::{Desk, due_instant, now};
use counterpart_process::steps::{DatedStep, Place, Standing, Want};
use counterpart_report::{Report, Source};
use serde_json::json;

use self::cover::{Cover, Shown};
use super::{CaseArg, export, report};
use crate::{
    case::OpenCase,
    disclosure::DisclosureArgs,
    error::{CommandError, Done},
    render,
    session::Session,
    written::write_whole,
};

/// Prepare what you hand to whoever decides: the file that proves the case, the report, and a page that says what is where
///
/// The folder holds the file that `export` writes, the report as HTML (and as PDF where a Chromium or Chrome is installed),
/// and cover.txt, a letter to begin with: what is asked to be shown with the entries that show it, what is missing, and
/// the dates with how far they are proven. Read it before you send it, and change cover.txt as you like. It is no advice:
/// check the rules where you live.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    case: CaseArg,
    /// The folder to write into [default: the case's short form with -pack]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// For which step, by its name (`counterpart steps CASE`) [default: the next one that is not taken]
    #[arg(long, value_name = "STEP")]
    step: Option<String>,
    /// Write over files that are there
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    disclosure: DisclosureArgs,
}

const COVER: &str = "cover.txt";
const REPORT: &str = "report.html";
const PRINTED: &str = "report.pdf";

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    let desk = session.desk()?;
    let mut case = OpenCase::open(&desk, &args.case.case)?;
    let dated = desk.dated_steps(&case.record, case.view(), case.now)?;
    let step = chosen(&dated, args.step.as_deref())?;
    let folder = args.out.clone().unwrap_or_else(|| PathBuf::from(format!("{}-pack", case.short())));
    let bundle_name = format!("{}.zip", case.short());
    let names = [bundle_name.as_str(), REPORT, PRINTED, COVER];
    let there = names.iter().map(|name| folder.join(name)).find(|file| file.exists());
    if let Some(file) = there.filter(|_| !args.force) {
        let there = CommandError::failed(format!("{} is there already; nothing was written", file.display()));
        return Err(there.hint("another folder with --out, or --force to write over what is there"));
    }
    let withheld = args.disclosure.apply(&mut case)?;
    let bundle = export::bundle(&desk, &case)?;
    let html = report_html(&desk, &case)?;
    let sha256 = render::hex(&FileRef::of(&bundle.bytes).sha256);

    fs::create_dir_all(&folder).map_err(|e| CommandError::failed(format!("{}: {e}", folder.display())))?;
    write_whole(&folder.join(&bundle_name), &bundle.bytes)?;
    write_whole(&folder.join(REPORT), html.1.as_bytes())?;
    let printed = print(&folder, &html);
    let wants = wants(&case, step);
    let cover = Cover {
        case: &case,
        step,
        wants: &wants,
        dated: &dated,
        bundle: &bundle_name,
        sha256: &sha256,
        printed: printed.is_ok(),
    };
    write_whole(&folder.join(COVER), cover.text().as_bytes())?;

    let terminal = session.terminal;
    let files: Vec<PathBuf> = names.iter().map(|name| folder.join(name)).filter(|file| file.exists()).collect();
    let missing: Vec<&str> = wants.iter().filter(|w| w.entries.is_empty()).map(|w| w.what.as_str()).collect();
    if terminal.json {
        return terminal.json(&json!({
            "schema": "counterpart/pack/1",
            "case": case.id.to_hex(),
            "folder": folder,
            "files": files,
            "step": step.map(|(dated, _)| &dated.step.id),
            "sha256": sha256,
            "wants": wants.iter().map(|w| json!({"what": w.what, "entries": w.entries})).collect::<Vec<_>>(),
            "missing": missing,
            "printed": printed.is_ok(),
            "withheld": {"values": withheld.values, "attachments": withheld.files},
        }));
    }
    for file in &files {
        terminal.data(&file.display().to_string())?;
    }
    if let Err(error) = printed {
        terminal.say(&format!("No PDF: {}. The HTML prints from any browser.", render::line(&error.message)));
    }
    if !missing.is_empty() {
        terminal.say("Not found in the case:");
        for what in &missing {
            terminal.say(&render::wrapped("  - ", &render::line(what), terminal.columns()));
        }
        if let Some((dated, _)) = step {
            terminal.say(&format!(
                "Where an entry shows it: counterpart steps {} have {} NUMBER ENTRY; what lies elsewhere: counterpart attach {} FILE",
                case.short(),
                dated.step.id,
                case.short()
            ));
        }
    }
    terminal.say(&format!("Read {} and change it as you like. Nothing was sent.", folder.join(COVER).display()));
    Ok(())
}

type Dated = (DatedStep, Standing);

/// The step that was named, or the next one that is not taken: of those that can be taken the one that ends first.
fn chosen<'d>(dated: &'d [Dated], named: Option<&str>) -> Done<Option<&'d Dated>> {
    if let Some(name) = named {
        let found = dated.iter().find(|(dated, _)| dated.step.id == name);
        let names: Vec<&str> = dated.iter().map(|(dated, _)| dated.step.id.as_str()).collect();
        let unknown = || {
            let error = CommandError::usage(format!("there is no step '{name}' in this case"));
            if names.is_empty() { error } else { error.hint(format!("there are {}", names.join(", "))) }
        };
        return found.map(Some).ok_or_else(unknown);
    }
    let open = dated.iter().filter(|(_, standing)| *standing == Standing::Open);
    let first = open.min_by_key(|(dated, _)| dated.until.map_or(i64::MAX, |until| until.safe));
    let ahead = || dated.iter().find(|(_, s)| matches!(s, Standing::Ahead | Standing::Uncounted(_)));
    Ok(first.or_else(ahead))
}

/// What is asked to be shown, with what of it is in the case. Where no step says, what is asked for most often.
fn wants(case: &OpenCase, step: Option<&Dated>) -> Vec<Shown> {
    let usual = || {
        let want =
            |(what, place): (&str, Place)| Want { what: what.to_owned(), place: Some(place), entries: Vec::new() };
        let usual = [
            ("Who was spoken to, when, and what was said", Place::Contacts),
            ("What was promised or agreed", Place::Promises),
            ("That they were reminded", Place::Reminders),
            ("Which due times passed", Place::Missed),
            ("Bills, letters, pictures and other papers", Place::Files),
        ];
        usual.into_iter().map(want).collect::<Vec<_>>()
    };
    let wants = step.map(|(dated, _)| dated.step.wants.clone()).filter(|wants| !wants.is_empty()).unwrap_or_else(usual);
    let shown = |want: Want| {
        let entries = counterpart_process::steps::found(&case.record, case.view(), &want);
        Shown { entries: entries.iter().map(|id| case.entry_name(id)).collect(), what: want.what }
    };
    wants.into_iter().map(shown).collect()
}

/// The report, and how many entries it has.
fn report_html(desk: &Desk, case: &OpenCase) -> Done<(usize, String)> {
    let kept = desk.stamps_over(&case.record)?.into_iter().map(|held| held.kept);
    let stamps = stamps_over(&case.record, kept, desk.stamp_roots()?.as_ref());
    let source = Source {
        record: &case.record,
        made_at: now(),
        holder: Some(desk.party()),
        bundle: None,
        stamps: &stamps,
        due: &due_instant,
    };
    let report = Report::of(&source).ok_or_else(|| CommandError::failed("this case has not arrived yet"))?;
    let html = report::html(&report, Some(counterpart_report::Paper::A4))?;
    Ok((report.entries, html))
}

fn print(folder: &Path, (entries, html): &(usize, String)) -> Done {
    let file = folder.join(PRINTED);
    let printed = report::print(html, &file, *entries);
    if printed.is_err() {
        // One of an earlier time does not belong to what is there now.
        drop(fs::remove_file(&file));
    }
    printed
}
