//! `counterpart reminders send`, and `counterpart thanks send`

use std::{
    fs,
    path::{Path, PathBuf},
};

use counterpart_core::id::short_form;
use counterpart_mail::Address;
use counterpart_node::{CaseOutlook, Channel, Desk, Letter, LetterKind, LetterState, Posted, now};
use counterpart_words::letters;
use serde_json::{Value as Json, json};

use super::shown;
use crate::{
    case::OpenCase,
    confirm,
    error::{CommandError, Done, Kind},
    render::{self, line},
    session::Session,
    terminal::{Style, styled},
    written::write_whole,
};

/// Send what is due: each letter is shown as it will be sent, then you are asked
///
/// By e-mail where mail is set up and an address of theirs is known; else inside Counterpart, where they have joined; else as a
/// draft for your own mail program. Every letter sent is an act in the case.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The case; without one, all cases
    #[arg(value_name = "CASE")]
    case: Option<String>,
    /// How: email, node or draft [default: the first of these that is possible]
    #[arg(long, value_name = "WAY")]
    by: Option<String>,
    /// An address to send to instead of those known, such as "Lucy Hart <lucy@acme.example>"; repeat for more
    #[arg(long, value_name = "ADDRESS")]
    to: Vec<String>,
    /// The folder for drafts [default: drafts in your home folder]
    #[arg(long, value_name = "FOLDER")]
    folder: Option<PathBuf>,
}

pub(crate) fn run(session: &Session, args: &Args, kinds: &[LetterKind]) -> Done {
    let desk = session.desk()?;
    let terminal = session.terminal;
    let by = args.by.as_deref().map(way).transpose()?;
    let to = args.to.iter().map(|typed| address(typed)).collect::<Done<Vec<Address>>>()?;
    let cases = match &args.case {
        Some(case) => vec![desk.resolve(case)?],
        None => {
            let mut cases: Vec<_> = desk.due_letters(now())?.iter().map(|letter| letter.case).collect();
            cases.sort_unstable();
            cases.dedup();
            cases
        }
    };
    let mut answers: Vec<Json> = Vec::new();
    let (mut offered, mut later, mut failed, mut under_way) = (0, 0, None, false);
    for case in cases {
        let outlook = desk.reminders(&case, now())?;
        outlook.problems.iter().for_each(|problem| terminal.always(&render::visible(problem)));
        let wanted = |letter: &&Letter| kinds.contains(&letter.kind()) && may_be_sent(letter, by);
        let letters: Vec<Letter> = outlook.letters.iter().filter(wanted).cloned().collect();
        under_way |= outlook.letters.iter().any(|l| l.state == LetterState::Sending && kinds.contains(&l.kind()));
        for (number, letter) in (1..).zip(&letters) {
            offered += 1;
            let sending = Sending { session, desk: &desk, outlook: &outlook, folder: args.folder.as_deref() };
            let head = format!("{number} of {}: {}", letters.len(), shown::about(letter));
            match sending.one(letter, by, &to, &head)? {
                None => {}
                Some(Posted::Failed { letter, why }) => {
                    answers.push(letters::letter(&letter));
                    failed = Some(why);
                }
                Some(posted) => {
                    later += u32::from(matches!(posted, Posted::Later { .. }));
                    if let Posted::Sent(letter) | Posted::Later { letter, .. } | Posted::Waits(letter) = &posted {
                        answers.push(letters::letter(letter));
                    }
                }
            }
        }
    }
    if terminal.json {
        terminal.json(&json!({"schema": "counterpart/letters-sent/1", "letters": answers}))?;
    } else if offered == 0 {
        terminal.say(if under_way {
            "Nothing is due but what was handed to the mail server and is not confirmed yet: `counterpart up` sees to it."
        } else {
            "Nothing is due."
        });
    }
    match failed {
        Some(why) => Err(CommandError::of(Kind::Failed, format!("a letter was not sent: {why}"))
            .hint("mend that, then run this again: nothing is lost")),
        None if later > 0 => {
            let message = "not everything could be sent now; `counterpart up` tries again, or run this again";
            Err(CommandError::of(Kind::Unreachable, message))
        }
        None => Ok(()),
    }
}

/// What waits, what failed, and what is to be tried again; a draft only where another way is asked for.
fn may_be_sent(letter: &Letter, by: Option<Channel>) -> bool {
    match letter.state {
        LetterState::Waiting | LetterState::Failed | LetterState::Allowed => true,
        LetterState::Draft => by.is_some(),
        LetterState::Sending | LetterState::Sent | LetterState::Skipped | LetterState::Over => false,
    }
}

pub(super) fn way(typed: &str) -> Done<Channel> {
    match typed.trim().to_lowercase().as_str() {
        "email" | "e-mail" | "mail" => Ok(Channel::Email),
        "node" => Ok(Channel::Node),
        "notice" => Ok(Channel::Notice),
        "draft" => Ok(Channel::Draft),
        _ => {
            Err(CommandError::usage(format!("'{typed}' is no way for a letter"))
                .hint("write email, node, notice or draft"))
        }
    }
}

fn address(typed: &str) -> Done<Address> {
    typed.parse().map_err(|e| CommandError::usage(format!("'{typed}' is not an e-mail address: {e}")))
}

/// One case's letters, being sent.
struct Sending<'a> {
    session: &'a Session,
    desk: &'a Desk,
    outlook: &'a CaseOutlook,
    folder: Option<&'a Path>,
}

