use crate::testing::TestRepo;

#[test]
fn lists_changed_staged_gone_and_untracked_but_not_ignored() {
    let repo = TestRepo::new();
    for file in ["a", "b", "c", "d/e", "same"] {
        repo.write(file, "1");
    }
    repo.write(".gitignore", "dist\n*.log\n").commit("start");
    assert_eq!(repo.relay.uncommitted().unwrap(), Vec::<String>::new());
    repo.write("a", "22").remove("b").write("c", "22").write("d/new", "1").write("new/x/y", "1").write("new/z", "1");
    repo.write("dist/x", "1").write("d/dist/x", "1").write("x.log", "1");
    repo.git(&["add", "c"]);
    assert_eq!(repo.relay.uncommitted().unwrap(), ["a", "b", "c", "d/new", "new/"]);
}

#[test]
fn a_file_that_was_touched_but_not_changed_is_not_listed() {
    let repo = TestRepo::new();
    repo.write("a", "1").commit("start");
    repo.write("a", "2").write("a", "1");
    assert_eq!(repo.relay.uncommitted().unwrap(), Vec::<String>::new());
}

#[test]
fn writes_nothing() {
    let repo = TestRepo::new();
    repo.write("a", "1").commit("start");
    repo.write("a", "2").write("b", "1");
    let index = std::fs::read(repo.root.join(".git/index")).unwrap();
    repo.relay.uncommitted().unwrap();
    assert_eq!(std::fs::read(repo.root.join(".git/index")).unwrap(), index);
}

#[test]
fn before_the_first_commit_everything_is_uncommitted() {
    let repo = TestRepo::new();
    repo.write("a", "1").write("b/c", "1");
    assert_eq!(repo.relay.uncommitted().unwrap(), ["a", "b/"]);
}
