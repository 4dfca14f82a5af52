//! Packs folders side by side into a folder: `pack-folders OUT FOLDER…`. For measuring and for comparing with npm.
#![expect(clippy::disallowed_methods, reason = "an example may be as short as it can")]

use std::process::ExitCode;

use camino::Utf8PathBuf;
use rayon::prelude::*;
use relay_pack::{PackRequest, pack};

#[expect(clippy::print_stderr, clippy::print_stdout, reason = "an example has no other way to speak")]
fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1).map(Utf8PathBuf::from);
    let Some(out) = arguments.next() else { return ExitCode::FAILURE };
    let folders: Vec<Utf8PathBuf> = arguments.collect();
    let failures = folders
        .par_iter()
        .filter(|folder| {
            let packed = pack(&PackRequest::of(folder));
            match packed {
                Ok(tarball) => {
                    let name = if std::env::var_os("BY_FOLDER").is_some() {
                        format!("{}.tgz", folder.file_name().unwrap_or_default())
                    } else {
                        tarball.file_name
                    };
                    std::fs::write(out.join(name), tarball.bytes).is_err()
                }
                Err(error) => {
                    eprintln!("{folder}: {error}");
                    true
                }
            }
        })
        .count();
    println!("{} packed, {failures} failed", folders.len() - failures);
    if failures == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
