//! A server for a test: it runs until the test ends.

use std::{net::SocketAddr, path::Path};

use counterpart_node::Desk;
use counterpart_web::{Options, Server};
use tempfile::TempDir;
use tokio::{runtime::Runtime, sync::oneshot, task::JoinHandle};

use crate::client::{Answer, Client};

pub(crate) struct Served {
    pub(crate) address: SocketAddr,
    /// Not used yet.
    pub(crate) link: String,
    pub(crate) home: TempDir,
    runtime: Runtime,
    stop: Option<oneshot::Sender<()>>,
    task: Option<JoinHandle<()>>,
}

impl Served {
    /// An empty home.
    pub(crate) fn empty() -> Self {
        Self::of(TempDir::new().expect("a folder"), false)
    }

    /// A home with an identity and no case.
    pub(crate) fn settled() -> Self {
        let home = TempDir::new().expect("a folder");
        Desk::init(home.path()).expect("an identity");
        Self::of(home, false)
    }

    pub(crate) fn of(home: TempDir, node: bool) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        let runtime = runtime.expect("threads");
        let options = Options { port: Some(0), node, ..Options::default() };
        let server = runtime.block_on(Server::bind(home.path(), options)).expect("a port");
        let (address, link) = (server.address(), server.link().expect("a link"));
        let (stop, stopped) = oneshot::channel();
        let task = runtime.spawn(server.serve(async { drop(stopped.await) }));
        Self { address, link, home, runtime, stop: Some(stop), task: Some(task) }
    }

    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    pub(crate) fn desk(&self) -> Desk {
        Desk::open(self.home()).expect("an identity")
    }

    pub(crate) fn host(&self) -> String {
        self.address.to_string()
    }

    pub(crate) fn client(&self) -> Client {
        Client::of(self.address)
    }

    /// The cookie that a link gives: `name=value`.
    pub(crate) fn let_in(&self) -> String {
        let server = counterpart_web::link_to_running(self.home(), counterpart_node::now()).expect("readable");
        let link = server.expect("it runs");
        cookie(&self.client().get(path_of(&link), &[]))
    }

    /// What the forms of a page carry.
    pub(crate) fn form_secret(&self, cookie: &str, page: &str) -> String {
        let answer = self.client().get(page, &[("Cookie", cookie)]);
        let (_, after) = answer.text().split_once("name=\"form\" value=\"").expect("a form");
        after.split('"').next().expect("its secret").to_owned()
    }

    pub(crate) fn stop(&mut self) {
        drop(self.stop.take());
        if let Some(task) = self.task.take() {
            self.runtime.block_on(task).expect("it stops");
        }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.stop();
    }
}

pub(crate) fn path_of(link: &str) -> &str {
    link.split_once("//").and_then(|(_, rest)| rest.find('/').and_then(|at| rest.get(at..))).expect("a link")
}

pub(crate) fn cookie(answer: &Answer) -> String {
    let set = answer.header("set-cookie").expect("a cookie");
    set.split(';').next().expect("its value").to_owned()
}
