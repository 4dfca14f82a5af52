//! Where a session is kept and taken away again: an `.npmrc` as text, all of it left as it is but for the lines in question.
//!
//! What npm does at `npm login` and `npm logout` is done with the same keys (npm 11 and 12, seen): the token gets its line, a
//! name and a password of the same registry go; at logout each credential of the registry goes. npm writes the file anew and
//! loses comments; here they stay.

use secrecy::{ExposeSecret as _, SecretString};

use super::ini;
use crate::url::RegistryUrl;

/// The keys of credentials below a registry's own.
const CREDENTIALS: [&str; 4] = ["_authToken", "_auth", "username", "_password"];
/// Those that stand beside a token and would be another credential.
const PAIR: [&str; 2] = ["username", "_password"];

/// An `.npmrc` in which a registry's token is this one. The text holds the secret.
pub fn with_token(text: &str, registry: &RegistryUrl, token: &SecretString) -> SecretString {
    let key = key(registry, "_authToken");
    let line = SecretString::from(format!("{key}={}", token.expose_secret()));
    let mut kept = Lines::of(text).without(&PAIR.map(|suffix| self::key(registry, suffix)));
    kept.set(&key, line.expose_secret());
    SecretString::from(kept.text())
}

/// An `.npmrc` in which a scope goes to this registry.
pub fn with_scope(text: &str, scope: &str, registry: &RegistryUrl) -> String {
    let key = format!("{scope}:registry");
    let mut lines = Lines::of(text);
    lines.set(&key, &format!("{key}={registry}"));
    lines.text()
}

/// An `.npmrc` without any credential of a registry. `None`: it has none.
pub fn without_credentials(text: &str, registry: &RegistryUrl) -> Option<SecretString> {
    let lines = Lines::of(text);
    let before = lines.lines.len();
    let kept = lines.without(&CREDENTIALS.map(|suffix| key(registry, suffix)));
    (kept.lines.len() < before).then(|| SecretString::from(kept.text()))
}

fn key(registry: &RegistryUrl, suffix: &str) -> String {
    format!("{}:{suffix}", registry.config_key())
}

/// The lines of a file, each with its end.
struct Lines<'a> {
    lines: Vec<std::borrow::Cow<'a, str>>,
    /// How the file ends its lines.
    end: &'static str,
}

impl<'a> Lines<'a> {
    fn of(text: &'a str) -> Self {
        let end = if text.contains("\r\n") { "\r\n" } else { "\n" };
        Self { lines: split(text).into_iter().map(Into::into).collect(), end }
    }

    /// The file without the lines that set one of these keys.
    fn without(mut self, keys: &[String]) -> Self {
        self.lines.retain(|line| key_of(line).is_none_or(|key| !keys.contains(&key)));
        self
    }

    /// Puts a line in the place of the last that sets this key, and takes the others away; without one it goes to the end of
    /// what npm reads, above the first `[section]`.
    fn set(&mut self, key: &str, line: &str) {
        let line = format!("{line}{}", self.end);
        let sets = |at: &std::borrow::Cow<'_, str>| key_of(at).as_deref() == Some(key);
        let place = self.lines.iter().position(|line| ini::is_section(line.trim_end_matches(['\r', '\n'])));
        let place = place.unwrap_or(self.lines.len());
        // A line below a section is none that npm reads.
        if let Some(last) = self.lines.iter().take(place).rposition(sets) {
            let mut at = 0;
            self.lines.retain(|one| {
                let keeps = at == last || !sets(one);
                at += 1;
                keeps
            });
            if let Some(place) = self.lines.iter_mut().find(|one| sets(one)) {
                *place = line.into();
            }
            return;
        }
        if let Some(before) = place.checked_sub(1).and_then(|at| self.lines.get_mut(at))
            && !before.ends_with(['\n', '\r'])
        {
            *before = format!("{before}{}", self.end).into();
        }
        self.lines.insert(place, line.into());
    }

    fn text(&self) -> String {
        self.lines.concat()
    }
}

/// Lines as npm reads them: `\n`, `\r\n` and a lone `\r` end one.
fn split(text: &str) -> Vec<&str> {
    let mut lines = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let end =
            rest.find(['\n', '\r']).map_or(rest.len(), |at| at + if rest[at..].starts_with("\r\n") { 2 } else { 1 });
        let (line, after) = rest.split_at(end);
        lines.push(line);
        rest = after;
    }
    lines
}