impl Sending<'_> {
    /// Shows a letter, asks, and sends it. Nothing where the person said no.
    fn one(&self, letter: &Letter, by: Option<Channel>, to: &[Address], head: &str) -> Done<Option<Posted>> {
        let mail = self.desk.mail_settings()?.is_some_and(|settings| settings.send.is_some());
        let to = if to.is_empty() { self.desk.addresses_for(letter)? } else { to.to_vec() };
        let by = match by {
            Some(Channel::Notice) => {
                return Err(CommandError::usage("a notice goes to your own screen, not to them")
                    .hint("write --by email, node or draft"));
            }
            Some(Channel::Email) if !mail => {
                return Err(CommandError::failed("no mail server to send by is set up here")
                    .hint("`counterpart mail set` does that; or --by draft"));
            }
            Some(Channel::Email) if to.is_empty() => {
                return Err(CommandError::failed("no e-mail address of theirs is known")
                    .hint("give one with --to, or keep it for next time: counterpart notebook"));
            }
            Some(Channel::Node) if !self.outlook.joined => {
                return Err(CommandError::failed("the other side has no node in this case yet")
                    .hint("counterpart invite gives them a link"));
            }
            Some(by) => by,
            None if mail && !to.is_empty() => Channel::Email,
            None if self.outlook.joined => Channel::Node,
            None => Channel::Draft,
        };
        let text = self.text(letter, by, &to, head)?;
        if !self.yes(&text, if by == Channel::Draft { "Make this draft?" } else { "Send this?" })? {
            self.session.terminal.say("Not sent; it waits.");
            return Ok(None);
        }
        if by == Channel::Draft {
            return self.draft(letter, &to).map(Some);
        }
        let Some(allowed) = self.desk.allow_letter(letter, by, &to, now())? else {
            self.session.terminal.say("Somebody else saw to it meanwhile, in another window or in the background.");
            return Ok(None);
        };
        let posted = self.desk.send_letter(allowed, now())?;
        if let (Posted::Sent(letter), false) = (&posted, self.session.terminal.json)
            && let Some(entry) = letter.entry()
        {
            let case = OpenCase::open(self.desk, &short_form(&letter.case.0))?;
            self.session.terminal.data(&case.entry_name(&entry))?;
        }
        self.session.terminal.say(&render::visible(&posted.line()));
        Ok(Some(posted))
    }

    /// The letter as it will be sent, and what is signed with it.
    fn text(&self, letter: &Letter, by: Channel, to: &[Address], head: &str) -> Done<String> {
        let case = OpenCase::open(self.desk, &short_form(&letter.case.0))?;
        let mut text = format!("{}, {}\n", styled(Style::Strong, head), by.in_words());
        if matches!(by, Channel::Email | Channel::Draft) {
            let outgoing = self.desk.letter_as_mail(letter, to)?;
            if by == Channel::Email {
                text.push_str(&format!("  from     {}\n", line(&outgoing.from.to_string())));
            }
            let to: Vec<String> = to.iter().map(|to| line(&to.to_string())).collect();
            let to = if to.is_empty() { "(no address is known: fill it in)".to_owned() } else { to.join(", ") };
            text.push_str(&format!("  to       {to}\n  subject  {}\n", line(&outgoing.subject)));
        }
        text.push('\n');
        if let Some(act) = letter.act() {
            text.push_str(&confirm::text(&case, &[act]));
        }
        let note = match by {
            Channel::Email => "The text is the whole e-mail, and what you sign.",
            Channel::Node => "The text goes to them inside Counterpart, as it is signed.",
            _ => "The text is the draft. It is signed when you say that you sent it.",
        };
        text.push_str(&format!("\n{note}\n"));
        Ok(text)
    }

    fn yes(&self, text: &str, question: &str) -> Done<bool> {
        let terminal = self.session.terminal;
        if self.session.yes {
            terminal.say(text);
            return Ok(true);
        }
        if !terminal.can_ask() {
            return Err(CommandError::usage("nobody can be asked here, so nothing was sent")
                .hint("add --yes to send what is due without being asked"));
        }
        terminal.always(text);
        let answer = terminal.ask(&styled(Style::Strong, &format!("{question} [y/N]")))?;
        Ok(matches!(answer.to_lowercase().as_str(), "y" | "yes"))
    }

    /// Writes the letter as a file that mail programs open, and gives a link that does the same.
    fn draft(&self, letter: &Letter, to: &[Address]) -> Done<Posted> {
        let terminal = self.session.terminal;
        let outgoing = self.desk.letter_as_mail(letter, to)?;
        let bytes = outgoing.to_draft_bytes().map_err(|e| CommandError::failed(format!("the draft: {e}")))?;
        let folder = self.folder.map_or_else(|| self.desk.home().join("drafts"), Path::to_path_buf);
        let id: String = shown::data_id(letter).chars().take(8).collect();
        let path = folder.join(format!("{}-{id}.eml", short_form(&letter.case.0)));
        fs::create_dir_all(&folder).map_err(|e| CommandError::failed(format!("{}: {e}", folder.display())))?;
        write_whole(&path, &bytes)?;
        let file = path.display().to_string();
        let drafted = self.desk.letter_drafted(letter, &file)?;
        let drafted = drafted.ok_or_else(|| CommandError::failed("somebody else saw to this letter meanwhile"))?;
        if !terminal.json {
            terminal.data(&line(&file))?;
            terminal.data(&outgoing.mailto())?;
        }
        let short = short_form(&letter.case.0);
        let to = if to.is_empty() { ", write whom it goes to," } else { "" };
        terminal.say(&format!(
            "Open the file, or the link, in your mail program{to} and send it. Then say so, and it goes on record: counterpart reminders sent {short}"
        ));
        Ok(Posted::Waits(drafted))
    }
}
