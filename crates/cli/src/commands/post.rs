//! `counterpart post`

use std::{
    fs::{self, File},
    io::{BufWriter, Write as _},
    path::{Path, PathBuf},
};

use counterpart_core::{attachment::FileRef, id::PartyId};
use counterpart_mail::{Address, Attachment};
use counterpart_node::{Desk, PostWish, ReceiptGiven, WriteError, Written, now};
use serde_json::{Value as Json, json};

use super::CaseArg;
use crate::{
    case::OpenCase,
    confirm,
    error::{CommandError, Done},
    render::{self, line, size},
    session::Session,
    written::not_over,
};

/// So many bytes of attached files go along unasked.
const FILES: u64 = 10 * 1024 * 1024;

/// Write what the other side lacks of a case as a file, for where no connection can be had
///
/// Give them the file on a stick, by messenger or by mail; they take it in with `counterpart take`, and answer the same way.
/// What they lack is told by their receipts here and by what they signed. The file is not encrypted: whoever gets hold of it
/// can read what is in it. Nothing is signed but a receipt for what came from them.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    case: CaseArg,
    /// For whom, by seat, name or role [default: everybody else in the case]
    #[arg(long, value_name = "SEAT")]
    to: Option<String>,
    /// The file to write [default: the case's short form with .post, here]
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Write over a file that is there
    #[arg(long)]
    force: bool,
    /// Send it to this e-mail address as an attachment, by the mail that is set up here; you see the mail first
    #[arg(long, value_name = "ADDRESS")]
    mail: Option<String>,
    /// Everything that is here, also what they said they have
    #[arg(long)]
    all: bool,
    /// Also attached files beyond the 10 MiB that go along unasked
    #[arg(long)]
    files: bool,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    let desk = session.desk()?;
    let typed = args.mail.as_deref().map(|typed| {
        typed.parse::<Address>().map_err(|e| CommandError::usage(format!("'{typed}' is not an e-mail address: {e}")))
    });
    let mail = typed.transpose()?;
    let id = desk.resolve(&args.case.case)?;
    // Before the case is read: the receipt goes along.
    let receipt = desk.give_receipt_soon(&id)?;
    let case = OpenCase::open(&desk, &args.case.case)?;
    let to = readers(&case, args.to.as_deref())?;
    let wish = PostWish { to, all: args.all, files: if args.files { u64::MAX } else { FILES } };
    let what = Wanted { session, desk: &desk, case: &case, wish: &wish, receipt };
    match mail {
        Some(address) => what.mail(address, args),
        None => what.write(args),
    }
}

/// Everybody else in the case who is still in it, or the parties of one seat.
fn readers(case: &OpenCase, typed: Option<&str>) -> Done<Vec<PartyId>> {
    let reads = |party: &PartyId| *party != case.own && case.record.delivers_to(party);
    if let Some(typed) = typed {
        let seat = case.seat(typed)?;
        let parties = case.lens().parties_of(&seat);
        let others: Vec<PartyId> = parties.into_iter().filter(reads).collect();
        let label = case.seat_label(&seat);
        return match others.is_empty() {
            false => Ok(others),
            true if case.is_own_seat(&seat) => Err(CommandError::usage("that seat is your own")),
            true => Err(CommandError::failed(format!("{label} is not in the case, so nothing may go to them yet"))
                .hint(invited(case))),
        };
    }
    let others: Vec<PartyId> = case.lens().members().into_iter().filter(reads).collect();
    if others.is_empty() {
        return Err(
            CommandError::failed("nobody else is in the case yet, so there is nobody to write for").hint(invited(case))
        );
    }
    Ok(others)
}

fn invited(case: &OpenCase) -> String {
    format!(
        "counterpart invite {} makes a link for them; with it they write a request (counterpart join LINK --file FILE), \
         which you take in",
        case.short()
    )
}

struct Wanted<'a> {
    session: &'a Session,
    desk: &'a Desk,
    case: &'a OpenCase,
    wish: &'a PostWish,
    receipt: ReceiptGiven,
}

