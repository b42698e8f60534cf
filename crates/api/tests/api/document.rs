//! The OpenAPI document is the one that is checked in, and answers are as it says.

use std::{fs, path::Path};

use crate::{client::ask, served::Served};

#[test]
fn the_document_is_the_one_that_is_checked_in() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi.json");
    let now = format!("{:#}\n", counterpart_api::document());
    if std::env::var_os("COUNTERPART_BLESS").is_some() {
        fs::write(&path, &now).expect("written");
    }
    let kept = fs::read_to_string(&path).expect("docs/openapi.json");
    assert!(
        kept == now,
        "docs/openapi.json is not of this program: COUNTERPART_BLESS=1 writes it anew; look at what changed"
    );
}

#[test]
fn the_document_is_served_to_whoever_asks() {
    let served = Served::new();
    assert_eq!(ask(served.address, "GET", "/api/v1/openapi.json", &[], b"").good(), counterpart_api::document());
}
