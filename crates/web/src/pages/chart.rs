//! A chart of counts: a bar for each, with its word and its number, so that nothing rests on colour.

/// Units of its width.
pub(crate) const WIDTH: usize = 320;
/// Of a bar with its words.
const ROW: usize = 38;

/// One bar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Bar {
    pub(crate) word: String,
    pub(crate) count: usize,
    /// How it is drawn: good, bad, open, said or plain.
    pub(crate) class: &'static str,
}

/// Several, one below the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Chart {
    /// For the ids in it; of a page each its own.
    pub(crate) id: String,
    pub(crate) title: String,
    bars: Vec<Bar>,
    /// What the longest possible bar stands for.
    most: usize,
}

impl Chart {
    /// Counts of nothing are left out. Charts that stand together share what their longest bar stands for.
    pub(crate) fn of(id: String, title: String, bars: Vec<Bar>, most: usize) -> Self {
        let bars: Vec<Bar> = bars.into_iter().filter(|bar| bar.count > 0).collect();
        Self { id, title, most: most.max(1), bars }
    }

    pub(crate) fn bars(&self) -> &[Bar] {
        &self.bars
    }

    pub(crate) fn height(&self) -> usize {
        self.bars.len() * ROW
    }

    /// The same in words.
    pub(crate) fn described(&self) -> String {
        let each: Vec<String> = self.bars.iter().map(|bar| format!("{}: {}", bar.word, bar.count)).collect();
        each.join("; ")
    }

    /// Where a bar's words stand.
    pub(crate) fn y(&self, n: &usize) -> usize {
        n * ROW + 14
    }

    pub(crate) fn length(&self, bar: &Bar) -> usize {
        // Of a thousand one is still to be seen.
        (bar.count.min(self.most) * (WIDTH - 4) / self.most).max(4)
    }
}

/// How the bar of a word of the ledger is drawn.
pub(crate) fn class(word: &str) -> &'static str {
    match word {
        "kept" => "good",
        "late" | "missed" | "stopped" => "bad",
        "open" => "open",
        "alleged" | "alleged_missed" | "said" => "said",
        _ => "plain",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_as_long_as_its_count() {
        let bar = |count| Bar { word: "kept".to_owned(), count, class: "good" };
        let chart = Chart::of("a".to_owned(), "b".to_owned(), vec![bar(0), bar(1), bar(500), bar(1000)], 1000);
        let lengths: Vec<usize> = chart.bars().iter().map(|bar| chart.length(bar)).collect();
        assert_eq!(lengths, [4, 158, 316]);
        assert_eq!(chart.described(), "kept: 1; kept: 500; kept: 1000");
    }
}
