//! The header `retry-after`: seconds, or a date that counts against the answer's own `date`, never against our clock.

use std::time::Duration;

use reqwest::header::HeaderMap;

/// The longest wait that is believed: a registry that asks for more is parked anyway.
pub(crate) const RETRY_AFTER_MAX: Duration = Duration::from_hours(24);

/// What an answer's headers ask for.
pub(crate) fn of(headers: &HeaderMap) -> Option<Duration> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    parse(text("retry-after")?, text("date"))
}

/// Reads the header. A date without the answer's `date` says nothing, as the wall clock is not asked.
pub(crate) fn parse(retry_after: &str, date: Option<&str>) -> Option<Duration> {
    let text = retry_after.trim();
    if let Ok(seconds) = text.parse::<u64>() {
        return Some(Duration::from_secs(seconds).min(RETRY_AFTER_MAX));
    }
    let until = http_date(text)?;
    let now = http_date(date?.trim())?;
    let seconds = u64::try_from(until.saturating_sub(now)).unwrap_or(0);
    Some(Duration::from_secs(seconds).min(RETRY_AFTER_MAX))
}

/// Seconds since 1970 of an HTTP date (`Tue, 24 Nov 2026 09:00:00 GMT`).
fn http_date(text: &str) -> Option<i64> {
    jiff::fmt::rfc2822::parse(text).ok().map(|time| time.timestamp().as_second())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(retry_after: &str, date: Option<&str>, seconds: Option<u64>) {
        assert_eq!(parse(retry_after, date), seconds.map(Duration::from_secs));
    }

    #[test]
    fn takes_seconds() {
        check("1934", None, Some(1934));
        check(" 0 ", None, Some(0));
        check("99999999999", None, Some(86_400));
    }

    #[test]
    fn takes_a_date_against_the_date_of_the_answer() {
        let date = Some("Tue, 24 Nov 2026 09:00:00 GMT");
        check("Tue, 24 Nov 2026 09:01:30 GMT", date, Some(90));
        check("Tue, 24 Nov 2026 08:00:00 GMT", date, Some(0));
        check("Tue, 24 Nov 2026 09:01:30 GMT", None, None);
    }

    #[test]
    fn takes_nothing_else() {
        for text in ["", "soon", "-5", "1.5", "Tue, 99 Nov 2026 09:00:00 GMT"] {
            check(text, Some("Tue, 24 Nov 2026 09:00:00 GMT"), None);
        }
    }
}
