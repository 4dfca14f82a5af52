//! The compensation plan: what is done about versions that are out and should not be, as a file (`relay.undo/1`,
//! `docs/undo.schema.json`).
//!
//! Unknown fields are passed over. The text may come from anywhere: its size is bounded, and a step that relay would never
//! plan is refused.

use std::collections::BTreeSet;

use jiff::Timestamp;
use relay_plan::digest;
use relay_values::RegistryUrl;
use relay_workspace::{PackageName, Version};
use serde::{Deserialize, Serialize};

use crate::registry_change::RegistryChange;

/// The form of the file.
pub const UNDO_SCHEMA: &str = "relay.undo/1";
/// The largest plan that is read, in bytes.
pub const UNDO_SIZE_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// The longest message of a deprecation, in characters: installers print it with each installation.
pub const MESSAGE_CHARS_MAX: usize = 500;
/// How many digits of a plan's digest are in a change file's name.
const FILE_DIGITS: usize = 10;

/// What is done, in order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UndoPlan {
    /// Always [`UNDO_SCHEMA`].
    pub schema: String,
    /// A digest of what it does.
    pub id: String,
    /// When it was made.
    pub created: Timestamp,
    /// The versions that it is about.
    pub versions: Vec<UndoneVersion>,
    /// The writes to registries, in order.
    pub steps: Vec<UndoStep>,
    /// The change file that asks for the next versions; `None` where none are needed.
    pub successors: Option<Successors>,
    /// How many writes may ask for a second factor. One answer may serve several of them.
    pub challenges: usize,
    /// What is not done, and why.
    pub left: Vec<Left>,
}

/// A version that is out and should not be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UndoneVersion {
    /// The package.
    pub name: PackageName,
    /// The version.
    pub version: Version,
    /// The registry.
    pub registry: RegistryUrl,
}

/// One write.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UndoStep {
    /// The package.
    pub name: PackageName,
    /// The registry.
    pub registry: RegistryUrl,
    /// What is changed.
    pub change: RegistryChange,
    /// The version that a dist-tag named when the plan was made. Where it names another one by then, it is left alone.
    pub was: Option<Version>,
    /// Whether it may ask for a second factor.
    pub needs_person: bool,
    /// Why, as half a sentence.
    pub why: String,
}

/// A change file to be written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Successors {
    /// Its name in the folder `.changeset`.
    pub file: String,
    /// The packages that get the next patch version: those that are taken back, and all that depend on them.
    pub packages: Vec<PackageName>,
    /// What the changelogs say.
    pub summary: String,
}

/// Something that is not done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Left {
    /// The package.
    pub name: PackageName,
    /// The version.
    pub version: Version,
    /// What is not done and why, as a sentence without a final period.
    pub why: String,
}

/// A text that is no compensation plan.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UndoPlanError {
    /// It is no JSON, or a field is missing or wrong.
    #[error("line {line}, column {column}: {problem}")]
    Syntax {
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
        /// What is wrong.
        problem: String,
    },
    /// It is something else.
    #[error("the file has the schema `{schema}`; this version of relay reads `{UNDO_SCHEMA}`")]
    OtherSchema {
        /// Its schema.
        schema: String,
    },
    /// It asks for what no compensation plan does.
    #[error("the plan asks for what none does: {problem}")]
    Refused {
        /// What it asks for.
        problem: String,
    },
}

impl UndoPlan {
    /// Reads a plan.
    ///
    /// # Errors
    /// [`UndoPlanError`].
    pub fn from_json(text: &str) -> Result<Self, UndoPlanError> {
        #[derive(Deserialize)]
        struct Head {
            #[serde(default)]
            schema: String,
        }
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let syntax = |error: serde_json::Error| UndoPlanError::Syntax {
            line: error.line(),
            column: error.column(),
            problem: relay_values::Printable::words(&error.to_string(), 300).into(),
        };
        let Head { schema } = serde_json::from_str(text).map_err(syntax)?;
        if schema != UNDO_SCHEMA {
            return Err(UndoPlanError::OtherSchema { schema: relay_values::Printable::words(&schema, 80).into() });
        }
        let plan: Self = serde_json::from_str(text).map_err(syntax)?;
        plan.refuse_what_none_does()?;
        Ok(plan)
    }

    /// The plan as it is written.
    pub fn to_json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("a plan is always representable as JSON");
        text.push('\n');
        text
    }

    /// Says whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty() && self.successors.is_none()
    }

    /// A digest of what it does, whenever it was made.
    pub fn content_id(&self) -> String {
        let what = (&self.versions, &self.steps, &self.successors);
        digest(&serde_json::to_vec(&what).expect("a plan is always representable as JSON"))
    }

    fn refuse_what_none_does(&self) -> Result<(), UndoPlanError> {
        let refused = |problem: String| Err(UndoPlanError::Refused { problem });
        let about: BTreeSet<_> = self.versions.iter().map(|one| (&one.registry, &one.name)).collect();
        for step in &self.steps {
            let name = &step.name;
            if !about.contains(&(&step.registry, name)) {
                return refused(format!("to change `{name}`, none of whose versions it is about"));
            }
            match &step.change {
                RegistryChange::Publish { .. } => return refused(format!("to publish `{name}`")),
                // Invariant I8.
                RegistryChange::SetTag { tag, version } if tag.as_str() == "latest" && !version.pre.is_empty() => {
                    return refused(format!("to let `latest` of `{name}` name the prerelease {version}"));
                }
                RegistryChange::Deprecate { message, .. } if message.chars().count() > MESSAGE_CHARS_MAX => {
                    return refused(format!("to deprecate `{name}` with more than {MESSAGE_CHARS_MAX} characters"));
                }
                RegistryChange::Deprecate { versions, .. } if !versions.iter().all(|one| self.is_about(step, one)) => {
                    return refused(format!("to deprecate versions of `{name}` that it is not about"));
                }
                RegistryChange::Unpublish { version } if !self.is_about(step, version) => {
                    return refused(format!("to unpublish `{name}@{version}`, which it is not about"));
                }
                _ => {}
            }
        }
        let is_plain = |file: &str| {
            file.strip_suffix(".md").is_some_and(|stem| {
                !stem.is_empty() && stem.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            })
        };
        match &self.successors {
            Some(successors) if !is_plain(&successors.file) => {
                refused(format!("to write the change file `{}`", relay_values::Printable::words(&successors.file, 80)))
            }
            _ => Ok(()),
        }
    }

    fn is_about(&self, step: &UndoStep, version: &Version) -> bool {
        self.versions
            .iter()
            .any(|one| (&one.registry, &one.name, &one.version) == (&step.registry, &step.name, version))
    }
}

