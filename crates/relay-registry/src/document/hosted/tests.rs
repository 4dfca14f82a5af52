//! Spellings of repositories' addresses, judged by npm's own module.

use std::process::Command;

use super::*;

const SPELLINGS: &[&str] = &[
    "o/r",
    "o/r#main",
    "o/r#semver:^1",
    "a#b/c",
    "o/r/",
    "./o/r",
    "@s/p",
    "o/r/x",
    "o r/x",
    "github:o/r",
    "github:o/r.git#a/b",
    "github:user:pw@o/r",
    "gitlab:g/s/p",
    "bitbucket:o/r",
    "gist:11081aaa281",
    "gist:o/11081aaa281",
    "sourcehut:~o/r",
    "https://github.com/o/r",
    "https://github.com/o/r.git",
    "https://www.github.com/o/r",
    "https://github.com/o/r/tree/main",
    "https://github.com/o/r/tree/feat%2Fx",
    "https://github.com/o/r/blob/main/x",
    "https://user:token@github.com/o/r",
    "https://user@github.com/o/r.git#v1",
    "http://github.com/o/r",
    "git://github.com/o/r.git#v1.0",
    "git://user:pw@github.com/o/r",
    "git+https://github.com/o/r.git",
    "git+ssh://git@github.com/o/r.git#semver:~1",
    "ssh://git@github.com/o/r",
    "git@github.com:o/r.git",
    "git@github.com:o/r.git#a:b",
    "github.com:o/r",
    "github.com/o/r",
    "git:github.com:o/r",
    "git+http://github.com/o/r",
    "https://gitlab.com/g/s/p.git",
    "https://gitlab.com/g/p/-/tree/main",
    "git@gitlab.com:g/p.git",
    "https://bitbucket.org/o/r",
    "https://bitbucket.org/o/r/get/x.tar.gz",
    "git://bitbucket.org/o/r",
    "https://gist.github.com/o/11081",
    "https://gist.github.com/11081",
    "git@gist.github.com:11081.git",
    "https://gist.github.com/o/11081/raw",
    "https://git.sr.ht/~o/r",
    "https://git.sr.ht/~o/r/archive/x",
    "https://git.example/o/r",
    "git+https://git.example/o/r.git",
    "^1.0.0",
    "~1.2",
    "*",
    "latest",
    "1.0.0 - 2",
    "workspace:*",
    "workspace:^",
    "npm:@s/p@^1",
    "catalog:",
    "file:../x",
    "link:../x",
    "https://registry.example/x.tgz",
    "https://github.com/",
    "https://github.com/o",
    "github:",
    "github:o",
    "",
    "%",
    "https://github.com/%zz/r",
    "https://github.com/o%20x/r",
    "o/r#%zz",
];

/// What npm's `hosted-git-info` says: repository address, toString, bugs, docs; `null` for what it does not know.
fn by_npm() -> Vec<Option<[Option<String>; 4]>> {
    const SCRIPT: &str = "const g=require(require('path').join(process.argv[1],'npm/node_modules/hosted-git-info'));\
        const out=JSON.parse(process.argv[2]).map(t=>{const h=g.fromUrl(t);return h?[h.getDefaultRepresentation()===\
        'shortcut'?h.https():h.toString(),h.toString(),h.bugs(),h.docs()]:null});console.log(JSON.stringify(out))";
    let run = |program: &str, arguments: &[&str]| {
        let output = Command::new(program).args(arguments).output().unwrap_or_else(|error| {
            panic!("`{program}` is needed for this test and could not be run: {error}");
        });
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let root = run("npm", &["root", "-g"]);
    let spellings = serde_json::to_string(SPELLINGS).unwrap();
    serde_json::from_str(&run("node", &["-e", SCRIPT, root.trim(), &spellings])).unwrap()
}

#[test]
fn agrees_with_npms_own_module_on_every_spelling() {
    for (text, expected) in SPELLINGS.iter().zip(by_npm()) {
        let hosted = Hosted::parse(text);
        let seen = hosted.map(|h| [Some(h.repository_url()), Some(h.to_string()), h.bugs(), Some(h.docs())]);
        assert_eq!(seen, expected, "{text:?}");
    }
}

proptest::proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "[a-z@:/#.%+ ~]{0,40}|\\PC{0,20}") {
        if let Some(hosted) = Hosted::parse(&text) {
            let _ = (hosted.repository_url(), hosted.docs(), hosted.bugs());
        }
    }
}
