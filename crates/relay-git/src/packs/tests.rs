//! Every object of a repository is read from its packs and compared with what libgit2 reads.

use super::*;
use crate::testing::TestRepo;

fn check(repo: &TestRepo) -> usize {
    let git = git2::Repository::open(&repo.root).unwrap();
    let odb = git.odb().unwrap();
    let packs = Packs::open(&git.path().join("objects"));
    let mut reader = PackReader::new(&packs);
    let mut ids = Vec::new();
    odb.foreach(|id| {
        ids.push(*id);
        true
    })
    .unwrap();
    let mut read = 0;
    for id in ids.iter().chain(ids.iter().rev()) {
        let expected = odb.read(*id).unwrap();
        if let Some(Object { kind, data, .. }) = reader.read(*id) {
            assert_eq!((kind, data.as_slice()), (expected.kind(), expected.data()), "{id}");
            read += 1;
        }
    }
    assert!(reader.read(Oid::ZERO_SHA1).is_none());
    read / 2
}

fn world() -> TestRepo {
    let repo = TestRepo::new();
    for number in 0..40_u32 {
        // Enough folders and text for deltas, and one file that is larger than a window also when compressed.
        repo.write(&format!("packages/a-folder-{number:03}/package.json"), &format!("{number}"));
        repo.write("text", &(0..2000 + number).map(|line| format!("line {line}\n")).collect::<Vec<_>>().concat());
        let word = |at: u32| format!("{:x}", at.wrapping_mul(2_654_435_761).rotate_left(number));
        let noise = (0..60_000_u32).map(word).collect::<Vec<_>>().concat();
        if number % 10 == 0 {
            repo.write("noise", &noise);
        }
        repo.commit("more");
    }
    repo.git(&["tag", "-a", "-m", "x", "v1"]);
    repo
}

#[test]
fn reads_what_libgit2_reads_in_one_pack_and_in_several() {
    let repo = world();
    assert_eq!(check(&repo), 0, "loose objects are left to libgit2");
    repo.git(&["repack", "-q", "-a", "-d"]);
    let first = check(&repo);
    assert!(first > 150, "{first}");
    repo.write("x", "1").commit("more");
    repo.git(&["repack", "-q", "-d"]);
    assert!(check(&repo) > first);
}

#[test]
fn reads_packs_with_bases_told_by_id() {
    let repo = world();
    repo.git(&["-c", "repack.useDeltaBaseOffset=false", "repack", "-q", "-a", "-d"]);
    assert!(check(&repo) > 150);
}

#[test]
fn broken_files_are_left_to_libgit2() {
    let repo = world();
    repo.git(&["repack", "-q", "-a", "-d"]);
    let objects = repo.root.join(".git/objects");
    let index = index_files(objects.as_std_path()).remove(0);
    let id = repo.relay.head_id().unwrap();
    let pack = std::fs::read(index.with_extension("pack")).unwrap();
    let idx = std::fs::read(&index).unwrap();
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("pack")).unwrap();
    let write = |name: &str, bytes: &[u8]| std::fs::write(folder.path().join("pack").join(name), bytes).unwrap();
    for (idx, pack) in
        [(&idx[..idx.len() / 2], &pack[..]), (&idx, &pack[..20]), (&idx, &vec![0xFF; pack.len()]), (b"x", &pack)]
    {
        write("a.idx", idx);
        write("a.pack", pack);
        assert!(PackReader::new(&Packs::open(folder.path())).read(id).is_none());
    }
}
