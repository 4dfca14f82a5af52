//! `relay.toml` as a value. Parsing is pure: the text comes in, nothing is read here.

use relay_values::Printable;
use relay_workspace::PackageName;
use serde::{Deserialize, Serialize};

use crate::gate::GateSettings;
use crate::sections::{
    CredentialDeclaration, GitSettings, GroupSettings, PackSettings, Policy, PublishSettings, RegistrySettings,
    ReleaseSettings, ScriptSettings,
};
use crate::words::{PublishingAccess, RouteKind};
use crate::{complaint, place};

/// The file's name, looked for in the workspace root.
pub const CONFIG_FILE_NAME: &str = "relay.toml";

/// All settings. `Config::default()` is what counts without a `relay.toml`.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Config {
    /// `[release]`.
    pub release: ReleaseSettings,
    /// `[[group]]`: fixed and linked groups.
    pub group: Vec<GroupSettings>,
    /// `[[policy]]`: publishing access and routes; the first match wins.
    pub policy: Vec<Policy>,
    /// `[[credential]]`: tokens and what they are for.
    pub credential: Vec<CredentialDeclaration>,
    /// `[publish]`.
    pub publish: PublishSettings,
    /// `[pack]`.
    pub pack: PackSettings,
    /// `[git]`.
    pub git: GitSettings,
    /// `[scripts]`.
    pub scripts: ScriptSettings,
    /// `[gate]`.
    pub gate: GateSettings,
    /// `[[registry]]`: what rules a registry follows, where its address doesn't tell.
    pub registry: Vec<RegistrySettings>,
    /// `[schedule]`: taken as it is; the scheduler reads it.
    pub schedule: Option<toml::Value>,
}

/// A `relay.toml` that can't be used, with the place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}:{column}: {problem}\n  {excerpt}")]
pub struct ConfigError {
    /// The file as the caller named it.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1.
    pub column: usize,
    /// What is wrong.
    pub problem: String,
    /// The line's text.
    pub excerpt: String,
}

impl Config {
    /// Parses a `relay.toml`.
    ///
    /// # Errors
    /// [`ConfigError`] for broken TOML, unknown keys, wrong values, with line and column.
    pub fn parse(file: &str, text: &str) -> Result<Self, ConfigError> {
        let config: Self = toml::from_str(text).map_err(|error| {
            let offset = error.span().map_or(0, |span| span.start);
            let raw = config_error(file, text, offset, error.message());
            ConfigError { problem: complaint::in_words(&raw.problem, &raw.excerpt), ..raw }
        })?;
        if let Some(index) = config.credential_declared_twice() {
            let problem = "this credential is declared above for the same registry and packages, and which of the two is \
                           meant can't be told; keep one, or give each packages of its own";
            return Err(config_error(file, text, place::of_entry(text, "credential", index), problem));
        }
        if let Some(name) = config.gate.contradiction() {
            let problem =
                format!("`{name}` can't both stop a release and only be told; take it out of `forbid` or of `warn`");
            return Err(config_error(file, text, place::of_key(text, "gate", "warn"), &problem));
        }
        if !config.scripts.fence && !config.scripts.network {
            let problem = "only the fence around scripts can keep them from the network, and `fence = false` takes it down; \
                           take one of the two out";
            return Err(config_error(file, text, place::of_key(text, "scripts", "network"), problem));
        }
        Ok(config)
    }

    /// The first declaration that has the variable, registry and packages of an earlier one.
    fn credential_declared_twice(&self) -> Option<usize> {
        let what = |one: &CredentialDeclaration| (one.env.clone(), one.registry.clone(), one.packages.clone());
        let mut seen = Vec::new();
        self.credential.iter().position(|one| {
            let what = what(one);
            let twice = seen.contains(&what);
            seen.push(what);
            twice
        })
    }

    /// The environment variables that hold declared credentials.
    pub fn declared_variables(&self) -> Vec<String> {
        self.credential.iter().filter_map(|credential| credential.env.clone()).collect()
    }

    /// The publishing access that the first matching policy declares.
    pub fn declared_access(&self, name: &PackageName) -> Option<PublishingAccess> {
        self.policy.iter().filter(|policy| policy.packages.matches(name)).find_map(|policy| policy.publishing_access)
    }

    /// Why the first matching policy that says so lets a version show less evidence than an earlier one; `None`: it may not.
    pub fn trust_downgrade_because(&self, name: &PackageName) -> Option<&str> {
        let policies = self.policy.iter().filter(|policy| policy.packages.matches(name));
        policies.into_iter().find_map(|policy| policy.allow_trust_downgrade.as_deref())
    }

    /// The closed list of routes that the first matching policy with a list allows; `None`: any.
    pub fn allowed_routes(&self, name: &PackageName) -> Option<&[RouteKind]> {
        self.policy.iter().filter(|policy| policy.packages.matches(name)).find_map(|policy| policy.routes.as_deref())
    }
}

