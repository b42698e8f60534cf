//! What a word is: letters and digits next to each other, without case, accents and what is not seen.

use std::collections::BTreeSet;

use unicode_normalization::UnicodeNormalization as _;

/// Letters of a word that count: more tell no two words apart, and none is a text in itself.
const LONGEST: usize = 32;

/// Letters and digits of a text that are looked at, to bound what one text costs.
const LOOKED_AT: usize = 64 * 1024;

/// Words of a search that count.
const MOST_WORDS: usize = 8;

/// A text without case and accents: what people who mean the same may write differently.
pub(crate) fn folded(text: &str) -> String {
    // Upper case first: it has fewer letters, so that ß is ss and both forms of sigma are one.
    let plain = text.nfkd().filter(|c| !is_accent(*c) && !is_unseen(*c));
    let upper: String = plain.flat_map(char::to_uppercase).collect();
    // Small letters one by one: a sigma is the same wherever it stands.
    upper.chars().flat_map(char::to_lowercase).nfkd().filter(|c| !is_accent(*c)).nfc().collect()
}

/// The words to look for, as somebody typed them: each is found in every word that begins with it.
pub(crate) fn typed_words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    each(text, |word, last| {
        // The last sign of a run is kept on its own for a search by that one sign alone.
        if !last && words.len() < MOST_WORDS && !words.iter().any(|known| known == word) {
            words.push(word.to_owned());
        }
    });
    words
}

/// Adds the words of a text, up to so many in all.
pub(super) fn add(text: &str, most: usize, words: &mut BTreeSet<String>) {
    each(text, |word, _| {
        if words.len() < most && !words.contains(word) {
            words.insert(word.to_owned());
        }
    });
}

/// Gives every word of a text. Scripts that put no space between words are taken two signs at a time; the last of several
/// signs comes by itself as well, which is told with it.
fn each(text: &str, mut give: impl FnMut(&str, bool)) {
    let looked_at: String = text.chars().take(LOOKED_AT).collect();
    let text = folded(&looked_at);
    let mut word = String::new();
    let mut letters = 0;
    let mut run: Vec<char> = Vec::new();
    for c in text.chars().chain(std::iter::once(' ')) {
        let signs = is_without_spaces(c);
        if !signs && !run.is_empty() {
            pairs(&run, &mut give);
            run.clear();
        }
        if (signs || !is_of_word(c)) && !word.is_empty() {
            give(&word, false);
            word.clear();
            letters = 0;
        }
        if signs {
            run.push(c);
        } else if is_of_word(c) && letters < LONGEST {
            word.push(c);
            letters += 1;
        }
    }
}

fn pairs(run: &[char], give: &mut impl FnMut(&str, bool)) {
    for pair in run.windows(2) {
        give(&pair.iter().collect::<String>(), false);
    }
    if let Some(last) = run.last() {
        give(&last.to_string(), run.len() > 1);
    }
}

/// Letters, digits, and the signs above and below letters that make them others.
fn is_of_word(c: char) -> bool {
    c.is_alphanumeric() || unicode_normalization::char::is_combining_mark(c)
}

/// Accents of scripts in which people leave them out.
fn is_accent(c: char) -> bool {
    matches!(c,
        '\u{0300}'..='\u{036F}' | '\u{1AB0}'..='\u{1AFF}' | '\u{1DC0}'..='\u{1DFF}' | '\u{20D0}'..='\u{20FF}'
        | '\u{FE20}'..='\u{FE2F}' | '\u{FE00}'..='\u{FE0F}' | '\u{0591}'..='\u{05BD}' | '\u{05BF}'
        | '\u{05C1}'..='\u{05C2}' | '\u{05C4}'..='\u{05C5}' | '\u{05C7}' | '\u{064B}'..='\u{065F}' | '\u{0670}')
}

