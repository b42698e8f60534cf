//! The commands, one file each, in the order of the help.

mod accept;
mod acknowledge;
mod agent;
mod allow;
mod approve;
mod aside;
mod assign;
mod attach;
mod attachment;
mod attachments;
mod calendar;
mod call;
mod cancel;
mod card;
mod case_address;
mod choose;
mod clock;
mod close;
mod completions;
mod concede;
mod confirm;
mod contact;
mod contest;
mod counter;
mod cut;
mod decide;
mod decline;
mod demo;
mod device;
mod dispute;
mod doctor;
mod done;
mod erase;
mod erased;
mod export;
mod follow;
mod handover;
mod identity;
pub(crate) mod import;
mod init;
mod invite;
mod item;
mod join;
mod leave;
mod ledger;
mod letters;
mod link;
mod list;
mod log;
pub(crate) mod mail;
mod man;
mod mandate;
mod mcp;
mod missed;
mod network;
mod new;
mod next;
mod note;
mod notebook;
mod pack;
mod people;
mod post;
mod progress;
mod propose;
mod prove;
mod queue;
mod ratify;
mod refuse;
mod reject;
mod release;
mod remind;
mod reminders;
mod report;
mod search;
mod seat;
mod service;
mod settle;
mod share;
mod show;
pub(crate) mod stamp;
mod standing_rule;
mod status;
mod steps;
mod stop;
mod store;
mod summary;
mod sync;
mod take;
mod template;
mod thank;
mod thanks;
mod today;
mod token;
mod undone;
mod uninvite;
mod up;
mod verify;
mod web;
mod webhook;
mod why;
mod withdraw;

use clap::{Args, Subcommand};
use counterpart_core::{act::Act, id::EntryId, value::Sealable};
use counterpart_node::Desk;
use counterpart_words::acts::{self, text};

use crate::{case::OpenCase, confirm as signing, error::Done, session::Session};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Init(init::Args),
    New(new::Args),
    Today(today::Args),
    List(list::Args),
    Queue(queue::Args),
    Search(search::Args),
    Show(show::Args),
    Log(log::Args),
    Next(next::Args),
    Why(why::Args),
    People(people::Args),
    Steps(steps::Args),
    Clock(clock::Args),
    Calendar(calendar::Args),
    Ledger(ledger::Args),
    Propose(Box<propose::Args>),
    Counter(Box<counter::Args>),
    Accept(accept::Args),
    Confirm(confirm::Args),
    Decline(decline::Args),
    Withdraw(withdraw::Args),
    Choose(choose::Args),
    Progress(progress::Args),
    #[command(visible_alias = "declare")]
    Done(done::Args),
    #[command(visible_alias = "undeclare")]
    Undone(undone::Args),
    Approve(approve::Args),
    Reject(reject::Args),
    Stop(stop::Args),
    Release(release::Args),
    Allow(allow::Args),
    Refuse(refuse::Args),
    Cancel(cancel::Args),
    Missed(missed::Args),
    Remind(remind::Args),
    Reminders(reminders::Args),
    Item(item::Args),
    Acknowledge(acknowledge::Args),
    Contest(contest::Args),
    Call(Box<call::Args>),
    Contact(Box<contact::Args>),
    Note(note::Args),
    Share(share::Args),
    Mail(mail::Args),
    Import(import::Args),
    Notebook(notebook::Args),
    Attach(attach::Args),
    Attachments(attachments::Args),
    Attachment(attachment::Args),
    Erase(erase::Args),
    Erased(erased::Args),
    Thank(thank::Args),
    Thanks(thanks::Args),
    Letters(letters::Args),
    Card(card::Args),
    Handover(handover::Args),
    Summary(summary::Args),
    Assign(assign::Args),
    Aside(aside::Args),
    Dispute(dispute::Args),
    Concede(concede::Args),
    Settle(settle::Args),
    Decide(decide::Args),
    Prove(prove::Args),
    Link(link::Args),
    Close(close::Args),
    Invite(invite::Args),
    Uninvite(uninvite::Args),
    Leave(leave::Args),
    Join(join::Args),
    Device(device::Args),
    Agent(agent::Args),
    Seat(seat::Args),
    Token(token::Args),
    StandingRule(standing_rule::Args),
    Identity(identity::Args),
    Mandate(mandate::Args),
    Cut(cut::Args),
    Ratify(ratify::Args),
    CaseAddress(case_address::Args),
    Follow(follow::Args),
    Up(up::Args),
    Service(service::Args),
    Web(web::Args),
    Mcp(mcp::Args),
    Webhook(webhook::Args),
    Sync(sync::Args),
    Post(post::Args),
    Take(take::Args),
    Status(status::Args),
    Network(network::Args),
    Store(store::Args),
    Stamp(stamp::Args),
    Export(export::Args),
    Report(report::Args),
    Pack(pack::Args),
    Verify(verify::Args),
    Doctor(doctor::Args),
    Demo(demo::Args),
    Template(template::Args),
    Completions(completions::Args),
    Man(man::Args),
}

