//! Patterns of `relay.toml` that match no package: most likely misspelt, and then a strict package is treated by the defaults.

use std::fmt;

use relay_workspace::PackageName;

use crate::config::Config;
use crate::pattern::NamePatterns;

/// How much alike a name must be for it to be offered, from 0 (nothing) to 1 (the same).
const LIKENESS_MIN: f64 = 0.8;

/// A pattern that matches nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdlePattern {
    /// The table that has it, such as `[[policy]]`.
    pub table: &'static str,
    /// The pattern as written.
    pub pattern: String,
    /// The package whose name is most like it.
    pub nearest: Option<PackageName>,
}

impl Config {
    /// The patterns that match none of these names, in the order of the tables, each once a table.
    pub fn idle_patterns(&self, names: &[&PackageName]) -> Vec<IdlePattern> {
        let tables = [("[release] ignore", &self.release.ignore)]
            .into_iter()
            .chain(self.group.iter().map(|group| ("[[group]]", &group.packages)))
            .chain(self.policy.iter().map(|policy| ("[[policy]]", &policy.packages)))
            .chain(self.credential.iter().map(|credential| ("[[credential]]", &credential.packages)))
            .chain(self.gate.allow.iter().filter_map(|one| Some(("[[gate.allow]]", one.packages.as_ref()?))));
        let mut found: Vec<IdlePattern> = Vec::new();
        for (table, patterns) in tables {
            for pattern in idle(patterns, names) {
                let nearest = nearest(pattern, names).cloned();
                let one = IdlePattern { table, pattern: pattern.to_owned(), nearest };
                if !found.contains(&one) {
                    found.push(one);
                }
            }
        }
        found
    }
}

impl fmt::Display for IdlePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { table, pattern, nearest } = self;
        write!(
            f,
            "`{pattern}` under `{table}` in relay.toml matches no package of the workspace, so that it has no effect; "
        )?;
        match nearest {
            Some(name) => write!(f, "the nearest name is `{name}`"),
            None => f.write_str("correct it, or take it out"),
        }
    }
}

fn idle<'a>(patterns: &'a NamePatterns, names: &[&PackageName]) -> impl Iterator<Item = &'a str> {
    patterns.iter().filter(|pattern| !names.iter().any(|name| NamePatterns::one_matches(pattern, name)))
}

/// The name that was most likely meant: the one that the pattern has without its scope, else the one most like it.
fn nearest<'a>(pattern: &str, names: &[&'a PackageName]) -> Option<&'a PackageName> {
    let bare = pattern.strip_prefix('!').unwrap_or(pattern).to_lowercase();
    if let Some(name) = names.iter().find(|name| name.unscoped() == bare) {
        return Some(name);
    }
    names
        .iter()
        .map(|name| (strsim::jaro_winkler(&bare, &name.as_str().to_lowercase()), *name))
        .filter(|(likeness, _)| *likeness >= LIKENESS_MIN)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(toml: &str) -> Vec<String> {
        let names: Vec<PackageName> =
            ["@acme/core", "@acme/ui-kit", "site"].into_iter().map(|name| PackageName::parse(name).unwrap()).collect();
        let config = Config::parse("relay.toml", toml).unwrap();
        config.idle_patterns(&names.iter().collect::<Vec<_>>()).iter().map(ToString::to_string).collect()
    }

    #[track_caller]
    fn check(toml: &str, expected: &[&str]) {
        assert_eq!(told(toml), expected, "{toml}");
    }

    #[test]
    fn patterns_that_match_are_silent() {
        check("[release]\nignore = [\"site\"]\n", &[]);
        check("[[policy]]\npackages = [\"@acme/*\", \"!@acme/ui-kit\"]\n", &[]);
        check("[[credential]]\nkind = \"granular\"\n", &[]);
    }

    #[test]
    fn each_table_tells_its_idle_patterns_and_what_is_near() {
        let end = "of the workspace, so that it has no effect; ";
        check(
            "[[policy]]\npackages = [\"@acme/cor\", \"@acme/ui-*\"]\n",
            &[&format!(
                "`@acme/cor` under `[[policy]]` in relay.toml matches no package {end}the nearest name is `@acme/core`"
            )],
        );
        check(
            "[[policy]]\npackages = [\"core\"]\n[[policy]]\npackages = [\"core\"]\n",
            &[&format!(
                "`core` under `[[policy]]` in relay.toml matches no package {end}the nearest name is `@acme/core`"
            )],
        );
        check(
            "[[group]]\nkind = \"fixed\"\npackages = [\"zzz\"]\n",
            &[&format!("`zzz` under `[[group]]` in relay.toml matches no package {end}correct it, or take it out")],
        );
        check(
            "[[credential]]\nkind = \"granular\"\npackages = [\"@acme/*\", \"!sit\"]\n",
            &[&format!(
                "`!sit` under `[[credential]]` in relay.toml matches no package {end}the nearest name is `site`"
            )],
        );
        check(
            "[release]\nignore = [\"@amce/*\"]\n",
            &[&format!(
                "`@amce/*` under `[release] ignore` in relay.toml matches no package {end}the nearest name is `@acme/core`"
            )],
        );
    }
}
