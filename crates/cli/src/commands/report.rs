//! `counterpart report`

mod browser;
mod json;

use std::{fs, io::Write as _, path::PathBuf};

use counterpart_node::{HeldStamp, due_instant, now};
use counterpart_report::{Paper, Report, Source, Stamp};

use super::CaseArg;
use crate::{
    case::OpenCase,
    disclosure::DisclosureArgs,
    error::{CommandError, Done},
    session::Session,
};

/// Write a case as a report for reading and printing: who signed what, what became of it, how far it is proven
///
/// One page of HTML with everything inside it, for any browser; with --pdf a PDF. Everything of the case is in it, also the
/// names and numbers that were kept beside the record, as far as they are here; --withhold leaves some of these out. Give
/// it only to whom it concerns. It carries no signatures; the file that `export` writes does, and the report says how to
/// compare the two.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    case: CaseArg,
    /// The file to write [default: the case's short form with .html, or .pdf]
    file: Option<PathBuf>,
    /// Print it to PDF, with a Chromium or Chrome that is installed here (or the one that COUNTERPART_BROWSER names)
    #[arg(long)]
    pdf: bool,
    /// The paper to print on [default: a4 for --pdf, else whatever is in the printer]
    #[arg(long, value_enum)]
    paper: Option<PaperArg>,
    /// The language of the report's own words; what the parties wrote stays as they wrote it
    #[arg(long, value_enum, default_value = "en")]
    lang: Language,
    /// Write over a file that is there
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    disclosure: DisclosureArgs,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum PaperArg {
    A4,
    Letter,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Language {
    En,
}

impl From<PaperArg> for Paper {
    fn from(paper: PaperArg) -> Self {
        match paper {
            PaperArg::A4 => Self::A4,
            PaperArg::Letter => Self::Letter,
        }
    }
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    // One language so far: nothing depends on it yet.
    let Language::En = args.lang;
    let desk = session.desk()?;
    let mut case = OpenCase::open(&desk, &args.case.case)?;
    let withheld = args.disclosure.apply(&mut case)?;
    let believed = desk.stamps_over(&case.record)?;
    let stamp = |held: &HeldStamp| Some(Stamp { proves: held.proves()?, service: held.service().map(str::to_owned) });
    let stamps: Vec<Stamp> = believed.iter().filter_map(stamp).collect();
    let (made_at, holder) = (now(), Some(desk.party()));
    let source = Source { record: &case.record, made_at, holder, stamps: &stamps, due: &due_instant };
    let report = Report::of(&source).ok_or_else(|| CommandError::failed("this case has not arrived yet"))?;
    // For programs the data alone, unless a file was asked for.
    let file = match (&args.file, session.terminal.json && !args.pdf) {
        (None, true) => None,
        (Some(file), _) => Some(file.clone()),
        (None, false) => Some(PathBuf::from(format!("{}.{}", case.short(), if args.pdf { "pdf" } else { "html" }))),
    };
    if let Some(file) = &file {
        if file.exists() && !args.force {
            let there = CommandError::failed(format!("{} is there already; nothing was written", file.display()));
            return Err(there.hint("another name, or --force to write over it"));
        }
        let paper = args.paper.map(Paper::from);
        if args.pdf {
            let html = html(&report, Some(paper.unwrap_or(Paper::A4)))?;
            browser::print(&html, file, report.entries)?;
        } else {
            write(file, html(&report, paper)?.as_bytes())?;
        }
    }
    if session.terminal.json {
        return session.terminal.json(&json::report(&report, file.as_deref()));
    }
    if let Some(file) = &file {
        session.terminal.data(&file.display().to_string())?;
    }
    if withheld.values > 0 {
        session.terminal.say(&format!(
            "Left out: {} sealed values. Whoever reads it sees that they are there, and not what they say.",
            withheld.values
        ));
    }
    session.terminal.say(if args.pdf {
        "It is for reading: what it says is proven by the file that `counterpart export` writes."
    } else {
        "Open it in any browser; it prints as it is. What it says is proven by the file that `counterpart export` writes."
    });
    Ok(())
}

fn html(report: &Report, paper: Option<Paper>) -> Done<String> {
    report.html(paper).map_err(|e| CommandError::failed(format!("the report could not be put together: {e}")))
}

/// The file appears whole or not at all.
fn write(file: &std::path::Path, bytes: &[u8]) -> Done {
    let mut name = file.file_name().unwrap_or_default().to_owned();
    name.push(".writing");
    let making = file.with_file_name(name);
    let written = fs::File::create(&making).and_then(|mut out| {
        out.write_all(bytes)?;
        out.sync_all()
    });
    written.and_then(|()| fs::rename(&making, file)).map_err(|e| {
        // Half a file helps nobody; if it cannot be removed either, the disk has other troubles.
        drop(fs::remove_file(&making));
        CommandError::failed(format!("{}: {e}", file.display()))
    })
}
