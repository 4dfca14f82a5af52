//! The keyboard while lines move on the screen: what is typed meanwhile is not shown among them, and is gone when they end,
//! so that an Enter of impatience neither answers the next question nor reaches the shell. Ctrl-C and Ctrl-Z work as ever.
//!
//! The terminal's modes belong to the whole process, so this is kept for the whole process too, and is put back by whoever
//! ends it in whatever way ([`restore`]).

use std::io::{self, Write};

#[cfg(not(unix))]
pub(crate) use self::elsewhere::{again, forget_typed, give_back, restore};
#[cfg(unix)]
pub(crate) use self::unix::{again, forget_typed, give_back, restore};

/// As long as this lives, the keyboard is hushed.
pub(crate) struct Hush(());

impl Hush {
    /// Begins; nothing happens where stderr is no terminal, or this process is not the one in its foreground.
    pub(crate) fn begin() -> Self {
        #[cfg(unix)]
        unix::hush();
        Self(())
    }
}

impl Drop for Hush {
    fn drop(&mut self) {
        restore();
    }
}

/// Puts the terminal back when it is dropped, whatever has become of the [`Hush`]: a run that breaks may lose that.
pub(crate) struct RestoreAtEnd;

impl Drop for RestoreAtEnd {
    fn drop(&mut self) {
        restore();
    }
}

/// Puts the terminal back for a process that ends in the middle of a line of the live display.
pub(crate) fn restore_and_break_line() {
    if restore() {
        // Nobody can be told that the terminal is gone.
        let _ = io::stderr().write_all(b"\r\n");
    }
}

#[cfg(unix)]
mod unix {
    use std::io;
    use std::os::fd::AsFd;
    use std::sync::{Mutex, MutexGuard, PoisonError};

    use rustix::process::getpgrp;
    use rustix::termios::{LocalModes, OptionalActions, QueueSelector, Termios};
    use rustix::termios::{tcflush, tcgetattr, tcgetpgrp, tcsetattr};

    /// The modes from before, while the keyboard is hushed.
    static BEFORE: Mutex<Option<Termios>> = Mutex::new(None);

    pub(super) fn hush() {
        let mut before = kept();
        if before.is_none() {
            *before = hush_terminal(io::stderr());
        }
    }

    /// Hushes anew, after the process was stopped and another one may have set the terminal.
    pub(crate) fn again() {
        if kept().is_some() {
            let _its_modes = hush_terminal(io::stderr());
        }
    }

    /// Gives the terminal back for a while, before the process is stopped.
    pub(crate) fn give_back() {
        if let Some(before) = kept().as_ref() {
            restore_terminal(io::stderr(), before);
        }
    }

    /// Throws away what was typed while the keyboard is hushed, before a question is asked.
    pub(crate) fn forget_typed() {
        if kept().is_some() {
            // A terminal that has gone has no keys either.
            let _ = tcflush(io::stderr(), QueueSelector::IFlush);
        }
    }

    /// Ends the hush, if there is one, and throws away what was typed; says whether there was one.
    pub(crate) fn restore() -> bool {
        let before = kept().take();
        if let Some(before) = &before {
            restore_terminal(io::stderr(), before);
        }
        before.is_some()
    }

    /// Switches the echo off; gives the modes from before.
    fn hush_terminal(terminal: impl AsFd) -> Option<Termios> {
        let before = tcgetattr(&terminal).ok().filter(|_| in_foreground(&terminal))?;
        let mut hushed = before.clone();
        hushed.local_modes.remove(LocalModes::ECHO | LocalModes::ECHONL);
        tcsetattr(&terminal, OptionalActions::Now, &hushed).ok()?;
        Some(before)
    }

    fn restore_terminal(terminal: impl AsFd, before: &Termios) {
        if in_foreground(&terminal) {
            // A terminal that has gone needs nothing put back.
            let _ = tcflush(&terminal, QueueSelector::IFlush);
            let _ = tcsetattr(&terminal, OptionalActions::Flush, before);
        }
    }

    /// A process in the background that sets the terminal is stopped. One that controls no terminal is nowhere's background.
    fn in_foreground(terminal: impl AsFd) -> bool {
        tcgetpgrp(terminal).map_or(true, |foreground| foreground == getpgrp())
    }

    fn kept() -> MutexGuard<'static, Option<Termios>> {
        BEFORE.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(test)]
    mod tests {
        use std::fs::{File, OpenOptions};
        use std::io::Write;
        use std::os::fd::OwnedFd;

        use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

        use super::*;

        /// A terminal of its own: the side of the person, and the side of the program.
        fn terminal() -> (File, OwnedFd) {
            let person = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
            grantpt(&person).unwrap();
            unlockpt(&person).unwrap();
            let path = ptsname(&person, Vec::new()).unwrap().into_string().unwrap();
            let program = OpenOptions::new().read(true).write(true).open(path).unwrap();
            (person.into(), program.into())
        }

        #[test]
        fn what_is_typed_is_not_shown_and_modes_come_back_as_they_were() {
            let (mut person, program) = terminal();
            let modes = tcgetattr(&program).unwrap().local_modes;
            assert!(modes.contains(LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG));
            let before = hush_terminal(&program).unwrap();
            let hushed = tcgetattr(&program).unwrap().local_modes;
            assert!(!hushed.contains(LocalModes::ECHO), "nothing is shown");
            assert!(hushed.contains(LocalModes::ISIG), "Ctrl-C works");
            person.write_all(b"impatience\n").unwrap();
            restore_terminal(&program, &before);
            assert_eq!(tcgetattr(&program).unwrap().local_modes, modes);
            rustix::io::ioctl_fionbio(&program, true).unwrap();
            let read = rustix::io::read(&program, &mut [0_u8; 16]);
            assert_eq!(read, Err(rustix::io::Errno::AGAIN), "nothing is left to be read");
        }

        #[test]
        fn what_is_no_terminal_stays_as_it_is() {
            let (reader, _writer) = io::pipe().unwrap();
            assert!(hush_terminal(&reader).is_none());
        }
    }
}

#[cfg(not(unix))]
mod elsewhere {
    pub(crate) fn again() {}
    pub(crate) fn forget_typed() {}
    pub(crate) fn give_back() {}
    pub(crate) fn restore() -> bool {
        false
    }
}
