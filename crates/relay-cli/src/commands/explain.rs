//! `relay explain`: which refusal a text is, why it happens, what to do.

use std::io::{self, IsTerminal, Read};

use relay_registry::{Explanation, RefusalCode, explain};
use serde::Serialize;

use crate::cli::explain::{ExplainArgs, ExplainFormat};
use crate::context::Context;
use crate::error::{CliError, ErrorKind};
use crate::exit::Exit;
use crate::ui::{Palette, columns, json, plural, wrapped};

/// How much of stdin is read. A CI log with one refusal in it is far smaller; more is cut off.
const INPUT_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// How many refusals are explained in full at once; a bare `E403` can be a dozen, and a list is better to choose from.
const IN_FULL_MAX: usize = 3;

/// Explains the text of the command line or of stdin, or lists all refusals.
pub(crate) fn run(context: &Context, args: &ExplainArgs) -> Result<Exit, CliError> {
    let text = if args.text.is_empty() { from_stdin()? } else { args.text.join(" ") };
    let found = explain(&text);
    if found.is_empty() {
        return Err(unknown());
    }
    let everything = text.trim().is_empty();
    let (width, palette) = (context.ui.settings().width, context.ui.data_palette());
    match args.format() {
        ExplainFormat::Json => context.ui.json(&document(&found)?),
        ExplainFormat::Text if everything => {
            context.ui.data(list(&found));
            context.ui.hint("`relay explain CODE` says what one of them means and what to do");
        }
        ExplainFormat::Text if found.len() > IN_FULL_MAX => {
            context.ui.data(format!("this can be one of {}:\n\n{}", plural(found.len(), "refusal"), list(&found)));
            context.ui.hint("the whole message tells which: paste it, or ask for one with `relay explain CODE`");
        }
        ExplainFormat::Text => {
            let texts: Vec<String> = found.iter().map(|explanation| paragraph(explanation, width, palette)).collect();
            context.ui.data(texts.join("\n"));
        }
    }
    Ok(Exit::Done)
}

/// Nothing fits: what can be done to find out more.
fn unknown() -> CliError {
    let error = CliError::user("relay knows no refusal that looks like this text")
        .hint("paste all of what npm, pnpm, yarn or bun has printed, or run `relay explain` for a list of all refusals")
        .code("relay::explain::unknown");
    RefusalCode::Unrecognised.explanation().fixes.iter().fold(error, |error, fix| error.hint(*fix))
}

/// What is piped in; nothing where stdin is a terminal.
fn from_stdin() -> Result<String, CliError> {
    if io::stdin().is_terminal() {
        return Ok(String::new());
    }
    let mut bytes = Vec::new();
    io::stdin().take(INPUT_BYTES_MAX).read_to_end(&mut bytes).map_err(|error| {
        CliError::of(ErrorKind::User, &error).context("stdin can't be read").code("relay::explain::stdin")
    })?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// One line for each refusal.
fn list(explanations: &[&Explanation]) -> String {
    let rows: Vec<Vec<String>> =
        explanations.iter().map(|one| vec![one.code.to_owned(), one.title.to_owned()]).collect();
    columns(&rows)
}

/// One refusal in full.
fn paragraph(explanation: &Explanation, width: usize, palette: &Palette) -> String {
    let (strong, dim) = (palette.strong, palette.dim);
    let part = |heading: &str, lines: &[&str]| {
        let lines: String = lines.iter().map(|line| wrapped(line, width, "    - ", "      ")).collect();
        if lines.is_empty() { String::new() } else { format!("\n  {dim}{heading}{dim:#}\n{lines}") }
    };
    format!(
        "{strong}{}{strong:#}: {}\n{}{}{}",
        explanation.code,
        explanation.title,
        part("what registries say", explanation.says),
        part("why it happens", explanation.causes),
        part("what to do", explanation.fixes)
    )
}

/// `relay.explain/1`.
fn document(explanations: &[&Explanation]) -> Result<String, CliError> {
    #[derive(Serialize)]
    struct Document<'a> {
        schema: &'static str,
        explanations: Vec<Entry<'a>>,
    }
    #[derive(Serialize)]
    struct Entry<'a> {
        code: &'a str,
        title: &'a str,
        says: &'a [&'a str],
        causes: &'a [&'a str],
        fixes: &'a [&'a str],
    }
    let entries = explanations.iter().map(|one| Entry {
        code: one.code,
        title: one.title,
        says: one.says,
        causes: one.causes,
        fixes: one.fixes,
    });
    json(&Document { schema: "relay.explain/1", explanations: entries.collect() })
}