/// The key that a line sets, as npm reads it.
fn key_of(line: &str) -> Option<String> {
    ini::parse(line).entries.into_iter().next().map(|(key, _)| key)
}

#[cfg(test)]
mod tests {
    use super::*;

    const REGISTRY: &str = "https://registry.example/npm/";
    const KEY: &str = "//registry.example/npm/:_authToken";

    fn registry() -> RegistryUrl {
        RegistryUrl::parse(REGISTRY).unwrap()
    }

    fn logged_in(text: &str) -> String {
        with_token(text, &registry(), &"new".into()).expose_secret().to_owned()
    }

    #[test]
    fn a_token_gets_its_line_and_nothing_else_moves() {
        assert_eq!(logged_in(""), format!("{KEY}=new\n"));
        assert_eq!(logged_in("; mine\nfoo = bar"), format!("; mine\nfoo = bar\n{KEY}=new\n"));
        assert_eq!(logged_in(&format!("a=1\r\n{KEY} = \"old\"\r\nb=2\r\n")), format!("a=1\r\n{KEY}=new\r\nb=2\r\n"));
        let other = "//registry.example/:_authToken=root\n//other.example/npm/:_authToken=x\n";
        assert_eq!(logged_in(other), format!("{other}{KEY}=new\n"));
    }

    #[test]
    fn a_lone_carriage_return_ends_a_line() {
        assert_eq!(logged_in(&format!("a=1\r{KEY}=old\rb=2")), format!("a=1\r{KEY}=new\nb=2"));
    }

    #[test]
    fn of_several_lines_one_is_left_and_it_counts() {
        assert_eq!(logged_in(&format!("{KEY}=one\nx=y\n{KEY}=two\n")), format!("x=y\n{KEY}=new\n"));
    }

    #[test]
    fn a_name_and_a_password_of_the_same_registry_go() {
        let text = "//registry.example/npm/:username=u\n//registry.example/npm/:_password=cA==\n//registry.example/:username=v\n";
        assert_eq!(logged_in(text), format!("//registry.example/:username=v\n{KEY}=new\n"));
    }

    #[test]
    fn a_line_below_a_section_is_none_that_npm_reads() {
        assert_eq!(logged_in("a=1\n[section]\nb=2\n"), format!("a=1\n{KEY}=new\n[section]\nb=2\n"));
        let below = format!("[section]\n{KEY}=old\n");
        assert_eq!(logged_in(&below), format!("{KEY}=new\n{below}"));
    }

    #[test]
    fn at_a_logout_each_credential_of_the_registry_goes() {
        let text = format!("# kept\n{KEY}=t\n//registry.example/npm/:_auth=x\n//registry.example/:_authToken=root\n");
        let kept = without_credentials(&text, &registry()).unwrap();
        assert_eq!(kept.expose_secret(), "# kept\n//registry.example/:_authToken=root\n");
        assert!(without_credentials("a=1\n", &registry()).is_none());
    }

    #[test]
    fn a_scope_is_set_once() {
        assert_eq!(
            with_scope("@acme:registry=http://old.example/\n", "@acme", &registry()),
            format!("@acme:registry={REGISTRY}\n")
        );
    }

    proptest::proptest! {
        /// Whatever a file holds, npm reads the new token from it afterwards, and all other settings as before.
        #[test]
        fn what_npm_reads_afterwards_is_the_token_and_the_rest(lines in proptest::collection::vec("[ -~]{0,24}", 0..8)) {
            let text = lines.join("\n");
            let read = |text: &str| {
                let mut entries = ini::parse(text).entries;
                let own = |key: &str| CREDENTIALS.iter().any(|suffix| key == super::key(&registry(), suffix));
                let token = entries.iter().rfind(|(key, _)| key == KEY).map(|(_, value)| value.clone());
                entries.retain(|(key, _)| !own(key));
                (entries, token)
            };
            let (before, after) = (read(&text), read(&logged_in(&text)));
            proptest::prop_assert_eq!(before.0, after.0);
            proptest::prop_assert_eq!(after.1.as_deref(), Some("new"));
        }
    }
}
