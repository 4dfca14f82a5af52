//! git's settings as git itself sees them, and who commits.
//!
//! libgit2 reads the configuration files, but not what the environment puts in their place (`GIT_CONFIG_GLOBAL`,
//! `GIT_CONFIG_SYSTEM`, `GIT_CONFIG_NOSYSTEM`, `GIT_CONFIG_COUNT`, `GIT_CONFIG_PARAMETERS` of `git -c`), and no
//! `includeIf "hasconfig:…"`. Where any of these is at work, the `git` program is asked once; elsewhere nothing is started.
#![expect(clippy::disallowed_methods, reason = "git's own variables say what is set")]

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use git2::{ConfigLevel, Signature, Time};

use crate::error::GitError;
use crate::git_program::RunError;
use crate::repository::Repository;

/// Variables by which the environment changes the configuration.
const CONFIG_VARIABLES: [&str; 5] =
    ["GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM", "GIT_CONFIG_COUNT", "GIT_CONFIG_PARAMETERS"];

/// The configuration as the `git` program lists it: the last value of each key, `None` for a key without one.
pub(crate) type Listed = HashMap<String, Option<String>>;

/// Makes libgit2 read the configuration files that the environment names, for what it decides itself, such as line ends.
pub(crate) fn honour_environment(git: &git2::Repository) -> Result<(), git2::Error> {
    let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    let mut levels: Vec<(ConfigLevel, PathBuf)> = Vec::new();
    let nowhere = git.path().join("relay/no-such-config");
    if variable("GIT_CONFIG_NOSYSTEM").is_some_and(|value| is_true(&value.to_string_lossy())) {
        levels.push((ConfigLevel::System, nowhere.clone()));
    } else if let Some(file) = variable("GIT_CONFIG_SYSTEM") {
        levels.push((ConfigLevel::System, file.into()));
    }
    // Set to nothing it stands for no file at all.
    if let Some(file) = std::env::var_os("GIT_CONFIG_GLOBAL") {
        levels.push((ConfigLevel::Global, if file.is_empty() { nowhere.clone() } else { file.into() }));
        levels.push((ConfigLevel::XDG, nowhere));
    }
    if levels.is_empty() {
        return Ok(());
    }
    let mut config = git.config()?;
    for (level, file) in levels {
        // A device such as /dev/null is an empty file.
        let file = if file == Path::new("/dev/null") { git.path().join("relay/no-such-config") } else { file };
        config.add_file(&file, level, true)?;
    }
    Ok(())
}

/// git's words for yes.
fn is_true(value: &str) -> bool {
    !matches!(value.to_ascii_lowercase().as_str(), "" | "false" | "no" | "off" | "0")
}

impl Repository {
    /// A setting's value.
    pub(crate) fn setting(&self, key: &str) -> Option<String> {
        match self.listed_settings() {
            Some(listed) => listed.get(&folded(key))?.clone(),
            None => self.git.config().and_then(|config| config.get_string(key)).ok(),
        }
    }

    /// A setting that is yes or no; `None` where it is not set.
    pub(crate) fn flag(&self, key: &str) -> Option<bool> {
        match self.listed_settings() {
            // A key without a value is a yes.
            Some(listed) => Some(listed.get(&folded(key))?.as_deref().is_none_or(is_true)),
            None => self.git.config().and_then(|config| config.get_bool(key)).ok(),
        }
    }

    /// A setting that is a path, `~` followed.
    pub(crate) fn path_setting(&self, key: &str) -> Option<PathBuf> {
        match self.listed_settings() {
            Some(listed) => {
                let value = listed.get(&folded(key))?.clone()?;
                Some(match value.strip_prefix("~/") {
                    Some(below) => PathBuf::from(std::env::var_os("HOME")?).join(below),
                    None => value.into(),
                })
            }
            None => self.git.config().and_then(|config| config.get_path(key)).ok(),
        }
    }

    /// What the `git` program lists; `None` where libgit2 sees the same, or the program can't be run.
    fn listed_settings(&self) -> Option<&Listed> {
        self.settings.get_or_init(|| self.needs_listing().then(|| self.list_settings().ok()).flatten()).as_ref()
    }

    fn needs_listing(&self) -> bool {
        let has_conditions = || -> Result<bool, git2::Error> {
            let config = self.git.config()?;
            let entries = config.entries(Some("includeif\\.hasconfig:"))?;
            let mut any = false;
            entries.for_each(|_| any = true)?;
            Ok(any)
        };
        CONFIG_VARIABLES.iter().any(|name| std::env::var_os(name).is_some()) || has_conditions().unwrap_or(false)
    }

    fn list_settings(&self) -> Result<Listed, GitError> {
        let output = self.run_git("read git's configuration", &["config", "--list", "--null"], "")?;
        let entries = output.split('\0').filter(|entry| !entry.is_empty());
        let pair = |entry: &str| match entry.split_once('\n') {
            Some((key, value)) => (key.to_owned(), Some(value.to_owned())),
            None => (entry.to_owned(), None),
        };
        Ok(entries.map(pair).collect())
    }

