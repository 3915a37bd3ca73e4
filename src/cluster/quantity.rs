//! Kubernetes quantities, as quotas and containers have them. Pure.

/// Returns a Kubernetes quantity in thousandths:
/// <https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/>.
#[must_use]
pub fn thousandths(text: &str) -> Option<u128> {
    const SUFFIXES: [(&str, u128); 12] = [
        ("Ki", 1 << 10),
        ("Mi", 1 << 20),
        ("Gi", 1 << 30),
        ("Ti", 1 << 40),
        ("Pi", 1 << 50),
        ("k", 1_000),
        ("M", 1_000_000),
        ("G", 1_000_000_000),
        ("T", 1_000_000_000_000),
        ("P", 1_000_000_000_000_000),
        ("Ei", 1 << 60),
        ("E", 1_000_000_000_000_000_000),
    ];
    if let Some(number) = text.strip_suffix('m') {
        return number.parse().ok();
    }
    let (number, factor) = SUFFIXES
        .iter()
        .find_map(|(suffix, factor)| Some((text.strip_suffix(suffix)?, *factor)))
        .unwrap_or((text, 1));
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    // Three digits are more than a quantity's unit has in practice.
    let fraction: String = format!("{fraction}000").chars().take(3).collect();
    let whole: u128 = whole.parse().ok()?;
    let whole = whole.checked_mul(1000)?.checked_add(fraction.parse().ok()?)?;
    whole.checked_mul(factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities() {
        for (text, expected) in [
            ("50m", 50),
            ("1", 1_000),
            ("1.5", 1_500),
            ("64Mi", 64 * 1024 * 1024 * 1000),
            ("2k", 2_000_000),
        ] {
            assert_eq!(thousandths(text), Some(expected), "{text}");
        }
        assert_eq!(thousandths("much"), None);
        assert_eq!(thousandths(&format!("{}E", u128::MAX)), None);
    }
}
