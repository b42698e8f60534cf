//! A file that goes to the other side as an attachment, through the mail that is set up here.

use counterpart_core::id::CaseId;
use counterpart_mail::{Address, Attachment, Outgoing, SendError, Sent, Server, send_bytes};

use crate::{
    desk::Desk,
    error::DeskError,
    post::{PostError, sent_row, subject_tag},
};

/// A mail with a file, ready to be shown and then sent.
#[derive(Debug)]
pub struct PostMail {
    case: CaseId,
    outgoing: Outgoing,
    attachment: Attachment,
    bytes: Vec<u8>,
    server: Server,
}

impl PostMail {
    /// What it says, and to whom.
    #[must_use]
    pub fn outgoing(&self) -> &Outgoing {
        &self.outgoing
    }

    #[must_use]
    pub fn attachment(&self) -> &Attachment {
        &self.attachment
    }
}

impl Desk {
    /// Makes a mail with a file. The case's tag goes before the subject, so that an answer finds its case. `now` in Unix
    /// milliseconds.
    ///
    /// # Errors
    /// When no mail server to send by is set up, or the mail cannot be written, as when the file is too large.
    pub fn post_mail(
        &self,
        case: &CaseId,
        to: Address,
        (subject, text): (&str, &str),
        attachment: Attachment,
        now: i64,
    ) -> Result<PostMail, PostError> {
        let settings = self.mail_settings()?;
        let ready = match &settings {
            Some(settings) => settings.sending()?.map(|server| (settings.own.clone(), server)),
            None => None,
        };
        let none =
            || DeskError::Text("no mail server to send by is set up here: `counterpart mail set` does that".to_owned());
        let (from, server) = ready.ok_or_else(none)?;
        let outgoing = Outgoing {
            message_id: Outgoing::fresh_id(self.draw(), &from),
            from,
            to: vec![to],
            subject: format!("{} {subject}", subject_tag(case)),
            text: text.to_owned(),
            in_reply_to: None,
            references: Vec::new(),
            date: now,
            reply_to: None,
        };
        let bytes = outgoing.to_bytes_with(&attachment).map_err(SendError::from)?;
        Ok(PostMail { case: *case, outgoing, attachment, bytes, server })
    }

    /// Sends it; blocks for at most the server's patience. An answer to it is found to belong to the case.
    ///
    /// # Errors
    /// Why it was not sent, and whether trying again can help; or a full or failing store, once it was sent.
    pub fn send_post_mail(&self, mail: &PostMail, now: i64) -> Result<Sent, PostError> {
        let sent = send_bytes(&mail.server, &mail.outgoing.from, &mail.outgoing.to, mail.bytes.clone())?;
        let row = sent_row(&mail.outgoing.message_id, &sent.bytes, mail.case, None, now);
        self.with_store(|store| store.write(|txn| txn.insert_mail(&row).map(drop).map_err(DeskError::from)))?;
        Ok(sent)
    }
}
