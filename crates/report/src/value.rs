//! Typed values as people read them.

use counterpart_core::value::{ItemValue, Money, Sealable};

use crate::{
    clock::{Clock, lasted},
    words::{Words, say},
};

/// Said in place of a sealed value that this copy does not hold.
pub(crate) const SEALED: &str = "(sealed, its value is not here)";

/// An amount, with the sign where that is one currency's own.
pub(crate) fn money(money: &Money) -> String {
    let amount = money.amount().to_string();
    let (sign, number) = amount.strip_prefix('-').map_or(("", amount.as_str()), |number| ("-", number));
    match money.currency() {
        "GBP" => format!("{sign}£{number}"),
        "EUR" => format!("{sign}€{number}"),
        code => format!("{sign}{number} {code}"),
    }
}

/// A value; what is listed in it one after another. `sealed` says what stands for a value that is not here.
pub(crate) fn value(value: &ItemValue, sealed: &dyn Fn(&[u8; 32]) -> Words) -> Words {
    let said = |text: &Sealable| match text {
        Sealable::Open(text) => Words::new().quote(text),
        Sealable::Sealed(place) => sealed(place),
    };
    let nested = |one: &ItemValue| self::value(one, sealed);
    match value {
        ItemValue::Text(text)
        | ItemValue::Address(text)
        | ItemValue::Phone(text)
        | ItemValue::Email(text)
        | ItemValue::Link(text) => said(text),
        ItemValue::Integer(number) => say(number.to_string()),
        ItemValue::Decimal { number, unit } => {
            say(number.to_string()).maybe(unit.as_ref(), |words, unit| words.say(" ").who(unit))
        }
        ItemValue::Money(amount) => say(money(amount)),
        ItemValue::Date(date) => Words::new().code(date),
        ItemValue::Time { instant, zone, .. } => say(Clock::of(zone).time(*instant).local).say(" (").who(zone).say(")"),
        ItemValue::Duration(seconds) => say(lasted(*seconds)),
        ItemValue::YesNo(yes) => say(if *yes { "yes" } else { "no" }),
        ItemValue::Choice(choice) => Words::new().quote(choice),
        ItemValue::File { size, name, sha256, .. } => {
            say("file ").then(said(name)).say(format!(", {size} bytes, SHA-256 ")).code(&hex(sha256))
        }
        ItemValue::List(values) if values.is_empty() => say("an empty list"),
        ItemValue::List(values) if values.iter().any(holds_several) => {
            let numbered = |(n, one): (usize, &ItemValue)| say(format!("({n}) ")).then(nested(one));
            Words::new().joined((1..).zip(values).map(numbered), "; ")
        }
        ItemValue::List(values) => Words::new().joined(values.iter().map(nested), "; "),
        ItemValue::Record(fields) => {
            let field = |(key, one): &(String, ItemValue)| Words::new().who(key).say(": ").then(nested(one));
            Words::new().joined(fields.iter().map(field), ", ")
        }
        ItemValue::Sealed(place) => sealed(place),
    }
}

/// Whether a value is not over at the next comma.
fn holds_several(value: &ItemValue) -> bool {
    matches!(value, ItemValue::List(_) | ItemValue::Record(_))
}

/// Bytes as lower-case hex digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use counterpart_core::value::Decimal;

    use super::*;

    #[test]
    fn values_in_words() {
        let open = |text: &str| Sealable::Open(text.to_owned());
        let amount = |number: &str, code: &str| ItemValue::Money(Money::parse(number, code).expect("money"));
        let record = ItemValue::Record(vec![
            ("room".to_owned(), ItemValue::Text(open("kitchen"))),
            ("done".to_owned(), ItemValue::YesNo(false)),
        ]);
        for (one, shown) in [
            (amount("-24.90", "GBP"), "-£24.90"),
            (amount("4200", "USD"), "4200 USD"),
            (
                ItemValue::Decimal { number: Decimal::parse("1.50").expect("good"), unit: Some("kWh".to_owned()) },
                "1.50 kWh",
            ),
            (ItemValue::Text(Sealable::Sealed([1; 32])), SEALED),
            (ItemValue::List(vec![record, ItemValue::Integer(3)]), "(1) room: “kitchen”, done: no; (2) 3"),
            (ItemValue::List(Vec::new()), "an empty list"),
            (ItemValue::Text(open("a\nb\u{202E}")), "“a\nb<U+202E>”"),
        ] {
            assert_eq!(value(&one, &|_| say(SEALED)).plain(), shown);
        }
    }
}
