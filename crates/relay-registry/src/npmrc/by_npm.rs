//! Settings judged by npm's own modules: its `ini`, its expansion of variables, its choice of a credential.

use std::collections::BTreeMap;
use std::process::Command;

use serde::de::DeserializeOwned;
use serde_json::json;

use super::{ConfigSources, NpmConfig, NpmrcFile, expand, ini};
use crate::url::RegistryUrl;

/// Runs a script with `npm(path)` giving npm's own modules and `input` the value given.
fn by_npm<T: DeserializeOwned>(script: &str, input: &serde_json::Value) -> T {
    let run = |program: &str, arguments: &[&str]| {
        let output = Command::new(program).args(arguments).output().unwrap_or_else(|error| {
            panic!("`{program}` is needed for this test and could not be run: {error}");
        });
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let whole = format!(
        "const npm=m=>require(require('path').join(process.argv[1],'npm/node_modules',m));\
         const input=JSON.parse(process.argv[2]);console.log(JSON.stringify(({script})()))"
    );
    let root = run("npm", &["root", "-g"]);
    serde_json::from_str(&run("node", &["-e", &whole, root.trim(), &input.to_string()])).unwrap()
}

const FILES: &[&str] = &[
    "a=b",
    " a = b \r\nc=d",
    "a",
    "a=",
    "a==b",
    "a=b ; c",
    "a=b # c",
    "a=b\\;c\\#d",
    "a=\\\\x\\y",
    "a=\\",
    "; c\n# d\n   ;e\n\n a=1",
    "a=\"q ; r\"",
    "a='q ; r'",
    "a='\"x\"'",
    "a=\"\\u0041\\n\"",
    "a=\"broken",
    "a=\"bro\"ken\"",
    "a='",
    "a=true\nb=false\nc=12\nd=1.0",
    "a=1\na=2",
    "//h/:_authToken=abc==",
    "//h/:_authToken = \"abc\"",
    "//h/:_authToken=a#b",
    "@s:registry=https://h/",
    "[bad\na=b",
    "a=b\n[s]\nc=d",
    "\u{feff}a=b",
    "a=${B}",
    "\u{a0}a=\u{a0}b",
    "a b=c",
    "=x",
];

#[test]
fn files_are_read_as_npm_reads_them() {
    // Lists and sections are no settings here; texts are compared as texts.
    let script = "()=>input.map(t=>Object.fromEntries(Object.entries(npm('ini').parse(t)).filter(([k,v])=>\
        typeof v!=='object'&&!k.startsWith('[')&&k!=='').map(([k,v])=>[k,String(v)])))";
    let expected: Vec<BTreeMap<String, String>> = by_npm(script, &json!(FILES));
    for (text, expected) in FILES.iter().zip(expected) {
        let seen: BTreeMap<String, String> = ini::parse(text).entries.into_iter().collect();
        assert_eq!(seen, expected, "{text:?}");
    }
}

#[test]
fn variables_are_expanded_as_npm_expands_them() {
    let texts = [
        "${A}",
        "x${A}y${A}",
        "${NO}",
        "${NO?}",
        "${A?}",
        "${EMPTY}",
        "${EMPTY?}",
        "\\${A}",
        "\\\\${A}",
        "\\\\\\${A}",
        "\\\\\\\\${A}",
        "${B}",
        "$A",
        "${}",
        "${?}",
        "${A",
        "${A}${",
        "${${A}}",
        "$${A}",
        "${A}\\${A}",
        "${A b}",
        "a\\b${A}",
        "${A}}",
        "${A??}",
        "\\${NO}",
        "\\${NO?}",
        "\\\\${NO}",
    ];
    let variables = [("A", "1"), ("EMPTY", ""), ("B", "${A}")];
    let environment: BTreeMap<String, String> = variables.map(|(name, value)| (name.into(), value.into())).into();
    let script = "()=>input[0].map(t=>npm('@npmcli/config/lib/env-replace.js')(t,input[1]))";
    let expected: Vec<String> = by_npm(script, &json!([texts, environment]));
    for (text, expected) in texts.iter().zip(expected) {
        assert_eq!(expand::expand(text, expand::Forms::Npm, &environment).text, expected, "{text:?}");
    }
}

#[test]
fn credentials_are_chosen_as_npm_chooses_them() {
    let files = [
        "//h.example/:_authToken=a",
        "//h.example:_authToken=a",
        "//h.example/p/:_authToken=a\n//h.example/:_authToken=b",
        "//h.example/p:_authToken=a",
        "//h.example/p/q/:_auth=dTpw",
        "//h.example/p/:username=u\n//h.example/p/:_password=cHc=",
        "//h.example/p/:username=u\n//h.example/:_authToken=b",
        "//h.example/:_auth=dTpw\n//h.example/:_authToken=b",
        "//h.example/:_authToken=\n//h.example/:_auth=dTpw",
        "//h.example/p/:_authToken=\n//h.example/:_authToken=b",
        "//other.example/:_authToken=a",
        "//h.example:8080/:_authToken=a",
        "//h.example/pq/:_authToken=a",
    ];
    let registries =
        ["https://h.example/", "https://h.example/p/", "http://h.example/p/q/", "http://h.example:8080/p/"];
    let script = "()=>input[0].map(t=>input[1].map(registry=>{const a=npm('npm-registry-fetch').getAuth(registry+'x',\
        {...npm('ini').parse(t),registry});return a.token?'Bearer '+a.token:a.auth?'Basic '+a.auth:null}))";
    let expected: Vec<Vec<Option<String>>> = by_npm(script, &json!([files, registries]));
    for (text, expected) in files.iter().zip(expected) {
        let user = Some(NpmrcFile { path: ".npmrc".into(), text: (*text).into() });
        let config = NpmConfig::resolve(&ConfigSources { user, ..ConfigSources::default() }).unwrap();
        for (registry, expected) in registries.iter().zip(expected) {
            let registry = RegistryUrl::parse(registry).unwrap();
            let header = config.credential_for(&registry).and_then(|credential| {
                credential.authorization_for(&registry.below("x")).unwrap().map(|v| v.to_str().unwrap().to_owned())
            });
            assert_eq!(header, expected, "{text:?} for {registry}");
        }
    }
}
