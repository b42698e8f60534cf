//! A small Internet of network namespaces: a segment where everybody has a public address, hosts on it, and homes behind
//! routers. None of it reaches the machine's own network.
//!
//! ```text
//! host ──────────────┐
//! laptop ── wire ────┤ segment (bridge)
//! laptop ── router ── wire ──┘
//! ```

use std::{
    fs, io,
    io::Write as _,
    net::Ipv4Addr,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{
        Once,
        atomic::{AtomicU32, Ordering},
    },
};

use crate::{
    router::{Allowed, Kind, rules},
    wire::{self, Line, Wire},
};

/// What the namespaces of these tests are called: this, the process, a number, and what it is.
const PREFIX: &str = "counterpart-";
/// The same in every home, as it is in life: what a laptop knows as its own address says nothing to others.
pub(crate) const LAPTOP: Ipv4Addr = Ipv4Addr::new(192, 168, 1, 2);
const ROUTER: Ipv4Addr = Ipv4Addr::new(192, 168, 1, 1);

/// Whether worlds can be made here. Says so where not; where everything has to run, that is a failure.
pub(crate) fn possible() -> bool {
    let why = missing();
    let Some(why) = why else { return true };
    assert!(std::env::var_os("COUNTERPART_TEST_ALL").is_none(), "this test {why}");
    // Counted as passed by the runner, so say plainly that nothing was tried.
    drop(writeln!(io::stderr(), "skipped: {why}"));
    false
}

fn missing() -> Option<&'static str> {
    let root = fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0);
    if !root {
        return Some("needs to run as root, which may make network namespaces");
    }
    let there = |name: &str| {
        let run = Command::new(name).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
        run.is_ok() && (name != "nft" || run.is_ok_and(|s| s.success()))
    };
    if !["ip", "nft", "ethtool", "timeout"].into_iter().all(there) {
        return Some("needs the commands ip (iproute2), nft (nftables), ethtool and timeout (coreutils)");
    }
    let trial = format!("{PREFIX}{}-trial", std::process::id());
    static TRIED: Once = Once::new();
    static WORKS: AtomicU32 = AtomicU32::new(0);
    TRIED.call_once(|| {
        sweep();
        let made = quietly(&["netns", "add", &trial]);
        let works = made
            && quietly(&["-n", &trial, "link", "add", "eth0", "type", "veth", "peer", "name", "eth1"])
            && quietly(&["-n", &trial, "link", "add", "segment", "type", "bridge"]);
        quietly(&["netns", "del", &trial]);
        WORKS.store(u32::from(works), Ordering::Relaxed);
    });
    (WORKS.load(Ordering::Relaxed) == 0).then_some("needs a system that lets root make network namespaces and devices")
}

fn quietly(args: &[&str]) -> bool {
    Command::new("ip").args(args).stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|s| s.success())
}

/// Removes what tests left behind whose process is no more.
fn sweep() {
    let Ok(found) = fs::read_dir("/run/netns") else { return };
    for name in found.flatten().filter_map(|entry| entry.file_name().into_string().ok()) {
        let process =
            name.strip_prefix(PREFIX).and_then(|rest| rest.split('-').next()).and_then(|p| p.parse::<u32>().ok());
        if process.is_some_and(|p| !Path::new(&format!("/proc/{p}")).exists()) {
            remove(&name);
        }
    }
}

/// Ends what runs in a namespace of these tests, then the namespace.
fn remove(namespace: &str) {
    let inside = Command::new("ip").args(["netns", "pids", namespace]).output();
    let text = inside.map(|o| String::from_utf8_lossy(&o.stdout).into_owned()).unwrap_or_default();
    for process in text.split_whitespace() {
        drop(Command::new("kill").args(["-KILL", process]).stderr(Stdio::null()).status());
    }
    quietly(&["netns", "del", namespace]);
}

/// A network namespace of ours; removed with this, and what still runs in it ends.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) name: String,
}

impl Place {
    fn new(name: String) -> Self {
        ip(&["netns", "add", &name]);
        let place = Self { name };
        place.run("sysctl", &["-qw", "net.ipv6.conf.all.disable_ipv6=1", "net.ipv6.conf.default.disable_ipv6=1"]);
        place.ip(&["link", "set", "lo", "up"]);
        place
    }

    fn path(&self) -> PathBuf {
        Path::new("/run/netns").join(&self.name)
    }

    /// Opens sockets here, say.
    pub(crate) fn inside<T: Send>(&self, act: impl FnOnce() -> T + Send) -> T {
        wire::inside(&self.path(), act).expect("the namespace is there")
    }

    /// A command that runs in the place of this name, and no longer than any test may.
    pub(crate) fn command_in(name: &str, program: &str) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", name, "timeout", "--kill-after=5"]);
        command.arg(wire::LONGEST.as_secs().to_string()).arg(program);
        command
    }

    fn run(&self, program: &str, args: &[&str]) {
        succeed(Command::new("ip").args(["netns", "exec", &self.name, program]).args(args));
    }

    fn ip(&self, args: &[&str]) {
        ip(&[&["-n", &self.name], args].concat());
    }

    /// A device whose frames leave it whole: cut to size and with their checksums, as on a real cable. A packet socket
    /// could not pass them on otherwise.
    fn up(&self, device: &str) {
        self.run("ethtool", &["-K", device, "tx", "off"]);
        self.ip(&["link", "set", device, "up"]);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        remove(&self.name);
    }
}

