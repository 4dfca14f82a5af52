//! `--log-file`: the events of a run as lines of JSON.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::sync::Mutex;

use camino::{Utf8Path, Utf8PathBuf};
use relay_engine::event::{Event, Subscriber};

use crate::error::CliError;

/// An open log file.
pub(crate) struct LogFile {
    path: Utf8PathBuf,
    file: Mutex<File>,
}

impl LogFile {
    /// Opens the file for appending, readable by the owner alone.
    #[expect(clippy::disallowed_methods, reason = "a log grows line by line")]
    pub(crate) fn create(path: &Utf8Path) -> Result<Self, CliError> {
        let mut options = OpenOptions::new();
        options.create(true).append(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(path).map_err(|error| {
            CliError::user(format!("the log file `{path}` can't be opened"))
                .cause(error.to_string())
                .hint("name a file that may be written, in a folder that exists")
                .code("relay::log_file::unusable")
        })?;
        Ok(Self { path: path.to_owned(), file: Mutex::new(file) })
    }
}

impl Subscriber for LogFile {
    fn event(&self, event: &Event) -> Result<(), String> {
        let line = event.to_line().map_err(|error| error.to_string())?;
        let mut file = self.file.lock().map_err(|_| format!("{}: a writer failed before", self.path))?;
        file.write_all(line.as_bytes()).map_err(|error| format!("{}: {error}", self.path))
    }
}
