//! The stylesheet, the script and the sign of the pages: built in, under names that change with what is in them.

use std::sync::LazyLock;

use axum::{
    extract::Path,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use data_encoding::HEXLOWER;
use sha2::{Digest as _, Sha256};

use crate::guard::Problem;

/// Where they are; anybody may have them, they say nothing about anybody.
const FOLDER: &str = "/assets/";

#[derive(Debug)]
struct Asset {
    path: String,
    kind: &'static str,
    bytes: &'static [u8],
}

#[derive(Debug)]
pub(crate) struct Assets {
    style: Asset,
    script: Asset,
    icon: Asset,
}

static ASSETS: LazyLock<Assets> = LazyLock::new(|| Assets {
    style: Asset::new("style", "css", "text/css; charset=utf-8", STYLE.as_bytes()),
    script: Asset::new("script", "js", "text/javascript; charset=utf-8", SCRIPT.as_bytes()),
    icon: Asset::new("icon", "svg", "image/svg+xml", include_bytes!("../assets/icon.svg")),
});

/// The stylesheets of all parts, as one.
const STYLE: &str = concat!(
    include_str!("../assets/style/base.css"),
    include_str!("../assets/style/case.css"),
    include_str!("../assets/style/record.css"),
    include_str!("../assets/style/forms.css"),
    include_str!("../assets/style/terms.css"),
    include_str!("../assets/style/start.css"),
    include_str!("../assets/style/call.css"),
    include_str!("../assets/style/picture.css"),
    include_str!("../assets/style/draft.css"),
);

/// The scripts of all parts, as one; each is a function called at once.
const SCRIPT: &str = concat!(
    include_str!("../assets/script/base.js"),
    include_str!("../assets/script/forms.js"),
    include_str!("../assets/script/start.js"),
    include_str!("../assets/script/call.js"),
    include_str!("../assets/script/draft.js"),
);

impl Asset {
    fn new(name: &str, ending: &str, kind: &'static str, bytes: &'static [u8]) -> Self {
        let hash = HEXLOWER.encode(&Sha256::digest(bytes)[..8]);
        Self { path: format!("{FOLDER}{name}-{hash}.{ending}"), kind, bytes }
    }
}

/// The paths, for templates.
pub(crate) fn style() -> &'static str {
    &ASSETS.style.path
}

pub(crate) fn script() -> &'static str {
    &ASSETS.script.path
}

pub(crate) fn icon() -> &'static str {
    &ASSETS.icon.path
}

/// Whether a path leads to one of these, or would.
pub(crate) fn is_asset(path: &str) -> bool {
    path.starts_with(FOLDER)
}

/// `GET /assets/NAME`
pub(crate) async fn serve(Path(name): Path<String>) -> Result<Response, Problem> {
    let wanted = format!("{FOLDER}{name}");
    let all = [&ASSETS.style, &ASSETS.script, &ASSETS.icon];
    let found = all.into_iter().find(|asset| asset.path == wanted);
    let asset = std::future::ready(found).await.ok_or_else(|| Problem::new(StatusCode::NOT_FOUND, "absent"))?;
    let about = [(header::CONTENT_TYPE, asset.kind), (header::CACHE_CONTROL, "public, max-age=31536000, immutable")];
    Ok((about, asset.bytes).into_response())
}
