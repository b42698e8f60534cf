//! The commands, one file each, in the order of the help.

mod accept;
mod acknowledge;
mod allow;
mod approve;
mod call;
mod close;
mod completions;
mod contact;
mod contest;
mod counter;
mod decline;
mod demo;
mod doctor;
mod done;
mod export;
mod init;
mod invite;
mod item;
mod join;
mod list;
mod log;
mod missed;
mod new;
mod note;
mod propose;
mod refuse;
mod reject;
mod release;
mod show;
mod sync;
mod undone;
mod uninvite;
mod up;
mod verify;
mod withdraw;

use clap::{Args, Subcommand};
use counterpart_core::value::Sealable;

use crate::{
    error::Done,
    session::{Session, typed},
};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Init(init::Args),
    New(new::Args),
    List(list::Args),
    Show(show::Args),
    Log(log::Args),
    Propose(Box<propose::Args>),
    Counter(Box<counter::Args>),
    Accept(accept::Args),
    Decline(decline::Args),
    Withdraw(withdraw::Args),
    #[command(visible_alias = "declare")]
    Done(done::Args),
    #[command(visible_alias = "undeclare")]
    Undone(undone::Args),
    Approve(approve::Args),
    Reject(reject::Args),
    Release(release::Args),
    Allow(allow::Args),
    Refuse(refuse::Args),
    Missed(missed::Args),
    Item(item::Args),
    Acknowledge(acknowledge::Args),
    Contest(contest::Args),
    Call(call::Args),
    Contact(contact::Args),
    Note(note::Args),
    Close(close::Args),
    Invite(invite::Args),
    Uninvite(uninvite::Args),
    Join(join::Args),
    Up(up::Args),
    Sync(sync::Args),
    Export(export::Args),
    Verify(verify::Args),
    Doctor(doctor::Args),
    Demo(demo::Args),
    Completions(completions::Args),
}

pub(crate) fn run(session: &Session, command: Command) -> Done {
    match command {
        Command::Init(args) => init::run(session, &args),
        Command::New(args) => new::run(session, &args),
        Command::List(args) => list::run(session, &args),
        Command::Show(args) => show::run(session, &args),
        Command::Log(args) => log::run(session, &args),
        Command::Propose(args) => propose::run(session, &args),
        Command::Counter(args) => counter::run(session, &args),
        Command::Accept(args) => accept::run(session, &args),
        Command::Decline(args) => decline::run(session, &args),
        Command::Withdraw(args) => withdraw::run(session, &args),
        Command::Done(args) => done::run(session, &args),
        Command::Undone(args) => undone::run(session, &args),
        Command::Approve(args) => approve::run(session, &args),
        Command::Reject(args) => reject::run(session, &args),
        Command::Release(args) => release::run(session, &args),
        Command::Allow(args) => allow::run(session, &args),
        Command::Refuse(args) => refuse::run(session, &args),
        Command::Missed(args) => missed::run(session, &args),
        Command::Item(args) => item::run(session, &args),
        Command::Acknowledge(args) => acknowledge::run(session, &args),
        Command::Contest(args) => contest::run(session, &args),
        Command::Call(args) => call::run(session, &args),
        Command::Contact(args) => contact::run(session, &args),
        Command::Note(args) => note::run(session, &args),
        Command::Close(args) => close::run(session, &args),
        Command::Invite(args) => invite::run(session, &args),
        Command::Uninvite(args) => uninvite::run(session, &args),
        Command::Join(args) => join::run(session, &args),
        Command::Up(args) => up::run(session, &args),
        Command::Sync(args) => sync::run(session, &args),
        Command::Export(args) => export::run(session, &args),
        Command::Verify(args) => verify::run(session, &args),
        Command::Doctor(args) => doctor::run(session, &args),
        Command::Demo(args) => demo::run(session, &args),
        Command::Completions(args) => completions::run(session, &args),
    }
}

/// The case meant.
#[derive(Debug, Args)]
pub(crate) struct CaseArg {
    /// The case: its short form such as K7F2-Q9XA-3, the first characters of it, or . for your only case
    #[arg(value_name = "CASE")]
    case: String,
}

/// An entry of a case.
#[derive(Debug, Args)]
pub(crate) struct EntryArg {
    #[command(flatten)]
    case: CaseArg,
    /// The entry or action, by number: 7, or '#7' in quotes; 7/2 for the second part of a bundle
    #[arg(value_name = "REF")]
    entry: String,
}

/// A remark that may go with an act.
fn remark(what: &str, text: Option<&String>) -> Done<Option<Sealable>> {
    text.map(|t| Ok(Sealable::Open(typed(what, t)?))).transpose()
}
