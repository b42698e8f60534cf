//! `counterpart demo`

mod stage;
mod story;

use std::{
    fs,
    path::{Path, PathBuf},
    time::Instant,
};

use counterpart_evidence::{Exporter, FailureKind, verify};
use counterpart_node::now;
use serde_json::json;

use self::stage::Stage;
use crate::{
    case::OpenCase,
    error::{CommandError, Done},
    render,
    session::{Session, runtime},
    terminal::{Style, styled},
};

/// Play a real case between two parties on this machine, and show what happens
///
/// Two nodes in temporary homes, connected over loopback: a customer and a supplier negotiate a broadband price,
/// partly while disconnected. Both end with the same signed record; it is exported, verified, and one byte of it is
/// altered to show that this is found out. Takes some seconds and leaves nothing behind.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Keep both homes and the exported file in this folder, to explore
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    let begun = Instant::now();
    let (folder, temporary) = match &args.keep {
        Some(folder) => {
            if fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some()) {
                let full = CommandError::failed(format!("{} is not empty; nothing was written", folder.display()));
                return Err(full.hint("name a folder that is new or empty"));
            }
            (folder.clone(), false)
        }
        None => (std::env::temp_dir().join(format!("counterpart-demo-{}-{}", std::process::id(), now())), true),
    };
    fs::create_dir_all(&folder).map_err(|e| CommandError::failed(format!("{}: {e}", folder.display())))?;
    let outcome = runtime()?.block_on(play(session, &folder));
    if temporary {
        // What cannot be removed lies in the system's folder for temporary files, which is emptied anyway.
        drop(fs::remove_dir_all(&folder));
    }
    finish(session, &folder, temporary, &outcome?, begun.elapsed().as_secs_f64())
}

/// What the demo showed.
struct Shown {
    heads_equal: bool,
    documents_equal: bool,
    verified: bool,
    tampering_found: bool,
    named: String,
    entries: usize,
    bundle_bytes: usize,
}

async fn play(session: &Session, folder: &Path) -> Done<Shown> {
    let mut stage = Stage::set(session.terminal, folder).await?;
    story::play(&mut stage).await?;
    stage.wait_until_settled().await?;

    let (customer, supplier) = (stage.customer.case(&stage.case)?, stage.supplier.case(&stage.case)?);
    for (who, case) in [("Keith", &customer), ("Northlink", &supplier)] {
        stage.title(&format!("What {who} sees: counterpart show {}", case.short()));
        stage.text(&render::show(case, session.terminal.columns()));
    }
    let heads_equal = customer.view().heads == supplier.view().heads;
    let documents = [&customer, &supplier].map(|c| c.record.document().map(|d| d.heads()));
    let documents_equal = matches!(&documents, [Ok(a), Ok(b)] if a == b);
    stage.title("Both hold the same");
    for (who, case) in [("Keith", &customer), ("Northlink", &supplier)] {
        let heads: Vec<String> = case.view().heads.iter().map(|h| h.to_hex()).collect();
        stage.text(&format!("  {who:<10} {} entries, head {}", case.view().entries, heads.join(" ")));
    }
    stage.text(&format!("  heads equal: {heads_equal}; Automerge documents' heads equal: {documents_equal}"));

    stage.title("The evidence");
    let (bundle, verdict) = export(&stage, &customer, folder)?;
    let (tampering_found, named) = tamper(&stage, &customer, &bundle, folder)?;
    let entries = customer.view().entries;
    stage.strike().await;
    Ok(Shown {
        heads_equal,
        documents_equal,
        verified: verdict,
        tampering_found,
        named,
        entries,
        bundle_bytes: bundle.len(),
    })
}

