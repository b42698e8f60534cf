use icu_properties::{
    CodePointMapData, CodePointSetData,
    props::{DefaultIgnorableCodePoint, GeneralCategory, JoiningType, Script},
};
use proptest::prelude::*;

use super::*;
use crate::text::{visible, visible_line};

/// Format characters that are drawn.
const DRAWN: [char; 13] = [
    '\u{600}',
    '\u{601}',
    '\u{602}',
    '\u{603}',
    '\u{604}',
    '\u{605}',
    '\u{6DD}',
    '\u{70F}',
    '\u{890}',
    '\u{891}',
    '\u{8E2}',
    '\u{110BD}',
    '\u{110CD}',
];

fn characters() -> impl Iterator<Item = char> {
    ('\0'..=char::MAX).filter(|c| !c.is_ascii())
}

/// What Unicode says is not seen.
fn unseen(c: char) -> bool {
    let format = CodePointMapData::<GeneralCategory>::new().get(c) == GeneralCategory::Format;
    CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c) || (format && !DRAWN.contains(&c))
}

#[test]
fn whatever_unicode_says_is_not_seen_is_written_out() {
    for c in characters().filter(|c| unseen(*c)) {
        let written = format!("<U+{:04X}>", u32::from(c));
        for (before, after) in
            [("", ""), ("pay", "5"), ("pay 5", " now"), ("да", "нет"), ("\u{5E9}", "\u{5DC}"), ("1", "")]
        {
            let text = format!("{before}{c}{after}");
            assert_eq!(visible(&text), format!("{before}{written}{after}"));
            assert_eq!(visible_line(&text), format!("{before}{written}{after}"));
        }
    }
    for c in characters().filter(|c| is_hidden(*c) && !unseen(*c)) {
        assert!(['\u{2028}', '\u{2029}', '\u{2800}', '\u{16FE4}', '\u{1D159}'].contains(&c), "U+{:04X}", u32::from(c));
    }
}

#[test]
fn letters_join_as_unicode_says() {
    let (joining, script) = (CodePointMapData::<JoiningType>::new(), CodePointMapData::<Script>::new());
    for c in characters() {
        let known = script.get(c) == Script::Arabic;
        if joins_the_next(c) {
            assert!(known && joining.get(c) == JoiningType::DualJoining, "U+{:04X}", u32::from(c));
        }
        if joins_only_the_previous(c) {
            assert!(known && joining.get(c) == JoiningType::RightJoining, "U+{:04X}", u32::from(c));
        }
    }
}

#[test]
fn what_scripts_need_is_left_alone() {
    for text in [
        "\u{1F697}\u{1F469}\u{200D}\u{1F469}\u{200D}\u{1F467}",
        "\u{2764}\u{FE0F}\u{200D}\u{1F525} \u{1F468}\u{1F3FD}\u{200D}\u{1F527}",
        "\u{1F3F3}\u{FE0F}\u{200D}\u{1F308} 5\u{FE0F}\u{20E3} \u{260E}\u{FE0E} \u{A9}\u{FE0F}",
        // Persian: I do not want.
        "\u{646}\u{645}\u{6CC}\u{200C}\u{62E}\u{648}\u{627}\u{647}\u{645}",
        "\u{6CC}\u{64E}\u{200C}\u{62E}",
        // Sinhala Sri, Devanagari KSSA written apart, Malayalam software, Bengali RAM.
        "\u{DC1}\u{DCA}\u{200D}\u{DBB}\u{DD3}",
        "\u{915}\u{94D}\u{200C}\u{937} \u{915}\u{94D}\u{200D}\u{937} \u{915}\u{94D}\u{200D}",
        "\u{D38}\u{D4B}\u{D2B}\u{D4D}\u{D31}\u{D4D}\u{D31}\u{D4D}\u{200C}\u{D35}\u{D46}\u{D2F}\u{D7C}",
        "\u{9B0}\u{200D}\u{9CD}\u{9AF}\u{9BE}\u{9AE}",
        // Katsushika as its ward writes it.
        "\u{845B}\u{E0100}\u{98FE}",
        "\u{182A}\u{180B}",
        "\u{600}\u{661}",
    ] {
        assert_eq!(visible(text), text);
        assert_eq!(visible_line(text), text);
    }
}