/// Joiners, soft hyphens, marks of direction: they part no word.
fn is_unseen(c: char) -> bool {
    matches!(c,
        '\u{00AD}' | '\u{061C}' | '\u{180E}' | '\u{200C}'..='\u{200F}' | '\u{202A}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{E0000}'..='\u{E007F}')
}

/// Chinese, Japanese, Thai, Lao, Burmese and Khmer.
fn is_without_spaces(c: char) -> bool {
    matches!(c,
        '\u{0E01}'..='\u{0E3A}' | '\u{0E40}'..='\u{0E4E}' | '\u{0E81}'..='\u{0ECE}' | '\u{1000}'..='\u{109F}'
        | '\u{1780}'..='\u{17D3}' | '\u{3005}'..='\u{3007}' | '\u{3041}'..='\u{3096}' | '\u{30A1}'..='\u{30FA}'
        | '\u{30FC}' | '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}'
        | '\u{20000}'..='\u{3FFFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        let mut found = BTreeSet::new();
        add(text, 1_000, &mut found);
        found.into_iter().collect()
    }

    #[test]
    fn what_people_write_differently_is_one_word() {
        for (written, other) in [
            ("Müller", "MULLER"),
            ("Mu\u{308}ller", "muller"),
            ("STRASSE", "Straße"),
            ("Σίσυφος", "ΣΙΣΥΦΟΣ"),
            ("Crème brûlée", "creme BRULEE"),
            ("İstanbul", "istanbul"),
            ("\u{FB01}bre", "fibre"),
            ("４２", "42"),
            ("Ёлка", "елка"),
            ("שָׁלוֹם", "שלום"),
            ("co\u{AD}op", "coop"),
            ("pay\u{202E}pal", "paypal"),
            ("\u{200E}left", "left"),
        ] {
            assert_eq!(words(written), words(other), "{written}");
            assert!(!words(written).is_empty(), "{written}");
        }
    }

    #[test]
    fn words_end_where_letters_end() {
        assert_eq!(
            words("Ring back: 020-7946 0000, anna.smith@acme.example!"),
            ["0000", "020", "7946", "acme", "anna", "back", "example", "ring", "smith"]
        );
        assert_eq!(words("  \n\t .,;— "), Vec::<String>::new());
        assert_eq!(words("it's 25.00"), ["00", "25", "it", "s"]);
        assert_eq!(words("नमस्ते दुनिया"), ["दुनिया", "नमस्ते"], "marks that are letters stay");
    }

    #[test]
    fn scripts_without_spaces_are_found_by_any_part() {
        let kept = words("東京都の水道");
        for typed in ["東京", "京都", "水道", "道", "都", "東京都の水道"] {
            let found = typed_words(typed).iter().all(|word| kept.iter().any(|known| known.starts_with(word.as_str())));
            assert!(found, "{typed}: {kept:?}");
        }
        assert!(!kept.iter().any(|known| known.starts_with("大阪")));
        assert_eq!(typed_words("水道abc"), ["水道", "abc"]);
        assert!(!words("ขอบคุณครับ").is_empty());
    }

    #[test]
    fn no_text_costs_more_than_its_bounds() {
        let long = "x".repeat(1 << 20);
        assert_eq!(words(&long), ["x".repeat(LONGEST)]);
        assert_eq!(typed_words(&long), ["x".repeat(LONGEST)], "and is found by itself");
        let many: String = (0..100_000).map(|n| format!("w{n} ")).collect();
        assert_eq!(words(&many).len(), 1_000);
        assert_eq!(typed_words(&many).len(), MOST_WORDS);
        // One sign that stands for eighteen, and marks without end.
        assert!(words(&"\u{FDFA}".repeat(10_000)).len() < 100);
        assert!(words(&format!("a{}", "\u{301}".repeat(100_000))).len() == 1);
        assert_eq!(typed_words("\u{202E}\u{0}\u{FFFF}"), Vec::<String>::new());
    }
}
