//! Broken connections in words: what happened at which host, and what to look at. Addresses are never repeated.

use std::error::Error;
use std::io;

use relay_values::Printable;

/// How many characters of a library's own words are kept.
const WORDS_CHARS_MAX: usize = 160;

/// Says whether a failed request certainly never reached the registry: no connection, no TLS, or no request at all.
pub(super) fn was_not_sent(error: &reqwest::Error) -> bool {
    error.is_builder() || error.is_connect()
}

/// What broke, for people. `unchecked_by` is the setting by which somebody wants certificates left unchecked.
pub(super) fn cause_for_people(host: &str, error: &reqwest::Error, unchecked_by: Option<&str>) -> String {
    let chain = chain(error);
    if error.is_connect() {
        return not_connected(host, &chain, error.is_timeout(), unchecked_by);
    }
    if error.is_builder() {
        return format!("no request to `{host}` could be made: {}", last_words(&chain));
    }
    if error.is_timeout() {
        return format!("`{host}` did not answer in time");
    }
    let kind = io_kind(error);
    if matches!(kind, Some(io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe | io::ErrorKind::UnexpectedEof))
        || chain.iter().any(|words| words.contains("connection closed") || words.contains("IncompleteMessage"))
    {
        return format!("`{host}` closed the connection before its answer was complete");
    }
    format!("the connection to `{host}` broke: {}", last_words(&chain))
}

fn not_connected(host: &str, chain: &[String], timed_out: bool, unchecked_by: Option<&str>) -> String {
    let all = chain.join(" ").to_lowercase();
    if all.contains("dns error")
        || all.contains("failed to lookup address")
        || all.contains("name or service not known")
    {
        return format!(
            "could not connect to `{host}`: no such host; check the address (`--registry`, `registry` in `.npmrc`), \
             the network and the proxy variables"
        );
    }
    if all.contains("certificate") || all.contains("unknownissuer") {
        let unheeded = unchecked_by.map_or_else(String::new, |setting| {
            format!(
                ", and {setting} is not followed: whoever stands between could take the credential that goes along, and change \
                 what is published"
            )
        });
        return format!(
            "could not connect to `{host}`: its TLS certificate is not trusted ({}){unheeded}; give its authority, or the \
             certificate itself, by `cafile` in `.npmrc` or by `NODE_EXTRA_CA_CERTS`, or install it on this machine",
            last_words(chain)
        );
    }
    if all.contains("tls") || all.contains("handshake") || all.contains("corrupt message") {
        return format!(
            "could not connect to `{host}`: the TLS handshake failed ({}); check whether the address should be `http` \
             or has another port",
            last_words(chain)
        );
    }
    if all.contains("connection refused") {
        return format!(
            "could not connect to `{host}`: connection refused; check that the registry runs there and that \
             `--registry` or `registry` in `.npmrc` names its port"
        );
    }
    if timed_out || all.contains("timed out") {
        return format!("could not connect to `{host}` in time; check the network, VPN and the proxy variables");
    }
    format!(
        "could not connect to `{host}`: {}; check `--registry`, the network and the proxy variables",
        last_words(chain)
    )
}

/// The words of an error and of its sources, without addresses.
fn chain(error: &reqwest::Error) -> Vec<String> {
    let mut words = Vec::new();
    // The top repeats the address; the sources don't.
    let mut next = error.source();
    while let Some(source) = next {
        words.push(source.to_string());
        next = source.source();
    }
    words
}

fn last_words(chain: &[String]) -> String {
    chain
        .last()
        .map_or_else(|| "no cause given".to_owned(), |words| String::from(Printable::words(words, WORDS_CHARS_MAX)))
}

fn io_kind(error: &(dyn Error + 'static)) -> Option<io::ErrorKind> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(io) = error.downcast_ref::<io::Error>() {
            return Some(io.kind());
        }
        next = error.source();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn says(cause: &str, expected: &str) {
        let text = not_connected("registry.example", &[cause.to_owned()], false, Some("`strict-ssl=false`"));
        assert!(text.starts_with("could not connect to `registry.example`"), "{text}");
        assert!(text.contains(expected), "{text}");
    }

    #[test]
    fn each_kind_of_trouble_has_its_next_step() {
        says("dns error: failed to lookup address information", "no such host");
        says("tcp connect error: Connection refused (os error 111)", "the registry runs there");
        says("invalid peer certificate: UnknownIssuer", "`cafile`");
        says("invalid peer certificate: UnknownIssuer", "`strict-ssl=false` is not followed");
        says("received corrupt message of type InvalidContentType", "another port");
        says("operation timed out", "in time");
        says("network is unreachable", "proxy variables");
    }
}
