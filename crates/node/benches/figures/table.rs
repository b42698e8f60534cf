//! Figures, and the two forms they are printed in.

use std::{fmt::Write as _, time::Duration};

/// One thing measured.
pub(crate) struct Figure {
    /// Its name in JSON.
    pub(crate) key: String,
    /// What was measured, for people.
    pub(crate) what: String,
    pub(crate) unit: &'static str,
    pub(crate) least: f64,
    pub(crate) median: f64,
    /// The most it should be, where there is a target.
    pub(crate) target: Option<f64>,
}

/// All figures of a run, and what was left out and why.
#[derive(Default)]
pub(crate) struct Table {
    figures: Vec<Figure>,
    remarks: Vec<String>,
}

pub(crate) fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// The least and the median of some times, in milliseconds.
pub(crate) fn spread(mut times: Vec<Duration>) -> (f64, f64) {
    times.sort_unstable();
    let at = |n: usize| times.get(n).copied().map_or(0.0, milliseconds);
    (at(0), at(times.len() / 2))
}

impl Table {
    /// Times of one thing; `target` in milliseconds.
    pub(crate) fn times(&mut self, key: &str, what: &str, times: Vec<Duration>, target: Option<f64>) -> (f64, f64) {
        let (least, median) = spread(times);
        self.add(key, what, "ms", (least, median), target);
        (least, median)
    }

    pub(crate) fn add(
        &mut self,
        key: &str,
        what: &str,
        unit: &'static str,
        (least, median): (f64, f64),
        target: Option<f64>,
    ) {
        self.figures.push(Figure { key: key.to_owned(), what: what.to_owned(), unit, least, median, target });
    }

    pub(crate) fn remark(&mut self, text: String) {
        self.remarks.push(text);
    }

    /// Aligned columns; a figure whose median is above its target is marked.
    pub(crate) fn text(&self) -> String {
        let width = self.figures.iter().map(|f| f.what.chars().count()).max().unwrap_or(0);
        let mut text = format!("{:width$}  {:>10}  {:>10}  {:>8}\n", "", "least", "median", "target");
        for Figure { what, unit, least, median, target, .. } in &self.figures {
            let target_text = target.map_or_else(String::new, |t| format!("{t}"));
            let mark = if target.is_some_and(|t| *median > t) { "  above" } else { "" };
            let line = format!("{what:width$}  {least:>10.3}  {median:>10.3}  {target_text:>8}  {unit}{mark}");
            text.push_str(line.trim_end());
            text.push('\n');
        }
        for remark in &self.remarks {
            text.push_str(remark);
            text.push('\n');
        }
        text
    }

    /// One object: per figure its unit, least, median and target.
    pub(crate) fn json(&self) -> String {
        let mut text = String::from("{");
        for (n, Figure { key, unit, least, median, target, .. }) in self.figures.iter().enumerate() {
            let comma = if n == 0 { "" } else { "," };
            let target = target.map_or_else(|| "null".to_owned(), |t| format!("{t}"));
            let written = write!(
                text,
                "{comma}\"{key}\":{{\"unit\":\"{unit}\",\"least\":{least:.4},\"median\":{median:.4},\"target\":{target}}}"
            );
            written.expect("writing to memory does not fail");
        }
        text.push('}');
        text
    }
}
