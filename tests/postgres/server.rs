//! A PostgreSQL of a test's own: a cluster in a temporary folder, reached through a socket in it, by nobody else. It ends
//! with the process that started it, however that ends.

use std::{
    env, fs,
    io::{BufRead as _, BufReader, Write as _},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
};

/// Holds on to the shell that stops the server once nobody writes to it any more.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) folder: PathBuf,
    _keeper: Child,
}

/// Where the server's commands are, if they are installed.
pub(crate) fn commands() -> Option<PathBuf> {
    let paths = env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = env::split_paths(&paths).collect();
    // Where Debian puts them.
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    folders.extend(versions.map(|version| version.path().join("bin")));
    folders.into_iter().find(|folder| ["initdb", "pg_ctl", "psql"].iter().all(|name| folder.join(name).exists()))
}

/// The server of this process, started by whoever asks first. Nothing where it cannot be: then the test skips, and
/// fails if it may not.
pub(crate) fn server() -> Option<&'static Server> {
    static SERVER: OnceLock<Option<Server>> = OnceLock::new();
    let server = SERVER.get_or_init(|| commands().map(|commands| Server::start(&commands)));
    if server.is_none() {
        assert!(env::var_os("COUNTERPART_TEST_ALL").is_none(), "this test needs initdb, pg_ctl and psql");
        drop(writeln!(std::io::stderr(), "skipped: needs initdb, pg_ctl and psql (PostgreSQL)"));
    }
    server.as_ref()
}

impl Server {
    pub(crate) fn start(commands: &Path) -> Self {
        use std::os::unix::{
            fs::{MetadataExt as _, chown},
            process::CommandExt as _,
        };
        const NOBODY: u32 = 65534;
        // Removed by the shell below: what a static holds is never dropped.
        let folder = tempfile::Builder::new().prefix("counterpart-postgres-").tempdir().expect("a folder").keep();
        let mut shell = Command::new("sh");
        if fs::metadata(&folder).expect("just made").uid() == 0 {
            // The server refuses to run as root.
            chown(&folder, Some(NOBODY), Some(NOBODY)).expect("given away");
            shell.uid(NOBODY).gid(NOBODY);
        }
        let script = r#"
            cd "$1" || exit 1
            PATH="$2:$PATH"
            trap '' INT TERM HUP
            initdb -D data -U counterpart -A trust -E UTF8 --locale=C --no-sync >log 2>&1 &&
            { echo 'local all locked scram-sha-256'; cat data/pg_hba.conf; } >hba && mv hba data/pg_hba.conf &&
            printf 'fsync = off\nfull_page_writes = off\n' >>data/postgresql.auto.conf &&
            pg_ctl -D data -s -w -l server.log -o "-k '$1' -c listen_addresses= -c max_connections=200" start >>log 2>&1 &&
            echo ready
            cat >/dev/null
            pg_ctl -D data -s -m immediate stop >>log 2>&1
            cd / && rm -rf "$1"
        "#;
        let mut keeper = shell
            .args(["-c", script, "sh"])
            .arg(&folder)
            .arg(commands)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("a shell");
        let mut line = String::new();
        let said = BufReader::new(keeper.stdout.take().expect("piped")).read_line(&mut line);
        let log = || fs::read_to_string(folder.join("log")).unwrap_or_default();
        assert!(said.is_ok() && line == "ready\n", "PostgreSQL does not start: {}", log());
        Self { folder, _keeper: keeper }
    }

    /// A new, empty database, by its address.
    pub(crate) fn database(&self) -> String {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("d{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        self.sql("postgres", &format!("CREATE DATABASE {name}"));
        let folder = self.folder.display().to_string().replace('/', "%2F");
        format!("postgres://counterpart@{folder}/{name}")
    }

    /// What a statement answers.
    pub(crate) fn sql(&self, database: &str, sql: &str) -> String {
        let commands = commands().expect("started by them");
        let output = Command::new(commands.join("psql"))
            .args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-U", "counterpart", "-d", database, "-c", sql])
            .arg("-h")
            .arg(&self.folder)
            .output()
            .expect("psql runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }
}
