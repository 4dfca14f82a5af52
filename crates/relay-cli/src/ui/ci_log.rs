//! The lines that a CI forge reads out of a log: GitHub's annotations and groups, GitLab's sections.
//!
//! Pure text, no output of its own. GitHub reads these commands from stdout and stderr alike; relay writes them to stderr, so
//! that stdout stays what was asked for. Source: the forges' own documentation ("workflow commands"; "custom collapsible
//! sections").

use std::env;

use jiff::Timestamp;

/// The forge that runs this job, as far as its log has a language of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Forge {
    /// None, or one whose log is plain text.
    #[default]
    Plain,
    /// GitHub Actions, and forges that run its workflows.
    GitHub,
    /// GitLab CI.
    GitLab,
}

/// How much an annotation weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Notice {
    /// Something failed.
    Error,
    /// Something is odd.
    Warning,
}

impl Forge {
    /// Looks at the variables by which a forge tells that it is there.
    #[expect(clippy::disallowed_methods, reason = "a forge tells by variables that it is there")]
    pub(super) fn detect() -> Self {
        let set = |name: &str| env::var_os(name).is_some_and(|value| !value.is_empty() && value != "false");
        match () {
            () if set("GITHUB_ACTIONS") => Self::GitHub,
            () if set("GITLAB_CI") => Self::GitLab,
            () => Self::Plain,
        }
    }

    /// The line that begins a group; `None` where the log has no groups.
    pub(super) fn group(self, title: &str, now: Timestamp) -> Option<String> {
        match self {
            Self::Plain => None,
            Self::GitHub => Some(format!("::group::{}\n", data(title))),
            Self::GitLab => {
                Some(format!("\u{1b}[0Ksection_start:{}:{}\r\u{1b}[0K{title}\n", now.as_second(), section_name(title)))
            }
        }
    }

    /// The line that ends the group of this title.
    pub(super) fn end_group(self, title: &str, now: Timestamp) -> Option<String> {
        match self {
            Self::Plain => None,
            Self::GitHub => Some("::endgroup::\n".to_owned()),
            Self::GitLab => {
                Some(format!("\u{1b}[0Ksection_end:{}:{}\r\u{1b}[0K\n", now.as_second(), section_name(title)))
            }
        }
    }

    /// The line that makes an annotation; `None` where there are none.
    pub(super) fn annotation(self, notice: Notice, title: &str, text: &str) -> Option<String> {
        let word = match notice {
            Notice::Error => "error",
            Notice::Warning => "warning",
        };
        (self == Self::GitHub).then(|| format!("::{word} title={}::{}\n", property(title), data(text)))
    }

    /// A message in which nothing is a command: what a registry or a script says must not speak to the runner, which takes a
    /// line for a command when it begins with `::`, also after white space.
    pub(super) fn without_commands(self, text: &str) -> String {
        if self != Self::GitHub || !text.contains("::") {
            return text.to_owned();
        }
        let harmless = |line: &str| {
            let rest = line.trim_start();
            let indent = line.get(..line.len() - rest.len()).unwrap_or_default();
            if rest.starts_with("::") { format!("{indent}\u{200b}{rest}") } else { line.to_owned() }
        };
        text.split('\n').map(harmless).collect::<Vec<_>>().join("\n")
    }
}

/// A command's message, which ends with the line.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A command's property, which ends at a comma or a colon as well.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

/// GitLab's name of a section: letters, digits, `_`, `.` and `-`.
fn section_name(title: &str) -> String {
    let word = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' };
    format!("relay_{}", title.chars().map(word).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn an_annotation_is_escaped_as_github_demands() {
        assert_eq!(
            Forge::GitHub.annotation(Notice::Error, "a: 50%, b", "50%: a, b\r\nnext").unwrap(),
            "::error title=a%3A 50%25%2C b::50%25: a, b%0D%0Anext\n"
        );
        assert_eq!(Forge::GitHub.annotation(Notice::Warning, "relay", "odd").unwrap(), "::warning title=relay::odd\n");
        assert_eq!(Forge::GitLab.annotation(Notice::Error, "a", "b"), None);
        assert_eq!(Forge::Plain.annotation(Notice::Error, "a", "b"), None);
    }

    #[test]
    fn a_group_is_said_in_the_forge_s_language() {
        assert_eq!(Forge::GitHub.group("Writing versions", at(7)).unwrap(), "::group::Writing versions\n");
        assert_eq!(Forge::GitHub.end_group("Writing versions", at(8)).unwrap(), "::endgroup::\n");
        assert_eq!(
            Forge::GitLab.group("Writing versions", at(7)).unwrap(),
            "\u{1b}[0Ksection_start:7:relay_writing_versions\r\u{1b}[0KWriting versions\n"
        );
        assert_eq!(
            Forge::GitLab.end_group("Writing versions", at(8)).unwrap(),
            "\u{1b}[0Ksection_end:8:relay_writing_versions\r\u{1b}[0K\n"
        );
        assert_eq!(Forge::Plain.group("Packing", at(7)), None);
    }

    #[test]
    fn what_others_say_is_no_command() {
        assert_eq!(
            Forge::GitHub.without_commands("a::b\n  ::error::x\n::stop-commands::y"),
            "a::b\n  \u{200b}::error::x\n\u{200b}::stop-commands::y"
        );
        assert_eq!(Forge::Plain.without_commands("::x::"), "::x::");
    }
}
