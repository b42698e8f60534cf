//! A customer's node, a supplier's node that serves programs, a helpdesk, and the bridge between the last two.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::{Child, ChildStderr, Command, Output, Stdio},
    sync::{Arc, mpsc},
};

use serde_json::{Value as Json, json};

use crate::{
    gate::{Count, Gate},
    home::{Home, LOOPBACK, PATIENCE, Up, read_lines},
};

/// Whether there is a Python to run the bridge with. Without one a test skips, unless all are asked for.
pub(crate) fn python() -> bool {
    let version = "import sys; sys.exit(sys.version_info < (3, 11))";
    let there = Command::new("python3").args(["-c", version]).stderr(Stdio::null()).status().is_ok_and(|s| s.success());
    if !there {
        assert!(std::env::var_os("COUNTERPART_TEST_ALL").is_none(), "this test needs Python 3.11");
        drop(writeln!(std::io::stderr(), "skipped: this test needs Python 3.11"));
    }
    there
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

pub(crate) fn script(path: &str) -> Command {
    let mut command = Command::new("python3");
    // No compiled files are left in the source tree.
    command.arg("-B").arg(root().join(path)).env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command
}

/// A supplier's node that serves programs.
struct Serving {
    child: Child,
    address: SocketAddr,
}

impl Serving {
    fn start(home: &Home) -> (Self, mpsc::Receiver<Json>) {
        let mut command = home.command(&["up", "--listen", LOOPBACK, "--api", "127.0.0.1:0", "--log", "json"]);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("the node starts");
        let log = read_log(child.stderr.take().expect("its log"));
        let address = loop {
            let line = log.recv_timeout(PATIENCE).expect("it says where programs ask");
            if line["event"] == "api" {
                break line["address"].as_str().expect("an address").parse().expect("an address");
            }
        };
        (Self { child, address }, log)
    }
}

fn read_log(log: ChildStderr) -> mpsc::Receiver<Json> {
    let (sender, said) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(log).lines().map_while(Result::ok) {
            drop(sender.send(serde_json::from_str(&line).unwrap_or_default()));
        }
    });
    said
}

impl Drop for Serving {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

fn end(child: &mut Child) {
    drop(child.kill());
    drop(child.wait());
}

/// The helpdesk's stand-in, and what its agents do in it.
pub(crate) struct Desk {
    child: Child,
    address: SocketAddr,
}

impl Desk {
    fn start() -> Self {
        let mut child = script("tests/helpdesk/standin.py").stdout(Stdio::piped()).spawn().expect("Python starts");
        let lines = read_lines(child.stdout.take().expect("its output"));
        let line = lines.recv_timeout(PATIENCE).expect("it listens");
        let address = line.split(' ').next().and_then(|url| url.strip_prefix("http://")).expect("an address");
        Self { child, address: address.parse().expect("an address") }
    }

    fn ask(&self, who: &str, method: &str, path: &str, body: &Json) -> Json {
        let body = body.to_string();
        let mut stream = TcpStream::connect(self.address).expect("it listens");
        stream.set_read_timeout(Some(PATIENCE * 2)).expect("a time limit");
        let length = body.len();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: desk\r\nAuthorization: Token token={who}-token\r\n\
             Content-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
        )
        .expect("asked");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
        assert!(head.contains(" 200 ") || head.contains(" 201 "), "{method} {path}: {answer}");
        serde_json::from_str(body).expect("JSON")
    }

    /// An agent writes something; gives its number.
    pub(crate) fn write(&self, who: &str, ticket: u64, article: Json) -> u64 {
        let mut article = article;
        article["ticket_id"] = json!(ticket);
        self.ask(who, "POST", "/api/v1/ticket_articles", &article)["id"].as_u64().expect("a number")
    }

    /// Makes a ticket as an agent does.
    pub(crate) fn create(&self, who: &str, ticket: &Json) {
        self.ask(who, "POST", "/api/v1/tickets", ticket);
    }

