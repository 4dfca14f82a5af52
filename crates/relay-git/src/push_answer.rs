//! What `git push --porcelain` answers: a line for each ref, `FLAG TAB FROM:TO TAB SUMMARY (REASON)` (git-push(1), "Output").

/// What became of one ref of a push.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RefAnswer<'o> {
    /// `*` new, ` ` moved forward, `+` moved by force, `-` deleted, `=` it was so already, `!` not done.
    flag: char,
    /// Why it was not done; empty where git says nothing.
    pub(crate) reason: &'o str,
}

impl RefAnswer<'_> {
    /// The remote has made, moved or deleted the ref.
    pub(crate) fn is_done(&self) -> bool {
        matches!(self.flag, '*' | ' ' | '+' | '-' | 't')
    }

    /// The ref named that object before the push.
    pub(crate) fn was_so(&self) -> bool {
        self.flag == '='
    }

    /// Somebody moved the ref between the look at it and the push.
    pub(crate) fn is_race(&self) -> bool {
        self.flag == '!'
            && [
                "stale info",
                "cannot lock ref",
                "failed to update ref",
                "already exists",
                "incorrect old value",
                "unable to lock",
            ]
            .iter()
            .any(|words| self.reason.contains(words))
    }
}

/// The answer for one ref, by its full name on the remote.
pub(crate) fn answer_for<'o>(stdout: &'o str, full_ref: &str) -> Option<RefAnswer<'o>> {
    stdout.lines().find_map(|line| {
        let (flag, rest) = line.split_once('\t')?;
        let (refs, summary) = rest.split_once('\t')?;
        let (_, target) = refs.rsplit_once(':')?;
        if target != full_ref {
            return None;
        }
        let reason = summary.split_once('(').and_then(|(_, reason)| reason.strip_suffix(')')).unwrap_or_default();
        Some(RefAnswer { flag: flag.chars().next().unwrap_or(' '), reason })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As git 2.47 prints it.
    const OUTPUT: &str = "To /tmp/remote.git\n\
                          *\t0123:refs/relay/lock\t[new reference]\n\
                          \u{20}\tHEAD:refs/heads/main\t12ab..34cd\n\
                          -\t:refs/relay/gone\t[deleted]\n\
                          =\t0123:refs/relay/same\t[up to date]\n\
                          !\t0123:refs/relay/lost\t[rejected] (stale info)\n\
                          !\t0123:refs/relay/raced\t[remote rejected] (cannot lock ref 'refs/relay/raced': is at 1 (x))\n\
                          !\t0123:refs/relay/no\t[remote rejected] (deny updating a hidden ref)\n\
                          Done\n";

    #[track_caller]
    fn check(name: &str, [done, so, race]: [bool; 3], reason: &str) {
        let answer = answer_for(OUTPUT, name).unwrap();
        assert_eq!([answer.is_done(), answer.was_so(), answer.is_race()], [done, so, race], "{name}");
        assert_eq!(answer.reason, reason, "{name}");
    }

    #[test]
    fn reads_the_line_of_each_ref() {
        check("refs/relay/lock", [true, false, false], "");
        check("refs/heads/main", [true, false, false], "");
        check("refs/relay/gone", [true, false, false], "");
        check("refs/relay/same", [false, true, false], "");
        check("refs/relay/lost", [false, false, true], "stale info");
        check("refs/relay/raced", [false, false, true], "cannot lock ref 'refs/relay/raced': is at 1 (x)");
        check("refs/relay/no", [false, false, false], "deny updating a hidden ref");
        assert_eq!(answer_for(OUTPUT, "refs/relay/other"), None);
        assert_eq!(answer_for("", "refs/relay/lock"), None);
    }
}
