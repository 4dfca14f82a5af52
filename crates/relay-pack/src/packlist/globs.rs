//! Entries of `files` as npm 12 reads them: globs from the package's root, one after the other (glob 13, npm-packlist 11).
//!
//! Each glob stands for the files and folders that it matches when the tarball is made, and npm turns every one of them into
//! rules: the path, and for a folder all below it. A large build brings many thousand; [`Selection`] holds those whose names
//! are plain in a table, so that a path is not held against each of them.

use std::collections::HashMap;

use camino::Utf8Path;

use super::walk::{Entry, EntryKind, Listings};
use super::{FOLDER_DEPTH_MAX, Found};
use crate::error::PackError;
use crate::minimatch::{Glob, Pattern};
use crate::rules;

/// What the entries of `files` select.
#[derive(Debug, Default)]
pub(super) struct Selection {
    /// The last rule about exactly this path, in lower case, without a slash in front.
    exact: HashMap<String, Said>,
    /// The last rule about everything below this path.
    below: HashMap<String, Said>,
    /// The last rule that includes something further down than this folder.
    leading: HashMap<String, usize>,
    /// Rules whose text is a pattern, because the name of a file is one.
    odd: Vec<(usize, Pattern)>,
    count: usize,
}

/// A rule's place among all, and whether it includes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Said {
    place: usize,
    includes: bool,
}

impl Selection {
    /// Expands the entries in a package's folder.
    pub(super) fn expand(root: &Utf8Path, entries: &[String], found: &mut Found) -> Result<Self, PackError> {
        let mut selection = Self::default();
        let origin = root.join("package.json");
        for entry in entries {
            let includes = !entry.starts_with('!');
            let bare = entry.trim_start_matches('!');
            let bare = if includes { entry.as_str() } else { bare };
            let bare = bare.strip_prefix("./").or_else(|| bare.strip_prefix('/')).unwrap_or(bare).trim_end_matches('/');
            let bare = inside(bare, root);
            // What glob can't read matches nothing.
            let Ok(glob) = Glob::parse(bare) else { continue };
            if bare.is_empty() || !glob.may_match() {
                continue;
            }
            let mut matches = Vec::new();
            Expansion { glob: &glob, found: &mut *found, matches: &mut matches }.folder(root, &mut Vec::new())?;
            for (path, kind) in matches {
                selection.add(&path, includes, false, &origin)?;
                if kind == EntryKind::Folder {
                    selection.add(&path, includes, true, &origin)?;
                }
            }
        }
        Ok(selection)
    }

    fn add(&mut self, path: &str, includes: bool, below: bool, origin: &Utf8Path) -> Result<(), PackError> {
        self.count += 1;
        let place = self.count;
        if !is_plain(path) {
            let text = format!("{}/{path}{}", if includes { "!" } else { "" }, if below { "/**" } else { "" });
            for pattern in rules::parse(&text, origin)? {
                self.odd.push((place, pattern));
            }
            return Ok(());
        }
        let path = path.to_ascii_lowercase();
        if includes {
            let mut folder = path.as_str();
            while let Some((parent, _)) = folder.rsplit_once('/') {
                folder = parent;
                self.leading.insert(folder.to_owned(), place);
            }
            if below {
                self.leading.insert(path.clone(), place);
            }
        }
        let table = if below { &mut self.below } else { &mut self.exact };
        table.insert(path, Said { place, includes });
        Ok(())
    }

    /// Whether the last rule about a path includes it; where there is none, the `*` in front of all leaves it out.
    ///
    /// `as_folder`: the path is tried with a slash at its end. `leads_on`: for rules that include, it is also tried as the
    /// beginning of a longer path.
    pub(super) fn includes(
        &self,
        path: &str,
        as_folder: bool,
        leads_on: bool,
        matches_odd: impl Fn(&Pattern) -> bool,
    ) -> bool {
        let path = path.to_lowercase();
        let mut last = Said { place: 0, includes: false };
        let mut hear = |said: Option<Said>| {
            if let Some(said) = said.filter(|said| said.place > last.place) {
                last = said;
            }
        };
        hear(self.exact.get(&path).copied());
        if as_folder {
            hear(self.below.get(&path).copied());
        }
        let mut folder = path.as_str();
        while let Some((parent, _)) = folder.rsplit_once('/') {
            folder = parent;
            hear(self.below.get(folder).copied());
        }
        if leads_on {
            hear(self.leading.get(&path).map(|place| Said { place: *place, includes: true }));
        }
        for (place, pattern) in self.odd.iter().rev() {
            if *place <= last.place {
                break;
            }
            if matches_odd(pattern) {
                return pattern.is_negated();
            }
        }
        last.includes
    }
}