fn config_error(file: &str, text: &str, offset: usize, problem: &str) -> ConfigError {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    let excerpt = Printable::excerpt(text, line).into();
    let problem = Printable::lines(problem).into();
    ConfigError { file: file.to_owned(), line, column, problem, excerpt }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quantity::SizeText;
    use crate::sections::OutsidePath;

    #[test]
    fn reads_the_design_s_example() {
        let text = r#"
[release]
mode = "independent"
changes = ["changesets", "conventional-commits"]
branch = "main"

[[policy]]
packages = ["@acme/core", "@acme/auth-*"]
publishing-access = "publish"
routes = ["trusted", "staged", "interactive"]

[[credential]]
env = "NPM_TOKEN_UI"
kind = "granular-bypass"
packages = ["@acme/ui-*"]
expires = 2027-02-01

[publish]
concurrency = 8
wait-for = "visible"
visibility-timeout = "20m"
provenance = true

[gate]
max-size = "5MB"
forbid = ["protocol-leak", "secret", "new-install-script"]

[schedule]
timezone = "Europe/Berlin"
quota = { uploads = 400, per = "90m" }
"#;
        let config = Config::parse("relay.toml", text).unwrap();
        let name = PackageName::parse("@acme/auth-web").unwrap();
        assert_eq!(config.declared_access(&name), Some(PublishingAccess::Publish));
        assert_eq!(config.gate.max_size, Some(SizeText(5_000_000)));
        assert_eq!(config.credential[0].expires.unwrap().0.to_string(), "2027-02-01");
    }

    /// The guide that people read; its example has every key there is.
    const GUIDE: &str = include_str!("../../../docs/CONFIGURATION.md");

    #[test]
    fn the_guide_s_example_is_read_and_every_key_of_it_is_explained() {
        let (words, rest) = GUIDE.split_once("```toml\n").unwrap();
        let example = rest.split("```").next().unwrap();
        Config::parse("relay.toml", example).unwrap();
        let keys = example.lines().filter_map(|line| line.split_once(" = ")).map(|(key, _)| key);
        for key in keys.filter(|key| *key != "timezone") {
            assert!(words.contains(&format!("`{key}`")), "`{key}` is not explained");
        }
    }

    #[test]
    fn the_guide_knows_every_key() {
        let example = GUIDE.split("```toml\n").nth(1).unwrap();
        // A key that is unknown makes the reader list those that it knows.
        for table in [
            "[release]",
            "[[group]]",
            "[[policy]]",
            "[[credential]]",
            "[publish]",
            "[pack]",
            "[git]",
            "[scripts]",
            "[gate]",
            "[[gate.allow]]",
            "[[registry]]",
            "",
        ] {
            let error = toml::from_str::<Config>(&format!("{table}\n\"\" = 0\n")).unwrap_err();
            let mut known = error.message().split('`').skip(3).step_by(2).peekable();
            assert!(known.peek().is_some(), "{table}: {error}");
            for key in known {
                let said = if table.is_empty() { format!("[{key}]") } else { format!("\n{key} = ") };
                let list = format!("\n[[{}.{key}]]\n", table.trim_matches(['[', ']']));
                assert!(example.contains(&said) || example.contains(&list), "{table} {key}");
            }
        }
    }

    #[test]
    fn a_weaker_route_needs_a_reason_and_the_first_policy_that_has_one_counts() {
        let policy = |why: &str| format!("[[policy]]\npackages = [\"a\"]\nallow-trust-downgrade = \"{why}\"\n");
        let text = format!("[[policy]]\npackages = [\"a\"]\nroutes = [\"token\"]\n{}{}", policy("one"), policy("two"));
        let config = Config::parse("relay.toml", &text).unwrap();
        let of = |name: &str| config.trust_downgrade_because(&PackageName::parse(name).unwrap());
        assert_eq!((of("a"), of("b")), (Some("one"), None));
        let error = Config::parse("relay.toml", &policy(" ")).unwrap_err();
        assert!(error.to_string().contains("expected a reason"), "{error}");
    }

    #[test]
    fn says_where_a_wrong_value_is() {
        let error = Config::parse("relay.toml", "[publish]\nconcurency = 3\n").unwrap_err();
        assert_eq!((error.line, error.column), (2, 1));
        assert!(error.problem.contains("unknown key `concurency`"), "{error}");
        let error = Config::parse("relay.toml", "[publish]\nvisibility-timeout = \"soon\"\n").unwrap_err();
        assert!(error.to_string().contains("`soon` is not a duration"), "{error}");
        let error = Config::parse("relay.toml", "[[registry]]\nurl = \"foo\"\nrules = \"plain\"\n").unwrap_err();
        assert_eq!((error.line, error.column, error.excerpt.as_str()), (2, 7, "url = \"foo\""));
        assert_eq!(
            error.problem,
            "`foo` is not a registry address: it must be a whole address, such as `https://host/`"
        );
        for wrong in [
            "registry.example",
            "//registry.example/",
            "ftp://registry.example/",
            "https://",
            "https:///x",
            "",
            "http://h/?x=1",
        ] {
            let text = format!("[[credential]]\nkind = \"granular\"\nregistry = '{wrong}'\n");
            let error = Config::parse("relay.toml", &text).unwrap_err();
            assert_eq!((error.line, error.column), (3, 12), "{wrong}: {error}");
        }
        for fine in ["https://registry.example", "HTTP://127.0.0.1:4873/npm/"] {
            let text = format!("[[registry]]\nurl = \"{fine}\"\nrules = \"plain\"\n");
            assert!(Config::parse("relay.toml", &text).is_ok(), "{fine}");
        }
        let error = Config::parse("relay.toml", "[publish]\nconcurrency = 0\n").unwrap_err();
        assert!(error.to_string().contains("at least 1"), "{error}");
    }

    #[test]
    fn a_credential_is_declared_once_for_the_same_packages() {
        let two = |first: &str, second: &str| {
            let text = format!(
                "# [[credential]]\n[[credential]]\nenv = \"A\"\nkind = \"granular-bypass\"\n{first}\n[publish]\n\n\
                 [[credential]]\nkind = \"session\"\nenv = \"A\"\n{second}\n"
            );
            Config::parse("relay.toml", &text).map_err(|error| (error.line, error.problem))
        };
        let (line, problem) = two("", "").unwrap_err();
        assert_eq!(line, 8);
        assert!(problem.starts_with("this credential is declared above"), "{problem}");
        assert!(two("packages = [\"a\"]", "packages = [\"a\"]").is_err());
        assert!(two("registry = \"https://r.example\"", "registry = \"https://r.example/\"").is_err());
        assert!(two("packages = [\"a\"]", "packages = [\"b\"]").is_ok());
        assert!(two("packages = [\"a\"]", "").is_ok(), "the first that covers a package counts");
        assert!(two("registry = \"https://r.example\"", "registry = \"https://s.example/\"").is_ok());
        let npmrc = "[[credential]]\nkind = \"session\"\n[[credential]]\nkind = \"granular\"\n";
        assert!(Config::parse("relay.toml", npmrc).is_err());
    }

    #[test]
    fn scripts_reach_places_outside_that_are_named_in_full() {
        let scripts = Config::parse("relay.toml", "[scripts]\nread = [\"~/x\", \"/opt/y\"]\n").unwrap().scripts;
        assert_eq!(scripts.read.iter().map(OutsidePath::as_str).collect::<Vec<_>>(), ["~/x", "/opt/y"]);
        assert!(scripts.fence && scripts.network && scripts.write.is_empty());
        for wrong in ["x", "../x", "~", "~me/x", "/opt/../root", "~/../other", ""] {
            let error = Config::parse("relay.toml", &format!("[scripts]\nwrite = [\"{wrong}\"]\n")).unwrap_err();
            assert_eq!(error.line, 2, "{error}");
            assert!(error.problem.contains("not a place outside of the repository"), "{error}");
        }
        let error = Config::parse("relay.toml", "[scripts]\nfence = false\nnetwork = false\n").unwrap_err();
        assert_eq!((error.line, error.excerpt.as_str()), (3, "network = false"));
    }

    #[test]
    fn a_complaint_points_at_the_value_wherever_else_its_text_stands() {
        let at = |text: &str| {
            let error = Config::parse("relay.toml", text).unwrap_err();
            (error.line, error.column)
        };
        let policy = "# routes = blocked, \"blocked\"\n[[policy]]\npackages = [\"blocked\"]\nroutes = [\"token\", \"blocked\"]\n";
        assert_eq!(at(policy), (4, 10), "the list is the value");
        assert_eq!(at("# concurrency = 0\n[release]\nbranch = \"concurrency\"\n[publish]\nconcurrency = 0\n"), (5, 15));
        let twice = "# url = \"foo\"\n[[registry]]\nurl = \"https://foo.example/\"\nrules = \"npm\"\n\n[[registry]]\nurl = \"foo\"\nrules = \"npm\"\n";
        assert_eq!(at(twice), (7, 7));
        let registry =
            "[publish]\n# registry = 'x'\ntag = \"registry\"\n[[credential]]\nkind = \"granular\"\nregistry = 'x'\n";
        assert_eq!(at(registry), (6, 12));
        assert_eq!(at("# 1.x\n[release]\nbranch = \"1.x\"\n[publish]\ntag = \"1.x\"\n"), (5, 7));
    }
}
