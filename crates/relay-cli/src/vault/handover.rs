//! From a program to its next start in the same process: secrets go through a pipe, whose number is in the environment.
//!
//! The pipe's reading end has to outlive the start, so programs that relay starts later inherit it as well. By then it is
//! read to its end and nobody holds the writing end: there is nothing in it.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::os::fd::AsRawFd as _;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret as _, SecretString};

/// Says which process handed over and where: `PID:FD`. Scripts don't get it, as its name is that of a credential.
const VARIABLE: &str = "RELAY_CREDENTIALS_PIPE";

/// The most that is handed over: what a pipe takes on Linux without anyone reading it.
const HANDOVER_BYTES_MAX: usize = 64 * 1024;

/// Replaces the running program by itself, with these arguments and without these variables. Comes back only with the
/// reason why it could not; nothing has changed then.
pub(super) fn start_anew(
    arguments: &[OsString],
    removed: &[String],
    secrets: &BTreeMap<String, SecretString>,
) -> io::Error {
    match prepare(arguments, removed, secrets) {
        Ok((mut command, _reader)) => command.exec(),
        Err(error) => error,
    }
}

fn prepare(
    arguments: &[OsString],
    removed: &[String],
    secrets: &BTreeMap<String, SecretString>,
) -> io::Result<(Command, io::PipeReader)> {
    let mut text = Zeroizing::new(Vec::with_capacity(HANDOVER_BYTES_MAX));
    for (name, value) in secrets {
        for part in [name, "\0", value.expose_secret(), "\0"] {
            text.extend_from_slice(part.as_bytes());
        }
    }
    if text.len() > HANDOVER_BYTES_MAX {
        return Err(io::Error::other("there is more to hand over than a pipe takes"));
    }
    let (reader, mut writer) = io::pipe()?;
    // Nobody reads yet, so that a write which doesn't fit has to fail instead of waiting.
    rustix::io::ioctl_fionbio(&writer, true)?;
    writer.write_all(&text)?;
    rustix::io::fcntl_setfd(&reader, rustix::io::FdFlags::empty())?;
    let number = reader.as_raw_fd();
    // What can't be opened here can't be opened after the start either, and the secrets would be lost.
    File::open(path_of(number))?;
    let mut command = Command::new(std::env::current_exe()?);
    let mut arguments = arguments.iter();
    if let Some(name) = arguments.next() {
        command.arg0(name);
    }
    command.args(arguments).env(VARIABLE, format!("{}:{number}", std::process::id()));
    for name in removed {
        command.env_remove(name);
    }
    Ok((command, reader))
}

/// What was handed over to this program; `None` when it was started by another process, as usual.
#[expect(clippy::disallowed_methods, reason = "a variable tells where the handed-over values are read")]
pub(super) fn receive() -> Option<BTreeMap<String, SecretString>> {
    let told = std::env::var(VARIABLE).ok()?;
    let (process, number) = told.split_once(':')?;
    // A program that relay starts inherits the variable, but it is another process.
    if process.parse() != Ok(std::process::id()) {
        return None;
    }
    let mut text = Zeroizing::new(Vec::with_capacity(HANDOVER_BYTES_MAX));
    let bytes_max = u64::try_from(HANDOVER_BYTES_MAX).unwrap_or(u64::MAX);
    File::open(path_of(number.parse().ok()?)).ok()?.take(bytes_max).read_to_end(&mut text).ok()?;
    Some(parse(&text))
}

fn parse(text: &[u8]) -> BTreeMap<String, SecretString> {
    // Neither a name nor a value can hold the byte that ends it.
    let Ok(text) = std::str::from_utf8(text) else { return BTreeMap::new() };
    let mut parts = text.split_terminator('\0');
    let mut secrets = BTreeMap::new();
    while let (Some(name), Some(value)) = (parts.next(), parts.next()) {
        secrets.insert(name.to_owned(), SecretString::from(value.to_owned()));
    }
    secrets
}

fn path_of(number: i32) -> String {
    format!("/dev/fd/{number}")
}
