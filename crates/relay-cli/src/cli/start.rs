//! What `relay` says without arguments: where to start.

use clap::Command;

use crate::ui::Palette;

/// First steps, in the order in which a newcomer takes them. Those whose command does not exist are left out.
const FIRST_STEPS: [(&str, &str, &str); 6] = [
    (
        "rehearse",
        "relay rehearse",
        "carry the whole release out in a sandbox; your tree and all registries stay untouched",
    ),
    ("plan", "relay plan", "what would be released, in which order, by which route, and who is needed"),
    ("release", "relay release", "do it"),
    ("graph", "relay graph", "the packages of this workspace in publish order"),
    ("pack", "relay pack", "the tarballs that would be published"),
    ("explain", "relay explain E403", "what a registry's refusal means and what to do"),
];

/// The text, made from the commands that exist.
pub(crate) fn where_to_start(command: &Command, palette: &Palette) -> String {
    let (strong, dim) = (palette.strong, palette.dim);
    let exists = |name: &str| command.find_subcommand(name).is_some();
    let steps: Vec<_> = FIRST_STEPS.iter().filter(|(name, _, _)| exists(name)).collect();
    let width = steps.iter().map(|(_, line, _)| line.len()).max().unwrap_or(0);
    let line = |(_, line, what): &&(&str, &str, &str)| format!("  {strong}{line:<width$}{strong:#}  {what}\n");
    let lines: String = steps.iter().map(line).collect();
    format!(
        "{strong}relay{strong:#} releases the packages of a JavaScript monorepo\n\n\
         Start in your repository with:\n{lines}\n\
         {dim}`relay --help` lists all commands, `relay COMMAND --help` explains one.{dim:#}\n"
    )
}