#[test]
fn where_they_do_nothing_they_are_written_out() {
    for (text, shown) in [
        ("\u{1F469}\u{200D}", "\u{1F469}<U+200D>"),
        ("\u{1F469}\u{200D}a", "\u{1F469}<U+200D>a"),
        ("1\u{200D}2", "1<U+200D>2"),
        ("\u{1F469}\u{200D}\u{200D}\u{1F469}", "\u{1F469}<U+200D><U+200D>\u{1F469}"),
        ("5\u{FE0F}", "5<U+FE0F>"),
        ("\u{2764}\u{FE0F}\u{FE0F}", "\u{2764}\u{FE0F}<U+FE0F>"),
        // After a letter that is not joined with the next, and at the end of a word.
        ("\u{631}\u{200C}\u{647}", "\u{631}<U+200C>\u{647}"),
        ("\u{6CC}\u{200C} \u{62E}", "\u{6CC}<U+200C> \u{62E}"),
        ("\u{6CC}\u{200D}\u{62E}", "\u{6CC}<U+200D>\u{62E}"),
        ("\u{6CC}\u{200C}\u{200C}\u{62E}", "\u{6CC}<U+200C><U+200C>\u{62E}"),
        ("\u{915}\u{200C}\u{937}", "\u{915}<U+200C>\u{937}"),
        ("\u{915}\u{94D}\u{200C}", "\u{915}\u{94D}<U+200C>"),
        ("\u{845B}\u{E0100}\u{E0101}", "\u{845B}\u{E0100}<U+E0101>"),
        ("\u{1F3F4}\u{E0067}\u{E007F}", "\u{1F3F4}<U+E0067><U+E007F>"),
    ] {
        assert_eq!(visible(text), shown);
    }
}

/// A stretch of what people write, in scripts of all kinds.
fn word() -> impl Strategy<Value = String> {
    const WORDS: &[&str] = &[
        "pay",
        "5",
        " ",
        "£",
        "ß",
        "\u{434}\u{430}",
        "\u{5E9}\u{5DC}",
        "\u{646}\u{6CC}",
        "\u{62E}",
        "\u{631}",
        "\u{1F469}",
        "\u{2764}",
        "\u{1F1EB}",
        "\u{915}\u{94D}",
        "\u{937}",
        "\u{DC1}\u{DCA}",
        "\u{845B}",
        "\u{AC00}",
        "\u{182A}",
        "\u{64E}",
        "\u{20E3}",
    ];
    prop::sample::select(WORDS).prop_map(str::to_owned)
}

fn hidden_one() -> impl Strategy<Value = String> {
    let all: Vec<String> = characters().filter(|c| is_hidden(*c)).map(String::from).collect();
    prop_oneof![
        1 => prop::sample::select(all),
        1 => prop::sample::select(["\u{200C}", "\u{200D}", "\u{FE0F}", "\u{200B}"].as_slice()).prop_map(str::to_owned),
    ]
}

fn text() -> impl Strategy<Value = String> {
    prop::collection::vec(prop_oneof![3 => word(), 1 => hidden_one()], 0..24).prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn texts_that_differ_look_different(one in text(), other in text()) {
        let (a, b) = (visible(&one), visible(&other));
        prop_assert_eq!(one == other, a == b);
        // Whatever is left of the hidden does something where it stands, and showing a text again changes nothing.
        prop_assert_eq!(visible(&a), a.as_ref());
        let left: Vec<char> = a.chars().collect();
        for (at, c) in left.iter().enumerate() {
            prop_assert!(!is_hidden(*c) || is_seen_in_place(&left, at));
        }
    }

    #[test]
    fn a_hidden_character_more_is_seen_among_letters(
        before in "[a-zA-Z0-9 \u{430}-\u{44F}\u{5D0}-\u{5EA}\u{3B1}-\u{3C9}\u{3042}-\u{3093}]{0,8}",
        c in hidden_one(),
        after in "[a-zA-Z0-9 \u{430}-\u{44F}\u{5D0}-\u{5EA}\u{3B1}-\u{3C9}\u{3042}-\u{3093}]{0,8}",
    ) {
        let shown = visible(&format!("{before}{c}{after}")).into_owned();
        prop_assert!(!shown.chars().any(is_hidden), "{shown:?}");
        prop_assert!(shown.contains("<U+"));
    }
}