/// The name of the change file for these versions: the same whenever it is asked for.
pub(super) fn file_name(versions: &[UndoneVersion]) -> String {
    let names: Vec<String> = versions.iter().map(|one| format!("{}@{}", one.name, one.version)).collect();
    let digest = digest(names.join("\n").as_bytes());
    let digits = digest.trim_start_matches("sha256-");
    format!("undo-{}.md", digits.get(..FILE_DIGITS).unwrap_or(digits))
}

impl Successors {
    /// The text of the change file, as changesets writes it.
    pub fn text(&self) -> String {
        let lines: Vec<String> = self.packages.iter().map(|name| format!("\"{name}\": patch")).collect();
        format!("---\n{}\n---\n\n{}\n", lines.join("\n"), self.summary)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(crate) fn plan(change: RegistryChange) -> UndoPlan {
        let (name, registry) = (PackageName::parse("@acme/core").unwrap(), "http://registry.example/".parse().unwrap());
        let version = Version::new(1, 2, 0);
        let mut plan = UndoPlan {
            schema: UNDO_SCHEMA.to_owned(),
            id: String::new(),
            created: Timestamp::UNIX_EPOCH,
            versions: vec![UndoneVersion { name: name.clone(), version, registry }],
            steps: Vec::new(),
            successors: Some(Successors {
                file: "undo-1.md".into(),
                packages: vec![name.clone()],
                summary: "s".into(),
            }),
            challenges: 0,
            left: Vec::new(),
        };
        let registry = plan.versions[0].registry.clone();
        plan.steps.push(UndoStep { name, registry, change, was: None, needs_person: false, why: "x".into() });
        plan
    }

    fn set(tag: &str, version: &str) -> RegistryChange {
        RegistryChange::SetTag { tag: tag.parse().unwrap(), version: Version::parse(version).unwrap() }
    }

    #[track_caller]
    fn refused(plan: &UndoPlan, words: &str) {
        let error = UndoPlan::from_json(&plan.to_json()).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }

    #[test]
    fn a_plan_is_read_as_it_was_written() {
        let plan = plan(set("latest", "1.1.0"));
        assert_eq!(UndoPlan::from_json(&plan.to_json()), Ok(plan));
    }

    #[test]
    fn what_relay_would_never_plan_is_refused() {
        refused(&plan(set("latest", "2.0.0-rc.1")), "prerelease");
        refused(&plan(RegistryChange::Publish { version: Version::new(1, 2, 1) }), "to publish");
        refused(&plan(RegistryChange::Unpublish { version: Version::new(1, 0, 0) }), "not about");
        let others = RegistryChange::Deprecate { versions: vec![Version::new(1, 1, 0)], message: "x".into() };
        refused(&plan(others), "not about");
        let mut other = plan(set("latest", "1.1.0"));
        other.steps[0].name = PackageName::parse("other").unwrap();
        refused(&other, "none of whose versions");
        for file in ["../x.md", "a/b.md", ".md", "x.sh", "/x.md"] {
            let mut plan = plan(set("latest", "1.1.0"));
            plan.successors.as_mut().unwrap().file = file.into();
            refused(&plan, "change file");
        }
        let message = "x".repeat(MESSAGE_CHARS_MAX + 1);
        refused(&plan(RegistryChange::Deprecate { versions: vec![Version::new(1, 2, 0)], message }), "characters");
    }

    #[test]
    fn another_file_is_told_apart() {
        for (text, words) in [
            ("{}", "schema ``"),
            ("[]", "schema ``"),
            ("1.", "line 1"),
            (r#"{"schema":"relay.plan/1"}"#, "relay.plan/1"),
        ] {
            let error = UndoPlan::from_json(text).unwrap_err().to_string();
            assert!(error.contains(words), "{text}: {error}");
        }
    }

    #[test]
    fn a_change_file_has_one_name_and_reads_as_one() {
        let plan = plan(set("latest", "1.1.0"));
        let name = file_name(&plan.versions);
        assert_eq!(name, file_name(&plan.versions.clone()));
        assert!(name.starts_with("undo-") && name.len() == "undo-.md".len() + FILE_DIGITS, "{name}");
        let text = plan.successors.unwrap().text();
        let read = relay_change::ChangeFile::parse(&name, &text).unwrap();
        assert_eq!(read.releases, [("@acme/core".to_owned(), relay_change::Bump::Patch)]);
        assert_eq!(read.summary, "s");
    }
}
