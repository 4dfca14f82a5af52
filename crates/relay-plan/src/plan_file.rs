//! The plan as a file: `relay.plan/1`.
//!
//! Unknown fields are passed over, so that a plan of a later relay with the same schema can be read. The text may come
//! from anywhere: its size is bounded, and what contradicts itself is refused.

use std::collections::{BTreeMap, BTreeSet};

use relay_values::Printable;
use serde::Deserialize;

use crate::digest::digest;
use crate::release_plan::{PLAN_SCHEMA, ReleasePlan};

/// The largest plan that is read, in bytes. A plan of 10,000 packages has about 10 MB.
pub const PLAN_SIZE_BYTES_MAX: usize = 64 * 1024 * 1024;

/// The beginning of every schema name of a plan.
const PLAN_SCHEMA_FAMILY: &str = "relay.plan/";

/// A text that is no plan.
#[derive(Debug, thiserror::Error)]
pub enum PlanFileError {
    /// The text is too long.
    #[error("the file has {size} bytes; a plan has at most {PLAN_SIZE_BYTES_MAX}")]
    TooLarge {
        /// Its size, in bytes.
        size: usize,
    },
    /// The text is no JSON, or a field is missing or wrong.
    #[error("line {line}, column {column}: {problem}")]
    Syntax {
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
        /// What is wrong.
        problem: String,
    },
    /// The JSON is something else.
    #[error("the file has no `schema` that begins with `relay.plan/`, so it is no plan of relay")]
    NotAPlan,
    /// The plan has a format that this version does not know.
    #[error("the plan has the schema `{schema}`; this version of relay reads `{PLAN_SCHEMA}`")]
    OtherSchema {
        /// Its schema.
        schema: String,
    },
    /// The plan contradicts itself.
    #[error("the plan contradicts itself: {problem}")]
    Inconsistent {
        /// In what way.
        problem: String,
    },
}

/// What is looked at before anything else.
#[derive(Deserialize)]
struct Head {
    schema: Option<String>,
}

impl ReleasePlan {
    /// Reads a plan file.
    ///
    /// # Errors
    /// [`PlanFileError`] for a text that is too long, no JSON, no plan, or a plan that contradicts itself.
    pub fn from_json(text: &str) -> Result<Self, PlanFileError> {
        if text.len() > PLAN_SIZE_BYTES_MAX {
            return Err(PlanFileError::TooLarge { size: text.len() });
        }
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        if text.trim_start().starts_with('[') {
            return Err(PlanFileError::NotAPlan);
        }
        match serde_json::from_str::<Head>(text).map_err(|error| syntax(&error))?.schema {
            Some(schema) if schema == PLAN_SCHEMA => {}
            Some(schema) if schema.starts_with(PLAN_SCHEMA_FAMILY) => {
                let schema = Printable::name(&schema).into();
                return Err(PlanFileError::OtherSchema { schema });
            }
            _ => return Err(PlanFileError::NotAPlan),
        }
        let plan: Self = serde_json::from_str(text).map_err(|error| syntax(&error))?;
        plan.check_consistency()?;
        Ok(plan)
    }

    /// Writes the plan as indented JSON with a final line break.
    pub fn to_json(&self) -> String {
        // All keys are strings and all values are plain data, so serialising can't fail.
        let mut text = serde_json::to_string_pretty(self).expect("a plan is always representable as JSON");
        text.push('\n');
        text
    }

    /// The id that the content calls for; `id` has it as long as nobody changed the plan.
    pub fn content_id(&self) -> String {
        // Taken apart, so that a field that is added can't be forgotten.
        let Self {
            schema,
            id: _,
            created: _,
            // An estimate, which the next release may correct.
            waiting: _,
            offline,
            fingerprint,
            humans,
            build,
            promotion,
            packages,
            waves,
            versioned,
            skipped,
            findings,
        } = self;
        // The side tag is named after the digest. A plan without a promotion and a build has the digest that it always had.
        let moved = promotion.as_ref().map(|promotion| (&promotion.moved, &promotion.latest_at_once));
        let content = (schema, offline, fingerprint, humans, packages, waves, versioned, skipped, findings);
        let bytes = match (moved, build) {
            (None, None) => serde_json::to_vec(&content),
            (Some(moved), None) => serde_json::to_vec(&(content, moved)),
            (moved, Some(build)) => serde_json::to_vec(&(content, moved, build)),
        };
        digest(&bytes.expect("a plan is always representable as JSON"))
    }

    fn check_consistency(&self) -> Result<(), PlanFileError> {
        let inconsistent = |problem: String| Err(PlanFileError::Inconsistent { problem });
        let waves: BTreeMap<_, _> =
            self.waves.iter().zip(1..).flat_map(|(wave, number)| wave.iter().map(move |name| (name, number))).collect();
        let mut names = BTreeSet::new();
        for package in &self.packages {
            if !names.insert(&package.name) {
                return inconsistent(format!("`{}` is in it twice", package.name));
            }
        }
        for package in &self.packages {
            if let Some(unknown) = package.depends_on.iter().find(|below| !names.contains(below)) {
                return inconsistent(format!("`{}` waits for `{unknown}`, which is not in it", package.name));
            }
            if waves.get(&package.name) != Some(&package.wave) {
                return inconsistent(format!("`{}` is not in its wave {}", package.name, package.wave));
            }
        }
        let in_waves: usize = self.waves.iter().map(Vec::len).sum();
        if in_waves != self.packages.len() {
            return inconsistent(format!("the waves have {in_waves} packages, the plan has {}", self.packages.len()));
        }
        Ok(())
    }
}

fn syntax(error: &serde_json::Error) -> PlanFileError {
    let text = error.to_string();
    let problem = text.rfind(" at line ").map_or(text.as_str(), |end| text.get(..end).unwrap_or(&text));
    PlanFileError::Syntax { line: error.line(), column: error.column(), problem: Printable::line(problem).into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(ReleasePlan::from_json(text).unwrap_err().to_string(), expected);
    }

    #[test]
    fn says_what_is_wrong_with_a_file_that_is_no_plan() {
        check("{", "line 1, column 1: EOF while parsing an object");
        check("[]", "the file has no `schema` that begins with `relay.plan/`, so it is no plan of relay");
        check("{}", "the file has no `schema` that begins with `relay.plan/`, so it is no plan of relay");
        check(
            r#"{"schema":"relay.plan/9"}"#,
            "the plan has the schema `relay.plan/9`; this version of relay reads `relay.plan/1`",
        );
        check(r#"{"schema":"relay.plan/1"}"#, "line 1, column 25: missing field `id`");
    }
}
