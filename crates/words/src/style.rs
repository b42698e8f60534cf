//! How words are set apart: for whoever shows them on a terminal that has colour.

/// How a word is set on a terminal that shows colour; elsewhere all are plain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    Strong,
    Good,
    Warn,
    Bad,
    Faint,
}

/// A text in a style. Whoever writes it to what is no terminal, or where `NO_COLOR` is set, strips it.
pub fn styled(style: Style, text: &str) -> String {
    let code = match style {
        Style::Strong => "1",
        Style::Good => "32",
        Style::Warn => "33",
        Style::Bad => "31",
        Style::Faint => "2",
    };
    format!("\u{1b}[{code}m{text}\u{1b}[0m")
}