    /// Who commits and tags, as `git var` finds it from the environment and the configuration. What git would make up from the
    /// account and the machine's name doesn't count: a release is signed by a name that somebody chose.
    pub(crate) fn identity(&self) -> Result<Signature<'static>, GitError> {
        let known = if let Some(known) = self.committer.get() {
            known.clone()
        } else {
            let found = self.find_identity("GIT_COMMITTER_IDENT")?;
            self.committer.get_or_init(|| found).clone()
        };
        // The time is that of the act, unless the environment sets one.
        if std::env::var_os("GIT_COMMITTER_DATE").is_some() {
            return Ok(known);
        }
        let name = String::from_utf8_lossy(known.name_bytes()).into_owned();
        let email = String::from_utf8_lossy(known.email_bytes()).into_owned();
        Signature::now(&name, &email).map_err(|_| GitError::NoIdentity)
    }

    /// Who wrote the commit.
    pub(crate) fn author(&self) -> Result<Signature<'static>, GitError> {
        self.find_identity("GIT_AUTHOR_IDENT")
    }

    fn find_identity(&self, variable: &str) -> Result<Signature<'static>, GitError> {
        let doing = "find out who commits";
        // With an address from `EMAIL`, git takes the name of the account, as it always did.
        let email = std::env::var_os("EMAIL").is_some_and(|email| !email.is_empty());
        let chosen = ["-c", "user.useConfigOnly=true", "var", variable];
        let arguments = if email { &chosen[2..] } else { &chosen[..] };
        match self.try_git(doing, arguments, "") {
            Ok(output) => signature(output.trim_end()).ok_or(GitError::NoIdentity),
            Err(RunError::NotRun(GitError::ProgramMissing { .. })) if variable == "GIT_AUTHOR_IDENT" => {
                self.git.author_from_env().map_err(|_| GitError::NoIdentity)
            }
            Err(RunError::NotRun(GitError::ProgramMissing { .. })) => {
                self.git.committer_from_env().map_err(|_| GitError::NoIdentity)
            }
            Err(RunError::NotRun(error)) => Err(error),
            Err(RunError::Failed { text }) if is_about_identity(&text) => Err(GitError::NoIdentity),
            Err(RunError::Failed { text }) => Err(GitError::ProgramFailed { doing: doing.to_owned(), text }),
        }
    }
}

/// git's words (2.47, C locale) where a name or an address is missing.
fn is_about_identity(text: &str) -> bool {
    [
        "tell me who you are",
        "ident name",
        "name consists only",
        "no email was given",
        "no name was given",
        "auto-detect",
    ]
    .iter()
    .any(|words| text.contains(words))
}

/// Reads `Name <address> 1700000000 +0100`.
fn signature(text: &str) -> Option<Signature<'static>> {
    let (name, rest) = text.split_once(" <")?;
    let (email, when) = rest.rsplit_once("> ")?;
    let (seconds, zone) = when.split_once(' ')?;
    let (sign, digits) = match zone.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, zone.strip_prefix('+')?),
    };
    let (hours, minutes): (i32, i32) = (digits.get(..2)?.parse().ok()?, digits.get(2..)?.parse().ok()?);
    let time = Time::new(seconds.parse().ok()?, sign * (hours * 60 + minutes));
    Signature::new(name, email, &time).ok()
}

/// Section and key of a setting know no case; what stands between them does.
fn folded(key: &str) -> String {
    match (key.split_once('.'), key.rsplit_once('.')) {
        (Some((section, _)), Some((before, name))) => {
            let middle = before.get(section.len()..).unwrap_or_default();
            format!("{}{middle}.{}", section.to_ascii_lowercase(), name.to_ascii_lowercase())
        }
        _ => key.to_ascii_lowercase(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::TestRepo;

    #[track_caller]
    fn check(text: &str, name_email_minutes: Option<(&str, &str, i32)>) {
        let found = signature(text);
        let found = found.as_ref().map(|found| {
            (found.name().unwrap_or_default(), found.email().unwrap_or_default(), found.when().offset_minutes())
        });
        assert_eq!(found, name_email_minutes, "{text}");
    }

    #[test]
    fn reads_who_and_when_as_git_tells_it() {
        check(
            "A Maintainer <maintainer@acme.example> 1700000000 +0130",
            Some(("A Maintainer", "maintainer@acme.example", 90)),
        );
        check(
            "Maintainer <maintainer@acme.example> 1700000000 -0330",
            Some(("Maintainer", "maintainer@acme.example", -210)),
        );
        check("Maintainer", None);
        check("", None);
    }

    #[test]
    fn knows_the_case_of_a_key_where_it_has_one() {
        assert_eq!(folded("Branch.Main.Remote"), "branch.Main.remote");
        assert_eq!(folded("TAG.gpgSign"), "tag.gpgsign");
    }

    #[test]
    fn an_include_by_the_remotes_address_counts_as_in_git() {
        let repo = TestRepo::new();
        let include = repo.root.join(".git/work.config");
        std::fs::write(&include, "[user]\n\tname = At Work\n[tag]\n\tgpgSign\n").unwrap();
        repo.git(&["remote", "add", "origin", "https://git.example/acme/x.git"]);
        repo.git(&["config", "includeIf.hasconfig:remote.*.url:https://git.example/acme/**.path", include.as_str()]);
        assert_eq!(repo.relay.flag("tag.gpgsign"), Some(true));
        assert_eq!(repo.relay.setting("user.name").as_deref(), Some("At Work"));
        assert_eq!(repo.relay.identity().unwrap().name().ok(), Some("At Work"));
    }

    #[test]
    fn an_author_and_a_committer_of_the_configuration_are_told_apart() {
        let repo = TestRepo::new();
        repo.git(&["config", "author.name", "Writer"]);
        repo.git(&["config", "committer.email", "bot@acme.example"]);
        assert_eq!(repo.relay.author().unwrap().name().ok(), Some("Writer"));
        let committer = repo.relay.identity().unwrap();
        assert_eq!((committer.name().ok(), committer.email().ok()), (Some("Maintainer"), Some("bot@acme.example")));
    }
}
