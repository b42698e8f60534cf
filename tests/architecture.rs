//! What `docs/architecture.md` says is absent, is absent.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).expect("a file of the project")
}

/// The names under `[dependencies]` of a crate: what it is built with, tests aside.
fn dependencies(name: &str) -> BTreeSet<String> {
    let manifest = read(&format!("crates/{name}/Cargo.toml"));
    let mut inside = false;
    let mut found = BTreeSet::new();
    for line in manifest.lines().map(str::trim) {
        if line.starts_with('[') {
            inside = line.starts_with("[dependencies") || line.contains(".dependencies]");
        } else if inside && !line.is_empty() && !line.starts_with('#') {
            let name = line.split(['.', '=', ' ']).next().unwrap_or_default();
            found.insert(name.to_owned());
        }
    }
    found
}

fn crates() -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(root().join("crates"))
        .expect("the crates folder")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

/// Every Rust source of a crate, tests aside, with its text.
fn sources(name: &str) -> Vec<(PathBuf, String)> {
    let mut folders = vec![root().join("crates").join(name).join("src")];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a source folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let text = fs::read_to_string(&path).expect("a source file");
                found.push((path, text));
            }
        }
    }
    found
}

#[test]
fn dependencies_point_one_way() {
    let may: &[(&str, &[&str])] = &[
        ("core", &[]),
        ("net", &[]),
        ("timestamp", &[]),
        ("store", &["core"]),
        ("testkit", &["core", "store"]),
        ("evidence", &["core", "timestamp"]),
        ("report", &["core", "evidence", "process"]),
        ("verify", &["evidence"]),
        ("process", &["core"]),
        ("mail", &[]),
        ("serving", &[]),
        ("node", &["core", "store", "net", "timestamp", "process", "mail"]),
        ("words", &["core", "store", "node", "evidence", "process"]),
        ("web", &["core", "store", "node", "evidence", "words", "process", "report", "serving"]),
        ("mcp", &["core", "node", "words"]),
        ("api", &["core", "store", "node", "evidence", "process", "report", "words", "serving"]),
        (
            "cli",
            &[
                "core",
                "store",
                "node",
                "evidence",
                "report",
                "timestamp",
                "process",
                "mail",
                "words",
                "web",
                "mcp",
                "api",
            ],
        ),
    ];
    assert_eq!(crates().len(), may.len(), "every crate has a place");
    for (name, allowed) in may {
        let ours: Vec<String> =
            dependencies(name).iter().filter_map(|d| d.strip_prefix("counterpart-").map(str::to_owned)).collect();
        for dependency in &ours {
            assert!(allowed.contains(&dependency.as_str()), "{name} must not depend on {dependency}");
        }
    }
}

#[test]
fn core_has_nothing_to_do_input_and_output_with() {
    let allowed: BTreeSet<&str> = [
        "automerge",
        "coset",
        "data-encoding",
        "ed25519-dalek",
        "minicbor",
        "sha2",
        "thiserror",
        "unicode-normalization",
        "unicode-properties",
    ]
    .into();
    for dependency in dependencies("core") {
        assert!(allowed.contains(dependency.as_str()), "core depends on {dependency}");
    }
}

#[test]
fn each_library_has_one_home() {
    let homes = [
        ("libp2p", "net"),
        ("rusqlite", "store"),
        ("tokio-postgres", "store"),
        ("automerge", "core"),
        ("zip", "evidence"),
        ("crc32fast", "evidence"),
        ("rustls-webpki", "timestamp"),
        ("der", "timestamp"),
        ("ureq", "node"),
        ("hmac", "node"),
        ("lettre", "mail"),
        ("mail-parser", "mail"),
        ("imap-next", "mail"),
        ("tokio-rustls", "mail"),
        ("chrono", "mail"),
        ("minijinja", "process"),
        ("icalendar", "process"),
        ("csv", "process"),
        ("lexopt", "verify"),
        ("rmcp", "mcp"),
        ("hyper", "serving"),
        ("hyper-util", "serving"),
        ("qrcode", "web"),
        ("clap", "cli"),
        ("clap_mangen", "cli"),
        ("prometheus-client", "node"),
        ("toml_edit", "words"),
        ("iso_currency", "words"),
    ];
    // To a mail server, and to a database.
    let elsewhere = [("tokio-rustls", "store")];
    for name in crates() {
        for (library, home) in homes {
            if name != home && !elsewhere.contains(&(library, name.as_str())) {
                assert!(!dependencies(&name).contains(library), "only {home} knows {library}, not {name}");
            }
        }
    }
    for (path, text) in sources("core") {
        if !path.ends_with("src/change.rs") && !path.ends_with("worksheet/document.rs") {
            let uses = text.contains("use automerge") || text.contains("automerge::");
            assert!(!uses, "only change.rs and worksheet/document.rs know Automerge, not {}", path.display());
        }
    }
}

#[test]
fn routes_are_made_where_pages_and_programs_are_answered() {
    for name in crates().into_iter().filter(|name| !["web", "api", "serving"].contains(&name.as_str())) {
        assert!(!dependencies(&name).contains("axum"), "only web and api know axum, and serving takes it, not {name}");
    }
}

#[test]
fn only_the_command_prints() {
    for name in crates().into_iter().filter(|n| n != "cli") {
        for (path, text) in sources(&name) {
            for macro_name in ["println!", "eprintln!", "print!(", "eprint!("] {
                assert!(!text.contains(macro_name), "{} prints", path.display());
            }
        }
    }
}

/// What whoever verifies has to trust: few libraries, and none that could reach a network, a store or a runtime.
#[test]
fn the_verifier_is_small_and_alone() {
    const MOST: usize = 90;
    let tree = std::process::Command::new(env!("CARGO"))
        .args(["tree", "-p", "counterpart-verify", "-e", "normal", "--prefix", "none", "--offline", "--locked"])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
    let tree = String::from_utf8(tree.stdout).expect("names");
    let lines: BTreeSet<&str> = tree.lines().collect();
    assert!(lines.len() <= MOST, "{} libraries: {lines:?}", lines.len());
    let absent = ["tokio", "futures", "libp2p", "quinn", "rusqlite", "mio", "socket2", "reqwest", "hyper", "zip"];
    for name in lines.iter().filter_map(|line| line.split(' ').next()) {
        let found = absent.iter().any(|a| name == *a || name.starts_with(&format!("{a}-")));
        assert!(!found && !name.starts_with("async"), "the verifier is built with {name}");
    }
    assert!(lines.iter().any(|line| line.starts_with("counterpart-core ")), "{tree}");
}