    pub(crate) fn change(&self, ticket: u64, fields: &Json) {
        self.ask("priya", "PUT", &format!("/api/v1/tickets/{ticket}"), fields);
    }

    /// An agent takes a tag away.
    pub(crate) fn untag(&self, ticket: u64, word: &str) {
        let body = json!({"item": word, "object": "Ticket", "o_id": ticket});
        self.ask("omar", "DELETE", "/api/v1/tags/remove", &body);
    }

    /// All that is in it.
    pub(crate) fn all(&self) -> Json {
        self.ask("priya", "GET", "/control/all", &json!({}))
    }

    /// Waits until an article has these words.
    pub(crate) fn wait_for(&self, words: &str) -> Json {
        self.ask("priya", "GET", &format!("/control/wait?text={}", words.replace(' ', "+")), &json!({}))
    }

    /// What the next questions are answered with.
    pub(crate) fn refuse(&self, answers: &Json) {
        self.ask("priya", "POST", "/control/refuse", answers);
    }

    /// The ticket of a case, by its short form.
    pub(crate) fn ticket(&self, short: &str) -> Json {
        let all = self.all();
        let title = format!("[{short}]");
        let mut found = all["tickets"].as_array().expect("tickets").iter().filter(|ticket| {
            ticket["title"].as_str().is_some_and(|t| t.starts_with(&title)) && ticket["created_by_id"] == 3
        });
        let ticket = found.next().expect("a ticket of the case").clone();
        assert!(found.next().is_none(), "one ticket of {short} alone: {all}");
        ticket
    }

    pub(crate) fn articles(&self, ticket: &Json) -> Vec<Json> {
        let all = self.all();
        let articles = all["articles"].as_array().expect("articles").iter();
        articles.filter(|article| article["ticket_id"] == ticket["id"]).cloned().collect()
    }

