//! Partial clones, with a remote on the disk that filters.

use super::*;
use crate::testing::TestRepo;

#[test]
fn what_a_partial_clone_lacks_is_fetched_and_the_rest_is_as_in_a_whole_one() {
    let origin = TestRepo::new();
    origin.package("packages/a", "0.9.0").package("packages/b", "1.0.0").write("big/x", "1").commit("start");
    let bump = origin.package("packages/a", "1.0.0").commit("release");
    for count in 0..300 {
        origin
            .write(&format!("packages/{}/f", if count % 3 == 0 { "a" } else { "b" }), &count.to_string())
            .commit("fix");
    }
    let text = "{\"name\": \"x\", \"version\": \"1.0.0\", \"license\": \"MIT\"}";
    origin.write("packages/a/package.json", text).write(".changeset/x.md", "x").commit("chore: licence");
    origin.git(&["config", "uploadpack.allowFilter", "true"]);
    origin.git(&["config", "uploadpack.allowAnySHA1InWant", "true"]);
    let queries = [query("packages/a", Some("1.0.0"), &[]), query("packages/b", Some("1.0.0"), &["b@9"])];
    let whole = origin.relay.history(&queries).unwrap();
    assert_eq!(whole.packages[0].base, Some(Base { commit: bump.clone(), tag: None }));
    let folder = tempfile::tempdir().unwrap();
    let root = path_of(&folder);
    let url = format!("file://{}", origin.root);
    for (number, filter) in ["blob:none", "tree:0"].into_iter().enumerate() {
        let name = format!("clone{number}");
        git(&root, &["clone", "-q", &format!("--filter={filter}"), &url, &name]);
        let clone = Repository::discover(&root.join(&name)).unwrap();
        let history = clone.history(&queries).unwrap();
        assert_eq!(history, whole, "{filter}");
        assert!(clone.same_folders("HEAD", &bump, ["packages/a"]).is_ok_and(|same| !same));
        let head = git(clone.workdir(), &["rev-parse", "HEAD"]);
        assert!(clone.same_folders(&head, &bump, ["big"]).unwrap(), "{filter}");
        assert!(!clone.same_folders(&head, &bump, ["packages/a"]).unwrap(), "{filter}");
        let added = clone.commits_that_added(".changeset", ["x.md".to_owned()]).unwrap();
        assert_eq!(added.get("x.md"), Some(&head), "{filter}");
    }
    // Where the remote is gone, git says so; nothing is taken for absent.
    git(&root, &["clone", "-q", "--filter=blob:none", &url, "lost"]);
    git(&root.join("lost"), &["remote", "set-url", "origin", "file:///nowhere/at/all"]);
    let error = Repository::discover(&root.join("lost")).unwrap().history(&queries).unwrap_err();
    assert!(error.to_string().contains("this partial clone lacks"), "{error}");
}
