//! Numbers as QEMU reads and prints them: integers of 64 bits, else floating point.

use serde_json::Number;

/// Significant digits of a floating-point number, as of C's `%.17g`: enough to read it back.
const DIGITS: i32 = 17;

/// Parses a number's token; `None` if it is beyond the range of floating point.
pub(super) fn parse(text: &str) -> Option<Number> {
    let integer = text.parse().map(i64::into);
    let integer = integer.or_else(|_| text.parse().map(u64::into));
    integer.map_or_else(|_| Number::from_f64(text.parse().ok()?), Some)
}

/// Formats a finite number as C's `%.17g` does.
pub(super) fn format(value: f64) -> String {
    let scientific = format!("{value:.16e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    if (-4..DIGITS).contains(&exponent) {
        let decimals = usize::try_from(DIGITS - 1 - exponent).unwrap_or_default();
        return without_zeros(&format!("{value:.decimals$}")).to_owned();
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    let exponent = exponent.unsigned_abs();
    format!("{}e{sign}{exponent:02}", without_zeros(mantissa))
}

/// Removes trailing zeros after a decimal point, and the point if nothing follows it.
fn without_zeros(text: &str) -> &str {
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.')
    } else {
        text
    }
}