impl Wanted<'_> {
    fn write(&self, args: &Args) -> Done {
        let file = match &args.file {
            Some(file) => {
                not_over(file, args.force)?;
                file.clone()
            }
            None => free_name(&self.case.short())?,
        };
        let written =
            to_file(&file, |out| self.desk.write_post(&self.case.id, &self.case.record, self.wish, out, now()))?;
        if self.session.terminal.json {
            let mut told = self.as_json(&written);
            told["file"] = json!(file);
            return self.session.terminal.json(&told);
        }
        self.session.terminal.data(&file.display().to_string())?;
        self.tell(&written);
        let (who, shown) = (self.who(), line(&file.display().to_string()));
        self.session.terminal.say(&format!(
            "The file is not encrypted: whoever gets hold of it can read what is in it. Give it to {who} in a way that reaches \
             only them."
        ));
        self.session.terminal.say(&format!(
            "They take it in with: counterpart take {shown}\nTheir answer comes back the same way: counterpart post {}",
            self.case.short()
        ));
        Ok(())
    }

    fn mail(&self, address: Address, args: &Args) -> Done {
        let mut bytes = Vec::new();
        let written = self.desk.write_post(&self.case.id, &self.case.record, self.wish, &mut bytes, now());
        let written = written.map_err(failed)?;
        let name = format!("{}.post", self.case.short());
        let title = line(&self.case.title);
        let subject = format!("{title}: a file for you to take in");
        let text = format!(
            "The file that comes with this mail holds what you lack of our case\n\"{title}\" ({short}).\n\nSave it, then take it \
             in:\n\n    counterpart take {name}\n\nYour answer goes back the same way:\n\n    counterpart post {short}\n\nThe file \
             is not encrypted. Every entry in it is signed, and your\nprogram checks that.\n",
            short = self.case.short(),
        );
        let attachment = Attachment { name, bytes };
        let mail = self.desk.post_mail(&self.case.id, address, (&subject, &text), attachment, now());
        let mail = mail.map_err(super::mail::failed).map_err(|error| match error.hint {
            Some(_) => error,
            None => error.hint("without --mail the file is written here, to be given to them another way"),
        })?;
        let (outgoing, attached) = (mail.outgoing(), mail.attachment());
        let to: Vec<String> = outgoing.to.iter().map(|to| line(&to.to_string())).collect();
        let shown = format!(
            "This mail goes out:\n  from     {}\n  to       {}\n  subject  {}\n  with     {} ({})\n\n{}\n{}\nNeither the mail nor the \
             file is encrypted: every mail server on the way can read them.\n",
            line(&outgoing.from.to_string()),
            to.join(", "),
            line(&outgoing.subject),
            attached.name,
            size(attached.bytes.len() as u64),
            render::indented(&render::visible(&outgoing.text), "  "),
            self.told(&written).join("\n"),
        );
        confirm::ask_first(self.session, &shown, "Send this?", "sent")?;
        self.desk.send_post_mail(&mail, now()).map_err(super::mail::failed)?;
        if let Some(file) = &args.file {
            not_over(file, args.force)?;
            crate::written::write_whole(file, &attached.bytes)?;
        }
        if self.session.terminal.json {
            let mut told = self.as_json(&written);
            told["file"] = json!(args.file);
            told["mailed_to"] = json!(outgoing.to.iter().map(|to| to.email().to_owned()).collect::<Vec<_>>());
            return self.session.terminal.json(&told);
        }
        self.session.terminal.data(&outgoing.message_id)?;
        self.session.terminal.say(&format!("Sent to {}. They save the file and run: counterpart take", to.join(", ")));
        Ok(())
    }

    fn who(&self) -> String {
        render::listed(self.wish.to.iter().map(|party| self.case.party_label(party)))
    }

    /// What is in the file, and what is not.
    fn told(&self, written: &Written) -> Vec<String> {
        let mut lines = Vec::new();
        let counts = written.counts;
        let some = |n: usize, one: &str, several: &str| match n {
            0 => None,
            1 => Some(format!("1 {one}")),
            n => Some(format!("{n} {several}")),
        };
        let parts = [
            some(counts.entries, "entry", "entries"),
            some(counts.values, "text kept beside them", "texts kept beside them"),
            some(written.files.len(), "attached file", "attached files"),
            some(counts.receipts, "receipt", "receipts"),
        ];
        let who = self.who();
        let inside = render::listed(parts.into_iter().flatten());
        if written.is_news() {
            lines.push(format!("In it for {who}: {inside}; {}.", size(written.bytes)));
        } else {
            lines.push(format!(
                "By what they signed, {who} has every entry already. In the file: {}. With --all it holds everything once more.",
                if inside.is_empty() { "nothing new".to_owned() } else { inside }
            ));
        }
        if self.receipt == ReceiptGiven::Signed {
            lines.push("Your receipt for what came from them was signed and goes along.".to_owned());
        }
        let left: Vec<String> = written.left_out.iter().map(|file| self.file(file)).collect();
        if !left.is_empty() {
            lines.push(format!(
                "Left out, because together the files are too large to go along unasked: {}. --files takes all of them along.",
                render::listed(left.into_iter())
            ));
        }
        lines
    }

    fn tell(&self, written: &Written) {
        self.told(written).iter().for_each(|line| self.session.terminal.say(line));
    }

    fn file(&self, file: &FileRef) -> String {
        let named = render::files(self.case, &[]).into_iter().find(|known| known.named.file == *file);
        let name = named.map_or_else(|| "a file".to_owned(), |known| format!("{} ({})", known.name(), known.reference));
        format!("{name}, {}", size(file.size))
    }

    fn as_json(&self, written: &Written) -> Json {
        let file = |file: &FileRef| json!({"sha256": render::hex(&file.sha256), "size": file.size});
        let counts = written.counts;
        json!({
            "schema": "counterpart/post/1",
            "case": self.case.id.to_hex(),
            "to": self.wish.to.iter().map(PartyId::to_hex).collect::<Vec<_>>(),
            "bytes": written.bytes,
            "key_events": counts.key_events,
            "entries": counts.entries,
            "values": counts.values,
            "receipts": counts.receipts,
            "addresses": counts.addresses,
            "files": written.files.iter().map(file).collect::<Vec<_>>(),
            "left_out": written.left_out.iter().map(file).collect::<Vec<_>>(),
            "receipt_signed": self.receipt == ReceiptGiven::Signed,
        })
    }
}

