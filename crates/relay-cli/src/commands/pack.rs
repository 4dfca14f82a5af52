//! `relay pack`: scripts, tarballs, inspection, files; in this order, so that nothing is written when something is wrong.
//!
//! Packages are packed side by side, each straight into a temporary file in the target folder, so that memory holds only
//! the tarballs in flight. When all are made and none is stopped, the files get their names.

mod report;
mod scripts;
mod targets;

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;

use camino::{Utf8Path, Utf8PathBuf};
use rayon::prelude::*;
use relay_config::{Config, GateSettings, Level, NpmRules};
use relay_engine::conventions::conventions_of;
use relay_engine::freeze::{FreezeError, pack_one};
use relay_engine::left_out::LeftOut;
use relay_git::Repository;
use relay_pack::gate::{self, Finding};
use relay_pack::{Conventions, Tarball};
use relay_workspace::{PackageName, Workspace};
use tempfile::NamedTempFile;

use super::graph::warn_of_what_never_is_published;
use crate::cli::pack::PackArgs;
use crate::context::Context;
use crate::error::engine as explain;
use crate::error::{CliError, ErrorKind};
use crate::exit::Exit;
use crate::gate_findings::{self, Infos};
use crate::notices;
use crate::npm_choice;
use crate::session_setup;
use crate::ui::{Ui, columns, human_size, json, plural};
use crate::workspace::{EnclosingWorkspace, read_config};
use report::PackReport;
use scripts::Scripts;

/// How tarballs are made.
struct Manner<'a> {
    conventions: &'a Conventions,
    gate: &'a GateSettings,
    /// Where they are written to; `None`: nowhere.
    target: Option<&'a Utf8Path>,
}

/// A tarball that is made and has no name yet.
struct Packed {
    name: PackageName,
    report: PackReport,
    findings: Vec<Finding>,
    file: Option<NamedTempFile>,
}

/// Packs the current package, the workspace, or what `--filter` chooses.
pub(crate) fn run(context: &Context, args: &PackArgs) -> Result<Exit, CliError> {
    let around = EnclosingWorkspace::read(context)?;
    let config = read_config(&around.workspace.root)?;
    let targets = targets::choose(&around, &args.selection.filter)?;
    for (name, why) in &targets.skipped {
        context.ui.detail(format!("`{name}` is left out: {why}"));
    }
    let chosen = targets.names.iter().cloned().collect();
    warn_of_what_never_is_published(&context.ui, &around.graph, &chosen);
    refuse_incomplete(&around.workspace, &targets.names)?;
    let folder = args.out.as_ref().map_or_else(|| context.cwd.clone(), |out| context.resolve(out));
    let npm = session_setup::publish_settings(&around.workspace, &context.vault);
    if let Some(place) = npm.scripts_ignored_by.as_ref().filter(|_| !args.ignore_scripts) {
        notices::warn_of_ignored_scripts(&context.ui, &around.workspace, place);
    }
    let ignore_scripts = args.ignore_scripts || npm.scripts_ignored_by.is_some();
    let mut scripts = Scripts::new(&context.ui, &around.workspace, &config, ignore_scripts);
    let packed = scripts.run_before(&targets.names).and_then(|()| {
        // Scripts may have written manifests; what is packed is what is there now.
        let again = if scripts.have_run() { Some(Workspace::discover(&context.cwd)?) } else { None };
        let workspace = again.as_ref().unwrap_or(&around.workspace);
        let target = (!args.dry_run).then_some(folder.as_path());
        let conventions = conventions_of(workspace, &npm_choice::pack_choices(workspace, &config));
        let how = Manner { conventions: &conventions, gate: &config.gate, target };
        let packed = make_all(&context.ui, workspace, &targets.names, &how)?;
        refuse_equal_file_names(&packed)?;
        tell_findings(&context.ui, &packed)?;
        scripts.check_stop()?;
        write(packed, &folder)
    });
    // Scripts that tidy up run in any case: those before may have changed the working tree.
    let after = scripts.run_after();
    let reports = match (packed, after) {
        (Ok(reports), Ok(())) => reports,
        (Err(error), Ok(())) | (Ok(_), Err(error)) => return Err(error),
        (Err(error), Err(later)) => {
            context.ui.error(&later);
            return Err(error);
        }
    };
    let keyed = args.json && is_keyed(&around.workspace, &config);
    print(&context.ui, args, &reports, &folder, keyed)?;
    Ok(Exit::Done)
}

