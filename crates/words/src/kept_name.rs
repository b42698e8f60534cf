//! What somebody's file is called where it is kept: a name that leads nowhere and hides nothing, and how a header says it.

use counterpart_core::text;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Letters of a file's name.
const LETTERS: usize = 120;

/// What stands in a header's name as it is.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_');

/// A name that means one file in whatever folder it is kept, and looks like what it is.
pub fn safe(given: &str) -> String {
    let safe = |c: char| {
        let plain = !c.is_control() && !"\"\\/:*?<>|%\u{200B}\u{2060}\u{FEFF}".contains(c);
        // What could hide or reorder the rest of the name is shown elsewhere; here it goes.
        let seen = text::visible_line(c.encode_utf8(&mut [0; 4])).chars().eq([c]);
        if plain && seen { c } else { '_' }
    };
    let name: String = given.chars().map(safe).collect();
    let name = name.trim_matches(|c: char| c == '.' || c.is_whitespace());
    let short: String = match (name.chars().count() > LETTERS, name.rsplit_once('.')) {
        // Its ending says what it is.
        (true, Some((before, ending))) if ending.chars().count() <= 10 => {
            let before: String = before.chars().take(LETTERS - 11).collect();
            format!("{before}.{ending}")
        }
        _ => name.chars().take(LETTERS).collect(),
    };
    let stem = short.split('.').next().unwrap_or_default().trim_end().to_ascii_uppercase();
    let numbered = |prefix| stem.strip_prefix(prefix).is_some_and(|n: &str| n.chars().count() == 1);
    let device = matches!(stem.as_str(), "CON" | "PRN" | "AUX" | "NUL") || numbered("COM") || numbered("LPT");
    match short.is_empty() {
        true => "file".to_owned(),
        false if device => format!("_{short}"),
        false => short,
    }
}

/// The header that has whoever asked keep it under a safe name (RFC 6266): plain letters for old programs, all of them for the
/// others.
pub fn disposition(name: &str) -> String {
    let name = safe(name);
    let ascii: String = name.chars().map(|c| if c.is_ascii() { c } else { '_' }).collect();
    if ascii == name && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._ ".contains(&byte)) {
        return format!("attachment; filename=\"{ascii}\"");
    }
    let encoded = utf8_percent_encode(&name, PLAIN);
    format!("attachment; filename=\"{ascii}\"; filename*=UTF-8''{encoded}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_leads_nowhere_and_hides_nothing() {
        for (given, kept) in [
            ("bill.pdf", "bill.pdf"),
            ("../../etc/passwd", "_.._etc_passwd"),
            ("C:\\x\\a.exe", "C__x_a.exe"),
            ("a\u{202E}fdp.exe", "a_fdp.exe"),
            ("a\r\nSet-Cookie: b=c", "a__Set-Cookie_ b=c"),
            ("a\"; filename=b", "a_; filename=b"),
            (".bashrc", "bashrc"),
            ("con.txt", "_con.txt"),
            ("COM1", "_COM1"),
            ("Zähler Müller.jpg", "Zähler Müller.jpg"),
            ("\u{200B}", "_"),
            (" . ", "file"),
            ("", "file"),
        ] {
            assert_eq!(safe(given), kept, "{given:?}");
        }
        let long = safe(&format!("{}.pdf", "x".repeat(400)));
        assert!(long.ends_with(".pdf") && long.chars().count() <= LETTERS, "{long}");
    }

    #[test]
    fn a_header_says_one_name_whatever_is_in_it() {
        for (given, header) in [
            ("bill.pdf", "attachment; filename=\"bill.pdf\""),
            ("Zähler 1.jpg", "attachment; filename=\"Z_hler 1.jpg\"; filename*=UTF-8''Z%C3%A4hler%201.jpg"),
            ("a\"; filename=b", "attachment; filename=\"a_; filename=b\"; filename*=UTF-8''a_%3B%20filename%3Db"),
            (
                "a\r\nSet-Cookie: b=c",
                "attachment; filename=\"a__Set-Cookie_ b=c\"; filename*=UTF-8''a__Set-Cookie_%20b%3Dc",
            ),
            ("\u{202E}\u{0}\u{7F}€", "attachment; filename=\"____\"; filename*=UTF-8''___%E2%82%AC"),
        ] {
            assert_eq!(disposition(given), header);
            assert!(header.bytes().all(|byte| (b' '..=b'~').contains(&byte)));
        }
    }
}