/// A name that nothing has here yet.
fn free_name(short: &str) -> Done<PathBuf> {
    let names = std::iter::once(format!("{short}.post")).chain((2..1000).map(|n| format!("{short}-{n}.post")));
    let mut free = names.map(PathBuf::from).filter(|name| !name.exists());
    free.next().ok_or_else(|| CommandError::failed("too many such files are here: name one with --file"))
}

/// Writes a file piece by piece. It appears whole, or what was there stays.
pub(super) fn to_file<T>(file: &Path, write: impl FnOnce(&mut dyn std::io::Write) -> Result<T, WriteError>) -> Done<T> {
    let mut name = file.file_name().unwrap_or_default().to_owned();
    name.push(".writing");
    let making = file.with_file_name(name);
    let io = |e: std::io::Error| WriteError::Io(e.to_string());
    let written = File::create(&making).map_err(io).and_then(|out| {
        let mut out = BufWriter::new(out);
        let written = write(&mut out)?;
        out.flush().map_err(io)?;
        out.get_ref().sync_all().map_err(io)?;
        Ok(written)
    });
    let placed = written.and_then(|written| fs::rename(&making, file).map_err(io).map(|()| written));
    placed.map_err(|e| {
        // Half a file helps nobody.
        drop(fs::remove_file(&making));
        match e {
            WriteError::Desk(why) => why.into(),
            WriteError::Io(why) => CommandError::failed(format!("{}: {why}", file.display())),
        }
    })
}

fn failed(error: WriteError) -> CommandError {
    match error {
        WriteError::Desk(why) => why.into(),
        WriteError::Io(why) => CommandError::failed(why),
    }
}
