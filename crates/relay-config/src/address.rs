//! Registry addresses in `relay.toml`: whether a text can be one, and where it stands.

/// Says whether a text can be a registry's base address: http or https with a host. Its reader knows the rest of the rules.
pub(crate) fn is_registry_address(text: &str) -> bool {
    let text = text.trim();
    let scheme = |scheme: &str| text.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme));
    let Some(length) = ["https://", "http://"].into_iter().find(|known| scheme(known)).map(str::len) else {
        return false;
    };
    let rest = text.get(length..).unwrap_or_default();
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default().rsplit('@').next().unwrap_or_default();
    !host.is_empty() && !host.starts_with(':') && !text.chars().any(|c| c.is_whitespace() || c.is_control())
}

/// Where the value of a key stands, as near as its text tells.
pub(crate) fn offset_of(text: &str, key: &str, value: &str) -> usize {
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let rest = line.trim_start().strip_prefix(key).map(str::trim_start);
        if rest.is_some_and(|rest| rest.starts_with('=')) && line.contains(value) {
            return start + line.find('=').and_then(|at| Some(at + line.get(at..)?.find(['"', '\''])?)).unwrap_or(0);
        }
        start += line.len();
    }
    text.find(value).unwrap_or(0)
}