/// Stops where a sparse checkout leaves out files of what is to be packed. Without a repository that can be read nothing is
/// left out, and packing needs none.
fn refuse_incomplete(workspace: &Workspace, names: &[PackageName]) -> Result<(), CliError> {
    let Ok(repository) = Repository::discover(&workspace.root) else { return Ok(()) };
    let Some(prefix) = repository.relative(&workspace.root) else { return Ok(()) };
    let left_out = LeftOut::find(workspace, &repository, &prefix).map_err(explain::git)?;
    match left_out.incomplete.iter().find(|(package, _)| names.contains(package)) {
        Some((package, _)) => Err(explain::incomplete(package, &left_out)),
        None => Ok(()),
    }
}

/// Says whether `--json` is keyed by name, as npm 12 prints it. Where nothing pins an npm, the one on the PATH is followed.
fn is_keyed(workspace: &Workspace, config: &Config) -> bool {
    let conventions = conventions_of(workspace, &npm_choice::pack_choices(workspace, config));
    let npm = if conventions.pinned { Some(conventions.npm) } else { npm_choice::npm_on_path() };
    npm.unwrap_or(conventions.npm) == NpmRules::Npm12
}

/// Packs side by side; the result is in the order of the names. All packages that can't be packed are told.
fn make_all(ui: &Ui, workspace: &Workspace, names: &[PackageName], how: &Manner) -> Result<Vec<Packed>, CliError> {
    if let Some(folder) = how.target {
        fs::create_dir_all(folder).map_err(|error| unwritable(folder, &error))?;
    }
    let make_one =
        |name| make(workspace, name, how).map_err(|error| error.context(format!("`{name}` can't be packed")));
    let results: Vec<_> = names.par_iter().map(make_one).collect();
    let (packed, failed): (Vec<_>, Vec<_>) = results.into_iter().partition(Result::is_ok);
    refuse_unpackable(ui, failed.into_iter().filter_map(Result::err).collect(), "no tarball was written")?;
    Ok(packed.into_iter().filter_map(Result::ok).collect())
}

/// Stops where packages can't be packed, and tells all of them; `outcome` is what that means for the disk.
pub(crate) fn refuse_unpackable(ui: &Ui, mut errors: Vec<CliError>, outcome: &str) -> Result<(), CliError> {
    match errors.len() {
        0 => Ok(()),
        1 => Err(errors.remove(0)),
        count => {
            for error in &errors {
                ui.error(error);
            }
            Err(CliError::user(format!("{} can't be packed; {outcome}", plural(count, "package")))
                .code("relay::pack::several"))
        }
    }
}

fn make(workspace: &Workspace, name: &PackageName, how: &Manner) -> Result<Packed, CliError> {
    let package = workspace.package(name).ok_or_else(|| {
        CliError::user("its scripts have taken it out of the workspace").code("relay::pack::package_gone")
    })?;
    let tarball = pack_one(workspace, package, how.conventions, None).map_err(|error| match error {
        FreezeError::Pack { source, .. } => CliError::from(*source),
        FreezeError::Manifest(error) => CliError::from(*error),
        error => explain::freeze(error),
    })?;
    let findings = gate::inspect(&tarball, &how.gate.rules_for(name), None);
    let file = how.target.map(|folder| staged(&tarball, folder)).transpose()?;
    Ok(Packed { name: name.clone(), report: PackReport::of(&tarball), findings, file })
}

/// The tarball in a temporary file beside the place it will have.
fn staged(tarball: &Tarball, folder: &Utf8Path) -> Result<NamedTempFile, CliError> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".relay-pack-").suffix(".tmp");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // As for any new file; the umask takes its part away.
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    let mut file = builder.tempfile_in(folder).map_err(|error| unwritable(folder, &error))?;
    file.write_all(&tarball.bytes).map_err(|error| unwritable(folder, &error))?;
    Ok(file)
}

