//! `counterpart report`

mod browser;
mod json;
mod made_from;

use std::path::PathBuf;

use counterpart_node::{due_instant, now};
use counterpart_report::{Paper, Report, Source};

pub(super) use self::browser::print;
use self::made_from::MadeFrom;
use crate::{
    disclosure::DisclosureArgs,
    error::{CommandError, Done},
    render::line,
    session::Session,
    written::{not_over, write_whole},
};

/// Write a case as a report for reading and printing: who signed what, what became of it, how far it is proven
///
/// One page of HTML with everything inside it, for any browser; with --pdf a PDF. Everything of the case is in it, also the
/// names and numbers that were kept beside the record, as far as they are here; --withhold leaves some of these out. Give
/// it only to whom it concerns. It carries no signatures; the file that `export` writes does, and the report says how to
/// compare the two.
///
/// Whoever was given such a file has the same report made from it, and needs no identity for that: counterpart report
/// case.zip. The file is verified first, whole; one that does not hold is refused, with the reason.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The case: its short form such as K7F2-Q9XA-3, the first characters of it, or . for your only case; or a file that
    /// `export` wrote, such as case.zip
    #[arg(value_name = "CASE|BUNDLE")]
    case: String,
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
    /// Believe time stamps that the root certificates in this file vouch for (.pem, .crt or .der); repeat for more. For a
    /// case of yours those you keep count as well
    #[arg(long, value_name = "ROOTS")]
    trust: Vec<PathBuf>,
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
    let MadeFrom { mut case, holder, bundle, stamps } = MadeFrom::find(session, &args.case, &args.trust)?;
    let withheld = args.disclosure.apply(&mut case)?;
    let source = Source {
        record: &case.record,
        made_at: now(),
        holder: Some(holder),
        bundle: bundle.as_ref(),
        stamps: &stamps,
        due: &due_instant,
    };
    let report = Report::of(&source).ok_or_else(|| CommandError::failed("this case has not arrived yet"))?;
    // For programs the data alone, unless a file was asked for.
    let file = match (&args.file, session.terminal.json && !args.pdf) {
        (None, true) => None,
        (Some(file), _) => Some(file.clone()),
        (None, false) => Some(PathBuf::from(format!("{}.{}", case.short(), if args.pdf { "pdf" } else { "html" }))),
    };
    if let Some(file) = &file {
        not_over(file, args.force)?;
        let paper = args.paper.map(Paper::from);
        if args.pdf {
            let html = html(&report, Some(paper.unwrap_or(Paper::A4)))?;
            print(&html, file, report.entries)?;
        } else {
            write_whole(file, html(&report, paper)?.as_bytes())?;
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
    let reading = if args.pdf { "It is for reading." } else { "Open it in any browser; it prints as it is." };
    let proof = match &bundle {
        None => "the file that `counterpart export` writes".to_owned(),
        Some(bundle) => format!("{}, which was verified first", line(&bundle.name)),
    };
    session.terminal.say(&format!("{reading} What it says is proven by {proof}."));
    Ok(())
}

pub(super) fn html(report: &Report, paper: Option<Paper>) -> Done<String> {
    report.html(paper).map_err(|e| CommandError::failed(format!("the report could not be put together: {e}")))
}
