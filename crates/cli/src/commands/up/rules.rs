//! Standing rules, at work beside a running node.

use std::time::Duration;

use counterpart_node::{Desk, now};
use counterpart_words::standing_rules::{Runner, Told, What};
use tokio::sync::mpsc;

use super::beside::Beside;

/// How often it is looked what came in and what is due.
const LOOK: Duration = Duration::from_secs(1);

/// Looks that wait to be told of.
const TOLD: usize = 64;

/// Looks until it is stopped; what there is to tell comes in a channel. A look that has begun is ended.
pub(super) fn begin(desk: Desk) -> (Beside, mpsc::Receiver<Told>) {
    let (sender, told) = mpsc::channel(TOLD);
    let beside = Beside::begin(|mut stop| async move {
        let mut runner = Runner::new(desk);
        let mut trouble = false;
        loop {
            let looked = tokio::task::spawn_blocking(move || {
                let looked = runner.look(now());
                (runner, looked)
            });
            let Ok((back, looked)) = looked.await else { return };
            runner = back;
            let (all, more) = match looked {
                Ok(looked) => {
                    trouble = false;
                    looked
                }
                // Said once, until it goes again.
                Err(_) if trouble => (Vec::new(), false),
                Err(why) => {
                    trouble = true;
                    let what = What::Trouble { why: why.message, given_up: false };
                    (vec![Told { rule: None, case: None, about: None, what }], false)
                }
            };
            for one in all {
                tokio::select! {
                    sent = sender.send(one) => drop(sent),
                    () = &mut stop => return,
                }
            }
            let wait = if more { Duration::ZERO } else { LOOK };
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = &mut stop => return,
            }
        }
    });
    (beside, told)
}