/// `@a/b-c` and `@a-b/c` of one version have the same file name in one folder.
fn refuse_equal_file_names(packed: &[Packed]) -> Result<(), CliError> {
    let mut seen: BTreeMap<&str, &PackageName> = BTreeMap::new();
    for one in packed {
        if let Some(other) = seen.insert(&one.report.filename, &one.name) {
            let (name, file) = (&one.name, &one.report.filename);
            return Err(CliError::user(format!("`{other}` and `{name}` would both be written to `{file}`"))
                .hint("pack them into different folders, with `--filter` and `--out`")
                .code("relay::pack::same_file_name"));
        }
    }
    Ok(())
}

/// All findings of all tarballs are told; if one of them is an error, nothing is written.
fn tell_findings(ui: &Ui, packed: &[Packed]) -> Result<(), CliError> {
    let found = packed.iter().map(|one| (one.name.clone(), one.findings.clone())).collect();
    gate_findings::tell(ui, &found, None, Infos::Told);
    gate_findings::tell_errors(ui, &found);
    let is_stopped = |one: &&Packed| one.findings.iter().any(|finding| finding.level == Level::Error);
    let stopped = packed.iter().filter(is_stopped).count();
    if stopped == 0 {
        return Ok(());
    }
    let error = CliError::user(format!("{} stopped by the gate; no tarball was written", plural(stopped, "package")))
        .code("relay::pack::gate");
    Err(gate_findings::way_past_errors(&found).into_iter().fold(error, CliError::hint))
}

/// Gives all files their names.
fn write(packed: Vec<Packed>, folder: &Utf8Path) -> Result<Vec<PackReport>, CliError> {
    let mut reports = Vec::with_capacity(packed.len());
    for one in packed {
        if let Some(file) = one.file {
            let path = folder.join(&one.report.filename);
            file.persist(&path).map_err(|error| unwritable(folder, &error.error))?;
        }
        reports.push(one.report);
    }
    Ok(reports)
}

fn print(ui: &Ui, args: &PackArgs, reports: &[PackReport], folder: &Utf8Path, keyed: bool) -> Result<(), CliError> {
    let rows: Vec<Vec<String>> = reports
        .iter()
        .map(|one| vec![one.id.clone(), human_size(one.size), plural(one.files.len(), "file"), one.filename.clone()])
        .collect();
    ui.status(columns(&rows).trim_end());
    let size = human_size(reports.iter().map(|one| one.size).sum());
    let tarballs = plural(reports.len(), "tarball");
    if args.dry_run {
        ui.status(format!("would pack {tarballs}, {size}"));
    } else {
        ui.status(format!("packed {tarballs}, {size}, into `{folder}`"));
    }
    if args.json && keyed {
        // npm 12 gives an object with one field a package, npm 11 a list.
        let named = reports.iter().map(|one| Ok((one.name.clone(), serde_json::to_value(one)?)));
        let named: serde_json::Map<_, _> = named
            .collect::<Result<_, serde_json::Error>>()
            .map_err(|error| CliError::of(ErrorKind::Internal, &error))?;
        ui.data(json(&named)?);
    } else if args.json {
        ui.data(json(&reports)?);
    } else {
        let paths: Vec<String> = reports.iter().map(|one| shown(args, &one.filename).into_string()).collect();
        ui.data(paths.join("\n"));
    }
    Ok(())
}

/// The path as a person would type it: within the folder that was asked for.
fn shown(args: &PackArgs, file: &str) -> Utf8PathBuf {
    args.out.as_deref().unwrap_or(Utf8Path::new("")).join(file)
}

fn unwritable(folder: &Utf8Path, error: &std::io::Error) -> CliError {
    CliError::of(ErrorKind::User, error)
        .context(format!("tarballs can't be written to `{folder}`"))
        .hint("`--out DIR` names another folder")
        .code("relay::pack::unwritable")
}