/// Writes the bundle, reads it back and verifies it.
fn export(stage: &Stage, case: &OpenCase, folder: &Path) -> Done<(Vec<u8>, bool)> {
    let file = folder.join("bundle.zip");
    let failed = |why: String| CommandError::failed(format!("{}: {why}", file.display()));
    let desk = &stage.customer.desk;
    let exporter = Exporter { author: desk.author(), sign: &|word| desk.sign_export(word) };
    let files = case.held_files(desk)?;
    let bundle = counterpart_evidence::export(&case.record, now(), &exporter, &files, &[]);
    let bundle = bundle.map_err(|e| failed(e.to_string()))?;
    fs::write(&file, &bundle).map_err(|e| failed(e.to_string()))?;
    let read = fs::read(&file).map_err(|e| failed(e.to_string()))?;
    stage.text(&format!("  exported to one file of {} bytes", read.len()));
    match verify(&read, &|_, _| {}) {
        Ok(verdict) => {
            stage.text(&format!(
                "  verified without identity, home or network: {} entries, every signature and rule",
                verdict.entries.len(),
            ));
            Ok((read, true))
        }
        Err(failure) => {
            stage.text(&format!("  NOT verified: {}", failure.message));
            Ok((read, false))
        }
    }
}

/// Alters one byte inside the accept that made the price agreed, and looks whether that is found and named.
fn tamper(stage: &Stage, case: &OpenCase, bundle: &[u8], folder: &Path) -> Done<(bool, String)> {
    let Some(accept) = stage.remembered("price accepted") else {
        return Err(CommandError::failed("the story left out the accept of the price"));
    };
    let name = case.entry_name(&accept);
    let ix = case.record.graph().find(&accept).ok_or_else(|| CommandError::failed("the accept is not in the case"))?;
    let envelope = case.record.graph().node(ix).entry.bytes();
    let at = bundle.windows(envelope.len()).position(|w| w == envelope);
    let at = at.ok_or_else(|| CommandError::failed("the bundle does not hold the accept as it was signed"))?;
    let mut altered = bundle.to_vec();
    altered[at + envelope.len() / 2] ^= 1;
    fs::write(folder.join("bundle-altered.zip"), &altered).map_err(|e| CommandError::failed(e.to_string()))?;
    stage.text(&format!("  one byte altered in entry {name}, Keith's accept of the price"));
    match verify(&altered, &|_, _| {}) {
        Ok(_) => {
            stage.text("  the alteration was NOT found");
            Ok((false, String::new()))
        }
        Err(failure) => {
            let member = failure.member.clone().unwrap_or_default();
            let named = member.contains(&accept.to_hex())
                || matches!(&failure.what, FailureKind::BadEntry { id: Some(id), .. } if *id == accept);
            stage.text(&format!("  refused: {}", render::line(&failure.message)));
            Ok((named, member))
        }
    }
}

fn finish(session: &Session, folder: &Path, temporary: bool, shown: &Shown, seconds: f64) -> Done {
    let terminal = session.terminal;
    let good = shown.heads_equal && shown.documents_equal && shown.verified && shown.tampering_found;
    if terminal.json {
        terminal.json(&json!({
            "schema": "counterpart/demo/1",
            "heads_equal": shown.heads_equal,
            "documents_equal": shown.documents_equal,
            "verified": shown.verified,
            "tampering_found": shown.tampering_found,
            "altered_member": shown.named,
            "entries": shown.entries,
            "bundle_bytes": shown.bundle_bytes,
            "seconds": (seconds * 1000.0).round() / 1000.0,
            "kept": (!temporary).then(|| folder.display().to_string()),
        }))?;
    } else {
        let word = |ok: bool| if ok { styled(Style::Good, "yes") } else { styled(Style::Bad, "NO") };
        terminal.data("")?;
        terminal.data(&format!("both copies equal:      {}", word(shown.heads_equal && shown.documents_equal)))?;
        terminal.data(&format!("evidence verified:      {}", word(shown.verified)))?;
        terminal.data(&format!("alteration found:       {}", word(shown.tampering_found)))?;
        terminal.data(&format!("entries, seconds:       {}, {seconds:.1}", shown.entries))?;
        if !temporary {
            let home = folder.join("keith");
            terminal.data(&format!("kept in {}; try: counterpart --home {} list", folder.display(), home.display()))?;
        }
    }
    if good { Ok(()) } else { Err(CommandError::failed("the demo did not come out as it should")) }
}
