//! Every input of the corpora, through the target that it belongs to. What the fuzzer runs and what is committed of it is the
//! same here, so that an input that once found a fault goes on finding it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use relay_fuzz_targets::{TARGETS, run};

/// The largest input that is committed, in bytes.
const COMMITTED_BYTES_MAX: usize = 4 * 1024;
/// The most inputs of one target that are committed.
const COMMITTED_MAX: usize = 50;

fn fuzz() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz")
}

fn names(folder: &Path) -> BTreeSet<String> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let name = |path: PathBuf| path.file_stem().expect("a name").to_string_lossy().into_owned();
    entries.map(|entry| name(entry.expect("an entry").path())).collect()
}

#[test]
fn each_input_of_the_corpora_is_taken() {
    let mut inputs = 0;
    for (name, target) in TARGETS {
        let mut paths: Vec<_> = std::fs::read_dir(fuzz().join("corpus").join(name))
            .unwrap_or_else(|error| panic!("{name}: {error}"))
            .map(|entry| entry.expect("an entry").path())
            .collect();
        paths.sort();
        assert!(!paths.is_empty() && paths.len() <= COMMITTED_MAX, "{name} has {} inputs", paths.len());
        for path in paths {
            let input = std::fs::read(&path).expect("an input");
            assert!(input.len() <= COMMITTED_BYTES_MAX, "{}", path.display());
            assert!(std::str::from_utf8(&input).is_ok(), "{} is no text", path.display());
            let taken = std::panic::catch_unwind(|| run(target, &input));
            assert!(taken.is_ok(), "{}", path.display());
            inputs += 1;
        }
    }
    assert!(inputs >= TARGETS.len() * 3, "{inputs} inputs are too few to tell anything");
}

#[test]
fn each_target_has_a_binary_and_a_corpus_and_each_of_those_a_target() {
    let targets: BTreeSet<String> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(names(&fuzz().join("fuzz_targets")), targets);
    assert_eq!(names(&fuzz().join("corpus")), targets);
    let manifest = std::fs::read_to_string(fuzz().join("Cargo.toml")).expect("a manifest");
    for name in targets {
        assert!(manifest.contains(&format!("name = \"{name}\"\n")), "{name} is no binary of fuzz/Cargo.toml");
        let text = std::fs::read_to_string(fuzz().join(format!("fuzz_targets/{name}.rs"))).expect("a binary");
        assert!(text.contains(&format!("::{name}, input")), "{name}: {text}");
    }
}
