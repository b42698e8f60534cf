//! The Debian package, made of the program under test: what is in it, and that it runs from where it is unpacked.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use crate::home::talk;

/// Whether an outside program is here. Where all must run, one that is not fails the test.
fn has(program: &str) -> bool {
    let here = Command::new(program).arg("--version").output().is_ok();
    if !here {
        let all = std::env::var_os("COUNTERPART_TEST_ALL").is_some();
        assert!(!all, "{program} is not here");
        drop(writeln!(std::io::stderr(), "skipped: needs {program}"));
    }
    here
}

fn done(output: Output) -> String {
    assert!(output.status.success(), "{}", talk(&output));
    String::from_utf8(output.stdout).expect("text")
}

fn packed(into: &Path) -> PathBuf {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.ci/deb");
    let mut command = Command::new(script);
    command.arg(env!("CARGO_BIN_EXE_counterpart")).arg(into).arg("--quick").env("SOURCE_DATE_EPOCH", "1780000000");
    PathBuf::from(done(command.output().expect("the script starts")).trim())
}

#[test]
fn the_package_is_whole_the_same_twice_and_runs() {
    if !["dpkg-deb", "dpkg", "strip", "readelf", "python3"].into_iter().all(has) {
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let package = packed(&folder.path().join("one"));
    let again = packed(&folder.path().join("two"));
    assert!(fs::read(&package).expect("a package") == fs::read(&again).expect("a package"), "the same twice");

    let deb = |args: &[&str]| {
        let mut command = Command::new("dpkg-deb");
        done(command.args(args).arg(&package).output().expect("dpkg-deb starts"))
    };
    let listed = deb(&["--contents"]);
    for path in [
        "./usr/bin/counterpart",
        "./usr/lib/systemd/system/counterpart.service",
        "./usr/lib/sysusers.d/counterpart.conf",
        "./usr/share/man/man1/counterpart.1.gz",
        "./usr/share/man/man1/counterpart-up.1.gz",
        "./usr/share/bash-completion/completions/counterpart",
        "./usr/share/zsh/vendor-completions/_counterpart",
        "./usr/share/fish/vendor_completions.d/counterpart.fish",
        "./usr/share/doc/counterpart/copyright",
        "./usr/share/doc/counterpart/third-party.txt.gz",
        "./etc/default/counterpart",
    ] {
        let line = listed.lines().find(|line| line.ends_with(&format!(" {path}")));
        let line = line.unwrap_or_else(|| unreachable!("{path} is in it: {listed}"));
        assert!(line.contains("root/root") && !line.contains("rws") && line.as_bytes()[8] != b'w', "{line}");
    }
    let fields = deb(&["--field"]);
    assert!(fields.contains("Package: counterpart\n") && fields.contains("libc6 (>= 2."), "{fields}");
    assert!(fields.contains(&format!("Version: {}\n", env!("CARGO_PKG_VERSION"))), "{fields}");

    unpacked_it_runs(folder.path(), &package);
}

fn unpacked_it_runs(folder: &Path, package: &Path) {
    // As `dpkg` unpacks it on a machine, in a folder of its own and without asking for what it depends on.
    let root = folder.join("root");
    let admin = root.join("var/lib/dpkg");
    for made in ["info", "updates", "triggers"] {
        fs::create_dir_all(admin.join(made)).expect("a folder");
    }
    fs::write(admin.join("status"), "").expect("a file");
    let mut command = Command::new("dpkg");
    command.arg(format!("--root={}", root.display())).args(["--force-not-root", "--force-bad-path", "--log=/dev/null"]);
    done(command.arg("--unpack").arg(package).env("LC_ALL", "C").output().expect("dpkg starts"));

    let home = folder.join("home");
    let run = |args: &[&str]| {
        let mut command = Command::new(root.join("usr/bin/counterpart"));
        done(command.args(args).env_clear().env("COUNTERPART_HOME", &home).output().expect("it starts"))
    };
    assert!(run(&["--version"]).starts_with("counterpart "));
    run(&["new", "Broken", "--with", "Acme Ltd", "--name", "Maya", "-y"]);
    assert!(run(&["list"]).contains("Broken"));

    for script in ["postinst", "prerm", "postrm"] {
        let file = admin.join("info").join(format!("counterpart.{script}"));
        done(Command::new("sh").arg("-n").arg(&file).output().expect("the shell starts"));
    }
    let conffiles = fs::read_to_string(admin.join("info/counterpart.conffiles")).expect("settings are kept on updates");
    assert_eq!(conffiles.trim(), "/etc/default/counterpart");

    let unit = root.join("usr/lib/systemd/system/counterpart.service");
    let text = fs::read_to_string(&unit).expect("the unit");
    assert!(text.contains("ExecStart=/usr/bin/counterpart up --mailbox $COUNTERPART_OPTIONS\n"), "{text}");
    if has("systemd-analyze") {
        // The program it names is this one, wherever it was unpacked.
        let here = text.replace("/usr/bin/counterpart", &root.join("usr/bin/counterpart").display().to_string());
        let unit = folder.join("counterpart.service");
        fs::write(&unit, here.replace("User=counterpart\n", "")).expect("a unit");
        let mut command = Command::new("systemd-analyze");
        let verified = command.args(["verify", "--man=no", "--recursive-errors=no"]).arg(&unit).output();
        done(verified.expect("systemd-analyze starts"));
    }
    // It takes a minute, and has an opinion on more than matters here: errors alone count.
    let long = std::env::var_os("COUNTERPART_LONG").is_some();
    if long
        && let Ok(judged) =
            Command::new("lintian").args(["--fail-on", "error", "--no-tag-display-limit"]).arg(package).output()
    {
        assert!(judged.status.success(), "{}", String::from_utf8_lossy(&judged.stdout));
    }
}
