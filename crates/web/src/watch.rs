//! Notices what any process wrote into the store: commands, the node wherever it runs, these pages themselves.
//!
//! Every commit grows or renews the store's log of changes, so looking at that file's size and time is enough to know
//! that there is something, and costs nothing while there is not. What it is, the list of changes says, from where it was
//! read last; what is not in it, such as who has a case, is told as "something". Of a store that several
//! machines share the database is asked for a number instead.

use std::{
    collections::BTreeSet,
    path::Path,
    sync::Arc,
    time::{Duration, SystemTime},
};

use counterpart_core::id::CaseId;

use crate::{
    app::{App, aside},
    live::Changed,
};

/// How often the file is looked at while a page is open, and while none is.
const OFTEN: Duration = Duration::from_millis(200);
const SELDOM: Duration = Duration::from_secs(2);

/// Changes that are told one case at a time; of more than these all pages are told.
const MOST: usize = 50;

/// Of the file and its log: how long, and since when.
type Stamp = [Option<(u64, SystemTime)>; 2];

/// Looks until it is stopped.
pub(crate) async fn watch(app: Arc<App>) {
    let mut known = 0;
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
            () = app.stopping.stopped() => return,
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

/// Tells what came after the change that is known, and knows the newest one then.
async fn look(app: &Arc<App>, known: &mut u64, first: bool) {
    let (desk, after) = (Arc::clone(app), *known);
    let read = aside(move || {
        let desk = desk.desk().ok().flatten()?;
        // The newest one first: what comes between the two is told twice rather than never.
        let newest = desk.newest_change().ok()?;
        let changes = if first { Vec::new() } else { desk.changes(after, MOST + 1).ok()? };
        Some((newest, changes))
    });
    // Without an identity, or with a store that fails just now, there is nothing to read.
    let Ok(Some((newest, changes))) = read.await else { return };
    *known = newest;
    if first {
        return;
    }
    let found: BTreeSet<CaseId> = changes.iter().map(|change| change.case).collect();
    if changes.is_empty() || changes.len() > MOST {
        app.live.tell(Changed::Something);
    } else {
        found.into_iter().for_each(|case| app.live.tell(Changed::Case(case)));
    }
}
