//! Two people with a case: a customer with a laptop and a mailbox on a small server, and a supplier with a laptop.

use std::time::{Duration, Instant};

use crate::{
    machine::{Machine, Transport},
    router::Kind,
    table::Table,
    wire::Line,
    world::{Home, Place, World},
    worlds::{HOMES, HOST},
};

/// How long a path may take to become better than through a relay.
const SETTLING: Duration = Duration::from_secs(8);

/// What of a world a case needs.
pub(crate) struct Stage {
    // The machines first: they end before their networks go.
    pub(crate) customer: Machine,
    pub(crate) mailbox: Machine,
    pub(crate) supplier: Machine,
    pub(crate) homes: [Home; 2],
    _server: Place,
    _world: World,
    pub(crate) transport: Transport,
    /// The case's short form.
    pub(crate) case: String,
}

impl Stage {
    /// Both at home, the mailbox added, nobody invited yet; all three up.
    pub(crate) fn new(kinds: [Kind; 2], line: Line, transport: Transport) -> Self {
        Self::new_at(None, kinds, line, transport)
    }

    /// The same at a clock that stands still.
    pub(crate) fn new_at(clock: Option<&str>, kinds: [Kind; 2], line: Line, transport: Transport) -> Self {
        let world = World::new();
        let server = world.host("server", &[HOST]);
        let homes = [world.home("one", kinds[0], HOMES[0], line, 11), world.home("two", kinds[1], HOMES[1], line, 12)];
        let mailbox = Machine::server("mailbox", &server, HOST);
        let customer = Machine::new("customer", &homes[0].laptop);
        let supplier = Machine::new("supplier", &homes[1].laptop);
        if let Some(clock) = clock {
            [&mailbox, &customer, &supplier].iter().for_each(|machine| machine.set_clock(clock));
        }
        customer.ok(&["init"]);
        supplier.ok(&["init"]);
        let adding = mailbox.wait_to_be_added(transport);
        customer.up(transport);
        customer.ok(&["device", "add", &adding, "-y"]);
        mailbox.line_with("counterpart/device-taken/1");
        mailbox.until("its node listens", || mailbox.has_said("listening at") || mailbox.has_ended());
        // It is to carry what cannot go directly, too.
        if mailbox.has_ended() {
            // Whoever runs a server has a service manager that starts it again.
            Table::line(&format!(
                "The mailbox ended once it was added, and was started again:{}",
                mailbox.last_lines()
            ));
            mailbox.kill();
        } else {
            mailbox.stop();
        }
        mailbox.ok(&["network", "set", "--relay", "on"]);
        mailbox.up(transport);
        let case =
            customer.ok(&["new", "Broadband price", "--with", "Northlink Ltd:supplier", "--as", "Ann:customer", "-y"]);
        mailbox.until("the case reaches the mailbox", || !mailbox.heads(&case).is_null());
        Self { customer, mailbox, supplier, homes, _server: server, _world: world, transport, case }
    }

    /// The supplier joins by the link, wherever he is.
    pub(crate) fn join(&self) {
        self.customer.until("others can reach the customer", || self.customer.is_reachable());
        let link = self.customer.ok(&["invite", &self.case, "-y"]);
        self.supplier.up(self.transport);
        assert_eq!(self.supplier.ok(&["join", &link, "-y", "--wait", "20"]), self.case);
        self.customer.until("the supplier is seen to have joined", || {
            self.customer.show(&self.case)["parties"].to_string().contains("\"joined\":true")
        });
    }

    /// Each does something, the other gets it; how long that took.
    pub(crate) fn act_both(&self, word: &str) -> Duration {
        let started = Instant::now();
        self.customer.ok(&["note", &self.case, &format!("{word}, says the customer"), "-y"]);
        self.supplier.ok(&["note", &self.case, &format!("{word}, says the supplier"), "-y"]);
        self.equal();
        started.elapsed()
    }

    /// Waits until both hold the same.
    pub(crate) fn equal(&self) {
        self.customer.until("both hold the same", || {
            let heads = self.customer.heads(&self.case);
            !heads.is_null() && heads == self.supplier.heads(&self.case)
        });
    }

    /// Waits until all three hold the same.
    pub(crate) fn all_equal(&self) {
        self.equal();
        self.mailbox
            .until("the mailbox holds the same", || self.mailbox.heads(&self.case) == self.customer.heads(&self.case));
    }

    /// It is another time; what was up is started anew, as after a night.
    pub(crate) fn at(&self, clock: &str) {
        let all = [&self.mailbox, &self.customer, &self.supplier];
        let up: Vec<_> = all.into_iter().filter(|machine| machine.is_up()).collect();
        up.iter().for_each(|machine| machine.stop());
        all.iter().for_each(|machine| machine.set_clock(clock));
        up.iter().for_each(|machine| machine.up(self.transport));
    }

    /// A line about how it went.
    pub(crate) fn told(&self, what: &str, path: &str) {
        let wires = self.homes.each_ref().map(|home| home.wire.passed());
        let kinds = self.homes.each_ref().map(|home| home.kind.to_string()).join(" and ");
        let kib = wires.iter().map(|wire| wire.bytes).sum::<u64>() / 1024;
        Table::line(&format!("{what} ({kinds}): {path}; {kib} KiB over both lines"));
    }

    /// How the two laptops are connected once that gets no better.
    pub(crate) fn path(&self) -> String {
        let both = || [self.customer.path(&self.case), self.supplier.path(&self.case)];
        let good = |paths: &[String; 2]| paths.iter().all(|p| p == "direct" || p == "punched");
        self.customer.within(SETTLING, || good(&both()));
        let [one, two] = both();
        if one == two { one } else { format!("{one}, {two}") }
    }
}
