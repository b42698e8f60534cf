//! Exact decimals and money: the signed text is the value, arithmetic is on millionths in `i128`.

use std::cmp::Ordering;
use std::fmt;

use crate::cbor::Value;

/// Places after the point that a decimal may have.
pub const DECIMAL_PLACES: usize = 6;

/// Places after the point that an amount of money may have.
pub const MONEY_PLACES: usize = 4;

const MILLION: i128 = 1_000_000;

/// A decimal number as it was written: at most 15 digits before the point and 6 after. `1.5` and `1.50` are two
/// values that compare as the same number: equality is of the text, [`Decimal::compare`] is of the number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Decimal {
    millionths: i128,
    places: usize,
}

/// Why a text is not a number of the format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DecimalError {
    #[error("not a number as it must be written: digits, at most one point with digits on both sides, such as -12.50")]
    Shape,
    #[error("a number does not begin with a needless zero; write 7, not 07")]
    LeadingZero,
    #[error("minus zero is not a number here; write 0")]
    MinusZero,
    #[error("more than 15 digits before the point")]
    TooLarge,
    #[error("more than {allowed} digits after the point")]
    TooPrecise { allowed: usize },
    #[error("a currency is three capital letters, such as EUR")]
    Currency,
}

impl Decimal {
    /// Reads `-?(0|[1-9][0-9]{0,14})(\.[0-9]{1,6})?`; zero has no sign, at whatever scale.
    ///
    /// # Errors
    /// The rule that the text breaks.
    pub fn parse(text: &str) -> Result<Self, DecimalError> {
        Self::parse_places(text, DECIMAL_PLACES)
    }

    fn parse_places(text: &str, allowed: usize) -> Result<Self, DecimalError> {
        let (negative, unsigned) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, fraction) = match unsigned.split_once('.') {
            Some((whole, fraction)) if !fraction.is_empty() => (whole, fraction),
            Some(_) => return Err(DecimalError::Shape),
            None => (unsigned, ""),
        };
        let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
        if whole.is_empty() || !digits(whole) || !digits(fraction) {
            return Err(DecimalError::Shape);
        }
        if whole.len() > 1 && whole.starts_with('0') {
            return Err(DecimalError::LeadingZero);
        }
        if whole.len() > 15 {
            return Err(DecimalError::TooLarge);
        }
        if fraction.len() > allowed {
            return Err(DecimalError::TooPrecise { allowed });
        }
        let padding = std::iter::repeat_n(b'0', DECIMAL_PLACES - fraction.len());
        let magnitude = whole
            .bytes()
            .chain(fraction.bytes())
            .chain(padding)
            .fold(0_i128, |number, digit| number * 10 + i128::from(digit - b'0'));
        if negative && magnitude == 0 {
            return Err(DecimalError::MinusZero);
        }
        Ok(Self { millionths: if negative { -magnitude } else { magnitude }, places: fraction.len() })
    }

    /// The number times 1,000,000: exact.
    #[must_use]
    pub fn millionths(&self) -> i128 {
        self.millionths
    }

    /// How many digits were written after the point.
    #[must_use]
    pub fn places(&self) -> usize {
        self.places
    }

    /// Order of the numbers, whatever their scale.
    #[must_use]
    pub fn compare(&self, other: &Self) -> Ordering {
        self.millionths.cmp(&other.millionths)
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let magnitude = self.millionths.abs();
        if self.millionths < 0 {
            f.write_str("-")?;
        }
        write!(f, "{}", magnitude / MILLION)?;
        if self.places > 0 {
            let fraction = format!("{:06}", magnitude % MILLION);
            f.write_str(".")?;
            f.write_str(fraction.get(..self.places).expect("places is at most six"))?;
        }
        Ok(())
    }
}

/// An amount in a currency, ISO 4217 by its three letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Money {
    amount: Decimal,
    currency: [u8; 3],
}

impl Money {
    /// From an amount of at most 4 places and three capital letters. Whether the letters name a currency is not
    /// looked up: the list changes, what was signed does not.
    ///
    /// # Errors
    /// The rule that the texts break.
    pub fn parse(amount: &str, currency: &str) -> Result<Self, DecimalError> {
        let amount = Decimal::parse_places(amount, MONEY_PLACES)?;
        let letters: [u8; 3] = currency.as_bytes().try_into().map_err(|_length| DecimalError::Currency)?;
        if !letters.iter().all(u8::is_ascii_uppercase) {
            return Err(DecimalError::Currency);
        }
        Ok(Self { amount, currency: letters })
    }