    pub(crate) fn writes(&self) -> u64 {
        self.all()["writes"].as_u64().expect("a number")
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

/// All of it together.
pub(crate) struct Stage {
    pub(crate) customer: Home,
    pub(crate) customer_up: Up,
    pub(crate) supplier: Home,
    pub(crate) case: String,
    pub(crate) desk: Desk,
    pub(crate) count: Arc<Count>,
    pub(crate) to_desk: Gate,
    pub(crate) to_api: Gate,
    pub(crate) seat: String,
    supplier_log: mpsc::Receiver<Json>,
    _serving: Serving,
}

impl Stage {
    pub(crate) fn new(title: &str, name: &str) -> Self {
        let customer = Home::new();
        let own = format!("{name}:customer");
        let case = customer.ok(&["new", title, "--with", "Northlink Ltd:supplier", "--as", &own, "-y"]);
        let customer_up = customer.up();
        let link = customer.ok(&["invite", &case, "-y"]);
        let supplier = Home::new();
        assert_eq!(supplier.ok(&["join", &link, "-y"]), case);
        supplier.ok(&["seat", "add", "helpdesk", "--only", "note", "-y"]);
        let token = supplier.ok(&["token", "new", "bridge", "--seat", "helpdesk", "--scope", "read,sign,notes", "-y"]);
        let (serving, supplier_log) = Serving::start(&supplier);
        let desk = Desk::start();
        let count = Arc::new(Count::default());
        let (to_desk, to_api) = (Gate::to(desk.address, &count), Gate::to(serving.address, &count));
        secret(&supplier.path().join("bridge.token"), &token);
        secret(&supplier.path().join("desk.token"), "bridge-token");
        let me = supplier.json(&["seat", "list"]);
        let seat = me["seats"][0]["device"].as_str().expect("its device").to_owned();
        Self {
            customer,
            customer_up,
            supplier,
            case,
            desk,
            count,
            to_desk,
            to_api,
            seat,
            supplier_log,
            _serving: serving,
        }
    }

    /// The bridge, with what it needs to know.
    pub(crate) fn bridge(&self, more: &[&str]) -> Command {
        let mut command = script("examples/helpdesk/bridge.py");
        let file = |name: &str| self.supplier.path().join(name);
        command.args(["--api", &self.to_api.url(), "--helpdesk", &self.to_desk.url(), "--api-token-file"]);
        command.arg(file("bridge.token")).arg("--helpdesk-token-file").arg(file("desk.token"));
        command.arg("--state").arg(file("bridge.json")).args(more);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Lets the bridge bring all in step; gives what it did.
    pub(crate) fn in_step(&self) -> Vec<Json> {
        let output = self.bridge(&["--once"]).output().expect("Python starts");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{:?}: {said}", output.status);
        assert!(!said.contains("Traceback"), "{said}");
        done(&output)
    }

    /// The bridge by itself, following; its lines, each a thing that it did.
    pub(crate) fn follow(&self, more: &[&str]) -> Following {
        let mut child = self.bridge(more).spawn().expect("Python starts");
        let did = read_lines(child.stdout.take().expect("its output"));
        let said = read_lines_of(child.stderr.take().expect("its talk"));
        Following { child, did, said }
    }

    /// The customer says something, and it arrives at the supplier's.
    pub(crate) fn customer_says(&self, text: &str) {
        self.customer.ok(&["note", &self.case, text, "-y"]);
        self.supplier_hears(text);
    }

    /// Waits until the supplier's record has these words.
    pub(crate) fn supplier_hears(&self, text: &str) {
        while !self.supplier.json(&["log", &self.case]).to_string().contains(text) {
            drop(self.supplier_log.recv_timeout(PATIENCE).expect("it comes in time"));
        }
    }

    /// Waits until the customer's record has these words.
    pub(crate) fn customer_hears(&self, text: &str) {
        self.customer_up
            .until("it reaches the customer", || self.record_of(&self.customer).iter().any(|e| has(e, text)));
    }

    pub(crate) fn record_of(&self, home: &Home) -> Vec<Json> {
        home.json(&["log", &self.case])["entries"].as_array().expect("entries").clone()
    }

    /// How often the customer's record has these words, and that each is signed at the bridge's seat.
    pub(crate) fn signed(&self, text: &str) -> usize {
        let found: Vec<Json> = self.record_of(&self.customer).into_iter().filter(|entry| has(entry, text)).collect();
        assert!(found.iter().all(|entry| entry["device"] == self.seat.as_str()), "{found:?}");
        found.len()
    }
}

fn has(entry: &Json, text: &str) -> bool {
    entry["text"].as_str().is_some_and(|said| said.contains(text))
}

/// A file that only its owner reads.
pub(crate) fn secret(path: &Path, text: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::write(path, text).expect("written");
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).expect("ours alone");
}

fn done(output: &Output) -> Vec<Json> {
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    said.lines().map(|line| serde_json::from_str(line).expect("each line is JSON")).collect()
}

fn read_lines_of(talk: ChildStderr) -> mpsc::Receiver<String> {
    let (sender, lines) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(talk).lines().map_while(Result::ok) {
            drop(sender.send(line));
        }
    });
    lines
}

/// A bridge that runs.
pub(crate) struct Following {
    pub(crate) child: Child,
    did: mpsc::Receiver<String>,
    said: mpsc::Receiver<String>,
}

impl Following {
    /// Waits until it did something of this kind.
    pub(crate) fn until_did(&self, what: &str) -> Json {
        loop {
            let line = self.did.recv_timeout(PATIENCE).expect("it does so in time");
            let did: Json = serde_json::from_str(&line).expect("JSON");
            if did["did"] == what {
                return did;
            }
        }
    }

    /// Waits until it said something with these words.
    pub(crate) fn until_said(&self, words: &str) -> String {
        loop {
            let line = self.said.recv_timeout(PATIENCE).expect("it says so in time");
            if line.contains(words) {
                return line;
            }
        }
    }

    /// Asks it to end; gives how it ended.
    pub(crate) fn stop(mut self) -> Option<i32> {
        let asked = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().expect("kill is there");
        assert!(asked.success());
        self.child.wait().expect("it ends").code()
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}
