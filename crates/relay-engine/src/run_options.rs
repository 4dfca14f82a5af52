//! What a run was asked for, kept with it, so that whoever goes on with it later asks for the same.

use camino::Utf8PathBuf;
use relay_config::Access;
use relay_values::{DistTag, RegistryUrl};
use serde::{Deserialize, Serialize};

/// The flags of a command line that decide what is released and how. No secret is among them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RunOptions {
    /// Whether versions are made: it was a release, not a publish.
    pub releases: bool,
    /// The saved plan's file. Known in the clone alone: others have no such file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan_file: Option<Utf8PathBuf>,
    /// `--filter`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub filter: Vec<String>,
    /// The folder that relative selectors start from, relative to the workspace's root.
    #[serde(skip_serializing_if = "is_root")]
    pub here: Utf8PathBuf,
    /// `--graduate`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub graduate: Vec<String>,
    /// `--tag`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tag: Option<DistTag>,
    /// `--access`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access: Option<Access>,
    /// `--registry`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub registry: Option<RegistryUrl>,
    /// `--ignore-scripts`.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub ignore_scripts: bool,
    /// `--allow-cycles`.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub allow_cycles: bool,
    /// `--promote-last`.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub promote_last: bool,
    /// `--no-git-tag`.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub no_git_tag: bool,
    /// `--no-push`.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub no_push: bool,
    /// `--no-remote-lock`.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub no_remote_lock: bool,
}

impl RunOptions {
    /// What other clones are told: all but files of this one.
    #[must_use]
    pub fn shared(&self) -> Self {
        Self { plan_file: None, ..self.clone() }
    }
}

fn is_root(path: &Utf8PathBuf) -> bool {
    path.as_str().is_empty()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn options() -> impl Strategy<Value = RunOptions> {
        let texts = || prop::collection::vec(any::<String>(), 0..3);
        let flags = prop::collection::vec(any::<bool>(), 7);
        let values = (any::<bool>(), any::<bool>(), any::<bool>());
        (flags, texts(), texts(), any::<String>(), values).prop_map(
            |(flags, filter, graduate, here, (tag, access, url))| RunOptions {
                releases: flags[0],
                plan_file: flags[1].then(|| here.clone().into()),
                filter,
                here: here.into(),
                graduate,
                tag: tag.then(|| "next".parse().unwrap()),
                access: access.then_some(Access::Restricted),
                registry: url.then(|| "http://registry.example/".parse().unwrap()),
                ignore_scripts: flags[2],
                allow_cycles: flags[3],
                promote_last: flags[4],
                no_git_tag: flags[5],
                no_push: flags[6],
                no_remote_lock: flags[0] ^ flags[6],
            },
        )
    }

    proptest! {
        #[test]
        fn whoever_goes_on_with_a_run_asks_for_the_same(options in options()) {
            let text = serde_json::to_string(&options).unwrap();
            prop_assert_eq!(&serde_json::from_str::<RunOptions>(&text).unwrap(), &options);
            let shared = options.shared();
            prop_assert_eq!(&shared.plan_file, &None, "others have no such file");
            prop_assert_eq!(RunOptions { plan_file: options.plan_file.clone(), ..shared }, options);
        }
    }

    #[test]
    fn what_was_not_asked_for_is_not_written_and_what_an_older_relay_did_not_write_was_not_asked_for() {
        assert_eq!(serde_json::to_value(RunOptions::default()).unwrap(), json!({ "releases": false }));
        assert_eq!(serde_json::from_value::<RunOptions>(json!({})).unwrap(), RunOptions::default());
        let newer = json!({ "releases": true, "of-a-later-relay": 1 });
        assert!(serde_json::from_value::<RunOptions>(newer).unwrap().releases);
    }
}
