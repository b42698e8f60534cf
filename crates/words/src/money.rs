//! Amounts as people type and read them: `£24.99`, `24.99 GBP`.

use counterpart_core::value::{DecimalError, Money};
use iso_currency::Currency;

/// Why a text is not an amount of money.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    #[error("'{0}' has no currency: write it with one, such as 24.99 GBP or £24.99")]
    NoCurrency(String),
    #[error("'{0}' is the sign of several currencies: write the three letters, such as 24.99 {1}")]
    AmbiguousSign(char, &'static str),
    #[error("'{0}' is not a currency of ISO 4217: write its three letters, such as GBP, EUR or USD")]
    UnknownCurrency(String),
    #[error("'{0}': a comma groups thousands only, as in 1,250.00; before the pence stands a point, as in 24.99")]
    Comma(String),
    #[error("{currency} has {allowed} digits after the point, '{amount}' has more")]
    TooPrecise { amount: String, currency: &'static str, allowed: u16 },
    #[error("'{0}': {1}")]
    Number(String, DecimalError),
}

/// Reads `£24.99`, `24.99 GBP`, `GBP 24.99`, `€1,250`.
pub fn parse(text: &str) -> Result<Money, MoneyError> {
    let (number, currency) = split(text)?;
    amount(&number, currency)
}

/// Reads an amount whose currency is given apart.
pub fn parse_in(number: &str, code: &str) -> Result<Money, MoneyError> {
    let currency = currency(code)?;
    let number = number.trim();
    // People write the sign all the same; another currency's sign stays, and is refused.
    let sign = currency.symbol().symbol;
    let (minus, rest) = number.strip_prefix('-').map_or(("", number), |rest| ("-", rest));
    let bare = rest.strip_prefix(&sign).or_else(|| rest.strip_suffix(&sign)).unwrap_or(rest).trim();
    amount(&format!("{minus}{}", without_groups(bare)?), currency)
}

/// The amount as people write it; letters where the sign is not one currency's own.
pub fn show(money: &Money) -> String {
    let (sign, number) = match money.amount().to_string().strip_prefix('-') {
        Some(rest) => ("-", rest.to_owned()),
        None => ("", money.amount().to_string()),
    };
    match money.currency() {
        "GBP" => format!("{sign}£{number}"),
        "EUR" => format!("{sign}€{number}"),
        code => format!("{sign}{number} {code}"),
    }
}

fn amount(number: &str, currency: Currency) -> Result<Money, MoneyError> {
    let places = number.split_once('.').map_or(0, |(_, fraction)| fraction.len());
    if let Some(allowed) = currency.exponent().filter(|allowed| places > usize::from(*allowed)) {
        return Err(MoneyError::TooPrecise { amount: number.to_owned(), currency: currency.code(), allowed });
    }
    Money::parse(number, currency.code()).map_err(|e| MoneyError::Number(number.to_owned(), e))
}

fn currency(code: &str) -> Result<Currency, MoneyError> {
    Currency::from_code(&code.to_ascii_uppercase()).ok_or_else(|| MoneyError::UnknownCurrency(code.to_owned()))
}

/// The number and the currency of a typed amount.
fn split(text: &str) -> Result<(String, Currency), MoneyError> {
    let text = text.trim();
    let numeric = |c: char| c.is_ascii_digit() || matches!(c, '.' | ',' | '-');
    let mark: String = text.chars().filter(|c| !numeric(*c) && !c.is_whitespace()).collect();
    let number: String = text.chars().filter(|c| numeric(*c)).collect();
    // The mark stands before or behind, never inside.
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let inside = unsigned.trim_matches(|c: char| !numeric(c)).chars().any(|c| !numeric(c));
    if number.is_empty() || inside {
        return Err(MoneyError::Number(text.to_owned(), DecimalError::Shape));
    }
    let currency = match mark.as_str() {
        "" => return Err(MoneyError::NoCurrency(text.to_owned())),
        "£" => Currency::GBP,
        "€" => Currency::EUR,
        "$" => return Err(MoneyError::AmbiguousSign('$', "USD")),
        "¥" => return Err(MoneyError::AmbiguousSign('¥', "JPY")),
        code => currency(code)?,
    };
    Ok((without_groups(&number)?, currency))
}

/// Takes the commas out of `1,250,000.00`; refuses any that do not group thousands.
fn without_groups(number: &str) -> Result<String, MoneyError> {
    if !number.contains(',') {
        return Ok(number.to_owned());
    }
    let whole = number.split_once('.').map_or(number, |(whole, _)| whole);
    let mut groups = whole.trim_start_matches('-').split(',');
    let first = groups.next().is_some_and(|g| (1..=3).contains(&g.len()));
    let comma_in_fraction = number.split_once('.').is_some_and(|(_, fraction)| fraction.contains(','));
    if first && groups.all(|g| g.len() == 3) && !comma_in_fraction {
        Ok(number.replace(',', ""))
    } else {
        Err(MoneyError::Comma(number.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_people_type() {
        for (typed, signed, shown) in [
            ("£24.99", "24.99 GBP", "£24.99"),
            ("24.99 GBP", "24.99 GBP", "£24.99"),
            ("gbp 24.99", "24.99 GBP", "£24.99"),
            ("€1,250", "1250 EUR", "€1250"),
            ("1,250,000.50 EUR", "1250000.50 EUR", "€1250000.50"),
            ("-£5", "-5 GBP", "-£5"),
            ("-5 GBP", "-5 GBP", "-£5"),
            ("GBP -5", "-5 GBP", "-£5"),
            ("300 JPY", "300 JPY", "300 JPY"),
            ("1.234 KWD", "1.234 KWD", "1.234 KWD"),
        ] {
            let money = parse(typed).expect(typed);
            assert_eq!(money.to_string(), signed);
            assert_eq!(show(&money), shown);
        }
    }

    #[test]
    fn a_sign_of_the_currency_that_is_named_apart_says_the_same_again() {
        for (typed, code, signed) in [
            ("$4,200", "USD", "4200 USD"),
            ("-£5", "gbp", "-5 GBP"),
            ("14,200 €", "EUR", "14200 EUR"),
            ("24.99", "GBP", "24.99 GBP"),
        ] {
            assert_eq!(parse_in(typed, code).expect(typed).to_string(), signed);
        }
        assert!(parse_in("£5", "EUR").is_err());
        assert!(parse_in("£", "GBP").is_err());
    }

    #[test]
    fn what_is_no_amount_says_why() {
        for (typed, says) in [
            ("24.99", "no currency"),
            ("$24.99", "several currencies"),
            ("24,99 €", "a comma groups thousands only"),
            ("24.999 GBP", "2 digits after the point"),
            ("1.5 JPY", "0 digits after the point"),
            ("24.99 XQZ", "not a currency"),
            ("24 or 25 GBP", "not a number"),
            ("GBP", "not a number"),
            ("£-", "not a number"),
        ] {
            let error = parse(typed).expect_err(typed);
            assert!(error.to_string().contains(says), "{typed}: {error}");
        }
    }
}
