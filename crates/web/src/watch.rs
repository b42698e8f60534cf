//! Notices what any process wrote into the store: commands, the node wherever it runs, these pages themselves.
//!
//! Every commit grows or renews the store's log of changes, so looking at that file's size and time is enough to know
//! that there is something, and costs nothing while there is not. What it is, the summaries say; what they do not show,
//! such as a receipt, is told as "something". Of a store that several machines share the database is asked for a number instead.

use std::{
    collections::HashMap,
    path::Path,
    sync::Arc,
    time::{Duration, SystemTime},
};

use counterpart_core::id::CaseId;
use counterpart_store::CaseSummary;

use crate::{
    app::{App, aside, stopped},
    live::Changed,
};

/// How often the file is looked at while a page is open, and while none is.
const OFTEN: Duration = Duration::from_millis(200);
const SELDOM: Duration = Duration::from_secs(2);

/// Of the file and its log: how long, and since when.
type Stamp = [Option<(u64, SystemTime)>; 2];

/// Looks until it is stopped.
pub(crate) async fn watch(app: Arc<App>) {
    let mut known = HashMap::new();
    let mut stamp = None;
    loop {
        let now = (stamp_of(&app.home), shared_version(&app).await);
        if stamp.as_ref() != Some(&now) {
            let first = stamp.is_none();
            // Before it is read: what comes meanwhile is found the next time.
            stamp = Some(now);
            look(&app, &mut known, first).await;
        }
        let pause = if app.live.is_heard() { OFTEN } else { SELDOM };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = stopped(&app.stopping) => return,
        }
    }
}

/// Nothing also where it cannot be asked just now: once it can, it is something new.
async fn shared_version(app: &Arc<App>) -> Option<u64> {
    let desk = Arc::clone(app);
    let asked = move || {
        let desk = desk.desk().ok().flatten()?;
        desk.with_store(|store| store.shared_version()).ok().flatten()
    };
    aside(asked).await.ok().flatten()
}

fn stamp_of(home: &Path) -> Stamp {
    ["counterpart.db", "counterpart.db-wal"].map(|name| {
        let about = std::fs::metadata(home.join(name)).ok()?;
        Some((about.len(), about.modified().ok()?))
    })
}

async fn look(app: &Arc<App>, known: &mut HashMap<CaseId, CaseSummary>, first: bool) {
    let desk = Arc::clone(app);
    let summaries = aside(move || desk.desk().ok().flatten().and_then(|desk| desk.summaries().ok())).await;
    // Without an identity, or with a store that fails just now, there is nothing to compare.
    let Ok(Some(summaries)) = summaries else { return };
    let mut found = Vec::new();
    for summary in summaries {
        if known.get(&summary.case) != Some(&summary) {
            found.push(summary.case);
            drop(known.insert(summary.case, summary));
        }
    }
    if first {
        return;
    }
    if found.is_empty() || found.len() > 50 {
        app.live.tell(Changed::Something);
    } else {
        found.into_iter().for_each(|case| app.live.tell(Changed::Case(case)));
    }
}
