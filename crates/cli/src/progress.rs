//! A bar for what takes longer than a second, on a terminal only.

use std::{
    sync::Mutex,
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::terminal::Terminal;

/// Nothing is shown for what is done before this.
const PATIENCE: Duration = Duration::from_secs(1);

/// Shows how far a long piece of work is.
#[derive(Debug)]
pub(crate) struct Progress {
    what: &'static str,
    begun: Instant,
    shown: bool,
    bar: Mutex<Option<ProgressBar>>,
}

impl Progress {
    pub(crate) fn new(terminal: Terminal, what: &'static str) -> Self {
        Self { what, begun: Instant::now(), shown: terminal.can_show_progress(), bar: Mutex::new(None) }
    }

    /// `done` of `all`; may be called from several threads.
    pub(crate) fn at(&self, done: u64, all: u64) {
        if !self.shown || self.begun.elapsed() < PATIENCE {
            return;
        }
        let Ok(mut bar) = self.bar.lock() else { return };
        let bar = bar.get_or_insert_with(|| {
            let bar = ProgressBar::with_draw_target(Some(all), ProgressDrawTarget::stderr());
            if let Ok(style) = ProgressStyle::with_template("{msg} {bar:30} {pos} of {len}") {
                bar.set_style(style);
            }
            bar.set_message(self.what);
            bar
        });
        bar.set_length(all);
        bar.set_position(done);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Ok(Some(bar)) = self.bar.get_mut().map(Option::take) {
            bar.finish_and_clear();
        }
    }
}
