//! Every component once, to look at: in debug builds only.

use askama::Template;
use axum::response::Response;

use super::{frame::Frame, page};
use crate::{
    guard::{Problem, Visit},
    time::Moment,
};

#[derive(Template)]
#[template(path = "style.html")]
struct StylePage {
    frame: Frame,
    hostile: &'static str,
    rightwards: &'static str,
    moment: Moment,
}

pub(super) async fn show(visit: Visit) -> Result<Response, Problem> {
    let template = StylePage {
        frame: Frame::of(&visit, ""),
        hostile: "<img src=//example.org/x onerror=alert(1)>\u{202E}cod.exe\u{202C} \u{1b}[31m\nnext line",
        rightwards: "\u{5E9}\u{5DC}\u{5D5}\u{5DD} 123",
        moment: Moment(1_783_328_400_000),
    };
    std::future::ready(page(&template)).await
}
