//! Everything that the document says can be asked, asked by a program that tries to break it.

use std::{
    fs,
    io::Write as _,
    path::PathBuf,
    process::{Command, Stdio},
};

use serde_json::{Value as Json, json};

use crate::served::Served;

/// What must hold of every answer. What is refused although its shape is right is refused for good reasons: an act that
/// would have no effect has the right shape as well.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,\
                      response_schema_conformance,negative_data_rejection,missing_required_header,unsupported_method,\
                      allow_header_conformance,ignored_auth";

/// The stream has no end; nobody out there is to be called by a test.
const LEFT_OUT: usize = 2;

/// Says aloud that nothing was tried; where everything must be, that is a failure.
fn missing(what: &str) {
    assert!(std::env::var_os("COUNTERPART_TEST_ALL").is_none(), "this test needs {what}");
    drop(writeln!(std::io::stderr(), "skipped: needs {what}"));
}

fn schemathesis() -> Option<PathBuf> {
    let made = option_env!("CARGO_TARGET_TMPDIR").map(PathBuf::from).and_then(|t| Some(t.parent()?.join("python")));
    let made = made.map(|folder| folder.join("bin/schemathesis"));
    let able = |program: &PathBuf| {
        let tried = Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
        tried.is_ok_and(|tried| tried.success())
    };
    made.into_iter().chain([PathBuf::from("schemathesis")]).find(able)
}

#[test]
fn nothing_that_can_be_asked_breaks_it_or_is_answered_otherwise_than_it_says() {
    let Some(program) = schemathesis() else { return missing("schemathesis: .ci/python installs it") };
    let served = Served::new();
    let case = served.case("Broadband");
    served.sign(&case, &json!({"act": "propose", "subjects": [{"is": "action", "what": "Mend it", "performers": [{"seat": "supplier"}]}]}));
    let folder = tempfile::TempDir::new().expect("a folder");
    let (settings, report) = (folder.path().join("schemathesis.toml"), folder.path().join("report.json"));
    let document = folder.path().join("openapi.json");
    fs::write(&document, counterpart_api::document().to_string()).expect("written");
    // A case that is there: one that is not is refused before anything else is looked at. And it is not to end its own token.
    let fixed = format!("[parameters]\n\"path.case\" = \"{case}\"\n\"path.name\" = \"somebody\"\n");
    fs::write(&settings, fixed).expect("written");
    let most = if std::env::var_os("COUNTERPART_LONG").is_some() { "150" } else { "12" };
    let ran = Command::new(program)
        .args(["--config-file".as_ref(), settings.as_os_str()])
        .arg("run")
        .arg(&document)
        .args(["--url", &format!("http://{}", served.address)])
        .args(["--header", &format!("Authorization: Bearer {}", served.token)])
        .args(["--phases", "examples,coverage,fuzzing", "--checks", CHECKS, "--max-examples", most, "--seed", "1"])
        .args(["--exclude-path", "/api/v1/events", "--exclude-path", "/api/v1/webhooks/{name}/test"])
        .args(["--workers", "1", "--no-shrink", "--continue-on-failure", "--no-color", "--warnings", "off"])
        .args(["--request-timeout", "60", "--suppress-health-check", "all"])
        .args(["--report", "json", "--report-json-path"])
        .arg(&report)
        .current_dir(folder.path())
        .output()
        .expect("it runs");
    let (out, err) = (String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
    assert!(ran.status.success(), "{out}\n{err}");
    let report: Json = serde_json::from_slice(&fs::read(&report).expect("a report")).expect("JSON");
    let (operations, cases) = (&report["operations"]["tested"], &report["test_cases"]["generated"]);
    drop(writeln!(std::io::stderr(), "schemathesis: {operations} operations, {cases} cases, no failure"));
    let documented = counterpart_api::document();
    let paths = documented["paths"].as_object().expect("paths").values();
    let documented: usize = paths.map(|methods| methods.as_object().map_or(0, serde_json::Map::len)).sum();
    assert_eq!(operations, &json!(documented - LEFT_OUT), "{report:#}");
    assert_eq!(served.get("/me").status, 200, "it lives, and its token stands");
}
