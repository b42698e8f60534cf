//! Words of strangers: nothing in them steers a terminal, hides, or goes on without end.

/// Characters that steer or hide; a line end is one of them.
pub(crate) fn is_unseen(c: char) -> bool {
    match c {
        '\0'..='\u{1F}' | '\u{7F}'..='\u{9F}' => true,
        '\u{061C}' | '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}' => true,
        '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}' => true,
        '\u{E0000}'..='\u{E007F}' | '\u{FDD0}'..='\u{FDEF}' => true,
        // The last two code points of every plane are noncharacters.
        c => u32::from(c) & 0xFFFE == 0xFFFE,
    }
}

/// A text on one line, blanks single, at most `longest` characters.
pub(crate) fn line(text: &str, longest: usize) -> String {
    let mut out = String::new();
    let (mut blank, mut room) = (false, longest);
    for c in text.chars() {
        if c.is_whitespace() || matches!(c, '\0'..='\u{1F}' | '\u{7F}'..='\u{9F}') {
            blank = !out.is_empty();
        } else if !is_unseen(c) {
            let needed = 1 + usize::from(blank);
            if room < needed {
                out.push('…');
                break;
            }
            if std::mem::take(&mut blank) {
                out.push(' ');
            }
            out.push(c);
            room -= needed;
        }
    }
    out
}

/// A text of several lines: line ends are LF, blanks at their ends are gone, no more than two empty lines follow each
/// other, at most `longest` characters. Tells whether something was cut off.
pub(crate) fn lines(text: &str, longest: usize) -> (String, bool) {
    let mut out = String::new();
    let (mut ends, mut blanks, mut room) = (0_usize, 0_usize, longest);
    let mut after_cr = false;
    for c in text.chars() {
        let end = c == '\r' || (c == '\n' && !after_cr);
        after_cr = c == '\r';
        if end || matches!(c, '\u{2028}' | '\u{2029}' | '\u{0B}' | '\u{0C}') {
            (ends, blanks) = (ends + 1, 0);
        } else if c == '\n' {
            // The second half of a CR LF.
        } else if matches!(c, ' ' | '\t' | '\u{A0}') {
            blanks += 1;
        } else if !is_unseen(c) {
            let (ends, blanks) = (std::mem::take(&mut ends), std::mem::take(&mut blanks));
            let (ends, blanks) = (if out.is_empty() { 0 } else { ends.min(3) }, blanks.min(40));
            if room < ends + blanks + 1 {
                return (out, true);
            }
            room -= ends + blanks + 1;
            out.extend(std::iter::repeat_n('\n', ends));
            out.extend(std::iter::repeat_n(' ', blanks));
            out.push(c);
        }
    }
    (out, false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_one_line() {
        for (text, shown) in [
            ("", ""),
            ("  a  b\t c\r\n", "a b c"),
            ("550 no\r\n\u{1B}[2J\u{202E}evil", "550 no [2Jevil"),
            ("a\u{200B}b\u{FEFF}", "ab"),
            ("abcdef", "abcdef"),
            ("abcdefg", "abcdef…"),
            ("abcde fg", "abcde…"),
        ] {
            assert_eq!(line(text, if text.starts_with("abc") { 6 } else { 80 }), shown, "{text:?}");
        }
    }

    #[test]
    fn lines_stay_lines() {
        for (text, shown) in [
            ("", ""),
            ("\r\n\r\na\r\nb\rc\nd\r\n\r\n", "a\nb\nc\nd"),
            ("a  \r\n\r\n\r\n\r\n\r\n\tb", "a\n\n\n b"),
            ("a\u{2028}b\u{0C}c\0d", "a\nb\ncd"),
        ] {
            assert_eq!(lines(text, 80), (shown.to_owned(), false), "{text:?}");
        }
        assert_eq!(lines("abc def", 3), ("abc".to_owned(), true));
        assert_eq!(lines("abc   \n\n", 3), ("abc".to_owned(), false));
    }

    #[test]
    fn nothing_unseen_comes_through() {
        for code in 0..=0x0010_FFFF_u32 {
            let Some(c) = char::from_u32(code) else { continue };
            if is_unseen(c) {
                let text = format!("a{c}b");
                assert!(!line(&text, 9).contains(c), "U+{code:04X}");
                assert!(c == '\n' || !lines(&text, 9).0.contains(c), "U+{code:04X}");
            }
        }
    }
}