pub(crate) fn run(session: &Session, command: Command) -> Done {
    match command {
        Command::Init(args) => init::run(session, &args),
        Command::New(args) => new::run(session, &args),
        Command::Today(args) => today::run(session, &args),
        Command::List(args) => list::run(session, &args),
        Command::Queue(args) => queue::run(session, &args),
        Command::Search(args) => search::run(session, &args),
        Command::Show(args) => show::run(session, &args),
        Command::Log(args) => log::run(session, &args),
        Command::Next(args) => next::run(session, &args),
        Command::Why(args) => why::run(session, &args),
        Command::People(args) => people::run(session, &args),
        Command::Steps(args) => steps::run(session, &args),
        Command::Clock(args) => clock::run(session, &args),
        Command::Calendar(args) => calendar::run(session, &args),
        Command::Ledger(args) => ledger::run(session, &args),
        Command::Propose(args) => propose::run(session, &args),
        Command::Counter(args) => counter::run(session, &args),
        Command::Accept(args) => accept::run(session, &args),
        Command::Confirm(args) => confirm::run(session, &args),
        Command::Decline(args) => decline::run(session, &args),
        Command::Withdraw(args) => withdraw::run(session, &args),
        Command::Choose(args) => choose::run(session, &args),
        Command::Progress(args) => progress::run(session, &args),
        Command::Done(args) => done::run(session, &args),
        Command::Undone(args) => undone::run(session, &args),
        Command::Approve(args) => approve::run(session, &args),
        Command::Reject(args) => reject::run(session, &args),
        Command::Stop(args) => stop::run(session, &args),
        Command::Release(args) => release::run(session, &args),
        Command::Allow(args) => allow::run(session, &args),
        Command::Refuse(args) => refuse::run(session, &args),
        Command::Cancel(args) => cancel::run(session, &args),
        Command::Missed(args) => missed::run(session, &args),
        Command::Remind(args) => remind::run(session, &args),
        Command::Reminders(args) => reminders::run(session, &args),
        Command::Item(args) => item::run(session, &args),
        Command::Acknowledge(args) => acknowledge::run(session, &args),
        Command::Contest(args) => contest::run(session, &args),
        Command::Call(args) => call::run(session, &args),
        Command::Contact(args) => contact::run(session, &args),
        Command::Note(args) => note::run(session, &args),
        Command::Share(args) => share::run(session, &args),
        Command::Mail(args) => mail::run(session, &args),
        Command::Import(args) => import::run(session, &args),
        Command::Notebook(args) => notebook::run(session, &args),
        Command::Attach(args) => attach::run(session, &args),
        Command::Attachments(args) => attachments::run(session, &args),
        Command::Attachment(args) => attachment::run(session, &args),
        Command::Erase(args) => erase::run(session, &args),
        Command::Erased(args) => erased::run(session, &args),
        Command::Thank(args) => thank::run(session, &args),
        Command::Thanks(args) => thanks::run(session, &args),
        Command::Letters(args) => letters::run(session, &args),
        Command::Card(args) => card::run(session, &args),
        Command::Handover(args) => handover::run(session, &args),
        Command::Summary(args) => summary::run(session, &args),
        Command::Assign(args) => assign::run(session, &args),
        Command::Aside(args) => aside::run(session, &args),
        Command::Dispute(args) => dispute::run(session, &args),
        Command::Concede(args) => concede::run(session, &args),
        Command::Settle(args) => settle::run(session, &args),
        Command::Decide(args) => decide::run(session, &args),
        Command::Prove(args) => prove::run(session, &args),
        Command::Link(args) => link::run(session, &args),
        Command::Close(args) => close::run(session, &args),
        Command::Invite(args) => invite::run(session, &args),
        Command::Uninvite(args) => uninvite::run(session, &args),
        Command::Leave(args) => leave::run(session, &args),
        Command::Join(args) => join::run(session, &args),
        Command::Device(args) => device::run(session, &args),
        Command::Agent(args) => agent::run(session, &args),
        Command::Seat(args) => seat::run(session, &args),
        Command::Token(args) => token::run(session, &args),
        Command::StandingRule(args) => standing_rule::run(session, &args),
        Command::Identity(args) => identity::run(session, &args),
        Command::Mandate(args) => mandate::run(session, &args),
        Command::Cut(args) => cut::run(session, &args),
        Command::Ratify(args) => ratify::run(session, &args),
        Command::CaseAddress(args) => case_address::run(session, &args),
        Command::Follow(args) => follow::run(session, &args),
        Command::Up(args) => up::run(session, &args),
        Command::Service(args) => service::run(session, &args),
        Command::Web(args) => web::run(session, &args),
        Command::Mcp(args) => mcp::run(session, &args),
        Command::Webhook(args) => webhook::run(session, &args),
        Command::Sync(args) => sync::run(session, &args),
        Command::Post(args) => post::run(session, &args),
        Command::Take(args) => take::run(session, &args),
        Command::Status(args) => status::run(session, &args),
        Command::Network(args) => network::run(session, &args),
        Command::Store(args) => store::run(session, &args),
        Command::Stamp(args) => stamp::run(session, &args),
        Command::Export(args) => export::run(session, &args),
        Command::Report(args) => report::run(session, &args),
        Command::Pack(args) => pack::run(session, &args),
        Command::Verify(args) => verify::run(session, &args),
        Command::Doctor(args) => doctor::run(session, &args),
        Command::Demo(args) => demo::run(session, &args),
        Command::Template(args) => template::run(session, &args),
        Command::Completions(args) => completions::run(session, &args),
        Command::Man(args) => man::run(session, &args),
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

/// A proposal that is answered or taken back as a whole.
#[derive(Debug, Args)]
pub(crate) struct WholeArg {
    #[command(flatten)]
    case: CaseArg,
    /// The proposal, by number: 7, or '#7' in quotes; a bundle is taken as a whole
    #[arg(value_name = "REF")]
    entry: String,
}

/// A remark that may go with an act.
#[derive(Debug, Args)]
pub(crate) struct NoteArg {
    /// A remark to go with it
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
}

impl NoteArg {
    fn read(&self) -> Done<Option<Sealable>> {
        remark("the note", self.note.as_ref())
    }
}

/// A reason that may go with an act.
#[derive(Debug, Args)]
pub(crate) struct ReasonArg {
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

impl ReasonArg {
    fn read(&self) -> Done<Option<Sealable>> {
        remark("the reason", self.reason.as_ref())
    }
}

/// The entry that an act is about.
#[derive(Debug, Args)]
pub(crate) struct AboutArg {
    /// The entry it is about, by number
    #[arg(long, value_name = "REF")]
    about: Option<String>,
}

impl AboutArg {
    fn find(&self, case: &OpenCase) -> Done<Option<EntryId>> {
        self.about.as_ref().map(|typed| Ok(case.entry(typed)?.id)).transpose()
    }
}

/// Opens a case, makes an act of what was asked, and signs it: what most commands do.
fn act(session: &Session, case: &CaseArg, make: impl FnOnce(&Desk, &OpenCase) -> Done<Act>) -> Done {
    let desk = session.desk()?;
    let case = OpenCase::open(&desk, &case.case)?;
    let act = make(&desk, &case)?;
    signing::sign(session, &desk, case, &act).map(drop)
}

/// A remark that may go with an act.
fn remark(what: &str, text: Option<&String>) -> Done<Option<Sealable>> {
    acts::remark(what, text.map(String::as_str))
}
