//! Invitations given out, and joins under way.

use std::fmt;

use counterpart_core::id::{CaseId, EntryId};

use crate::{
    ChangeKind, Reads, StoreError, Txn,
    db::{Row, params},
};

/// An own invitation. Its debug form shows neither the secret nor the link, which holds it too.
#[derive(Clone, PartialEq, Eq)]
pub struct Invite {
    pub case: CaseId,
    /// The `invite` entry.
    pub invite: EntryId,
    pub secret: Vec<u8>,
    pub link: String,
}

impl fmt::Debug for Invite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Invite").field("case", &self.case).field("invite", &self.invite).finish_non_exhaustive()
    }
}

/// A case we asked to join and are not admitted to yet. Its debug form does not show the link: it holds a secret.
#[derive(Clone, PartialEq, Eq)]
pub struct Join {
    pub case: CaseId,
    pub link: String,
    /// The join request as signed.
    pub request: Vec<u8>,
    /// Unix milliseconds.
    pub expires: i64,
}

impl fmt::Debug for Join {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Join").field("case", &self.case).field("expires", &self.expires).finish_non_exhaustive()
    }
}

impl Reads {
    /// One own invitation.
    ///
    /// # Errors
    /// A damaged, busy or failing store.
    pub fn invite(&self, invite: EntryId) -> Result<Option<Invite>, StoreError> {
        let sql = "SELECT case_id, invite, secret, link FROM invites WHERE invite = ?1";
        self.row(sql, params![invite.0], own_invite)
    }

    /// The own invitations to `case`, by id.
    ///
    /// # Errors
    /// A damaged, busy or failing store.
    pub fn invites(&self, case: CaseId) -> Result<Vec<Invite>, StoreError> {
        let sql = "SELECT case_id, invite, secret, link FROM invites WHERE case_id = ?1 ORDER BY invite";
        self.rows(sql, params![case.0], own_invite)
    }

    /// All joins under way, the first to expire first.
    ///
    /// # Errors
    /// A damaged, busy or failing store.
    pub fn joins(&self) -> Result<Vec<Join>, StoreError> {
        let sql = "SELECT case_id, link, request, expires FROM joins ORDER BY expires, case_id";
        self.rows(sql, [], |row| {
            Ok(Join { case: CaseId(row.get(0)?), link: row.get(1)?, request: row.get(2)?, expires: row.get(3)? })
        })
    }
}

fn own_invite(row: &Row<'_>) -> Result<Invite, StoreError> {
    Ok(Invite { case: CaseId(row.get(0)?), invite: EntryId(row.get(1)?), secret: row.get(2)?, link: row.get(3)? })
}

impl Txn<'_> {
    /// Stores an own invitation, in place of an earlier one with that id.
    ///
    /// # Errors
    /// A full, damaged or failing store.
    pub fn put_invite(&self, invite: &Invite) -> Result<(), StoreError> {
        self.delete_invite(invite.invite)?;
        self.change(
            "INSERT INTO invites (case_id, invite, secret, link) VALUES (?1, ?2, ?3, ?4)",
            params![invite.case.0, invite.invite.0, invite.secret, invite.link],
        )?;
        Ok(())
    }

    /// Forgets an own invitation (used or revoked); tells whether it was there.
    ///
    /// # Errors
    /// A full, damaged or failing store.
    pub fn delete_invite(&self, invite: EntryId) -> Result<bool, StoreError> {
        Ok(self.change("DELETE FROM invites WHERE invite = ?1", params![invite.0])? > 0)
    }

    /// Stores a join under way, in place of an earlier one to that case.
    ///
    /// # Errors
    /// A full, damaged or failing store.
    pub fn put_join(&self, join: &Join) -> Result<(), StoreError> {
        self.change(
            "INSERT INTO joins (case_id, link, request, expires) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (case_id) DO UPDATE
             SET link = excluded.link, request = excluded.request, expires = excluded.expires",
            params![join.case.0, join.link, join.request, join.expires],
        )?;
        self.note_change(join.case, ChangeKind::JoinAsked, None)
    }

    /// Forgets a join (done, expired or given up); tells whether it was there.
    ///
    /// # Errors
    /// A full, damaged or failing store.
    pub fn delete_join(&self, case: CaseId) -> Result<bool, StoreError> {
        let was_there = self.change("DELETE FROM joins WHERE case_id = ?1", params![case.0])? > 0;
        if was_there {
            self.note_change(case, ChangeKind::JoinEnded, None)?;
        }
        Ok(was_there)
    }
}
