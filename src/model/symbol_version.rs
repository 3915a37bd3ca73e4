//! The number in the version of a symbol: the `2.34` of `GLIBC_2.34`.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// Numbers between dots, compared one by one: 2.9 is below 2.34.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SymbolVersion(Vec<u32>);

/// A text that is no version of a symbol.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{0}` is not a version: expected numbers between dots, for example `2.36`")]
pub struct ParseVersionError(String);

impl FromStr for SymbolVersion {
    type Err = ParseVersionError;

    fn from_str(text: &str) -> Result<Self, ParseVersionError> {
        let numbers = text.split('.').map(str::parse).collect::<Result<_, _>>();
        numbers.map(Self).map_err(|_| ParseVersionError(text.to_owned()))
    }
}

impl fmt::Display for SymbolVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let numbers: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&numbers.join("."))
    }
}

impl Serialize for SymbolVersion {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for SymbolVersion {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_compared_as_numbers() {
        let version = |text: &str| text.parse::<SymbolVersion>().expect(text);
        assert!(version("2.9") < version("2.34"));
        assert!(version("2.36") < version("2.36.1"));
        assert_eq!(version("2.2.5").to_string(), "2.2.5");
        for wrong in ["", "PRIVATE", "2.", "2.x", "-1"] {
            assert!(wrong.parse::<SymbolVersion>().is_err(), "{wrong}");
        }
    }
}
