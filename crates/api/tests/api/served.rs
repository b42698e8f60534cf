//! A server for a test: it runs until the test ends.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    sync::atomic::{AtomicU64, Ordering},
};

use counterpart_api::{ApiOptions, ApiServer};
use counterpart_node::{Desk, Scope, TokenWish, now};
use serde_json::{Value as Json, json};
use tempfile::TempDir;
use tokio::{runtime::Runtime, sync::oneshot, task::JoinHandle};

use crate::client::{Answer, ask};

pub(crate) struct Served {
    pub(crate) address: SocketAddr,
    home: TempDir,
    pub(crate) token: String,
    keys: AtomicU64,
    runtime: Runtime,
    stop: Option<oneshot::Sender<()>>,
    task: Option<JoinHandle<()>>,
}

/// More than any test asks.
const PLENTY: (u32, u32) = (100_000, 100_000);

impl Served {
    /// A home with an identity, and a token for everything that signs with the home's own key.
    pub(crate) fn new() -> Self {
        let home = TempDir::new().expect("a folder");
        Desk::init(home.path()).expect("an identity");
        Self::of(home, PLENTY)
    }

    pub(crate) fn with_rate(rate: (u32, u32)) -> Self {
        let home = TempDir::new().expect("a folder");
        Desk::init(home.path()).expect("an identity");
        Self::of(home, rate)
    }

    fn of(home: TempDir, rate: (u32, u32)) -> Self {
        let token = made(home.path(), "all", &Scope::ALL);
        Self::with_token(home, rate, token)
    }

    fn with_token(home: TempDir, rate: (u32, u32), token: String) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        let runtime = runtime.expect("threads");
        let mut options = ApiOptions::at(SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 0));
        options.rate = rate;
        let server = runtime.block_on(ApiServer::bind(home.path(), options)).expect("a port");
        let address = server.address();
        let (stop, stopped) = oneshot::channel();
        let task = runtime.spawn(server.serve(async { drop(stopped.await) }));
        let keys = AtomicU64::new(0);
        Self { address, home, token, keys, runtime, stop: Some(stop), task: Some(task) }
    }

    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    pub(crate) fn desk(&self) -> Desk {
        Desk::open(self.home()).expect("an identity")
    }

    pub(crate) fn token_for(&self, name: &str, scopes: &[Scope]) -> String {
        made(self.home(), name, scopes)
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.ask_as(&self.token, "GET", path, &[], b"")
    }

    pub(crate) fn ask_as(
        &self,
        token: &str,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Answer {
        let bearer = format!("Bearer {token}");
        let mut all = vec![("Authorization", bearer.as_str())];
        all.extend_from_slice(headers);
        ask(self.address, method, &format!("/api/v1{path}"), &all, body)
    }

    pub(crate) fn post(&self, path: &str, body: &Json) -> Answer {
        self.send("POST", path, body, None)
    }

    /// The same under a key of its own.
    pub(crate) fn send(&self, method: &str, path: &str, body: &Json, key: Option<&str>) -> Answer {
        let fresh = format!("key-{}", self.keys.fetch_add(1, Ordering::Relaxed));
        let headers = [("Content-Type", "application/json"), ("Idempotency-Key", key.unwrap_or(&fresh))];
        self.ask_as(&self.token, method, path, &headers, body.to_string().as_bytes())
    }

    /// A case with Northlink, just begun; its id.
    pub(crate) fn case(&self, title: &str) -> String {
        let mut wish = json!({
            "title": title,
            "zone": "Europe/London",
            "own": {"name": "Ann", "role": "customer"},
            "others": [{"name": "Northlink Ltd", "role": "supplier"}],
        });
        let preview = self.post("/cases/preview", &wish).good();
        wish["digest"] = preview["digest"].clone();
        self.post("/cases", &wish).good()["case"].as_str().expect("an id").to_owned()
    }

    /// Signs what was shown; the whole answer.
    pub(crate) fn sign(&self, case: &str, input: &Json) -> Json {
        let preview = self.post(&format!("/cases/{case}/acts/preview"), &json!({"input": input})).good();
        let wish = json!({"input": input, "digest": preview["digest"]});
        self.post(&format!("/cases/{case}/acts"), &wish).good()
    }

    /// The same home, served anew.
    pub(crate) fn started_again(mut self) -> Self {
        self.stop();
        let home = std::mem::replace(&mut self.home, TempDir::new().expect("a folder"));
        let token = self.token.clone();
        drop(self);
        Self::with_token(home, PLENTY, token)
    }

    pub(crate) fn stop(&mut self) {
        drop(self.stop.take());
        if let Some(task) = self.task.take() {
            self.runtime.block_on(task).expect("it stops");
        }
    }
}

fn made(home: &Path, name: &str, scopes: &[Scope]) -> String {
    let desk = Desk::open(home).expect("an identity");
    let wish = TokenWish { name: name.to_owned(), seat: None, scopes: scopes.to_vec(), expires: None };
    desk.new_token(&wish, now()).expect("a token").0.text().to_owned()
}

impl Drop for Served {
    fn drop(&mut self) {
        self.stop();
    }
}
