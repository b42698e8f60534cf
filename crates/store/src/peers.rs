//! Where the other parties of a case were last reached.

use counterpart_core::id::{CaseId, DeviceKey, PartyId};

use crate::{Reads, StoreError, Txn, db::params};

/// An address of a party, or of one of its devices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerAddress {
    pub case: CaseId,
    pub party: PartyId,
    pub device: Option<DeviceKey>,
    pub address: String,
    /// Unix milliseconds; 0 for an address never reached yet.
    pub last_seen: i64,
}

impl Reads {
    /// The addresses known for all cases, by case, the latest seen first.
    ///
    /// # Errors
    /// A damaged, busy or failing store.
    pub fn all_peer_addresses(&self) -> Result<Vec<PeerAddress>, StoreError> {
        let sql = "SELECT party, device, address, last_seen, case_id FROM peers
                   ORDER BY case_id, last_seen DESC, party, device, address";
        self.rows(sql, [], |row| {
            Ok(PeerAddress {
                case: CaseId(row.get(4)?),
                party: PartyId(row.get(0)?),
                device: row.get::<_, Option<_>>(1)?.map(DeviceKey),
                address: row.get(2)?,
                last_seen: row.get(3)?,
            })
        })
    }

    /// The addresses known for `case`, the latest seen first.
    ///
    /// # Errors
    /// A damaged, busy or failing store.
    pub fn peer_addresses(&self, case: CaseId) -> Result<Vec<PeerAddress>, StoreError> {
        let sql = "SELECT party, device, address, last_seen FROM peers WHERE case_id = ?1
                   ORDER BY last_seen DESC, party, device, address";
        self.rows(sql, params![case.0], |row| {
            Ok(PeerAddress {
                case,
                party: PartyId(row.get(0)?),
                device: row.get::<_, Option<_>>(1)?.map(DeviceKey),
                address: row.get(2)?,
                last_seen: row.get(3)?,
            })
        })
    }
}

impl Txn<'_> {
    /// Stores an address; for a known one, the later time of the two is kept.
    ///
    /// # Errors
    /// A full, damaged or failing store.
    pub fn put_peer_address(&self, peer: &PeerAddress) -> Result<(), StoreError> {
        let device = peer.device.map(|d| d.0);
        let known = "SELECT last_seen FROM peers WHERE case_id = ?1 AND party = ?2 AND address = ?4
                     AND (device = ?3 OR (device IS NULL AND ?3 IS NULL))";
        let known = self.row(known, params![peer.case.0, peer.party.0, device, peer.address], |row| row.get(0))?;
        match known {
            Some(seen) if peer.last_seen <= seen => {}
            Some::<i64>(_) => {
                let sql = "UPDATE peers SET last_seen = ?5 WHERE case_id = ?1 AND party = ?2 AND address = ?4
                           AND (device = ?3 OR (device IS NULL AND ?3 IS NULL))";
                self.change(sql, params![peer.case.0, peer.party.0, device, peer.address, peer.last_seen])?;
            }
            None => {
                let sql = "INSERT INTO peers (case_id, party, device, address, last_seen) VALUES (?1, ?2, ?3, ?4, ?5)";
                self.change(sql, params![peer.case.0, peer.party.0, device, peer.address, peer.last_seen])?;
            }
        }
        Ok(())
    }

    /// Puts the addresses of a device in a case in place of those known before; times of those that stay are kept where
    /// they are later than `at`, Unix milliseconds.
    ///
    /// # Errors
    /// A full, damaged or failing store.
    pub fn replace_peer_addresses(
        &self,
        case: CaseId,
        party: PartyId,
        device: DeviceKey,
        addresses: &[impl AsRef<str>],
        at: i64,
    ) -> Result<(), StoreError> {
        let before: Vec<PeerAddress> = self
            .peer_addresses(case)?
            .into_iter()
            .filter(|known| known.party == party && known.device == Some(device))
            .collect();
        let sql = "DELETE FROM peers WHERE case_id = ?1 AND party = ?2 AND device = ?3";
        self.change(sql, params![case.0, party.0, device.0])?;
        for address in addresses.iter().map(AsRef::as_ref) {
            let seen = before.iter().filter(|known| known.address == address).map(|known| known.last_seen);
            let last_seen = seen.fold(at, i64::max);
            let address = address.to_owned();
            self.put_peer_address(&PeerAddress { case, party, device: Some(device), address, last_seen })?;
        }
        Ok(())
    }
}