/// An entry that leads out of the folder and by its name back in means what is inside.
fn inside<'a>(entry: &'a str, root: &Utf8Path) -> &'a str {
    let again = |entry: &'a str| {
        let below = entry.strip_prefix("../")?.strip_prefix(root.file_name()?)?;
        below.strip_prefix('/')
    };
    again(entry).unwrap_or(entry)
}

/// Says whether a path means itself when it is read as a pattern, and its case is that of ASCII letters.
fn is_plain(path: &str) -> bool {
    let plain = |c: char| {
        matches!(c, ' '..='~') && !matches!(c, '*' | '?' | '[' | ']' | '{' | '}' | '(' | ')' | '\\' | '|' | '!')
    };
    path.chars().all(plain) && !path.ends_with(' ')
}

/// The walk of one glob over a package's folders.
struct Expansion<'a, 'f> {
    glob: &'a Glob,
    found: &'a mut Found<'f>,
    matches: &'a mut Vec<(String, EntryKind)>,
}

impl Expansion<'_, '_> {
    fn folder(&mut self, path: &Utf8Path, names: &mut Vec<String>) -> Result<(), PackError> {
        if names.len() > FOLDER_DEPTH_MAX {
            let what = format!("its folders nest deeper than {FOLDER_DEPTH_MAX}");
            return Err(PackError::TooLarge { folder: path.to_owned(), what });
        }
        let entries = Listings::read(self.found, path)?;
        for Entry { name, kind } in entries.iter() {
            // What npm never packs from the root need not be walked: a build's glob would else walk all that is installed.
            let never = names.is_empty() && matches!(name.as_str(), "node_modules" | ".git");
            if never || *kind == EntryKind::Special {
                continue;
            }
            names.push(name.clone());
            let borrowed: Vec<&str> = names.iter().map(String::as_str).collect();
            let is_folder = *kind == EntryKind::Folder;
            if self.glob.matches(&borrowed, is_folder) {
                self.matches.push((names.join("/"), *kind));
            }
            let descend = is_folder && self.glob.leads_through(&borrowed);
            if descend {
                self.folder(&path.join(name), names)?;
            }
            names.pop();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selection(rules: &[(&str, bool, bool)]) -> Selection {
        let mut selection = Selection::default();
        for (path, includes, below) in rules {
            selection.add(path, *includes, *below, Utf8Path::new("package.json")).unwrap();
        }
        selection
    }

    #[test]
    fn the_last_rule_about_a_path_counts() {
        let chosen = selection(&[("lib", true, false), ("lib", true, true), ("lib/a.js", false, false)]);
        let file = |path: &str| chosen.includes(path, false, false, |_| false);
        assert!(file("lib/b.js") && file("LIB/x/y") && !file("lib/A.js") && !file("a.js"));
        let chosen = selection(&[("lib/a.js", false, false), ("lib", true, true)]);
        assert!(chosen.includes("lib/a.js", false, false, |_| false));
    }

    #[test]
    fn a_folder_leads_to_what_is_included_below_it() {
        let chosen = selection(&[("a/b/c.js", true, false), ("a", false, false)]);
        assert!(!chosen.includes("a", true, true, |_| false), "the later rule takes it out");
        assert!(chosen.includes("a/b", true, true, |_| false));
        assert!(!chosen.includes("a/b", true, false, |_| false));
        assert!(!chosen.includes("a/b", false, false, |_| false));
    }

    #[test]
    fn names_that_are_patterns_are_patterns() {
        let chosen = selection(&[("[a].js", true, false)]);
        assert!(chosen.includes("a.js", false, false, |pattern| pattern.matches("/a.js", false)));
        assert!(!is_plain("é") && !is_plain("a ") && is_plain("@s/a b+c.js") && is_plain("#a"));
    }
}
