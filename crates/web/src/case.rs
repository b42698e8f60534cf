//! The case that a path names, opened for one request.

use axum::http::StatusCode;
use counterpart_core::id::CaseId;
use counterpart_node::Desk;
use counterpart_words::{case::OpenCase, error::CommandError};

use crate::{
    app::aside,
    guard::{Problem, Visit},
};

/// Opens a case away from the threads that answer requests, and does something with it there.
pub(crate) async fn with_case<T: Send + 'static>(
    visit: &Visit,
    id: &str,
    work: impl FnOnce(&Desk, OpenCase) -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    with_opened(visit, id, |desk, case| OpenCase::open(desk, &case.to_hex()), work).await
}

/// The same with what else comes of opening it: the case is read once for both.
pub(crate) async fn with_opened<O, T: Send + 'static>(
    visit: &Visit,
    id: &str,
    open: impl FnOnce(&Desk, CaseId) -> Result<O, CommandError> + Send + 'static,
    work: impl FnOnce(&Desk, O) -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    let absent = || Problem::new(StatusCode::NOT_FOUND, "case");
    let case = CaseId::from_hex(id).ok_or_else(absent)?;
    let app = std::sync::Arc::clone(&visit.app);
    let _turn = visit.app.cases.acquire().await;
    let done = aside(move || {
        let desk = app.desk()?.ok_or_else(absent)?;
        let opened = match open(&desk, case) {
            Ok(opened) => opened,
            Err(_) if desk.summary(&case)?.is_none() => return Err(absent()),
            Err(why) => return Err(failed(&why)),
        };
        work(&desk, opened)
    });
    done.await?
}

/// What a page says where words for people at a terminal were to be said: without the commands.
pub(crate) fn failed(why: &CommandError) -> Problem {
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "desk").with("why", why.message.clone())
}

impl From<CommandError> for Problem {
    fn from(why: CommandError) -> Self {
        failed(&why)
    }
}
