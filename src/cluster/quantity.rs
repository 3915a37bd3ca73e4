//! Kubernetes quantities: amounts of memory and CPU, which may be written in several ways. Pure. The rules are those of
//! <https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/>.

/// The units, and how many billionths one of them is.
const UNITS: [(&str, u128); 15] = [
    ("Ki", BILLION << 10),
    ("Mi", BILLION << 20),
    ("Gi", BILLION << 30),
    ("Ti", BILLION << 40),
    ("Pi", BILLION << 50),
    ("Ei", BILLION << 60),
    ("n", 1),
    ("u", 1_000),
    ("m", 1_000_000),
    ("k", BILLION * 1_000),
    ("M", BILLION * 1_000_000),
    ("G", BILLION * BILLION),
    ("T", BILLION * BILLION * 1_000),
    ("P", BILLION * BILLION * 1_000_000),
    ("E", BILLION * BILLION * BILLION),
];
const BILLION: u128 = 1_000_000_000;

/// Whether two texts are one quantity: the API server writes `1Gi` where `1024Mi` was sent. Of what is no quantity, only
/// the same text is.
#[must_use]
pub fn is_same(one: &str, other: &str) -> bool {
    match (billionths(one), billionths(other)) {
        (Some(one), Some(other)) => one == other,
        _ => one == other,
    }
}

/// Returns a quantity in thousandths, rounded up as Kubernetes does; `None` where it is negative, too large to count, or
/// no quantity.
#[must_use]
pub fn thousandths(text: &str) -> Option<u128> {
    Some(billionths(text)?.div_ceil(1_000_000))
}

/// In billionths, the smallest unit there is. Smaller parts are cut.
fn billionths(text: &str) -> Option<u128> {
    // The exponent is looked for first: in `1E3` the E is none of the units.
    if let Some((number, exponent)) = text.split_once(['e', 'E'])
        && let Ok(exponent) = exponent.parse::<i8>()
    {
        let power = 10_u128.checked_pow(exponent.unsigned_abs().into())?;
        let number = decimal(number)?;
        return match exponent {
            0.. => number.checked_mul(power),
            _ => Some(number / power),
        };
    }
    let units = UNITS.iter();
    let mut units = units.filter_map(|(unit, worth)| Some((text.strip_suffix(unit)?, *worth)));
    let (number, worth) = units.next().unwrap_or((text, BILLION));
    match worth {
        BILLION.. => decimal(number)?.checked_mul(worth / BILLION),
        _ => Some(decimal(number)? / (BILLION / worth)),
    }
}

/// A number without a unit, in billionths.
fn decimal(number: &str) -> Option<u128> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() && fraction.is_empty() || !is_digits(whole) || !is_digits(fraction) {
        return None;
    }
    format!("{whole}{fraction:0<9.9}").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_thousandths() {
        for (text, expected) in [
            ("50m", 50),
            ("1", 1_000),
            ("1.5", 1_500),
            ("0.5m", 1),
            (".5", 500),
            ("1.", 1_000),
            ("250000u", 250),
            ("1n", 1),
            ("64Mi", 64 * 1024 * 1024 * 1000),
            ("2k", 2_000_000),
            ("1e3", 1_000_000),
            ("1E3", 1_000_000),
            ("15e-1", 1_500),
            ("1E", 1_000_000_000_000_000_000_000),
            ("0", 0),
        ] {
            assert_eq!(thousandths(text), Some(expected), "{text}");
        }
        for text in ["much", "", ".", "-1", "+1", "1 Gi", "1e200", "1g", "Gi"] {
            assert_eq!(thousandths(text), None, "{text}");
        }
        assert_eq!(thousandths(&format!("{}E", u128::MAX)), None);
    }

    #[test]
    fn one_amount_has_many_names() {
        for (one, other) in [
            ("1Gi", "1024Mi"),
            ("0.5", "500m"),
            ("2G", "2000000000"),
            ("1e3", "1k"),
            ("x", "x"),
        ] {
            assert!(is_same(one, other), "{one} {other}");
        }
        for (one, other) in [("1Gi", "1G"), ("1", "2"), ("1", "x")] {
            assert!(!is_same(one, other), "{one} {other}");
        }
    }
}
