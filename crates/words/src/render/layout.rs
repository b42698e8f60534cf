//! Breaking and aligning lines by the columns they take on a terminal.

/// Columns a character takes: none for marks that combine, two for the wide scripts and most pictures.
fn columns(c: char) -> usize {
    match u32::from(c) {
        0x1b => 0,
        // Most of what is shown.
        0..=0x02FF => 1,
        0x0300..=0x036F | 0x0483..=0x0489 | 0x0591..=0x05BD | 0x0610..=0x061A | 0x064B..=0x065F => 0,
        0x093C | 0x0941..=0x0948 | 0x094D | 0x0E31 | 0x0E34..=0x0E3A | 0x0E47..=0x0E4E => 0,
        0x1AB0..=0x1AFF | 0x1DC0..=0x1DFF | 0x20D0..=0x20FF | 0xFE00..=0xFE0F | 0xFE20..=0xFE2F => 0,
        0x1100..=0x115F | 0x2E80..=0x303E | 0x3041..=0xA4CF | 0xA960..=0xA97F | 0xAC00..=0xD7A3 => 2,
        0xF900..=0xFAFF | 0xFE30..=0xFE6F | 0xFF00..=0xFF60 | 0xFFE0..=0xFFE6 => 2,
        0x1F300..=0x1F64F | 0x1F680..=0x1F6FF | 0x1F900..=0x1F9FF | 0x20000..=0x3FFFD => 2,
        _ => 1,
    }
}

/// Columns a text takes; our own colour codes take none.
pub(super) fn width(text: &str) -> usize {
    let mut total = 0;
    let mut in_code = false;
    for c in text.chars() {
        match c {
            '\u{1b}' => in_code = true,
            'm' if in_code => in_code = false,
            _ if in_code => {}
            c => total += columns(c),
        }
    }
    total
}

/// A text filled up with spaces to so many columns.
pub fn padded(text: &str, to: usize) -> String {
    format!("{text}{}", " ".repeat(to.saturating_sub(width(text))))
}

/// Every line behind an indent.
pub fn indented(text: &str, indent: &str) -> String {
    let lines = text.lines().map(|l| if l.is_empty() { String::new() } else { format!("{indent}{l}") });
    lines.collect::<Vec<_>>().join("\n")
}

/// A text broken between words to fit `to` columns: the first line behind `first`, the others behind as many
/// spaces. Words too long for a line are broken inside.
pub fn wrapped(first: &str, text: &str, to: usize) -> String {
    let margin = width(first);
    let room = to.saturating_sub(margin).max(16);
    let mut lines: Vec<String> = Vec::new();
    for paragraph in text.lines() {
        let mut current = String::new();
        let mut taken = 0;
        for word in paragraph.split(' ') {
            let wide = width(word);
            if !current.is_empty() && taken + 1 + wide > room {
                lines.push(std::mem::take(&mut current));
                taken = 0;
            }
            if !current.is_empty() {
                current.push(' ');
                taken += 1;
            }
            if taken + wide <= room {
                current.push_str(word);
                taken += wide;
                continue;
            }
            let mut in_code = false;
            for c in word.chars() {
                // Our own colour codes take no room and are never cut.
                in_code |= c == '\u{1b}';
                let wide = if in_code { 0 } else { columns(c) };
                in_code &= c != 'm';
                // Only a word that fills a line by itself is ever cut.
                if taken + wide > room {
                    lines.push(std::mem::take(&mut current));
                    taken = 0;
                }
                current.push(c);
                taken += wide;
            }
        }
        lines.push(current);
    }
    let pad = " ".repeat(margin);
    let first_line = lines.first().cloned().unwrap_or_default();
    std::iter::once(format!("{first}{first_line}"))
        .chain(lines.iter().skip(1).map(|l| format!("{pad}{l}").trim_end().to_owned()))
        .collect::<Vec<_>>()
        .join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_between_words_and_never_run_over() {
        let text = wrapped("  #3  ", "one two three four five six seven", 24);
        assert_eq!(text, "  #3  one two three four\n      five six seven");
        let long = wrapped("> ", &"x".repeat(50), 20);
        assert!(long.lines().all(|l| width(l) <= 20), "{long}");
        let wide = wrapped("> ", "日本語の文章はここで折り返されます", 20);
        assert!(wide.lines().all(|l| width(l) <= 20), "{wide}");
        assert_eq!(wrapped("a ", "", 20), "a ");
    }

    #[test]
    fn widths_are_those_of_a_terminal() {
        for (text, columns) in [("abc", 3), ("日本", 4), ("e\u{301}", 1), ("\u{1b}[1mab\u{1b}[0m", 2), ("✓✓", 2)]
        {
            assert_eq!(width(text), columns, "{text:?}");
        }
        assert_eq!(padded("日", 4), "日  ");
    }
}
