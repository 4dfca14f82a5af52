//! Values of `relay.toml` that have a unit or a calendar: durations, sizes, days.
//!
//! They are read from any TOML value, so that one of the wrong kind is told what it should be rather than that it is no text.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A day as TOML writes it: `2027-02-01`, with or without quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "toml::Value", into = "String")]
pub struct ExpiryDate(pub jiff::civil::Date);

/// A span such as `90s`, `20m`, `2h`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "toml::Value")]
pub struct DurationText(pub Duration);

/// A size such as `5MB` or `300kB` (powers of ten), in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "toml::Value")]
pub struct SizeText(pub u64);

impl TryFrom<toml::Value> for ExpiryDate {
    type Error = String;
    fn try_from(value: toml::Value) -> Result<Self, String> {
        let text = match &value {
            toml::Value::String(text) => text.clone(),
            toml::Value::Datetime(date) => date.to_string(),
            _ => return Err("expected a date such as 2027-02-01".to_owned()),
        };
        let day = text.get(..10).unwrap_or(&text);
        day.parse().map(Self).map_err(|_| format!("`{text}` is not a date such as 2027-02-01"))
    }
}

impl From<ExpiryDate> for String {
    fn from(date: ExpiryDate) -> Self {
        date.0.to_string()
    }
}

impl TryFrom<toml::Value> for DurationText {
    type Error = String;
    fn try_from(value: toml::Value) -> Result<Self, String> {
        match value {
            toml::Value::String(text) => text.try_into(),
            _ => Err("expected a duration such as `90s`, `20m` or `2h`, in quotes".to_owned()),
        }
    }
}

impl TryFrom<String> for DurationText {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not a duration such as `90s`, `20m` or `2h`");
        let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let number: u64 = text.get(..digits).and_then(|n| n.parse().ok()).ok_or_else(wrong)?;
        let seconds = match text.get(digits..).unwrap_or_default().trim() {
            "s" => number,
            "m" | "min" => number.saturating_mul(60),
            "h" => number.saturating_mul(3600),
            "ms" => return Ok(Self(Duration::from_millis(number))),
            _ => return Err(wrong()),
        };
        Ok(Self(Duration::from_secs(seconds)))
    }
}

impl TryFrom<toml::Value> for SizeText {
    type Error = String;
    fn try_from(value: toml::Value) -> Result<Self, String> {
        match value {
            toml::Value::String(text) => text.try_into(),
            _ => Err("expected a size such as `300kB` or `5MB`, in quotes".to_owned()),
        }
    }
}

impl TryFrom<String> for SizeText {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not a size such as `300kB` or `5MB`");
        let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let number: u64 = text.get(..digits).and_then(|n| n.parse().ok()).ok_or_else(wrong)?;
        let factor = match text.get(digits..).unwrap_or_default().trim().to_ascii_lowercase().as_str() {
            "" | "b" => 1,
            "kb" => 1_000,
            "mb" => 1_000_000,
            "gb" => 1_000_000_000,
            _ => return Err(wrong()),
        };
        number.checked_mul(factor).map(Self).ok_or_else(wrong)
    }
}
