//! Overrides that bear on bundled packages: npm 12 refuses to pack them, npm 11 doesn't.

use relay_config::NpmRules;
use relay_pack::{Conventions, PackError, PackRequest, pack};

use crate::npm::{BOTH, run};
use crate::world::{Node, World};

/// What npm 12.2.0 makes of overrides.
enum Npm12 {
    /// It packs.
    Packs,
    /// It refuses what is bundled, and npm 11.19.1 packs.
    Refuses(&'static [&'static str]),
    /// It refuses the override of a direct dependency, and npm 11.19.1 too.
    Contradicts,
}

use Npm12::{Contradicts, Packs, Refuses};

/// How the package asks for `d`, of which it bundles 1.0.0, its `overrides`, and what follows. `d` needs `e` `^1.0.0`, and `e`
/// 2.0.0 is installed.
const CASES: [(&str, &str, Npm12); 17] = [
    ("^1.0.0", r#"{"d":"1.0.0"}"#, Contradicts),
    ("1.0.0", r#"{"d":"1.0.0"}"#, Refuses(&["d"])),
    ("^1.0.0", r#"{"d":"^1.0.0"}"#, Packs),
    ("^1.0.0", r#"{"e":"2.0.0"}"#, Refuses(&["e"])),
    ("^1.0.0", r#"{"e":"^2.0.0"}"#, Packs),
    ("1.0.0", r#"{"d":"1.0.0","e":"2.0.0"}"#, Refuses(&["d", "e"])),
    ("^1.0.0", r#"{"x":"1.0.0"}"#, Packs),
    ("^1.0.0", r#"{"d":{"e":"2.0.0"}}"#, Refuses(&["e"])),
    ("^1.0.0", r#"{"other":{"e":"2.0.0"}}"#, Packs),
    ("^1.0.0", r#"{"d@^2":"1.0.0"}"#, Packs),
    ("^1.0.0", r#"{"e@^2":"2.0.0"}"#, Packs),
    ("^1.0.0", r#"{"e@^1":"2.0.0"}"#, Refuses(&["e"])),
    ("^1.0.0", r#"{"d":{".":"1.0.0"}}"#, Contradicts),
    ("^1.0.0", r#"{"d":"$d"}"#, Packs),
    ("1.0.0", r#"{"d@1.0.0":{"e":"2.0.0"}}"#, Refuses(&["d", "e"])),
    ("^1.0.0", r#"{"d":""}"#, Packs),
    ("^1.0.0", "{}", Packs),
];

fn package(world: &World, range: &str, overrides: &str) -> camino::Utf8PathBuf {
    let manifest = format!(
        r#"{{"name":"p","version":"1.0.0","dependencies":{{"d":"{range}"}},"bundleDependencies":["d"],"overrides":{overrides}}}"#
    );
    let files = [
        ("package.json", manifest.as_str()),
        ("node_modules/d/package.json", r#"{"name":"d","version":"1.0.0","dependencies":{"e":"^1.0.0"}}"#),
        ("node_modules/e/package.json", r#"{"name":"e","version":"2.0.0"}"#),
        ("node_modules/x/package.json", r#"{"name":"x","version":"1.0.0"}"#),
    ];
    let files: Vec<(String, Node)> = files.iter().map(|(path, text)| ((*path).to_owned(), Node::from(*text))).collect();
    world.package("p", &files)
}

#[test]
fn overrides_of_what_is_bundled_are_refused_where_npm_refuses_them() {
    for (range, overrides, expected) in CASES {
        for npm in BOTH {
            let world = World::new();
            let folder = package(&world, range, overrides);
            let output = run(npm, &folder, &["pack", "--ignore-scripts", "--dry-run"]);
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            let conventions = Conventions::of(npm);
            let packed = pack(&PackRequest { conventions: &conventions, ..PackRequest::of(&folder) });
            let case = format!("npm {}: {range}, {overrides}: {said}", npm.as_str());
            match (&expected, packed) {
                (Refuses(names), Err(PackError::BundledOverridden { dependencies, .. })) if npm == NpmRules::Npm12 => {
                    assert_eq!(dependencies, *names, "{case}");
                    assert!(said.contains("EBUNDLEOVERRIDE"), "{case}");
                    assert!(said.contains(&format!("({})", names.join(", "))), "{case}");
                }
                (Contradicts, Err(PackError::DependencyOverridden { dependency, .. })) => {
                    assert_eq!(dependency, "d", "{case}");
                    assert!(said.contains("code EOVERRIDE"), "{case}");
                }
                (Packs, Ok(_)) => assert!(output.status.success(), "{case}"),
                (Refuses(_), Ok(_)) if npm == NpmRules::Npm11 => assert!(output.status.success(), "{case}"),
                (_, packed) => panic!("{case}: {:?}", packed.map(|tarball| tarball.file_name)),
            }
        }
    }
}
