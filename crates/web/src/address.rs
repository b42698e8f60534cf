//! What stands in addresses that are put together here.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What stands there as it is.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// A text as one part of a path, or as one value behind the question mark: whatever is in it leads nowhere else.
pub(crate) fn escaped(text: &str) -> String {
    utf8_percent_encode(text, PLAIN).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_stands_in_an_address_stays_one_value() {
        assert_eq!(escaped("5/2"), "5%2F2");
        assert_eq!(escaped("a b&c=\u{e9}#\"<"), "a%20b%26c%3D%C3%A9%23%22%3C");
        assert_eq!(escaped("\r\nx\\?%"), "%0D%0Ax%5C%3F%25");
    }
}
