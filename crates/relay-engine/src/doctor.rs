//! Whether all that a release stands on is in order, each thing with its fix. Reads only: nothing is written in the tree, on the
//! remote or in a registry; of git's own files locks are taken and let go.
//!
//! - `accounts`: registries, clocks, credentials, accounts, second factors, owners
//! - `repository`: who commits, signatures, the remote
//! - `workflows`: what CI jobs that run relay may do
//! - `consumers`: what users of npm and pnpm will meet

use relay_plan::Finding;
use relay_values::RegistryUrl;
use serde::Serialize;

use crate::learnt::Learnt;
use crate::project::Project;
use crate::session::Session;

mod accounts;
mod consumers;
mod repository;
mod workflows;

/// What the `schema` field of the document says.
pub const DOCTOR_SCHEMA: &str = "relay.doctor/1";

/// What was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Area {
    /// A registry: whether it answers, and its clock beside ours.
    Registry,
    /// Credentials and whose they are.
    Account,
    /// Who may publish which package.
    Packages,
    /// git here and on the remote.
    Git,
    /// Workflows that run relay.
    Ci,
    /// What those meet who install the packages.
    Consumers,
}

/// What a look came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It is in order.
    Good,
    /// It is not, and will be in the way.
    Bad,
    /// It could not be told.
    NotChecked,
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What it is about.
    pub area: Area,
    /// What it came to.
    pub verdict: Verdict,
    /// What was found: one sentence without a final period.
    pub text: String,
    /// How it is put right, with the command where there is one.
    pub fix: Option<String>,
}

/// All that was looked at.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Examination {
    /// Always [`DOCTOR_SCHEMA`].
    pub schema: &'static str,
    /// Neither registry nor remote was asked.
    pub offline: bool,
    /// The lines, by area.
    pub checks: Vec<Check>,
}

impl Check {
    fn good(area: Area, text: impl Into<String>) -> Self {
        Self { area, verdict: Verdict::Good, text: text.into(), fix: None }
    }

    fn bad(area: Area, text: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { area, verdict: Verdict::Bad, text: text.into(), fix: Some(fix.into()) }
    }

    fn not_checked(area: Area, text: impl Into<String>, fix: Option<String>) -> Self {
        Self { area, verdict: Verdict::NotChecked, text: text.into(), fix }
    }
}

impl Examination {
    /// Whether nothing is wrong.
    pub fn is_well(&self) -> bool {
        self.checks.iter().all(|check| check.verdict != Verdict::Bad)
    }
}

/// Looks at everything. What can't be found out is a line of its own and stops nothing.
pub async fn examine(project: &Project, session: &Session, learnt: &Learnt) -> Examination {
    let mut checks = accounts::examine(project, session, learnt).await;
    checks.extend(repository::examine(project, session.offline));
    checks.extend(workflows::examine(project));
    checks.extend(consumers::examine(project));
    checks.sort_by_key(|check| check.area);
    Examination { schema: DOCTOR_SCHEMA, offline: session.offline, checks }
}

/// The registry in a command.
fn at(registry: &RegistryUrl) -> String {
    format!("--registry {registry}")
}

/// The lines for findings that a plan has too.
fn of_findings(area: Area, findings: impl IntoIterator<Item = Finding>) -> impl Iterator<Item = Check> {
    findings.into_iter().map(move |finding| Check::bad(area, finding.text, finding.help.unwrap_or_default()))
}

#[cfg(test)]
mod tests;
