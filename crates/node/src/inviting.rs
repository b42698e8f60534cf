//! An invitation: the act that is signed, and its link, kept in the transaction that signs it.

use counterpart_core::{
    act::Act,
    envelope::public_half,
    id::{CaseId, EntryId, PartyId},
    invitation::{Link, Secret, invite_key},
    record::Signed,
    text,
    value::{Sealable, Seat},
};
use counterpart_store::{Invite, Txn};

use crate::{desk::Desk, error::DeskError};

/// An invitation with its secret drawn, and not signed yet.
#[derive(Debug)]
pub struct NewInvitation {
    act: Act,
    link: Link,
}

impl NewInvitation {
    /// What is to be signed.
    #[must_use]
    pub fn act(&self) -> &Act {
        &self.act
    }

    /// Keeps the link, in the transaction that signed the act.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn keep(&self, txn: &Txn<'_>, signed: &Signed) -> Result<Link, DeskError> {
        let link = Link { invite: signed.id, ..self.link.clone() };
        let secret = link.secret.0.to_vec();
        txn.put_invite(&Invite { case: link.case, invite: link.invite, secret, link: link.to_text() })?;
        Ok(link)
    }
}

impl Desk {
    /// Draws the secret of an invitation to a case, which this party opened. `expires` in Unix milliseconds; `addresses` say
    /// where this node can be reached.
    #[must_use]
    pub fn new_invitation(
        &self,
        case: &CaseId,
        opener: PartyId,
        seat: Seat,
        label: Option<String>,
        expires: i64,
        addresses: Vec<String>,
    ) -> NewInvitation {
        let secret = Secret(self.draw());
        let key = public_half(&invite_key(&secret.0)).0;
        let label = label.map(|label| Sealable::Open(text::normalise(&label)));
        let link = Link {
            case: *case,
            opener,
            // Known once it is signed.
            invite: EntryId([0; 32]),
            secret,
            addresses,
            peer: self.peer_id().as_bytes().to_vec(),
            expires,
        };
        NewInvitation { act: Act::Invite { key, seat, expires, label }, link }
    }

    /// Signs an invitation to a seat, and gives its link, which is kept. All as [`Desk::new_invitation`] has it; `now` in Unix
    /// milliseconds.
    ///
    /// # Errors
    /// Why the invitation would have no effect; nothing was signed or kept then.
    pub fn invite(
        &self,
        case: &CaseId,
        seat: Seat,
        label: Option<String>,
        expires: i64,
        addresses: Vec<String>,
        now: i64,
    ) -> Result<Link, DeskError> {
        let mut record = self.record(case)?;
        let opener = record.lens().opener().unwrap_or_else(|| self.party());
        let invitation = self.new_invitation(case, opener, seat, label, expires, addresses);
        let mut links = Vec::new();
        let keep = |txn: &Txn<'_>, signed: &[Signed]| {
            links = signed.iter().map(|one| invitation.keep(txn, one)).collect::<Result<Vec<_>, _>>()?;
            Ok(())
        };
        let act = |signed: &[Signed]| signed.is_empty().then(|| invitation.act().clone());
        self.sign_together_again(case, &mut record, act, keep, now)?;
        Ok(links.pop().expect("what was signed was kept"))
    }
}
