//! Amounts of memory and CPU, which may be written in several ways. Pure.

/// The API server writes amounts in its own way: `1024Mi` is `1Gi` there.
pub(super) fn is_same(one: &str, other: &str) -> bool {
    match (amount(one), amount(other)) {
        (Some(one), Some(other)) => (one - other).abs() <= one.abs() * 1e-9,
        _ => one == other,
    }
}

/// <https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/>
fn amount(text: &str) -> Option<f64> {
    const UNITS: [(&str, f64); 15] = [
        ("Ki", 1024.0),
        ("Mi", 1_048_576.0),
        ("Gi", 1_073_741_824.0),
        ("Ti", 1_099_511_627_776.0),
        ("Pi", 1_125_899_906_842_624.0),
        ("Ei", 1_152_921_504_606_846_976.0),
        ("n", 1e-9),
        ("u", 1e-6),
        ("m", 1e-3),
        ("k", 1e3),
        ("M", 1e6),
        ("G", 1e9),
        ("T", 1e12),
        ("P", 1e15),
        ("E", 1e18),
    ];
    let mut units = UNITS.iter();
    let unit = units.find_map(|(unit, factor)| Some((text.strip_suffix(unit)?, factor)));
    let (number, factor) = unit.unwrap_or((text, &1.0));
    Some(number.parse::<f64>().ok()? * factor)
}

#[cfg(test)]
mod tests {
    use super::*;

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