    #[must_use]
    pub fn amount(&self) -> &Decimal {
        &self.amount
    }

    #[must_use]
    pub fn currency(&self) -> &str {
        str::from_utf8(&self.currency).expect("a currency is three ASCII letters")
    }

    /// Order of the amounts; none between different currencies.
    #[must_use]
    pub fn compare(&self, other: &Self) -> Option<Ordering> {
        (self.currency == other.currency).then(|| self.amount.compare(&other.amount))
    }

    /// `[amount, currency]`.
    #[must_use]
    pub fn to_value(&self) -> Value {
        Value::Array(vec![self.amount.to_string().into(), self.currency().into()])
    }

    #[must_use]
    pub fn from_value(value: &Value) -> Option<Self> {
        let [amount, currency] = value.as_array()? else { return None };
        Self::parse(amount.as_text()?, currency.as_text()?).ok()
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.amount, self.currency())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn bad_numbers_are_named() {
        for (text, why) in [
            ("", DecimalError::Shape),
            ("-", DecimalError::Shape),
            ("+1", DecimalError::Shape),
            ("1.", DecimalError::Shape),
            (".5", DecimalError::Shape),
            ("1e3", DecimalError::Shape),
            ("1,5", DecimalError::Shape),
            ("1.2.3", DecimalError::Shape),
            ("--1", DecimalError::Shape),
            (" 1", DecimalError::Shape),
            ("1.-5", DecimalError::Shape),
            ("\u{0661}", DecimalError::Shape),
            ("00", DecimalError::LeadingZero),
            ("07", DecimalError::LeadingZero),
            ("-01.5", DecimalError::LeadingZero),
            ("-0", DecimalError::MinusZero),
            ("-0.00", DecimalError::MinusZero),
            ("1234567890123456", DecimalError::TooLarge),
            ("0.1234567", DecimalError::TooPrecise { allowed: 6 }),
        ] {
            assert_eq!(Decimal::parse(text), Err(why), "{text:?}");
        }
    }

    #[test]
    fn money_is_four_places_and_three_capitals() {
        let money = Money::parse("-12.50", "EUR").expect("good");
        assert_eq!(money.to_string(), "-12.50 EUR");
        assert_eq!(Money::from_value(&money.to_value()), Some(money));
        for (amount, currency, why) in [
            ("1.00001", "EUR", DecimalError::TooPrecise { allowed: 4 }),
            ("1", "eur", DecimalError::Currency),
            ("1", "EURO", DecimalError::Currency),
            ("1", "É1", DecimalError::Currency),
            ("x", "EUR", DecimalError::Shape),
        ] {
            assert_eq!(Money::parse(amount, currency), Err(why), "{amount} {currency}");
        }
        let other = Money::parse("12.5", "USD").expect("good");
        assert_eq!(money.compare(&other), None);
        assert_eq!(money.compare(&Money::parse("-12.5", "EUR").expect("good")), Some(Ordering::Equal));
    }

    proptest! {
        #[test]
        fn text_survives(text in "-?(0|[1-9][0-9]{0,14})(\\.[0-9]{1,6})?") {
            match Decimal::parse(&text) {
                Ok(number) => prop_assert_eq!(number.to_string(), text),
                Err(why) => {
                    prop_assert_eq!(why, DecimalError::MinusZero);
                    prop_assert!(text.starts_with('-') && !text.contains(|c: char| matches!(c, '1'..='9')));
                }
            }
        }

        #[test]
        fn what_is_read_is_what_is_shown(text in "[-+0-9.]{0,24}") {
            if let Ok(number) = Decimal::parse(&text) {
                prop_assert_eq!(number.to_string(), text);
            }
        }

        #[test]
        fn numbers_compare_whatever_the_scale(
            a in -2_000_i32..2_000, b in -2_000_i32..2_000, zeros in 0_usize..4,
        ) {
            let text = |n: i32| format!("{}{}.{:02}", if n < 0 { "-" } else { "" }, n.abs() / 100, n.abs() % 100);
            let first = Decimal::parse(&format!("{}{}", text(a), "0".repeat(zeros))).expect("good");
            let second = Decimal::parse(&text(b)).expect("good");
            prop_assert_eq!(first.compare(&second), a.cmp(&b));
            prop_assert_eq!(first == second, a == b && zeros == 0);
            prop_assert_eq!(first.places(), 2 + zeros);
        }
    }
}
