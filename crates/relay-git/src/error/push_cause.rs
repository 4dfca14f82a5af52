//! Why a remote, or git on the way to it, refuses, read from git's own words.

/// What a refused push looks like, from git's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PushCause {
    /// Somebody pushed in between.
    Behind,
    /// A tag of that name is on the remote with another commit.
    TagExists,
    /// The forge's rules forbid it.
    Protected,
    /// No or wrong credentials.
    Credentials,
    /// The remote could not be reached or is not there.
    Unreachable,
    /// A hook of this clone said no.
    Hook,
    /// The ref names another object than the one that it was to be moved from.
    Lease,
    /// The remote hides such refs.
    Hidden,
    /// A hook of the remote said no.
    RemoteHook,
    /// The remote lets no branch be deleted.
    Deletion,
    /// Another ref of the same push was refused, and it was all or none.
    OtherRef,
    /// None of these.
    Unclear,
}

impl PushCause {
    /// What a person can do about it.
    pub fn next_step(self) -> &'static str {
        match self {
            Self::Behind => {
                "the remote has commits that this clone lacks; merge them (`git pull --no-rebase`: a rebase would leave tags on \
                 commits of no branch), then run again"
            }
            Self::TagExists => {
                "a tag of that name is there already with another commit; fetch the tags (`git fetch --tags`) and compare"
            }
            Self::Protected => {
                "the branch or tag is protected; let this account push it, or release from a branch that may be pushed"
            }
            Self::Credentials => {
                "git has no valid credentials for it; try `git push --dry-run` by hand and repair the login or key"
            }
            Self::Unreachable => "it can't be reached; check `git remote -v` and the network, then run again",
            Self::Hook => "a pre-push hook of this clone said no; see its output",
            Self::Lease => "somebody changed it in between; run again to go by what is there now",
            Self::Hidden => "the remote hides such refs (`receive.hideRefs`); let it take them",
            Self::RemoteHook => "a hook of the remote said no; see its output",
            Self::Deletion => "the remote lets no branch be deleted (`receive.denyDeletes`); delete it there",
            Self::OtherRef => "another ref of the same push was refused, and it was all or none",
            Self::Unclear => "see git's own words",
        }
    }

    /// What a person can do about a ref of relay's own that the remote doesn't take.
    pub fn step_for_own_ref(self) -> &'static str {
        match self {
            Self::Protected => "its rules forbid it; let this account create, change and delete `refs/relay/*` there",
            Self::RemoteHook => "a hook of the remote said no; let it pass `refs/relay/*`",
            Self::Hidden => "it hides such refs (`hideRefs`); let it show and take `refs/relay/*`",
            Self::Deletion => {
                "it lets no branch be deleted (`receive.denyDeletes`); allow it, or delete the ref there by hand"
            }
            Self::Behind | Self::Lease => "others change it all the time; run again",
            _ => self.next_step(),
        }
    }

    /// Reads the cause from the reason that a line of `git push --porcelain` gives, else from git's stderr.
    pub(crate) fn of_answer(reason: &str, text: &str) -> Self {
        let has = |words: &[&str]| words.iter().any(|word| reason.contains(word));
        if has(&["stale info"]) {
            Self::Lease
        } else if has(&["hidden ref"]) {
            Self::Hidden
        } else if has(&["deletion prohibited", "deletion of the current branch"]) {
            Self::Deletion
        } else if has(&["atomic"]) {
            Self::OtherRef
        } else if reason == "hook declined" {
            Self::RemoteHook
        } else {
            // The stderr tells of all refs.
            match Self::of(reason) {
                Self::Unclear => Self::of(text),
                cause => cause,
            }
        }
    }

    /// Reads the cause from git's stderr (git 2.47's words in the C locale).
    pub(crate) fn of(text: &str) -> Self {
        let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
        if has(&["protected branch", "protected ref", "GH006", "GH013", "pre-receive hook declined", "rule violations"])
        {
            Self::Protected
        } else if has(&["already exists"]) {
            Self::TagExists
        } else if has(&["non-fast-forward", "fetch first", "stale info", "cannot lock ref"]) {
            Self::Behind
        } else if has(&[
            "could not read Username",
            "could not read Password",
            "Authentication failed",
            "Permission denied",
            "Permission to ",
            "returned error: 403",
            "returned error: 401",
            "terminal prompts disabled",
        ]) {
            Self::Credentials
        } else if has(&[
            "Could not resolve host",
            "does not appear to be a git repository",
            "unable to access",
            "Connection refused",
            "Connection timed out",
            "not found",
        ]) {
            Self::Unreachable
        } else if has(&["pre-push", "hook declined"]) {
            Self::Hook
        } else {
            Self::Unclear
        }
    }
}