fn ip(args: &[&str]) {
    succeed(Command::new("ip").args(args));
}

fn succeed(command: &mut Command) {
    let output = command.output().expect("the command starts");
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// The Internet.
pub(crate) struct World {
    segment: Place,
    name: String,
    hosts: AtomicU32,
}

impl World {
    pub(crate) fn new() -> Self {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let name = format!("{PREFIX}{}-{}", std::process::id(), MADE.fetch_add(1, Ordering::Relaxed));
        let segment = Place::new(format!("{name}-net"));
        segment.ip(&["link", "add", "segment", "type", "bridge"]);
        segment.ip(&["link", "set", "segment", "up"]);
        Self { segment, name, hosts: AtomicU32::new(0) }
    }

    /// A host with public addresses, such as a small server.
    pub(crate) fn host(&self, role: &str, addresses: &[Ipv4Addr]) -> Place {
        let place = Place::new(format!("{}-{role}", self.name));
        let far = format!("h{}", self.number());
        place.ip(&["link", "add", "eth0", "type", "veth", "peer", "name", &far, "netns", &self.segment.name]);
        self.segment.ip(&["link", "set", &far, "master", "segment"]);
        self.segment.up(&far);
        for address in addresses {
            place.ip(&["addr", "add", &format!("{address}/24"), "dev", "eth0"]);
        }
        place.up("eth0");
        place
    }

    /// A laptop at home, at a public address itself or behind a router that has one, with a wire to the segment.
    pub(crate) fn home(&self, role: &str, kind: Kind, address: Ipv4Addr, line: Line, seed: u64) -> Home {
        let laptop = Place::new(format!("{}-{role}", self.name));
        let router = (kind != Kind::None).then(|| Place::new(format!("{}-{role}-router", self.name)));
        let number = self.number();
        let [near, far, plug] = ["a", "b", "p"].map(|end| format!("{end}{number}"));
        let (outer, device) = router.as_ref().map_or((&laptop, "eth0"), |router| (router, "wan"));
        outer.ip(&["link", "add", device, "type", "veth", "peer", "name", &near, "netns", &self.segment.name]);
        self.segment.ip(&["link", "add", &far, "type", "veth", "peer", "name", &plug]);
        self.segment.ip(&["link", "set", &plug, "master", "segment"]);
        for end in [&near, &far, &plug] {
            self.segment.up(end);
        }
        outer.ip(&["addr", "add", &format!("{address}/24"), "dev", device]);
        outer.up(device);
        if let Some(router) = &router {
            router.ip(&["link", "add", "lan", "type", "veth", "peer", "name", "eth0", "netns", &laptop.name]);
            router.ip(&["addr", "add", &format!("{ROUTER}/24"), "dev", "lan"]);
            router.ip(&["link", "set", "lan", "up"]);
            laptop.ip(&["addr", "add", &format!("{LAPTOP}/24"), "dev", "eth0"]);
            laptop.ip(&["link", "set", "eth0", "up"]);
            laptop.ip(&["route", "add", "default", "via", &ROUTER.to_string()]);
            router.run("sysctl", &["-qw", "net.ipv4.ip_forward=1"]);
        }
        let wire = Wire::lay(&self.segment.path(), [&near, &far], line, seed).expect("a wire");
        let home = Home { wire, laptop, router, kind, address };
        home.allow(Allowed::All);
        home
    }

    fn number(&self) -> u32 {
        self.hosts.fetch_add(1, Ordering::Relaxed)
    }
}

/// A laptop, its router if there is one, and the wire to the Internet.
pub(crate) struct Home {
    pub(crate) wire: Wire,
    pub(crate) laptop: Place,
    router: Option<Place>,
    pub(crate) kind: Kind,
    pub(crate) address: Ipv4Addr,
}

impl Home {
    /// What may pass the router from now on; what is under way as well.
    pub(crate) fn allow(&self, allowed: Allowed) {
        let Some(router) = &self.router else {
            assert_eq!(allowed, Allowed::All, "without a router there is nobody to forbid anything");
            return;
        };
        let mut child = Command::new("ip")
            .args(["netns", "exec", &router.name, "nft", "-f", "-"])
            .stdin(Stdio::piped())
            .spawn()
            .expect("nft starts");
        let rules = rules(self.kind, allowed, LAPTOP);
        child.stdin.take().expect("a pipe").write_all(rules.as_bytes()).expect("nft listens");
        assert!(child.wait().expect("nft ends").success(), "nft takes the rules:\n{rules}");
    }

    /// The provider gives another public address, as many do every night: whatever went through the old one is gone.
    pub(crate) fn renumber(&mut self, address: Ipv4Addr) {
        let (outer, device) = self.router.as_ref().map_or((&self.laptop, "eth0"), |router| (router, "wan"));
        outer.ip(&["addr", "del", &format!("{}/24", self.address), "dev", device]);
        outer.ip(&["addr", "add", &format!("{address}/24"), "dev", device]);
        self.address = address;
    }
}
