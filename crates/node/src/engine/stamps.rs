//! Time stamps that the node asks for by itself: one at a time, and again later where a service gave none.

use std::{collections::BTreeMap, thread, time::Duration};

use counterpart_core::id::CaseId;
use tokio::time::Instant;

use super::{Command, Engine};
use crate::{
    node::NodeEvent,
    stamps::{PATIENCE, ServiceError, StampError, StampRequest},
};

/// After a failure it waits so long, then twice as long each time.
const FIRST_WAIT: Duration = Duration::from_secs(30);
const LONGEST_WAIT: Duration = Duration::from_secs(3600);

/// Where asking stands.
#[derive(Debug, Default)]
pub(super) struct Stamping {
    busy: bool,
    /// Cases whose last try failed: how often, and when it is their turn again.
    failed: BTreeMap<CaseId, (u32, Instant)>,
}

impl Engine {
    /// Asks for what waits for a time stamp, if the home says so.
    pub(super) fn stamp_due(&mut self) {
        if self.stamping.busy {
            return;
        }
        let wanted = match self.desk.wanted_stamps() {
            Ok(wanted) => wanted,
            Err(why) => return self.trouble(&why),
        };
        self.stamping.failed.retain(|case, _| wanted.iter().any(|w| w.case == *case));
        let now = Instant::now();
        let due = |case: &CaseId| self.stamping.failed.get(case).is_none_or(|(_, again)| *again <= now);
        let Some(case) = wanted.iter().map(|w| w.case).find(due) else { return };
        // Without settings it waits until there are some.
        let Ok(Some(settings)) = self.desk.stamp_settings() else { return };
        if !settings.at_agreements {
            return;
        }
        let request = match self.desk.record(&case).and_then(|record| self.desk.stamp_request(&record)) {
            Ok(request) => request,
            Err(why) => return self.stamp_failed(case, &why.into()),
        };
        let commands = self.commands.clone();
        // A thread of its own: whoever stops the node does not wait for a service that hangs.
        let asked = thread::Builder::new().name("time-stamp".to_owned()).spawn(move || {
            let answer = request.send(&settings.service, PATIENCE);
            drop(commands.send(Command::StampAnswered { request: Box::new(request), answer }));
        });
        match asked {
            Ok(_runs_by_itself) => self.stamping.busy = true,
            Err(why) => self.stamp_failed(case, &ServiceError::Unreachable(why.to_string()).into()),
        }
    }

    pub(super) fn stamp_answered(&mut self, request: &StampRequest, answer: Result<Vec<u8>, ServiceError>) {
        self.stamping.busy = false;
        let kept = answer.map_err(StampError::from).and_then(|answer| match self.desk.stamp_roots()? {
            Some(roots) => self.desk.keep_stamp(request, &answer, &roots),
            None => Err(counterpart_timestamp::TrustError::UnknownRoot.into()),
        });
        match kept {
            Ok(stamp) => {
                self.stamping.failed.remove(&request.case);
                if let Some(proves) = stamp.proves() {
                    self.tell(NodeEvent::Stamped { case: request.case, at: proves.at });
                }
                self.stamp_due();
            }
            Err(why) => self.stamp_failed(request.case, &why),
        }
    }

    fn stamp_failed(&mut self, case: CaseId, why: &StampError) {
        let (times, again) = self.stamping.failed.entry(case).or_insert_with(|| (0, Instant::now()));
        let wait = FIRST_WAIT.saturating_mul(1 << (*times).min(10)).min(LONGEST_WAIT);
        *times += 1;
        *again = Instant::now() + wait;
        if let Err(why) = self.desk.stamp_failed(&case, why) {
            self.trouble(&why);
        }
        self.tell(NodeEvent::NotStamped { case, why: why.to_string() });
    }
}
