//! Characters that nobody sees, and where they are seen after all by what they do to their neighbours.
//!
//! Some scripts cannot be written without them: a joiner makes one emoji of several, and keeps letters of Persian or
//! Bengali apart or together. There, and only there, they are left alone, by the rules for names (RFC 5892, appendix
//! A.1 and A.2; Unicode Standard Annex 31, section 2.3) with what those leave out and people write.

use unicode_normalization::char::{canonical_combining_class, is_combining_mark};
use unicode_properties::UnicodeEmoji as _;

const NON_JOINER: char = '\u{200C}';
const JOINER: char = '\u{200D}';

/// Default ignorable code points, format characters but for those that are drawn (such as the Arabic sign for a year),
/// and letters that are drawn as nothing.
pub(super) fn is_hidden(c: char) -> bool {
    matches!(
        c,
        '\u{AD}'
            | '\u{34F}'
            | '\u{61C}'
            | '\u{115F}'..='\u{1160}'
            | '\u{17B4}'..='\u{17B5}'
            | '\u{180B}'..='\u{180F}'
            | '\u{200B}'..='\u{200F}'
            | '\u{2028}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}'
            | '\u{2800}'
            | '\u{3164}'
            | '\u{FE00}'..='\u{FE0F}'
            | '\u{FEFF}'
            | '\u{FFA0}'
            | '\u{FFF0}'..='\u{FFFB}'
            | '\u{13430}'..='\u{1343F}'
            | '\u{16FE4}'
            | '\u{1BCA0}'..='\u{1BCA3}'
            | '\u{1D159}'
            | '\u{1D173}'..='\u{1D17A}'
            | '\u{E0000}'..='\u{E0FFF}'
    )
}

/// Whether a hidden character does at its place what it is for, so that it is seen by that.
pub(super) fn is_seen_in_place(text: &[char], at: usize) -> bool {
    let (before, after) = text.split_at(at);
    let Some((here, after)) = after.split_first() else { return false };
    match *here {
        NON_JOINER => parts_joined_letters(before, after) || parts_a_conjunct(before, after),
        JOINER => joins_emoji(before, after) || makes_a_conjunct(before, after),
        '\u{FE0E}'..='\u{FE0F}' => chooses_a_look(before, *here, after),
        // Shapes of one ideograph, as names of persons and places have them.
        '\u{FE00}'..='\u{FE02}' | '\u{E0100}'..='\u{E01EF}' => before.last().is_some_and(|c| is_ideograph(*c)),
        '\u{180B}'..='\u{180D}' | '\u{180F}' => before.last().is_some_and(|c| is_mongolian(*c)),
        _ => false,
    }
}

/// An emoji that stands for itself: no digit, no half of a flag.
fn is_emoji(c: char) -> bool {
    !c.is_ascii() && !('\u{1F1E6}'..='\u{1F1FF}').contains(&c) && c.is_emoji_char()
}

fn joins_emoji(before: &[char], after: &[char]) -> bool {
    let before = match before {
        [before @ .., '\u{FE0F}'] => before,
        _ => before,
    };
    before.last().is_some_and(|c| is_emoji(*c)) && after.first().is_some_and(|c| is_emoji(*c))
}

/// An emoji as a picture or as text; a digit only where a keycap is put around it.
fn chooses_a_look(before: &[char], selector: char, after: &[char]) -> bool {
    match before.last() {
        Some('0'..='9' | '#' | '*') => selector == '\u{FE0F}' && after.first() == Some(&'\u{20E3}'),
        Some(base) => is_emoji(*base),
        None => false,
    }
}

/// A non-joiner between letters that would be written joined.
fn parts_joined_letters(before: &[char], after: &[char]) -> bool {
    // Marks on a letter do not keep it from its neighbour; what is written out does.
    let stands = |c: &char| !is_combining_mark(*c) || is_hidden(*c);
    let previous = before.iter().rev().copied().find(stands);
    let next = after.iter().copied().find(stands);
    previous.is_some_and(joins_the_next) && next.is_some_and(|c| joins_the_next(c) || joins_only_the_previous(c))
}

/// Letters of the Arabic script that are joined on both sides.
fn joins_the_next(c: char) -> bool {
    matches!(
        c,
        '\u{620}'
            | '\u{626}'
            | '\u{628}'
            | '\u{62A}'..='\u{62E}'
            | '\u{633}'..='\u{63F}'
            | '\u{641}'..='\u{647}'
            | '\u{649}'..='\u{64A}'
            | '\u{66E}'..='\u{66F}'
            | '\u{678}'..='\u{687}'
            | '\u{69A}'..='\u{6BF}'
            | '\u{6C1}'..='\u{6C2}'
            | '\u{6CC}'
            | '\u{6CE}'
            | '\u{6D0}'..='\u{6D1}'
            | '\u{6FA}'..='\u{6FC}'
            | '\u{6FF}'
            | '\u{750}'..='\u{758}'
            | '\u{75C}'..='\u{76A}'
            | '\u{76D}'..='\u{770}'
            | '\u{772}'
            | '\u{775}'..='\u{777}'
            | '\u{77A}'..='\u{77F}'
            | '\u{8A0}'..='\u{8A9}'
            | '\u{8AF}'..='\u{8B0}'
            | '\u{8B3}'..='\u{8B8}'
            | '\u{8BA}'..='\u{8C8}'
    )
}

/// Letters of the Arabic script that are joined with the one before them alone.
fn joins_only_the_previous(c: char) -> bool {
    matches!(
        c,
        '\u{622}'..='\u{625}'
            | '\u{627}'
            | '\u{629}'
            | '\u{62F}'..='\u{632}'
            | '\u{648}'
            | '\u{671}'..='\u{673}'
            | '\u{675}'..='\u{677}'
            | '\u{688}'..='\u{699}'
            | '\u{6C0}'
            | '\u{6C3}'..='\u{6CB}'
            | '\u{6CD}'
            | '\u{6CF}'
            | '\u{6D2}'..='\u{6D3}'
            | '\u{6D5}'
            | '\u{6EE}'..='\u{6EF}'
            | '\u{759}'..='\u{75B}'
            | '\u{76B}'..='\u{76C}'
            | '\u{771}'
            | '\u{773}'..='\u{774}'
            | '\u{778}'..='\u{779}'
            | '\u{8AA}'..='\u{8AC}'
            | '\u{8AE}'
            | '\u{8B1}'..='\u{8B2}'
            | '\u{8B9}'
    )
}

/// A non-joiner after the sign that takes a consonant's vowel, before another consonant of the script.
fn parts_a_conjunct(before: &[char], after: &[char]) -> bool {
    let (Some(virama), Some(next)) = (before.last(), after.first()) else { return false };
    is_virama(*virama) && is_letter_beside(*next, *virama)
}

fn makes_a_conjunct(before: &[char], after: &[char]) -> bool {
    match (before.last(), after.first()) {
        // Bengali and Kannada write RA as a letter of its own by a joiner before the sign.
        (Some('\u{9B0}'), Some('\u{9CD}')) | (Some('\u{CB0}'), Some('\u{CCD}')) => true,
        (Some(virama), Some(next)) if is_virama(*virama) && is_letter_beside(*next, *virama) => true,
        // Half a letter at the end of a word.
        (Some('\u{94D}' | '\u{9CD}' | '\u{D4D}'), next) => {
            next.is_none_or(|c| !is_combining_mark(*c) && !is_hidden(*c))
        }
        _ => false,
    }
}

/// The sign that takes a consonant's vowel, in the scripts of India and Sri Lanka.
fn is_virama(c: char) -> bool {
    ('\u{900}'..='\u{DFF}').contains(&c) && canonical_combining_class(c) == 9
}

fn is_letter_beside(c: char, other: char) -> bool {
    // Each of these scripts has a block of 128 code points.
    u32::from(c) / 0x80 == u32::from(other) / 0x80 && c.is_alphabetic() && !is_combining_mark(c)
}

fn is_ideograph(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{3FFFD}')
}

fn is_mongolian(c: char) -> bool {
    matches!(c, '\u{1820}'..='\u{1878}' | '\u{1880}'..='\u{18AA}')
}

#[cfg(test)]
mod tests;
